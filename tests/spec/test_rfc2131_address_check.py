"""RFC 2131 §2.2 and RFC 792: addresses beyond a router are asked for by echo, those on a link by ARP, ahead of need."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dhcp import (
    ETH0,
    ETH1,
    INTERFACES,
    MAC,
    NOBODY,
    NOW,
    OTHER_MAC,
    RELAY,
    SERVER,
    Conversation,
    a_subnet,
    from_client,
    ip,
    no_boot_information,
    on_unicast,
)
from wireboot.endpoint import Datagram, Event, Interface, SocketAddress
from wireboot.leases.allocator import Allocator
from wireboot.leases.candidates import CANDIDATES, CHECK_LASTS_S
from wireboot.leases.lease import LeaseState
from wireboot.leases.subnet import Subnet
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.prober import AddressInUse, AddressProber
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import REQUESTED_ADDRESS, SERVER_IDENTIFIER, MessageType
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.echo.prober import (
    ANSWER_WITHIN_S,
    IN_QUESTION_MAX,
    SUBNETS_PER_LOOK,
    TRIES,
    AddressesNotChecked,
    EchoProber,
)
from wireboot.wire import icmp, ipv4
from wireboot.wire.icmp import IcmpMessage

FAR = "10.77.1"
"""Behind the relay."""
FAR_FIRST = ip(100, FAR)
FAR_CANDIDATES = [ip(100 + number, FAR) for number in range(CANDIDATES)]
IDENTIFIER, DATA = 0x4242, b"unguessd"
HERE = SocketAddress(NOBODY, 0)
SETTLED_S = TRIES * ANSWER_WITHIN_S

# fmt: off
FIRST_ECHO = bytes.fromhex(
    "08 00 0001"                 # echo, its checksum
    "4242 0001"                  # identifier, sequence number
    "756e677565737364"           # data
)
# fmt: on


class Beyond:
    """A prober of networks behind routers, beside the DHCP server whose addresses it asks about."""

    def __init__(self, *subnets: Subnet, interfaces: Mapping[str, Interface] = INTERFACES) -> None:
        self.allocator = Allocator(subnets or (a_subnet(network=FAR),), never=(SERVER,))
        self.prober = EchoProber(self.allocator, interfaces, identifier=IDENTIFIER, data=DATA)
        self.dhcp = Conversation(Dhcp4Server(self.allocator, interfaces, no_boot_information))
        self.echoes: dict[IPv4Address, IcmpMessage] = {}
        """The last one to each address."""

    def wait(self, seconds: float) -> list[IPv4Address]:
        """Let time pass; the addresses asked about meanwhile."""
        end = self.dhcp.now + seconds
        asked: list[IPv4Address] = []
        while (at := self.prober.next_timeout()) is not None and at <= end:
            self.dhcp.now = max(self.dhcp.now, at)
            self.prober.handle_timeout(self.dhcp.now)
            for echo in self.prober.datagrams_to_send():
                assert isinstance(echo.peer.host, IPv4Address)
                self.echoes[echo.peer.host] = icmp.decode(echo.payload)
                asked.append(echo.peer.host)
        self.dhcp.now = end
        return asked

    def hear(self, message: IcmpMessage | bytes, source: IPv4Address) -> list[Event]:
        """What the prober has to tell of it."""
        payload = message if isinstance(message, bytes) else icmp.encode(message)
        self.prober.receive_datagram(Datagram(payload, SocketAddress(source, 0), HERE, ""), self.dhcp.now)
        return self.told()

    def told(self) -> list[Event]:
        events: list[Event] = []
        while (event := self.prober.next_event()) is not None:
            events.append(event)
        return events

    def reply(self, address: IPv4Address) -> IcmpMessage:
        return replace(self.echoes[address], kind=icmp.ECHO_REPLY)

    def answer(self, address: IPv4Address) -> list[Event]:
        return self.hear(self.reply(address), address)

    def refuse_to_send(self, problem: OSError) -> list[Event]:
        """A look, with a system that lets none of its echoes out."""
        self.prober.handle_timeout(self.dhcp.now)
        for echo in self.prober.datagrams_to_send():
            self.prober.not_sent(echo, problem)
        return self.told()

    def offer(self, mac: bytes = MAC) -> IPv4Address:
        """What a client behind the relay is offered."""
        message = from_client(MessageType.DISCOVER, mac=mac, giaddr=RELAY)
        return self.dhcp.ask(message, on_unicast(RELAY, 67)).yiaddr

    def request(self, address: IPv4Address) -> Message:
        message = from_client(MessageType.REQUEST, giaddr=RELAY)
        message = message.with_option(REQUESTED_ADDRESS, address).with_option(SERVER_IDENTIFIER, SERVER)
        return self.dhcp.ask(message, on_unicast(RELAY, 67))


def unreachable(echo: IcmpMessage, destination: IPv4Address, code: int = 1) -> IcmpMessage:
    """A router's error message for the echo: the IP header and the 8 bytes that RFC 792 asks for."""
    packet = ipv4.encode(ipv4.Ipv4Packet(SERVER, destination, ipv4.ICMP, icmp.encode(echo)))
    return IcmpMessage(icmp.DESTINATION_UNREACHABLE, code, bytes(4), packet[: ipv4.HEADER_SIZE + 8])


