"""Three kinds of wrong: the peer's (`DecodeError`), the operator's (`OperatorError`), ours (a plain `assert`)."""

from __future__ import annotations


class DecodeError(ValueError):
    """Bytes from a peer that are no message. Raised by codecs only; an endpoint turns it into an event."""

    def __init__(self, field: str, offset: int, reason: str) -> None:
        super().__init__(f"{field} at offset {offset}: {reason}")
        self.field = field
        self.offset = offset
        self.reason = reason


class OperatorError(Exception):
    """Something the person who runs wireboot can put right. Printed as `error: what`, then `hint: what to do`."""

    def __init__(self, message: str, *, hint: str | None = None, exit_code: int = 1) -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = exit_code
        """1: the thing tried did not succeed. 2: wrong usage or configuration."""
