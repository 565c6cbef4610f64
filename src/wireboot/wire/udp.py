"""UDP in an IPv4 packet (RFC 768)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.wire.checksum import internet_checksum
from wireboot.wire.ipv4 import UDP

HEADER_SIZE = 8
_HEADER = struct.Struct("!HHHH")
_PSEUDO_HEADER = struct.Struct("!4s4sBBH")


@dataclass(frozen=True, slots=True)
class UdpPacket:
    source_port: int
    destination_port: int
    payload: bytes


def decode(data: bytes, source: IPv4Address, destination: IPv4Address) -> UdpPacket:
    """Raises DecodeError for a wrong length or checksum."""
    if len(data) < HEADER_SIZE:
        raise DecodeError("header", len(data), f"{len(data)} bytes where a UDP header has {HEADER_SIZE}")
    source_port, destination_port, size, checksum = _HEADER.unpack_from(data)
    if not HEADER_SIZE <= size <= len(data):
        raise DecodeError("length", 4, f"{size} where {len(data)} bytes were received")
    whole = data[:size]
    # A sender that makes no checksum writes 0.
    if checksum and internet_checksum(_pseudo_header(source, destination, size) + whole):
        raise DecodeError("checksum", 6, "wrong")
    return UdpPacket(source_port, destination_port, whole[HEADER_SIZE:])


def encode(packet: UdpPacket, source: IPv4Address, destination: IPv4Address) -> bytes:
    size = HEADER_SIZE + len(packet.payload)
    without = _HEADER.pack(packet.source_port, packet.destination_port, size, 0) + packet.payload
    # 0 would say "no checksum"; the same sum is written as all ones.
    checksum = internet_checksum(_pseudo_header(source, destination, size) + without) or 0xFFFF
    return _HEADER.pack(packet.source_port, packet.destination_port, size, checksum) + packet.payload


def _pseudo_header(source: IPv4Address, destination: IPv4Address, size: int) -> bytes:
    return _PSEUDO_HEADER.pack(source.packed, destination.packed, 0, UDP, size)
