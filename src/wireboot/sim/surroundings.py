"""The time of a client on an imagined network: it passes by itself, and is skipped where it is only waited for."""

from __future__ import annotations

from collections.abc import Callable

from wireboot.sim.clock import Clock


class ImaginedSurroundings:
    """A `Surroundings`. Whatever a client computes takes its real time; what it waits for need not.

    What is planned on the virtual clock happens whenever somebody asks for the time.
    """

    def __init__(self, clock: Clock, *, wall: Callable[[], float], wait: Callable[[float], float]) -> None:
        """`wall`: the seconds that really pass. `wait` lets so many pass, or fewer, and returns how many to skip."""
        self._clock, self._wall, self._wait = clock, wall, wait
        self._ahead_s = clock.now - wall()
        self._something_happened = False

    def now(self) -> float:
        now = self._wall() + self._ahead_s
        while (at := self._clock.next_at()) is not None and at <= now:
            self._clock.step()
            self._something_happened = True
        self._clock.now = max(self._clock.now, now)
        return self._clock.now

    def wait(self, until: float) -> None:
        """Until then, or until something happens on the network, be it for this client or not."""
        now = self.now()
        if not self._something_happened:
            at = self._clock.next_at()
            ends_at = until if at is None else min(until, at)
            self._ahead_s += self._wait(max(0.0, ends_at - now))
            self.now()
        # Whoever waits looks at the card next: what has happened is no reason to return early again.
        self._something_happened = False
