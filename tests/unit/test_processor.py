"""The emulated processor: what Unicorn leaves to us. Programs are machine code, with its assembly beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from wireboot.pxe_api.cpu.guest_memory import GuestMemory
from wireboot.pxe_api.cpu.processor import Processor, Stop, StopReason
from wireboot.pxe_api.cpu.registers import Flag
from wireboot.pxe_api.memory import MemoryFault, SegOff16

MEMORY_BYTES = 16 << 20
CODE = 0x7C00
STACK = SegOff16(0x2000, 0x1000)
HANDLER = SegOff16(0x0900, 0x0010)
"""A program's own handler of an interrupt."""
IN_ROM = SegOff16(0xF000, 0xFF53)
HALT = b"\xf4\xeb\xfd"
"""hlt, again and again."""
ENOUGH = 1_000_000
A_FEW = 999
GDT, IDT, TABLES = 0x3000, 0x4000, 0x2F00
FLAT_CODE, FLAT_DATA, CODE_16, DATA_AT_1_MIB = 0x08, 0x10, 0x18, 0x20
HIGH = 0x200000
"""Beyond what 16 bits reach."""


@dataclass
class Devices:
    written: list[tuple[int, int, int]] = field(default_factory=list)

    def read(self, port: int, size: int) -> int:
        return (0x1122_3344 & (1 << 8 * size) - 1) + port

    def write(self, port: int, size: int, value: int) -> None:
        self.written.append((port, size, value))


class Pc:
    """A processor, memory, and a list of the traps it went into."""

    def __init__(self) -> None:
        self.memory, self.devices = GuestMemory(MEMORY_BYTES), Devices()
        self.traps: list[int] = []
        self.time_is_up = False
        self.on_trap: Callable[[], None] = lambda: None
        self.processor = Processor(self.memory, self.devices, self._trap, lambda: self.time_is_up)
        self.registers = self.processor.registers
        self.registers.ss, self.registers.esp = STACK
        for vector in range(256):
            self.hook(vector, IN_ROM)

    def hook(self, vector: int, handler: SegOff16) -> None:
        self.memory.write(vector * 4, handler.offset.to_bytes(2, "little") + handler.segment.to_bytes(2, "little"))

    def load(self, code: str, at: int = CODE) -> None:
        self.memory.write(at, bytes.fromhex(code) + HALT)

    def run(self, code: str | None = None, instructions: int = ENOUGH) -> Stop:
        if code is not None:
            self.load(code)
            self.registers.cs, self.registers.eip = 0, CODE
        return self.processor.run(instructions)

    def enter_protected_mode(self, code: str, interrupts: tuple[bytes, ...] = ()) -> Stop:
        """Flat, 32 bits, at HIGH, the stack below it. `interrupts` are the gates of the first vectors."""
        descriptors = "0000000000000000 ffff0000009acf00 ffff00000092cf00 ffff0000009a0000 ffff000010920000"
        self.memory.write(GDT, bytes.fromhex(descriptors))
        self.memory.write(IDT, b"".join(interrupts))
        gdt, idt = GDT.to_bytes(4, "little"), IDT.to_bytes(4, "little")
        limit = max(0, len(interrupts) * 8 - 1).to_bytes(2, "little")
        self.memory.write(TABLES, (5 * 8 - 1).to_bytes(2, "little") + gdt + limit + idt)
        # mov ax, FLAT_DATA; mov ds, ax; mov es, ax; mov ss, ax; mov esp, HIGH
        self.load("66b81000 8ed8 8ec0 8ed0 bc00002000" + code, at=HIGH)
        # lgdt [TABLES]; lidt [TABLES + 6]; mov eax, cr0; or al, 1; mov cr0, eax; jmp FLAT_CODE:HIGH
        return self.run("0f0116002f 0f011e062f 0f20c0 0c01 0f22c0 66ea000020000800")

    def _trap(self, address: int) -> None:
        self.traps.append(address)
        self.on_trap()


def gate(offset: int, selector: int = FLAT_CODE, kind: int = 0x8E) -> bytes:
    low, high = (offset & 0xFFFF).to_bytes(2, "little"), (offset >> 16).to_bytes(2, "little")
    return low + selector.to_bytes(2, "little") + bytes([0, kind]) + high


@pytest.fixture
def pc() -> Iterator[Pc]:
    it = Pc()
    yield it
    it.processor.close()


def test_begins_in_real_mode(pc: Pc) -> None:
    assert pc.run("b83412").reason is StopReason.HALTED  # mov ax, 1234h
    assert (pc.registers.ax, pc.processor.at) == (0x1234, SegOff16(0, CODE + 4))
    assert pc.processor.is_in_real_mode


