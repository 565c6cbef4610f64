"""What a device on the port bus can do."""

from __future__ import annotations

from typing import Protocol

ALL_ONES = 0xFF
"""What the bus reads where nothing answers."""


class Device(Protocol):
    """Bytes: the bus takes larger accesses apart."""

    def read(self, port: int) -> int: ...

    def write(self, port: int, value: int) -> None: ...
