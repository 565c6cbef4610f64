"""What lies in a PC's memory when its PXE ROM enters a boot program (PXE 2.1, chapter 3).

From the bottom up: interrupt vectors, BIOS data, the boot program at 0000:7C00; at the end of base memory the PXE stack
(the base code's packets, UNDI, the stack that a boot program is entered with) and the extended BIOS data; the ROM.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from wireboot.pxe_api import entry
from wireboot.pxe_api.cpu import stubs
from wireboot.pxe_api.cpu.bios_data import EXTENDED_SIZE_KIB, write_bios_data
from wireboot.pxe_api.entry import Segment, StackPlaces
from wireboot.pxe_api.memory import Memory, SegOff16, real_mode_address
from wireboot.pxe_api.stack import Places

TRAP_PORT = stubs.TRAP_PORT
BASE_MEMORY_KIB = 640 - EXTENDED_SIZE_KIB
MEMORY_BYTES_MIN = 0x100000

_BASE_CODE_SIZE = 0x1000
_UNDI_SIZE = 0x3000
_STACK_SIZE = 0x1000
_CACHED_PACKETS_AT = (0x000, 0x500, 0xA00)

# In the UNDI segment. PXENV+ may be entered at offset 0, and some old programs take it for granted; !PXE may not.
_PXENV_ENTRY_AT = 0x0000
_ENTRY_AT = 0x0010
# PXELINUX looks for the structures at every other paragraph only.
_BANG_PXE_AT = 0x0020
_PXENV_AT = 0x0080
_FRAME_BUFFER_AT = 0x0100
FRAME_BUFFER_SIZE = _UNDI_SIZE - _FRAME_BUFFER_AT
"""Enough for jumbo frames."""

_ROM = 0xF000
_ROM_SIZE = 0x10000
_NO_CODE = b"\xff"
"""No instruction: a jump into the ROM's nothing ends at once."""
_STUBS_AT, _STUB_SIZE = 0xE000, 0x20
_RETURNED_AT = 0xE800
_TICK_PENDING_AT = 0xD000
"""Far from the stubs: an emulator forgets what it has translated near a byte that changes."""
_IRET_AT = 0xFF53
"""Where every PC has one."""
_RESET_AT, _DATE_AT, _MODEL_AT = 0xFFF0, 0xFFF5, 0xFFFE
_DATE = b"09/20/99"
"""Of the PXE specification 2.1."""
_MODEL = b"\xfc"
"""A PC/AT, as all since."""


class Trap(Enum):
    """Who came to one of our stubs. The value of an interrupt is its number."""

    INT_08 = 0x08
    INT_10 = 0x10
    INT_11 = 0x11
    INT_12 = 0x12
    INT_13 = 0x13
    INT_14 = 0x14
    INT_15 = 0x15
    INT_16 = 0x16
    INT_17 = 0x17
    INT_18 = 0x18
    INT_19 = 0x19
    INT_1A = 0x1A
    PXE_ENTRY = "!PXE"
    """Called with number and block on the stack."""
    PXENV_ENTRY = "PXENV+"
    """Called with the number in BX and the block at ES:DI."""
    RETURNED = "returned"
    """The boot program has gone back to where it was called from."""
    RESET = "reset"
    """Somebody jumped to where the processor begins."""

    @property
    def vector(self) -> int | None:
        """The interrupt's number, if it is one."""
        return self.value if isinstance(self.value, int) else None


@dataclass(frozen=True, slots=True)
class Image:
    """What the machine has to know of it."""

    traps: Mapping[int, Trap]
    """By the linear address of the OUT to TRAP_PORT."""
    pxenv: SegOff16
    bang_pxe: SegOff16
    places: Places
    return_to: SegOff16
    """Where a boot program's RETF is to lead."""
    stack: SegOff16
    """SS:SP before anything is pushed for the boot program; there is room for 4 KiB."""
    tick_pending: int
    """The address of a byte. Set to 1 in a trap whose caller has interrupts enabled, it brings INT 08h before the
    software interrupt returns; the stub clears it."""
    free_base_end: int
    """The first address above what is free for boot programs."""


