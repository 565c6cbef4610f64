"""The timer's interrupt, 18.2 times a second: how many are still to come to the program."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios.clock import TICKS_PER_SECOND

TICK_S = 1 / TICKS_PER_SECOND

_BACKLOG_MAX = 18
"""A second's worth. Programs count these interrupts to know how long they wait; but of a long absence of the processor,
such as a whole file's download, a part is enough."""


class Ticks:
    def __init__(self, now: float) -> None:
        self._since = now
        self._delivered = 0

    def backlog(self, now: float) -> int:
        passed = int((now - self._since) / TICK_S)
        self._delivered = max(self._delivered, passed - _BACKLOG_MAX)
        return passed - self._delivered

    def delivered(self) -> None:
        self._delivered += 1

    def next_at(self, now: float) -> float:
        """When the next one is due, later than now."""
        return self._since + (int((now - self._since) / TICK_S) + 1) * TICK_S
