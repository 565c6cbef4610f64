"""A menu as a loader needs it: for each line, the file for every platform, since the file is shared by them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.boot.inventory import Inventory, Menu, MenuEntry
from wireboot.boot.loaders import LoaderKind
from wireboot.boot.policy import program_for

LINES_MAX = 64
TEXT_SIZE_MAX = 70
"""Letters that fit on a line of an 80 column screen beside a frame."""


class Platform(NamedTuple):
    """A row: what a loader calls the platform it runs on."""

    architecture: int
    """IANA's number."""
    ipxe: tuple[str, ...]
    """`${platform}-${buildarch}`."""
    grub: str
    """`$grub_cpu-$grub_platform`."""

    @property
    def is_bios(self) -> bool:
        return self.architecture == 0


# iPXE for BIOS is built for either kind of processor.
# fmt: off
PLATFORMS = (
    Platform(0,  ("pcbios-i386", "pcbios-x86_64"), "i386-pc"),
    Platform(6,  ("efi-i386",),                    "i386-efi"),
    Platform(7,  ("efi-x86_64",),                  "x86_64-efi"),
    Platform(10, ("efi-arm32",),                   "arm-efi"),
    Platform(11, ("efi-arm64",),                   "arm64-efi"),
    Platform(27, ("efi-riscv64",),                 "riscv64-efi"),
    Platform(39, ("efi-loong64",),                 "loongarch64-efi"),
)
# fmt: on


class LoaderFileAt(NamedTuple):
    """A file on a TFTP server."""

    server: IPv4Address
    name: str


@dataclass(frozen=True, slots=True)
class LoaderMenuLine:
    """A line. One without files leads to the local disk."""

    text: str
    files: Mapping[Platform, LoaderFileAt]


@dataclass(frozen=True, slots=True)
class LoaderMenu:
    """A menu that a loader shows."""

    prompt: str
    timeout_s: int
    lines: tuple[LoaderMenuLine, ...]


def loader_menu(menu: Menu, inventory: Inventory, server: IPv4Address, running: tuple[LoaderKind, ...]) -> LoaderMenu:
    """What a loader of these kinds shows. `server` is this one as the machine knows it.

    Lines that it cannot follow are left out, and so is what comes after the first 64.
    """
    lines: list[LoaderMenuLine] = []
    for entry in menu.entries:
        files = _files(entry, inventory, server, running)
        if (files or entry.local) and len(lines) < LINES_MAX:
            lines.append(LoaderMenuLine(entry.text[:TEXT_SIZE_MAX], files))
    return LoaderMenu(menu.prompt[:TEXT_SIZE_MAX], menu.timeout_s, tuple(lines))


def _files(
    entry: MenuEntry, inventory: Inventory, server: IPv4Address, running: tuple[LoaderKind, ...]
) -> dict[Platform, LoaderFileAt]:
    if entry.servers:
        # A loader cannot ask a Boot Server what to load.
        return {} if entry.file is None else dict.fromkeys(PLATFORMS, LoaderFileAt(entry.servers[0], entry.file))
    if entry.profile is None:
        return {}
    profile = inventory.profiles[entry.profile]
    programs = {each: program_for((each.architecture,), running, profile, inventory) for each in PLATFORMS}
    return {platform: LoaderFileAt(server, name) for platform, name in programs.items() if name is not None}
