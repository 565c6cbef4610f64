"""The time that endpoints are given."""

from __future__ import annotations

import time

_EPOCH_OFFSET_S = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def now() -> float:
    """Seconds since the epoch at start, counted on through sleep. A corrected wall clock moves no lease."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) + _EPOCH_OFFSET_S
