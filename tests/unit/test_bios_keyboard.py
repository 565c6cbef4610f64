"""INT 16h by its registers."""

from __future__ import annotations

import pytest

from tests.support.bios_pc import Pc


@pytest.mark.parametrize(("function", "arrow"), [(0x0000, 0x4800), (0x1000, 0x48E0)])
def test_keys_come_in_the_order_they_were_typed(function: int, arrow: int) -> None:
    """The older function has no mark for the cursor keys that stand by themselves."""
    pc = Pc()
    pc.keys.type(b"a\x1b[A\r")
    assert [pc.interrupt(0x16, function).ax for _ in range(3)] == [0x1E61, arrow, 0x1C0D]


@pytest.mark.parametrize("function", [0x0000, 0x1000])
def test_reading_waits_for_a_key(function: int) -> None:
    pc = Pc()
    pc.typed_when_waited_for = b"y"
    assert pc.interrupt(0x16, function).ax == 0x1579
    assert pc.happened == ["waited"]


def test_reading_gives_up_when_the_run_is_over() -> None:
    pc = Pc()
    pc.interrupt(0x16, 0x0000)
    assert pc.happened == ["waited"]


@pytest.mark.parametrize("function", [0x0100, 0x1100])
def test_looking_leaves_the_key_and_tells_by_the_zero_flag(function: int) -> None:
    pc = Pc()
    assert pc.interrupt(0x16, function).ax == function, "to be asked again with the same registers"
    assert pc.call.zero
    assert pc.happened == ["no key"]
    assert pc.keys.asked_in_vain == 1

    pc.keys.type(b"a")
    assert pc.interrupt(0x16, function).ax == 0x1E61
    assert not pc.call.zero
    assert len(pc.keys) == 1


def test_a_program_can_type() -> None:
    pc = Pc()
    assert pc.interrupt(0x16, 0x0500, cx=0x1C0D).al == 0
    assert pc.interrupt(0x16, 0x1000).ax == 0x1C0D

    pc.keys.type(b"x" * 10_000)
    assert pc.interrupt(0x16, 0x0500, cx=0x1C0D).al == 1


def test_the_shift_keys_are_as_the_data_area_says() -> None:
    pc = Pc()
    pc.area.keyboard_flags, pc.area.keyboard_flags_2 = 0x20, 0x01
    assert pc.interrupt(0x16, 0x0200).al == 0x20
    assert pc.interrupt(0x16, 0x1200).ax == 0x0120
