"""An echo request, and the two things that come back for it (RFC 792)."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.errors import DecodeError
from wireboot.wire import icmp, ipv4
from wireboot.wire.icmp import IcmpMessage

_NUMBERS = struct.Struct("!HH")
_QUOTED_IPV4 = struct.Struct("!B8xB6x4s")
_QUOTED_ICMP = struct.Struct("!BB2x4s")


class QuotedEcho(NamedTuple):
    """The echo request that an error message is about, as far as the message must quote it."""

    destination: IPv4Address
    numbers: bytes
    """Identifier and sequence number."""


def request(identifier: int, sequence: int, data: bytes) -> IcmpMessage:
    return IcmpMessage(icmp.ECHO, 0, _NUMBERS.pack(identifier, sequence), data)


def reply_to(echo: IcmpMessage) -> IcmpMessage:
    """All that may come back as an answer: identifier, sequence number and data are the request's."""
    return replace(echo, kind=icmp.ECHO_REPLY)


def quoted_echo(message: IcmpMessage) -> QuotedEcho | None:
    """What an error message is about: the header and the first 8 bytes of the packet; None where that is no echo.

    Raises DecodeError where less is quoted.
    """
    quoted = message.body
    if len(quoted) < _QUOTED_IPV4.size:
        raise DecodeError("quoted header", len(quoted), f"{len(quoted)} bytes where IPv4 has {_QUOTED_IPV4.size}")
    first, protocol, destination = _QUOTED_IPV4.unpack_from(quoted)
    if protocol != ipv4.ICMP:
        return None
    header_size = (first & 0x0F) * 4
    if header_size < _QUOTED_IPV4.size or len(quoted) < header_size + _QUOTED_ICMP.size:
        raise DecodeError("quoted echo", len(quoted), f"{len(quoted)} bytes with the echo at {header_size}")
    kind, code, numbers = _QUOTED_ICMP.unpack_from(quoted, header_size)
    return QuotedEcho(IPv4Address(destination), numbers) if (kind, code) == (icmp.ECHO, 0) else None
