"""The small interrupts, and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bios_pc import MIB, Pc
from wireboot.pxe_api.cpu.registers import Register


@pytest.mark.parametrize("function", [0x0000, 0x0201, 0x0800, 0x1500, 0x4100, 0x4200, 0x4B01])
@pytest.mark.parametrize("drive", [0x00, 0x80, 0xFF])
def test_there_are_no_drives(function: int, drive: int) -> None:
    pc = Pc()
    registers = pc.interrupt(0x13, function, dx=drive)
    assert (pc.failed, registers.ah) == (True, 0x01)


def test_the_serial_line_takes_what_is_sent() -> None:
    pc = Pc()
    assert pc.interrupt(0x14, 0x00E3, dx=0).ax == 0x60B0
    for byte in b"hi":
        assert pc.interrupt(0x14, 0x0100 | byte, dx=0).ah == 0x60
    assert pc.sent == b"hi"


def test_nothing_ever_comes_by_the_serial_line() -> None:
    assert Pc().interrupt(0x14, 0x0200, dx=0).ah & 0x80


@pytest.mark.parametrize("function", [0x0000, 0x0141, 0x0200, 0x0300])
def test_a_serial_line_that_is_not_there_times_out(function: int) -> None:
    assert Pc().interrupt(0x14, function, dx=1).ah == 0x80
    assert Pc(serial=False).interrupt(0x14, function, dx=0).ah == 0x80


def test_there_is_no_printer() -> None:
    assert Pc().interrupt(0x17, 0x0041, dx=0).ah == 0x01


@pytest.mark.parametrize("vector", [0x18, 0x19])
def test_a_program_hands_over_to_the_next_device(vector: int) -> None:
    pc = Pc()
    pc.interrupt(vector, 0xFFFF)
    assert pc.happened == [f"INT {vector:02X}h"]


def test_an_unknown_function_is_refused_and_counted() -> None:
    pc = Pc()
    for _ in range(2):
        registers = pc.interrupt(0x15, 0xBEEF)
        assert (pc.failed, registers.ax) == (True, 0x86EF)
    pc.interrupt(0x1B, 0x1234)
    assert pc.bios.unknown == {"INT 15h AX=BEEFh": 2, "INT 1Bh AX=1234h": 1}


def test_what_is_counted_is_bounded() -> None:
    pc = Pc()
    for number in range(1_000):
        pc.interrupt(0x15, 0xA000 + number)
    assert len(pc.bios.unknown) <= 256


def test_the_callers_other_flags_stay() -> None:
    pc = Pc()
    pc.memory.write(0x81000 + 4, (0x0246).to_bytes(2, "little"))
    pc.interrupt(0x15, 0xBEEF)
    assert pc.call.flags == 0x0247
    pc.interrupt(0x15, 0x8800)
    assert pc.call.flags == 0x0246


REGISTERS = st.fixed_dictionaries(
    {
        each: st.one_of(st.sampled_from([0, 1, 0xFFFF, 0xFFFFFFFF, 0x534D4150]), st.integers(0, 0xFFFFFFFF))
        for each in Register
    }
)
KNOWN = st.sampled_from([0x08, *range(0x10, 0x1B)])


@settings(max_examples=400)
@given(KNOWN | st.integers(0, 255), REGISTERS, st.integers(0, 0xFF), st.sampled_from([MIB, 2 * MIB]))
def test_no_registers_raise_out_of_the_bios(
    vector: int, registers: dict[Register, int], function: int, real_bytes: int
) -> None:
    """Wherever pointers and the stack lead, also to beyond the end of memory."""
    pc = Pc(memory_bytes=256 * MIB, real_bytes=real_bytes)
    for register, value in registers.items():
        pc.registers.file.set(register, value)
    pc.registers.ah = function

    pc.bios.handle(vector, pc.call)
