"""What the PXE stack needs around it besides a card: the time, and a way to let it pass."""

from __future__ import annotations

from typing import Protocol


class Surroundings(Protocol):
    """A service of the PXE API returns to its caller when it is done, so that it has to wait in here.

    Over a real card `wait` sleeps; over an imagined one it makes the imagined time go on.
    """

    def now(self) -> float:
        """Seconds since the epoch; never goes backwards."""

    def wait(self, until: float) -> None:
        """Let time pass until then, or until the card has something. May return earlier than that."""
