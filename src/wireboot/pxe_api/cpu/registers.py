"""The registers of an x86 processor in 16 and 32 bits."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Protocol


class Flag(IntFlag):
    """Of EFLAGS."""

    CARRY = 0x0001
    ZERO = 0x0040
    TRAP = 0x0100
    INTERRUPTS = 0x0200
    DIRECTION = 0x0400


class Register(IntEnum):
    """Those that the processor itself holds; their parts are properties of `Registers`."""

    EAX = 0
    EBX = 1
    ECX = 2
    EDX = 3
    ESI = 4
    EDI = 5
    EBP = 6
    ESP = 7
    EIP = 8
    EFLAGS = 9
    CS = 10
    DS = 11
    ES = 12
    FS = 13
    GS = 14
    SS = 15
    CR0 = 16


class RegisterFile(Protocol):
    """Where registers are kept: an emulated processor, or a dictionary in a test."""

    def get(self, register: Register) -> int: ...

    def set(self, register: Register, value: int) -> None: ...


class PlainRegisterFile:
    """All zero at first."""

    def __init__(self) -> None:
        self._values = [0] * len(Register)

    def get(self, register: Register) -> int:
        return self._values[register]

    def set(self, register: Register, value: int) -> None:
        self._values[register] = value


class _Part:
    """So many bits of a register. What does not fit is cut."""

    def __init__(self, register: Register, bits: int = 32, shift: int = 0) -> None:
        self._register, self._mask, self._shift = register, (1 << bits) - 1, shift

    def __get__(self, registers: Registers, owner: type) -> int:
        return registers.file.get(self._register) >> self._shift & self._mask

    def __set__(self, registers: Registers, value: int) -> None:
        others = registers.file.get(self._register) & ~(self._mask << self._shift)
        registers.file.set(self._register, others | (value & self._mask) << self._shift)


# fmt: off
class Registers:
    """By the names of their parts."""

    eax, ax, ah, al = _Part(Register.EAX), _Part(Register.EAX, 16), _Part(Register.EAX, 8, 8), _Part(Register.EAX, 8)
    ebx, bx, bh, bl = _Part(Register.EBX), _Part(Register.EBX, 16), _Part(Register.EBX, 8, 8), _Part(Register.EBX, 8)
    ecx, cx, ch, cl = _Part(Register.ECX), _Part(Register.ECX, 16), _Part(Register.ECX, 8, 8), _Part(Register.ECX, 8)
    edx, dx, dh, dl = _Part(Register.EDX), _Part(Register.EDX, 16), _Part(Register.EDX, 8, 8), _Part(Register.EDX, 8)
    esi, si         = _Part(Register.ESI), _Part(Register.ESI, 16)
    edi, di         = _Part(Register.EDI), _Part(Register.EDI, 16)
    ebp, bp         = _Part(Register.EBP), _Part(Register.EBP, 16)
    esp, sp         = _Part(Register.ESP), _Part(Register.ESP, 16)
    eip, ip         = _Part(Register.EIP), _Part(Register.EIP, 16)
    eflags          = _Part(Register.EFLAGS)
    cs, ds, es      = _Part(Register.CS, 16), _Part(Register.DS, 16), _Part(Register.ES, 16)
    fs, gs, ss      = _Part(Register.FS, 16), _Part(Register.GS, 16), _Part(Register.SS, 16)
    cr0             = _Part(Register.CR0)

    def __init__(self, file: RegisterFile) -> None:
        self.file = file
# fmt: on
