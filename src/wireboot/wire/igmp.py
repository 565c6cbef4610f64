"""IGMP as a host speaks it, versions 1 and 2 (RFC 1112 appendix I, RFC 2236 §2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.wire.checksum import internet_checksum

ALL_SYSTEMS = IPv4Address("224.0.0.1")
ALL_ROUTERS = IPv4Address("224.0.0.2")
EVERY_GROUP = IPv4Address(0)
"""The group of a general query."""

MESSAGE_SIZE = 8
_MESSAGE = struct.Struct("!BBH4s")


class IgmpType(IntEnum):
    MEMBERSHIP_QUERY = 0x11
    V1_MEMBERSHIP_REPORT = 0x12
    V2_MEMBERSHIP_REPORT = 0x16
    LEAVE_GROUP = 0x17


@dataclass(frozen=True, slots=True)
class IgmpMessage:
    kind: int
    """One of `IgmpType`, or what another version says."""
    group: IPv4Address
    max_response_code: int = 0
    """In a query how long an answer may take, in tenths of a second. 0: the router speaks version 1."""


def decode(data: bytes) -> IgmpMessage:
    """Raises DecodeError for a cut message or a wrong checksum.

    Of a longer message only the 8 bytes that version 2 knows are read (RFC 2236 §2.5): a version 3 query is a query.
    """
    if len(data) < MESSAGE_SIZE:
        raise DecodeError("message", len(data), f"{len(data)} bytes where an IGMP message has {MESSAGE_SIZE}")
    if internet_checksum(data):
        raise DecodeError("checksum", 2, "wrong")
    kind, code, _, group = _MESSAGE.unpack_from(data)
    return IgmpMessage(kind, IPv4Address(group), code)


def encode(message: IgmpMessage) -> bytes:
    def written(checksum: int) -> bytes:
        return _MESSAGE.pack(message.kind, message.max_response_code, checksum, message.group.packed)

    return written(internet_checksum(written(0)))
