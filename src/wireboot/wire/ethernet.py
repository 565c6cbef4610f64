"""Ethernet II frames: 14 bytes of header, then the payload (RFC 894)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.errors import DecodeError

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
BROADCAST = b"\xff" * 6
HEADER_SIZE = 14

_HEADER = struct.Struct("!6s6sH")
_GROUP_BIT = 0x01


@dataclass(frozen=True, slots=True)
class Frame:
    """As it goes to the card: no preamble, no check sequence, and padding only where a sender put it."""

    destination: bytes
    source: bytes
    ethertype: int
    """Up to 1500 it is the length of an IEEE 802.3 frame, which carries no IPv4."""
    payload: bytes


def decode(data: bytes) -> Frame:
    """Raises DecodeError where the header is not whole."""
    if len(data) < HEADER_SIZE:
        raise DecodeError("frame", len(data), f"{len(data)} bytes where an Ethernet header has {HEADER_SIZE}")
    destination, source, ethertype = _HEADER.unpack_from(data)
    return Frame(destination, source, ethertype, data[HEADER_SIZE:])


def encode(frame: Frame) -> bytes:
    return _HEADER.pack(frame.destination, frame.source, frame.ethertype) + frame.payload


def is_group(link_address: bytes) -> bool:
    """Whether a MAC names several stations: a multicast or the broadcast."""
    return bool(link_address[0] & _GROUP_BIT)


def multicast_link_address(group: IPv4Address) -> bytes:
    """The MAC of an IPv4 group: its low 23 bits behind 01:00:5e (RFC 1112 §6.4)."""
    return b"\x01\x00\x5e" + (int(group) & 0x7FFFFF).to_bytes(3, "big")
