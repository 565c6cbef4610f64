"""INT 16h: the keyboard."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.bios.service import Callouts, Interrupt, leave_alone
from wireboot.pxe_api.cpu.keyboard import Key, Keyboard
from wireboot.pxe_api.memory import Memory

_GREY = 0xE0
_QUEUED, _NO_ROOM = 0, 1


def services(keys: Keyboard, memory: Memory, callouts: Callouts) -> Interrupt:
    return _Services(keys, memory, callouts).interrupt()


class _Services:
    def __init__(self, keys: Keyboard, memory: Memory, callouts: Callouts) -> None:
        self._keys, self._callouts = keys, callouts
        self._area = BiosDataArea(memory)

    def interrupt(self) -> Interrupt:
        # fmt: off
        return Interrupt({
            0x00: self._read,
            0x01: self._look,
            0x02: self._shift_flags,
            0x03: leave_alone,                   # the typematic rate
            0x05: self._push,
            0x10: self._read,
            0x11: self._look,
            0x12: self._extended_shift_flags,
        })
        # fmt: on

    def _read(self, call: BiosCall) -> None:
        """Waits for a key as long as it takes."""
        while (key := self._keys.take()) is None:
            if not self._callouts.wait_for_key():
                return
        _tell(call, key)

    def _look(self, call: BiosCall) -> None:
        key = self._keys.peek()
        call.zero = key is None
        if key is None:
            # AX stays: Syslinux asks again with what it got back.
            self._callouts.no_key()
        else:
            _tell(call, key)

    def _push(self, call: BiosCall) -> None:
        pushed = self._keys.press(Key(call.registers.ch, call.registers.cl))
        call.registers.al = _QUEUED if pushed else _NO_ROOM

    def _shift_flags(self, call: BiosCall) -> None:
        call.registers.al = self._area.keyboard_flags

    def _extended_shift_flags(self, call: BiosCall) -> None:
        call.registers.al, call.registers.ah = self._area.keyboard_flags, self._area.keyboard_flags_2


def _tell(call: BiosCall, key: Key) -> None:
    # The older pair of functions comes from a keyboard that had cursor keys on its numeric pad only.
    old = call.registers.ah < 0x10
    call.registers.ax = key.scan_code << 8 | (0 if old and key.character == _GREY else key.character)
