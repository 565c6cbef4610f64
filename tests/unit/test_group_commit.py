"""Many small writes share few transactions, and nobody is told of a write that did not happen."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from wireboot.store import group_commit
from wireboot.store.group_commit import GroupCommit, TooMuchWaitingError

WITHIN_S = 10.0


class SlowDisk:
    """Writes when it is let to, and remembers what went in one transaction."""

    def __init__(self) -> None:
        self.transactions: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.may_write = threading.Semaphore(0)
        self.full = False

    def write(self, items: Sequence[int]) -> None:
        self.begun.release()
        assert self.may_write.acquire(timeout=WITHIN_S)
        if self.full:
            raise OSError("no space left")
        self.transactions.append(list(items))


class Waiter:
    """Submits one item and waits for its outcome."""

    def __init__(self, commits: GroupCommit[int], *items: int) -> None:
        self._told = threading.Event()
        self._problem: Exception | None = None
        commits.submit(items, self._done)

    def _done(self, problem: Exception | None) -> None:
        self._problem = problem
        self._told.set()

    @property
    def told(self) -> bool:
        return self._told.is_set()

    def outcome(self) -> Exception | None:
        assert self._told.wait(WITHIN_S)
        return self._problem


@pytest.fixture
def disk() -> SlowDisk:
    return SlowDisk()


def test_what_arrives_during_a_commit_shares_the_next(disk: SlowDisk) -> None:
    commits = GroupCommit(disk.write)
    first = Waiter(commits, 0)
    assert disk.begun.acquire(timeout=WITHIN_S)
    others = [Waiter(commits, number) for number in range(1, 500)]

    disk.may_write.release(2)

    assert [waiter.outcome() for waiter in (first, *others)] == [None] * 500
    assert disk.transactions == [[0], list(range(1, 500))]
    commits.close()


def test_nobody_is_told_before_the_write_returns(disk: SlowDisk) -> None:
    commits = GroupCommit(disk.write)
    waiter = Waiter(commits, 1)
    assert disk.begun.acquire(timeout=WITHIN_S)

    assert not waiter.told

    disk.may_write.release()
    assert waiter.outcome() is None
    commits.close()


def test_everyone_in_a_failed_transaction_hears_of_it_and_the_next_one_is_tried(disk: SlowDisk) -> None:
    commits = GroupCommit(disk.write)
    disk.full = True
    first = Waiter(commits, 0)
    assert disk.begun.acquire(timeout=WITHIN_S)
    second, third = Waiter(commits, 1), Waiter(commits, 2)
    disk.may_write.release(2)
    assert [str(waiter.outcome()) for waiter in (first, second, third)] == ["no space left"] * 3

    disk.full = False
    fourth = Waiter(commits, 3)
    disk.may_write.release()

    assert fourth.outcome() is None
    assert disk.transactions == [[3]]
    commits.close()


def test_closing_writes_what_is_waiting(disk: SlowDisk) -> None:
    commits = GroupCommit(disk.write)
    disk.may_write.release(2)
    waiters = [Waiter(commits, number) for number in range(10)]

    commits.close()

    assert all(waiter.told for waiter in waiters)
    assert sorted(number for transaction in disk.transactions for number in transaction) == list(range(10))


def test_items_keep_the_order_in_which_they_came(disk: SlowDisk) -> None:
    """Of two changes to one lease the later one has to win."""
    commits = GroupCommit(disk.write)
    Waiter(commits, 0)
    assert disk.begun.acquire(timeout=WITHIN_S)
    last = [Waiter(commits, 3, 1), Waiter(commits, 2)][-1]
    disk.may_write.release(2)
    last.outcome()

    assert disk.transactions[1] == [3, 1, 2]
    commits.close()


def test_what_waits_for_a_stuck_database_is_bounded(disk: SlowDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "WAITING_MAX", 3)
    commits = GroupCommit(disk.write)
    first = Waiter(commits, 0)
    assert disk.begun.acquire(timeout=WITHIN_S)
    waiting = [Waiter(commits, number) for number in range(1, 4)]

    assert isinstance(Waiter(commits, 4).outcome(), TooMuchWaitingError)

    disk.may_write.release(2)
    assert [waiter.outcome() for waiter in (first, *waiting)] == [None] * 4
    assert disk.transactions == [[0], [1, 2, 3]]
    commits.close()
