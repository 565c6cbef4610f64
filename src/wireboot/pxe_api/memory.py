"""The memory that a network boot program shares with the PXE stack: segments, pointers, bytes."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class MemoryFault(Exception):  # noqa: N818  # the processor's word
    """There is no memory where a caller points, or not as much as it says."""

    def __init__(self, address: int, size: int) -> None:
        super().__init__(f"{size} bytes at {address:#x} are not all there")
        self.address = address
        self.size = size


class SegOff16(NamedTuple):
    """A far pointer: a segment, or in protected mode a selector, and an offset in it (PXE 2.1, SEGOFF16)."""

    segment: int
    offset: int

    def __str__(self) -> str:
        return f"{self.segment:04X}:{self.offset:04X}"


NULL = SegOff16(0, 0)


class Memory(Protocol):
    """Addresses are physical."""

    def read(self, address: int, size: int) -> bytes:
        """Raises MemoryFault."""

    def write(self, address: int, data: bytes) -> None:
        """All of it or nothing. Raises MemoryFault."""

    def address_of(self, pointer: SegOff16) -> int:
        """Where a pointer leads in the mode that the processor is in. Raises MemoryFault for a selector of nothing."""


class ByteMemory:
    """So many bytes from address 0, seen in real mode: what a program written in Python needs to call the services."""

    def __init__(self, size: int) -> None:
        self.content = bytearray(size)

    def read(self, address: int, size: int) -> bytes:
        self._check(address, size)
        return bytes(self.content[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data))
        self.content[address : address + len(data)] = data

    def address_of(self, pointer: SegOff16) -> int:
        return real_mode_address(pointer)

    def _check(self, address: int, size: int) -> None:
        if address < 0 or size < 0 or address + size > len(self.content):
            raise MemoryFault(address, size)


def real_mode_address(pointer: SegOff16) -> int:
    return pointer.segment * 16 + pointer.offset


def read_string(memory: Memory, address: int, size_max: int) -> bytes:
    """The bytes before the first NUL, or as many as there may be. Raises MemoryFault."""
    found = bytearray()
    # One by one: what follows the NUL may be past the end of memory.
    while len(found) < size_max and (byte := memory.read(address + len(found), 1)) != b"\0":
        found += byte
    return bytes(found)
