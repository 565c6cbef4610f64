"""A file cut into the blocks of a transfer, a window at a time, as it is (octet) or as text (netascii)."""

from __future__ import annotations

from typing import Protocol

from wireboot.protocols.tftp.files import OpenFile

_NETASCII_CHUNK_BYTES = 16 * 1024


class ContentLost(Exception):  # noqa: N818  # told to the client, not a fault of ours
    """The file can no longer be read as it was announced."""


class Content(Protocol):
    """Blocks numbered from 1 without a limit. The last one is shorter than the rest, and may be empty (RFC 1350 §6)."""

    @property
    def last_block(self) -> int | None:
        """The number of the last block, or None as long as it is not known."""

    def window(self, first: int, count: int) -> list[bytes]:
        """`count` blocks from `first` on, fewer at the end. `first` never goes back. Raises ContentLost."""


class OctetContent:
    """The bytes of the file as they are."""

    def __init__(self, file: OpenFile, blksize: int) -> None:
        self._file, self._size_bytes, self._blksize = file, file.size_bytes, blksize
        self.last_block = self._size_bytes // blksize + 1

    def window(self, first: int, count: int) -> list[bytes]:
        offset = (first - 1) * self._blksize
        wanted = min(count * self._blksize, self._size_bytes - offset)
        run = _read(self._file, offset, wanted)
        blocks = [run[at : at + self._blksize] for at in range(0, wanted, self._blksize)]
        if first + count > self.last_block and wanted % self._blksize == 0:
            blocks.append(b"")
        return blocks


class NetasciiContent:
    """LF as CR LF and CR as CR NUL (RFC 764), cut into blocks after the conversion.

    Only the blocks from the window on are held, so a file of any size takes the memory of a window and a chunk.
    """

    def __init__(self, file: OpenFile, blksize: int) -> None:
        self._file, self._size_bytes, self._blksize = file, file.size_bytes, blksize
        self._read_bytes = 0
        self._first_held = 1
        self._held: list[bytes] = []
        self._rest = b""
        self.last_block: int | None = None

    def window(self, first: int, count: int) -> list[bytes]:
        del self._held[: first - self._first_held]
        self._first_held = first
        while len(self._held) < count and self.last_block is None:
            self._convert_more()
        return self._held[:count]

    def _convert_more(self) -> None:
        wanted = min(_NETASCII_CHUNK_BYTES, self._size_bytes - self._read_bytes)
        chunk = _read(self._file, self._read_bytes, wanted)
        self._read_bytes += wanted
        text = self._rest + chunk.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")
        whole = len(text) // self._blksize * self._blksize
        self._held += [text[at : at + self._blksize] for at in range(0, whole, self._blksize)]
        self._rest = text[whole:]
        if self._read_bytes == self._size_bytes:
            self._held.append(self._rest)
            self.last_block = self._first_held + len(self._held) - 1


def _read(file: OpenFile, offset: int, wanted: int) -> bytes:
    """Exactly `wanted` bytes. Raises ContentLost where they are not there, or more are than was announced."""
    # At the announced end one byte more is asked for, so that a file that grew meanwhile is noticed.
    beyond = 1 if offset + wanted == file.size_bytes else 0
    try:
        run = file.read(offset, wanted + beyond)
    except OSError as problem:
        raise ContentLost(f"cannot be read: {problem.strerror or 'unknown error'}") from problem
    if len(run) != wanted:
        raise ContentLost("changed its size during the transfer")
    return run
