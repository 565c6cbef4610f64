"""A server's disk: what was written survives a crash, what was about to be may or may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from random import Random

from wireboot.leases.lease import Lease, LeaseState
from wireboot.sim.clock import Clock


@dataclass(frozen=True, slots=True)
class DiskFaults:
    """How slow a disk is, and when it takes nothing."""

    commit_s: tuple[float, float] = (0.001, 0.01)
    """The shortest and the longest time that a commit takes."""
    refuses: tuple[tuple[float, float], ...] = ()
    """From when to when, in seconds from the start, each write fails."""


class Disk:
    """The leases of one server. Writes are grouped: what comes during a commit goes into the next one."""

    def __init__(self, clock: Clock, random: Random, faults: DiskFaults) -> None:
        self._clock, self._random, self._faults = clock, random, faults
        self._waiting: list[tuple[Sequence[Lease], Callable[[], None]]] = []
        self._under_way: list[tuple[Sequence[Lease], Callable[[], None]]] = []
        self._life = 0
        self.stored: dict[IPv4Address, Lease] = {}
        """What is found there after a crash."""
        self.granted: dict[tuple[IPv4Address, bytes], Lease] = {}
        """The last lease of an address to a link address that was ever stored, whatever became of it since."""
        self.refused = 0
        """Leases that it would not take."""

    @property
    def leases(self) -> list[Lease]:
        return list(self.stored.values())

    def write(self, leases: Sequence[Lease], then: Callable[[], None]) -> None:
        """Call `then` once all of them are durable; never, where the disk refuses or the host crashes."""
        self._waiting.append((leases, then))
        if not self._under_way:
            self._begin()

    def crash(self) -> None:
        """The power goes. A commit under way may have reached the disk although nobody heard of it."""
        if self._under_way and self._random.random() < 0.5:
            self._store(self._under_way)
        self._waiting, self._under_way = [], []
        self._life += 1

    def _begin(self) -> None:
        self._under_way, self._waiting = self._waiting, []
        shortest, longest = self._faults.commit_s
        lasts_s = shortest + self._random.random() * (longest - shortest)
        self._clock.after(lasts_s, partial(self._end, self._life))

    def _end(self, life: int) -> None:
        if life != self._life:
            return
        batch, self._under_way = self._under_way, []
        if self._is_refusing():
            self.refused += sum(len(leases) for leases, _ in batch)
        else:
            self._store(batch)
            for _, then in batch:
                then()
        if self._waiting and not self._under_way:
            self._begin()

    def _store(self, batch: Sequence[tuple[Sequence[Lease], Callable[[], None]]]) -> None:
        for leases, _ in batch:
            for lease in leases:
                self.stored[lease.address] = lease
                if lease.state is LeaseState.BOUND:
                    self.granted[lease.address, lease.link_address] = lease

    def _is_refusing(self) -> bool:
        elapsed_s = self._clock.elapsed_s
        return any(since <= elapsed_s < until for since, until in self._faults.refuses)
