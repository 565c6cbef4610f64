"""The side of a TFTP transfer that gets the file: blocks in their order, and their ACKs (RFC 1350, RFC 7440)."""

from __future__ import annotations

from math import inf

from wireboot.protocols.tftp.client_retry import QUIET_S
from wireboot.protocols.tftp.options import TransferParameters
from wireboot.protocols.tftp.packet import Ack, Data, encode


class TftpReceiver:
    """Says of each DATA whether it brings the next block of the file, and whether it is time for an ACK.

    Blocks are counted without a limit in here; the 16 bits of a DATA are read as the nearest such number. Those that
    leave a gap are not kept: the sender goes back to the gap and sends them all again (RFC 7440 §4).

    An ACK that is sent once too often makes careless senders repeat a window, whose blocks then come twice, and so on
    for the rest of the file (the Sorcerer's Apprentice, RFC 1123 §4.2.3.1). A gap is therefore acknowledged once, an
    old block never, and a repeat of the last one only if it was quiet before: then the ACK got lost.
    """

    def __init__(self, parameters: TransferParameters) -> None:
        self.received_bytes = 0
        """Of the file, in order."""
        self.complete = False
        """The last block is here."""
        self.repeats = 0
        """Packets that brought nothing new."""
        self.ack_due = False
        """The sender waits for what `acknowledge` gives."""

        self.blksize = parameters.blksize
        self._windowsize = parameters.windowsize
        # After 65535 comes 0, or by agreement 1; in the latter case only 65535 numbers take turns.
        self._numbers = 65536 - parameters.rollover_to
        self._in_order = 0
        """The last block before the first gap."""
        self._acked = 0
        self._busy_at = -inf
        """When a block came or an ACK went."""
        self._gap_acked = False
        """The gap after `_in_order` has been acknowledged."""

    @property
    def nothing_received(self) -> bool:
        """Not one block of the file is here."""
        return self._in_order == 0

    def receive_data(self, data: Data, now: float) -> bool:
        """Take in a block of no more than `blksize` bytes. True: it is the next one."""
        ahead = (data.block - self._in_order) % self._numbers
        if data.block == 0 and self._numbers == 65535:
            ahead = -1  # not one of them
        if ahead == 1 and not self.complete:
            self._count(len(data.payload), now)
            return True
        self.repeats += 1
        if ahead == 0:
            self.ack_due = self._quiet_until(now)
        elif 1 < ahead <= self._windowsize and not self.complete and not self._gap_acked:
            self.ack_due = self._gap_acked = True
        return False

    def receive_option_ack(self, now: float) -> None:
        """Take in a repeat of the OACK, which stands for block 0: the ACK of it may be lost."""
        self.repeats += 1
        self.ack_due = self.nothing_received and self._quiet_until(now)

    def acknowledge(self, now: float) -> bytes:
        """The ACK for all that is here in order: when it is due, or when the sender has been silent for long."""
        self.ack_due = False
        # Wherever it was in its window, the sender begins the next one after this block (RFC 7440 §4).
        self._acked = self._in_order
        self._busy_at = now
        return encode(Ack(self._number(self._in_order)))

    def _count(self, size: int, now: float) -> None:
        self.received_bytes += size
        self._in_order += 1
        self._busy_at = now
        self._gap_acked = False
        self.complete = size < self.blksize
        self.ack_due = self.complete or self._in_order - self._acked == self._windowsize

    def _quiet_until(self, now: float) -> bool:
        return now - self._busy_at >= QUIET_S

    def _number(self, block: int) -> int:
        """The 16 bits that stand for `block` on the wire."""
        return block & 0xFFFF if self._numbers == 65536 or block == 0 else (block - 1) % 65535 + 1
