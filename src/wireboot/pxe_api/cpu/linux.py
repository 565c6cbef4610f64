"""A boot program hands over to a Linux kernel: who, with which command line, with which initrd.

The facts are those of the kernel's setup header (Documentation/arch/x86/boot.rst). The kernel is not run: that it was
entered as the protocol demands is what is to be known.
"""

from __future__ import annotations

from hashlib import sha256

from wireboot.pxe_api.cpu.account import Initrd, LinuxEntered
from wireboot.pxe_api.memory import Memory, MemoryFault, read_string

# The setup header's fields, from the start of the setup code's segment or of boot_params.
# fmt: off
_OLD_COMMAND_LINE_MAGIC  = 0x020
_OLD_COMMAND_LINE_OFFSET = 0x022
_EXT_RAMDISK_IMAGE       = 0x0C0
_EXT_RAMDISK_SIZE        = 0x0C4
_BOOT_FLAG               = 0x1FE
_HEADER                  = 0x202
_PROTOCOL                = 0x206
_KERNEL_VERSION          = 0x20E
_TYPE_OF_LOADER          = 0x210
_RAMDISK_IMAGE           = 0x218
_RAMDISK_SIZE            = 0x21C
_EXT_LOADER_TYPE         = 0x227
_COMMAND_LINE            = 0x228
# fmt: on
_SETUP_CODE = 0x200
"""Where the setup code begins in its segment; it is entered with CS so much higher."""

_MAGIC = b"HdrS"
_BOOT_MAGIC = b"\x55\xaa"
_OLD_COMMAND_LINE = 0xA33F
_POINTS_TO_COMMAND_LINE = 0x0202
"""Since this version of the protocol by a pointer, not by an offset in the setup code's segment."""

_TEXT_SIZE_MAX = 4096
_CHUNK_SIZE = 0x100000

_EXTENDED = 0xE
_LOADERS = {
    0x0: "LILO",
    0x1: "Loadlin",
    0x2: "bootsect-loader",
    0x3: "Syslinux",
    0x4: "Etherboot",
    0x5: "ELILO",
    0x7: "GRUB",
    0x8: "U-Boot",
    0x9: "Xen",
    0xA: "Gujin",
    0xB: "QEMU",
    0xC: "uCbootloader",
    0xD: "kexec-tools",
    0x10 + 0x1: "Minimal Linux Bootloader",
    0x10 + 0x2: "OVMF",
    0x10 + 0x3: "barebox",
}
"""By the high half of type_of_loader, or by the extended number."""
_KINDS_OF_LOADER = {0x31: "SYSLINUX", 0x32: "PXELINUX", 0x33: "ISOLINUX", 0x34: "EXTLINUX", 0x46: "iPXE"}
"""By the whole of type_of_loader, where a family's member has a number of its own."""


def recognise_real_mode(memory: Memory, caller_cs: int) -> LinuxEntered | None:
    """`caller_cs` is the segment of who calls the BIOS. Kernels since 2.6.23 lower theirs once they are entered."""
    for segment in (caller_cs - _SETUP_CODE // 16, caller_cs):
        setup = _SetupHeader(memory, segment * 16)
        if segment > 0 and setup.is_there and setup.has_boot_flag:
            initrd = _initrd(setup, setup.number(_RAMDISK_IMAGE, 4), setup.number(_RAMDISK_SIZE, 4))
            return _entered(setup, _kernel_version(setup), initrd)
    return None


def recognise_protected_mode(memory: Memory, esi: int) -> LinuxEntered | None:
    """ESI leads to boot_params where a kernel's 32-bit entry is called.

    The setup code is not loaded then, and with it the kernel's own version.
    """
    setup = _SetupHeader(memory, esi)
    if not setup.is_there:
        return None
    address = setup.number(_RAMDISK_IMAGE, 4) | setup.number(_EXT_RAMDISK_IMAGE, 4) << 32
    size = setup.number(_RAMDISK_SIZE, 4) | setup.number(_EXT_RAMDISK_SIZE, 4) << 32
    return _entered(setup, "", _initrd(setup, address, size))


class _SetupHeader:
    """What lies beyond memory reads as zero: a loader may point anywhere."""

    def __init__(self, memory: Memory, base: int) -> None:
        self.memory, self.base = memory, base

    @property
    def is_there(self) -> bool:
        return self._bytes(_HEADER, len(_MAGIC)) == _MAGIC

    @property
    def has_boot_flag(self) -> bool:
        return self._bytes(_BOOT_FLAG, len(_BOOT_MAGIC)) == _BOOT_MAGIC

    def number(self, offset: int, size: int) -> int:
        return int.from_bytes(self._bytes(offset, size), "little")

    def text(self, address: int) -> str:
        """Printable, whatever is there: it comes onto people's terminals."""
        try:
            found = read_string(self.memory, address, _TEXT_SIZE_MAX)
        except MemoryFault:
            return ""
        decoded = found.decode("utf-8", "backslashreplace")
        return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in decoded)

    def _bytes(self, offset: int, size: int) -> bytes:
        try:
            return self.memory.read(self.base + offset, size)
        except MemoryFault:
            return bytes(size)


def _entered(setup: _SetupHeader, version: str, initrd: Initrd | None) -> LinuxEntered:
    protocol = setup.number(_PROTOCOL, 2)
    return LinuxEntered(
        version=version,
        command_line=_command_line(setup, protocol),
        initrd=initrd,
        protocol=f"{protocol >> 8}.{protocol & 0xFF:02}",
        loader=_loader(setup),
    )


def _kernel_version(setup: _SetupHeader) -> str:
    offset = setup.number(_KERNEL_VERSION, 2)
    return setup.text(setup.base + _SETUP_CODE + offset) if offset else ""


def _command_line(setup: _SetupHeader, protocol: int) -> str:
    if protocol >= _POINTS_TO_COMMAND_LINE:
        address = setup.number(_COMMAND_LINE, 4)
        return setup.text(address) if address else ""
    if setup.number(_OLD_COMMAND_LINE_MAGIC, 2) == _OLD_COMMAND_LINE:
        return setup.text(setup.base + setup.number(_OLD_COMMAND_LINE_OFFSET, 2))
    return ""


def _initrd(setup: _SetupHeader, address: int, size: int) -> Initrd | None:
    return Initrd(size, _digest(setup.memory, address, size)) if size else None


def _digest(memory: Memory, address: int, size: int) -> str:
    """Empty where not all of it is in memory."""
    digest = sha256()
    try:
        for at in range(address, address + size, _CHUNK_SIZE):
            digest.update(memory.read(at, min(_CHUNK_SIZE, address + size - at)))
    except MemoryFault:
        return ""
    return digest.hexdigest()


def _loader(setup: _SetupHeader) -> str:
    kind = setup.number(_TYPE_OF_LOADER, 1)
    family = kind >> 4
    if family == _EXTENDED:
        family = 0x10 + setup.number(_EXT_LOADER_TYPE, 1)
    return _KINDS_OF_LOADER.get(kind) or _LOADERS.get(family) or f"{kind:#04x}"
