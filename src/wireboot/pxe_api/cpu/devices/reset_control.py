"""Port CF9h of Intel's chip sets: the reset line."""

from __future__ import annotations

from collections.abc import Callable

PORT = 0xCF9

_RESET = 0x04


class ResetControl:
    def __init__(self, reset: Callable[[str], None]) -> None:
        self._reset = reset
        self._value = 0

    def read(self, port: int) -> int:
        assert port == PORT
        return self._value

    def write(self, port: int, value: int) -> None:
        assert port == PORT
        if value & _RESET and not self._value & _RESET:
            self._reset("port CF9h")
        self._value = value & ~_RESET