def build_image(memory: Memory, *, memory_bytes: int, base_memory_kib: int = BASE_MEMORY_KIB) -> Image:
    """Write all of it. The base memory ends with the PXE stack, and the extended BIOS data follow it."""
    assert memory_bytes >= MEMORY_BYTES_MIN, "the ROM is at the end of the first MiB"
    extended_segment = base_memory_kib * 1024 // 16
    where = _places(extended_segment)
    code = _CodeWriter(memory)
    _write_rom(memory, code)
    write_bios_data(memory, extended_segment=extended_segment, free_base_kib=where.bc_data.base // 1024)
    _write_pxe_stack(memory, code, where)
    return Image(
        traps=code.traps,
        pxenv=SegOff16(where.undi_code.segment, _PXENV_AT),
        bang_pxe=where.bang_pxe,
        places=_buffers(where),
        return_to=SegOff16(_ROM, _RETURNED_AT),
        stack=SegOff16(where.stack.segment, where.stack.size),
        tick_pending=real_mode_address(SegOff16(_ROM, _TICK_PENDING_AT)),
        free_base_end=where.bc_data.base,
    )


class _CodeWriter:
    """Writes stubs, and notes where they trap."""

    def __init__(self, memory: Memory) -> None:
        self.traps: dict[int, Trap] = {}
        self._memory = memory

    def put(self, at: SegOff16, code: bytes, trap: Trap) -> None:
        assert code.startswith(stubs.TRAP), trap
        self._memory.write(real_mode_address(at), code)
        self.traps[real_mode_address(at)] = trap


def _places(extended_segment: int) -> StackPlaces:
    # The order matters: a program that has unloaded PXE takes the memory up to the end of UNDI for its own, and may yet
    # go back on the stack that it was entered with.
    stack = _below(extended_segment, _STACK_SIZE)
    undi = _below(stack.segment, _UNDI_SIZE)
    base_code = _below(undi.segment, _BASE_CODE_SIZE)
    return StackPlaces(
        bang_pxe=SegOff16(undi.segment, _BANG_PXE_AT),
        pxenv_entry=SegOff16(undi.segment, _PXENV_ENTRY_AT),
        entry=SegOff16(undi.segment, _ENTRY_AT),
        stack=stack,
        undi_data=undi,
        undi_code=undi,
        bc_data=base_code,
        bc_code=base_code,
    )


def _below(segment: int, size: int) -> Segment:
    return Segment(segment - size // 16, size)


def _buffers(where: StackPlaces) -> Places:
    discover, ack, reply = (SegOff16(where.bc_data.segment, offset) for offset in _CACHED_PACKETS_AT)
    return Places(SegOff16(where.undi_data.segment, _FRAME_BUFFER_AT), discover, ack, reply)


def _write_pxe_stack(memory: Memory, code: _CodeWriter, where: StackPlaces) -> None:
    for segment in (where.bc_data, where.undi_data, where.stack):
        memory.write(segment.base, bytes(segment.size))
    code.put(where.pxenv_entry, stubs.far_service(), Trap.PXENV_ENTRY)
    code.put(where.entry, stubs.far_service(), Trap.PXE_ENTRY)
    memory.write(where.undi_code.base + _BANG_PXE_AT, entry.bang_pxe(where))
    memory.write(where.undi_code.base + _PXENV_AT, entry.pxenv_plus(where))


def _write_rom(memory: Memory, code: _CodeWriter) -> None:
    memory.write(_ROM * 16, _NO_CODE * _ROM_SIZE)
    memory.write(_ROM * 16 + _TICK_PENDING_AT, b"\0")
    memory.write(_ROM * 16 + _IRET_AT, stubs.IRET)
    memory.write(_ROM * 16 + _DATE_AT, _DATE)
    memory.write(_ROM * 16 + _MODEL_AT, _MODEL)
    code.put(SegOff16(_ROM, _RETURNED_AT), stubs.no_return(), Trap.RETURNED)
    code.put(SegOff16(_ROM, _RESET_AT), stubs.no_return(), Trap.RESET)
    for trap in _interrupts():
        code.put(SegOff16(_ROM, _offset_of(trap)), _stub_of(trap), trap)
    # Whoever has no service of ours goes straight back: devices' interrupts, and those that are there to be hooked.
    offsets = dict.fromkeys(range(0x100), _IRET_AT) | {trap.vector: _offset_of(trap) for trap in _interrupts()}
    memory.write(0, b"".join(struct.pack("<HH", offsets[vector], _ROM) for vector in range(0x100)))


def _interrupts() -> Iterator[Trap]:
    return (trap for trap in Trap if trap.vector is not None)


def _offset_of(trap: Trap) -> int:
    assert trap.vector is not None
    return _STUBS_AT + trap.vector * _STUB_SIZE


def _stub_of(trap: Trap) -> bytes:
    # The timer's own stub asks for no further tick: it would be in itself.
    return stubs.timer_interrupt() if trap is Trap.INT_08 else stubs.interrupt_service(_TICK_PENDING_AT)
