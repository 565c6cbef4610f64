"""A network boot program for x86 BIOS: what it cannot be, told from its first bytes, and how it is entered."""

from __future__ import annotations

from wireboot.pxe_api.cpu.image import Image
from wireboot.pxe_api.cpu.processor import Processor
from wireboot.pxe_api.cpu.registers import Flag
from wireboot.pxe_api.memory import SegOff16, real_mode_address

BOOT_PROGRAM_AT = 0x7C00
"""Where every PXE ROM loads it (PXE 2.1, the client state at bootstrap execution time)."""

_LINUX_MAGIC_AT, _LINUX_MAGIC = 0x202, b"HdrS"
_LINUX_VERSION_AT, _LINUX_SETUP_AT, _LINUX_NAME_SIZE_MAX = 0x20E, 0x200, 60
_PE_HEADER_AT = 0x3C


def why_not_runnable(program: bytes, free_base_end: int) -> str | None:
    """`free_base_end` is the first address above the memory that it may fill."""
    room = free_base_end - BOOT_PROGRAM_AT
    if not program:
        return "the file is empty"
    if program.startswith(_LINUX_MAGIC, _LINUX_MAGIC_AT):
        # Some have a boot sector, such as memtest86+: at 7C00h it would look for the rest on a diskette for ever.
        name = _linux_name(program)
        return f"it has the form of a Linux kernel{name}, which a boot program such as PXELINUX has to load"
    if program.startswith(b"MZ") and _pe_signature(program) == b"PE\0\0":
        return "it is a program for UEFI (a PE image), and this machine has a BIOS"
    if program.startswith(b"\x7fELF"):
        return "it is an ELF image, which a boot program such as GRUB has to load"
    if len(program) > room:
        return f"it has {len(program):,} bytes, and only {room:,} bytes of base memory are free (PXE-E79)"
    return None


def enter(program: bytes, processor: Processor, image: Image) -> None:
    """As a PXE ROM calls it (PXE 2.1, the client state at bootstrap execution time)."""
    memory, registers = processor.memory, processor.registers
    memory.write(BOOT_PROGRAM_AT, program)
    processor.reset()
    pushed = _far(image.return_to) + _far(image.bang_pxe)
    memory.write(real_mode_address(image.stack) - len(pushed), pushed)
    registers.ss, registers.esp = image.stack.segment, image.stack.offset - len(pushed)
    registers.es, registers.ebx = image.pxenv
    registers.edx = real_mode_address(image.pxenv)
    registers.cs, registers.eip = 0, BOOT_PROGRAM_AT
    registers.eflags |= Flag.INTERRUPTS


def _far(pointer: SegOff16) -> bytes:
    return pointer.offset.to_bytes(2, "little") + pointer.segment.to_bytes(2, "little")


def _linux_name(program: bytes) -> str:
    """What the setup header calls it, with a space before it, or nothing (Documentation/arch/x86/boot.rst)."""
    offset = int.from_bytes(program[_LINUX_VERSION_AT : _LINUX_VERSION_AT + 2], "little")
    start = _LINUX_SETUP_AT + offset
    text = program[start : start + _LINUX_NAME_SIZE_MAX].partition(b"\0")[0].decode("ascii", "replace")
    # Behind it comes who has built it.
    name = text.partition(" (")[0]
    return f" ({name})" if offset and name.isprintable() and name else ""


def _pe_signature(program: bytes) -> bytes:
    at = int.from_bytes(program[_PE_HEADER_AT : _PE_HEADER_AT + 4], "little")
    return program[at : at + 4]
