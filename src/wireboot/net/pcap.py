"""Frames written to a capture file that Wireshark and tcpdump read (pcapng, draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import os
import struct
from enum import IntEnum
from pathlib import Path
from typing import Self

from wireboot.errors import OperatorError

# fmt: off
_SECTION_HEADER, _INTERFACE_DESCRIPTION, _ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER_MAGIC      = 0x1A2B3C4D
_VERSION               = (1, 0)
_LENGTH_UNKNOWN        = -1
_ETHERNET              = 1
_END_OF_OPTIONS        = 0
_COMMENT               = 1
_USER_APPLICATION      = 4
_INTERFACE_NAME        = 2
_TIMESTAMP_RESOLUTION  = 9
_PACKET_FLAGS          = 2
# fmt: on
_TICKS_PER_S, _RESOLUTION = 10**6, b"\x06"
"""Microseconds: seconds since the epoch as a float carry no more."""


class Direction(IntEnum):
    """Which way a frame went, as the file's packet flags say it."""

    RECEIVED = 1
    SENT = 2


class PcapWriter:
    """Writes each frame through to the file at once, so that a client that is killed leaves a whole capture."""

    def __init__(self, path: Path, interface_name: str) -> None:
        """Raises OperatorError where the file cannot be written. A file that is there already is replaced."""
        self._path = path
        self._comments: list[str] = []
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as problem:
            raise self._cannot_write(problem) from None
        self._write(_block(_SECTION_HEADER, struct.pack("=IHHq", _BYTE_ORDER_MAGIC, *_VERSION, _LENGTH_UNKNOWN),
                           _option(_USER_APPLICATION, b"wireboot")))  # fmt: skip
        self._write(_block(_INTERFACE_DESCRIPTION, struct.pack("=HHI", _ETHERNET, 0, 0),
                           _option(_INTERFACE_NAME, interface_name.encode()),
                           _option(_TIMESTAMP_RESOLUTION, _RESOLUTION)))  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, frame: bytes, at_s: float, direction: Direction) -> None:
        """`at_s` is in seconds since the epoch. Raises OperatorError where the file cannot be written any more."""
        ticks = round(at_s * _TICKS_PER_S)
        comments = [_option(_COMMENT, comment.encode()) for comment in self._comments]
        self._comments.clear()
        fixed = struct.pack("=IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        flags = _option(_PACKET_FLAGS, struct.pack("=I", direction))
        self._write(_block(_ENHANCED_PACKET, fixed + _padded(frame), *comments, flags))

    def comment(self, text: str) -> None:
        """Have the next frame carry this comment, such as the step that begins with it."""
        self._comments.append(text)

    def close(self) -> None:
        self._file.close()

    def _write(self, block: bytes) -> None:
        try:
            self._file.write(block)
        except OSError as problem:
            raise self._cannot_write(problem) from None

    def _cannot_write(self, problem: OSError) -> OperatorError:
        return OperatorError(
            f"cannot write the capture {self._path}: {os.strerror(problem.errno or 0).lower()}",
            hint="name a file in a folder that exists, may be written to and has room",
        )


def _block(kind: int, fixed: bytes, *options: bytes) -> bytes:
    """A block: its type, its length before and after, so that it can be read backwards too."""
    body = fixed + b"".join(options) + struct.pack("=HH", _END_OF_OPTIONS, 0)
    size = struct.pack("=I", 12 + len(body))
    return struct.pack("=I", kind) + size + body + size


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("=HH", code, len(value)) + _padded(value)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % 4)
