"""Opening the database, with its schema brought up to date."""

from __future__ import annotations

from typing import Protocol

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from wireboot.errors import OperatorError
from wireboot.store import schema, sqlite
from wireboot.store.ownership import take_ownership
from wireboot.store.unfit import UnfitDatabaseError


class Kind(Protocol):
    """What differs between SQLite and PostgreSQL: a module for each."""

    def shown(self, location: URL, /) -> str:
        """For messages, without secrets."""

    def hint(self, reason: str, /) -> str:
        """What helps where it cannot be opened for this reason."""

    def exists(self, location: URL, /) -> bool:
        """False where opening it to read would make it."""

    def open_to_read(self, location: URL, /) -> Engine: ...

    def open_alone(self, location: URL, /) -> Engine: ...


def open_database(location: URL) -> Engine:
    """The database at `location`, made if absent, up to date, and this server's alone until it is disposed of.

    Raises OperatorError where that is impossible, also because another server has it.
    """
    kind = _kind(location)
    try:
        engine = kind.open_alone(location)
        try:
            _migrate(engine)
            take_ownership(engine)
        except BaseException:
            engine.dispose()
            raise
    except CommandError as problem:
        raise OperatorError(
            f"cannot open the database {kind.shown(location)}: {problem}",
            hint="a later version of wireboot made it: run that one, or name another database in the configuration",
        ) from None
    except (OSError, SQLAlchemyError) as problem:
        raise _cannot_open(location, problem) from None
    return engine


def look_into_database(location: URL) -> Engine | None:
    """The database as it stands, for reading, whoever else has it; None where no server has made it yet.

    Raises OperatorError.
    """
    kind = _kind(location)
    if not kind.exists(location):
        return None
    engine = kind.open_to_read(location)
    try:
        return engine if inspect(engine).has_table(schema.leases.name) else None
    except SQLAlchemyError as problem:
        raise _cannot_open(location, problem) from None


def shown(location: URL) -> str:
    """The database's name for messages."""
    return _kind(location).shown(location)


def reason_of(problem: Exception) -> str:
    """What went wrong, in one line and without SQLAlchemy's wrapping."""
    return " ".join(str(getattr(problem, "orig", None) or problem).split())


def _cannot_open(location: URL, problem: OSError | SQLAlchemyError) -> OperatorError:
    kind, reason = _kind(location), reason_of(problem)
    remedy = problem.hint if isinstance(problem, UnfitDatabaseError) else kind.hint(reason)
    return OperatorError(f"cannot open the database {kind.shown(location)}: {reason}", hint=remedy)


def _kind(location: URL) -> Kind:
    if location.get_backend_name() == "postgresql":
        from wireboot.store import postgresql  # its driver takes longer to load than the rest of many a command

        return postgresql
    if location.get_backend_name() == "sqlite":
        return sqlite
    raise OperatorError(
        f"no database is known by {location.get_backend_name()!r}",
        hint="`wireboot check` tells how to write `[database] url`",
        exit_code=2,
    )


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "wireboot.store:migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
