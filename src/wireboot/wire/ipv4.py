"""IPv4 packets and their fragments (RFC 791 §3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.wire.checksum import internet_checksum

ICMP, IGMP, UDP = 1, 2, 17
"""Protocol numbers (IANA)."""
HEADER_SIZE = 20
PACKET_SIZE_MAX = 0xFFFF
FRAGMENT_UNIT_BYTES = 8
ROUTER_ALERT = b"\x94\x04\x00\x00"
"""The option by which a router looks into a packet that is not for itself (RFC 2113 §2.1)."""

_HEADER = struct.Struct("!BBHHHBBH4s4s")
_VERSION = 4
_DONT_FRAGMENT, _MORE_FRAGMENTS, _OFFSET = 0x4000, 0x2000, 0x1FFF


@dataclass(frozen=True, slots=True)
class Ipv4Packet:
    source: IPv4Address
    destination: IPv4Address
    protocol: int
    payload: bytes
    ttl: int = 64
    identification: int = 0
    """Tells the fragments of one packet from those of another; says nothing where there can be none (RFC 6864 §4.1)."""
    dont_fragment: bool = True
    more_fragments: bool = False
    fragment_offset_bytes: int = 0
    options: bytes = b""

    @property
    def size_bytes(self) -> int:
        """With its header."""
        return HEADER_SIZE + len(self.options) + len(self.payload)

    @property
    def is_fragment(self) -> bool:
        return self.more_fragments or self.fragment_offset_bytes > 0


def decode(data: bytes) -> Ipv4Packet:
    """Raises DecodeError for all but a whole packet with a right header checksum. Padding behind it is left out."""
    if len(data) < HEADER_SIZE:
        raise DecodeError("header", len(data), f"{len(data)} bytes where an IPv4 header has {HEADER_SIZE}")
    first, _, size, identification, fragment, ttl, protocol, _, source, destination = _HEADER.unpack_from(data)
    header_size = (first & 0x0F) * 4
    if first >> 4 != _VERSION:
        raise DecodeError("version", 0, f"IP version {first >> 4}")
    if not HEADER_SIZE <= header_size <= size <= len(data):
        raise DecodeError("length", 2, f"header {header_size}, packet {size}, received {len(data)} bytes")
    if internet_checksum(data[:header_size]):
        raise DecodeError("header checksum", 10, "wrong")
    return Ipv4Packet(
        source=IPv4Address(source),
        destination=IPv4Address(destination),
        protocol=protocol,
        payload=data[header_size:size],
        ttl=ttl,
        identification=identification,
        dont_fragment=bool(fragment & _DONT_FRAGMENT),
        more_fragments=bool(fragment & _MORE_FRAGMENTS),
        fragment_offset_bytes=(fragment & _OFFSET) * FRAGMENT_UNIT_BYTES,
        options=data[HEADER_SIZE:header_size],
    )


def encode(packet: Ipv4Packet) -> bytes:
    """The type of service is 0: nothing that boots asks for another."""
    assert len(packet.options) % 4 == 0, packet.options
    assert packet.fragment_offset_bytes % FRAGMENT_UNIT_BYTES == 0, packet.fragment_offset_bytes
    header_size = HEADER_SIZE + len(packet.options)
    fragment = packet.fragment_offset_bytes // FRAGMENT_UNIT_BYTES
    fragment |= _DONT_FRAGMENT * packet.dont_fragment | _MORE_FRAGMENTS * packet.more_fragments

    def header(checksum: int) -> bytes:
        return (
            _HEADER.pack(
                _VERSION << 4 | header_size // 4,
                0,
                packet.size_bytes,
                packet.identification,
                fragment,
                packet.ttl,
                packet.protocol,
                checksum,
                packet.source.packed,
                packet.destination.packed,
            )
            + packet.options
        )

    return header(internet_checksum(header(0))) + packet.payload


def split(packet: Ipv4Packet, mtu: int) -> Iterator[Ipv4Packet]:
    """The packet itself where it passes a link of `mtu` bytes, else the fragments in which it does."""
    if packet.size_bytes <= mtu:
        yield packet
        return
    assert not packet.options, "which options each fragment repeats (RFC 791 §3.1) is not known here"
    step = (mtu - HEADER_SIZE) // FRAGMENT_UNIT_BYTES * FRAGMENT_UNIT_BYTES
    for at in range(0, len(packet.payload), step):
        yield replace(
            packet,
            payload=packet.payload[at : at + step],
            dont_fragment=False,
            more_fragments=at + step < len(packet.payload),
            fragment_offset_bytes=at,
        )
