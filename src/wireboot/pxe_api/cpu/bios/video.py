"""INT 10h: a VGA's BIOS that knows text, and no VBE, so that menus fall back to it."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.bios.service import Interrupt, leave_alone
from wireboot.pxe_api.cpu.screen import COLUMNS, ROWS, Cursor, TextScreen, Window
from wireboot.pxe_api.memory import Memory, SegOff16

_TEXT_MODES = (0, 1, 2, 3, 7)
_KEEP_MEMORY = 0x80
_ALL_LINES = ROWS
"""What AL 0 means to the scrolling functions: that the window is erased."""
_VGA_COLOUR = 0x08
_SUPPORTED = 0x12
_FONT_AT = SegOff16(0xC000, 0x1000)
"""Blank pictures: only graphics would need them."""
_MOVE_CURSOR, _WITH_ATTRIBUTES = 0x01, 0x02


def services(screen: TextScreen, memory: Memory) -> Interrupt:
    return _Services(screen, memory).interrupt()


class _Services:
    def __init__(self, screen: TextScreen, memory: Memory) -> None:
        self._screen, self._memory = screen, memory
        self._area = BiosDataArea(memory)

    def interrupt(self) -> Interrupt:
        # fmt: off
        return Interrupt({
            0x00:   self._set_mode,
            0x01:   self._set_cursor_shape,
            0x02:   self._set_cursor,
            0x03:   self._read_cursor,
            0x05:   leave_alone,                 # the page to be shown: there is one
            0x06:   self._scroll_up,
            0x07:   self._scroll_down,
            0x08:   self._read_cell,
            0x09:   self._write_cells,
            0x0A:   self._write_characters,
            0x0B:   leave_alone,                 # the border's colour
            0x0E:   self._teletype,
            0x0F:   self._read_mode,
            0x10:   leave_alone,                 # palette, blinking
            0x1130: self._font,
            0x11:   leave_alone,                 # character sets: the screen shows code page 437, in 25 rows
            0x12:   self._alternate_select,
            0x13:   self._write_string,
            0x1A:   self._display_combination,
            0x4F:   leave_alone,                 # VBE: whatever it is, AX other than 004Fh says no
        })
        # fmt: on

    def _set_mode(self, call: BiosCall) -> None:
        mode = call.registers.al & ~_KEEP_MEMORY
        if mode in _TEXT_MODES:
            self._screen.set_text_mode(erase=not call.registers.al & _KEEP_MEMORY)
        else:
            # There is nothing to see of graphics; who asks gets the answer that it expects.
            self._area.video_mode = mode

    def _read_mode(self, call: BiosCall) -> None:
        call.registers.al, call.registers.ah, call.registers.bh = self._area.video_mode, COLUMNS, 0

    def _set_cursor_shape(self, call: BiosCall) -> None:
        self._area.cursor_shape = call.registers.cx

    def _set_cursor(self, call: BiosCall) -> None:
        self._screen.cursor = Cursor(call.registers.dh, call.registers.dl)

    def _read_cursor(self, call: BiosCall) -> None:
        call.registers.dh, call.registers.dl = self._area.cursor_row, self._area.cursor_column
        call.registers.cx = self._area.cursor_shape

    def _scroll_up(self, call: BiosCall) -> None:
        if (window := _window(call)) is not None:
            self._screen.scroll_up(window, call.registers.al or _ALL_LINES, call.registers.bh)

    def _scroll_down(self, call: BiosCall) -> None:
        if (window := _window(call)) is not None:
            self._screen.scroll_down(window, call.registers.al or _ALL_LINES, call.registers.bh)

    def _read_cell(self, call: BiosCall) -> None:
        call.registers.al, call.registers.ah = self._screen.cell_at_cursor()

    def _write_cells(self, call: BiosCall) -> None:
        self._screen.fill(call.registers.al, call.registers.bl, call.registers.cx)

    def _write_characters(self, call: BiosCall) -> None:
        self._screen.fill(call.registers.al, None, call.registers.cx)

    def _teletype(self, call: BiosCall) -> None:
        self._screen.teletype(call.registers.al)

    def _write_string(self, call: BiosCall) -> None:
        """CX characters from ES:BP on, in BL's attribute or each followed by its own, beginning at DH, DL."""
        registers, screen = call.registers, self._screen
        step = 2 if registers.al & _WITH_ATTRIBUTES else 1
        text = self._memory.read(call.pointer(registers.es, registers.bp), registers.cx * step)
        cursor, screen.cursor = screen.cursor, Cursor(registers.dh, registers.dl)
        for at in range(0, len(text), step):
            screen.teletype(text[at], text[at + 1] if step == 2 else registers.bl)
        if not registers.al & _MOVE_CURSOR:
            screen.cursor = cursor

    def _font(self, call: BiosCall) -> None:
        registers = call.registers
        registers.es, registers.bp = _FONT_AT
        registers.cx, registers.dl = self._area.character_height, ROWS - 1

    def _alternate_select(self, call: BiosCall) -> None:
        registers = call.registers
        if registers.bl == 0x10:  # how programs tell an EGA and better from what came before
            registers.bh, registers.bl = 0, 3  # colour, 256 KiB
            registers.ch, registers.cl = 0, 9
        elif registers.bl in range(0x30, 0x37):  # scan lines, palette, cursor emulation: agreed to
            registers.al = _SUPPORTED

    def _display_combination(self, call: BiosCall) -> None:
        if call.registers.al == 0:
            call.registers.bx = _VGA_COLOUR
        call.registers.al = 0x1A


def _window(call: BiosCall) -> Window | None:
    """None: it has no inside."""
    registers = call.registers
    window = Window(registers.ch, registers.cl, min(registers.dh, ROWS - 1), min(registers.dl, COLUMNS - 1))
    return window if window.top <= window.bottom and window.left <= window.right else None
