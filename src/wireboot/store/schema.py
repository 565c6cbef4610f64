"""The tables. A change here comes with a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import Column, Float, LargeBinary, MetaData, String, Table

metadata = MetaData()

leases = Table(
    "leases",
    metadata,
    Column("address", String, primary_key=True),
    Column("client", LargeBinary, nullable=False),
    Column("link_address", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("granted_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("hostname", String),
)

# The mark of the server that had the database last, in one row (ownership.py).
owner = Table("owner", metadata, Column("mark", String, primary_key=True))
