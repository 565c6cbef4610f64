"""RFC 791, 792, 768 and 1122 §3: what a host in user space takes for its own, puts together, answers and sends."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.support.frames import (
    BROADCAST,
    FAR_AWAY,
    NOBODY,
    OTHER_STATION,
    OURS,
    PEER,
    ROUTER,
    STATION,
    STRANGER,
    STRANGER_STATION,
    Link,
    icmp_frame,
    ip,
    packet_frame,
    pattern,
    read_packet,
    read_udp,
    udp_packet,
)
from wireboot.endpoint import (
    AddressAcquired,
    AddressGivenUp,
    Datagram,
    DatagramDropped,
    Event,
    SocketAddress,
    Unreachable,
)
from wireboot.pxe_api.ip.reassembly import FRAGMENTS_MAX, PACKETS_MAX, Reassembler
from wireboot.pxe_api.ip.sender import CONVERSATIONS_MAX
from wireboot.wire import ethernet, icmp, ipv4
from wireboot.wire.icmp import IcmpMessage
from wireboot.wire.ipv4 import Ipv4Packet

TO_ALL = SocketAddress(BROADCAST, 68)


def reasons(link: Link) -> list[str]:
    dropped = [event for event in link.events() if isinstance(event, DatagramDropped)]
    assert all(event.service == "ip" for event in dropped)
    return [event.reason for event in dropped]


def fragments(payload: bytes, identification: int = 7, mtu: int = 1500) -> list[Ipv4Packet]:
    whole = replace(udp_packet(payload), identification=identification, dont_fragment=False)
    return list(ipv4.split(whole, mtu))


# What is for us


def test_a_datagram_says_whose_it_is_and_for_whom() -> None:
    """RFC 768."""
    link = Link().with_address()
    link.hear(packet_frame(udp_packet(b"boot")))
    assert link.guest.received == [Datagram(b"boot", SocketAddress(PEER, 67), SocketAddress(OURS, 68), "eth0")]


@pytest.mark.parametrize("destination", [BROADCAST, ip(255)])
def test_a_broadcast_is_known_as_one(destination: IPv4Address) -> None:
    """RFC 1122 §3.2.1.3 (c) and (d)."""
    link = Link().with_address()
    packet = udp_packet(b"boot", destination=SocketAddress(destination, 68))
    link.hear(packet_frame(packet, destination=ethernet.BROADCAST))
    (datagram,) = link.guest.received
    assert (datagram.to_group, datagram.local) == (True, SocketAddress(OURS, 68))


def test_an_offer_to_the_address_still_to_come_is_delivered() -> None:
    """RFC 2131 §4.1: by unicast to yiaddr and the client's MAC, before the client has that address."""
    link = Link()
    link.hear(packet_frame(udp_packet(b"offer")))
    assert [each.local for each in link.guest.received] == [SocketAddress(NOBODY, 68)]


def test_an_offer_to_all_is_delivered_before_there_is_an_address() -> None:
    """RFC 2131 §4.1."""
    link = Link()
    link.hear(packet_frame(udp_packet(b"offer", destination=TO_ALL), destination=ethernet.BROADCAST))
    assert [(each.local.host, each.to_group) for each in link.guest.received] == [(NOBODY, True)]


@pytest.mark.parametrize(
    "frame",
    [
        packet_frame(udp_packet(b"x"), destination=STRANGER_STATION),
        packet_frame(udp_packet(b"x", destination=SocketAddress(ip(101), 68))),
        packet_frame(udp_packet(b"x", destination=SocketAddress(IPv4Address("10.99.0.255"), 68))),
        packet_frame(udp_packet(b"x"), source=STATION),
        packet_frame(udp_packet(b"x"), source=ethernet.BROADCAST),
        packet_frame(Ipv4Packet(PEER, OURS, 6, bytes(20))),
    ],
    ids=["another station", "another address", "another network", "our own frame", "from a group", "TCP"],
)
def test_what_is_not_for_us_is_passed_over_in_silence(frame: bytes) -> None:
    """RFC 1122 §3.2.1.3: a host discards what is for another."""
    link = Link().with_address()
    assert link.hear(frame) == []
    assert (link.guest.received, link.events()) == ([], [])


