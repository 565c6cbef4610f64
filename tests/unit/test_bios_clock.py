"""INT 08h and INT 1Ah by their registers."""

from __future__ import annotations

import pytest

from tests.support.bios_pc import PXENV, Pc
from wireboot.pxe_api.cpu.devices.calendar_time import CalendarTime, calendar_time


@pytest.fixture
def pc() -> Pc:
    return Pc()


def test_ticks_are_counted_18_2_times_a_second(pc: Pc) -> None:
    pc.now += 100
    registers = pc.interrupt(0x1A, 0x0000)
    assert (registers.cx, registers.dx, registers.al) == (0, 1820, 0)


def test_programs_find_the_ticks_in_the_data_area(pc: Pc) -> None:
    pc.now += 10
    pc.bios.tick()
    assert pc.area.timer_ticks == 182

    pc.now += 10
    pc.interrupt(0x08, 0)
    assert pc.area.timer_ticks == 364


def test_short_times_add_up(pc: Pc) -> None:
    for _ in range(1_000):
        pc.now += 0.01
        pc.bios.tick()
    assert pc.area.timer_ticks == 182


def test_setting_the_ticks(pc: Pc) -> None:
    pc.now += 5
    pc.interrupt(0x1A, 0x0100, cx=0x0002, dx=0x1000)
    pc.now += 1
    registers = pc.interrupt(0x1A, 0x0000)
    assert registers.cx << 16 | registers.dx == 0x21000 + 18


def test_midnight_is_told_once(pc: Pc) -> None:
    pc.interrupt(0x1A, 0x0100, cx=0x0018, dx=0x00AF)
    pc.now += 1
    registers = pc.interrupt(0x1A, 0x0000)
    assert (registers.al, registers.cx, registers.dx) == (1, 0, 17)
    assert pc.interrupt(0x1A, 0x0000).al == 0


def test_the_time_and_the_date(pc: Pc) -> None:
    registers = pc.interrupt(0x1A, 0x0200)
    assert (registers.cx, registers.dx, pc.failed) == (0x0146, 0x4000, False)

    registers = pc.interrupt(0x1A, 0x0400)
    assert (registers.cx, registers.dx, pc.failed) == (0x2001, 0x0909, False)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (0.0, CalendarTime(1970, 1, 1, 0, 0, 0, weekday=5)),
        (951_782_399.9, CalendarTime(2000, 2, 28, 23, 59, 59, weekday=2)),
        (951_782_400.0, CalendarTime(2000, 2, 29, 0, 0, 0, weekday=3)),
        (1_735_689_599.0, CalendarTime(2024, 12, 31, 23, 59, 59, weekday=3)),
        (4_102_444_800.0, CalendarTime(2100, 1, 1, 0, 0, 0, weekday=6)),
    ],
)
def test_the_calendar(now: float, expected: CalendarTime) -> None:
    assert calendar_time(now) == expected


def test_pxe_is_found(pc: Pc) -> None:
    """PXE 2.1, the installation check: INT 1Ah with AX 5650h leads to PXENV+."""
    registers = pc.interrupt(0x1A, 0x5650)
    assert (registers.ax, registers.es, registers.bx) == (0x564E, *PXENV)
    assert registers.edx == 0x9A080
    assert not pc.failed


def test_there_is_no_pci_bios(pc: Pc) -> None:
    registers = pc.interrupt(0x1A, 0xB101, edx=0)
    assert pc.failed
    assert registers.ah != 0
    assert registers.edx != int.from_bytes(b"PCI ", "little")
    assert not pc.bios.unknown
