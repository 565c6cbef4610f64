"""An ARP packet for IPv4 over Ethernet (RFC 826)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.errors import DecodeError

_LAYOUT = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4, _HARDWARE_SIZE, _PROTOCOL_SIZE = 1, 0x0800, 6, 4
REQUEST, REPLY = 1, 2


@dataclass(frozen=True, slots=True)
class ArpPacket:
    operation: int
    sender_link_address: bytes
    sender_address: IPv4Address
    target_link_address: bytes
    target_address: IPv4Address


def decode(data: bytes) -> ArpPacket:
    """Raises DecodeError for anything but ARP for IPv4 over Ethernet."""
    if len(data) < _LAYOUT.size:
        raise DecodeError("packet", len(data), f"{len(data)} bytes where ARP has {_LAYOUT.size}")
    hardware, protocol, hardware_size, protocol_size, operation, *rest = _LAYOUT.unpack_from(data)
    if (hardware, protocol, hardware_size, protocol_size) != (_ETHERNET, _IPV4, _HARDWARE_SIZE, _PROTOCOL_SIZE):
        raise DecodeError("hardware type", 0, "not IPv4 over Ethernet")
    sender_link_address, sender, target_link_address, target = rest
    return ArpPacket(operation, sender_link_address, IPv4Address(sender), target_link_address, IPv4Address(target))


def encode(packet: ArpPacket) -> bytes:
    return _LAYOUT.pack(
        _ETHERNET,
        _IPV4,
        _HARDWARE_SIZE,
        _PROTOCOL_SIZE,
        packet.operation,
        packet.sender_link_address,
        packet.sender_address.packed,
        packet.target_link_address,
        packet.target_address.packed,
    )


def probe(link_address: bytes, address: IPv4Address) -> ArpPacket:
    """Asks who has `address` without claiming any for ourselves (RFC 5227 §2.1.1)."""
    return ArpPacket(REQUEST, link_address, IPv4Address(0), bytes(_HARDWARE_SIZE), address)