def test_stops_when_its_time_is_over_and_goes_on(pc: Pc) -> None:
    assert pc.run("40 ebfd", instructions=A_FEW).reason is StopReason.TIME  # inc ax; jmp -3
    before = pc.registers.eip
    assert pc.run(instructions=A_FEW).reason is StopReason.TIME
    assert CODE <= before <= CODE + 1


WORK = """
fb 6631c0 6631db 66be67452301 b92c01  # sti; eax = ebx = 0; esi = 1234567h; cx = 300
e84300 cd40 6611c3 66ff061005         # 1: call 3f; int 40h; adc ebx, eax; inc dword [510h]
6689f0 66c1e00d 6631c6                # mov eax, esi; shl eax, 13; xor esi, eax
6681fe00000080 6689360005 6656665a    # cmp esi, 80000000h; mov [500h], esi; push esi; pop edx
7204 6683c303                         # jb 2f; add ebx, 3
66871e1405 6601161405 66d1d3 e677     # 2: xchg ebx, [514h]; add [514h], edx; rcl ebx, 1; out 77h, al
66331e1405 49 75bc f4 90               # xor ebx, [514h]; dec cx; jnz 1b; hlt; nop
6683061805 05 6611f3 c3               # 3: add dword [518h], 5; adc ebx, esi; ret
"""


WORKED = CODE + 0x55
"""Behind its HLT."""


@pytest.mark.parametrize("instructions", [1, 7, 97])
def test_does_the_same_however_often_it_is_stopped_and_interrupted(instructions: int) -> None:
    """Memory read, changed and written by one instruction, flags that outlive others, interrupts of both kinds."""
    assert outcome_of_work(instructions) == outcome_of_work(ENOUGH)


def test_does_the_same_where_its_time_is_up_at_each_port() -> None:
    assert outcome_of_work(ENOUGH, time_is_up=True) == outcome_of_work(ENOUGH)


def outcome_of_work(instructions: int, *, time_is_up: bool = False) -> tuple[object, ...]:
    pc = Pc()
    pc.time_is_up = time_is_up
    pc.hook(0x40, HANDLER)
    pc.load("6683c007 cf", at=0x9010)  # add eax, 7; iret
    pc.hook(0x08, SegOff16(0x0900, 0x0020))
    pc.load("ff062005 cf", at=0x9020)  # inc word [520h]; iret
    code = "".join(line.partition("#")[0] for line in WORK.splitlines())
    stop = pc.run(code, instructions)
    # What is not halted has only had its share; the byte before may look like HLT on the way.
    stops = 0
    while pc.processor.at.offset != WORKED:
        assert stop.reason in (StopReason.TIME, StopReason.HALTED)
        stops += 1
        if stops % 5 == 0:  # with one at every stop nothing else would be done
            pc.processor.interrupt(0x08)
        stop = pc.run(None, instructions)
    registers = pc.registers
    outcome = (registers.ebx, registers.edx, registers.esi, registers.sp, pc.memory.read(0x500, 0x1C))
    pc.processor.close()
    return outcome


def test_stops_and_goes_on_beyond_64_kib(pc: Pc) -> None:
    assert pc.enter_protected_mode("40 ebfd").reason is StopReason.TIME  # inc eax; jmp -3
    assert pc.processor.at.segment == FLAT_CODE
    assert pc.processor.at.offset > HIGH
    assert pc.run(instructions=A_FEW).reason is StopReason.TIME


def test_sees_what_is_written_into_code_that_it_has_run_before(pc: Pc) -> None:
    pc.run("b001")  # mov al, 1
    assert pc.registers.al == 1
    pc.run("b002")
    assert pc.registers.al == 2


def test_a_service_may_change_registers_and_memory_and_the_code_that_follows(pc: Pc) -> None:
    def serve() -> None:
        pc.registers.bx = 0x4711
        pc.memory.write(CODE + 4, bytes.fromhex("b9 5555"))  # mov cx, 5555h

    pc.run("e6b8 eb00 b90000")  # out b8h, al; jmp; mov cx, 0
    pc.on_trap = serve
    pc.traps.clear()
    pc.run("e6b8 eb00 b90000")
    assert (pc.traps, pc.registers.bx, pc.registers.cx) == ([CODE], 0x4711, 0x5555)


def test_a_service_can_stop_it(pc: Pc) -> None:
    pc.on_trap = pc.processor.stop
    assert pc.run("e6b8 ebfe").reason is StopReason.REQUESTED


