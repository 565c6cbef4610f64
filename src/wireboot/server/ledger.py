"""Makes lease changes durable, and holds back what depends on them until they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wireboot.endpoint import Event
from wireboot.leases.lease import Lease, LeaseChanged
from wireboot.store.group_commit import GroupCommit
from wireboot.store.leases import LeaseStore


@dataclass(frozen=True, slots=True)
class LeasesNotStored(Event):
    """The database refused: the DHCPACKs for these leases stay here, and the clients will ask again."""

    reason: str
    leases: int


class LeaseLedger:
    """`remember` fits the driver's `Remember`."""

    def __init__(self, store: LeaseStore, tell: Callable[[Event], None]) -> None:
        self._commits: GroupCommit[Lease] = GroupCommit(store.save)
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._refused = 0
        """Leases not stored and not told of yet."""

    def remember(self, events: Sequence[Event], then: Callable[[], None]) -> None:
        """Write the leases in `events`, then call `then` on the loop. It is not called when they cannot be written."""
        leases = [event.lease for event in events if isinstance(event, LeaseChanged)]
        assert len(leases) == len(events), "only leases are durable so far"

        def done(problem: Exception | None) -> None:
            self._loop.call_soon_threadsafe(self._written, problem, len(leases), then)

        self._commits.submit(leases, done)

    def close(self) -> None:
        """Write what is waiting."""
        self._commits.close()

    def _written(self, problem: Exception | None, leases: int, then: Callable[[], None]) -> None:
        if problem is None:
            then()
            return
        if not self._refused:
            # Once for all that shared the transaction, or a storm of clients would be a storm of lines.
            self._loop.call_soon(self._tell_refused, str(problem))
        self._refused += leases

    def _tell_refused(self, reason: str) -> None:
        refused, self._refused = self._refused, 0
        self._tell(LeasesNotStored(reason, refused))
