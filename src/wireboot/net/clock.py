"""The time that endpoints are given."""

from __future__ import annotations

import time

_EPOCH_OFFSET_S = time.time() - time.monotonic()


def now() -> float:
    """Seconds since the epoch, as they stood at start and counted on: a corrected wall clock moves no lease."""
    return time.monotonic() + _EPOCH_OFFSET_S
