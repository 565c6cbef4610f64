"""The imagined disk: when something is on it, and what a crash leaves."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random

import pytest

from wireboot.leases.lease import Lease, LeaseState
from wireboot.sim.clock import STARTS_AT, Clock
from wireboot.sim.disk import Disk, DiskFaults


def lease(number: int) -> Lease:
    return Lease(IPv4Address(f"10.77.0.{number}"), b"\x01", b"\x02", LeaseState.BOUND, STARTS_AT, STARTS_AT + 3600)


class Storage:
    """A disk whose commits take a second each, and what it has confirmed."""

    def __init__(self, seed: int = 1, refuses: tuple[tuple[float, float], ...] = ()) -> None:
        self.clock = Clock()
        self.disk = Disk(self.clock, Random(seed), DiskFaults((1.0, 1.0), refuses))
        self.confirmed: list[int] = []

    def write(self, number: int) -> None:
        self.disk.write([lease(number)], lambda: self.confirmed.append(number))

    def pass_commits(self, commits: int) -> None:
        for _ in range(commits):
            self.clock.step()

    @property
    def stored(self) -> list[int]:
        return [int(address) & 0xFF for address in self.disk.stored]


def test_a_lease_is_confirmed_when_it_is_stored_and_not_before() -> None:
    """RFC 2131 §3.1 step 4."""
    storage = Storage()
    storage.write(100)
    assert (storage.stored, storage.confirmed) == ([], [])

    storage.pass_commits(1)

    assert (storage.stored, storage.confirmed) == ([100], [100])


def test_what_comes_during_a_commit_goes_into_the_next_one_together() -> None:
    storage = Storage()
    for number in (100, 101, 102):
        storage.write(number)

    storage.pass_commits(1)
    assert storage.confirmed == [100]
    storage.pass_commits(1)

    assert storage.confirmed == [100, 101, 102]
    assert storage.clock.elapsed_s == pytest.approx(2.0)


def test_a_crash_keeps_what_was_stored_and_drops_what_waited() -> None:
    storage = Storage()
    storage.write(100)
    storage.pass_commits(1)
    storage.write(101)
    storage.write(102)

    storage.disk.crash()
    storage.pass_commits(1)

    assert storage.confirmed == [100]
    assert 102 not in storage.stored


def test_a_commit_under_way_may_or_may_not_survive_a_crash() -> None:
    outcomes = set()
    for seed in range(20):
        storage = Storage(seed)
        storage.write(100)
        storage.disk.crash()
        outcomes.add(tuple(storage.stored))

    assert outcomes == {(), (100,)}


def test_a_disk_that_refuses_confirms_nothing_and_takes_more_afterwards() -> None:
    storage = Storage(refuses=((0.0, 1.5),))
    storage.write(100)
    storage.write(101)
    storage.pass_commits(2)

    assert (storage.stored, storage.confirmed, storage.disk.refused) == ([101], [101], 1)
