"""What holds for a host in user space whatever is on the cable."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.frames import (
    GROUP,
    OTHER_STATION,
    OURS,
    PEER,
    STATION,
    Link,
    arp_request,
    checksum,
    igmp_frame,
    packet_frame,
    udp_packet,
)
from wireboot.endpoint import GroupJoined, SocketAddress
from wireboot.errors import DecodeError
from wireboot.pxe_api.ip.reassembly import Reassembler
from wireboot.wire import ethernet, icmp, igmp, ipv4, udp
from wireboot.wire.checksum import internet_checksum
from wireboot.wire.ethernet import Frame
from wireboot.wire.icmp import IcmpMessage
from wireboot.wire.igmp import IgmpMessage
from wireboot.wire.ipv4 import Ipv4Packet

# fmt: off
numbers_16 = st.integers(0, 0xFFFF)
addresses = st.integers(0, 0xFFFFFFFF).map(IPv4Address)
macs = st.binary(min_size=6, max_size=6)
frames = st.builds(Frame, macs, macs, numbers_16, st.binary(max_size=1500))
packets = st.builds(
    Ipv4Packet, addresses, addresses, st.integers(0, 255), st.binary(max_size=1480), ttl=st.integers(0, 255),
    identification=numbers_16, dont_fragment=st.booleans(), more_fragments=st.booleans(),
    fragment_offset_bytes=st.integers(0, 0x1FFF).map(lambda units: units * 8),
    options=st.integers(0, 10).flatmap(lambda words: st.binary(min_size=4 * words, max_size=4 * words)),
)
messages = st.builds(IcmpMessage, st.integers(0, 255), st.integers(0, 255),
                     st.binary(min_size=4, max_size=4), st.binary(max_size=600))
memberships = st.builds(IgmpMessage, st.integers(0, 255), addresses, st.integers(0, 255))
# fmt: on

# What would be taken in, before a few bytes of it are changed.
GOOD_FRAMES = (
    packet_frame(udp_packet(b"boot")),
    packet_frame(replace(udp_packet(bytes(64)), dont_fragment=False, more_fragments=True)),
    packet_frame(Ipv4Packet(PEER, OURS, ipv4.ICMP, icmp.encode(IcmpMessage(8, 0, b"1234", b"ping")))),
    packet_frame(
        Ipv4Packet(PEER, OURS, ipv4.ICMP, icmp.encode(IcmpMessage(3, 3, bytes(4), ipv4.encode(udp_packet(b"")))))
    ),
    igmp_frame(IgmpMessage(igmp.IgmpType.MEMBERSHIP_QUERY, igmp.EVERY_GROUP, 100), igmp.ALL_SYSTEMS),
    arp_request(OURS),
)


def repaired(frame: bytes) -> bytes:
    """With an IPv4 header whose checksum holds, so that what was changed is looked at."""
    if frame[12:14] != b"\x08\x00" or len(frame) < 34:
        return frame
    return frame[:24] + checksum(frame[14:24] + bytes(2) + frame[26:34]).to_bytes(2, "big") + frame[26:]


changed_frames = st.builds(
    lambda frame, at, value: repaired(frame[: at % len(frame)] + bytes([value]) + frame[at % len(frame) + 1 :]),
    st.sampled_from(GOOD_FRAMES),
    st.integers(0, 99),
    st.integers(0, 255),
)
cut_frames = st.builds(lambda frame, size: frame[:size], st.sampled_from(GOOD_FRAMES), st.integers(0, 80))
dressed_up = st.builds(lambda payload: STATION + OTHER_STATION + b"\x08\x00" + payload, st.binary(max_size=100))


@given(st.lists(st.one_of(st.binary(max_size=1600), changed_frames, cut_frames, dressed_up), max_size=8))
def test_no_frame_raises_and_little_is_said_to_any(received: list[bytes]) -> None:
    link = Link().with_address()
    link.tell(GroupJoined(GROUP))
    for frame in received:
        assert len(link.hear(frame)) <= 1
    link.wait(60)


@given(frames)
def test_a_frame_survives_the_wire(frame: Frame) -> None:
    assert ethernet.decode(ethernet.encode(frame)) == frame


@given(packets)
def test_a_packet_survives_the_wire(packet: Ipv4Packet) -> None:
    wire = ipv4.encode(packet)
    assert ipv4.decode(wire) == packet
    assert checksum(wire[: 20 + len(packet.options)]) == 0


@given(addresses, addresses, numbers_16, numbers_16, st.binary(max_size=1500))
def test_a_datagram_survives_the_wire(
    source: IPv4Address, destination: IPv4Address, source_port: int, destination_port: int, payload: bytes
) -> None:
    packet = udp.UdpPacket(source_port, destination_port, payload)
    wire = udp.encode(packet, source, destination)
    pseudo_header = source.packed + destination.packed + b"\x00\x11" + len(wire).to_bytes(2, "big")
    assert udp.decode(wire, source, destination) == packet
    assert checksum(pseudo_header + wire) == 0
    assert wire[6:8] != bytes(2)


@given(messages)
def test_an_icmp_message_survives_the_wire(message: IcmpMessage) -> None:
    assert icmp.decode(icmp.encode(message)) == message
    assert checksum(icmp.encode(message)) == 0


@given(memberships)
def test_an_igmp_message_survives_the_wire(message: IgmpMessage) -> None:
    assert igmp.decode(igmp.encode(message)) == message
    assert checksum(igmp.encode(message)) == 0


@given(st.binary(max_size=3000))
def test_the_checksum_agrees_with_the_words_added_up(data: bytes) -> None:
    assert internet_checksum(data) == checksum(data)


@given(st.binary(min_size=1, max_size=6000), st.integers(68, 1500), st.integers(0, 1 << 32))
def test_fragments_in_any_order_and_number_make_the_packet(payload: bytes, mtu: int, seed: int) -> None:
    random = Random(seed)
    sent = Ipv4Packet(PEER, OURS, ipv4.UDP, payload, identification=7, dont_fragment=False)
    parts = list(ipv4.split(sent, mtu))
    if len(parts) == 1:
        return
    last = random.randrange(len(parts))
    before = [part for number, part in enumerate(parts) if number != last]
    before += random.choices(before, k=random.randrange(4))
    random.shuffle(before)

    reassembler = Reassembler()
    assert [reassembler.add(part, now=0.0) for part in before] == [None] * len(before)
    assert reassembler.add(parts[last], now=0.0) == sent


@given(st.lists(packets, max_size=40), st.integers(0, 3))
def test_what_waits_for_fragments_is_bounded(received: list[Ipv4Packet], senders: int) -> None:
    reassembler = Reassembler()
    for number, packet in enumerate(received):
        fragment = replace(packet, source=IPv4Address(number % (senders + 1)), destination=OURS, more_fragments=True)
        try:
            reassembler.add(fragment, now=0.0)
        except DecodeError:
            continue
    waiting = reassembler.handle_timeout(now=31.0)
    assert len(waiting) <= 16
    assert reassembler.next_timeout() is None


@given(st.binary(max_size=6000), numbers_16)
def test_what_one_host_sends_another_receives(payload: bytes, port: int) -> None:
    sender, receiver = Link().with_address().knows(), Link().with_address()
    sent = sender.send(payload, PEER, port)
    for frame in reversed(sent):
        # As if the receiver were the peer: its station, and its address put in by the packet's own codec.
        packet = ipv4.decode(frame[14:])
        receiver.hear(packet_frame(replace(packet, source=PEER, destination=OURS)))
    (datagram,) = receiver.guest.received
    assert (datagram.payload, datagram.peer) == (payload, SocketAddress(PEER, 1069))
    assert datagram.local == SocketAddress(OURS, port)
