"""A software interrupt that came to the BIOS: the caller's registers, memory, and flags."""

from __future__ import annotations

from wireboot.pxe_api.cpu.registers import Flag, Registers
from wireboot.pxe_api.memory import Memory, SegOff16, real_mode_address

_IP, _CS, _FLAGS = 0, 2, 4
"""Where INT n has put them, from SS:SP on."""


class BiosCall:
    """What a service reads and sets. The caller's flags lie on its stack until the IRET of the service's stub."""

    def __init__(self, registers: Registers, memory: Memory) -> None:
        self.registers, self.memory = registers, memory

    @property
    def caller(self) -> SegOff16:
        """Where the program goes on."""
        return SegOff16(self._word(_CS), self._word(_IP))

    @property
    def carry(self) -> bool:
        return bool(self.flags & Flag.CARRY)

    @carry.setter
    def carry(self, value: bool) -> None:
        self._set_flag(Flag.CARRY, value)

    @property
    def zero(self) -> bool:
        return bool(self.flags & Flag.ZERO)

    @zero.setter
    def zero(self, value: bool) -> None:
        self._set_flag(Flag.ZERO, value)

    @property
    def flags(self) -> int:
        return self._word(_FLAGS)

    def pointer(self, segment: int, offset: int) -> int:
        """The address behind a pair of registers. The BIOS is called in real mode only."""
        return real_mode_address(SegOff16(segment, offset))

    def _set_flag(self, flag: Flag, value: bool) -> None:
        flags = self.flags | flag if value else self.flags & ~flag
        self.memory.write(self._at(_FLAGS), flags.to_bytes(2, "little"))

    def _word(self, offset: int) -> int:
        return int.from_bytes(self.memory.read(self._at(offset), 2), "little")

    def _at(self, offset: int) -> int:
        registers = self.registers
        return self.pointer(registers.ss, (registers.sp + offset) & 0xFFFF)
