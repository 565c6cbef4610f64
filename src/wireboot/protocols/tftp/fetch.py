"""What every way to fetch a file comes to: TFTP alone, RFC 2090 multicast, PXE's MTFTP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from wireboot.endpoint import Event, SocketAddress

Transport = Literal["tftp", "mtftp"]

PROGRESS_STEP_BYTES = 64 * 1024
"""FetchProgressed is for people to look at, and not told for every crumb."""
SERVER_TEXT_MAX = 200
"""Letters of the server's ERROR that are worth remembering."""


@dataclass(frozen=True, slots=True)
class FetchProgressed(Event):
    """A part of the file is here. Told now and then, for people to look at."""

    file: str
    received_bytes: int
    size_bytes: int | None
    """None where the server does not say."""


@dataclass(frozen=True, slots=True)
class Fetched(Event):
    """The whole file is here, each byte once and in its place."""

    file: str
    server: SocketAddress
    content: bytes
    """Empty where each block was handed over as it came."""
    transport: Transport
    seconds: float
    repeats: int
    """Datagrams that brought nothing new, and resends of our own."""


@dataclass(frozen=True, slots=True)
class FileSizeTold(Event):
    """The answer to who asked for nothing but the size of a file."""

    file: str
    server: SocketAddress
    size_bytes: int | None
    """None: the file is there, as far as one can tell, but the server does not say."""


class FetchProblem(Enum):
    """Why a file could not be fetched."""

    NO_ANSWER = "the server does not answer the request"
    SILENCE = "the server went silent during the transfer"
    REFUSED = "the server refused"
    FILE_TOO_LARGE = "the file is larger than what there is room for"
    PACKET_INVALID = "the server does not keep to the protocol"
    NO_MULTICAST = "no multicast transfer could be had"
    """Try plain TFTP."""


@dataclass(frozen=True, slots=True)
class FetchFailed(Event):
    file: str
    server: SocketAddress
    problem: FetchProblem
    code: int | None = None
    """Of the server's ERROR, where it sent one."""
    text: str = ""
    """Of the server's ERROR, or what exactly was wrong."""
