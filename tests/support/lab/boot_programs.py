"""Network boot programs as people use them, each with its configuration, its kernel and its initial ramdisk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.lab.addresses import LAN
from tests.support.lab.machine import machine_mac
from tests.support.lab.network import Host
from tests.support.lab.payload import initial_ramdisk, kernel, run
from tests.support.lab.server import subnet_table

PXELINUX_FOLDER = Path("/usr/lib/PXELINUX")
MODULES_FOLDER = Path("/usr/lib/syslinux/modules/bios")
IPXE_UNDIONLY = Path("/usr/lib/ipxe/undionly.kpxe")
GRUB_PC_FOLDER = Path("/usr/lib/grub/i386-pc")
MEMTEST = Path("/boot/memtest86+x64.bin")

COMMAND_LINE = "console=ttyS0 wireboot.loader={}"
LINUX = "LABEL linux\n  KERNEL linux\n  INITRD initrd.gz\n  APPEND " + COMMAND_LINE + "\n"
FIRST, SECOND = "first line of the menu", "second line of the menu"


@dataclass(frozen=True, slots=True)
class BootProgram:
    """A folder of the server's `boot_dir` with the program and all that it asks for."""

    name: str
    file: str
    fill: Callable[[Path], None]

    @property
    def path(self) -> str:
        return f"{self.name}/{self.file}"

    @property
    def command_line(self) -> str:
        """The part of the kernel's that says who has loaded it."""
        return COMMAND_LINE.format(self.name)


def _pxelinux(target: Path, configuration: str, *modules: str, program: str = "pxelinux.0") -> None:
    shutil.copyfile(PXELINUX_FOLDER / program, target / program)
    for module in ("ldlinux.c32", *modules):
        shutil.copyfile(MODULES_FOLDER / module, target / module)
    (target / "pxelinux.cfg").mkdir()
    (target / "pxelinux.cfg" / "default").write_text(configuration)
    _linux(target)


def _linux(target: Path) -> None:
    (target / "linux").hardlink_to(kernel())
    (target / "initrd.gz").write_bytes(initial_ramdisk())


def _plain(target: Path) -> None:
    _pxelinux(target, "DEFAULT linux\n" + LINUX.format(target.name))


def _prompt(target: Path) -> None:
    _pxelinux(target, "DEFAULT disk\nPROMPT 1\nTIMEOUT 0\nLABEL disk\n  LOCALBOOT 0\n" + LINUX.format(target.name))


def _lwip(target: Path) -> None:
    _pxelinux(target, "DEFAULT linux\n" + LINUX.format(target.name), program="lpxelinux.0")


def _menu(module: str, *libraries: str) -> Callable[[Path], None]:
    def fill(target: Path) -> None:
        disk = f"LABEL disk\n  MENU LABEL {FIRST}\n  LOCALBOOT 0\n"
        linux = LINUX.format(target.name).replace("  KERNEL", f"  MENU LABEL {SECOND}\n  KERNEL")
        _pxelinux(target, f"UI {module}\nMENU TITLE What now?\n{disk}{linux}", module, *libraries)

    return fill


def _local(target: Path) -> None:
    _pxelinux(target, "DEFAULT disk\nLABEL disk\n  LOCALBOOT 0\n")


def _chain(target: Path) -> None:
    _pxelinux(target, "DEFAULT other\nLABEL other\n  KERNEL other.0\n")
    _grub_image(target / "other.0", "/chain")
    (target / "grub.cfg").write_text(
        f"linux /chain/linux {COMMAND_LINE.format('chain')}\ninitrd /chain/initrd.gz\nboot\n"
    )


def _grub(target: Path) -> None:
    _grub_image(target / "core.0", "/grub")
    # linux32 by GRUB's own loader enters the kernel in protected mode.
    (target / "grub.cfg").write_text(f"linux /grub/linux {COMMAND_LINE.format('grub')}\ninitrd /grub/initrd.gz\nboot\n")
    _linux(target)


def _grub_image(target: Path, prefix: str) -> None:
    modules = ("pxe", "tftp", "normal", "linux", "boot", "echo", "configfile")
    run("grub-mkimage", "-O", "i386-pc-pxe", "-d", str(GRUB_PC_FOLDER), "-p", prefix, "-o", str(target), *modules)


def _ipxe(target: Path) -> None:
    shutil.copyfile(IPXE_UNDIONLY, target / "undionly.kpxe")
    script = f"#!ipxe\nkernel linux {COMMAND_LINE.format('ipxe')}\ninitrd initrd.gz\nboot\n"
    (target / "linux.ipxe").write_text(script)
    _linux(target)


def _memtest(target: Path) -> None:
    shutil.copyfile(MEMTEST, target / "memtest.0")


# fmt: off
PROGRAMS = {program.name: program for program in (
    BootProgram("pxelinux",  "pxelinux.0",    _plain),
    BootProgram("prompt",    "pxelinux.0",    _prompt),
    BootProgram("lpxelinux", "lpxelinux.0",   _lwip),
    BootProgram("menu",      "pxelinux.0",    _menu("menu.c32", "libutil.c32")),
    BootProgram("vesamenu",  "pxelinux.0",    _menu("vesamenu.c32", "libcom32.c32", "libutil.c32")),
    BootProgram("local",     "pxelinux.0",    _local),
    BootProgram("chain",     "pxelinux.0",    _chain),
    BootProgram("grub",      "core.0",        _grub),
    BootProgram("ipxe",      "undionly.kpxe", _ipxe),
    BootProgram("memtest",   "memtest.0",     _memtest),
)}
# fmt: on


def number_of(program: BootProgram) -> int:
    """Of the virtual machine that boots it."""
    return list(PROGRAMS).index(program.name)


def fill_boot_dir(target: Path) -> None:
    for program in PROGRAMS.values():
        folder = target / program.name
        folder.mkdir(parents=True)
        program.fill(folder)


def boot_programs_configuration(host: Host, boot_dir: Path) -> str:
    """A DHCP server with a machine for each program. iPXE gets its script where it runs already."""
    rows = "".join(_machine(program) for program in PROGRAMS.values())
    return f"""\
state_dir = "{host.work_dir / f"{host.name}.state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
{subnet_table(LAN)}
{rows}
[[profiles]]
name = "script"
boot_program = {{ "x86-bios" = "ipxe/linux.ipxe" }}
[[menus]]
name = "script"
style = "ipxe"
timeout_s = 1
[[menus.entries]]
text = "linux"
profile = "script"
"""


def _machine(program: BootProgram) -> str:
    # A machine that does not run iPXE yet is sent it, and that asks for the menu's script.
    what = 'menu = "script"' if program.name == "ipxe" else f'boot_program = {{ "x86-bios" = "{program.path}" }}'
    return f"""
[[profiles]]
name = "{program.name}"
{what}
[[machines]]
name = "{program.name}"
mac = "{machine_mac(number_of(program))}"
profile = "{program.name}"
"""
