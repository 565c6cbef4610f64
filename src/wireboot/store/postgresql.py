"""PostgreSQL: a server elsewhere, and one session of ours that writes to it."""

from __future__ import annotations

import re
import socket
from typing import cast

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from wireboot.store.unfit import UnfitDatabaseError

OLDEST_VERSION = 13_00_00
"""As libpq counts. Older ones get no repairs any more."""
LOCK_TIMEOUT_S = 2
"""For a server killed a moment ago, whose session PostgreSQL has not ended yet."""
OUR_LOCK = int.from_bytes(b"wireboot")
"""The number of the advisory lock that the one server on a database holds."""

# libpq's, unless the URL says otherwise: a connection that is dead is found to be within seconds, and not hours.
_CONNECT_ARGS: dict[str, str | int] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # ms
}

# And PostgreSQL's, for its end of the connection: the lock of a server whose machine is gone must not stay for hours.
_SETTINGS = {
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

# What PostgreSQL says, and what to do then. The first row that fits speaks.
# fmt: off
_HINTS = (
    (r"password",                   "give it in ~/.pgpass of the user that runs wireboot, or in `[database] url`"),
    (r"database .* does not exist", "`createdb --owner=ROLE DATABASE`, run as the user postgres, makes it"),
    (r"role .* does not exist",     "`createuser --pwprompt ROLE`, run as the user postgres, makes it"),
    (r"pg_hba\.conf",               "a line in PostgreSQL's pg_hba.conf has to let this machine in"),
    (r"permission denied",          "the role has to own the database: `ALTER DATABASE ... OWNER TO ...`"),
    (r"read-only|recovery mode",    "`[database] url` has to name the primary, not a standby"),
)
# fmt: on


def shown(location: URL) -> str:
    """Without what may be secret."""
    host = location.host or location.query.get("host") or "this machine"
    return f"{location.database or location.username or 'by default'} on {host if isinstance(host, str) else host[0]}"


def hint(reason: str) -> str:
    fitting = (remedy for pattern, remedy in _HINTS if re.search(pattern, reason))
    return next(fitting, "is PostgreSQL running, and is `[database] url` in the configuration right?")


def exists(_: URL) -> bool:
    return True


def open_to_read(location: URL) -> Engine:
    return create_engine(location.set(drivername="postgresql+psycopg"), connect_args=_connect_args(location))


def open_alone(location: URL) -> Engine:
    """Locked against other servers, and durable. All goes through the one session that holds the lock."""
    engine = create_engine(
        location.set(drivername="postgresql+psycopg"),
        connect_args=_connect_args(location),
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _prepare_session)
    return engine


def _connect_args(location: URL) -> dict[str, str | int]:
    ours = _CONNECT_ARGS | {"application_name": f"wireboot on {socket.gethostname()}"}
    return {name: value for name, value in ours.items() if name not in location.query}


def _prepare_session(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    session = cast("psycopg.Connection[tuple[object, ...]]", connection)
    _refuse_an_unfit_server(session)
    for name, value in _SETTINGS.items():
        session.execute("SELECT set_config(%s, %s, false)", (name, value))
    # The server, the database or the role may have it off: then a crash takes leases whose DHCPACK is out.
    if session.execute("SHOW synchronous_commit").fetchone() != ("remote_apply",):  # which asks for still more
        session.execute("SET synchronous_commit = on")
    session.commit()
    _lock(session)


def _refuse_an_unfit_server(session: psycopg.Connection[tuple[object, ...]]) -> None:
    version = session.info.server_version
    if version < OLDEST_VERSION:
        raise UnfitDatabaseError(
            f"PostgreSQL {version // 10_000} is too old",
            hint=f"wireboot needs PostgreSQL {OLDEST_VERSION // 10_000} or newer",
        )
    encoding = session.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        # One client with a name that does not fit would keep all others from being stored.
        raise UnfitDatabaseError(
            f"it stores text as {encoding}", hint="`createdb --encoding=UTF8 --template=template0` makes a fitting one"
        )
    if session.execute("SHOW fsync").fetchone() == ("off",):
        raise UnfitDatabaseError(
            "PostgreSQL does not write to the disk before it says so",
            hint="set `fsync = on` in postgresql.conf, or a power cut may take leases that clients have been told of",
        )


def _lock(session: psycopg.Connection[tuple[object, ...]]) -> None:
    """Until the session ends, however it ends."""
    try:
        session.execute("SELECT pg_advisory_lock(%s)", (OUR_LOCK,))
        session.commit()
    except LockNotAvailable:
        session.rollback()
        raise UnfitDatabaseError(
            f"another wireboot uses it ({_holder(session)})",
            hint="two servers on one database would lend the same address twice: stop the other one, "
            "or give this one a database of its own",
        ) from None


def _holder(session: psycopg.Connection[tuple[object, ...]]) -> object:
    row = session.execute(_HOLDER, (OUR_LOCK,)).fetchone()
    return row[0] if row else "it has just ended"


# In pg_locks the number stands in two halves.
_HOLDER = """
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE granted AND locktype = 'advisory' AND objsubid = 1 AND (classid::bigint << 32 | objid::bigint) = %s
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
