"""SQLite: one file, and one server that writes to it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from wireboot.store.unfit import UnfitDatabaseError

LOCK_TIMEOUT_S = 3
"""Longer than any backup holds the database, and less than a client waits before it gives up a lease."""
DAMAGE_HINT = "put a copy back that is whole, or move it away: without it all addresses count as free"
_LOG_BEGINS_WITH = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""https://sqlite.org/walformat.html: the magic number, in either order of the bytes of its checksums."""


def shown(location: URL) -> str:
    return str(location.database)


def hint(reason: str) -> str:
    if "locked" in reason:
        return "another program is at work in it, which `fuser` names; try again when that is done"
    if "malformed" in reason or "not a database" in reason:
        return DAMAGE_HINT
    return "`state_dir` in the configuration says where it lies; it must be writable and on a local disk"


def exists(location: URL) -> bool:
    return location.database is not None and Path(location.database).exists()


def open_to_read(location: URL) -> Engine:
    return create_engine(location, connect_args={"timeout": LOCK_TIMEOUT_S})


def open_alone(location: URL) -> Engine:
    """Locked against other servers, whole, and durable. Raises OSError, UnfitDatabaseError, SQLAlchemyError."""
    # No link left in it: by whatever name it is called, it is one database with one lock.
    file = Path(os.path.realpath(shown(location)))
    file.parent.mkdir(parents=True, exist_ok=True)
    unlock = _lock(file)
    try:
        _refuse_a_lost_log(file)
        if not file.exists():
            file.touch()
        engine = create_engine(location, connect_args={"timeout": LOCK_TIMEOUT_S}, pool_size=1, max_overflow=0)
        event.listen(engine, "engine_disposed", lambda _: unlock())
        _stay_with(file, engine)
        event.listen(engine, "connect", _make_durable)
        event.listen(engine, "handle_error", _begin_anew)
        _refuse_damage(engine)
    except BaseException:
        unlock()
        raise
    return engine


def _lock(file: Path) -> Callable[[], None]:
    """Keep other servers from `file` until the function returned is called or this process is gone.

    The lock is on a file beside it. The database itself SQLite locks by POSIX's rules: whoever closes it anywhere in
    this process gives up all of them.
    """
    descriptor = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise UnfitDatabaseError(
            f"another wireboot uses it (process {holder or 'unknown'})",
            hint="two servers on one database would lend the same address twice: stop the other one, "
            "or give this one another `state_dir`",
        ) from None
    with suppress(OSError):  # a full disk: then nobody learns our number
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    held = [descriptor]

    def unlock() -> None:
        while held:
            os.close(held.pop())

    return unlock


def _refuse_a_lost_log(file: Path) -> None:
    """A write-ahead log that it cannot read, or that lies beside no database, SQLite takes for none.

    The latest leases are in it, and would be gone without a word.
    """
    log = Path(f"{file}-wal")
    try:
        with log.open("rb") as content:
            begins_with = content.read(4)
    except FileNotFoundError:
        return
    if not any(begins_with):
        return  # a power cut leaves it empty or all zeros before anything in it was on the disk
    why = None
    if begins_with not in _LOG_BEGINS_WITH:
        why = f"its write-ahead log {log.name} is damaged"
    elif not file.exists() or not file.stat().st_size:
        why = f"it is empty, but its write-ahead log {log.name} is not"
    if why is not None:
        raise UnfitDatabaseError(
            f"{why}: the latest leases would be lost",
            hint="put copies of both files back; or move the log away, if its leases may be lost",
        )


def _make_durable(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode the default would leave the last commits to the operating system: a power cut could lose a lease
    # whose DHCPACK is already out.
    connection.execute("PRAGMA synchronous = FULL")


def _begin_anew(context: ExceptionContext) -> None:
    """After any error the connection is dropped: it may remember pages of a file that has been put right since."""
    context.is_disconnect = True
    if context.connection is not None:
        # SQLite keeps even a closed one, with its lock, for as long as somebody, such as a traceback, has its cursor.
        with suppress(sqlite3.Error):
            context.connection.connection.rollback()


def _refuse_damage(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if found != "ok":
        reason = " ".join(str(found).replace("*** in database main ***", "").split())
        raise UnfitDatabaseError(
            f"database disk image is malformed: {reason}",
            hint=DAMAGE_HINT,
        )


def _stay_with(file: Path, engine: Engine) -> None:
    """Notice before each transaction that the file is gone or is another one.

    SQLite itself would go on with the file that it has open, where nobody finds the leases again; or make an empty one.
    """

    @event.listens_for(engine, "do_connect")
    def must_be_there(*_: object) -> None:
        if _identity(file) is None:
            raise sqlite3.OperationalError(f"{file} is gone")

    @event.listens_for(engine, "connect")
    def remember(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["file"] = _identity(file)

    @event.listens_for(engine, "checkout")
    def must_be_the_same(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object) -> None:
        if _identity(file) != entry.info["file"]:
            # All into the file that was taken away: what stays here of its log would be mixed into the one that comes.
            with suppress(sqlite3.Error), closing(connection.cursor()) as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raise DisconnectionError


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino
