"""A colour text screen of 80 columns and 25 rows, and what has been on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.memory import Memory

COLUMNS, ROWS = 80, 25
TEXT_MODE = 3
GREY_ON_BLACK = 0x07

_CELLS_AT = 0xB8000
_CELLS = COLUMNS * ROWS
_SPACE = 0x20
_BELL, _BACKSPACE, _LINE_FEED, _CARRIAGE_RETURN = 0x07, 0x08, 0x0A, 0x0D
_CURSOR_HIDDEN = 0x2000
_LINES_KEPT = 2_000

# The codec leaves the control characters what they are in a file; on a screen each has its picture.
_PICTURES = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
CODE_PAGE_437 = (
    _PICTURES + bytes(range(0x20, 0x7F)).decode("ascii") + "⌂" + bytes(range(0x80, 0xFF)).decode("cp437") + " "
)
"""What each byte looks like. Nothing in it moves the cursor of a real terminal."""


class Cell(NamedTuple):
    character: str
    foreground: int
    """0-15, as a VGA numbers its colours: blue is 1, red is 4."""
    background: int
    """0-7. Blinking is not shown."""


class Cursor(NamedTuple):
    row: int
    column: int


class Window(NamedTuple):
    """A part of the screen, its edges included."""

    top: int
    left: int
    bottom: int
    right: int


WHOLE = Window(0, 0, ROWS - 1, COLUMNS - 1)


class TextScreen:
    """The cells lie in the machine's memory and the cursor in the BIOS data area: a program may write there itself.

    There is one page; every other is taken for it.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._area = BiosDataArea(memory)
        self._gone: deque[str] = deque(maxlen=_LINES_KEPT)
        self.set_text_mode()

    # What people see.

    def rows(self) -> list[str]:
        """25 strings of 80 characters."""
        characters = "".join(CODE_PAGE_437[byte] for byte in self.content()[::2])
        return [characters[at : at + COLUMNS] for at in range(0, _CELLS, COLUMNS)]

    def cells(self) -> list[list[Cell]]:
        content = self.content()
        cells = [
            Cell(CODE_PAGE_437[character], attribute & 0x0F, attribute >> 4 & 0x07)
            for character, attribute in zip(content[::2], content[1::2], strict=True)
        ]
        return [cells[at : at + COLUMNS] for at in range(0, _CELLS, COLUMNS)]

    def content(self) -> bytes:
        """A character and an attribute for each cell, as they lie in memory."""
        return self._memory.read(_CELLS_AT, _CELLS * 2)

    def text(self) -> str:
        """Without the blanks at the ends of lines and below the last."""
        return "\n".join(_without_blank_ends(self.rows(), leading=False))

    def transcript(self) -> str:
        """Every line that scrolled away or was erased, the last 2,000 of them, and then the screen as it is."""
        now = _without_blank_ends(self.rows(), leading=False)
        gone = list(self._gone)
        return "\n".join(gone if _ends_with(gone, now) else gone + now)

    @property
    def lines_gone(self) -> tuple[str, ...]:
        """The transcript without the screen as it is."""
        return tuple(self._gone)

    @property
    def cursor(self) -> Cursor:
        """Where the next character goes. A program may have set it outside the screen: then its nearest cell."""
        return Cursor(min(self._area.cursor_row, ROWS - 1), min(self._area.cursor_column, COLUMNS - 1))

    @cursor.setter
    def cursor(self, cursor: Cursor) -> None:
        self._area.cursor_row, self._area.cursor_column = cursor

    @property
    def cursor_visible(self) -> bool:
        return not self._area.cursor_shape & _CURSOR_HIDDEN

    # What the BIOS does with it.

    def set_text_mode(self, *, erase: bool = True) -> None:
        area = self._area
        area.video_mode, area.video_columns, area.video_last_row = TEXT_MODE, COLUMNS, ROWS - 1
        area.video_page, area.video_page_start, area.video_page_bytes = 0, 0, 0x1000
        area.crtc_port, area.character_height, area.cursor_shape = 0x3D4, 16, 0x0607
        self.cursor = Cursor(0, 0)
        if erase:
            self.erase(WHOLE, GREY_ON_BLACK)

    def erase(self, window: Window, attribute: int) -> None:
        """Blanks in that attribute. Rows that go away by this get into the transcript."""
        # A row by itself is but written anew, except the first: Syslinux erases a screen as that and then the others.
        if _is_full_width(window) and (window.top == 0 or window.bottom > window.top):
            self._keep_once(self.rows()[window.top : window.bottom + 1])
        for row in range(window.top, window.bottom + 1):
            self._blank(row, window, attribute)

    def scroll_up(self, window: Window, lines: int, attribute: int) -> None:
        if lines > window.bottom - window.top:
            self.erase(window, attribute)
            return
        if _is_full_width(window):
            self._gone.extend(row.rstrip() for row in self.rows()[window.top : window.top + lines])
        for row in range(window.top, window.bottom + 1 - lines):
            self._copy(row + lines, row, window)
        for row in range(window.bottom + 1 - lines, window.bottom + 1):
            self._blank(row, window, attribute)

    def scroll_down(self, window: Window, lines: int, attribute: int) -> None:
        if lines > window.bottom - window.top:
            self.erase(window, attribute)
            return
        for row in range(window.bottom, window.top + lines - 1, -1):
            self._copy(row - lines, row, window)
        for row in range(window.top, window.top + lines):
            self._blank(row, window, attribute)

    def fill(self, character: int, attribute: int | None, count: int) -> None:
        """So many from the cursor on, to the end of the screen at most. No attribute: each cell keeps its own."""
        start = _index(self.cursor)
        count = min(count, _CELLS - start)
        if start == 0 and character == _SPACE and count >= COLUMNS:  # how GRUB erases
            self._keep_once(self.rows()[: count // COLUMNS])
        content = bytearray(self._memory.read(_CELLS_AT + start * 2, count * 2))
        content[::2] = bytes([character]) * count
        if attribute is not None:
            content[1::2] = bytes([attribute]) * count
        self._memory.write(_CELLS_AT + start * 2, bytes(content))

    def cell_at_cursor(self) -> tuple[int, int]:
        """Its character and its attribute."""
        character, attribute = self._memory.read(_CELLS_AT + _index(self.cursor) * 2, 2)
        return character, attribute

    def teletype(self, character: int, attribute: int | None = None) -> None:
        """As a typewriter would: the cursor moves on, and the screen up at its end."""
        row, column = self.cursor
        if character == _BELL:
            return
        if character == _BACKSPACE:
            column = max(column - 1, 0)
        elif character == _CARRIAGE_RETURN:
            column = 0
        elif character == _LINE_FEED:
            row += 1
        else:
            self.fill(character, attribute, 1)
            column += 1
        if column == COLUMNS:
            row, column = row + 1, 0
        if row == ROWS:
            self.scroll_up(WHOLE, 1, self.cell_at_cursor()[1] if attribute is None else attribute)
            row = ROWS - 1
        self.cursor = Cursor(row, column)

    def _blank(self, row: int, window: Window, attribute: int) -> None:
        cells = bytes([_SPACE, attribute]) * (window.right + 1 - window.left)
        self._memory.write(_address(row, window.left), cells)

    def _copy(self, source: int, destination: int, window: Window) -> None:
        size = (window.right + 1 - window.left) * 2
        self._memory.write(_address(destination, window.left), self._memory.read(_address(source, window.left), size))

    def _keep_once(self, rows: Sequence[str]) -> None:
        """A screen that is drawn over and over again, always the same, is told once."""
        lines = _without_blank_ends(rows, leading=True)
        if not _ends_with(self._gone, lines):
            self._gone.extend(lines)


def _without_blank_ends(rows: Sequence[str], *, leading: bool) -> list[str]:
    lines = [row.rstrip() for row in rows]
    while lines and not lines[-1]:
        del lines[-1]
    while leading and lines and not lines[0]:
        del lines[0]
    return lines


def _ends_with(lines: Sequence[str], end: Sequence[str]) -> bool:
    return list(lines)[len(lines) - len(end) :] == list(end) if len(end) <= len(lines) else False


def _is_full_width(window: Window) -> bool:
    return window.left == 0 and window.right == COLUMNS - 1


def _index(cursor: Cursor) -> int:
    return cursor.row * COLUMNS + cursor.column


def _address(row: int, column: int) -> int:
    return _CELLS_AT + (row * COLUMNS + column) * 2