def test_what_is_in_a_broadcast_frame_for_one_host_is_not_taken_without_an_address() -> None:
    """RFC 1122 §3.3.6: or every client on the link would take another's offer."""
    link = Link()
    link.hear(packet_frame(udp_packet(b"offer"), destination=ethernet.BROADCAST))
    assert link.guest.received == []


@pytest.mark.parametrize("source", ["239.1.2.3", "255.255.255.255", "127.0.0.1", str(OURS)])
def test_nobody_can_be_called_so(source: str) -> None:
    """RFC 1122 §3.2.1.3: a source address that is no host's, or our own."""
    link = Link().with_address()
    link.hear(packet_frame(udp_packet(b"x", source=SocketAddress(IPv4Address(source), 67))))
    assert (link.guest.received, reasons(link)) == ([], ["impossible source address"])


def test_options_are_passed_over() -> None:
    """RFC 791 §3.1."""
    link = Link().with_address()
    link.hear_packet(udp_packet(b"boot"), options=ipv4.ROUTER_ALERT)
    assert [each.payload for each in link.guest.received] == [b"boot"]


@pytest.mark.parametrize("at", [14, 24, 42], ids=["version", "header checksum", "data"])
def test_a_damaged_packet_is_dropped_and_counted(at: int) -> None:
    """RFC 1122 §3.2.1.2 and §4.1.3.4: both checksums are verified."""
    link = Link().with_address()
    frame = packet_frame(udp_packet(b"boot"))
    assert link.hear(frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :]) == []
    assert (link.guest.received, reasons(link)) == ([], ["malformed"])


def test_a_frame_larger_than_the_link_takes_is_dropped_with_the_reason() -> None:
    """Firmware: a card or a kernel may put several datagrams into one frame; their seams are lost here."""
    link = Link().with_address()
    link.hear(packet_frame(udp_packet(bytes(1472))), packet_frame(udp_packet(bytes(1473))))
    assert [len(each.payload) for each in link.guest.received] == [1472]
    assert reasons(link) == ["larger than the MTU"]


# Fragments


def test_fragments_are_put_together_in_any_order() -> None:
    """RFC 791 §3.2."""
    link = Link().with_address()
    first, second, third = fragments(pattern(4000))
    link.hear(*map(packet_frame, (third, first, first, second)))
    assert [each.payload for each in link.guest.received] == [pattern(4000)]
    assert link.events() == []


def test_fragments_of_two_packets_are_kept_apart() -> None:
    """RFC 791 §2.3: the identification tells them."""
    link = Link().with_address()
    mixed = zip(fragments(b"a" * 2000, 7), fragments(b"b" * 2000, 8), strict=True)
    link.hear(*(packet_frame(part) for pair in mixed for part in pair))
    assert [each.payload for each in link.guest.received] == [b"a" * 2000, b"b" * 2000]


def test_what_lacks_a_fragment_is_given_up_after_a_while() -> None:
    """RFC 1122 §3.3.2: the reassembly timeout."""
    link = Link().with_address()
    first, second = fragments(pattern(2000))
    link.hear(packet_frame(first))
    link.wait(30.0)
    link.hear(packet_frame(second))
    assert (link.guest.received, reasons(link)) == ([], ["fragments missing"])


def overlapping(part: Ipv4Packet) -> list[Ipv4Packet]:
    begin = part.fragment_offset_bytes
    return [
        replace(part, fragment_offset_bytes=begin - 8),
        replace(part, payload=part.payload[:-8] + b"attack!!"),
        replace(part, payload=part.payload[:8], more_fragments=True),
    ]


@pytest.mark.parametrize("number", range(3))
def test_an_overlap_drops_the_whole(number: int) -> None:
    """RFC 1858 §4: nothing is slipped under what has been looked at already."""
    link = Link().with_address()
    first, second, third = fragments(pattern(4000))
    link.hear(*map(packet_frame, (first, second, overlapping(second)[number], third)))
    assert (link.guest.received, reasons(link)) == ([], ["malformed"])


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ([], {"payload": b""}),
        ([], {"payload": bytes(9)}),
        ([], {"payload": bytes(1480), "fragment_offset_bytes": 0xFFF8}),
        (["last"], {"payload": bytes(8), "fragment_offset_bytes": 8000}),
        (["last"], {"payload": bytes(8), "fragment_offset_bytes": 8000, "more_fragments": False}),
        (["far"], {"more_fragments": False}),
        (["middle"], {"more_fragments": False}),
    ],
    ids=[
        *("empty", "not of eight bytes", "beyond the largest packet", "behind the last"),
        *("a second last", "a last before another", "the same, and now the last"),
    ],
)
def test_a_fragment_that_cannot_be_is_dropped(before: list[str], wrong: dict[str, object]) -> None:
    """RFC 791 §3.1."""
    link = Link().with_address()
    _, middle, last = fragments(pattern(4000))
    parts = {"middle": middle, "last": last, "far": replace(middle, payload=bytes(8), fragment_offset_bytes=8000)}
    link.hear(*(packet_frame(parts[name]) for name in before))
    assert link.events() == []
    link.hear_packet(middle, **wrong)
    assert reasons(link) == ["malformed"]


