"""How many instructions the processor is given at a time, so that a slice takes neither long nor next to nothing."""

from __future__ import annotations

_FIRST, _FEWEST, _MOST = 20_000, 1_000, 200_000
"""The most are not many: code that changes itself all the time is a thousand times slower than other code."""
_SHORT_S, _LONG_S = 0.005, 0.02


class Pace:
    def __init__(self) -> None:
        self.instructions = _FIRST

    def ran(self, seconds: float) -> None:
        """So long did the last slice take."""
        if seconds < _SHORT_S:
            self.instructions = min(self.instructions * 2, _MOST)
        elif seconds > _LONG_S:
            self.instructions = max(int(self.instructions * _LONG_S / seconds), _FEWEST)
