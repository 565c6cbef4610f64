"""The tables of protected mode: where a segment lies, and which handler an interrupt has (Intel SDM, volume 3).

A table is given by its linear address and its limit, as the processor's registers hold it.
"""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.pxe_api.memory import Memory, MemoryFault

Table = tuple[int, int]

_SIZE = 8
_PRESENT = 0x80
_GATE_16, _GATE_32, _KIND = 0x06, 0x0E, 0x1E
_LEAVES_INTERRUPTS = 0x01
"""A trap gate."""


@dataclass(frozen=True, slots=True)
class Gate:
    selector: int
    offset: int
    size: int
    """Of what is pushed for its handler, in bytes: 2 or 4."""
    disables_interrupts: bool


def segment_base_of(memory: Memory, table: Table, selector: int) -> int:
    """Raises MemoryFault where the selector is null or names no segment that is present."""
    entry = _entry(memory, table, selector >> 3) if selector & ~0x7 else None
    if entry is None or not entry[5] & _PRESENT:
        raise MemoryFault(selector, 0)
    return int.from_bytes(entry[2:5] + entry[7:8], "little")


def gate_of(memory: Memory, table: Table, vector: int) -> Gate | None:
    """None where the interrupt has none of a kind that is known."""
    entry = _entry(memory, table, vector)
    if entry is None or not entry[5] & _PRESENT or entry[5] & _KIND not in (_GATE_16, _GATE_32):
        return None
    is_wide = entry[5] & _KIND == _GATE_32
    return Gate(
        selector=int.from_bytes(entry[2:4], "little"),
        offset=int.from_bytes(entry[:2] + (entry[6:8] if is_wide else b""), "little"),
        size=4 if is_wide else 2,
        disables_interrupts=not entry[5] & _LEAVES_INTERRUPTS,
    )


def _entry(memory: Memory, table: Table, index: int) -> bytes | None:
    base, limit = table
    if index * _SIZE + _SIZE - 1 > limit:
        return None
    try:
        return memory.read(base + index * _SIZE, _SIZE)
    except MemoryFault:
        return None
