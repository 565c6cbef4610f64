"""A kernel is recognised as the Linux x86 boot protocol has it entered, and nothing else is."""

from __future__ import annotations

import struct
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wireboot.pxe_api.cpu.account import Initrd, LinuxEntered
from wireboot.pxe_api.cpu.linux import recognise_protected_mode, recognise_real_mode
from wireboot.pxe_api.memory import ByteMemory

MEMORY_SIZE = 0x400000
SETUP_SEGMENT = 0x9000
SETUP = SETUP_SEGMENT * 16
COMMAND_LINE_AT = 0x99000
INITRD_AT = 0x200000
INITRD = bytes(range(256)) * 4097
"""More than is read at once."""
COMMAND_LINE = b"BOOT_IMAGE=vmlinuz quiet console=ttyS0"
VERSION = b"6.1.0-18-amd64 (builder@example) #1 SMP"
EXPECTED = LinuxEntered(
    version=VERSION.decode(),
    command_line=COMMAND_LINE.decode(),
    initrd=Initrd(len(INITRD), sha256(INITRD).hexdigest()),
    protocol="2.15",
    loader="PXELINUX",
)


def put(memory: ByteMemory, at: int, format_: str, value: int) -> None:
    memory.write(at, struct.pack(format_, value))


def with_kernel(at: int = SETUP, *, version: bytes = VERSION, initrd_at: int = INITRD_AT) -> ByteMemory:
    """A header as a loader leaves it, the kernel's own fields and the loader's."""
    memory = ByteMemory(MEMORY_SIZE)
    memory.write(at + 0x1FE, b"\x55\xaa\xeb\x6aHdrS\x0f\x02")
    put(memory, at + 0x20E, "<H", 0x1800)
    memory.write(at + 0x200 + 0x1800, version + b"\0")
    put(memory, at + 0x210, "<B", 0x32)
    put(memory, at + 0x218, "<I", initrd_at)
    put(memory, at + 0x21C, "<I", len(INITRD))
    put(memory, at + 0x228, "<I", COMMAND_LINE_AT)
    memory.write(COMMAND_LINE_AT, COMMAND_LINE + b"\0")
    if initrd_at + len(INITRD) <= MEMORY_SIZE:
        memory.write(initrd_at, INITRD)
    return memory


@pytest.mark.parametrize("segment", [SETUP_SEGMENT + 0x20, SETUP_SEGMENT])
def test_a_kernel_that_calls_the_bios_is_recognised(segment: int) -> None:
    """Boot protocol, running the kernel: CS is the setup segment and 20h; the setup code then makes it equal to DS."""
    assert recognise_real_mode(with_kernel(), segment) == EXPECTED


@pytest.mark.parametrize("segment", [0, 0x10, 0x20, 0x8FE0, 0x9010, 0x9021, 0xF000, 0xFFFF])
def test_any_other_caller_is_none(segment: int) -> None:
    assert recognise_real_mode(with_kernel(), segment) is None


def test_a_header_without_the_boot_flag_is_none() -> None:
    memory = with_kernel()
    memory.write(SETUP + 0x1FE, b"\0\0")
    assert recognise_real_mode(memory, SETUP_SEGMENT + 0x20) is None


def test_a_kernel_entered_in_protected_mode_is_recognised_by_its_boot_params() -> None:
    """32-bit boot protocol: ESI leads to boot_params; the setup code is not loaded, so nobody tells the version."""
    memory = with_kernel(0x12340)
    memory.write(0x12340 + 0x200 + 0x1800, bytes(len(VERSION)))
    found = recognise_protected_mode(memory, 0x12340)
    assert found == LinuxEntered("", EXPECTED.command_line, EXPECTED.initrd, EXPECTED.protocol, EXPECTED.loader)


@pytest.mark.parametrize("esi", [0, SETUP - 1, SETUP + 0x202, MEMORY_SIZE - 1, MEMORY_SIZE, 0xFFFFFFFF])
def test_esi_to_something_else_is_none(esi: int) -> None:
    assert recognise_protected_mode(with_kernel(), esi) is None


