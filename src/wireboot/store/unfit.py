"""The database answers, and yet no lease would be safe in it."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError


class UnfitDatabaseError(SQLAlchemyError):
    """Why, and what the operator can do. An error as any other of the database to who only wants to write."""

    def __init__(self, why: str, *, hint: str) -> None:
        super().__init__(why)
        self.hint = hint
