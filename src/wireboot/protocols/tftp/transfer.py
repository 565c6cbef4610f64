"""One transfer as the server keeps it: who asked what, how far it is, when it wakes."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TypedDict

from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.events import TransferAborted, TransferEnded, TransferFailed, TransferFinished
from wireboot.protocols.tftp.files import OpenFile
from wireboot.protocols.tftp.packet import Error, ErrorCode
from wireboot.protocols.tftp.sender import Ending, TftpSender

TransferId = tuple["SocketAddress", int]
"""The client's address and the server's port: the two transfer identifiers of RFC 1350 §4."""

# EDK2 ends a probe with 8, the ROMs of the BIOS with 0.
_SIZE_PROBE_CODES = {ErrorCode.UNDEFINED, ErrorCode.OPTION_NEGOTIATION_FAILED}

PEER_TEXT_MAX = 200
"""Letters of a client's ERROR that are worth remembering."""


@dataclass(slots=True, eq=False)
class Transfer:
    request: bytes
    """The read request, to know it again when it is repeated."""
    name: str
    """Of the file, as the client wrote it."""
    peer: SocketAddress
    local: SocketAddress
    interface: str
    file: OpenFile
    sender: TftpSender
    started_at: float
    tsize: bool
    """The client was told the size, so that it may have wanted no more than that."""
    live: bool = True
    """False: ended, and kept for a while so that late packets meet silence."""
    proven: bool = False
    wake_at: float | None = None
    scheduled_at: float = inf

    @property
    def id(self) -> TransferId:
        return self.peer, self.local.port

    def aborted(self, error: Error, now: float) -> TransferEnded:
        """The client sent an ERROR."""
        size_probe = self._may_be_size_probe and error.code in _SIZE_PROBE_CODES
        text = error.text[:PEER_TEXT_MAX]
        return TransferAborted(**self._course(now), code=error.code, text=text, size_probe=size_probe)

    def abandoned(self, why: str, now: float) -> TransferEnded:
        """The client went on to something else and said nothing."""
        return TransferAborted(**self._course(now), code=None, text=why, size_probe=self._may_be_size_probe)

    def failed(self, why: str, now: float) -> TransferEnded:
        return TransferFailed(**self._course(now), why=why)

    def concluded(self, ending: Ending, now: float) -> TransferEnded:
        """The sender came to an end by itself."""
        match ending:
            case Ending.CONFIRMED | Ending.UNCONFIRMED:
                return TransferFinished(**self._course(now), confirmed=ending is Ending.CONFIRMED)
            case Ending.CONTENT_LOST:
                return self.failed(f"the file {self.sender.why_lost}", now)
            case Ending.SILENT if self._may_be_size_probe and not self.proven:
                return self.abandoned("no answer to the size", now)
            case Ending.SILENT:
                return self.failed("the client does not answer", now)

    @property
    def _may_be_size_probe(self) -> bool:
        return self.tsize and self.sender.nothing_acknowledged

    def _course(self, now: float) -> Course:
        return {
            "file": self.name,
            "peer": self.peer,
            "interface": self.interface,
            "size_bytes": self.file.size_bytes,
            "sent_bytes": self.sender.sent_bytes,
            "seconds": now - self.started_at,
            "resends": self.sender.resends,
        }


class Course(TypedDict):
    """The fields of TransferEnded."""

    file: str
    peer: SocketAddress
    interface: str
    size_bytes: int
    sent_bytes: int
    seconds: float
    resends: int
