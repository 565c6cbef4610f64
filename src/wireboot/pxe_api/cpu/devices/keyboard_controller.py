"""The keyboard controller (8042, ports 60h and 64h) and port 92h: the A20 gate and the reset line.

Keys come by INT 16h only: here nobody ever presses one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

DATA, COMMAND, FAST_A20 = 0x60, 0x64, 0x92

_OUTPUT_FULL, _SELF_TESTED, _UNLOCKED = 0x01, 0x04, 0x10
_ACKNOWLEDGED, _ECHO = 0xFA, 0xEE
_NOT_RESET, _A20 = 0x01, 0x02
_READ_MODE, _WRITE_MODE, _WRITE_OUTPUT_PORT = 0x20, 0x60, 0xD1
_ANSWERS_MAX = 16


class KeyboardController:
    def __init__(self, reset: Callable[[str], None]) -> None:
        self._reset = reset
        self._answers: deque[int] = deque(maxlen=_ANSWERS_MAX)
        self._mode = 0x45
        self._a20 = True
        self._awaited: int | None = None
        """The command whose byte comes next."""

    def read(self, port: int) -> int:
        if port == COMMAND:
            return _UNLOCKED | _SELF_TESTED | (_OUTPUT_FULL if self._answers else 0)
        if port == FAST_A20:
            return _A20 if self._a20 else 0
        return self._answers.popleft() if self._answers else 0

    def write(self, port: int, value: int) -> None:
        if port == COMMAND:
            self._command(value)
        elif port == FAST_A20:
            self._a20 = bool(value & _A20)
            if value & 1:
                self._reset("port 92h")
        else:
            self._data(value)

    def _command(self, command: int) -> None:
        answers = {
            _READ_MODE: self._mode,
            0xAA: 0x55,  # self-test: passed
            0xAB: 0x00,  # the line to the keyboard: good
            0xC0: 0x80,  # input port: not locked
            0xD0: 0xCD | (_A20 if self._a20 else 0),
        }
        self._awaited = command if command in (_WRITE_MODE, _WRITE_OUTPUT_PORT) else None
        if command in answers:
            self._answers.append(answers[command])
        elif command in (0xDD, 0xDF):
            self._a20 = command == 0xDF
        elif command >= 0xF0 and not command & _NOT_RESET:
            self._reset("the keyboard controller")

    def _data(self, value: int) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited == _WRITE_MODE:
            self._mode = value
        elif awaited == _WRITE_OUTPUT_PORT:
            self._a20 = bool(value & _A20)
            if not value & _NOT_RESET:
                self._reset("the keyboard controller")
        else:
            self._answers.extend(_keyboard_answers(value))


def _keyboard_answers(command: int) -> tuple[int, ...]:
    match command:
        case 0xEE:
            return (_ECHO,)
        case 0xF2:  # which keyboard: an MF2
            return (_ACKNOWLEDGED, 0xAB, 0x83)
        case 0xFF:  # reset and test: passed
            return (_ACKNOWLEDGED, 0xAA)
        case _:
            return (_ACKNOWLEDGED,)
