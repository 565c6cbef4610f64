"""A DHCPv4 message as bytes and as a value (RFC 2131 §2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import TypeVar

from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.options import END, MESSAGE_TYPE, OVERLOAD, PAD, RELAY_AGENT_INFORMATION, MessageType
from wireboot.wire.addresses import UNSPECIFIED
from wireboot.wire.iana import ETHERNET
from wireboot.wire.option_table import Option, Options

T = TypeVar("T")

BOOTREQUEST = 1
BOOTREPLY = 2
BROADCAST_FLAG = 0x8000

_HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s")
COOKIE = b"\x63\x82\x53\x63"
OPTIONS_AT = _HEADER.size + len(COOKIE)
_FILE_AT, _SNAME_AT = 108, 44
_FILE_HOLDS_OPTIONS, _SNAME_HOLDS_OPTIONS = 1, 2

CHADDR_SIZE, FILE_SIZE, SNAME_SIZE = 16, 128, 64
"""Bytes of the fixed fields."""

SIZE_MIN = 300
"""BOOTP's message size (RFC 951 §3): relays and old clients may drop a shorter one."""
IP_UDP_HEADERS = 28
SIZE_DEFAULT_MAX = 576 - IP_UDP_HEADERS
"""What every client takes (RFC 2131 §2), in bytes of UDP payload."""

_UNSPLITTABLE = 43
"""Firmware reads the first option 43 only and joins nothing (pxe/vendor_options.py), so it is never split."""


@dataclass(frozen=True, slots=True)
class Message:
    """A DHCPv4 message. Where options lay (overload, splitting) is the codec's matter and not kept."""

    op: int
    xid: int
    chaddr: bytes
    """The client's hardware address, as long as `hlen` says: 6 bytes for Ethernet, 16 where a ROM puts its UUID."""
    htype: int = ETHERNET
    hops: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: IPv4Address = UNSPECIFIED
    yiaddr: IPv4Address = UNSPECIFIED
    siaddr: IPv4Address = UNSPECIFIED
    giaddr: IPv4Address = UNSPECIFIED
    sname: bytes = b""
    file: bytes = b""
    options: Options = field(default_factory=Options)

    @property
    def message_type(self) -> MessageType | None:
        """None for plain BOOTP. Raises DecodeError for a type that does not exist."""
        return self.options.get(MESSAGE_TYPE)

    @property
    def wants_broadcast(self) -> bool:
        return bool(self.flags & BROADCAST_FLAG)

    def with_option(self, option: Option[T], value: T) -> Message:
        return replace(self, options=self.options.with_option(option, value))


def decode(data: bytes) -> Message:
    """The message in a UDP payload. Raises DecodeError with the field and offset where it stops being one."""
    if len(data) < OPTIONS_AT:
        raise DecodeError("header", len(data), f"{len(data)} bytes where a DHCP message has at least {OPTIONS_AT}")
    op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file = _HEADER.unpack_from(
        data
    )
    if op not in (BOOTREQUEST, BOOTREPLY):
        raise DecodeError("op", 0, f"{op} is neither request (1) nor reply (2)")
    if hlen > len(chaddr):
        raise DecodeError("hlen", 2, f"a hardware address of {hlen} bytes in a field of {len(chaddr)}")
    values, overload = _decode_options(data) if data[_HEADER.size : OPTIONS_AT] == COOKIE else _no_options(data)
    return Message(
        op=op,
        htype=htype,
        hops=hops,
        xid=xid,
        secs=secs,
        flags=flags,
        ciaddr=_address(ciaddr),
        yiaddr=_address(yiaddr),
        siaddr=_address(siaddr),
        giaddr=_address(giaddr),
        chaddr=chaddr[:hlen],
        sname=b"" if overload & _SNAME_HOLDS_OPTIONS else _up_to_nul(sname),
        file=b"" if overload & _FILE_HOLDS_OPTIONS else _up_to_nul(file),
        options=Options(values),
    )


def encode(message: Message, size_max: int | None = None) -> bytes:
    """The UDP payload of a message, at least 300 bytes long.

    Options that do not fit into `size_max` bytes go into `file` and `sname` where those are free (option overload,
    RFC 2132 §9.3); what fits nowhere is left out, last option first, so callers put first what matters most. The relay
    agent information is never left out and always last (RFC 3046 §2.2). Raises ValueError where `sname` or `file` is
    too long for its field.
    """
    if len(message.sname) > SNAME_SIZE or len(message.file) > FILE_SIZE:
        raise ValueError("sname or file longer than its field")
    assert len(message.chaddr) <= CHADDR_SIZE, message.chaddr
    sections = _lay_out_options(message, size_max)
    header = _HEADER.pack(
        message.op,
        message.htype,
        len(message.chaddr),
        message.hops,
        message.xid,
        message.secs,
        message.flags,
        message.ciaddr.packed,
        message.yiaddr.packed,
        message.siaddr.packed,
        message.giaddr.packed,
        message.chaddr,
        sections.sname or message.sname,
        sections.file or message.file,
    )
    return (header + COOKIE + sections.options).ljust(SIZE_MIN, b"\0")


