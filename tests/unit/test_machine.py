"""The machine: how a boot program is entered, what time does to it, and how it ends. Programs are machine code."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.support.machine import Bench
from wireboot.pxe_api.cpu.account import (
    Crashed,
    Ending,
    Hung,
    LinuxEntered,
    NextDevice,
    NotRunnable,
    OutOfTime,
    PoweredOff,
    Rebooted,
    ReturnedToPxe,
    WaitsForKey,
)
from wireboot.pxe_api.cpu.watch import Watch
from wireboot.pxe_api.status import Status

PRINT_AL = "b40e bb0700 cd10"  # mov ah, 0eh; mov bx, 7; int 10h
RETURN_0 = "31c0 cb"  # xor ax, ax; retf


def ending_of(program: str | bytes, *, seconds: float = 10.0) -> Ending:
    return Bench().run(program, seconds=seconds).ending


# How a program is entered (PXE 2.1, the client state at bootstrap execution time)


def test_a_program_that_returns_says_what_is_to_stay() -> None:
    assert ending_of("b80500 cb") == ReturnedToPxe(5)  # mov ax, 5; retf


def test_it_is_entered_at_7c00_with_interrupts_enabled() -> None:
    # call $+3; pop ax; mov bx, cs; or ax, bx; pushf; pop cx; and cx, 200h; or ax, cx; retf
    assert ending_of("e80000 58 8ccb 09d8 9c 59 81e10002 09c8 cb") == ReturnedToPxe(0x7C03 | 0x200)


def test_es_bx_and_edx_lead_to_pxenv() -> None:
    # mov eax, es:[bx]; cmp eax, 'PXEN'; jne 9f; mov ax, es; movzx eax, ax; shl eax, 4; movzx ebx, bx; add eax, ebx;
    # sub eax, edx; retf; 9: mov ax, ffffh; retf
    found = "66268b07 663d5058454e 7513 8cc0 660fb7c0 66c1e004 660fb7db 6601d8 6629d0 cb b8ffff cb"
    assert ending_of(found) == ReturnedToPxe(0)


def test_sp_plus_4_leads_to_bang_pxe() -> None:
    # mov bp, sp; les bx, [bp + 4]; mov eax, es:[bx]; sub eax, '!PXE'; retf
    assert ending_of("89e5 c45e04 66268b07 662d21505845 cb") == ReturnedToPxe(0)


def test_int_1ah_leads_to_pxenv_too() -> None:
    # push es; mov si, bx; mov ax, 5650h; int 1ah; pop cx; mov dx, es; sub cx, dx; sub si, bx; or cx, si; sub ax, 564eh
    # or ax, cx; retf
    assert ending_of("06 89de b85056 cd1a 59 8cc2 29d1 29de 09f1 2d4e56 09c8 cb") == ReturnedToPxe(0)


def linux_kernel(version: bytes, size: int = 0x400) -> bytes:
    """The fields of a setup header by which it is known, and by which it says what it is."""
    header = bytes(0x202) + b"HdrS" + bytes(8) + (0x100).to_bytes(2, "little")
    return (header.ljust(0x300, b"\0") + version).ljust(size, b"\0")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (b"", "empty"),
        (bytes(0xA0000), "E79"),
        (b"MZ" + bytes(0x3A) + (0x80).to_bytes(4, "little") + bytes(0x40) + b"PE\0\0", "UEFI"),
        (b"\x7fELF" + bytes(60), "ELF"),
        (b"MZ" + bytes(0x200) + b"HdrS", "a Linux kernel, which a boot program"),
        (linux_kernel(b"Memtest86+ v6.10\0"), "a Linux kernel (Memtest86+ v6.10), which"),
        (linux_kernel(b"6.1.0-1 (who@where) #1\0", size=0xA0000), "a Linux kernel (6.1.0-1), which"),
        (linux_kernel(b"\x1b[2J\0"), "a Linux kernel, which"),
    ],
)
def test_what_cannot_run_is_not_started(program: bytes, why: str) -> None:
    ending = ending_of(program)
    assert isinstance(ending, NotRunnable)
    assert why in ending.why


# What it calls


def test_what_it_prints_is_the_transcript() -> None:
    account = Bench().run(f"b048 {PRINT_AL} b069 {PRINT_AL} {RETURN_0}")
    assert account.transcript == "Hi"


def call_by_stack(opcode: str, block_at: str = "0090") -> str:
    """Of !PXE: push ds = 0, the block's offset, the number; call far [bp + 4] -> EntryPointSP; add sp, 6."""
    # xor ax, ax; mov ds, ax; mov bp, sp; les bx, [bp + 4]; push ax; push word block; push word opcode;
    # call far es:[bx + 10h]; add sp, 6
    return f"31c0 8ed8 89e5 c45e04 50 68{block_at} 68{opcode} 26ff5f10 83c406"