# Asking


def test_candidates_behind_a_relay_are_asked_by_echo_ahead_of_need() -> None:
    """RFC 2131 §2.2: for example with an ICMP echo request."""
    assert Beyond().wait(0) == FAR_CANDIDATES


def test_an_echo_byte_by_byte() -> None:
    """RFC 792, echo: type 8, code 0, checksum, identifier, sequence number, data."""
    beyond = Beyond()
    beyond.prober.handle_timeout(NOW)
    first, second, *_ = beyond.prober.datagrams_to_send()

    assert first.payload == FIRST_ECHO
    assert second.payload[4:8] == bytes.fromhex("42420002")
    assert (first.peer.host, second.peer.host) == (FAR_CANDIDATES[0], FAR_CANDIDATES[1])


def test_what_arp_reaches_is_not_asked_by_echo() -> None:
    """Ours: a host on the link may keep silent to an echo, but not to ARP."""
    assert Beyond(a_subnet(), a_subnet(network="10.78.0")).wait(SETTLED_S) == []


def test_silence_is_broken_once_more_and_then_believed_for_a_while() -> None:
    """RFC 2131 §2.2, and ours: the first echo may be lost while a router looks for the host."""
    beyond = Beyond()
    assert beyond.wait(0) == FAR_CANDIDATES
    assert beyond.wait(ANSWER_WITHIN_S * 0.9) == []
    assert beyond.wait(ANSWER_WITHIN_S * 0.1) == FAR_CANDIDATES
    assert beyond.wait(CHECK_LASTS_S / 2) == []
    assert beyond.wait(CHECK_LASTS_S / 4)[:CANDIDATES] == FAR_CANDIDATES


def test_an_address_silent_to_echoes_is_offered_before_one_not_asked_about() -> None:
    """RFC 2131 §2.2: an address is looked at before it is given away."""
    beyond = Beyond(a_subnet(100, 108, network=FAR))
    beyond.wait(SETTLED_S)
    assert beyond.offer() == ip(100, FAR)  # 108 comes up, unasked
    assert beyond.offer(OTHER_MAC) == ip(101, FAR)


def test_no_client_waits_for_an_answer() -> None:
    """RFC 2131 §2.2, and ours: there is an offer before anybody has been asked, and while answers are due."""
    beyond = Beyond()
    assert beyond.offer() == FAR_FIRST
    assert FAR_FIRST not in beyond.wait(0)
    assert beyond.offer(OTHER_MAC) == ip(101, FAR)


# Answers


def test_an_address_from_which_an_echo_comes_back_is_out_of_use() -> None:
    """RFC 2131 §2.2: who answers has it."""
    beyond = Beyond(a_subnet(100, 101, network=FAR))
    beyond.wait(0)

    (event,) = beyond.answer(FAR_FIRST)

    assert isinstance(event, AddressInUse)
    assert event.durable
    assert event.holder_link_address is None
    assert (event.lease.address, event.lease.state) == (FAR_FIRST, LeaseState.DECLINED)
    assert beyond.offer() == ip(101, FAR)