def test_the_command_line_of_the_old_protocol_lies_in_the_setup_segment() -> None:
    """Before protocol 2.02: the magic number A33Fh at 20h, and the offset at 22h."""
    memory = with_kernel()
    put(memory, SETUP + 0x206, "<H", 0x0201)
    put(memory, SETUP + 0x20, "<H", 0xA33F)
    put(memory, SETUP + 0x22, "<H", 0x9800)
    memory.write(SETUP + 0x9800, b"root=/dev/fd0\0")
    found = recognise_real_mode(memory, SETUP_SEGMENT + 0x20)
    assert found is not None
    assert (found.protocol, found.command_line) == ("2.01", "root=/dev/fd0")


def test_the_old_protocol_without_its_magic_number_has_no_command_line() -> None:
    memory = with_kernel()
    put(memory, SETUP + 0x206, "<H", 0x0200)
    found = recognise_real_mode(memory, SETUP_SEGMENT + 0x20)
    assert found is not None
    assert found.command_line == ""


@pytest.mark.parametrize(
    ("type_of_loader", "extended", "name"),
    [
        (0x00, 0, "LILO"),
        (0x30, 0, "Syslinux"),
        (0x31, 0, "SYSLINUX"),
        (0x32, 0, "PXELINUX"),
        (0x40, 0, "Etherboot"),
        (0x46, 0, "iPXE"),
        (0x72, 0, "GRUB"),
        (0xB0, 0, "QEMU"),
        (0xE0, 1, "Minimal Linux Bootloader"),
        (0xE5, 77, "0xe5"),
        (0xFF, 0, "0xff"),
    ],
)
def test_the_loader_is_named(type_of_loader: int, extended: int, name: str) -> None:
    """The assigned numbers; PXELINUX and iPXE tell themselves from their families by the low half."""
    memory = with_kernel()
    put(memory, SETUP + 0x210, "<B", type_of_loader)
    put(memory, SETUP + 0x227, "<B", extended)
    found = recognise_real_mode(memory, SETUP_SEGMENT + 0x20)
    assert found is not None
    assert found.loader == name


def test_no_initrd_is_none() -> None:
    memory = with_kernel()
    put(memory, SETUP + 0x21C, "<I", 0)
    found = recognise_real_mode(memory, SETUP_SEGMENT + 0x20)
    assert found is not None
    assert found.initrd is None


@pytest.mark.parametrize("initrd_at", [MEMORY_SIZE - 0x1000, 0xF0000000])
def test_an_initrd_above_the_memory_has_a_size_and_no_digest(initrd_at: int) -> None:
    found = recognise_real_mode(with_kernel(initrd_at=initrd_at), SETUP_SEGMENT + 0x20)
    assert found is not None
    assert found.initrd == Initrd(len(INITRD), "")


def test_the_upper_half_of_the_initrds_address_counts() -> None:
    """boot_params' ext_ramdisk_image: an initrd above 4 GiB is not the one at the address cut to 32 bits."""
    memory = with_kernel(0x12340)
    put(memory, 0x12340 + 0xC0, "<I", 1)
    found = recognise_protected_mode(memory, 0x12340)
    assert found is not None
    assert found.initrd == Initrd(len(INITRD), "")


def test_nothing_that_a_kernel_says_reaches_a_terminal_as_a_command() -> None:
    memory = with_kernel(version=b"6.1\x1b[2J\r\n\xff")
    memory.write(COMMAND_LINE_AT, b"\x07quiet\0")
    found = recognise_real_mode(memory, SETUP_SEGMENT)
    assert found is not None
    assert (found.version, found.command_line) == (r"6.1\x1b[2J\r\n\xff", r"\x07quiet")


@given(st.binary(min_size=0x70, max_size=0x70), st.integers(0, 0x10000))
def test_any_header_is_a_kernel_or_none(header: bytes, segment: int) -> None:
    memory = ByteMemory(0x12000)
    memory.write(0x10000 + 0x200, header)
    memory.write(0x10000 + 0x1FE, b"\x55\xaa\xeb\x6aHdrS")
    recognise_real_mode(memory, segment)
    assert recognise_real_mode(memory, 0x1000) is not None
    assert recognise_protected_mode(memory, 0x10000) is not None
