"""What the TFTP server asks of whoever holds the files."""

from __future__ import annotations

from typing import Protocol

from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.packet import ErrorCode


class OpenFile(Protocol):
    """An open file. `size_bytes` is its size when it was opened."""

    @property
    def size_bytes(self) -> int: ...

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on, fewer only where the file ends. Raises OSError."""

    def close(self) -> None:
        """Give the file back. Called once."""


class BootFiles(Protocol):
    """The files on offer."""

    def open(self, name: str, peer: SocketAddress) -> OpenFile:
        """Open the file of this normalised name (`file_name.normalise`) for `peer`. Raises FileRefused."""


class FileRefused(Exception):  # noqa: N818  # an answer to the client, not a fault
    """The file is not served. `text` goes to the client and holds no path of this machine; `reason` is for the log."""

    def __init__(self, code: ErrorCode, text: str, reason: str | None = None) -> None:
        super().__init__(reason or text)
        self.code = code
        self.text = text
        self.reason = reason or text