def _no_options(data: bytes) -> tuple[dict[int, bytes], int]:
    """Of a BOOTP client that puts nothing into its vendor field (RFC 951 §3)."""
    if any(data[_HEADER.size :]):
        raise DecodeError("magic cookie", _HEADER.size, "not 63 82 53 63")
    return {}, 0


def _decode_options(data: bytes) -> tuple[dict[int, bytes], int]:
    """All options and the overload value. Repeated options are one, joined in order (RFC 3396 §7)."""
    values: dict[int, bytes] = {}
    _decode_section(data, OPTIONS_AT, len(data), values)
    overload_value = values.pop(OVERLOAD, b"\0")
    if len(overload_value) != 1 or overload_value[0] > _FILE_HOLDS_OPTIONS | _SNAME_HOLDS_OPTIONS:
        raise DecodeError("option 52", OPTIONS_AT, "option-overload: neither 1, 2 nor 3")
    overload = overload_value[0]
    if overload & _FILE_HOLDS_OPTIONS:
        _decode_section(data, _FILE_AT, _FILE_AT + FILE_SIZE, values)
    if overload & _SNAME_HOLDS_OPTIONS:
        _decode_section(data, _SNAME_AT, _SNAME_AT + SNAME_SIZE, values)
    # Inside the fields it has announced it says nothing more.
    values.pop(OVERLOAD, None)
    return values, overload


def _decode_section(data: bytes, at: int, end: int, values: dict[int, bytes]) -> None:
    while at < end:
        code = data[at]
        if code == END:
            return
        if code == PAD:
            at += 1
            continue
        if at + 1 >= end:
            raise DecodeError(f"option {code}", at, "its length is missing")
        value_end = at + 2 + data[at + 1]
        if value_end > end:
            raise DecodeError(f"option {code}", at + 1, f"{data[at + 1]} bytes announced, {end - at - 2} left")
        value = data[at + 2 : value_end]
        if code == _UNSPLITTABLE:
            values.setdefault(code, value)
        else:
            values[code] = values.get(code, b"") + value
        at = value_end
    # No END: many old clients leave it out, and nothing is ambiguous without it.


@dataclass(frozen=True, slots=True)
class _Sections:
    options: bytes
    file: bytes = b""
    sname: bytes = b""


def _lay_out_options(message: Message, size_max: int | None) -> _Sections:
    last = b""
    pieces: list[bytes] = []
    for code, value in message.options.items():
        if code in (PAD, OVERLOAD, END):
            continue
        if code == RELAY_AGENT_INFORMATION.code:
            last = _encode_option(code, value)
        else:
            pieces.append(_encode_option(code, value))
    last += bytes([END])
    room = 1 << 16 if size_max is None else size_max - OPTIONS_AT - len(last)
    if sum(map(len, pieces)) <= room:
        return _Sections(b"".join(pieces) + last)

    if MESSAGE_TYPE.code not in message.options:
        # BOOTP knows no option overload (RFC 1534 §2).
        return _Sections(_take(pieces, room) + last)
    overload = (0 if message.file else _FILE_HOLDS_OPTIONS) | (0 if message.sname else _SNAME_HOLDS_OPTIONS)
    if not overload:
        return _Sections(_take(pieces, room) + last)
    options = _take(pieces, room - 3)
    file = _take(pieces, FILE_SIZE - 1) if overload & _FILE_HOLDS_OPTIONS else b""
    sname = _take(pieces, SNAME_SIZE - 1) if overload & _SNAME_HOLDS_OPTIONS else b""
    used = (_FILE_HOLDS_OPTIONS if file else 0) | (_SNAME_HOLDS_OPTIONS if sname else 0)
    return _Sections(
        options + (bytes([OVERLOAD, 1, used]) if used else b"") + last,
        file and file + bytes([END]),
        sname and sname + bytes([END]),
    )


def _take(pieces: list[bytes], room: int) -> bytes:
    """Remove from the front of `pieces` what fits into `room` bytes, skipping what does not, and join it."""
    taken = b""
    for piece in list(pieces):
        if len(taken) + len(piece) <= room:
            taken += piece
            pieces.remove(piece)
    return taken


def _encode_option(code: int, value: bytes) -> bytes:
    if len(value) <= 255:
        return bytes([code, len(value)]) + value
    assert code != _UNSPLITTABLE, "option 43 longer than 255 bytes"
    return b"".join(_encode_option(code, value[at : at + 255]) for at in range(0, len(value), 255))


def _address(packed: bytes) -> IPv4Address:
    # Most of the four are empty in every message.
    return IPv4Address(packed) if any(packed) else UNSPECIFIED


def _up_to_nul(text: bytes) -> bytes:
    return text.partition(b"\0")[0]
