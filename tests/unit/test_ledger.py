"""What depends on a lease waits until the lease is on disk, and stays here when it cannot be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest

from wireboot.endpoint import Event
from wireboot.leases.lease import Lease, LeaseState
from wireboot.protocols.dhcp4.events import LeaseGranted
from wireboot.server import ledger as ledger_module
from wireboot.server.ledger import LeaseLedger, LeasesNotStored, LeasesStoredAgain
from wireboot.store.leases import LeaseStore, NotStoredError

WITHIN_S = 10.0


def granted(number: int) -> LeaseGranted:
    return LeaseGranted(Lease(IPv4Address(number), b"client", b"", LeaseState.BOUND, granted_at=0.0, expires_at=1.0))


class StoreInTheHand(LeaseStore):
    """Saves when it is let to."""

    def __init__(self) -> None:
        self.saves: list[list[Lease]] = []
        self.let = threading.Semaphore(0)
        self.locked = False

    def save(self, leases: Sequence[Lease]) -> None:
        assert self.let.acquire(timeout=WITHIN_S)
        if self.locked:
            raise NotStoredError("database is locked")
        self.saves.append(list(leases))


class Told:
    """What the ledger tells, and a wait for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.events) < count:
                await asyncio.sleep(0.001)


def test_what_follows_comes_after_the_save_and_on_the_loop() -> None:
    async def scenario() -> None:
        store, sent = StoreInTheHand(), asyncio.Event()
        loop_thread, sent_in = threading.get_ident(), []
        ledger = LeaseLedger(store, Told().events.append)

        def send() -> None:
            sent_in.append(threading.get_ident())
            sent.set()

        ledger.remember([granted(1)], send)
        await asyncio.sleep(0.05)
        assert not sent.is_set()

        store.let.release()
        await asyncio.wait_for(sent.wait(), WITHIN_S)
        assert store.saves == [[granted(1).lease]]
        assert sent_in == [loop_thread]
        ledger.close()

    asyncio.run(scenario())


def test_what_cannot_be_stored_is_told_and_nothing_follows() -> None:
    async def scenario() -> None:
        store, told, sent = StoreInTheHand(), Told(), []
        ledger = LeaseLedger(store, told.events.append)
        store.locked = True
        store.let.release()

        ledger.remember([granted(1), granted(2)], lambda: sent.append("DHCPACK"))
        await told.wait_for(1)

        assert told.events == [LeasesNotStored("database is locked", leases=2)]
        assert sent == []

        store.locked = False
        store.let.release()
        ledger.remember([granted(1)], lambda: sent.append("DHCPACK"))
        ledger.close()
        await asyncio.sleep(0)
        assert sent == ["DHCPACK"]
        assert told.events[1:] == [LeasesStoredAgain()]

    asyncio.run(scenario())


def test_many_acknowledgements_wait_for_few_commits() -> None:
    async def scenario() -> None:
        store, sent = StoreInTheHand(), []
        ledger = LeaseLedger(store, Told().events.append)
        for number in range(300):
            ledger.remember([granted(number)], lambda: sent.append("DHCPACK"))

        store.let.release(300)
        ledger.close()
        await asyncio.sleep(0)

        assert len(sent) == 300
        assert len(store.saves) <= 2

    asyncio.run(scenario())


def test_a_failed_commit_is_told_in_few_lines_however_many_waited_for_it() -> None:
    async def scenario() -> None:
        store, told = StoreInTheHand(), Told()
        store.locked = True
        ledger = LeaseLedger(store, told.events.append)
        for number in range(300):
            ledger.remember([granted(number)], lambda: None)

        store.let.release(300)
        ledger.close()
        await told.wait_for(1)
        await asyncio.sleep(0.05)

        assert len(told.events) <= 2
        assert sum(event.leases for event in told.events if isinstance(event, LeasesNotStored)) == 300

    asyncio.run(scenario())


def test_a_database_that_is_silent_is_told_of_while_acknowledgements_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "SILENCE_S", 0.02)

    async def scenario() -> None:
        store, told, sent = StoreInTheHand(), Told(), asyncio.Event()
        ledger = LeaseLedger(store, told.events.append)
        ledger.remember([granted(1), granted(2)], sent.set)
        await told.wait_for(1)
        assert told.events[0] == LeasesNotStored("the database has not answered for 0.02 s", leases=2)
        assert not sent.is_set()

        store.let.release()
        await asyncio.wait_for(sent.wait(), WITHIN_S)
        assert told.events[-1] == LeasesStoredAgain()
        told_so_far = len(told.events)
        await asyncio.sleep(0.1)
        assert len(told.events) == told_so_far  # nobody waits, so nobody is silent
        ledger.close()

    asyncio.run(scenario())
