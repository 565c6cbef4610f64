"""RFC 826 and RFC 1122 §2.3.2: how a host in user space finds the MACs of others, and answers for its own."""

from __future__ import annotations

import pytest

from tests.support.frames import (
    FAR_AWAY,
    GROUP,
    NOBODY,
    OTHER_STATION,
    OURS,
    PEER,
    ROUTER,
    STATION,
    STRANGER,
    STRANGER_STATION,
    Link,
    arp_reply,
    arp_request,
    ip,
    is_arp,
    read_arp,
    read_packet,
    read_udp,
)
from wireboot.endpoint import AddressGivenUp, SocketAddress, Unreachable
from wireboot.protocols.arp.packet import REPLY, REQUEST, ArpPacket
from wireboot.pxe_api.ip.arp_cache import ASKED_MAX, KNOWN_FOR_S, KNOWN_MAX, WAITING_MAX
from wireboot.wire import ethernet


def test_a_request_for_our_address_is_answered_to_who_asked() -> None:
    """RFC 826: the answer goes to the one that asked, not to all."""
    (answer,) = Link().with_address().hear(arp_request(OURS))
    assert answer[:6] == OTHER_STATION
    assert read_arp(answer) == ArpPacket(REPLY, STATION, OURS, OTHER_STATION, PEER)


def test_a_request_for_another_address_is_not_answered() -> None:
    """RFC 826: "Am I the target protocol address?"."""
    assert Link().with_address().hear(arp_request(ip(101))) == []


def test_without_an_address_there_is_none_to_answer_for() -> None:
    """RFC 826."""
    assert Link().hear(arp_request(OURS)) == []


def test_a_datagram_waits_until_its_next_hop_is_known() -> None:
    """RFC 1122 §2.3.2.2: what waits for an answer is kept."""
    link = Link().with_address()
    (question,) = link.send(b"first")
    assert question[:6] == ethernet.BROADCAST
    assert read_arp(question) == ArpPacket(REQUEST, STATION, OURS, bytes(6), PEER)
    assert link.send(b"second") == []

    sent = link.hear(arp_reply())
    assert [read_udp(frame).payload for frame in sent] == [b"first", b"second"]
    assert {frame[:6] for frame in sent} == {OTHER_STATION}
    assert [read_udp(frame).payload for frame in link.send(b"third")] == [b"third"]


def test_the_oldest_are_lost_where_too_many_wait() -> None:
    """RFC 1122 §2.3.2.2: the latest are kept; memory is bounded."""
    link = Link().with_address()
    for number in range(WAITING_MAX + 3):
        link.send(bytes([number]))
    sent = link.hear(arp_reply())
    assert [read_udp(frame).payload[0] for frame in sent] == list(range(3, WAITING_MAX + 3))


def test_who_does_not_answer_is_asked_four_times_and_given_up() -> None:
    """PXE 2.1 appendix, PXE-E11: ARP timeout. RFC 1122 §2.3.2.1: not more often than once a second."""
    link = Link().with_address()
    link.send(b"first")
    link.send(b"first, once more")
    link.send(b"second", port=70)
    assert [at for at, _ in link.wait(10)] == [1.0, 2.0, 3.0]
    assert link.guest.not_reached == [
        (SocketAddress(PEER, 69), Unreachable.NO_ARP_ANSWER),
        (SocketAddress(PEER, 70), Unreachable.NO_ARP_ANSWER),
    ]


def test_only_a_few_are_asked_for_at_once() -> None:
    """RFC 1122 §2.3.2.2: memory is bounded; what finds no room is lost, as on a cable."""
    link = Link().with_address()
    asked = [len(link.send(b"boot", ip(last))) for last in range(1, ASKED_MAX + 3)]
    assert asked == [1] * ASKED_MAX + [0, 0]


def test_what_else_arrives_does_not_add_a_question() -> None:
    """RFC 1122 §2.3.2.1: no flood of requests."""
    link = Link().with_address()
    link.send(b"first")
    for _ in range(8):
        link.now += 0.5
        assert len(link.hear(arp_request(ip(7), ip(8)))) <= 1
    link.wait(1.0)
    assert len(link.guest.not_reached) == 1


