"""The real time clock and its battery-backed memory (MC146818, ports 70h and 71h)."""

from __future__ import annotations

from collections.abc import Callable

from wireboot.pxe_api.cpu.devices.calendar_time import bcd, calendar_time

INDEX, DATA = 0x70, 0x71

_STATUS_A, _STATUS_B, _STATUS_C, _STATUS_D = 0x0A, 0x0B, 0x0C, 0x0D
_UPDATE_IN_PROGRESS, _BASE_RATE = 0x80, 0x26
_IN_24_HOURS_BCD, _BATTERY_GOOD = 0x02, 0x80
_UPDATE_S = 0.002
"""A little is enough for who waits until an update begins, and for who waits until none is under way."""
_KIB, _MIB = 1 << 10, 1 << 20
_BASE_KIB = 640


class Cmos:
    def __init__(self, now: Callable[[], float], memory_bytes: int) -> None:
        self._now = now
        self._index = 0
        self._bytes = {_STATUS_B: _IN_24_HOURS_BCD, _STATUS_C: 0, _STATUS_D: _BATTERY_GOOD} | _memory_sizes(
            memory_bytes
        )

    def read(self, port: int) -> int:
        if port == INDEX:
            return 0xFF  # it can only be written
        if self._index == _STATUS_A:
            ends = self._now() % 1 >= 1 - _UPDATE_S
            return _BASE_RATE | (_UPDATE_IN_PROGRESS if ends else 0)
        now = self._clock().get(self._index)
        return self._bytes.get(self._index, 0) if now is None else now

    def write(self, port: int, value: int) -> None:
        if port == INDEX:
            self._index = value & 0x7F  # the other bit masks the NMI
        else:
            self._bytes[self._index] = value

    def _clock(self) -> dict[int, int]:
        time = calendar_time(self._now())
        # fmt: off
        return {
            0x00: bcd(time.second), 0x02: bcd(time.minute), 0x04: bcd(time.hour), 0x06: time.weekday,
            0x07: bcd(time.day), 0x08: bcd(time.month), 0x09: bcd(time.year % 100), 0x32: bcd(time.year // 100),
        }
        # fmt: on


def _memory_sizes(memory_bytes: int) -> dict[int, int]:
    """In KiB from 1 MiB on, twice; in 64 KiB from 16 MiB on."""
    extended = min(max(memory_bytes - _MIB, 0) // _KIB, 0xFFFF)
    above_16 = min(max(memory_bytes - 16 * _MIB, 0) // (64 * _KIB), 0xFFFF)
    words = {0x15: _BASE_KIB, 0x17: extended, 0x30: extended, 0x34: above_16}
    low = {index: word & 0xFF for index, word in words.items()}
    return low | {index + 1: word >> 8 for index, word in words.items()}
