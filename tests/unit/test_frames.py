"""The codecs of what stands in an Ethernet frame, byte by byte."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.frames import GROUP, OTHER_STATION, OURS, PEER, STATION, checksum, ip, pattern, udp_packet
from wireboot.errors import DecodeError
from wireboot.wire import ethernet, icmp, igmp, ipv4, udp
from wireboot.wire.checksum import internet_checksum
from wireboot.wire.ethernet import Frame
from wireboot.wire.icmp import IcmpMessage, QuotedDatagram
from wireboot.wire.igmp import IgmpMessage, IgmpType
from wireboot.wire.ipv4 import Ipv4Packet

# fmt: off
PACKETS: list[tuple[str, Ipv4Packet]] = [         # each row tests decode and encode
    ("4500 0018 0000 4000 4011 25d7 0a4d0001 0a4d0064 626f6f74",
     Ipv4Packet(PEER, OURS, ipv4.UDP, b"boot")),
    ("4500 001c abcd 2003 4011 9a02 0a4d0001 0a4d0064 0001020304050607",
     Ipv4Packet(PEER, OURS, ipv4.UDP, bytes(range(8)), identification=0xABCD, dont_fragment=False,
                more_fragments=True, fragment_offset_bytes=24)),
    ("4600 0020 0000 4000 0102 e922 0a4d0064 ef010203 94040000 1600f7fa ef010203",
     Ipv4Packet(OURS, GROUP, ipv4.IGMP, bytes.fromhex("1600f7faef010203"), ttl=1, options=ipv4.ROUTER_ALERT)),
]
MESSAGES: list[tuple[str, IgmpMessage]] = [
    ("11 64 ee9b 00000000", IgmpMessage(IgmpType.MEMBERSHIP_QUERY, igmp.EVERY_GROUP, 100)),
    ("11 00 eeff 00000000", IgmpMessage(IgmpType.MEMBERSHIP_QUERY, igmp.EVERY_GROUP)),
    ("16 00 f8fa ef010203", IgmpMessage(IgmpType.V2_MEMBERSHIP_REPORT, GROUP)),
    ("12 00 fcfa ef010203", IgmpMessage(IgmpType.V1_MEMBERSHIP_REPORT, GROUP)),
    ("17 00 f7fa ef010203", IgmpMessage(IgmpType.LEAVE_GROUP, GROUP)),
]
# fmt: on


@pytest.mark.parametrize(("wire", "packet"), PACKETS)
def test_an_ipv4_packet_is_read_and_written(wire: str, packet: Ipv4Packet) -> None:
    """RFC 791 §3.1."""
    assert ipv4.encode(packet).hex(" ") == bytes.fromhex(wire).hex(" ")
    assert ipv4.decode(bytes.fromhex(wire)) == packet


@pytest.mark.parametrize(("wire", "message"), MESSAGES)
def test_an_igmp_message_is_read_and_written(wire: str, message: IgmpMessage) -> None:
    """RFC 2236 §2."""
    assert igmp.encode(message).hex(" ") == bytes.fromhex(wire).hex(" ")
    assert igmp.decode(bytes.fromhex(wire)) == message


def test_a_frame_is_read_and_written() -> None:
    """RFC 894."""
    wire = STATION + OTHER_STATION + b"\x08\x00" + b"rest"
    frame = Frame(STATION, OTHER_STATION, ethernet.ETHERTYPE_IPV4, b"rest")
    assert (ethernet.decode(wire), ethernet.encode(frame)) == (frame, wire)


@pytest.mark.parametrize("size", [*range(9), 1471, 1472, 65535])
@pytest.mark.parametrize("fill", [0x00, 0x5A, 0xFF])
def test_the_checksum_is_the_sum_of_words_with_carries(size: int, fill: int) -> None:
    """RFC 1071 §1."""
    assert internet_checksum(bytes([fill]) * size) == checksum(bytes([fill]) * size)


def test_padding_behind_a_packet_is_no_part_of_it() -> None:
    """RFC 894: short frames are padded, and only IP's length says where the packet ends."""
    packet = Ipv4Packet(PEER, OURS, ipv4.UDP, b"boot")
    assert ipv4.decode(ipv4.encode(packet) + bytes(22)) == packet


@pytest.mark.parametrize(
    ("what", "at", "value"),
    [
        ("version", 0, 0x65),
        ("header shorter than 20 bytes", 0, 0x44),
        ("header longer than the packet", 0, 0x4F),
        ("length shorter than the header", 3, 19),
        ("length longer than what came", 3, 60),
        ("checksum", 8, 63),
    ],
)
def test_an_impossible_header_is_an_error(what: str, at: int, value: int) -> None:
    """RFC 1122 §3.2.1: what fails is dropped."""
    wire = bytearray(ipv4.encode(Ipv4Packet(PEER, OURS, ipv4.UDP, b"boot")))
    wire[at] = value
    if what != "checksum":
        wire[10:12] = bytes(2)
        wire[10:12] = checksum(bytes(wire[:20])).to_bytes(2, "big")
    with pytest.raises(DecodeError):
        ipv4.decode(bytes(wire))


