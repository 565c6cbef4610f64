"""The SQLite file in every kind of trouble: said at start, and met without a lease lost or a lie told while it runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import URL, Engine, make_url

from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store import sqlite
from wireboot.store.database import look_into_database, open_database
from wireboot.store.leases import LeaseStore, NotStoredError

LEASES = [
    Lease(IPv4Address(number), number.to_bytes(40), bytes(6), LeaseState.BOUND, granted_at=1.0, expires_at=2.0)
    for number in range(1000)
]
"""Many enough for several pages of the file."""
ANOTHER = replace(LEASES[0], address=IPv4Address(5000))
PAGE_SIZE = 4096

Damage = Callable[[Path], object]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database as a server that is gone has left it."""
    file = tmp_path / "wireboot.sqlite"
    engine = open_database(url(file))
    LeaseStore(engine).save(LEASES)
    engine.dispose()
    return file


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    """The same, with a server that runs."""
    engine = open_database(url(file))
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> LeaseStore:
    return LeaseStore(engine)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCK_TIMEOUT_S", 0.05)


def url(file: Path) -> URL:
    return make_url(f"sqlite:///{file}")


def read_back(file: Path) -> list[Lease]:
    """By a server that starts now."""
    engine = open_database(url(file))
    try:
        return LeaseStore(engine).load()
    finally:
        engine.dispose()


def test_a_commit_is_on_the_disk_and_not_only_in_the_systems_memory(engine: Engine) -> None:
    """SQLite in WAL mode leaves that out unless told: a power cut could lose a lease whose DHCPACK is out."""
    full = 2
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full


@pytest.mark.usefixtures("engine")
def test_a_database_is_the_same_by_whatever_name_it_is_called(file: Path) -> None:
    link = file.with_name("link.sqlite")
    link.symlink_to(file)

    with pytest.raises(OperatorError, match=f"another wireboot uses it \\(process {os.getpid()}\\)"):
        open_database(url(link))


# At start


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def the_log_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM leases")
        connection.commit()
        shutil.copy(f"{file}-wal", f"{file}-copy")
    shutil.move(f"{file}-copy", f"{file}-wal")
    file.unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda file: file.write_bytes(b"something else " * 100), "file is not a database"),
        (a_folder, "unable to open database file"),
        (lambda file: file.write_bytes(file.read_bytes()[:-PAGE_SIZE]), "database disk image is malformed"),
        (lambda file: file.write_bytes(file.read_bytes()[:PAGE_SIZE]), "malformed"),
        (lambda file: Path(f"{file}-wal").write_bytes(Random(1).randbytes(10_000)), "write-ahead log .* is damaged"),
        (the_log_alone, "it is empty, but its write-ahead log wireboot.sqlite-wal is not"),
    ],
    ids=["no database", "a folder", "the last page gone", "one page left", "a garbled log", "the log alone"],
)
def test_what_cannot_be_used_is_said_at_start_and_left_alone(file: Path, damage: Damage, reason: str) -> None:
    damage(file)
    before = file.read_bytes() if file.is_file() else None

    with pytest.raises(OperatorError, match=f"^cannot open the database {file}: .*{reason}") as told:
        open_database(url(file))
    assert told.value.hint is not None
    assert (file.read_bytes() if file.is_file() else None) == before


def test_no_damaged_page_goes_unnoticed(file: Path) -> None:
    """Each one in turn: an error, or all leases as they were. Never a few less."""
    whole = file.read_bytes()
    garbage = Random(1).randbytes(PAGE_SIZE)
    noticed = 0
    for at in range(0, len(whole), PAGE_SIZE):
        file.write_bytes(whole[:at] + garbage + whole[at + PAGE_SIZE :])
        try:
            assert read_back(file) == LEASES, f"page at {at}"
        except OperatorError:
            noticed += 1

    assert noticed >= len(whole) // PAGE_SIZE - 1