def test_what_a_service_raises_comes_out(pc: Pc) -> None:
    def fail() -> None:
        raise LookupError

    pc.on_trap = fail
    with pytest.raises(LookupError):
        pc.run("e6b8")


def test_a_service_that_is_led_out_of_memory_ends_the_run(pc: Pc) -> None:
    pc.on_trap = lambda: pc.memory.write(MEMORY_BYTES - 1, b"ab")
    stop = pc.run("e6b8 ebfe")
    assert stop.reason is StopReason.FAULT
    assert f"{MEMORY_BYTES - 1:#x}" in stop.detail


def test_a_trap_has_a_linear_address_in_every_mode(pc: Pc) -> None:
    pc.load("e6b8", at=0x9000 + 0x20)
    pc.registers.cs, pc.registers.eip = 0x0900, 0x20
    pc.run()
    pc.enter_protected_mode("e6b8")
    assert pc.traps == [0x9020, HIGH + 15]


def test_in_and_out_reach_the_devices(pc: Pc) -> None:
    # in al, 60h; out 61h, al; mov dx, cf8h; in eax, dx; out dx, ax
    pc.run("e460 e661 baf80c 66ed ef")
    assert pc.registers.eax == 0x1122_3344 + 0xCF8
    assert pc.devices.written == [(0x61, 1, 0x44 + 0x60), (0xCF8, 2, 0x3344 + 0xCF8)]


def test_a_software_interrupt_enters_its_handler_and_comes_back(pc: Pc) -> None:
    pc.hook(0x21, HANDLER)
    pc.load("9c 58 89e3 cf", at=0x9010)  # pushf; pop ax; mov bx, sp; iret
    pc.run("fb 90 cd21 f8 9c 59")  # sti; nop; int 21h; clc; pushf; pop cx
    assert not pc.registers.ax & Flag.INTERRUPTS
    assert pc.registers.cx & Flag.INTERRUPTS
    assert pc.registers.bx == STACK.offset - 6
    assert pc.registers.sp == STACK.offset


def test_a_handler_finds_where_to_go_back_to_on_its_stack(pc: Pc) -> None:
    pc.hook(0x21, HANDLER)
    pc.load("", at=0x9010)
    pc.run("f9 cd21")  # stc
    frame = pc.memory.read(STACK.segment * 16 + STACK.offset - 6, 6)
    assert int.from_bytes(frame[:2], "little") == CODE + 3
    assert int.from_bytes(frame[4:], "little") & Flag.CARRY


def test_the_stack_of_real_mode_wraps_around_its_segment(pc: Pc) -> None:
    pc.hook(0x21, HANDLER)
    pc.load("", at=0x9010)
    pc.registers.sp = 2
    pc.run("cd21")
    assert pc.registers.sp == 0xFFFC
    assert int.from_bytes(pc.memory.read(STACK.segment * 16 + 0xFFFC, 2), "little") == CODE + 2


@pytest.mark.parametrize(("code", "why"), [("31c9 f7f1", "division"), ("0f0b", "invalid"), ("d6 0fff", "invalid")])
def test_an_exception_that_nobody_handles_ends_the_run(pc: Pc, code: str, why: str) -> None:
    stop = pc.run(code)
    assert stop.reason is StopReason.FAULT
    assert why in stop.detail


@pytest.mark.parametrize(("vector", "code", "skip"), [(0, "31c9 f7f1", 2), (6, "0f0b", 2)])
def test_an_exception_finds_the_programs_own_handler(pc: Pc, vector: int, code: str, skip: int) -> None:
    """As programs ask what a processor can do."""
    pc.hook(vector, HANDLER)
    pc.load(f"b8adde 89e5 8346000{skip} cf", at=0x9010)  # mov ax, deadh; mov bp, sp; add word [bp], skip; iret
    stop = pc.run(code)
    while stop.reason is StopReason.TIME:
        stop = pc.run()
    assert stop.reason is StopReason.HALTED
    assert pc.registers.ax == 0xDEAD


def test_a_device_interrupts_only_where_interrupts_are_enabled(pc: Pc) -> None:
    pc.hook(0x08, HANDLER)
    pc.load("43 cf", at=0x9010)  # inc bx; iret
    pc.run("fa ebfe", instructions=A_FEW)  # cli; jmp $
    assert not pc.processor.interrupt(0x08)
    pc.run("fb ebfe", instructions=A_FEW)  # sti
    assert pc.processor.interrupt(0x08)
    pc.run(instructions=A_FEW)
    assert (pc.registers.bx, pc.processor.at) == (1, SegOff16(0, CODE + 1))


