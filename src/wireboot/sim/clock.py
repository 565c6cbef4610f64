"""Virtual time: it passes when nothing is left to do at the moment, and never by itself."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

STARTS_AT = 1_700_000_000.0
"""Seconds since the epoch. Any moment will do; a fixed one keeps a seed's story the same for ever."""


class Clock:
    """What is to happen, and when. Of two things due at one moment the one planned first happens first."""

    def __init__(self, starts_at: float = STARTS_AT) -> None:
        self.now = self._starts_at = starts_at
        self._plan: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()

    @property
    def elapsed_s(self) -> float:
        return self.now - self._starts_at

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do it then, or at once when that moment has passed."""
        heapq.heappush(self._plan, (max(when, self.now), next(self._serial), action))

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        self.at(self.now + delay_s, action)

    def next_at(self) -> float | None:
        """When something happens next."""
        return self._plan[0][0] if self._plan else None

    def step(self) -> None:
        """Let the next thing happen."""
        self.now, _, action = heapq.heappop(self._plan)
        action()