def test_who_asked_us_need_not_be_asked() -> None:
    """RFC 826: whom the target hears of it will soon speak to."""
    link = Link().with_address().knows()
    assert [frame[:6] for frame in link.send(b"boot")] == [OTHER_STATION]


def test_what_others_say_to_each_other_is_not_learnt() -> None:
    """RFC 826, the merge flag: only what is known already is brought up to date."""
    link = Link().with_address()
    link.hear(arp_request(ip(7)))
    assert [is_arp(frame) for frame in link.send(b"boot")] == [True]


def test_a_peer_with_a_new_card_is_found_again() -> None:
    """RFC 826: what is known is replaced by what was said last."""
    link = Link().with_address().knows()
    link.hear(arp_request(ip(7), PEER, STRANGER_STATION))
    assert [frame[:6] for frame in link.send(b"boot")] == [STRANGER_STATION]


def test_what_is_known_is_asked_again_after_a_minute() -> None:
    """RFC 1122 §2.3.2.1: entries time out."""
    link = Link().with_address().knows()
    link.wait(KNOWN_FOR_S)
    assert [is_arp(frame) for frame in link.send(b"boot")] == [True]


def test_no_more_is_remembered_than_a_boot_needs() -> None:
    """RFC 826: a crowd that asks for us takes no more memory than a few."""
    link = Link().with_address().knows()
    for last in range(2, 1 + KNOWN_MAX):
        link.knows(ip(last))
    link.knows(ip(1 + KNOWN_MAX - 1))
    assert [is_arp(frame) for frame in link.send(b"boot")] == [False]

    link.knows(ip(1 + KNOWN_MAX))
    assert [is_arp(frame) for frame in link.send(b"boot")] == [True]
    assert [is_arp(frame) for frame in link.send(b"boot", ip(33))] == [False]


@pytest.mark.parametrize(
    ("peer", "routers", "asked"),
    [
        (PEER, (ROUTER,), PEER),
        (FAR_AWAY, (ROUTER, ip(253)), ROUTER),
        (FAR_AWAY, (), FAR_AWAY),  # a router that does proxy ARP may answer
    ],
)
def test_the_next_hop_is_asked_for(peer: object, routers: tuple[object, ...], asked: object) -> None:
    """RFC 1122 §3.3.1.1: on the own network the peer itself, beyond it the router."""
    link = Link().with_address(*routers)  # type: ignore[arg-type]  # addresses, as the rows above say
    (question,) = link.send(b"boot", peer)  # type: ignore[arg-type]  # as above
    assert read_arp(question).target_address == asked


def test_what_goes_through_a_router_is_still_for_the_peer() -> None:
    """RFC 1122 §3.3.1: the router's MAC, the peer's address."""
    link = Link().with_address(ROUTER).knows(ROUTER)
    (sent,) = link.send(b"boot", FAR_AWAY)
    assert (sent[:6], read_packet(sent).destination) == (OTHER_STATION, FAR_AWAY)


def test_a_named_station_is_not_asked_for() -> None:
    """RFC 2131 §4.1: who has no address yet is reached by the MAC it wrote from."""
    (sent,) = Link().with_address().send(b"boot", STRANGER, link_address=STRANGER_STATION)
    assert sent[:6] == STRANGER_STATION


@pytest.mark.parametrize(
    ("host", "link_address"),
    [("255.255.255.255", "ffffffffffff"), ("10.77.0.255", "ffffffffffff"), (str(GROUP), "01005e010203")],
)
def test_several_hosts_are_reached_without_asking(host: str, link_address: str) -> None:
    """RFC 894 and RFC 1112 §6.4."""
    (sent,) = Link().with_address().send(b"boot", type(PEER)(host))
    assert sent[:6].hex() == link_address


def test_who_gives_up_its_address_forgets_the_network() -> None:
    """RFC 826: the next address may be on another network, where the same addresses are other hosts'."""
    link = Link().with_address(ROUTER).knows()
    link.tell(AddressGivenUp())
    (question,) = link.send(b"boot")
    assert read_arp(question) == ArpPacket(REQUEST, STATION, NOBODY, bytes(6), PEER)
