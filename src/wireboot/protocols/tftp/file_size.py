"""How large the file may be that a client reads: what there is room for, and what was announced (RFC 2349)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from wireboot.protocols.tftp.fetch import FetchProblem
from wireboot.protocols.tftp.packet import ErrorCode


class SizeProblem(NamedTuple):
    """Why the file is not taken: what the server is told, what is told here, and in which words."""

    code: ErrorCode
    problem: FetchProblem
    text: str


@dataclass(slots=True)
class FileSize:
    room_bytes: int
    announced_bytes: int | None = None
    """None: the server has not said."""

    def problem_announced(self) -> SizeProblem | None:
        """What is wrong with the size that was announced, if anything."""
        if self.announced_bytes is not None and self.announced_bytes > self.room_bytes:
            return self._no_room_for(f"{self.announced_bytes}")
        return None

    def problem(self, received_bytes: int, *, complete: bool) -> SizeProblem | None:
        """What is wrong with the size to which the file has grown, if anything."""
        if received_bytes > self.room_bytes:
            return self._no_room_for("more")
        announced = self.announced_bytes
        if announced is not None and (received_bytes > announced or (complete and received_bytes < announced)):
            came = f"{received_bytes}" if complete else "more"
            text = f"{announced} bytes were announced, {came} came"
            return SizeProblem(ErrorCode.UNDEFINED, FetchProblem.PACKET_INVALID, text)
        return None

    def _no_room_for(self, size: str) -> SizeProblem:
        # ERROR 3 is what EDK2 sends when its buffer is too small.
        text = f"room for {self.room_bytes} bytes, the file has {size}"
        return SizeProblem(ErrorCode.DISK_FULL, FetchProblem.FILE_TOO_LARGE, text)
