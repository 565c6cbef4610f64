"""What the TFTP server tells of its transfers. `file` is the name as the client wrote it."""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.endpoint import Event, SocketAddress
from wireboot.protocols.tftp.options import TransferParameters


@dataclass(frozen=True, slots=True)
class RequestRefused(Event):
    """A request, or a packet that belongs to no transfer, was answered with an ERROR; `file` is "" where none is named.

    `reason` is for the operator and may say more than the client was told.
    """

    file: str
    peer: SocketAddress
    interface: str
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class TransferStarted(Event):
    file: str
    peer: SocketAddress
    interface: str
    size_bytes: int
    parameters: TransferParameters
    group: SocketAddress | None = None
    """Where the file is sent, for others to hear it too. None: to this client alone."""


@dataclass(frozen=True, slots=True)
class TransferEnded(Event):
    """What every end of a transfer tells."""

    file: str
    peer: SocketAddress
    interface: str
    size_bytes: int
    """Of the file; netascii sends more."""
    sent_bytes: int
    """Of content, each block counted once: how far the transfer came."""
    seconds: float
    resends: int
    """Packets sent again."""


@dataclass(frozen=True, slots=True)
class TransferFinished(TransferEnded):
    confirmed: bool
    """False: everything was sent, but no ACK of the last block came (RFC 1350 §6)."""


@dataclass(frozen=True, slots=True)
class TransferAborted(TransferEnded):
    """The client ended the transfer."""

    code: int | None
    """Of its ERROR. None: it sent none, but asked for something else or never answered an offer of the size."""
    text: str
    size_probe: bool
    """It wanted to know the size only: usual behaviour of firmware, no failure."""


@dataclass(frozen=True, slots=True)
class TransferFailed(TransferEnded):
    why: str
