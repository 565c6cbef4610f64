"""INT 08h and INT 1Ah: timer ticks, the time of day; and what PXE and PCI have made of the latter's numbers."""

from __future__ import annotations

from collections.abc import Callable

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.bios.service import Interrupt, fail, leave_alone, succeed
from wireboot.pxe_api.cpu.devices.calendar_time import bcd, calendar_time
from wireboot.pxe_api.memory import Memory, SegOff16, real_mode_address

TICKS_PER_SECOND = 1_193_182 / 65_536
_TICKS_PER_DAY = 0x1800B0
_PCI_NOT_SUPPORTED = 0x81
_PXE_PRESENT = 0x564E
"""`VN`, the answer to `VP` (PXE 2.1, the installation check)."""


class Clock:
    def __init__(self, memory: Memory, now: Callable[[], float], pxenv: SegOff16) -> None:
        self._area = BiosDataArea(memory)
        self._now, self._pxenv = now, pxenv
        self._since = now()
        self._counted = 0

    def timer(self) -> Interrupt:
        """INT 08h."""
        return Interrupt(others=lambda _: self.tick())

    def services(self) -> Interrupt:
        """INT 1Ah. The time is UTC and nobody can set it."""
        # fmt: off
        return Interrupt({
            0x00:   self._read_ticks,
            0x01:   self._set_ticks,
            0x02:   self._read_time,
            0x03:   succeed,
            0x04:   self._read_date,
            0x05:   succeed,
            0x5650: self._find_pxe,
            0x564E: leave_alone,         # how PXE itself tells the BIOS that it is there
            0xB1:   _no_pci,
        })
        # fmt: on

    def tick(self) -> None:
        """Add what has passed: a program may have written a count of its own into the BIOS data area."""
        passed = int((self._now() - self._since) * TICKS_PER_SECOND)
        ticks = self._area.timer_ticks + passed - self._counted
        self._counted = passed
        if ticks >= _TICKS_PER_DAY:
            self._area.timer_midnight = 1
        self._area.timer_ticks = ticks % _TICKS_PER_DAY

    def _read_ticks(self, call: BiosCall) -> None:
        self.tick()
        ticks = self._area.timer_ticks
        call.registers.cx, call.registers.dx = ticks >> 16, ticks
        call.registers.ax = self._area.timer_midnight
        self._area.timer_midnight = 0
        call.carry = False

    def _set_ticks(self, call: BiosCall) -> None:
        self.tick()
        self._area.timer_ticks = call.registers.cx << 16 | call.registers.dx
        self._area.timer_midnight = 0
        succeed(call)

    def _read_time(self, call: BiosCall) -> None:
        time = calendar_time(self._now())
        call.registers.ch, call.registers.cl = bcd(time.hour), bcd(time.minute)
        call.registers.dh, call.registers.dl = bcd(time.second), 0
        succeed(call)

    def _read_date(self, call: BiosCall) -> None:
        time = calendar_time(self._now())
        call.registers.ch, call.registers.cl = bcd(time.year // 100), bcd(time.year % 100)
        call.registers.dh, call.registers.dl = bcd(time.month), bcd(time.day)
        succeed(call)

    def _find_pxe(self, call: BiosCall) -> None:
        call.registers.ax = _PXE_PRESENT
        call.registers.es, call.registers.bx = self._pxenv
        call.registers.edx = real_mode_address(self._pxenv)
        call.carry = False


def _no_pci(call: BiosCall) -> None:
    fail(call, _PCI_NOT_SUPPORTED)