def test_an_answer_to_the_first_echo_counts_while_the_second_is_under_way() -> None:
    """RFC 792: the reply has the identifier and the sequence number of its request, and that is the same."""
    beyond = Beyond()
    beyond.wait(0)
    late = beyond.reply(FAR_FIRST)
    beyond.wait(ANSWER_WITHIN_S)
    assert beyond.hear(late, FAR_FIRST)


def test_an_echo_that_comes_back_after_the_offer_leads_to_a_nak() -> None:
    """RFC 2131 §3.1 step 4: the server cannot keep its offer any more."""
    beyond = Beyond()
    beyond.wait(0)
    assert beyond.offer() == FAR_FIRST
    beyond.answer(FAR_FIRST)

    assert beyond.request(FAR_FIRST).message_type is MessageType.NAK
    assert beyond.offer() != FAR_FIRST


def test_a_client_that_gives_an_echo_back_keeps_its_lease() -> None:
    """Ours: it took the address before the answer to our echo was due, and rightly answers itself."""
    beyond = Beyond()
    beyond.wait(0)
    assert beyond.request(beyond.offer()).message_type is MessageType.ACK

    assert beyond.answer(FAR_FIRST) == []
    assert beyond.request(FAR_FIRST).message_type is MessageType.ACK


@pytest.mark.parametrize(
    "change",
    [
        {"rest_of_header": bytes.fromhex("42430001")},
        {"rest_of_header": bytes.fromhex("42420002")},
        {"body": b"guesswrk"},
        {"body": b""},
        {"code": 1},
        {"kind": icmp.ECHO},
    ],
    ids=str,
)
def test_a_reply_that_is_not_the_echo_given_back_is_a_strangers(change: Mapping[str, int | bytes]) -> None:
    """RFC 792: identifier, sequence number and data come back as they were sent."""
    beyond = Beyond()
    beyond.wait(0)
    assert beyond.hear(replace(beyond.reply(FAR_FIRST), **change), FAR_FIRST) == []  # type: ignore[arg-type]
    assert beyond.answer(FAR_FIRST)


def test_a_reply_from_another_address_is_a_strangers() -> None:
    """RFC 792: source and destination are reversed in a reply."""
    beyond = Beyond()
    beyond.wait(0)
    assert beyond.hear(beyond.reply(FAR_FIRST), ip(101, FAR)) == []
    assert beyond.hear(beyond.reply(FAR_FIRST), ip(66, FAR)) == []


def test_a_reply_that_nobody_waits_for_changes_nothing() -> None:
    """Ours: or any host could empty the pool by talking."""
    beyond = Beyond()
    beyond.wait(0)
    beyond.wait(SETTLED_S)
    assert beyond.answer(FAR_FIRST) == []
    assert beyond.offer() == FAR_FIRST


@given(st.binary(max_size=80))
def test_whatever_arrives_raises_nothing(payload: bytes) -> None:
    """Ours: nothing a stranger sends stops the server, with a right checksum either."""
    beyond = Beyond()
    beyond.wait(0)
    error = IcmpMessage(icmp.DESTINATION_UNREACHABLE, 1, bytes(4), payload)
    assert beyond.hear(payload, FAR_FIRST) + beyond.hear(error, FAR_FIRST) == []


# Errors


@pytest.mark.parametrize("code", [0, 1, 13])
def test_an_address_that_a_router_cannot_reach_is_free(code: int) -> None:
    """RFC 792, destination unreachable: nobody is asked again, and nobody is waited for."""
    beyond = Beyond(a_subnet(100, 101, network=FAR))
    beyond.wait(0)

    assert beyond.hear(unreachable(beyond.echoes[FAR_FIRST], FAR_FIRST, code), RELAY) == []

    assert beyond.wait(SETTLED_S) == [ip(101, FAR)]
    assert beyond.offer() == FAR_FIRST