def test_a_udp_checksum_of_zero_is_none() -> None:
    """RFC 768: the sender made no checksum."""
    wire = bytearray(udp_packet(b"boot").payload)
    wire[6:8] = bytes(2)
    assert udp.decode(bytes(wire), PEER, OURS).payload == b"boot"


def test_a_wrong_udp_checksum_is_an_error() -> None:
    """RFC 768."""
    wire = bytearray(udp_packet(b"boot").payload)
    wire[-1] ^= 1
    with pytest.raises(DecodeError):
        udp.decode(bytes(wire), PEER, OURS)


def test_the_checksum_covers_the_addresses() -> None:
    """RFC 768: the pseudo header protects against a datagram that went astray."""
    with pytest.raises(DecodeError):
        udp.decode(udp_packet(b"boot").payload, PEER, ip(101))


@pytest.mark.parametrize("size", [0, 7, 13])
def test_a_udp_length_that_cannot_be_is_an_error(size: int) -> None:
    """RFC 768: at least the header, and at most what came."""
    wire = bytearray(udp_packet(b"boot").payload)
    wire[4:6] = size.to_bytes(2, "big")
    wire[6:8] = bytes(2)  # no checksum, which would be wrong too
    with pytest.raises(DecodeError):
        udp.decode(bytes(wire), PEER, OURS)


def test_an_unreachable_quotes_the_datagram() -> None:
    """RFC 792: the header and the first 64 bits of data, of which UDP's ports are half."""
    sent = replace(udp_packet(b"boot"), options=ipv4.ROUTER_ALERT)
    message = IcmpMessage(icmp.DESTINATION_UNREACHABLE, 3, bytes(4), ipv4.encode(sent)[: 24 + 8])
    assert icmp.decode(icmp.encode(message)) == message
    assert icmp.quoted_datagram(message) == QuotedDatagram(PEER, 67, OURS, 68)


@pytest.mark.parametrize("size", [0, 19, 23])
def test_too_short_a_quotation_is_an_error(size: int) -> None:
    """RFC 792."""
    message = IcmpMessage(icmp.DESTINATION_UNREACHABLE, 3, bytes(4), ipv4.encode(udp_packet(b""))[:size])
    with pytest.raises(DecodeError):
        icmp.quoted_datagram(message)


def test_a_quotation_of_another_protocol_names_no_datagram() -> None:
    """RFC 792."""
    quoted = ipv4.encode(Ipv4Packet(OURS, PEER, ipv4.ICMP, bytes(8)))
    assert icmp.quoted_datagram(IcmpMessage(icmp.DESTINATION_UNREACHABLE, 1, bytes(4), quoted)) is None


def test_a_version_3_query_is_read_as_a_query() -> None:
    """RFC 2236 §2.5: what stands behind the eight bytes is left to later versions."""
    wire = bytearray.fromhex("1164 0000 00000000 027d 0000")
    wire[2:4] = checksum(bytes(wire)).to_bytes(2, "big")
    assert igmp.decode(bytes(wire)) == IgmpMessage(IgmpType.MEMBERSHIP_QUERY, igmp.EVERY_GROUP, 100)


@pytest.mark.parametrize(("group", "link_address"), [("224.0.0.1", "01005e000001"), ("239.129.2.3", "01005e010203")])
def test_a_group_has_a_mac_of_its_low_23_bits(group: str, link_address: str) -> None:
    """RFC 1112 §6.4."""
    assert ethernet.multicast_link_address(IPv4Address(group)).hex() == link_address


@pytest.mark.parametrize("mtu", [68, 576, 1499, 1500])
def test_fragments_fit_the_link_and_hold_all(mtu: int) -> None:
    """RFC 791 §2.3: all but the last are multiples of eight bytes, and none says that it must not be one."""
    payload = pattern(4000)
    parts = list(ipv4.split(Ipv4Packet(PEER, OURS, ipv4.UDP, payload, identification=7), mtu))
    assert b"".join(part.payload for part in parts) == payload
    assert all(len(ipv4.encode(part)) <= mtu and not part.dont_fragment for part in parts)
    assert all(len(part.payload) % 8 == 0 for part in parts[:-1])
    assert [part.more_fragments for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {part.identification for part in parts} == {7}


def test_what_fits_is_not_split() -> None:
    """RFC 6864 §4.1: it may not be on its way either."""
    packet = Ipv4Packet(PEER, OURS, ipv4.UDP, pattern(1480))
    assert list(ipv4.split(packet, 1500)) == [packet]
    assert packet.dont_fragment
