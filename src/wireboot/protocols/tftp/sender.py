"""The side of a TFTP transfer that holds the file: windows, resends and the end (RFC 1350, RFC 7440)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from wireboot.protocols.tftp.content import Content, ContentLost
from wireboot.protocols.tftp.options import Agreement
from wireboot.protocols.tftp.packet import Error, ErrorCode, OptionAck, encode, encode_data

_ANSWER_S_MAX = 1.0
"""A first wait longer than this is not learnt from slow answers."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When what was not acknowledged is sent again, and when the sender gives up."""

    first_s: float = 0.1
    """The first wait. Each further one is twice as long; an agreed `timeout` option (RFC 2349) takes their place."""
    longest_s: float = 4.0
    patience_s: float = 25.0
    """A client silent for so long is given up: about as long as firmware itself keeps trying."""
    patience_unproven_s: float = 6.0
    """The same before its first ACK. The request may be forged, and then somebody else gets the answers."""
    resends_min: int = 3
    """Tries before giving up, however much time has gone by."""

    def __post_init__(self) -> None:
        assert 0 < self.first_s <= self.longest_s, self


# What is sent again by multicast reaches everybody, and while nothing is, listeners take the transfer for dead, some of
# them after a second. Who sets the pace and is gone must not keep the others waiting for long.
MULTICAST_RETRY = RetryPolicy(first_s=0.2, longest_s=0.8, patience_s=8.0, patience_unproven_s=3.0)


class Ending(Enum):
    CONFIRMED = auto()
    """The last block was acknowledged."""
    UNCONFIRMED = auto()
    """The last block was sent, and the client went silent: the last ACK was lost, or the client did not care."""
    SILENT = auto()
    """The client went silent before the last block was sent, or never answered at all."""
    CONTENT_LOST = auto()
    """The file failed; the client was told so."""


class TftpSender:
    """Sends one file to one client. It is given ACKs and time, and returns the payloads to send.

    Block numbers are counted without a limit in here. An ACK's 16 bits are read as the nearest such number within what
    is under way; any other ACK is old or repeated, and is ignored: to resend on it would double every later packet (the
    Sorcerer's Apprentice, RFC 1123 §4.2.3.1).

    In a window he has a second trick. Clients such as EDK2 acknowledge every block they did not expect, so a block that
    arrives twice looks like a gap, and the window restarted for it brings more blocks that arrive twice. An ACK amid
    the window therefore restarts it only beyond the blocks that an earlier restart repeated.
    """

    def __init__(self, content: Content, agreement: Agreement, retry: RetryPolicy) -> None:
        self.proven = False
        """An ACK has come, so the client is where its request said."""
        self.ending: Ending | None = None
        self.why_lost = ""
        """With Ending.CONTENT_LOST: what happened."""
        self.wake_at = 0.0
        self.resends = 0
        self.sent_bytes = 0
        """Content sent, each block counted once."""

        parameters = agreement.parameters
        self._content, self._retry = content, retry
        self._blksize, self._windowsize = parameters.blksize, parameters.windowsize
        self._timeout_s = parameters.timeout_s
        # After 65535 comes 0, or by agreement 1; in the latter case only 65535 numbers take turns.
        self._numbers = 65536 - parameters.rollover_to
        self._option_ack = encode(OptionAck(agreement.accepted)) if agreement.accepted else None
        self._acked = 0
        self._sent = 0
        """The last block sent, and so the end of the window under way."""
        self._repeated_until = 0
        """The last block that was sent more than once."""
        self._window_began_at = 0.0
        self._resends_in_a_row = 0
        self._wait_s = retry.first_s

    @property
    def nothing_acknowledged(self) -> bool:
        """Not one block of the file has been acknowledged."""
        return self._acked == 0

    def start(self, now: float) -> list[bytes]:
        """The first packet: the OACK, or block 1. One packet only, until an ACK proves the client's address."""
        self._await_answer(now, self._retry.first_s)
        return self._send()

    def receive_ack(self, block: int, now: float) -> list[bytes]:
        """Take in an ACK with this number on the wire."""
        if self._option_ack is not None:
            if block != 0:
                return []
            self._option_ack = None
        else:
            ahead = (block - self._acked) % self._numbers
            if not 0 < ahead <= self._sent - self._acked or (block == 0 and self._numbers == 65535):
                return []
            self._acked += ahead
        self.proven = True
        if self._acked == self._content.last_block:
            self.ending = Ending.CONFIRMED
            return []
        self._await_answer(now, self._timeout_s or self._wait_after(now - self._window_began_at))
        if self._acked <= self._repeated_until:
            return self._send(self._sent + 1)
        return self._send()

    def handle_timeout(self, now: float) -> list[bytes]:
        """Resend the window, or give up; called at or after `wake_at`."""
        patience_s = self._retry.patience_s if self.proven else self._retry.patience_unproven_s
        if self._resends_in_a_row >= self._retry.resends_min and now - self._window_began_at >= patience_s:
            all_sent = self.proven and self._sent == self._content.last_block
            self.ending = Ending.UNCONFIRMED if all_sent else Ending.SILENT
            return []
        self._resends_in_a_row += 1
        if self._timeout_s is None or not self.proven:
            self._wait_s = min(2 * self._wait_s, self._retry.longest_s)
        self.wake_at = now + self._wait_s
        return self.resend()

    def resend(self) -> list[bytes]:
        """The OACK or the window once more. The timer is left alone."""
        if self._option_ack is not None:
            self.resends += 1
        return self._send()

    def _await_answer(self, now: float, wait_s: float) -> None:
        self._window_began_at = now
        self._resends_in_a_row = 0
        self._wait_s = wait_s
        self.wake_at = now + wait_s

    def _wait_after(self, answer_s: float) -> float:
        """How long to wait for an answer, given the time that the last one took."""
        # On a slow line each block would otherwise be sent twice; and one loss must not make the next one costly.
        shortest = self._retry.first_s
        return min(max(2 * answer_s, shortest), max(_ANSWER_S_MAX, shortest))

    def _send(self, first: int | None = None) -> list[bytes]:
        """The OACK until it is acknowledged; after that the window, or what of it follows from block `first` on."""
        if self._option_ack is not None:
            return [self._option_ack]
        try:
            blocks = self._content.window(self._acked + 1, self._windowsize)
        except ContentLost as problem:
            self.ending = Ending.CONTENT_LOST
            self.why_lost = str(problem)
            return [encode(Error(ErrorCode.UNDEFINED, "the file cannot be read any more"))]
        if first is None:
            first = self._acked + 1
        else:
            del blocks[: first - self._acked - 1]
        sent_before, self._sent = self._sent, first + len(blocks) - 1
        if first <= sent_before:
            self._repeated_until = sent_before
            self.resends += sent_before - first + 1
        if self._sent > sent_before:
            self.sent_bytes = (self._sent - 1) * self._blksize + len(blocks[-1])
        return [encode_data(self._number(first + index), block) for index, block in enumerate(blocks)]

    def _number(self, block: int) -> int:
        """The 16 bits that stand for `block` on the wire."""
        return block & 0xFFFF if self._numbers == 65536 else (block - 1) % 65535 + 1