def test_a_host_that_refuses_an_echo_is_a_host() -> None:
    """RFC 792: a destination unreachable that comes from the destination itself, as from many a firewall."""
    beyond = Beyond()
    beyond.wait(0)
    (event,) = beyond.hear(unreachable(beyond.echoes[FAR_FIRST], FAR_FIRST, icmp.PORT_UNREACHABLE), FAR_FIRST)
    assert isinstance(event, AddressInUse)


def test_an_error_that_is_about_something_else_changes_nothing() -> None:
    """RFC 792: the message quotes what it is about."""
    beyond = Beyond()
    beyond.wait(0)
    echo = beyond.echoes[FAR_FIRST]
    other_sequence = replace(echo, rest_of_header=bytes.fromhex("4242ffff"))
    no_echo = replace(echo, kind=13)
    udp = unreachable(echo, FAR_FIRST)
    udp = replace(udp, body=udp.body[:9] + b"\x11" + udp.body[10:])

    for error in (unreachable(other_sequence, FAR_FIRST), unreachable(no_echo, FAR_FIRST), udp):
        assert beyond.hear(error, FAR_FIRST) == []
    assert beyond.hear(unreachable(echo, ip(101, FAR)), ip(101, FAR)) == []
    assert beyond.wait(ANSWER_WITHIN_S) == FAR_CANDIDATES


# No way there


def test_that_there_is_no_route_is_told_once() -> None:
    """Ours: what is true all day is said once, and no address is kept back for it."""
    beyond = Beyond()
    no_route = OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    (event,) = beyond.refuse_to_send(no_route)
    assert isinstance(event, AddressesNotChecked)
    assert (event.network, event.reason) == (IPv4Network(f"{FAR}.0/24"), "Network is unreachable")
    assert beyond.offer() == FAR_FIRST

    beyond.dhcp.now += CHECK_LASTS_S
    assert beyond.refuse_to_send(no_route) == []


def test_that_the_route_is_gone_again_is_told_again() -> None:
    """Ours: what has changed is news."""
    beyond = Beyond()
    no_route = OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    beyond.refuse_to_send(no_route)
    beyond.wait(CHECK_LASTS_S)
    beyond.dhcp.now += CHECK_LASTS_S
    beyond.wait(0)
    beyond.wait(SETTLED_S)
    beyond.dhcp.now += CHECK_LASTS_S

    assert len(beyond.refuse_to_send(no_route)) == 1


# Many subnets


def many(count: int) -> list[Subnet]:
    return [a_subnet(network=f"10.{100 + number // 256}.{number % 256}") for number in range(count)]


def test_no_more_echoes_leave_in_a_second_than_allowed() -> None:
    """Ours: however many subnets there are, the network hears little of it."""
    beyond = Beyond(*many(IN_QUESTION_MAX))
    seconds = [len(beyond.wait(0)), *(len(beyond.wait(ANSWER_WITHIN_S)) for _ in range(20))]
    assert max(seconds) == IN_QUESTION_MAX


def test_every_subnet_gets_its_turn() -> None:
    """Ours: the last one's addresses are looked at as well."""
    subnets = many(2 * SUBNETS_PER_LOOK)
    beyond = Beyond(*subnets)
    asked = beyond.wait(len(subnets) * CANDIDATES * TRIES / IN_QUESTION_MAX * ANSWER_WITHIN_S)
    assert {IPv4Network(f"{each}/24", strict=False) for each in asked} == {subnet.network for subnet in subnets}


def test_a_subnet_whose_addresses_are_all_taken_holds_up_no_other() -> None:
    """Ours: each answer brings up another candidate, which waits for the next look."""
    beyond = Beyond(a_subnet(1, 254, network=FAR), a_subnet(network="10.77.2"))
    for address in (asked := beyond.wait(0)):
        if address in IPv4Network(f"{FAR}.0/24"):
            beyond.answer(address)
    assert {str(address).rpartition(".")[0] for address in asked} == {FAR, "10.77.2"}
    assert set(beyond.wait(ANSWER_WITHIN_S)) == {ip(9 + number, FAR) for number in range(CANDIDATES)} | {
        ip(100 + number, "10.77.2") for number in range(CANDIDATES)
    }


