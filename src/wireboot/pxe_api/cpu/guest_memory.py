"""The machine's memory: one piece of RAM from address 0, which the emulated processor and our services share."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable

from wireboot.pxe_api.memory import MemoryFault, SegOff16


class GuestMemory:
    """Untouched memory costs nothing. The system takes it back when the last one who holds it has gone."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._content = mmap.mmap(-1, size)
        self._as_c = (ctypes.c_char * size).from_buffer(self._content)
        self._code_changed: Callable[[int, int], None] = _nobody_runs
        self._segment_base: Callable[[int], int] = _real_mode_base

    @property
    def host_address(self) -> int:
        """Where it lies in this process. Only for who keeps this object alive meanwhile."""
        return ctypes.addressof(self._as_c)

    def attach(self, code_changed: Callable[[int, int], None], segment_base: Callable[[int], int]) -> None:
        """A processor runs here: it hears of each write, as an address and a size, and knows what a segment is.

        `segment_base` gives a segment's address, or raises MemoryFault.
        """
        self._code_changed, self._segment_base = code_changed, segment_base

    def detach(self) -> None:
        self._code_changed, self._segment_base = _nobody_runs, _real_mode_base

    def read(self, address: int, size: int) -> bytes:
        self._check(address, size)
        return self._content[address : address + size]

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data))
        self._content[address : address + len(data)] = data
        if data:
            self._code_changed(address, len(data))

    def address_of(self, pointer: SegOff16) -> int:
        return self._segment_base(pointer.segment) + pointer.offset & 0xFFFF_FFFF

    def _check(self, address: int, size: int) -> None:
        if address < 0 or size < 0 or address + size > self.size:
            raise MemoryFault(address, size)


def _nobody_runs(_address: int, _size: int) -> None: ...


def _real_mode_base(segment: int) -> int:
    return segment * 16
