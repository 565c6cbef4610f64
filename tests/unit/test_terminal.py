"""A boot program's screen on a terminal and in a log (client/terminal.py)."""

from __future__ import annotations

import re
from io import StringIO

import pytest

from wireboot.client.terminal import LineView, TerminalView, program_screen
from wireboot.pxe_api.cpu.screen import COLUMNS, ROWS, WHOLE, Cursor, TextScreen
from wireboot.pxe_api.memory import ByteMemory

_CELLS_AT = 0xB8000
CONTROL = re.compile(r"\x1b\[\??[0-9;]*[A-Za-z]")


@pytest.fixture
def memory() -> ByteMemory:
    return ByteMemory(0x100000)


@pytest.fixture
def screen(memory: ByteMemory) -> TextScreen:
    return TextScreen(memory)


def write(screen: TextScreen, text: str, attribute: int = 0x07) -> None:
    for byte in text.replace("\n", "\r\n").encode("cp437"):
        screen.teletype(byte, attribute)


def test_a_line_is_told_when_it_is_whole(screen: TextScreen) -> None:
    out = StringIO()
    view = LineView(out)
    write(screen, "PXELINUX 6.04\nboot:")
    view.show(screen)
    assert out.getvalue() == "  | PXELINUX 6.04\n"
    write(screen, " linux\n")
    view.show(screen)
    view.close()
    assert out.getvalue() == "  | PXELINUX 6.04\n  | boot: linux\n"


def test_at_the_end_the_rest_is_told(screen: TextScreen) -> None:
    out = StringIO()
    view = LineView(out)
    write(screen, "one\nboot:")
    view.show(screen)
    view.close()
    assert out.getvalue() == "  | one\n  | boot:\n"


@pytest.mark.parametrize("lines_at_once", [1, 7, 60])
def test_each_line_is_told_once_however_it_leaves(screen: TextScreen, lines_at_once: int) -> None:
    """Also where more lines scroll away at once than the screen has, and where old ones are forgotten."""
    out = StringIO()
    view = LineView(out)
    lines = [f"line {number}" for number in range(2_400)]
    for at in range(0, len(lines), lines_at_once):
        write(screen, "".join(line + "\n" for line in lines[at : at + lines_at_once]))
        view.show(screen)
    view.close()
    assert out.getvalue().splitlines() == [f"  | {line}" for line in lines]


def test_lines_that_are_erased_have_been_told(screen: TextScreen) -> None:
    out = StringIO()
    view = LineView(out)
    write(screen, "\none\ntwo")
    view.show(screen)
    screen.erase(WHOLE, 0x07)
    screen.cursor = Cursor(0, 0)
    write(screen, "three\n")
    view.show(screen)
    view.close()
    assert out.getvalue() == "  | one\n  | two\n  | three\n"


def test_a_menu_is_told_once_however_its_cursor_moves(screen: TextScreen) -> None:
    out = StringIO()
    view = LineView(out)
    write(screen, "title\none\ntwo\n")
    for row in (3, 1, 2, 1, 3):
        screen.cursor = Cursor(row, 0)
        view.show(screen)
    screen.scroll_up(WHOLE, 1, 0x07)
    view.show(screen)
    view.close()
    assert out.getvalue() == "  | title\n  | one\n  | two\n"


def test_a_line_that_has_changed_is_told_again(screen: TextScreen) -> None:
    """A menu that counts down."""
    out = StringIO()
    view = LineView(out)
    for seconds in (2, 2, 1):
        screen.cursor = Cursor(3, 0)
        write(screen, f"Automatic boot in {seconds} seconds\n")
        view.show(screen)
    assert out.getvalue() == "  | Automatic boot in 2 seconds\n  | Automatic boot in 1 seconds\n"


class Glass:
    """What a terminal of 80 columns and 25 lines, which knows no more than `TerminalView` needs, comes to show."""

    def __init__(self, output: str) -> None:
        self.rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self.cursor = (0, 0)
        at = 0
        while at < len(output):
            control = CONTROL.match(output, at)
            if control is None:
                self._put(output[at])
                at += 1
                continue
            if control[0].endswith("H"):
                row, column = control[0][2:-1].split(";")
                self.cursor = (int(row) - 1, int(column) - 1)
            at = control.end()

    def _put(self, character: str) -> None:
        row, column = self.cursor
        self.rows[row][column] = character
        self.cursor = (row, column + 1)

    @property
    def lines(self) -> list[str]:
        return ["".join(row) for row in self.rows]


def test_the_terminal_shows_the_screen(screen: TextScreen) -> None:
    out = StringIO()
    view = TerminalView(out)
    write(screen, "PXELINUX 6.04\n")
    view.show(screen)
    write(screen, "┌─┐ boot: linux", 0x1F)
    view.show(screen)
    glass = Glass(out.getvalue())
    assert glass.lines == screen.rows()
    assert glass.cursor == screen.cursor
    # Bright white on blue, as the attribute says; a terminal numbers blue 4.
    assert "\x1b[97;44m┌─┐ boot: linux" in out.getvalue()


def test_only_rows_that_have_changed_are_drawn(screen: TextScreen) -> None:
    out = StringIO()
    view = TerminalView(out)
    write(screen, "one\ntwo")
    view.show(screen)
    drawn = len(out.getvalue())
    write(screen, "!")
    view.show(screen)
    again = out.getvalue()[drawn:]
    assert "two!" in again
    assert "one" not in again
    assert len(again) < 2 * COLUMNS


def test_the_terminal_comes_back_with_the_last_screen_on_it(screen: TextScreen) -> None:
    out = StringIO()
    view = TerminalView(out)
    write(screen, "one\ntwo")
    view.show(screen)
    before = len(out.getvalue())
    view.close()
    end = out.getvalue()[before:]
    assert out.getvalue().startswith("\x1b[?1049h")
    assert end.index("\x1b[?1049l") < end.index("one\ntwo\n")
    assert "\x1b[?25h" in end


@pytest.mark.parametrize("view_type", [LineView, TerminalView])
def test_no_program_speaks_to_the_terminal(
    memory: ByteMemory, screen: TextScreen, view_type: type[LineView] | type[TerminalView]
) -> None:
    """Security: whatever bytes lie in the screen's memory, each is shown as its picture."""
    memory.write(_CELLS_AT, b"".join(bytes([number % 256, number // 256 * 0x11]) for number in range(COLUMNS * ROWS)))
    screen.cursor = Cursor(24, 0)
    out = StringIO()
    view = view_type(out)
    view.show(screen)
    view.close()
    written = CONTROL.sub("", out.getvalue()).replace("\n", "")
    assert written
    assert all(character.isprintable() for character in written)


def test_nothing_is_written_where_nothing_is_to_be_seen(screen: TextScreen, capsys: pytest.CaptureFixture[str]) -> None:
    write(screen, "one\n")
    with program_screen(visible=False) as show:
        show(screen)
    with program_screen(visible=True) as show:
        show(screen)
    assert capsys.readouterr() == ("", "  | one\n")
