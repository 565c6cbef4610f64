"""TFTP packets and the bytes they stand in (RFC 1350 §5, RFC 2347)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from wireboot.errors import DecodeError

REQUEST_BYTES_MAX = 1468
"""RFC 2347 keeps a request to 512 bytes; firmware with many options goes beyond, up to one Ethernet frame."""

Options = tuple[tuple[str, str], ...]
"""Names and values in the order and spelling of the packet."""


class Opcode(IntEnum):
    READ_REQUEST = 1
    WRITE_REQUEST = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OPTION_ACK = 6


class ErrorCode(IntEnum):
    """RFC 1350 appendix I, and 8 from RFC 2347. A peer may send any other number."""

    UNDEFINED = 0
    FILE_NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TRANSFER_ID = 5
    FILE_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_NEGOTIATION_FAILED = 8


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """RRQ. `mode` is as the client spelled it; case does not matter."""

    file: str
    mode: str
    options: Options = ()


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """WRQ."""

    file: str
    mode: str
    options: Options = ()


@dataclass(frozen=True, slots=True)
class Data:
    """`block` is the number on the wire, 0 to 65535."""

    block: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    block: int


@dataclass(frozen=True, slots=True)
class Error:
    code: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class OptionAck:
    """OACK: the options the server accepts, with the values it agrees to (RFC 2347)."""

    options: Options


Packet = ReadRequest | WriteRequest | Data | Ack | Error | OptionAck


def decode(wire: bytes) -> Packet:
    """The packet in a UDP payload. Raises DecodeError for bytes that are none."""
    if len(wire) < 2:
        raise DecodeError("opcode", 0, f"{len(wire)} bytes are too short for one")
    opcode = wire[0] << 8 | wire[1]
    decoder = _DECODERS.get(opcode)
    if decoder is None:
        raise DecodeError("opcode", 0, f"{opcode} is none of 1 to 6")
    return decoder(wire)


def encode(packet: Packet) -> bytes:
    """The UDP payload for `packet`, whose texts must hold no NUL and whose option names must not be empty."""
    match packet:
        case ReadRequest():
            return _encode_request(Opcode.READ_REQUEST, packet.file, packet.mode, packet.options)
        case WriteRequest():
            return _encode_request(Opcode.WRITE_REQUEST, packet.file, packet.mode, packet.options)
        case Data():
            return encode_data(packet.block, packet.payload)
        case Ack():
            return _TWO_NUMBERS.pack(Opcode.ACK, packet.block)
        case Error():
            return _TWO_NUMBERS.pack(Opcode.ERROR, packet.code) + _encode_texts(packet.text)
        case OptionAck():
            return _NUMBER.pack(Opcode.OPTION_ACK) + _encode_options(packet.options)


def encode_data(block: int, payload: bytes) -> bytes:
    """`encode(Data(block, payload))` without the value between: senders do little else."""
    return _TWO_NUMBERS.pack(3, block) + payload


_NUMBER = struct.Struct(">H")
_TWO_NUMBERS = struct.Struct(">HH")


def _decode_read_request(wire: bytes) -> ReadRequest:
    return ReadRequest(*_decode_request(wire))


def _decode_write_request(wire: bytes) -> WriteRequest:
    return WriteRequest(*_decode_request(wire))


def _decode_request(wire: bytes) -> tuple[str, str, Options]:
    if len(wire) > REQUEST_BYTES_MAX:
        raise DecodeError("request", REQUEST_BYTES_MAX, f"{len(wire)} bytes are too long for one")
    file, at = _decode_text(wire, 2, "file name")
    mode, at = _decode_text(wire, at, "mode")
    return file, mode, _decode_options(wire, at)


def _decode_data(wire: bytes) -> Data:
    return Data(_second_number(wire, "block"), wire[4:])


def _decode_ack(wire: bytes) -> Ack:
    # Bytes after the number are let pass: other servers do, and nothing depends on them.
    return Ack(_second_number(wire, "block"))


def _decode_error(wire: bytes) -> Error:
    # The text may lack its NUL or be missing: an ERROR that ends a transfer counts however badly it is written.
    return Error(_second_number(wire, "error code"), _text(wire[4:].partition(b"\0")[0]))


def _decode_option_ack(wire: bytes) -> OptionAck:
    return OptionAck(_decode_options(wire, 2))


_DECODERS: dict[int, Callable[[bytes], Packet]] = {
    Opcode.READ_REQUEST: _decode_read_request,
    Opcode.WRITE_REQUEST: _decode_write_request,
    Opcode.DATA: _decode_data,
    Opcode.ACK: _decode_ack,
    Opcode.ERROR: _decode_error,
    Opcode.OPTION_ACK: _decode_option_ack,
}


def _second_number(wire: bytes, field: str) -> int:
    if len(wire) < 4:
        raise DecodeError(field, 2, "cut off")
    return wire[2] << 8 | wire[3]


def _decode_options(wire: bytes, at: int) -> Options:
    options: list[tuple[str, str]] = []
    while at < len(wire):
        # Some firmware sends its request in a buffer of fixed size, filled up with NULs.
        if not wire[at:].strip(b"\0"):
            break
        name, value_at = _decode_text(wire, at, "option name")
        if not name:
            raise DecodeError("option name", at, "empty")
        value, at = _decode_text(wire, value_at, f"value of option {name!r}")
        options.append((name, value))
    return tuple(options)


def _decode_text(wire: bytes, at: int, field: str) -> tuple[str, int]:
    """The text that begins at `at` and the offset after its NUL."""
    end = wire.find(b"\0", at)
    if end < 0:
        raise DecodeError(field, at, "not ended by a NUL" if at < len(wire) else "missing")
    return _text(wire[at:end]), end + 1


def _text(raw: bytes) -> str:
    # The RFC knows ASCII only. Names beyond it are UTF-8 as a rule; in what is not, each byte is kept as one letter.
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _encode_request(opcode: Opcode, file: str, mode: str, options: Options) -> bytes:
    wire = _NUMBER.pack(opcode) + _encode_texts(file, mode) + _encode_options(options)
    assert len(wire) <= REQUEST_BYTES_MAX, len(wire)
    return wire


def _encode_options(options: Options) -> bytes:
    assert all(name for name, _ in options), options
    return b"".join(_encode_texts(name, value) for name, value in options)


def _encode_texts(*texts: str) -> bytes:
    assert not any("\0" in text for text in texts), texts
    return b"".join(text.encode() + b"\0" for text in texts)
