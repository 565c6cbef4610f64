"""Which options of a read request are accepted, and with which values (RFC 2347, 2348, 2349, 7440)."""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.protocols.tftp.packet import Options

BLKSIZE_DEFAULT = 512
"""Bytes in a block where nothing was negotiated (RFC 1350 §2)."""

BLKSIZE, TIMEOUT, TSIZE, WINDOWSIZE, ROLLOVER = "blksize", "timeout", "tsize", "windowsize", "rollover"

# `rollover` stands in no RFC: clients ask with it whether block 65535 is followed by 0 or by 1.
_VALUES_ALLOWED = {
    BLKSIZE: range(8, 65464 + 1),
    TIMEOUT: range(1, 255 + 1),
    TSIZE: range(1 << 63),
    WINDOWSIZE: range(1, 65535 + 1),
    ROLLOVER: range(2),
}


@dataclass(frozen=True, slots=True)
class OptionLimits:
    """How far the server goes along with what clients ask for."""

    blksize_max: int | None = None
    """Bytes in a block. None: what fits the interface's MTU, since firmware often cannot join fragments."""
    windowsize_max: int = 64
    """Blocks in a window, at most 32767: with more, an old ACK and a new one could carry the same number."""
    window_bytes_max: int = 128 * 1024
    """Bytes in a window: what a client's socket buffer of usual size takes in at one go."""

    def __post_init__(self) -> None:
        assert self.blksize_max is None or self.blksize_max in _VALUES_ALLOWED[BLKSIZE], self.blksize_max
        assert 1 <= self.windowsize_max <= 32767, self.windowsize_max

    def blksize_max_at(self, mtu: int, ip_version: int) -> int:
        """The largest block for a client reached through an interface with this MTU (both in bytes)."""
        if self.blksize_max is not None:
            return self.blksize_max
        headers = {4: 20, 6: 40}[ip_version] + 8 + 4
        return min(max(mtu - headers, 8), 65464)


@dataclass(frozen=True, slots=True)
class TransferParameters:
    """What both sides of a transfer keep to."""

    blksize: int = BLKSIZE_DEFAULT
    windowsize: int = 1
    timeout_s: int | None = None
    """The interval between resends that the client asked for."""
    tsize: bool = False
    """The client was told the size of the file."""
    rollover_to: int = 0
    """The block number after 65535."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The outcome of a negotiation. `accepted` is the content of the OACK; empty, none is sent."""

    parameters: TransferParameters
    accepted: Options


def negotiate(requested: Options, *, blksize_max: int, size_bytes: int | None, limits: OptionLimits) -> Agreement:
    """Answer the options of a read request (RFC 2347 §"Options Acknowledgment").

    `size_bytes` is None where it is not known beforehand, as in netascii. Options that are unknown, have an invalid
    value or come a second time are left out of the answer; the others keep the client's own spelling and order.
    """
    asked: dict[str, tuple[str, int]] = {}
    for name, value in requested:
        key = name.lower()
        number = allowed_number(key, value)
        if key not in asked and number is not None:
            asked[key] = (name, number)
    if size_bytes is None:
        asked.pop(TSIZE, None)

    agreed = {key: number for key, (_, number) in asked.items()}
    if TSIZE in agreed and size_bytes is not None:
        agreed[TSIZE] = size_bytes
    if BLKSIZE in agreed:
        agreed[BLKSIZE] = min(agreed[BLKSIZE], blksize_max)
    blksize = agreed.get(BLKSIZE, BLKSIZE_DEFAULT)
    if WINDOWSIZE in agreed:
        agreed[WINDOWSIZE] = min(agreed[WINDOWSIZE], limits.windowsize_max, max(limits.window_bytes_max // blksize, 1))

    parameters = TransferParameters(
        blksize=blksize,
        windowsize=agreed.get(WINDOWSIZE, 1),
        timeout_s=agreed.get(TIMEOUT),
        tsize=TSIZE in agreed,
        rollover_to=agreed.get(ROLLOVER, 0),
    )
    return Agreement(parameters, tuple((name, str(agreed[key])) for key, (name, _) in asked.items()))


def allowed_number(option: str, value: str) -> int | None:
    """The number that `value` states, or None where it is none or not one that this option, in lower case, may have."""
    # int() would also take "+8", " 8 " and "1_000", and raises on thousands of digits.
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        return None
    number = int(value)
    return number if number in _VALUES_ALLOWED.get(option, ()) else None
