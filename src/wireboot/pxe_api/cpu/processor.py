"""An x86 processor.

`engine.py` executes; what lies around a processor is done here: interrupts and exceptions find their handlers, IN and
OUT their devices, and an OUT to TRAP_PORT its way to our services.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from wireboot.pxe_api.cpu.descriptors import Gate, gate_of, segment_base_of
from wireboot.pxe_api.cpu.engine import Engine, EngineError, EngineRegisters, TableRegister
from wireboot.pxe_api.cpu.exceptions import EXCEPTIONS, HAVE_ERROR_CODE, INVALID_OPCODE, SHORT_INTERRUPTS
from wireboot.pxe_api.cpu.guest_memory import GuestMemory
from wireboot.pxe_api.cpu.registers import Flag, Register, Registers
from wireboot.pxe_api.cpu.stubs import TRAP_PORT
from wireboot.pxe_api.memory import MemoryFault, SegOff16

_ROM_SEGMENT = 0xF000

_END_OF_ADDRESSES = 1 << 32
_PROTECTED = 0x0000_0001
_REAL_MODE = 0x0000_0010
_VIRTUAL_8086 = 0x2_0000
_HLT = b"\xf4"
_LOOP_LENGTHS_OF_NOBODY = (61, 67, 71)
"""No loop of more than one instruction fits into all of them."""

_SEGMENTS = (Register.CS, Register.DS, Register.ES, Register.FS, Register.GS, Register.SS)


class StopReason(Enum):
    TIME = auto()
    """It has had its share, of instructions or of time; it can go on."""
    HALTED = auto()
    """HLT: it goes on behind it, once an interrupt has come. With interrupts disabled: it halts there for good."""
    REQUESTED = auto()
    FAULT = auto()
    """It cannot go on."""
    SHUTDOWN = auto()
    """A triple fault: a PC's processor is reset then, and programs bring that about to restart the machine."""


@dataclass(frozen=True, slots=True)
class Stop:
    reason: StopReason
    detail: str = ""


class Ports(Protocol):
    """The devices of the machine. `size` is in bytes: 1, 2 or 4."""

    def read(self, port: int, size: int) -> int: ...

    def write(self, port: int, size: int, value: int) -> None: ...


