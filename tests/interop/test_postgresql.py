"""Leases in a real PostgreSQL: what is refused at start, and what becomes of them when the server goes and comes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from sqlalchemy import URL, Engine

from tests.support.lab.postgresql import STRANGER, PostgreSql
from tests.support.requirements import POSTGRESQL, require
from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store import postgresql
from wireboot.store.database import look_into_database, open_database
from wireboot.store.leases import LeaseStore, NotStoredError

LEASE = Lease(IPv4Address("10.77.0.100"), b"client", bytes(6), LeaseState.BOUND, granted_at=1.0, expires_at=2.0)
ANOTHER = replace(LEASE, address=IPv4Address("10.77.0.101"))


@pytest.fixture(scope="module")
def running() -> Iterator[PostgreSql]:
    require(*POSTGRESQL)
    with PostgreSql() as server:
        yield server


@pytest.fixture
def server(running: PostgreSql) -> PostgreSql:
    """It runs as usual, whatever a test does to it."""
    if not running.is_running:
        running.start()
    return running


@pytest.fixture
def location(server: PostgreSql) -> URL:
    return server.new_database()


@pytest.fixture
def engine(location: URL) -> Iterator[Engine]:
    engine = open_database(location)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> LeaseStore:
    return LeaseStore(engine)


def refusal(location: URL) -> tuple[str, str]:
    """What the operator is told, and the hint."""
    with pytest.raises(OperatorError) as told:
        open_database(location)
    assert told.value.hint is not None
    assert "\n" not in str(told.value)
    return str(told.value), told.value.hint


def cut_off(server: PostgreSql, location: URL) -> None:
    """End the sessions on this database, as a network does that fails."""
    server.execute(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{location.database}'"
    )


# At start


def test_a_database_that_is_not_there_is_named(server: PostgreSql) -> None:
    what, hint = refusal(server.url("nowhere"))

    assert what.startswith(f"cannot open the database nowhere on {server.folder}: ")
    assert 'database "nowhere" does not exist' in what
    assert hint.startswith("`createdb ")


def test_a_wrong_password_is_said_and_none_is_shown(server: PostgreSql, location: URL) -> None:
    server.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    guarded = server.url(location.database or "", "guarded")

    for url in (guarded.set(password="hunter2"), guarded):
        what, hint = refusal(url)
        assert "password" in what
        assert "~/.pgpass" in hint
        assert "hunter2" not in what + hint


def test_a_role_that_is_not_there_is_said(server: PostgreSql, location: URL) -> None:
    what, hint = refusal(server.url(location.database or "", STRANGER))

    assert f'role "{STRANGER}" does not exist' in what
    assert hint.startswith("`createuser ")


def test_a_role_that_may_make_no_table_is_said(server: PostgreSql, location: URL) -> None:
    server.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")

    what, hint = refusal(server.url(location.database or "", "guest").set(password="right"))

    assert "permission denied for schema public" in what
    assert "OWNER TO" in hint


def test_a_server_that_does_not_run_is_said(server: PostgreSql, location: URL) -> None:
    server.stop()

    what, hint = refusal(location)

    assert "No such file or directory" in what
    assert hint.startswith("is PostgreSQL running")
    with pytest.raises(OperatorError, match=r"^cannot open the database"):
        look_into_database(location)


def test_a_server_too_old_is_said(location: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "OLDEST_VERSION", 990000)

    what, hint = refusal(location)

    assert "is too old" in what
    assert hint == "wireboot needs PostgreSQL 99 or newer"


def test_a_database_that_cannot_hold_every_name_is_refused(server: PostgreSql) -> None:
    location = server.new_database("ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")

    what, hint = refusal(location)

    assert what.endswith("it stores text as LATIN1")
    assert "--encoding=UTF8" in hint


def test_a_server_that_does_not_write_to_the_disk_is_refused(server: PostgreSql, location: URL) -> None:
    server.stop()
    server.start("fsync=off")

    what, hint = refusal(location)
    server.stop()

    assert what.endswith("does not write to the disk before it says so")
    assert "fsync = on" in hint


def test_a_database_that_takes_no_writes_is_refused(server: PostgreSql, location: URL) -> None:
    """As a standby does."""
    server.execute(f"ALTER DATABASE {location.database} SET default_transaction_read_only = on")

    what, hint = refusal(location)

    assert "read-only transaction" in what
    assert "the primary" in hint


def test_a_database_of_a_later_version_is_refused(server: PostgreSql, location: URL) -> None:
    open_database(location).dispose()
    server.execute("UPDATE alembic_version SET version_num = '9999'", location.database or "")

    _, hint = refusal(location)

    assert "a later version of wireboot made it" in hint


def test_who_has_the_database_is_named(engine: Engine, location: URL) -> None:
    what, _ = refusal(location)

    assert re.search(r"another wireboot uses it \(wireboot on \S+\)$", what)
    engine.dispose()


@pytest.mark.parametrize(
    ("theirs", "ours"), [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")]
)
def test_a_commit_is_on_the_disk_whatever_the_database_is_set_to(
    server: PostgreSql, location: URL, theirs: str, ours: str
) -> None:
    server.execute(f"ALTER DATABASE {location.database} SET synchronous_commit = {theirs}")

    engine = open_database(location)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == ours
    engine.dispose()


# While a server of ours runs


def test_a_connection_that_broke_is_made_anew_with_its_lock(
    server: PostgreSql, location: URL, store: LeaseStore
) -> None:
    store.save([LEASE])
    cut_off(server, location)

    store.save([ANOTHER])

    assert "another wireboot uses it" in refusal(location)[0]
    assert store.load() == [LEASE, ANOTHER]


@pytest.mark.parametrize("end", [PostgreSql.stop, PostgreSql.crash])
def test_while_the_server_is_gone_nothing_is_stored_and_then_all_is_as_before(
    server: PostgreSql, store: LeaseStore, end: Callable[[PostgreSql], None]
) -> None:
    store.save([LEASE])

    end(server)
    for _ in range(2):
        with pytest.raises(NotStoredError, match="No such file or directory"):
            store.save([ANOTHER])

    server.start()
    store.save([ANOTHER])
    assert store.load() == [LEASE, ANOTHER]


def test_a_server_restarted_between_two_leases_costs_none(server: PostgreSql, store: LeaseStore) -> None:
    store.save([LEASE])
    server.stop()
    server.start()

    store.save([ANOTHER])

    assert store.load() == [LEASE, ANOTHER]


def test_a_table_that_somebody_locks_is_not_waited_for(server: PostgreSql, location: URL, store: LeaseStore) -> None:
    with server.session(location.database or "") as another, another.transaction():
        another.execute("LOCK TABLE leases IN SHARE MODE")
        with pytest.raises(NotStoredError, match="lock timeout"):
            store.save([LEASE])
        assert store.load() == []  # readers are not held up

    store.save([LEASE])
    assert store.load() == [LEASE]


def test_who_was_cut_off_stays_out_once_another_server_has_the_database(
    server: PostgreSql, location: URL, store: LeaseStore
) -> None:
    """It comes back with leases in memory that are out of date, and would lend addresses that are lent."""
    store.save([LEASE])
    cut_off(server, location)
    other = open_database(location)
    with pytest.raises(NotStoredError, match="another wireboot uses it"):
        store.save([ANOTHER])

    LeaseStore(other).save([replace(ANOTHER, client=b"its client")])
    other.dispose()

    with pytest.raises(NotStoredError, match="another server has had this database since"):
        store.save([ANOTHER])


def test_a_row_that_the_database_does_not_take_leaves_the_others_out_as_well(store: LeaseStore) -> None:
    with pytest.raises(NotStoredError):
        store.save([LEASE, replace(ANOTHER, hostname="no\0name")])

    assert store.load() == []
    store.save([LEASE])
    assert store.load() == [LEASE]
