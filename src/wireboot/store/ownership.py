"""One server on one database: a mark in it that tells a server's own database from one that went through other hands.

Each kind of database has a lock that keeps a second server out. But PostgreSQL's ends with the connection, and a file
can be replaced under the server that holds it open. Who comes back to the database after that looks for its mark:
without it, another server may have lent addresses that this one believes to be free.
"""

from __future__ import annotations

import secrets
from contextlib import closing

from sqlalchemy import Engine, delete, event, insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from wireboot.store import schema
from wireboot.store.unfit import UnfitDatabaseError


def take_ownership(engine: Engine) -> None:
    """Leave a mark of this server's own, and from now on connect to a database only where that mark is."""
    mark = secrets.token_hex(16)
    with engine.begin() as connection:
        connection.execute(delete(schema.owner))
        connection.execute(insert(schema.owner), {"mark": mark})

    @event.listens_for(engine, "connect")
    def expect_the_mark(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT mark FROM owner")
            found = cursor.fetchall()
        connection.rollback()
        if found != [(mark,)]:
            raise UnfitDatabaseError(
                "another server has had this database since, or it was replaced",
                hint="restart this server: it then begins with the leases that are there",
            )
