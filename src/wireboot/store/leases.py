"""Leases on disk."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address
from socket import AF_INET, inet_pton
from typing import TypeAlias

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store import schema
from wireboot.store.database import reason_of, shown

_Row: TypeAlias = tuple[str, bytes, bytes, str, float, float, str | None]
"""A lease in the order of the table's columns."""

# Statements as the drivers take them: SQLAlchemy's own cost twice the time for each row, and a storm has many.
_COLUMNS = [column.name for column in schema.leases.columns]
_INSERT = f"INSERT INTO leases ({', '.join(_COLUMNS)})"
_OR_REPLACE = "ON CONFLICT (address) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM leases"  # noqa: S608  # of the table's own names
_SAVE_ROW = f"{_INSERT} VALUES ({', '.join('?' * len(_COLUMNS))}) {_OR_REPLACE}"
# One statement with an array for each column: a third of the time that a statement for each row takes.
_TYPES = ("text", "bytea", "bytea", "text", "float8", "float8", "text")
_ARRAYS = ", ".join(f"%b::{name}[]" for name in _TYPES)
_SAVE_ARRAYS = f"{_INSERT} SELECT * FROM unnest({_ARRAYS}) {_OR_REPLACE}"  # noqa: S608  # likewise


class NotStoredError(Exception):
    """The database took nothing of it."""


class LeaseStore:
    """The table of leases, one row an address. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self) -> list[Lease]:
        """Raises OperatorError where the database is damaged."""
        try:
            with self._engine.connect() as connection:
                rows = connection.exec_driver_sql(_SELECT).fetchall()
            return [
                Lease(_address(address), client, link_address, LeaseState(state), granted_at, expires_at, hostname)
                for address, client, link_address, state, granted_at, expires_at, hostname in rows
            ]
        except (SQLAlchemyError, ValueError, TypeError, OSError) as problem:
            raise OperatorError(
                f"cannot read the leases in the database {shown(self._engine.url)}: {reason_of(problem)}",
                hint="put a copy back that is whole, or move it away: without it all addresses count as free",
            ) from None

    def save(self, leases: Sequence[Lease]) -> None:
        """Write them in one transaction, the last of each address; on return they are on disk.

        Raises NotStoredError, with nothing written, where the database refuses.
        """
        rows = list({lease.address: _row(lease) for lease in leases}.values())
        if not rows:
            return
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(_SAVE_ARRAYS, tuple(map(list, zip(*rows, strict=True))))
                else:
                    connection.exec_driver_sql(_SAVE_ROW, rows)
        except SQLAlchemyError as problem:
            raise NotStoredError(reason_of(problem)) from None


def _address(text: str) -> IPv4Address:
    # The class itself takes as long to read a text as all the rest of a lease takes.
    return IPv4Address(inet_pton(AF_INET, text))


def _row(lease: Lease) -> _Row:
    return (
        str(lease.address),
        lease.client,
        lease.link_address,
        lease.state.value,
        lease.granted_at,
        lease.expires_at,
        lease.hostname,
    )
