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
    """The database refuses, or is silent: the DHCPACKs for these leases stay here, and the clients will ask again."""

    reason: str
    leases: int


@dataclass(frozen=True, slots=True)
class LeasesStoredAgain(Event):
    """The database takes leases again, after it refused or was silent."""


SILENCE_S = 5.0
"""After so long without an answer of the database it is said that clients go without."""


class LeaseLedger:
    """`remember` fits the driver's `Remember`."""

    def __init__(self, store: LeaseStore, tell: Callable[[Event], None]) -> None:
        self._commits: GroupCommit[Lease] = GroupCommit(store.save)
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        """Leases that the database has and has not answered for."""
        self._answers = 0
        self._silence: asyncio.TimerHandle | None = None
        self._refused = 0
        """Leases not stored and not told of yet."""
        self._in_trouble = False

    def remember(self, events: Sequence[Event], then: Callable[[], None]) -> None:
        """Write the leases in `events`, then call `then` on the loop. It is not called when they cannot be written."""
        leases = [event.lease for event in events if isinstance(event, LeaseChanged)]
        assert len(leases) == len(events), "only leases are durable so far"

        def done(problem: Exception | None) -> None:
            self._loop.call_soon_threadsafe(self._answered, problem, len(leases), then)

        self._waiting += len(leases)
        if self._silence is None:
            self._listen_for_an_answer()
        self._commits.submit(leases, done)

    def close(self) -> None:
        """Write what is waiting."""
        if self._silence is not None:
            self._silence.cancel()
        self._commits.close()

    def _answered(self, problem: Exception | None, leases: int, then: Callable[[], None]) -> None:
        self._answers += 1
        self._waiting -= leases
        if problem is None:
            if self._in_trouble:
                self._in_trouble = False
                self._tell(LeasesStoredAgain())
            then()
            return
        if not self._refused:
            # Once for all that shared the transaction, or a storm of clients would be a storm of lines.
            self._loop.call_soon(self._tell_refused, str(problem))
        self._refused += leases

    def _tell_refused(self, reason: str) -> None:
        refused, self._refused = self._refused, 0
        self._in_trouble = True
        self._tell(LeasesNotStored(reason, refused))

    def _listen_for_an_answer(self) -> None:
        self._silence = self._loop.call_later(SILENCE_S, self._look_for_an_answer, self._answers)

    def _look_for_an_answer(self, answers_before: int) -> None:
        self._silence = None
        if not self._waiting:
            return
        if self._answers == answers_before:
            self._in_trouble = True
            self._tell(LeasesNotStored(f"the database has not answered for {SILENCE_S:g} s", self._waiting))
        self._listen_for_an_answer()
