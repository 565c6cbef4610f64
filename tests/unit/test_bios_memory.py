"""INT 11h, 12h and 15h: what there is of memory, and how programs reach it."""

from __future__ import annotations

import struct

import pytest

from tests.support.bios_pc import BASE_KIB, MIB, Pc
from wireboot.pxe_api.memory import SegOff16

SMAP = 0x534D4150


def address_map(pc: Pc) -> list[tuple[int, int, int]]:
    """Start, length, kind."""
    ranges = []
    following = 0
    while True:
        registers = pc.interrupt(0x15, 0xE820, ebx=following, ecx=24, edx=SMAP, es=0x2000, di=0x10)
        assert not pc.failed
        assert (registers.eax, registers.ecx) == (SMAP, 20)
        ranges.append(struct.unpack("<QQL", pc.memory.read(0x20010, 20)))
        following = registers.ebx
        if following == 0:
            return ranges


def test_the_equipment_and_the_base_memory_are_as_the_data_area_says() -> None:
    pc = Pc()
    assert pc.interrupt(0x11, 0).ax == 0x0226
    assert pc.interrupt(0x12, 0).ax == BASE_KIB

    pc.area.base_memory_kib = 500
    assert pc.interrupt(0x12, 0).ax == 500


def test_the_address_map() -> None:
    assert address_map(Pc(memory_bytes=256 * MIB)) == [
        (0, BASE_KIB * 1024, 1),
        (BASE_KIB * 1024, 0xA0000 - BASE_KIB * 1024, 2),
        (0xF0000, 0x10000, 2),
        (MIB, 255 * MIB, 1),
    ]


def test_the_address_map_follows_the_base_memory() -> None:
    """A program that has given PXE's memory back has all of it."""
    pc = Pc(memory_bytes=16 * MIB)
    pc.area.base_memory_kib = 0xFFFF
    assert [each for each in address_map(pc) if each[0] < MIB] == [(0, 0xA0000, 1), (0xF0000, 0x10000, 2)]


@pytest.mark.parametrize(("ebx", "ecx", "edx"), [(0, 24, 0), (0, 19, SMAP), (4, 24, SMAP), (0xFFFFFFFF, 24, SMAP)])
def test_what_no_range_can_be_told_to_is_refused(ebx: int, ecx: int, edx: int) -> None:
    pc = Pc(memory_bytes=256 * MIB)
    registers = pc.interrupt(0x15, 0xE820, ebx=ebx, ecx=ecx, edx=edx, es=0x2000, di=0)
    assert (pc.failed, registers.ah) == (True, 0x86)
    assert pc.memory.read(0x20000, 20) == bytes(20)


@pytest.mark.parametrize(
    ("size", "kib", "below_16", "above_16"),
    [
        (2 * MIB, 1024, 1024, 0),
        (16 * MIB, 15 * 1024, 15 * 1024, 0),
        (64 * MIB, 0xFC00, 15 * 1024, 768),
        (256 * MIB, 0xFC00, 15 * 1024, 3840),
    ],
)
def test_the_older_ways_to_ask_for_memory_above_1_mib(size: int, kib: int, below_16: int, above_16: int) -> None:
    pc = Pc(memory_bytes=size)
    assert pc.interrupt(0x15, 0x8800).ax == kib

    registers = pc.interrupt(0x15, 0xE801)
    assert (registers.ax, registers.bx, registers.cx, registers.dx) == (below_16, above_16, below_16, above_16)
    assert not pc.failed


def test_copying_between_base_and_extended_memory() -> None:
    pc = Pc()
    pc.memory.write(0x30000, b"abcdefgh")
    table = bytearray(48)
    table[0x10:0x18] = struct.pack("<HHBBBB", 0xFFFF, 0x0000, 0x03, 0x93, 0, 0)
    table[0x18:0x20] = struct.pack("<HHBBBB", 0xFFFF, 0x0100, 0x10, 0x93, 0, 0)
    pc.memory.write(0x20000, bytes(table))

    registers = pc.interrupt(0x15, 0x8700, cx=4, es=0x2000, si=0)

    assert (pc.failed, registers.ah) == (False, 0)
    assert pc.memory.read(0x100100, 10) == b"abcdefgh\0\0"