def test_the_api_is_called_by_the_stack() -> None:
    """PXE 2.1, !PXE: AX is the exit code, and the status lies in the block."""
    bench = Bench()
    ended = bench.run(f"{call_by_stack('0c00')} 0b060090 cb")  # or ax, [9000h]; retf
    assert ended.ending == ReturnedToPxe(0)
    assert ended.calls == {"PXENV_UNDI_GET_INFORMATION": 1}
    assert [(call.name, call.status) for call in bench.calls] == [("PXENV_UNDI_GET_INFORMATION", Status.SUCCESS)]


def test_the_api_is_called_by_registers() -> None:
    """PXE 1.x, PXENV+: the number in BX, the block at ES:DI; the carry flag says no as well as AX."""
    # mov bp, bx; mov eax, es:[bp + 0ah]; push eax; push 0; pop es; mov di, 9000h; mov bx, 7777h; mov bp, sp;
    # call far [bp]; pop ecx; jnc 9f; mov ah, 1; 9: retf
    program = "89dd 6626 8b460a 6650 6a00 07 bf0090 bb7777 89e5 ff5e00 6659 7302 b401 cb"
    account = Bench().run(program)
    assert account.ending == ReturnedToPxe(0x101)
    assert [(each.status, each.times) for each in account.failed_calls] == [("UNSUPPORTED", 1)]


def test_a_program_may_start_another_one() -> None:
    """PXE 2.1, RESTART_TFTP: the next one is entered like the first."""
    name = b"next.0\0"
    block = bytearray(0x9E)
    block[2 : 2 + len(name)] = name
    block[0x8A:0x8E] = bytes([10, 77, 0, 1])
    first = bytes.fromhex(call_by_stack("7300", block_at="007d") + "cb")
    program = first.ljust(0x100, b"\0") + block
    bench = Bench({"next.0": bytes.fromhex("b80700 cb")})
    account = bench.run(program)
    assert account.calls == {"PXENV_RESTART_TFTP": 1}
    assert account.ending == ReturnedToPxe(7), account


# Time


def test_the_timer_interrupts_a_program_that_computes() -> None:
    # mov word [1ch * 4], 7c00h + handler; mov word [1ch * 4 + 2], 0; 1: cmp bx, 9; jb 1b; mov ax, 0; retf;
    # handler: inc bx; iret
    program = "31db 31c0 8ed8 c70670 00 197c c7067200 0000 83fb09 72fb b80000 cb"
    handler_at = len(bytes.fromhex(program))
    program = program.replace("197c", f"{handler_at:02x}7c") + "43 cf"
    account = Bench().run(program)
    assert account.ending == ReturnedToPxe(0)
    assert 0.4 < account.seconds < 2


def test_the_timer_wakes_a_program_that_halts() -> None:
    # mov cx, 36; 1: hlt; loop 1b; xor ax, ax; retf
    account = Bench().run(f"b92400 f4 e2fd {RETURN_0}")
    assert account.ending == ReturnedToPxe(0)
    assert 1.9 < account.seconds < 2.1


def test_the_tick_counter_of_the_bios_goes_on() -> None:
    # xor ax, ax; mov ds, ax; mov bx, [46ch]; add bx, 20; 1: mov ax, [46ch]; cmp ax, bx; jb 1b; xor ax, ax; retf
    account = Bench().run(f"31c0 8ed8 8b1e6c04 83c314 a16c04 39d8 72f9 {RETURN_0}")
    assert account.ending == ReturnedToPxe(0)
    assert 1.0 < account.seconds < 1.5


def test_a_program_that_only_polls_the_bios_sees_ticks_and_leaves_the_time_to_pass() -> None:
    """With interrupts enabled for the caller, which INT 16h is: a second of it takes far less."""
    # as above, with int 16h, ah = 1, in the loop
    account = Bench().run(f"31c0 8ed8 8b1e6c04 83c314 b401 cd16 a16c04 39d8 72f5 {RETURN_0}")
    assert account.ending == ReturnedToPxe(0)
    assert 1.0 < account.seconds < 1.5


# Keys


def test_a_key_comes_to_who_waits_for_it() -> None:
    bench = Bench()
    bench.see = lambda _: bench.keyboard.type(b"k") if bench.keyboard.asked_in_vain else None
    assert bench.run("b400 cd16 b400 cb").ending == ReturnedToPxe(ord("k"))  # int 16h, ah = 0; mov ah, 0; retf


def test_who_waits_for_a_key_that_nobody_will_press_is_stopped() -> None:
    bench = Bench()
    bench.keyboard.close()
    account = bench.run("b400 cd16 cb", seconds=100)
    assert account.ending == WaitsForKey()
    assert account.seconds < 10


def test_who_waits_for_a_key_that_may_come_runs_out_of_time() -> None:
    assert ending_of("b400 cd16 cb", seconds=5) == OutOfTime("waits for a key")


def test_who_looks_for_a_key_again_and_again_runs_out_of_time() -> None:
    assert ending_of("b401 cd16 ebfa", seconds=5) == OutOfTime("waits for a key")


# Ends


