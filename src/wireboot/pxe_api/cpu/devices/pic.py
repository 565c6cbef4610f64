"""The two interrupt controllers (8259A): their masks and vectors. What is pending is the machine's to know."""

from __future__ import annotations

COMMAND_1, DATA_1, COMMAND_2, DATA_2 = 0x20, 0x21, 0xA0, 0xA1

_INITIALISE, _NEEDS_WORD_4 = 0x10, 0x01
_CASCADE = 2
"""The request of the first that the second hangs on."""


class _Controller:
    def __init__(self, base: int) -> None:
        self.base = base
        self.mask = 0x00
        self._words_to_come: list[str] = []

    def command(self, value: int) -> None:
        if value & _INITIALISE:
            self.mask = 0x00
            self._words_to_come = ["base", "cascade", "mode"] if value & _NEEDS_WORD_4 else ["base", "cascade"]

    def data(self, value: int) -> None:
        if not self._words_to_come:
            self.mask = value
        elif self._words_to_come.pop(0) == "base":
            self.base = value & 0xF8


class InterruptControllers:
    def __init__(self) -> None:
        self._first, self._second = _Controller(0x08), _Controller(0x70)

    def masked(self, request: int) -> bool:
        """Whether IRQ 0 to 15 is kept from the processor."""
        if request >= 8:
            return bool(self._second.mask >> request - 8 & 1) or self.masked(_CASCADE)
        return bool(self._first.mask >> request & 1)

    def vector(self, request: int) -> int:
        """The interrupt that IRQ 0 to 15 becomes."""
        return self._second.base + request - 8 if request >= 8 else self._first.base + request

    def read(self, port: int) -> int:
        if port == DATA_1:
            return self._first.mask
        if port == DATA_2:
            return self._second.mask
        return 0  # nothing requested, nothing in service

    def write(self, port: int, value: int) -> None:
        controller = self._first if port in (COMMAND_1, DATA_1) else self._second
        if port in (COMMAND_1, COMMAND_2):
            controller.command(value)
        else:
            controller.data(value)
