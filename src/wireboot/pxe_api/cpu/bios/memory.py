"""INT 15h's functions about memory: how much there is and where, the A20 gate, copies above the first mebibyte."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.bios.service import Service, refuse, succeed
from wireboot.pxe_api.memory import Memory

_SMAP = 0x534D4150
"""`SMAP`, in EDX and then in EAX (ACPI, System Address Map Interfaces)."""
_RANGE = struct.Struct("<QQL")
_USABLE, _RESERVED = 1, 2
_KIB, _MIB = 1 << 10, 1 << 20
_VIDEO_MEMORY, _ROM = 0xA0000, 0xF0000
_KIB_TOLD_MAX = 0xFC00
"""63 MiB: some programs of the time make mistakes with more in AX."""
_CAN_SET_A20 = 0x0003
"""Through the keyboard controller and through port 92h."""


class _Range(NamedTuple):
    start: int
    end: int
    kind: int


def services(memory: Memory, memory_bytes: int) -> Mapping[int, Service]:
    return _Services(memory, memory_bytes).by_number()


class _Services:
    def __init__(self, memory: Memory, memory_bytes: int) -> None:
        self._memory = memory
        self._memory_bytes = memory_bytes
        self._area = BiosDataArea(memory)

    def by_number(self) -> Mapping[int, Service]:
        # fmt: off
        return {
            0x2400: succeed,                  # A20 off; it stays on, and no program has missed the wrap
            0x2401: succeed,                  # A20 on
            0x2402: self._a20_state,
            0x2403: self._a20_support,
            0x87:   self._copy,
            0x88:   self._extended_kib,
            0xE801: self._extended_sizes,
            0xE820: self._address_map,
        }
        # fmt: on

    def _a20_state(self, call: BiosCall) -> None:
        succeed(call)
        call.registers.al = 1

    def _a20_support(self, call: BiosCall) -> None:
        succeed(call)
        call.registers.bx = _CAN_SET_A20

    def _copy(self, call: BiosCall) -> None:
        """CX words between the segments of two descriptors in the table at ES:SI."""
        table = call.pointer(call.registers.es, call.registers.si)
        source, destination = (_base(self._memory.read(table + offset, 8)) for offset in (0x10, 0x18))
        self._memory.write(destination, self._memory.read(source, call.registers.cx * 2))
        succeed(call)

    def _extended_kib(self, call: BiosCall) -> None:
        call.registers.ax = min(self._extended_bytes() // _KIB, _KIB_TOLD_MAX)
        call.carry = False

    def _extended_sizes(self, call: BiosCall) -> None:
        """KiB up to 16 MiB in AX and CX, and from there 64 KiB blocks in BX and DX."""
        extended = self._extended_bytes()
        below = min(extended, 15 * _MIB)
        above = min((extended - below) // (64 * _KIB), 0xFFFF)
        registers = call.registers
        registers.ax = registers.cx = below // _KIB
        registers.bx = registers.dx = above
        call.carry = False

    def _address_map(self, call: BiosCall) -> None:
        """One range a call; EBX counts them."""
        registers, ranges = call.registers, self._ranges()
        number = registers.ebx
        if registers.edx != _SMAP or registers.ecx < _RANGE.size or number >= len(ranges):
            refuse(call)
            return
        start, end, kind = ranges[number]
        self._memory.write(call.pointer(registers.es, registers.di), _RANGE.pack(start, end - start, kind))
        registers.eax, registers.ecx = _SMAP, _RANGE.size
        registers.ebx = (number + 1) % len(ranges)
        call.carry = False

    def _ranges(self) -> list[_Range]:
        # As it stands now: a program that gives PXE's memory back raises the base memory.
        base_end = min(self._area.base_memory_kib * _KIB, _VIDEO_MEMORY)
        ranges = [
            _Range(0, base_end, _USABLE),
            _Range(base_end, _VIDEO_MEMORY, _RESERVED),
            _Range(_ROM, _MIB, _RESERVED),
            _Range(_MIB, self._memory_bytes, _USABLE),
        ]
        return [each for each in ranges if each.start < each.end]

    def _extended_bytes(self) -> int:
        return max(self._memory_bytes - _MIB, 0)


def _base(descriptor: bytes) -> int:
    """Of a segment: its 24 bits of the 80286, and 8 more of the 80386."""
    return int.from_bytes(descriptor[2:5] + descriptor[7:8], "little")
