"""Leases on disk."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address

from sqlalchemy import Engine, Row, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store import schema
from wireboot.store.database import reason_of


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
                return [_lease(row) for row in connection.execute(select(schema.leases))]
        except (SQLAlchemyError, ValueError, TypeError) as problem:
            raise OperatorError(
                f"cannot read the leases in the database {self._engine.url.database}: {reason_of(problem)}",
                hint="put a copy back that is whole, or move it away: without it all addresses count as free",
            ) from None

    def save(self, leases: Sequence[Lease]) -> None:
        """Write them in one transaction, the last of each address; on return they are on disk.

        Raises NotStoredError, with nothing written, where the database refuses.
        """
        rows = {lease.address: _row(lease) for lease in leases}
        statement = insert(schema.leases)
        changed = {column.name: column for column in statement.excluded if column.name != "address"}
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["address"], set_=changed), list(rows.values())
                )
        except SQLAlchemyError as problem:
            raise NotStoredError(reason_of(problem)) from None


def _row(lease: Lease) -> dict[str, object]:
    return {
        "address": str(lease.address),
        "client": lease.client,
        "link_address": lease.link_address,
        "state": lease.state.value,
        "granted_at": lease.granted_at,
        "expires_at": lease.expires_at,
        "hostname": lease.hostname,
    }


def _lease(row: Row[tuple[object, ...]]) -> Lease:
    return Lease(
        address=IPv4Address(row.address),
        client=row.client,
        link_address=row.link_address,
        state=LeaseState(row.state),
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        hostname=row.hostname,
    )
