"""INT 10h by its registers."""

from __future__ import annotations

import pytest

from tests.support.bios_pc import Pc
from wireboot.pxe_api.cpu.screen import Cell, Cursor


@pytest.fixture
def pc() -> Pc:
    return Pc()


def say(pc: Pc, text: str) -> None:
    for byte in text.encode("cp437"):
        pc.interrupt(0x10, 0x0E00 | byte, bx=0x0007)


def test_the_teletype_writes_in_the_attribute_that_is_there(pc: Pc) -> None:
    pc.interrupt(0x10, 0x0920, bx=0x001E, cx=80)
    say(pc, "hi\r\n")

    assert pc.screen.text() == "hi"
    assert pc.screen.cells()[0][1] == Cell("i", foreground=14, background=1)
    assert pc.screen.cursor == Cursor(1, 0)


def test_setting_the_cursor_and_reading_it_back(pc: Pc) -> None:
    pc.interrupt(0x10, 0x0100, cx=0x2007)
    pc.interrupt(0x10, 0x0200, bx=0, dx=0x0A14)
    registers = pc.interrupt(0x10, 0x0300, bx=0, cx=0, dx=0)

    assert (registers.dx, registers.cx) == (0x0A14, 0x2007)
    assert not pc.screen.cursor_visible


def test_every_page_is_the_one_there_is(pc: Pc) -> None:
    pc.interrupt(0x10, 0x0501)
    pc.interrupt(0x10, 0x0200, bx=0x0100, dx=0x0101)
    pc.interrupt(0x10, 0x0941, bx=0x0107, cx=1)
    assert pc.screen.rows()[1].startswith(" A ")


@pytest.mark.parametrize("mode", [0, 1, 2, 3, 7])
def test_a_text_mode_is_80_columns_of_colour(pc: Pc, mode: int) -> None:
    say(pc, "before")
    pc.interrupt(0x10, mode)

    registers = pc.interrupt(0x10, 0x0F00, bx=0x5500)
    assert (registers.al, registers.ah, registers.bh) == (3, 80, 0)
    assert pc.screen.text() == ""
    assert pc.screen.cursor == Cursor(0, 0)


def test_a_mode_may_be_set_without_erasing(pc: Pc) -> None:
    say(pc, "before")
    pc.interrupt(0x10, 0x0083)
    assert pc.screen.text() == "before"


def test_a_graphics_mode_is_remembered_and_the_text_stays(pc: Pc) -> None:
    say(pc, "before")
    pc.interrupt(0x10, 0x0012)
    assert pc.interrupt(0x10, 0x0F00).al == 0x12
    assert pc.screen.text() == "before"


def test_scrolling_up_and_down(pc: Pc) -> None:
    say(pc, "a\r\nb\r\nc")
    pc.interrupt(0x10, 0x0601, bx=0x0700, cx=0x0000, dx=0x184F)
    assert pc.screen.text() == "b\nc"

    pc.interrupt(0x10, 0x0702, bx=0x0700, cx=0x0000, dx=0x184F)
    assert pc.screen.text() == "\n\nb\nc"


def test_scrolling_by_no_lines_erases_and_the_window_may_be_larger_than_the_screen(pc: Pc) -> None:
    """iPXE asks for rows and columns up to 255."""
    say(pc, "before")
    pc.interrupt(0x10, 0x0600, bx=0x1F00, cx=0x0000, dx=0xFFFF)

    assert pc.screen.text() == ""
    assert pc.screen.cells()[24][79] == Cell(" ", foreground=15, background=1)
    assert pc.screen.transcript() == "before"


@pytest.mark.parametrize(("cx", "dx"), [(0x0500, 0x044F), (0x0005, 0x1804), (0xFFFF, 0xFFFF)])
@pytest.mark.parametrize("function", [0x0600, 0x0601, 0x07FF])
def test_a_window_without_an_inside_is_nothing_to_scroll(pc: Pc, function: int, cx: int, dx: int) -> None:
    say(pc, "stays")
    pc.interrupt(0x10, function, bx=0x0700, cx=cx, dx=dx)
    assert pc.screen.text() == "stays"


def test_reading_the_cell_under_the_cursor(pc: Pc) -> None:
    pc.interrupt(0x10, 0x09DB, bx=0x004E, cx=3)
    assert pc.interrupt(0x10, 0x0800, bx=0).ax == 0x4EDB


def test_writing_characters_leaves_their_attributes(pc: Pc) -> None:
    pc.interrupt(0x10, 0x0920, bx=0x0070, cx=2)
    pc.interrupt(0x10, 0x0A2A, bx=0x0007, cx=2)
    assert pc.screen.cells()[0][:2] == [Cell("*", 0, 7)] * 2
    assert pc.screen.cursor == Cursor(0, 0)


def test_writing_a_string(pc: Pc) -> None:
    pc.memory.write(0x20010, b"two\r\nlines")
    pc.interrupt(0x10, 0x1301, bx=0x0002, cx=10, dx=0x0305, es=0x2000, bp=0x0010)

    assert pc.screen.rows()[3].rstrip() == "     two"
    assert pc.screen.rows()[4].rstrip() == "lines"
    assert pc.screen.cells()[4][0].foreground == 2
    assert pc.screen.cursor == Cursor(4, 5)


def test_writing_a_string_with_attributes_and_without_moving_the_cursor(pc: Pc) -> None:
    pc.memory.write(0x20000, b"a\x01b\x02")
    pc.interrupt(0x10, 0x1302, bx=0x0007, cx=2, dx=0x0000, es=0x2000, bp=0)

    assert [cell.foreground for cell in pc.screen.cells()[0][:2]] == [1, 2]
    assert pc.screen.cursor == Cursor(0, 0)


def test_the_font_is_16_lines_high_and_somewhere(pc: Pc) -> None:
    registers = pc.interrupt(0x10, 0x1130, bx=0x0600)
    assert (registers.cx, registers.dl) == (16, 24)
    pc.memory.read(registers.es * 16 + registers.bp, 256 * 16)


def test_it_is_a_vga(pc: Pc) -> None:
    registers = pc.interrupt(0x10, 0x1200, bx=0xFF10)
    assert (registers.bh, registers.bl) == (0, 3)

    registers = pc.interrupt(0x10, 0x1A00, bx=0xFFFF)
    assert (registers.al, registers.bx) == (0x1A, 0x0008)


@pytest.mark.parametrize("function", [0x4F00, 0x4F01, 0x4F02, 0x4F03, 0x4F15])
def test_there_is_no_vbe(pc: Pc, function: int) -> None:
    """Whatever answer does not begin with 004Fh is a no, upon which vesamenu.c32 goes on as text."""
    assert pc.interrupt(0x10, function, es=0x2000, di=0).ax != 0x004F
    assert not pc.bios.unknown