def test_a_subnet_may_vanish_while_an_echo_is_awaited() -> None:
    """Ours: the configuration may change at any time."""
    beyond = Beyond()
    beyond.wait(0)
    beyond.allocator.use_subnets([a_subnet(network="10.77.2")])
    assert beyond.answer(FAR_FIRST) == []
    assert ip(100, "10.77.2") in beyond.wait(SETTLED_S)


def test_without_subnets_nobody_is_asked() -> None:
    """Ours: a server in proxy mode lends nothing."""
    beyond = Beyond()
    beyond.allocator.use_subnets([])
    assert beyond.wait(SETTLED_S) == []


# On links, by ARP


def on_links(*subnets: Subnet, interfaces: Mapping[str, Interface] = INTERFACES) -> AddressProber:
    return AddressProber(Allocator(subnets), interfaces)


def asked_by_arp(prober: AddressProber) -> set[tuple[str, str]]:
    """The interfaces, and the networks that are asked about there."""
    prober.handle_timeout(NOW)
    sent = [(each.interface, arp.decode(each.payload).target_address) for each in prober.datagrams_to_send()]
    assert len(set(sent)) == len(sent)
    return {(interface, str(address).rpartition(".")[0]) for interface, address in sent}


def test_both_subnets_of_an_interface_with_two_addresses_are_asked_by_arp() -> None:
    """RFC 2131 §2.2: whatever may be offered is looked at."""
    both = replace(ETH0, addresses=(*ETH0.addresses, IPv4Interface("10.79.0.1/24")))
    subnets = (a_subnet(), a_subnet(network="10.79.0"))
    assert asked_by_arp(on_links(*subnets, interfaces={"eth0": both})) == {("eth0", "10.77.0"), ("eth0", "10.79.0")}
    assert Beyond(*subnets, interfaces={"eth0": both}).wait(SETTLED_S) == []


def test_both_subnets_of_a_shared_network_are_asked_by_arp() -> None:
    """RFC 2131 §2.2, §4.3.1: the second one's hosts are on the link, though the server has no address among them."""
    subnets = tuple(replace(a_subnet(network=each), shared_network="hall") for each in ("10.77.0", "10.79.0"))
    assert asked_by_arp(on_links(*subnets)) == {("eth0", "10.77.0"), ("eth0", "10.79.0")}
    assert Beyond(*subnets).wait(SETTLED_S) == []


def test_each_of_several_interfaces_asks_for_its_own_subnets_addresses() -> None:
    """RFC 2131 §2.2: an ARP request stays on its link."""
    prober = on_links(a_subnet(), a_subnet(network="10.78.0"), a_subnet(network=FAR))
    assert asked_by_arp(prober) == {("eth0", "10.77.0"), ("eth1", "10.78.0")}


def test_a_subnet_on_two_interfaces_is_asked_about_on_both() -> None:
    """RFC 2131 §2.2: a host may be on either cable."""
    second = replace(ETH1, addresses=(IPv4Interface("10.77.0.2/24"),))
    prober = on_links(a_subnet(), interfaces={"eth0": ETH0, "eth1": second})
    assert asked_by_arp(prober) == {("eth0", "10.77.0"), ("eth1", "10.77.0")}

    answer = arp.ArpPacket(arp.REPLY, OTHER_MAC, ip(100), ETH1.link_address, NOBODY)
    prober.receive_datagram(Datagram(arp.encode(answer), HERE, HERE, "eth1"), NOW)

    event = prober.next_event()
    assert isinstance(event, AddressInUse)
    assert event.lease.address == ip(100)


def test_an_answer_on_another_interface_is_another_networks() -> None:
    """RFC 826: ARP is a link's own; another link may number its hosts alike."""
    prober = on_links(a_subnet(), a_subnet(network="10.78.0"))
    asked_by_arp(prober)
    answer = arp.ArpPacket(arp.REPLY, OTHER_MAC, ip(100), ETH1.link_address, NOBODY)
    prober.receive_datagram(Datagram(arp.encode(answer), HERE, HERE, "eth1"), NOW)
    assert prober.next_event() is None
