"""The addresses that the next new clients of a subnet will get, chosen ahead so that they can be probed in peace."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.leases.subnet import Subnet

CANDIDATES = 8
"""How many addresses are probed ahead: a burst of more new clients than this is served unprobed addresses."""
CHECK_LASTS_S = 60.0
"""How long a probe's silence is believed."""

NEVER = float("-inf")


class _Queued(NamedTuple):
    """A used address's place in the heap, and when it is really free again."""

    at: float
    expires_at: float


class Candidates:
    """Addresses of one subnet in the order they will be offered: those never used first, then the longest expired."""

    def __init__(self, subnet: Subnet, is_free: Callable[[IPv4Address, float], bool]) -> None:
        self._is_free = is_free
        self._fresh = subnet.pool_addresses()
        self._used: list[tuple[float, IPv4Address]] = []
        """A heap of when used addresses may be free again, perhaps too early."""
        self._queued: dict[IPv4Address, _Queued] = {}
        self._ready: dict[IPv4Address, float] = {}
        """Candidate to the time it was last found silent."""

    def take(self, now: float) -> IPv4Address | None:
        """The next address to offer, probed ones first. None when the pool is exhausted."""
        self._fill(now)
        if not self._ready:
            return None
        silent = (address for address, checked_at in self._ready.items() if now - checked_at < CHECK_LASTS_S)
        address = next(silent, next(iter(self._ready)))
        del self._ready[address]
        return address

    def discard(self, address: IPv4Address) -> None:
        """The address is no longer free."""
        self._ready.pop(address, None)

    def expires(self, address: IPv4Address, at: float) -> None:
        """The address may be free again after `at`."""
        queued = self._queued.get(address)
        if queued is None or at < queued.at:
            heapq.heappush(self._used, (at, address))
            self._queued[address] = _Queued(at, at)
        else:
            # Later than its place in the heap: put right when that comes up.
            self._queued[address] = _Queued(queued.at, at)

    def to_probe(self, now: float) -> list[IPv4Address]:
        self._fill(now)
        # Asked again well before the answer is too old to believe.
        return [address for address, checked_at in self._ready.items() if now - checked_at > CHECK_LASTS_S / 2]

    def found_silent(self, address: IPv4Address, now: float) -> None:
        if address in self._ready:
            self._ready[address] = now

    def _fill(self, now: float) -> None:
        while len(self._ready) < CANDIDATES and (address := self._next_free(now)) is not None:
            self._ready.setdefault(address, NEVER)

    def _next_free(self, now: float) -> IPv4Address | None:
        for address in self._fresh:
            if address not in self._queued and self._is_free(address, now):
                return address
        while self._used and self._used[0][0] <= now:
            at, address = heapq.heappop(self._used)
            queued = self._queued.get(address)
            if queued is None or queued.at != at:
                # Given back early: it came up under that earlier time.
                continue
            del self._queued[address]
            if queued.expires_at > at:
                # Renewed since it was queued.
                self.expires(address, queued.expires_at)
            elif self._is_free(address, now):
                return address
        return None
