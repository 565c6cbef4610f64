"""Who types at a boot program: a person, a pipe, `--type`."""

from __future__ import annotations

from collections.abc import Iterable

from wireboot.client.expect import Typing, Typist
from wireboot.pxe_api.cpu.keyboard import Keyboard

TYPED_BYTES_MAX = 64 * 1024
"""More than that is no typing, and a pipe that never ends would keep the processor from its work."""


class ProgramKeys:
    """Brings all of them to one keyboard, which is closed once nobody is left to type."""

    def __init__(self, typings: Iterable[Typing], *, has_typist: bool) -> None:
        """`has_typist`: somebody is there who calls `type` and, at the end, `leave`."""
        self.keyboard = Keyboard()
        self._typist = Typist(typings)
        self._has_typist = has_typist
        self._typed_bytes = 0
        self._close_if_done()

    @property
    def never_typed(self) -> tuple[Typing, ...]:
        return self._typist.waiting

    def type(self, data: bytes) -> bool:
        """As a terminal or a file has it; whether there may be more."""
        self._typed_bytes += len(data)
        self.keyboard.type(data)
        if self._typed_bytes < TYPED_BYTES_MAX:
            return True
        self.leave()
        return False

    def leave(self) -> None:
        """Nobody will call `type` any more."""
        self._has_typist = False
        self._close_if_done()

    def look(self, rows: Iterable[str]) -> None:
        """The screen has changed: that may be what keys of `--type` have waited for."""
        for key in self._typist.look(rows, key_wanted=self.keyboard.asked_in_vain > 0):
            self.keyboard.type(key)
        self._close_if_done()

    def _close_if_done(self) -> None:
        if not self._has_typist and not self._typist.waiting:
            self.keyboard.close()
