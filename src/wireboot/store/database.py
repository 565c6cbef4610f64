"""Opening the database, with its schema brought up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from wireboot.errors import OperatorError

_LOCK_TIMEOUT_S = 3
"""Longer than any backup holds the database, and less than a client waits before it gives up a lease."""


def open_database(location: URL) -> Engine:
    """The database at `location`, made if absent, ready for use. Raises OperatorError where that is impossible."""
    try:
        if location.database is not None:
            Path(location.database).parent.mkdir(parents=True, exist_ok=True)
        engine = look_into_database(location)
        event.listen(engine, "connect", _make_durable)
        _migrate(engine)
    except (OSError, SQLAlchemyError) as problem:
        raise OperatorError(
            f"cannot open the database {location.database}: {reason_of(problem)}",
            hint="`state_dir` in the configuration says where it lies; it must be writable and on a local disk",
        ) from None
    except CommandError as problem:
        raise OperatorError(
            f"cannot open the database {location.database}: {problem}",
            hint="a later version of wireboot made it: run that one, or name another `state_dir` in the configuration",
        ) from None
    return engine


def look_into_database(location: URL) -> Engine:
    """The database as it stands, for reading: not made, not brought up to date."""
    assert location.get_backend_name() == "sqlite", "config.check lets no other through"
    return create_engine(location, connect_args={"timeout": _LOCK_TIMEOUT_S})


def reason_of(problem: Exception) -> str:
    """What went wrong, without SQLAlchemy's wrapping."""
    return str(getattr(problem, "orig", None) or problem)


def _make_durable(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode the default would leave the last commits to the operating system: a power cut could lose a lease
    # whose DHCPACK is already out.
    connection.execute("PRAGMA synchronous = FULL")


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "wireboot.store:migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