class Processor:
    """In real mode, all segments 0, interrupts disabled.

    What a service raises while it is called from here comes out of `run`.
    """

    def __init__(
        self, memory: GuestMemory, ports: Ports, on_trap: Callable[[int], None], time_is_up: Callable[[], bool]
    ) -> None:
        """`on_trap` is told the linear address of an OUT to TRAP_PORT, and the registers are as the caller had them.

        `time_is_up` is asked whenever the program has come to something outside the processor.
        """
        self.memory = memory
        self._ports, self._on_trap, self._time_is_up = ports, on_trap, time_is_up
        self._engine = Engine()
        self._file = EngineRegisters(self._engine)
        self.registers = Registers(self._file)
        self._stop: Stop | None = None
        self._map_memory()
        self._hook()
        self.reset()

    def close(self) -> None:
        """Give its memory back to the system. Nothing can be asked of it afterwards."""
        self.memory.detach()
        self._stop = None
        self._engine.close()
        # It knows our callbacks, and they know us: this breaks the ring.
        del self._engine, self._file, self.registers

    def reset(self) -> None:
        """Real mode, all segments 0, interrupts disabled. The general registers stay."""
        self._file.set(Register.CR0, _REAL_MODE)
        for register in _SEGMENTS:
            self._file.set(register, 0)
        self._file.set(Register.EFLAGS, 0x0002)

    @property
    def is_in_real_mode(self) -> bool:
        return not self.registers.cr0 & _PROTECTED

    @property
    def at(self) -> SegOff16:
        """Where it goes on. The offset may have 32 bits."""
        return SegOff16(self.registers.cs, self.registers.eip)

    @property
    def linear_address(self) -> int | None:
        """The same; None where CS is no segment."""
        try:
            return self.memory.address_of(self.at)
        except MemoryFault:
            return None

    @property
    def interrupts_enabled(self) -> bool:
        return bool(self.registers.eflags & Flag.INTERRUPTS)

    def run(self, instructions: int) -> Stop:
        """Execute so many at most."""
        self._stop = None
        self._execute(instructions)
        if self._stop is None and self._bytes_before(1) == _HLT and self._halts_again():
            return Stop(StopReason.HALTED)
        return self._stop or Stop(StopReason.TIME)

    def stop(self) -> None:
        """Let `run` return soon; from a service that was called by it."""
        self._end(Stop(StopReason.REQUESTED))

    def interrupt(self, vector: int) -> bool:
        """A device interrupts, between two runs. False where the processor cannot take that now."""
        if not self.interrupts_enabled or self._stack_is_changing():
            return False
        return self._enter_handler(vector)

    def watch(self, address: int, callback: Callable[[], None]) -> None:
        """Have it called whenever execution comes to this linear address."""

        def come() -> None:
            self._file.forget()
            callback()

        self._engine.on_address(address, come)

    # Set up

    def _map_memory(self) -> None:
        memory, engine = self.memory, self._engine
        engine.map_memory(memory.size, memory.host_address)
        # Above it there is nothing; programs that look there find all ones, as on a PC's bus.
        engine.map_nothing(memory.size, _END_OF_ADDRESSES - memory.size, self._read_nothing, self._look_at_time)
        memory.attach(engine.forget_code, self._segment_base)

    def _hook(self) -> None:
        engine = self._engine
        engine.on_interrupt(self._on_interrupt)
        engine.on_in(self._on_in)
        engine.on_out(self._on_out)

    # Execution

    def _execute(self, instructions: int) -> None:
        try:
            self._engine.run(self.registers.eip, instructions)
        except EngineError as problem:
            self._file.forget()
            self._fault(problem)
        self._file.forget()

    def _halts_again(self) -> bool:
        """Whether it was a HLT: the engine does not tell that from a share that was up, and any byte may look like one.

        Where an interrupt will come it does not matter. Elsewhere programs halt in a loop, and come back to the same
        place however many instructions they are given; those that compute do not, unless their loop has as many.
        """
        halted_at = self.at
        if self.interrupts_enabled:
            return True
        for instructions in _LOOP_LENGTHS_OF_NOBODY:
            self._execute(instructions)
            if self._stop is not None or self.at != halted_at:
                return False
        return True

    # Called by the engine

    def _on_in(self, port: int, size: int) -> int:
        value = self._ports.read(port, size)
        self._look_at_time()
        return value

    def _on_out(self, port: int, size: int, value: int) -> None:
        self._file.forget()
        if port == TRAP_PORT:
            self._trap()
        else:
            self._ports.write(port, size, value)
        self._look_at_time()

    def _trap(self) -> None:
        try:
            self._on_trap(self.memory.address_of(self.at))
        except MemoryFault as fault:
            self._end(Stop(StopReason.FAULT, str(fault)))

    def _read_nothing(self, size: int) -> int:
        self._look_at_time()
        return (1 << 8 * size) - 1

    def _on_interrupt(self, vector: int) -> None:
        self._file.forget()
        is_exception = not self._is_software_interrupt(vector)
        if is_exception and self._is_unhandled(vector):
            self._end(Stop(StopReason.FAULT, EXCEPTIONS.get(vector, f"exception {vector}")))
            return
        # What the error code would say is not told by the engine.
        error_code = 0 if is_exception and vector in HAVE_ERROR_CODE else None
        if not self._enter_handler(vector, error_code):
            why = EXCEPTIONS.get(vector, "interrupt") if is_exception else "interrupt"
            self._end(Stop(StopReason.SHUTDOWN, f"{why} ({vector:02X}h) without a handler in protected mode"))

    # Interrupts

    def _is_software_interrupt(self, vector: int) -> bool:
        """The engine does not tell: its instruction lies just behind the processor then."""
        if vector in SHORT_INTERRUPTS:
            return True
        return self._bytes_before(2) == bytes([0xCD, vector])

    def _is_unhandled(self, vector: int) -> bool:
        """In real mode the ROM's handler would go back to the same instruction for ever."""
        return self.is_in_real_mode and self._real_mode_handler(vector).segment >= _ROM_SEGMENT

    def _enter_handler(self, vector: int, error_code: int | None = None) -> bool:
        if self.is_in_real_mode:
            self._enter_real_mode_handler(vector)
            return True
        gate = gate_of(self.memory, self._engine.table(TableRegister.INTERRUPTS), vector)
        if gate is None or self.registers.eflags & _VIRTUAL_8086:
            return False
        try:
            self._enter_gate(gate, error_code)
        except (MemoryFault, EngineError):
            return False
        return True

    def _enter_real_mode_handler(self, vector: int) -> None:
        registers = self.registers
        handler = self._real_mode_handler(vector)
        self._push((registers.eflags, registers.cs, registers.ip), size=2, mask=0xFFFF)
        registers.eflags &= ~(Flag.INTERRUPTS | Flag.TRAP)
        registers.cs, registers.eip = handler

    def _real_mode_handler(self, vector: int) -> SegOff16:
        offset, segment = self.memory.read(vector * 4, 2), self.memory.read(vector * 4 + 2, 2)
        return SegOff16(int.from_bytes(segment, "little"), int.from_bytes(offset, "little"))

    def _enter_gate(self, gate: Gate, error_code: int | None) -> None:
        """A handler of the same privilege, which is all that a boot program has."""
        registers = self.registers
        frame = [registers.eflags, registers.cs, registers.eip]
        if error_code is not None:
            frame.append(error_code)
        self._push(frame, size=gate.size, mask=0xFFFF_FFFF)
        registers.eflags &= ~(Flag.TRAP | (Flag.INTERRUPTS if gate.disables_interrupts else 0))
        if gate.selector != registers.cs:
            registers.cs = gate.selector
        registers.eip = gate.offset

    def _push(self, values: tuple[int, ...] | list[int], *, size: int, mask: int) -> None:
        """All of them or, at the end of memory, none."""
        registers = self.registers
        base = self._segment_base(registers.ss)
        pointer = registers.esp
        for value in values:
            pointer = (pointer & ~mask) | (pointer - size & mask)
            cut = value & (1 << 8 * size) - 1
            self.memory.write(base + (pointer & mask), cut.to_bytes(size, "little"))
        registers.esp = pointer

    def _stack_is_changing(self) -> bool:
        """Behind an instruction that loads SS no interrupt comes, since the one for SP follows."""
        before = self._bytes_before(4)
        pops, loads = before[-1:] == b"\x17", before[-2:-1] == b"\x8e" and before[-1] & 0xF8 == 0xD0
        return pops or loads or before[:2] == b"\x8e\x16" or before[1:3] == b"\x8e\x56"

    def _bytes_before(self, size: int) -> bytes:
        """Those before where it goes on; none where there are not so many."""
        address = self.linear_address
        try:
            return b"" if address is None else self.memory.read(address - size, size)
        except MemoryFault:
            return b""

    # Segments

    def _segment_base(self, segment: int) -> int:
        if self.is_in_real_mode:
            return segment * 16
        table = TableRegister.LOCAL if segment & 0x4 else TableRegister.GLOBAL
        return segment_base_of(self.memory, self._engine.table(table), segment)

    # Ends

    def _look_at_time(self) -> None:
        if self._time_is_up():
            self._end(Stop(StopReason.TIME))

    def _fault(self, problem: EngineError) -> None:
        is_invalid = problem.is_invalid_instruction
        if is_invalid and not self._is_unhandled(INVALID_OPCODE) and self._enter_handler(INVALID_OPCODE):
            return
        detail = EXCEPTIONS[INVALID_OPCODE] if is_invalid else str(problem)
        self._end(Stop(StopReason.FAULT, detail))

    def _end(self, stop: Stop) -> None:
        if self._stop is None:
            self._stop = stop
        self._engine.stop()
