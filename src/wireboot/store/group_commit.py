"""Many small writes, one transaction: whatever arrives while a commit is under way goes into the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
Done = Callable[[Exception | None], None]
WAITING_MAX = 10_000
"""Submissions, each with what it holds back. More than a storm brings during one commit: a database that hangs does."""


class TooMuchWaitingError(Exception):
    """The writer is stuck, and what waits for it fills its place."""


class GroupCommit(Generic[T]):
    """A thread that writes. There is no fixed wait: an idle writer begins at once."""

    def __init__(self, write: Callable[[Sequence[T]], None]) -> None:
        """`write` returns when its items are durable, or raises and has written none."""
        self._write = write
        self._waiting: list[tuple[Sequence[T], Done]] = []
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="group commit", daemon=True)
        self._thread.start()

    def submit(self, items: Sequence[T], done: Done) -> None:
        """Write `items`, then call `done`, in the writing thread, with None or with what went wrong.

        Where too much waits already `done` is called at once.
        """
        with self._changed:
            accepted = len(self._waiting) < WAITING_MAX
            if accepted:
                self._waiting.append((items, done))
                self._changed.notify()
        if not accepted:
            done(TooMuchWaitingError("the database does not answer, and too much waits for it already"))

    def close(self, within_s: float = 5.0) -> None:
        """Write what is waiting, then end. A database that does not answer is left behind after `within_s`."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(within_s)

    def _run(self) -> None:
        while batch := self._next_batch():
            problem: Exception | None = None
            try:
                self._write([item for items, _ in batch for item in items])
            except Exception as error:  # each waiter must hear of it, whatever it was
                problem = error
            for _, done in batch:
                done(problem)

    def _next_batch(self) -> list[tuple[Sequence[T], Done]]:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            batch, self._waiting = self._waiting, []
            return batch
