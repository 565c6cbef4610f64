"""RFC 5227: a host in user space looks whether its address is free, announces it, and hears who else uses it."""

from __future__ import annotations

from ipaddress import IPv4Interface

from tests.support.frames import (
    NOBODY,
    OTHER_STATION,
    OURS,
    PEER,
    STATION,
    STRANGER_STATION,
    Link,
    arp_frame,
    arp_reply,
    arp_request,
    ip,
    read_arp,
)
from wireboot.endpoint import AddressAcquired, AddressGivenUp, AddressProbed
from wireboot.protocols.arp.packet import REQUEST, ArpPacket, probe
from wireboot.wire import ethernet

PROBE = probe(STATION, OURS)
ANNOUNCEMENT = ArpPacket(REQUEST, STATION, OURS, bytes(6), OURS)


def test_three_probes_are_sent_one_to_two_seconds_apart() -> None:
    """RFC 5227 §2.1.1: PROBE_NUM, PROBE_MIN and PROBE_MAX."""
    link = Link(random=0.25)
    (first,) = link.tell(AddressProbed(OURS))
    later = link.wait(10)
    assert first[:6] == ethernet.BROADCAST
    assert read_arp(first) == PROBE
    assert [(at, read_arp(frame)) for at, frame in later] == [(1.25, PROBE), (2.5, PROBE)]


def test_an_answer_to_a_probe_is_reported_and_ends_it() -> None:
    """RFC 5227 §2.1.1: any ARP packet with the address as its sender's."""
    link = Link()
    link.tell(AddressProbed(OURS))
    link.hear(arp_reply(OURS, target=NOBODY))
    assert link.guest.taken == [(OURS, OTHER_STATION)]
    assert link.wait(10) == []


def test_who_probes_for_the_same_address_is_reported() -> None:
    """RFC 5227 §2.1.1: two hosts that want it at the same time."""
    link = Link()
    link.tell(AddressProbed(OURS))
    link.hear(arp_frame(probe(STRANGER_STATION, OURS)))
    assert link.guest.taken == [(OURS, STRANGER_STATION)]


def test_our_own_probe_and_others_matters_are_no_conflict() -> None:
    """RFC 5227 §2.1.1: some switches and access points repeat a frame to its sender."""
    link = Link()
    (own,) = link.tell(AddressProbed(OURS))
    repeated = own[:6] + OTHER_STATION + own[12:]
    link.hear(own, repeated, arp_request(OURS), arp_frame(probe(OTHER_STATION, ip(101))))
    assert link.guest.taken == []


def test_another_address_is_probed_instead() -> None:
    """RFC 5227 §2.1.1: after a conflict the client is offered a new one; the old one is no matter any more."""
    link = Link()
    link.tell(AddressProbed(ip(101)))
    link.tell(AddressProbed(OURS))
    link.hear(arp_reply(ip(101), target=NOBODY))
    assert link.guest.taken == []
    assert [read_arp(frame) for _, frame in link.wait(10)] == [PROBE, PROBE]


def test_a_new_address_is_announced_twice() -> None:
    """RFC 5227 §2.3: ANNOUNCE_NUM, ANNOUNCE_INTERVAL."""
    link = Link()
    link.tell(AddressProbed(OURS))
    (first,) = link.tell(AddressAcquired(IPv4Interface("10.77.0.100/24")))
    later = link.wait(10)
    assert read_arp(first) == ANNOUNCEMENT
    assert [(at, read_arp(frame)) for at, frame in later] == [(2.0, ANNOUNCEMENT)]


def test_the_address_that_is_in_use_already_is_not_announced_again() -> None:
    """RFC 5227 §2.3: once it is; a lease that is renewed says nothing new."""
    link = Link().with_address()
    assert link.tell(AddressAcquired(IPv4Interface("10.77.0.100/24"))) == []


def test_a_probe_for_our_address_is_answered() -> None:
    """RFC 5227 §2.1.1 rests on it: who has the address says so, and to the one that asked."""
    link = Link()
    link.tell(AddressProbed(OURS))
    link.with_address()
    (answer,) = link.hear(arp_frame(probe(STRANGER_STATION, OURS)))
    assert (answer[:6], read_arp(answer).sender_address) == (STRANGER_STATION, OURS)
    assert link.guest.taken == []


def test_nothing_is_learnt_from_a_probe() -> None:
    """RFC 5227 §2.1.1: that is why its sender address is zero."""
    link = Link().with_address()
    link.hear(arp_frame(probe(STRANGER_STATION, OURS)))
    (question,) = link.send(b"x", NOBODY)
    assert read_arp(question).target_address == NOBODY


def test_who_uses_our_address_is_reported() -> None:
    """RFC 5227 §2.4."""
    link = Link().with_address()
    assert link.hear(arp_request(PEER, OURS, STRANGER_STATION)) == []
    assert link.guest.taken == [(OURS, STRANGER_STATION)]


def test_after_it_is_given_up_anybody_may_have_it() -> None:
    """RFC 5227 §2.4."""
    link = Link()
    link.tell(AddressAcquired(IPv4Interface("10.77.0.100/24")))
    link.tell(AddressGivenUp())
    assert link.hear(arp_request(PEER, OURS, STRANGER_STATION)) == []
    assert link.guest.taken == []
    assert link.wait(10) == []


def test_a_group_of_stations_is_nobody() -> None:
    """RFC 826: an answer to it would go to all of them."""
    link = Link().with_address()
    group = bytes.fromhex("01005e010203")
    as_group = arp_request(OURS, PEER, group)
    within = as_group[:6] + OTHER_STATION + as_group[12:]
    assert link.hear(as_group, within, arp_request(PEER, OURS, group)) == []
    assert link.guest.taken == []
