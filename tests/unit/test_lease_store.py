"""Leases on disk: written as a whole or not at all, read back as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url

from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store import database
from wireboot.store.database import open_database
from wireboot.store.leases import LeaseStore, NotStoredError

LEASE = Lease(
    address=IPv4Address("10.77.0.100"),
    client=b"\x01\x52\x54\x00\x77\x00\x10",
    link_address=bytes.fromhex("525400770010"),
    state=LeaseState.BOUND,
    granted_at=1_700_000_000.25,
    expires_at=1_700_003_600.25,
    hostname="node-1",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "wireboot.sqlite"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    engine = open_database(make_url(f"sqlite:///{file}"))
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> LeaseStore:
    return LeaseStore(engine)


def numbered(number: int) -> Lease:
    return replace(LEASE, address=LEASE.address + number, client=bytes([number]))


@pytest.mark.parametrize(
    "lease",
    [
        LEASE,
        replace(LEASE, state=LeaseState.RELEASED, hostname=None),
        replace(LEASE, state=LeaseState.DECLINED, client=b"", link_address=b""),
        replace(LEASE, client=bytes(range(256)), link_address=bytes(16), hostname="ñ'; DROP TABLE leases --"),
    ],
    ids=["bound", "released", "declined", "odd"],
)
def test_a_lease_is_read_back_as_it_was_by_another_process(store: LeaseStore, file: Path, lease: Lease) -> None:
    store.save([lease])

    assert LeaseStore(open_database(make_url(f"sqlite:///{file}"))).load() == [lease]


def test_an_address_has_one_lease_and_the_last_one_counts(store: LeaseStore) -> None:
    later = replace(LEASE, client=b"another", expires_at=LEASE.expires_at + 60)

    store.save([LEASE])
    store.save([replace(LEASE, state=LeaseState.RELEASED), later])

    assert store.load() == [later]


def test_many_leases_are_one_transaction(store: LeaseStore, engine: Engine) -> None:
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)

    store.save([numbered(number) for number in range(200)])

    assert len(commits) == 1
    assert len(store.load()) == 200


def test_a_commit_is_on_the_disk_and_not_only_in_the_systems_memory(engine: Engine) -> None:
    """SQLite in WAL mode leaves that out unless told: a power cut could lose a lease whose DHCPACK is out."""
    full = 2
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full


def test_where_the_database_refuses_nothing_is_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_LOCK_TIMEOUT_S", 0.05)
    store = LeaseStore(open_database(make_url(f"sqlite:///{file}")))
    store.save([LEASE])

    with closing(sqlite3.connect(file, isolation_level=None)) as another:
        another.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NotStoredError, match=r"^database is locked$"):
            store.save([numbered(1), numbered(2)])
        assert store.load() == [LEASE]  # readers are not held up
        another.execute("ROLLBACK")

    store.save([numbered(1)])
    assert store.load() == [LEASE, numbered(1)]


def test_a_database_is_opened_again_with_all_that_is_in_it(store: LeaseStore, file: Path) -> None:
    store.save([LEASE])

    for _ in range(2):
        assert LeaseStore(open_database(make_url(f"sqlite:///{file}"))).load() == [LEASE]


def test_a_file_that_is_no_database_is_the_operators_to_put_right(tmp_path: Path) -> None:
    file = tmp_path / "wireboot.sqlite"
    file.write_bytes(b"something else " * 100)

    with pytest.raises(OperatorError, match="file is not a database") as told:
        open_database(make_url(f"sqlite:///{file}"))
    assert told.value.hint is not None


def test_a_row_that_makes_no_sense_is_the_operators_to_put_right(store: LeaseStore, engine: Engine) -> None:
    store.save([LEASE])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE leases SET address = '10.77.0.256'")

    with pytest.raises(OperatorError, match="cannot read the leases in the database"):
        store.load()
