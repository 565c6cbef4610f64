"""What a client asks for in its read request, and which answers it goes along with (RFC 2347, 2348, 2349, 7440)."""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.protocols.tftp.options import (
    BLKSIZE,
    BLKSIZE_DEFAULT,
    TIMEOUT,
    TSIZE,
    WINDOWSIZE,
    TransferParameters,
    allowed_number,
)
from wireboot.protocols.tftp.packet import ErrorCode, Options

OPTIONS_DISLIKED = {ErrorCode.OPTION_NEGOTIATION_FAILED, ErrorCode.UNDEFINED, ErrorCode.ILLEGAL_OPERATION}
"""Servers older than RFC 2347 refuse a request with options as one they cannot read, or with a text only."""


@dataclass(frozen=True, slots=True)
class RequestedOptions:
    """What goes into the read request. None or False: the option is left out."""

    blksize: int | None = None
    windowsize: int | None = None
    tsize: bool = False
    timeout_s: int | None = None
    size_probe: bool = False
    """First ask for the size alone: a request with `tsize` of which the answer is met with an ERROR. `tsize` above is
    about the request that follows; firmware, which has allocated its buffer by then, leaves it out."""
    size_only: bool = False
    """Ask for the size as such a probe does, and for no more."""
    size_probe_ended_with: ErrorCode = ErrorCode.OPTION_NEGOTIATION_FAILED
    """What EDK2 sends; the ROMs of the BIOS send ErrorCode.UNDEFINED."""

    def __post_init__(self) -> None:
        for option, value in self.in_request():
            assert allowed_number(option, value) is not None, (option, value)

    def in_request(self) -> Options:
        """The options of the request that fetches the file."""
        return self._options(tsize=self.tsize)

    def in_size_probe(self) -> Options:
        """The options of the request that asks for the size."""
        return self._options(tsize=True)

    def _options(self, *, tsize: bool) -> Options:
        # In the order in which EDK2 has them.
        asked = (
            (TSIZE, 0 if tsize else None),
            (BLKSIZE, self.blksize),
            (TIMEOUT, self.timeout_s),
            (WINDOWSIZE, self.windowsize),
        )
        return tuple((option, str(value)) for option, value in asked if value is not None)


@dataclass(frozen=True, slots=True)
class OptionsAgreed:
    """What an OACK amounts to."""

    parameters: TransferParameters
    size_bytes: int | None
    """Of the file, where the server says."""


class OptionsNotAcceptable(Exception):  # noqa: N818  # an answer to the server, not a fault
    """The OACK is none that the request allows. The text says why."""


def agree(asked: Options, offered: Options) -> OptionsAgreed:
    """What holds after an OACK with `offered` has answered a request with `asked`. Raises OptionsNotAcceptable.

    RFC 2347: a server acknowledges only what was asked for. It may lower `blksize` (RFC 2348) and `windowsize`
    (RFC 7440 §3), has to leave `timeout` as it is (RFC 2349), and states the size of the file in `tsize`.
    """
    requested = {option: int(value) for option, value in asked}
    agreed: dict[str, int] = {}
    for name, value in offered:
        option, number = name.lower(), allowed_number(name.lower(), value)
        if option not in requested:
            raise OptionsNotAcceptable(f"{_shown(name)} was not asked for")
        if option in agreed:
            raise OptionsNotAcceptable(f"{option} comes twice")
        if number is None:
            raise OptionsNotAcceptable(f"{option} cannot be {_shown(value)}")
        if option in (BLKSIZE, WINDOWSIZE) and number > requested[option]:
            raise OptionsNotAcceptable(f"{option} raised from {requested[option]} to {number}")
        if option == TIMEOUT and number != requested[option]:
            raise OptionsNotAcceptable(f"{option} changed from {requested[option]} to {number}")
        agreed[option] = number

    parameters = TransferParameters(
        blksize=agreed.get(BLKSIZE, BLKSIZE_DEFAULT),
        windowsize=agreed.get(WINDOWSIZE, 1),
        timeout_s=agreed.get(TIMEOUT),
        tsize=TSIZE in agreed,
    )
    return OptionsAgreed(parameters, agreed.get(TSIZE))


def _shown(text: str) -> str:
    """A stranger's text, fit to be logged."""
    return ascii(text[:40])
