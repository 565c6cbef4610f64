"""The two ways into the PXE API for a boot program, as the processor finds them when it comes to an entry's stub."""

from __future__ import annotations

from wireboot.pxe_api.cpu.registers import Flag, Registers
from wireboot.pxe_api.dispatcher import PxeApi
from wireboot.pxe_api.memory import Memory, SegOff16
from wireboot.pxe_api.status import ExitCode

_RETURN_ADDRESS_SIZE = 4


def call_by_stack(registers: Registers, memory: Memory, api: PxeApi) -> None:
    """PXE 2.1, !PXE: the number, the block's offset and its segment lie behind the return address.

    Raises MemoryFault where the stack or the block is nowhere.
    """
    stack = memory.address_of(SegOff16(registers.ss, registers.sp)) + _RETURN_ADDRESS_SIZE
    opcode, offset, segment = (int.from_bytes(memory.read(stack + at, 2), "little") for at in (0, 2, 4))
    registers.ax = api.call(opcode, memory.address_of(SegOff16(segment, offset)))


def call_by_registers(registers: Registers, memory: Memory, api: PxeApi) -> None:
    """PXE 1.x, PXENV+: the number in BX, the block at ES:DI. The carry flag says no as well as AX.

    Raises MemoryFault where the block is nowhere.
    """
    exit_code = api.call(registers.bx, memory.address_of(SegOff16(registers.es, registers.di)))
    registers.ax = exit_code
    carry = Flag.CARRY if exit_code is not ExitCode.SUCCESS else 0
    registers.eflags = registers.eflags & ~Flag.CARRY | carry