def test_the_oldest_unfinished_packet_makes_room() -> None:
    """RFC 1122 §3.3.2: memory for fragments is bounded, whoever sends them."""
    link = Link().with_address()
    starts = [fragments(pattern(2000), number) for number in range(PACKETS_MAX + 1)]
    link.hear(*(packet_frame(parts[0]) for parts in starts))
    link.hear(packet_frame(starts[0][1]))
    assert link.guest.received == []
    link.hear(packet_frame(starts[-1][1]))
    assert len(link.guest.received) == 1


def test_the_bytes_of_unfinished_packets_are_bounded() -> None:
    """RFC 1122 §3.3.2."""
    reassembler = Reassembler()
    for number in range(5):
        for part in fragments(bytes(65000), number)[:-1]:
            reassembler.add(part, now=number)
    assert [reassembler.add(fragments(bytes(65000), number)[-1], now=6) is None for number in (4, 0)] == [False, True]


def test_the_pieces_of_one_packet_are_bounded() -> None:
    """RFC 1122 §3.3.2: a packet of thousands of eight-byte pieces is an attack."""
    link = Link().with_address()
    tiny = fragments(bytes(8 * FRAGMENTS_MAX), mtu=28)
    link.hear(*map(packet_frame, tiny[: FRAGMENTS_MAX + 1]))
    assert reasons(link) == ["malformed"]


# What is sent


def test_before_there_is_an_address_zero_is_the_source() -> None:
    """RFC 1122 §3.2.1.3 (a), RFC 2131 §4.1."""
    link = Link()
    (sent,) = link.send(b"discover", BROADCAST, 67)
    packet = read_packet(sent)
    assert (packet.source, packet.destination, packet.ttl) == (NOBODY, BROADCAST, 64)
    assert (read_udp(sent).source_port, read_udp(sent).payload) == (1069, b"discover")


def test_a_large_datagram_is_sent_in_fragments() -> None:
    """RFC 1122 §3.3.3: each packet with an identification of its own."""
    link = Link().with_address().knows()
    sent = [read_packet(frame) for frame in link.send(pattern(3000)) + link.send(pattern(3000))]
    assert [packet.more_fragments for packet in sent] == [True, True, False] * 2
    assert not any(packet.dont_fragment for packet in sent)
    assert len({packet.identification for packet in sent}) == 2


def test_a_group_is_reached_on_this_link_only_unless_said() -> None:
    """RFC 1112 §6.1: the default time to live is 1."""
    (sent,) = Link().with_address().send(b"boot", IPv4Address("239.1.2.3"))
    assert read_packet(sent).ttl == 1


def test_on_a_link_of_two_neither_address_is_a_broadcast() -> None:
    """RFC 3021 §2.1."""
    link = Link()
    link.tell(AddressAcquired(IPv4Interface("10.77.0.101/31")))
    link.hear(packet_frame(udp_packet(b"x", destination=SocketAddress(ip(101), 68))))
    assert [each.to_group for each in link.guest.received] == [False]


def test_last_words_are_said_from_the_address_that_is_given_up() -> None:
    """RFC 1350 §7: a TFTP ERROR from 0.0.0.0 would tell the server nothing."""
    link = Link().with_address().knows()
    link.guest.tell(AddressGivenUp())
    (sent,) = link.send(b"error", PEER, 69)
    packet = read_packet(sent)
    assert (packet.source, packet.destination) == (OURS, PEER)
    assert link.host.next_timeout() is None


# Errors and echoes