def test_a_copy_to_where_there_is_no_memory_is_refused_and_counted() -> None:
    pc = Pc()
    pc.memory.write(0x20000, bytes(0x18) + struct.pack("<HHBBBB", 0xFFFF, 0, 0, 0x93, 0, 0xFF))
    pc.interrupt(0x15, 0x8700, cx=4, es=0x2000, si=0)

    assert pc.failed
    assert pc.bios.unknown == {"INT 15h AX=8700h": 1}


def test_a20_is_on() -> None:
    pc = Pc()
    for function in (0x2400, 0x2401):
        assert pc.interrupt(0x15, function).ah == 0
        assert not pc.failed
    assert pc.interrupt(0x15, 0x2402).ax == 0x0001
    assert pc.interrupt(0x15, 0x2403, bx=0).bx == 3


def test_waiting_lets_time_pass() -> None:
    pc = Pc()
    pc.interrupt(0x15, 0x8600, cx=0x0007, dx=0xA120)
    assert pc.happened == [0.5]
    assert not pc.failed


def test_the_configuration_table_is_that_of_an_at() -> None:
    pc = Pc()
    registers = pc.interrupt(0x15, 0xC000)
    table = pc.memory.read(registers.es * 16 + registers.bx, 10)
    assert (table[:3], pc.failed, registers.ah) == (b"\x08\x00\xfc", False, 0)


def test_the_extended_data_area() -> None:
    assert Pc().interrupt(0x15, 0xC100).es == 0x9FC0


def test_a_key_goes_through_the_intercept_as_it_is() -> None:
    pc = Pc()
    assert pc.interrupt(0x15, 0x4F1E).al == 0x1E
    assert pc.failed, "carry set: the key is to be processed"


@pytest.mark.parametrize("function", [0x4100, 0xC200, 0xE980, 0xEC00, 0x5303])
def test_what_is_asked_for_in_passing_is_refused_without_ado(function: int) -> None:
    pc = Pc()
    pc.interrupt(0x15, function, bx=2)
    assert pc.failed
    assert not pc.bios.unknown


def test_apm_switches_the_machine_off() -> None:
    """In the steps that poweroff.c32 and iPXE take."""
    pc = Pc()
    registers = pc.interrupt(0x15, 0x5300, bx=0)
    assert (registers.ax, registers.bx, registers.cx) == (0x0102, 0x504D, 0)
    pc.interrupt(0x15, 0x5301, bx=0)
    assert not pc.failed
    assert pc.interrupt(0x15, 0x530E, bx=0, cx=0x0101).cx == 0x0101
    assert not pc.failed
    assert pc.happened == []

    pc.interrupt(0x15, 0x5307, bx=1, cx=3)
    assert pc.happened == ["off"]


@pytest.mark.parametrize(("bx", "cx", "failed"), [(1, 1, False), (1, 2, False), (0x0301, 3, True)])
def test_standby_and_single_devices_leave_it_on(bx: int, cx: int, failed: bool) -> None:
    pc = Pc()
    pc.interrupt(0x15, 0x5307, bx=bx, cx=cx)
    assert (pc.happened, pc.failed) == ([], failed)


def test_the_configuration_table_lies_outside_what_programs_may_take() -> None:
    pc = Pc(memory_bytes=256 * MIB)
    registers = pc.interrupt(0x15, 0xC000)
    table = SegOff16(registers.es, registers.bx)
    usable = [(start, start + size) for start, size, kind in address_map(pc) if kind == 1]
    assert not any(start <= table.segment * 16 + table.offset < end for start, end in usable)
