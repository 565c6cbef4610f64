"""The imagined cables: what they do to datagrams, and how often."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from random import Random

import pytest

from wireboot.endpoint import Datagram, SocketAddress, Unreachable
from wireboot.sim.clock import Clock
from wireboot.sim.network import Network, NetworkFaults, Station
from wireboot.wire.addresses import LIMITED_BROADCAST

SERVER, CLIENT, NOBODY = IPv4Address("10.77.0.1"), IPv4Address("10.77.0.100"), IPv4Address("10.77.0.200")
GROUP = IPv4Address("239.255.77.1")


class Card:
    """Keeps what arrives, and listens on every port but the discard port."""

    def __init__(self) -> None:
        self.heard: list[Datagram] = []
        self.told: list[tuple[SocketAddress, Unreachable]] = []
        self.groups: set[IPv4Address] = set()

    @property
    def payloads(self) -> list[bytes]:
        return [each.payload for each in self.heard]

    def receive(self, datagram: Datagram) -> bool:
        self.heard.append(datagram)
        return datagram.local.port != 9

    def hears(self, datagram: Datagram) -> bool:
        host = datagram.local.host
        return not host.is_multicast or host in self.groups

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None:
        self.told.append((peer, reason))


class Lan:
    """A server and two clients, of which the second has no address yet."""

    def __init__(self, faults: NetworkFaults | None = None) -> None:
        self.clock = Clock()
        self.network = Network(self.clock, Random(1), faults or NetworkFaults(), ())
        self.server, self.client, self.newcomer = Card(), Card(), Card()
        self.at_server = Station("server", "eth0", b"\x02\0\0\0\0\x01", self.server)
        self.at_client = Station("client", "eth0", b"\x02\0\0\0\0\x02", self.client)
        self.at_newcomer = Station("newcomer", "eth0", b"\x02\0\0\0\0\x03", self.newcomer)
        self.network.attach(self.at_server, IPv4Interface(f"{SERVER}/24"))
        self.network.attach(self.at_client, IPv4Interface(f"{CLIENT}/24"))
        self.network.attach(self.at_newcomer)

    def send(
        self, to: IPv4Address, payload: bytes = b"x", *, port: int = 68, link_address: bytes | None = None,
        segment_size: int | None = None,
    ) -> None:  # fmt: skip
        peer, local = SocketAddress(to, port), SocketAddress(SERVER, 67)
        datagram = Datagram(payload, peer, local, "eth0", link_address=link_address, segment_size=segment_size)
        self.network.send(self.at_server, datagram)

    def run(self) -> None:
        for _ in range(10_000):
            if self.clock.next_at() is None:
                return
            self.clock.step()
        raise AssertionError("there is no end to it")


def test_a_datagram_comes_to_the_address_it_names_and_nowhere_else() -> None:
    """RFC 768, RFC 826."""
    lan = Lan()
    lan.send(CLIENT)
    lan.run()

    (heard,) = lan.client.heard
    assert (heard.peer, heard.local) == (SocketAddress(SERVER, 67), SocketAddress(CLIENT, 68))
    assert not heard.to_group
    assert not lan.newcomer.heard


def test_a_broadcast_comes_to_everybody_else() -> None:
    """RFC 919 §7."""
    lan = Lan()
    for to in (LIMITED_BROADCAST, IPv4Address("10.77.0.255")):
        lan.send(to)
    lan.run()

    assert (len(lan.client.heard), len(lan.newcomer.heard), len(lan.server.heard)) == (2, 2, 0)
    assert [each.local.host for each in lan.client.heard] == [CLIENT, CLIENT]
    assert lan.client.heard[0].to_group


def test_a_multicast_comes_to_those_who_joined() -> None:
    """RFC 1112 §7.2."""
    lan = Lan()
    lan.newcomer.groups.add(GROUP)
    lan.send(GROUP)
    lan.run()

    assert (len(lan.client.heard), len(lan.newcomer.heard)) == (0, 1)


def test_a_frame_reaches_a_client_without_an_address() -> None:
    """RFC 2131 §4.1."""
    lan = Lan()
    lan.send(NOBODY, link_address=lan.at_newcomer.link_address)
    lan.run()

    assert [each.local.host for each in lan.newcomer.heard] == [NOBODY]


def test_an_address_that_nobody_has_is_unreachable_after_a_while() -> None:
    """RFC 1122 §2.3.2.2."""
    lan = Lan()
    lan.send(NOBODY)
    lan.run()

    assert lan.server.told == [(SocketAddress(NOBODY, 68), Unreachable.NO_ARP_ANSWER)]
    assert lan.clock.elapsed_s == pytest.approx(4.0)


def test_a_closed_port_is_told() -> None:
    """RFC 792: destination unreachable, port unreachable."""
    lan = Lan()
    lan.send(CLIENT, port=9)
    lan.run()

    assert lan.server.told == [(SocketAddress(CLIENT, 9), Unreachable.PORT_CLOSED)]


def test_who_has_an_address_answers_for_it_and_the_asker_does_not_hear_itself() -> None:
    """RFC 5227 §2.1.1."""
    lan = Lan()
    answers: list[bytes] = []
    for address in (CLIENT, SERVER, NOBODY):
        lan.network.who_has(lan.at_server, address, answers.append)
    lan.run()

    assert answers == [lan.at_client.link_address]


def test_an_address_given_up_is_nobodys() -> None:
    lan = Lan()
    lan.network.give_up_address(lan.at_client)

    assert lan.network.owner(CLIENT) is None


def test_a_train_arrives_as_the_datagrams_it_stands_for() -> None:
    """`Datagram.segment_size`: the last may be shorter."""
    lan = Lan()
    lan.send(CLIENT, b"aabbc", segment_size=2)
    lan.run()

    assert lan.client.payloads == [b"aa", b"bb", b"c"]


def test_what_is_not_told_to_fall_behind_arrives_in_order() -> None:
    lan = Lan()
    sent = [bytes([number]) for number in range(100)]
    for payload in sent:
        lan.send(CLIENT, payload)
    lan.run()

    assert lan.client.payloads == sent


def test_datagrams_that_fall_behind_arrive_out_of_order_and_in_time() -> None:
    lan = Lan(NetworkFaults(reordering=0.5, delay_s=(0.001, 0.5)))
    sent = [bytes([number]) for number in range(100)]
    for payload in sent:
        lan.send(CLIENT, payload)
    lan.run()

    assert lan.client.payloads != sent
    assert sorted(lan.client.payloads) == sent
    assert lan.clock.elapsed_s <= 0.5


def test_as_much_is_lost_and_repeated_as_was_asked_for() -> None:
    lan = Lan(NetworkFaults(loss=0.2, duplication=0.1))
    for _ in range(2000):
        lan.send(CLIENT)
    lan.run()

    traffic = lan.network.traffic
    assert traffic.lost / traffic.sent == pytest.approx(0.2, abs=0.03)
    assert traffic.duplicated / 2000 == pytest.approx(0.1, abs=0.03)
    assert traffic.delivered == traffic.sent - traffic.lost == len(lan.client.heard)


def test_nothing_passes_a_pulled_cable_until_it_is_put_back() -> None:
    lan = Lan()
    lan.network.cut_off(lan.at_client, for_s=1.0)
    lan.send(CLIENT, b"while it is out")
    lan.run()
    lan.send(CLIENT, b"afterwards")
    lan.run()

    assert lan.client.payloads == [b"afterwards"]
