"""Whether a period of validity holds now, for clients whose clock may be wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

BUILD_TIME_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)
"""No wireboot that reads this line ran before. Moved on with the releases."""


_FORM = "%Y-%m-%d %H:%M:%S UTC"


class ClockPolicy(StrEnum):
    """How far the clock is believed."""

    STRICT = "strict"
    """The clock is right: not before the period, not after it."""
    FLOOR = "floor"
    """The clock may be reset: what ended before the floor is over, and nothing is too early."""
    IGNORE = "ignore"
    """Nothing is ever too early or over."""


@dataclass(frozen=True, slots=True)
class Clock:
    policy: ClockPolicy = ClockPolicy.STRICT
    read: Callable[[], float] = time.time
    """Seconds since the epoch. Asked under STRICT only."""
    floor: datetime = BUILD_TIME_FLOOR

    def complaint(self, not_before: datetime, not_after: datetime) -> str | None:
        """What is wrong with a period, its ends included, as the end of a sentence; None where it holds."""
        match self.policy:
            case ClockPolicy.IGNORE:
                return None
            case ClockPolicy.FLOOR:
                now = self.floor
            case ClockPolicy.STRICT:
                now = datetime.fromtimestamp(self.read(), UTC)
                if now < not_before:
                    return f"is not valid before {not_before:{_FORM}}; the clock says {now:{_FORM}}"
        if now > not_after:
            said_by = "the floor is" if self.policy is ClockPolicy.FLOOR else "the clock says"
            return f"expired at {not_after:{_FORM}}; {said_by} {now:{_FORM}}"
        return None
