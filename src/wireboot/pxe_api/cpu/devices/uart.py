"""The first serial line (16450, port 3F8h): takes what is sent, and never has anything to read."""

from __future__ import annotations

from collections.abc import Callable

BASE = 0x3F8

_DATA, _INTERRUPT_ENABLE, _INTERRUPT_IDENTIFICATION, _LINE_CONTROL = 0, 1, 2, 3
_LINE_STATUS, _MODEM_STATUS = 5, 6
_DIVISOR_LATCH = 0x80
_NO_INTERRUPT, _ALL_SENT, _OTHER_SIDE_READY = 0x01, 0x60, 0xB0


class Uart:
    def __init__(self, send: Callable[[int], None]) -> None:
        self._send = send
        self._registers = bytearray(8)
        self._divisor = bytearray([12, 0])
        """9,600 bit/s."""

    def read(self, port: int) -> int:
        register = port - BASE
        if self._reaches_divisor(register):
            return self._divisor[register]
        fixed = {
            _DATA: 0,
            _INTERRUPT_IDENTIFICATION: _NO_INTERRUPT,
            _LINE_STATUS: _ALL_SENT,
            _MODEM_STATUS: _OTHER_SIDE_READY,
        }
        return fixed.get(register, self._registers[register])

    def write(self, port: int, value: int) -> None:
        register = port - BASE
        if self._reaches_divisor(register):
            self._divisor[register] = value
        elif register == _DATA:
            self._send(value)
        else:
            self._registers[register] = value & 0x0F if register == _INTERRUPT_ENABLE else value

    def _reaches_divisor(self, register: int) -> bool:
        return register <= _INTERRUPT_ENABLE and bool(self._registers[_LINE_CONTROL] & _DIVISOR_LATCH)
