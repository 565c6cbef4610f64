"""Thousands of timers that mostly move later, at little cost for each move."""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace
from itertools import count
from math import inf
from typing import Generic, Protocol, TypeVar


class Timed(Protocol):
    """Something to wake. Its owner sets `wake_at` (None: never), then calls `Timers.schedule`."""

    wake_at: float | None
    scheduled_at: float
    """For `Timers` alone: the time under which it stands in the heap; infinite at first."""


T = TypeVar("T", bound=Timed)


class Timers(Generic[T]):
    """A heap with lazy deletion.

    Every ACK moves a transfer's timer later. An entry therefore stays where it is until it comes up, and only then
    takes its real place: one heap operation for each interval, not for each packet.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        # Breaks ties, so that items need no order of their own.
        self._serial = count()

    def schedule(self, item: T) -> None:
        """Take note of `item.wake_at`."""
        if item.wake_at is not None and item.wake_at < item.scheduled_at:
            item.scheduled_at = item.wake_at
            heappush(self._heap, (item.wake_at, next(self._serial), item))

    def next_timeout(self) -> float | None:
        """The earliest `wake_at` of all items."""
        while self._heap:
            at, _, item = self._heap[0]
            if at != item.scheduled_at:
                heappop(self._heap)
            elif item.wake_at is None:
                item.scheduled_at = inf
                heappop(self._heap)
            elif item.wake_at > at:
                item.scheduled_at = item.wake_at
                heapreplace(self._heap, (item.wake_at, next(self._serial), item))
            else:
                return at
        return None

    def pop_due(self, now: float) -> T | None:
        """The item that is due the longest, or None. It is scheduled no more until `schedule` is called again."""
        at = self.next_timeout()
        if at is None or at > now:
            return None
        item = heappop(self._heap)[2]
        item.scheduled_at = inf
        return item
