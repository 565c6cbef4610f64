"""The addresses that the next new clients of a pool will get, chosen ahead so that they can be probed in peace.

Addresses are plain numbers here: they are compared and looked up far more often than they are shown.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from itertools import filterfalse

from wireboot.leases.lease import Lease, LeaseState

CANDIDATES = 8
"""How many addresses are probed ahead: a burst of more new clients than this is served unprobed addresses."""
CHECK_LASTS_S = 60.0
"""How long a probe's silence is believed."""
OFFER_KEPT_S = 10.0
"""How long an offer is safe when addresses run out: twice what firmware takes to choose among offers."""

NEVER = float("-inf")


class Candidates:
    """Addresses of one range in the order they will be offered.

    Those never used come first, then those whose lease ran out, the longest expired first, and then those given back:
    who says goodbye is likely to return.
    """

    def __init__(self, addresses: range, leases: Mapping[int, Lease], is_lent: Callable[[int], bool]) -> None:
        """`leases` has the lease of every address that ever had one; `is_lent` says no of what is not for clients."""
        self._addresses, self._leases, self._is_lent = addresses, leases, is_lent
        self._fresh = filterfalse(leases.__contains__, addresses)
        self._queue: _Queue | None = None
        """Made when no fresh address is left: until then nobody needs the order of the used ones."""
        self._ready: dict[int, float] = {}
        """Candidate to the time it was last found silent."""
        self._unrequested: dict[int, None] = {}
        """Offered to strangers and not requested yet, the oldest offer first."""

    def take(self, now: float) -> int | None:
        """The next address to offer, probed ones first. None when there is none left."""
        self._fill(now)
        if not self._ready:
            return None
        silent = (address for address, checked_at in self._ready.items() if now - checked_at < CHECK_LASTS_S)
        address = next(silent, None) or next(iter(self._ready))
        del self._ready[address]
        return address

    def take_back(self, now: float) -> int | None:
        """The address that was offered to a stranger longest ago, who did not request it in good time."""
        while self._unrequested:
            address = next(iter(self._unrequested))
            lease = self._leases[address]
            if now - lease.granted_at < OFFER_KEPT_S:
                return None
            del self._unrequested[address]
            if lease.state is LeaseState.OFFERED and self._is_lent(address):
                return address
        return None

    def changed(self, address: int, lease: Lease, *, to_stranger: bool) -> None:
        """This is the address's lease from now on."""
        self._ready.pop(address, None)
        self._unrequested.pop(address, None)
        if to_stranger and lease.state is LeaseState.OFFERED:
            self._unrequested[address] = None
        if self._queue is not None:
            self._queue.add(address, lease)

    def to_probe(self, now: float) -> list[int]:
        self._fill(now)
        # Asked again well before the answer is too old to believe.
        return [address for address, checked_at in self._ready.items() if now - checked_at > CHECK_LASTS_S / 2]

    def found_silent(self, address: int, now: float) -> None:
        if address in self._ready:
            self._ready[address] = now

    def _fill(self, now: float) -> None:
        while len(self._ready) < CANDIDATES and (address := self._next_free(now)) is not None:
            self._ready.setdefault(address, NEVER)

    def _next_free(self, now: float) -> int | None:
        for address in self._fresh:
            if self._is_lent(address):
                return address
        if self._queue is None:
            self._queue = _Queue(self._addresses, self._leases)
        while (used := self._queue.next_free(now)) is not None:
            if self._is_lent(used):
                return used
        return None


class _Queue:
    """Addresses that have been used, in the order they will be used again."""

    def __init__(self, addresses: range, leases: Mapping[int, Lease]) -> None:
        self._leases = leases
        used = [(lease.expires_at, address) for address in addresses if (lease := leases.get(address)) is not None]
        heapq.heapify(used)
        self._heap = used
        """When addresses may be free again, perhaps too early: a renewed lease is put right when it comes up."""
        self._queued = {address: at for at, address in used}
        self._released: dict[int, None] = {}
        for _, address in sorted(used):
            self._note_released(address, leases[address])

    def add(self, address: int, lease: Lease) -> None:
        self._note_released(address, lease)
        queued_at = self._queued.get(address)
        if queued_at is None or (lease.expires_at < queued_at and lease.state is not LeaseState.RELEASED):
            # One entry for each address, and a second one where it has got a shorter lease than before.
            heapq.heappush(self._heap, (lease.expires_at, address))
            self._queued[address] = lease.expires_at

    def next_free(self, now: float) -> int | None:
        """Takes the address out of the queue, until its lease changes."""
        expired = self._next_expired(now)
        return self._next_released(now) if expired is None else expired

    def _next_expired(self, now: float) -> int | None:
        while self._heap and self._heap[0][0] <= now:
            at, address = heapq.heappop(self._heap)
            if self._queued.get(address) != at:
                # It came up before, at an earlier time.
                continue
            del self._queued[address]
            lease = self._leases[address]
            if lease.expires_at > at:
                # Renewed since: its turn comes later.
                self.add(address, lease)
            elif address not in self._released:
                return address
        return None

    def _next_released(self, now: float) -> int | None:
        while self._released:
            address = next(iter(self._released))
            del self._released[address]
            if not self._leases[address].is_held(now):
                return address
        return None

    def _note_released(self, address: int, lease: Lease) -> None:
        self._released.pop(address, None)
        if lease.state is LeaseState.RELEASED:
            self._released[address] = None
