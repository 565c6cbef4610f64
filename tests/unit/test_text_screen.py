"""The machine's screen: what people see of it, and what stays of what has gone."""

from __future__ import annotations

import pytest

from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.screen import CODE_PAGE_437, COLUMNS, ROWS, WHOLE, Cell, Cursor, TextScreen, Window
from wireboot.pxe_api.memory import ByteMemory

GREY = 0x07


@pytest.fixture
def memory() -> ByteMemory:
    return ByteMemory(1 << 20)


@pytest.fixture
def screen(memory: ByteMemory) -> TextScreen:
    return TextScreen(memory)


def say(screen: TextScreen, text: str) -> None:
    for byte in text.replace("\n", "\r\n").encode("cp437"):
        screen.teletype(byte)


def test_it_begins_empty_and_grey_on_black_in_mode_3(memory: ByteMemory, screen: TextScreen) -> None:
    area = BiosDataArea(memory)

    assert screen.rows() == [" " * 80] * 25
    assert screen.cells()[24][79] == Cell(" ", foreground=7, background=0)
    assert (screen.cursor, screen.cursor_visible) == (Cursor(0, 0), True)
    assert (area.video_mode, area.video_columns, area.video_last_row, area.crtc_port) == (3, 80, 24, 0x3D4)


def test_what_a_program_writes_into_the_cells_itself_is_seen(memory: ByteMemory, screen: TextScreen) -> None:
    memory.write(0xB8000 + (2 * COLUMNS + 3) * 2, bytes([0xC9, 0x1F, 0xCD, 0x1F, 0x00, 0xF4]))

    assert screen.rows()[2].startswith("   ╔═  ")
    assert screen.cells()[2][3] == Cell("╔", foreground=15, background=1)
    assert screen.cells()[2][5] == Cell(" ", foreground=4, background=7), "blinking is no colour"


def test_every_byte_has_one_picture_and_none_is_a_control_character() -> None:
    assert len(CODE_PAGE_437) == 256
    assert CODE_PAGE_437.isprintable()
    assert (CODE_PAGE_437[0x1B], CODE_PAGE_437[0x7F], CODE_PAGE_437[0xB3], CODE_PAGE_437[0xFF]) == ("←", "⌂", "│", " ")


def test_the_teletype_moves_as_a_typewriter_does(screen: TextScreen) -> None:
    say(screen, "abc\x07\x08\x08X\nnew")

    assert screen.text() == "aXc\nnew"
    assert screen.cursor == Cursor(1, 3)


def test_backspace_stays_in_its_row(screen: TextScreen) -> None:
    say(screen, "a\n\x08")
    assert screen.cursor == Cursor(1, 0)


def test_a_full_row_goes_on_in_the_next(screen: TextScreen) -> None:
    say(screen, "x" * 81)
    assert screen.text() == "x" * 80 + "\nx"
    assert screen.cursor == Cursor(1, 1)


def test_lines_that_scroll_away_stay_in_the_transcript(screen: TextScreen) -> None:
    say(screen, "".join(f"line {number}\n" for number in range(30)))

    assert screen.rows()[0].rstrip() == "line 6"
    assert screen.transcript() == "\n".join(f"line {number}" for number in range(30))


def test_the_same_line_said_twice_is_kept_twice(screen: TextScreen) -> None:
    say(screen, "again\nagain\n" + "\n" * 24)
    assert screen.lines_gone[:2] == ("again", "again")


def test_the_transcript_is_bounded(screen: TextScreen) -> None:
    say(screen, "".join(f"{number}\n" for number in range(2_100)))

    assert len(screen.lines_gone) == 2_000
    assert screen.lines_gone[-1] == str(2_100 - ROWS)


def test_a_screen_that_is_erased_is_kept(screen: TextScreen) -> None:
    say(screen, "\n  menu\n\n  1. install\n")
    screen.erase(WHOLE, GREY)
    screen.cursor = Cursor(0, 0)
    say(screen, "booting")

    assert screen.transcript() == "  menu\n\n  1. install\nbooting"


def test_a_screen_that_is_drawn_again_and_again_is_kept_once(screen: TextScreen) -> None:
    for _ in range(5):
        screen.erase(WHOLE, GREY)
        screen.cursor = Cursor(0, 0)
        say(screen, "title\nentry")

    assert screen.transcript() == "title\nentry"


def test_erasing_the_first_row_and_then_the_others_keeps_all(screen: TextScreen) -> None:
    say(screen, "title\nentry\nfooter")
    screen.erase(Window(0, 0, 0, 79), GREY)
    screen.erase(Window(1, 0, 24, 79), GREY)

    assert screen.transcript() == "title\nentry\nfooter"
    assert screen.text() == ""


def test_a_screen_filled_with_blanks_from_its_beginning_is_kept(screen: TextScreen) -> None:
    say(screen, "GRUB loading.")
    screen.cursor = Cursor(0, 0)
    screen.fill(0x20, GREY, 80 * 25)

    assert (screen.text(), screen.transcript()) == ("", "GRUB loading.")


def test_a_single_row_written_anew_is_no_news(screen: TextScreen) -> None:
    say(screen, "\nin 5 seconds")
    screen.erase(Window(1, 0, 1, 79), GREY)
    screen.cursor = Cursor(1, 0)
    say(screen, "in 4 seconds")

    assert screen.transcript() == "\nin 4 seconds"


def test_setting_the_mode_erases_and_keeps(screen: TextScreen) -> None:
    say(screen, "before")
    screen.set_text_mode()
    assert (screen.text(), screen.transcript()) == ("", "before")


def test_a_window_scrolls_inside_its_edges(screen: TextScreen) -> None:
    say(screen, "aaaa\nbbbb\ncccc\ndddd")
    screen.scroll_up(Window(1, 1, 2, 2), 1, 0x1E)

    assert screen.text() == "aaaa\nbccb\nc  c\ndddd"
    assert screen.cells()[2][1] == Cell(" ", foreground=14, background=1)
    assert screen.lines_gone == ()


def test_a_window_scrolls_down(screen: TextScreen) -> None:
    say(screen, "aaaa\nbbbb\ncccc")
    screen.scroll_down(Window(0, 0, 2, 79), 2, GREY)
    assert screen.text() == "\n\naaaa"


@pytest.mark.parametrize("lines", [3, 25, 255])
def test_scrolling_further_than_the_window_is_high_erases_it(screen: TextScreen, lines: int) -> None:
    say(screen, "a\nb\nc\nd")
    screen.scroll_up(Window(0, 0, 2, 79), lines, GREY)
    assert screen.text() == "\n\n\nd"

    screen.scroll_down(Window(1, 0, 3, 79), lines, GREY)
    assert screen.text() == ""


def test_filling_ends_with_the_screen(memory: ByteMemory, screen: TextScreen) -> None:
    screen.cursor = Cursor(24, 70)
    screen.fill(ord("="), None, 0xFFFF)

    assert screen.rows()[24] == " " * 70 + "=" * 10
    assert memory.read(0xB8000 + 80 * 25 * 2, 2) == b"\0\0"


def test_a_cursor_outside_the_screen_counts_as_its_nearest_cell(screen: TextScreen) -> None:
    screen.cursor = Cursor(255, 255)
    assert screen.cursor == Cursor(24, 79)
    screen.teletype(ord("x"))
    assert screen.rows()[23][79] == "x"


def test_the_cursor_can_be_hidden(memory: ByteMemory, screen: TextScreen) -> None:
    BiosDataArea(memory).cursor_shape = 0x2020
    assert not screen.cursor_visible