ENDS: list[tuple[str, Ending]] = [
    ("cd18", NextDevice(0x18)),
    ("cd19", NextDevice(0x19)),
    ("b0fe e664", Rebooted("the keyboard controller")),  # mov al, feh; out 64h, al
    ("ea0000ffff", Rebooted("a jump to the reset vector")),  # jmp ffff:0
    ("eaf0ff00f0", Rebooted("a jump to the reset vector")),  # jmp f000:fff0
    ("b80753 bb0100 b90300 cd15", PoweredOff()),  # APM: the state of all devices is to be off
]


@pytest.mark.parametrize(("program", "ending"), ENDS)
def test_ends(program: str, ending: Ending) -> None:
    assert ending_of(program + "ebfe") == ending


@pytest.mark.parametrize("program", ["fa f4 ebfd", "fa ebfe"])  # cli; hlt; jmp -3 and cli; jmp $
def test_who_waits_for_an_interrupt_that_cannot_come_hangs(program: str) -> None:
    ending = ending_of(program)
    assert isinstance(ending, Hung)
    assert ending.at.segment == 0
    assert 0x7C01 <= ending.at.offset <= 0x7C02


@pytest.mark.parametrize("program", ["0f0b", "31c9 f7f1", "ea0000 00f0"])  # ud2; division by zero; jmp into the ROM
def test_what_no_processor_goes_on_from_is_a_crash(program: str) -> None:
    assert isinstance(ending_of(program), Crashed)


def test_computing_and_nothing_else_is_told_as_that() -> None:
    account = Bench().run("ebfe", seconds=0.3)  # jmp $
    assert account.ending == OutOfTime("computes")
    assert 0.3 <= account.seconds < 0.6


def test_halting_and_nothing_else_is_told_as_that() -> None:
    assert ending_of("f4 ebfd", seconds=5) == OutOfTime("waits for an interrupt")


def test_computing_for_20_s_is_a_hang() -> None:
    """Ours. The test need not wait: to the watch it is the same whose seconds they are."""
    watch = Watch()
    for _ in range(19):
        watch.ran(1.0, signs_of_life=1)
    assert watch.why_hung() is None
    watch.ran(1.0, signs_of_life=2)
    assert watch.why_hung() is None
    watch.ran(20.0, signs_of_life=2)
    assert watch.why_hung() is not None


# Linux


KERNEL_AT = 0x8000
INITRD = bytes(range(200))


def loader_and_kernel(enter: str) -> bytes:
    """`enter` leads into a kernel of a header, a command line, an initrd, and setup code that calls the BIOS."""
    kernel = bytearray(0x600)
    kernel[0x1FE:0x202] = bytes.fromhex("55aa eb3e")  # the boot flag; jmp behind the header
    kernel[0x202:0x206] = b"HdrS"
    kernel[0x206:0x208] = (0x020F).to_bytes(2, "little")
    kernel[0x210] = 0x32  # PXELINUX
    kernel[0x218:0x21C] = (KERNEL_AT + 0x400).to_bytes(4, "little")
    kernel[0x21C:0x220] = len(INITRD).to_bytes(4, "little")
    kernel[0x228:0x22C] = (KERNEL_AT + 0x300).to_bytes(4, "little")
    kernel[0x240:0x244] = bytes.fromhex("cd12 ebfe")  # int 12h; jmp $
    kernel[0x300:0x306] = b"quiet\0"
    kernel[0x400 : 0x400 + len(INITRD)] = INITRD
    return bytes.fromhex(enter).ljust(KERNEL_AT - 0x7C00, b"\0") + kernel


def test_linux_is_entered_in_real_mode() -> None:
    """The kernel's setup code runs 20h segments above its header (Linux, boot.rst)."""
    ending = ending_of(loader_and_kernel("ea00002008"))  # jmp 0820h:0
    assert isinstance(ending, LinuxEntered)
    assert (ending.command_line, ending.loader, ending.protocol) == ("quiet", "PXELINUX", "2.15")
    assert ending.initrd is not None
    assert (ending.initrd.size_bytes, ending.initrd.sha256) == (len(INITRD), sha256(INITRD).hexdigest())


@pytest.mark.parametrize("entry", ["00001000", "00000001"])
def test_linux_is_entered_in_protected_mode(entry: str) -> None:
    """As GRUB does it: at the kernel's 32-bit entry, ESI at boot_params (Linux, boot.rst)."""
    # lgdt [7c20h]; mov eax, cr0; or al, 1; mov cr0, eax; mov esi, KERNEL_AT; jmp 8:entry
    enter = bytes.fromhex(f"0f0116207c 0f20c0 0c01 0f22c0 66be00800000 66ea{entry}0800").ljust(0x20, b"\0")
    table = bytes.fromhex("0f00 287c0000 0000 0000000000000000 ffff0000009acf00")
    ending = ending_of(loader_and_kernel((enter + table).hex()))
    assert isinstance(ending, LinuxEntered)
    assert ending.command_line == "quiet"
