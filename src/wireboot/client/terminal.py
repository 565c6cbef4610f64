"""The screen of a boot program, shown on a terminal or told line by line where there is none. On stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Protocol, TextIO

from wireboot.pxe_api.cpu.screen import COLUMNS, Cell, Cursor, TextScreen

# ECMA-48; the alternate screen is xterm's, and every terminal's since.
_ENTER, _LEAVE = "\x1b[?1049h", "\x1b[0m\x1b[?25h\x1b[?1049l"
_ERASE = "\x1b[0m\x1b[2J"
_SHOW_CURSOR, _HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
_COLOURS = (0, 4, 2, 6, 1, 5, 3, 7)
"""A VGA counts blue, green, red from the lowest bit up; terminals red, green, blue."""
_BRIGHT = 8


class ScreenView(Protocol):
    def show(self, screen: TextScreen) -> None:
        """It may have changed."""

    def close(self) -> None:
        """The program has ended."""


@contextmanager
def program_screen(*, visible: bool) -> Iterator[Callable[[TextScreen], None]]:
    """What to call whenever the screen has changed."""
    if not visible:
        yield lambda _: None
        return
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    view: ScreenView = TerminalView(sys.stderr) if is_terminal else LineView(sys.stderr)
    try:
        yield view.show
    finally:
        view.close()


class TerminalView:
    """In the place of what stood on the terminal, which comes back at the end, with the last screen below it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._size = os.terminal_size((0, 0))
        self._top = 0
        """The row of the screen that stands in the terminal's first, which may have fewer."""
        self._drawn: list[bytes] = []
        self._cursor: tuple[Cursor, bool] | None = None
        self._last = ""
        out.write(_ENTER)
        out.flush()

    def show(self, screen: TextScreen) -> None:
        size = _size(self._out)
        top = max(0, screen.cursor.row + 1 - size.lines)
        if (size, top) != (self._size, self._top):
            self._size, self._top, self._drawn = size, top, []
            self._out.write(_ERASE)
        content = screen.content()
        rows = [content[at : at + COLUMNS * 2] for at in range(0, len(content), COLUMNS * 2)]
        cursor = screen.cursor, screen.cursor_visible
        if (rows, cursor) == (self._drawn, self._cursor):
            return
        if rows != self._drawn:
            self._draw(rows, screen.cells())
            self._last = screen.text()
        self._place_cursor(*cursor)
        self._cursor = cursor
        self._out.flush()

    def close(self) -> None:
        self._out.write(f"{_LEAVE}{_encodable(self._last, self._out)}\n")
        self._out.flush()

    def _draw(self, rows: list[bytes], cells: list[list[Cell]]) -> None:
        for number in range(self._top, min(self._top + self._size.lines, len(rows))):
            if not self._drawn or rows[number] != self._drawn[number]:
                painted = "".join(_painted(cells[number][: self._size.columns]))
                self._out.write(f"\x1b[{number - self._top + 1};1H{_encodable(painted, self._out)}")
        self._drawn = rows

    def _place_cursor(self, cursor: Cursor, visible: bool) -> None:
        row, column = cursor.row - self._top + 1, min(cursor.column + 1, self._size.columns)
        self._out.write(f"\x1b[{row};{column}H{_SHOW_CURSOR if visible else _HIDE_CURSOR}")


class LineView:
    """For logs: each line once it is whole, which it is when the cursor has left it; again where it has changed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._gone: tuple[str, ...] = ()
        """The lines that have scrolled away."""
        self._told: list[str | None] = []
        """The screen's rows as they have been told, from its top; None for one that has not."""
        self._rows: list[str] = []

    def show(self, screen: TextScreen) -> None:
        gone = screen.lines_gone
        for line in _appended(self._gone, gone):
            if line in self._told:
                del self._told[: self._told.index(line) + 1]
            else:
                self._tell(line)
                if self._told[:1] == [None]:
                    del self._told[0]
        self._gone = gone
        self._rows = [row.rstrip() for row in screen.rows()]
        self._tell_rows(screen.cursor.row)

    def close(self) -> None:
        self._tell_rows(len(self._rows))

    def _tell_rows(self, whole: int) -> None:
        """The first ones of the screen, as far as they have not been told as they are.

        What stands below stays told: the cursor of a menu goes up and down, and nothing is new.
        """
        before = self._told
        self._told = []
        for number, row in enumerate(self._rows):
            is_told = before[number : number + 1] == [row]
            if number < whole and not is_told:
                self._tell(row)
            self._told.append(row if number < whole or is_told else None)

    def _tell(self, line: str) -> None:
        if line:
            self._out.write(f"  | {_encodable(line, self._out)}\n")
            self._out.flush()


def _painted(cells: Sequence[Cell]) -> Iterator[str]:
    for (foreground, background), run in groupby(cells, lambda cell: (cell.foreground, cell.background)):
        colour = (90 if foreground & _BRIGHT else 30) + _COLOURS[foreground & 7]
        yield f"\x1b[{colour};{40 + _COLOURS[background & 7]}m" + "".join(cell.character for cell in run)


def _appended(before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """What is new at the end, where old lines may have been dropped at the beginning."""
    dropped = next(n for n in range(len(before) + 1) if after[: len(before) - n] == before[n:])
    return after[len(before) - dropped :]


def _encodable(text: str, out: TextIO) -> str:
    """A terminal in a bare locale has no box drawing; a question mark keeps the columns."""
    encoding = out.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _size(out: TextIO) -> os.terminal_size:
    try:
        size = os.get_terminal_size(out.fileno())
    except OSError:
        return os.terminal_size((80, 25))
    # A serial line says nothing of its terminal.
    return size if size.lines and size.columns else os.terminal_size((80, 25))