def test_a_device_wakes_the_processor_up(pc: Pc) -> None:
    pc.hook(0x08, HANDLER)
    pc.load("cf", at=0x9010)
    assert pc.run("fb f4 b83412").reason is StopReason.HALTED  # sti; hlt; mov ax, 1234h
    assert pc.registers.ax == 0
    assert pc.processor.interrupt(0x08)
    assert pc.run().reason is StopReason.HALTED
    assert pc.registers.ax == 0x1234


@pytest.mark.parametrize("load", ["8ed0", "17", "8e165000"])  # mov ss, ax; pop ss; mov ss, [50h]
def test_no_device_interrupts_between_ss_and_sp(pc: Pc, load: str) -> None:
    """Intel SDM, volume 3: an instruction that loads SS holds interrupts off until behind the next one."""
    pc.load("90" + load)
    pc.registers.cs, pc.registers.eip = 0, CODE + 1 + len(bytes.fromhex(load))
    pc.registers.eflags = Flag.INTERRUPTS
    assert not pc.processor.interrupt(0x08)


def test_a_device_interrupts_protected_mode_through_its_gate(pc: Pc) -> None:
    gates = tuple(gate(HIGH + 0x1000) for _ in range(9))
    pc.load("41 cf", at=HIGH + 0x1000)  # inc ecx; iret
    assert pc.enter_protected_mode("31c9 fb f4 b878563412", gates).reason is StopReason.HALTED  # sti; hlt; mov eax, …
    assert pc.processor.interrupt(0x08)
    assert pc.run().reason is StopReason.HALTED
    assert (pc.registers.ecx, pc.registers.eax, pc.registers.esp) == (1, 0x12345678, HIGH)


def test_a_device_does_not_interrupt_protected_mode_without_a_gate(pc: Pc) -> None:
    assert pc.enter_protected_mode("fb f4").reason is StopReason.HALTED
    assert not pc.processor.interrupt(0x08)


def test_an_exception_of_protected_mode_brings_its_error_code(pc: Pc) -> None:
    """Intel SDM, volume 3: general protection faults do."""
    gates = tuple(gate(HIGH + 0x1000) for _ in range(14))
    pc.load("59 59", at=HIGH + 0x1000)  # pop ecx; pop ecx
    pc.enter_protected_mode("ea00000000 0c00", gates)  # jmp 0ch:0, which is no segment
    assert pc.registers.ecx == HIGH + 15


def test_an_exception_without_a_gate_is_a_triple_fault(pc: Pc) -> None:
    """How programs reset the machine: an empty table of interrupts, and an interrupt."""
    assert pc.enter_protected_mode("cc").reason is StopReason.SHUTDOWN


def test_pointers_of_protected_mode_go_by_the_descriptor_table(pc: Pc) -> None:
    pc.enter_protected_mode("")
    address_of = pc.memory.address_of
    assert address_of(SegOff16(DATA_AT_1_MIB, 0x10)) == 0x100010
    assert address_of(SegOff16(FLAT_DATA, 0xFFFF)) == 0xFFFF
    for nothing in (0x0003, 0x28, 0x0C, 0xFFF8):
        with pytest.raises(MemoryFault):
            address_of(SegOff16(nothing, 0))


def test_beyond_the_memory_everything_reads_as_ones(pc: Pc) -> None:
    # mov eax, [f0000000h]; mov [f0000000h], eax
    assert pc.enter_protected_mode("a1000000f0 a3000000f0").reason is StopReason.HALTED
    assert pc.registers.eax == 0xFFFF_FFFF


def test_a_jump_to_where_no_memory_is_ends_the_run(pc: Pc) -> None:
    assert pc.enter_protected_mode("b8000000f0 ffe0").reason is StopReason.FAULT  # mov eax, f0000000h; jmp eax


def test_reset_leads_back_to_real_mode(pc: Pc) -> None:
    pc.enter_protected_mode("")
    pc.processor.reset()
    pc.registers.ss, pc.registers.esp = STACK
    assert pc.processor.is_in_real_mode
    pc.registers.ds = 0x1234
    pc.memory.write(0x12340, b"\x99")
    pc.run("a00000")  # mov al, [0]
    assert pc.registers.al == 0x99


def test_memory_is_read_and_written_within_its_bounds(pc: Pc) -> None:
    for address, size in ((MEMORY_BYTES, 1), (-1, 1), (MEMORY_BYTES - 1, 2), (0, -1)):
        with pytest.raises(MemoryFault):
            pc.memory.read(address, size)
    with pytest.raises(MemoryFault):
        pc.memory.write(MEMORY_BYTES - 1, b"ab")
    assert pc.memory.read(MEMORY_BYTES - 1, 1) == b"\0"