@pytest.mark.usefixtures("impatient")
def test_a_lock_of_another_program_is_said_at_start(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as another:
        another.execute("PRAGMA locking_mode = EXCLUSIVE")
        another.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OperatorError, match="database is locked"):
            open_database(url(file))
        another.execute("ROLLBACK")

    assert read_back(file) == LEASES


def test_who_only_looks_is_told_of_damage_as_well(file: Path) -> None:
    file.write_bytes(b"something else " * 100)

    with pytest.raises(OperatorError, match="file is not a database"):
        look_into_database(url(file))


# While a server runs


@pytest.mark.usefixtures("impatient")
def test_where_another_program_holds_the_lock_nothing_is_written(file: Path) -> None:
    engine = open_database(url(file))
    store = LeaseStore(engine)

    with closing(sqlite3.connect(file, isolation_level=None)) as another:
        another.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NotStoredError, match=r"^database is locked$"):
            store.save([ANOTHER])
        assert store.load() == LEASES  # readers are not held up
        another.execute("ROLLBACK")

    store.save([ANOTHER])
    assert store.load() == [*LEASES, ANOTHER]
    engine.dispose()


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: overwrite(file, Random(1).randbytes(file.stat().st_size)),
        lambda file: overwrite(file, file.read_bytes()[:PAGE_SIZE] + bytes(file.stat().st_size - PAGE_SIZE)),
        lambda file: os.truncate(file, PAGE_SIZE),
    ],
    ids=["random bytes", "zeros", "truncated"],
)
def test_a_damaged_file_takes_nothing_until_it_is_put_right(
    file: Path, engine: Engine, store: LeaseStore, damage: Damage
) -> None:
    read_anew(engine)
    whole = file.read_bytes()
    damage(file)

    for _ in range(2):
        with pytest.raises(NotStoredError, match=r"malformed|not a database"):
            store.save([ANOTHER])

    overwrite(file, whole)
    store.save([ANOTHER])
    engine.dispose()
    assert read_back(file) == [*LEASES, ANOTHER]


def read_anew(engine: Engine) -> None:
    """Have all in the file and nothing in memory, so that the next transaction meets what is in the file."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA shrink_memory")


def overwrite(file: Path, content: bytes) -> None:
    """In place. Another descriptor on it than SQLite's, and its locks, which are this process's, are lost; not here."""
    with file.open("r+b") as stream:
        stream.write(content)


def test_a_file_moved_away_takes_nothing_until_it_is_back(file: Path, engine: Engine, store: LeaseStore) -> None:
    """SQLite would write on to a file that nobody finds any more, or make an empty one."""
    store.save([ANOTHER])
    elsewhere = file.rename(file.with_suffix(".bak"))

    for _ in range(2):
        with pytest.raises(NotStoredError, match="is gone"):
            store.save([replace(ANOTHER, address=IPv4Address(5001))])
    assert not file.exists()

    elsewhere.rename(file)
    store.save([replace(ANOTHER, address=IPv4Address(5002))])
    engine.dispose()
    assert read_back(file)[len(LEASES) :] == [ANOTHER, replace(ANOTHER, address=IPv4Address(5002))]


def test_a_file_put_in_its_place_is_not_written_to(file: Path, store: LeaseStore) -> None:
    other = file.with_name("other.sqlite")
    open_database(url(other)).dispose()
    other.rename(file)

    with pytest.raises(NotStoredError, match="another server has had this database since, or it was replaced"):
        store.save([ANOTHER])


def test_its_own_file_back_from_a_copy_is_written_to(file: Path, engine: Engine, store: LeaseStore) -> None:
    """As after `sqlite3 damaged .recover`: another file, with the same in it."""
    read_anew(engine)
    copy = shutil.copy(file, file.with_suffix(".copy"))
    Path(copy).rename(file)

    store.save([ANOTHER])
    engine.dispose()
    assert read_back(file) == [*LEASES, ANOTHER]
