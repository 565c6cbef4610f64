"""Boot programs that say which of them was chosen, and a server's menus that lead to them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.lab.addresses import LAN
from tests.support.lab.network import Host
from tests.support.lab.payload import GRUB_MODULES, run
from tests.support.lab.server import subnet_table

CHOICES = ("first", "other")
"""The profiles; in a menu they stand in this order, and the local disk comes last."""
PROGRAM_SUFFIXES = {"x86-bios": ".0", "x86_64-uefi": ".efi"}
SHOWN_TIMES = 60
_GRUB = {".0": ("i386-pc-pxe", Path("/usr/lib/grub/i386-pc")), ".efi": ("x86_64-efi", GRUB_MODULES)}


def chosen(choice: str) -> str:
    """What the boot program of this choice shows, again and again."""
    return f"<{choice}>"


def make_programs(folder: Path) -> None:
    """`first.0`, `other.efi` and so on."""
    for choice in CHOICES:
        for suffix, (image_format, modules) in _GRUB.items():
            with tempfile.NamedTemporaryFile("w", suffix=".cfg") as script:
                # A BIOS console breaks a line where it likes, so that a text shown once may not be found.
                script.write(f'echo "{chosen(choice)}"\nsleep 1\n' * SHOWN_TIMES)
                script.flush()
                target = str(folder / f"{choice}{suffix}")
                options = ("-O", image_format, "-d", str(modules), "-p", "/", "-c", script.name, "-o", target)
                run("grub-mkimage", *options, "echo", "sleep")


@dataclass(frozen=True, slots=True)
class LabMenu:
    """A menu of the choices and the local disk."""

    timeout_s: int
    style: str = "pxe"

    @property
    def name(self) -> str:
        return f"{self.style}-{self.timeout_s}"


def menus_configuration(host: Host, boot_dir: Path, menus: Mapping[str, LabMenu], more: str = "") -> str:
    """A DHCP server whose machines, by MAC, get these menus."""
    entries = "".join(f'[[menus.entries]]\ntext = "{choice}"\nprofile = "{choice}"\n' for choice in CHOICES)
    entries += '[[menus.entries]]\ntext = "disk"\nlocal = true\n'
    return f"""\
state_dir = "{host.work_dir / f"{host.name}.state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
{subnet_table(LAN)}
{more}
{"".join(_profile(choice) for choice in CHOICES)}
{"".join(_menu(menu) + entries for menu in sorted(set(menus.values()), key=lambda menu: menu.name))}
{"".join(_machine(mac, menu) for mac, menu in menus.items())}
"""


def _profile(choice: str) -> str:
    programs = ", ".join(f'"{name}" = "{choice}{suffix}"' for name, suffix in PROGRAM_SUFFIXES.items())
    return f'[[profiles]]\nname = "{choice}"\nboot_program = {{ {programs} }}\n'


def _menu(menu: LabMenu) -> str:
    """The menu, open for its entries, and the profile that it is."""
    profile = f'[[profiles]]\nname = "menu-{menu.name}"\nmenu = "{menu.name}"\n'
    head = f'name = "{menu.name}"\nstyle = "{menu.style}"\nprompt = "Menu?"\ntimeout_s = {menu.timeout_s}\n'
    return f"{profile}[[menus]]\n{head}"


def _machine(mac: str, menu: LabMenu) -> str:
    return f'[[machines]]\nname = "{mac}"\nmac = "{mac}"\nprofile = "menu-{menu.name}"\n'
