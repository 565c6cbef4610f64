"""ICMP messages: echo, and what a destination unreachable says of a UDP datagram (RFC 792)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.wire.checksum import internet_checksum
from wireboot.wire.ipv4 import HEADER_SIZE as IPV4_HEADER_SIZE
from wireboot.wire.ipv4 import UDP

ECHO_REPLY, DESTINATION_UNREACHABLE, ECHO = 0, 3, 8
PORT_UNREACHABLE = 3
"""Code of a destination unreachable."""
TRANSIENT_CODES = (0, 1, 5)
"""Net or host unreachable, source route failed: hints that may be over in a moment, no proof (RFC 1122 §3.2.2.1)."""

HEADER_SIZE = 8
_HEADER = struct.Struct("!BBH4s")
_QUOTED_IPV4 = struct.Struct("!B8xB2x4s4s")
_QUOTED_PORTS = struct.Struct("!HH")


@dataclass(frozen=True, slots=True)
class IcmpMessage:
    kind: int
    code: int
    rest_of_header: bytes
    """4 bytes; an echo has its identifier and sequence number there."""
    body: bytes


@dataclass(frozen=True, slots=True)
class QuotedDatagram:
    """The UDP datagram that an error message is about, as far as the message must quote it."""

    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int


def decode(data: bytes) -> IcmpMessage:
    """Raises DecodeError for a cut header or a wrong checksum."""
    if len(data) < HEADER_SIZE:
        raise DecodeError("header", len(data), f"{len(data)} bytes where an ICMP header has {HEADER_SIZE}")
    if internet_checksum(data):
        raise DecodeError("checksum", 2, "wrong")
    kind, code, _, rest = _HEADER.unpack_from(data)
    return IcmpMessage(kind, code, rest, data[HEADER_SIZE:])


def encode(message: IcmpMessage) -> bytes:
    def header(checksum: int) -> bytes:
        return _HEADER.pack(message.kind, message.code, checksum, message.rest_of_header)

    return header(internet_checksum(header(0) + message.body)) + message.body


def quoted_datagram(message: IcmpMessage) -> QuotedDatagram | None:
    """What an error message is about: the header and the first 8 bytes of the packet; None where that is not UDP.

    Raises DecodeError where less is quoted. The quoted checksum and lengths are not looked at: routers change the one
    and cut the others.
    """
    quoted = message.body
    if len(quoted) < IPV4_HEADER_SIZE:
        raise DecodeError("quoted header", len(quoted), f"{len(quoted)} bytes where IPv4 has {IPV4_HEADER_SIZE}")
    first, protocol, source, destination = _QUOTED_IPV4.unpack_from(quoted)
    if protocol != UDP:
        return None
    ports_at = (first & 0x0F) * 4
    if ports_at < IPV4_HEADER_SIZE or len(quoted) < ports_at + _QUOTED_PORTS.size:
        raise DecodeError("quoted ports", len(quoted), f"{len(quoted)} bytes with the ports at {ports_at}")
    source_port, destination_port = _QUOTED_PORTS.unpack_from(quoted, ports_at)
    return QuotedDatagram(IPv4Address(source), source_port, IPv4Address(destination), destination_port)
