"""The server that had the database last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table("owner", sa.Column("mark", sa.String, primary_key=True))
