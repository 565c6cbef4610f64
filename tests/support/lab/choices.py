"""Boot programs that say which of them was chosen, and a server's menus that lead to them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.lab.addresses import LAN
from tests.support.lab.network import Host
from tests.support.lab.payload import GRUB_MODULES, run
from tests.support.lab.server import subnet_table

CHOICES = ("first", "other")
"""The profiles; in a menu they stand in this order, and the local disk comes last."""
PROGRAM_SUFFIXES = {"x86-bios": ".0", "x86_64-uefi": ".efi"}
_GRUB = {".0": ("i386-pc-pxe", Path("/usr/lib/grub/i386-pc")), ".efi": ("x86_64-efi", GRUB_MODULES)}


def chosen(choice: str) -> str:
    """What the boot program of this choice shows."""
    return f"wireboot: {choice} was chosen"


def make_programs(folder: Path) -> None:
    """`first.0`, `other.efi` and so on."""
    for choice in CHOICES:
        for suffix, (image_format, modules) in _GRUB.items():
            with tempfile.NamedTemporaryFile("w", suffix=".cfg") as script:
                # Printed again and again: what comes next on the console must not wipe it out.
                script.write(f'echo "{chosen(choice)}"\nsleep 1\necho "{chosen(choice)}"\nsleep 600\n')
                script.flush()
                target = str(folder / f"{choice}{suffix}")
                options = ("-O", image_format, "-d", str(modules), "-p", "/", "-c", script.name, "-o", target)
                run("grub-mkimage", *options, "echo", "sleep")


def menus_configuration(host: Host, boot_dir: Path, timeouts_s: Mapping[str, int], more: str = "") -> str:
    """A DHCP server whose machines, by MAC, get a menu of the firmware's own with this timeout."""
    profiles = "".join(
        f'[[profiles]]\nname = "{choice}"\nboot_program = {{ '
        + ", ".join(f'"{name}" = "{choice}{suffix}"' for name, suffix in PROGRAM_SUFFIXES.items())
        + " }\n"
        for choice in CHOICES
    )
    entries = "".join(f'[[menus.entries]]\ntext = "{choice}"\nprofile = "{choice}"\n' for choice in CHOICES)
    menus = "".join(
        f'[[menus]]\nname = "{timeout_s}"\nstyle = "pxe"\nprompt = "Menu?"\ntimeout_s = {timeout_s}\n{entries}'
        f'[[menus.entries]]\ntext = "disk"\nlocal = true\n'
        f'[[profiles]]\nname = "menu-{timeout_s}"\nmenu = "{timeout_s}"\n'
        for timeout_s in sorted(set(timeouts_s.values()))
    )
    machines = "".join(
        f'[[machines]]\nname = "{mac}"\nmac = "{mac}"\nprofile = "menu-{timeout_s}"\n'
        for mac, timeout_s in timeouts_s.items()
    )
    return f"""\
state_dir = "{host.work_dir / f"{host.name}.state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
{subnet_table(LAN)}
{more}
{profiles}
{menus}
{machines}
"""