def unreachable(code: int, quoted: bytes) -> bytes:
    return icmp_frame(IcmpMessage(icmp.DESTINATION_UNREACHABLE, code, bytes(4), quoted), ROUTER)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(3, Unreachable.PORT_CLOSED), (2, Unreachable.REFUSED), (13, Unreachable.REFUSED)],
)
def test_a_datagram_that_was_refused_is_reported(code: int, reason: Unreachable) -> None:
    """RFC 1122 §4.1.3.3: the error goes to who sent the datagram."""
    link = Link().with_address().knows()
    (sent,) = link.send(b"request", PEER, 69)
    link.hear(unreachable(code, sent[14 : 14 + 28]))
    assert link.guest.not_reached == [(SocketAddress(PEER, 69), reason)]


@pytest.mark.parametrize("code", [0, 1, 5])
def test_what_may_be_over_in_a_moment_is_not_reported(code: int) -> None:
    """RFC 1122 §3.2.2.1: a net, host or route that cannot be reached is a hint, not a proof. The next try may pass."""
    link = Link().with_address().knows()
    (sent,) = link.send(b"request", PEER, 69)
    link.hear(unreachable(code, sent[14 : 14 + 28]))
    assert link.guest.not_reached == []


def test_a_refusal_of_what_was_never_sent_is_ignored() -> None:
    """RFC 5927 §4: or a stranger could end a boot without seeing it."""
    link = Link().with_address().knows()
    (sent,) = link.send(b"request", PEER, 69)
    packet = read_packet(sent)
    for wrong in (replace(packet, destination=STRANGER), replace(packet, source=STRANGER)):
        link.hear(unreachable(3, ipv4.encode(wrong)))
    link.hear(unreachable(3, ipv4.encode(replace(packet, payload=b"\x04\x2e" + packet.payload[2:]))))
    assert link.guest.not_reached == []


def test_what_was_sent_long_ago_is_forgotten() -> None:
    """RFC 5927 §4: what is remembered is bounded."""
    link = Link().with_address().knows()
    (first,) = link.send(b"request", port=1)
    (second,) = link.send(b"request", port=2)
    link.send(b"request", port=1)
    for port in range(3, CONVERSATIONS_MAX + 2):
        (last,) = link.send(b"request", port=port)
    link.hear(*(unreachable(3, sent[14:]) for sent in (first, second, last)))
    assert [peer.port for peer, _ in link.guest.not_reached] == [1, CONVERSATIONS_MAX + 1]


def test_a_cut_quotation_is_counted() -> None:
    """RFC 792."""
    link = Link().with_address()
    link.hear(unreachable(3, bytes(10)))
    assert reasons(link) == ["malformed"]


def test_an_echo_is_answered() -> None:
    """RFC 1122 §3.2.2.6: with the same identifier, number and data."""
    echo = IcmpMessage(icmp.ECHO, 0, b"\x12\x34\x00\x01", b"ping")
    (sent,) = Link().with_address().hear(icmp_frame(echo, FAR_AWAY))
    packet = read_packet(sent)
    assert (sent[:6], packet.source, packet.destination) == (OTHER_STATION, OURS, FAR_AWAY)
    assert icmp.decode(packet.payload) == replace(echo, kind=icmp.ECHO_REPLY)


def test_an_echo_to_all_is_not_answered() -> None:
    """RFC 1122 §3.2.2.6: it may be discarded, and a crowd that answers is an attack on who is named as its source."""
    echo = icmp.encode(IcmpMessage(icmp.ECHO, 0, bytes(4), b"ping"))
    packet = Ipv4Packet(PEER, BROADCAST, ipv4.ICMP, echo)
    assert Link().with_address().hear(packet_frame(packet, destination=ethernet.BROADCAST)) == []
    assert Link().hear(packet_frame(replace(packet, destination=NOBODY))) == []


# The guest


class Boring(Event):
    """Something that is no matter of the host's."""


def test_what_is_not_the_hosts_to_obey_is_passed_on() -> None:
    """Firmware: what the client tells is for who runs it; what it asks of its host is not."""
    link = Link().with_address()
    link.tell(Boring())
    assert link.events() == [Boring()]


def test_the_guest_is_woken_when_it_asked_for() -> None:
    """Firmware: its timers run beside the host's own."""
    link = Link().with_address()
    link.guest.wake_at = link.now + 1.5
    link.send(b"waits for ARP")
    begin = link.now
    link.wait(2.0)
    assert [round(at - begin, 3) for at in link.guest.woken_at] == [1.5]
