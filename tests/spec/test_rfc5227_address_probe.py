"""RFC 826 and RFC 5227: whether something already answers at an address, asked before the address is offered."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import (
    ETH0,
    ETH1,
    INTERFACES,
    MAC,
    NOBODY,
    NOW,
    OTHER_MAC,
    Conversation,
    a_subnet,
    discover,
    ip,
    no_boot_information,
    selecting,
)
from wireboot.endpoint import Datagram, Event, SocketAddress
from wireboot.errors import DecodeError
from wireboot.leases.allocator import QUARANTINE_S, Allocator
from wireboot.leases.candidates import CANDIDATES, CHECK_LASTS_S
from wireboot.leases.lease import LeaseState
from wireboot.leases.subnet import Subnet
from wireboot.protocols.arp.packet import REPLY, REQUEST, ArpPacket, decode, encode, probe
from wireboot.protocols.arp.prober import ANSWER_WITHIN_S, AddressInUse, AddressProber
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.protocols.dhcp4.server import Dhcp4Server

SOMEWHERE = SocketAddress(NOBODY, 0)
STRANGER = bytes.fromhex("0200000000aa")

# fmt: off
PROBE = bytes.fromhex(
    "0001 0800 06 04 0001"       # Ethernet, IPv4, their sizes, request
    "525400770001 00000000"      # from our MAC, and no address
    "000000000000 0a4d0064"      # who has 10.77.0.100?
)
ANSWER = bytes.fromhex(
    "0001 0800 06 04 0002"
    "0200000000aa 0a4d0064"
    "525400770001 00000000"
)
# fmt: on


@pytest.mark.parametrize(
    ("wire", "packet"),
    [
        (PROBE, ArpPacket(REQUEST, ETH0.link_address, NOBODY, bytes(6), ip(100))),
        (ANSWER, ArpPacket(REPLY, STRANGER, ip(100), ETH0.link_address, NOBODY)),
    ],
)
def test_a_packet_is_read_and_written(wire: bytes, packet: ArpPacket) -> None:
    """RFC 826; the padding of a short Ethernet frame does not matter."""
    assert (decode(wire), decode(wire + bytes(18)), encode(packet)) == (packet, packet, wire)


def test_a_probe_claims_no_address() -> None:
    """RFC 5227 §2.1.1: the sender address is zero, or other hosts would learn it."""
    assert encode(probe(ETH0.link_address, ip(100))) == PROBE


@pytest.mark.parametrize("wire", [b"", PROBE[:27], b"\x00\x06" + PROBE[2:], PROBE[:4] + b"\x08" + PROBE[5:]])
def test_anything_else_is_an_error(wire: bytes) -> None:
    """RFC 826: Ethernet and IPv4, with the sizes of their addresses."""
    with pytest.raises(DecodeError) as caught:
        decode(wire)
    assert 0 <= caught.value.offset <= len(wire)


class Link:
    """A prober beside the DHCP server whose addresses it asks about."""

    def __init__(self, *subnets: Subnet) -> None:
        self.allocator = Allocator(subnets or (a_subnet(),), never=(ETH0.ipv4[0].ip,))
        self.prober = AddressProber(self.allocator, INTERFACES)
        self.dhcp = Conversation(Dhcp4Server(self.allocator, INTERFACES, no_boot_information))
        self.events: list[Event] = []

    def wait(self, seconds: float) -> list[IPv4Address]:
        """Let time pass; the addresses asked about meanwhile."""
        end = self.dhcp.now + seconds
        asked: list[IPv4Address] = []
        while (at := self.prober.next_timeout()) is not None and at <= end:
            self.dhcp.now = max(self.dhcp.now, at)
            self.prober.handle_timeout(self.dhcp.now)
            asked += [decode(each.payload).target_address for each in self.prober.datagrams_to_send()]
        self.dhcp.now = end
        return asked

    def answer(self, address: IPv4Address, link_address: bytes = STRANGER) -> None:
        packet = ArpPacket(REPLY, link_address, address, ETH0.link_address, NOBODY)
        self.hear(encode(packet))

    def hear(self, payload: bytes) -> None:
        heard = Datagram(payload, SOMEWHERE, SOMEWHERE, "eth0")
        self.prober.receive_datagram(heard, self.dhcp.now)
        while (event := self.prober.next_event()) is not None:
            self.events.append(event)


def test_the_next_candidates_are_probed_ahead_of_need() -> None:
    """RFC 2131 §2.2 asks for the probe; done ahead it costs no client anything."""
    link = Link()
    assert link.wait(0) == [ip(100 + number) for number in range(CANDIDATES)]


def test_probes_are_requests_on_their_link() -> None:
    """RFC 5227 §2.1.1: ARP requests for the address, sent where it is to be used."""
    link = Link(a_subnet(), a_subnet(network="10.78.0"))
    link.prober.handle_timeout(NOW)
    sent = link.prober.datagrams_to_send()

    assert {each.interface for each in sent} == {"eth0", "eth1"}
    assert {decode(each.payload).sender_link_address for each in sent if each.interface == "eth1"} == {
        ETH1.link_address
    }
    assert all(decode(each.payload).target_address == each.peer.host for each in sent)


def test_a_network_behind_a_relay_is_not_probed() -> None:
    """RFC 826: ARP does not pass a router."""
    assert Link(a_subnet(network="10.77.1")).wait(10) == []


def test_an_address_is_asked_about_once_while_the_answer_is_awaited() -> None:
    """Ours: no flood of questions."""
    link = Link()
    link.wait(0)
    assert link.wait(ANSWER_WITHIN_S / 2) == []


def test_silence_is_believed_for_a_while_and_then_asked_again() -> None:
    """Ours: somebody may have come meanwhile."""
    link = Link()
    link.wait(0)
    assert link.wait(CHECK_LASTS_S / 4) == []
    assert set(link.wait(CHECK_LASTS_S / 2)) == {ip(100 + number) for number in range(CANDIDATES)}


def test_a_silent_address_is_offered_before_one_not_asked_about() -> None:
    """RFC 2131 §2.2: an address is probed before it is given away."""
    link = Link(a_subnet(100, 108))
    link.wait(0)
    link.dhcp.ask(discover(mac=OTHER_MAC, requested=ip(100)))  # 108 comes up, unprobed
    link.wait(ANSWER_WITHIN_S)
    assert link.dhcp.ask(discover()).yiaddr == ip(101)


def test_an_address_that_answers_is_out_of_use() -> None:
    """RFC 2131 §2.2: who answers has it."""
    link = Link(a_subnet(100, 101))
    link.wait(0)
    link.answer(ip(100))

    (event,) = link.events
    assert isinstance(event, AddressInUse)
    assert (event.durable, event.holder_link_address, event.lease.state) == (True, STRANGER, LeaseState.DECLINED)
    assert link.dhcp.ask(discover(requested=ip(100))).yiaddr == ip(101)
    assert link.dhcp.send(discover(mac=OTHER_MAC)) is None


def test_an_address_out_of_use_gets_another_chance() -> None:
    """Ours: as a declined one."""
    link = Link(a_subnet(100, 100))
    link.wait(0)
    link.answer(ip(100))
    link.dhcp.now += QUARANTINE_S
    assert link.dhcp.ask(discover()).yiaddr == ip(100)


def test_a_conflict_found_after_the_offer_is_answered_with_a_nak() -> None:
    """RFC 2131 §3.1 step 4: the server cannot keep its offer any more."""
    link = Link()
    link.wait(0)
    offered = link.dhcp.ask(discover()).yiaddr
    link.answer(offered)

    assert link.dhcp.ask(selecting(offered)).message_type is MessageType.NAK
    assert link.dhcp.ask(discover()).yiaddr != offered


def test_a_client_that_answers_at_its_own_lease_keeps_it() -> None:
    """Ours: it took the address before the answer to our probe was due, and rightly answers itself."""
    link = Link()
    link.wait(0)
    own = link.dhcp.lease()
    link.answer(own, MAC)

    assert link.events == []
    assert link.dhcp.ask(selecting(own)).message_type is MessageType.ACK


def test_an_address_that_a_client_has_is_not_probed() -> None:
    """RFC 2131 §3.2: the client itself would answer."""
    link = Link()
    link.wait(0)
    own = link.dhcp.lease()
    asked = link.wait(CHECK_LASTS_S * 3)
    assert asked
    assert own not in asked


def test_answers_nobody_asked_for_change_nothing() -> None:
    """Ours: or any host could empty the pool by talking."""
    link = Link()
    link.answer(ip(100))
    link.wait(ANSWER_WITHIN_S)
    link.wait(ANSWER_WITHIN_S)
    link.answer(ip(101))
    link.answer(IPv4Address("192.0.2.1"))
    assert link.events == []
    assert link.dhcp.ask(discover()).yiaddr == ip(100)


@pytest.mark.parametrize("payload", [b"", bytes(28), PROBE[:20], b"\xff" * 1500])
def test_garbage_is_ignored(payload: bytes) -> None:
    """Ours: nothing a stranger sends stops the server."""
    link = Link()
    link.wait(0)
    link.hear(payload)
    assert link.events == []


def test_a_subnet_may_vanish_while_an_answer_is_awaited() -> None:
    """Ours: the configuration may change at any time."""
    link = Link()
    link.wait(0)
    link.allocator.use_subnets([a_subnet(network="10.78.0")])
    assert link.wait(1)[:1] == [ip(100, "10.78.0")]
