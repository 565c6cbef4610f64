"""Leases on disk: written as a whole or not at all, read back as they were; in SQLite and in PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, event, make_url

from tests.support.lab.postgresql import PostgreSql
from tests.support.requirements import POSTGRESQL, require
from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store.database import look_into_database, open_database
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


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSql]:
    require(*POSTGRESQL)
    with PostgreSql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, file: Path) -> URL:
    """A database that no server has had yet."""
    if request.param == "sqlite":
        return make_url(f"sqlite:///{file}")
    server = request.getfixturevalue("server")
    assert isinstance(server, PostgreSql)
    return server.new_database()


@pytest.fixture
def engine(location: URL) -> Iterator[Engine]:
    engine = open_database(location)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> LeaseStore:
    return LeaseStore(engine)


def seen_from_elsewhere(location: URL) -> list[Lease]:
    """As `wireboot lease list` sees them, whoever else has the database."""
    engine = look_into_database(location)
    if engine is None:
        return []
    leases = LeaseStore(engine).load()
    engine.dispose()
    return leases


def numbered(number: int) -> Lease:
    return replace(LEASE, address=LEASE.address + number, client=number.to_bytes(4))


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
def test_a_lease_is_read_back_as_it_was_while_the_server_has_the_database(
    store: LeaseStore, location: URL, lease: Lease
) -> None:
    store.save([lease])

    assert seen_from_elsewhere(location) == [lease]


def test_an_address_has_one_lease_and_the_last_one_counts(store: LeaseStore) -> None:
    later = replace(LEASE, client=b"another", expires_at=LEASE.expires_at + 60)

    store.save([LEASE])
    store.save([replace(LEASE, state=LeaseState.RELEASED), later])

    assert store.load() == [later]


def test_many_leases_are_one_transaction(store: LeaseStore, engine: Engine) -> None:
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    leases = [replace(numbered(number), hostname=f"node-{number}" if number % 2 else None) for number in range(200)]

    store.save(leases)

    assert len(commits) == 1
    assert sorted(store.load(), key=lambda lease: lease.address) == leases


def test_a_database_is_opened_again_with_all_that_is_in_it(location: URL) -> None:
    for number in range(3):
        engine = open_database(location)
        LeaseStore(engine).save([numbered(number)])
        engine.dispose()

    assert seen_from_elsewhere(location) == [numbered(number) for number in range(3)]


def test_looking_into_a_database_makes_none(location: URL, file: Path) -> None:
    assert look_into_database(location) is None
    assert not file.exists()


def test_a_second_server_on_the_same_database_is_refused(engine: Engine, location: URL) -> None:
    """Two allocators on one table would lend the same address twice."""
    with pytest.raises(OperatorError, match="another wireboot uses it") as told:
        open_database(location)
    assert told.value.hint is not None
    assert "stop the other one" in told.value.hint

    engine.dispose()
    open_database(location).dispose()


def test_a_server_killed_a_moment_ago_holds_no_database(location: URL) -> None:
    program = "import sys; from sqlalchemy import make_url; from wireboot.store.database import open_database"
    program += "; held = open_database(make_url(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    command = (sys.executable, "-c", program, location.render_as_string(hide_password=False))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"open\n"
        server.kill()

    open_database(location).dispose()


def test_a_database_that_went_through_other_hands_is_not_written_to(engine: Engine, location: URL) -> None:
    """Another server has had it while this one was cut off: what this one has in memory is out of date."""
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE owner SET mark = 'of another server'")
        connection.commit()
        connection.invalidate()  # the connection breaks

    with pytest.raises(NotStoredError, match="another server has had this database since"):
        LeaseStore(engine).save([LEASE])
    assert seen_from_elsewhere(location) == []


def test_a_row_that_makes_no_sense_is_the_operators_to_put_right(store: LeaseStore, engine: Engine) -> None:
    store.save([LEASE])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE leases SET address = '10.77.0.256'")

    with pytest.raises(OperatorError, match="cannot read the leases in the database"):
        store.load()


# A storm of clients waits for these two


def test_a_storms_batch_takes_a_few_milliseconds_of_ours(store: LeaseStore) -> None:
    leases = [numbered(number) for number in range(500)]
    took_s = []
    for _ in range(20):
        began_at = time.thread_time()
        store.save(leases)
        took_s.append(time.thread_time() - began_at)

    assert min(took_s) < 0.005


def test_a_hundred_thousand_leases_are_there_within_a_second(store: LeaseStore) -> None:
    store.save([numbered(number) for number in range(100_000)])

    began_at = time.thread_time()
    leases = store.load()

    assert time.thread_time() - began_at < 1.0
    assert len(leases) == 100_000
