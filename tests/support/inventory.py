"""Inventories with menus, and the snapshot that services decide from."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from wireboot.boot.inventory import Inventory, Machine, Menu, MenuEntry, MenuStyle, Profile
from wireboot.boot.loaders import FoundLoaders
from wireboot.endpoint import SocketAddress
from wireboot.protocols.pxe.decision import BootCredential, Discovery
from wireboot.protocols.pxe.quirks import Quirk
from wireboot.protocols.tftp.files import FileRefused, OpenFile
from wireboot.protocols.tftp.mtftp import MtftpParameters
from wireboot.protocols.tftp.packet import ErrorCode
from wireboot.services.snapshot import Snapshot

RESCUE = Profile("rescue", {"x86-bios": ("rescue.0", "rescue.1"), "x86_64-uefi": ("rescue.efi",)})
INSTALL = Profile("install", {"x86-bios": ("install.0",), "x86_64-uefi": ("install.efi",)})
MEMTEST = Profile("memtest", {"x86-bios": ("memtest.0",)})
CHOICE = Profile("choice", menu="main")

ENTRIES = (
    MenuEntry("Rescue system", profile="rescue"),
    MenuEntry("Installer", profile="install"),
    MenuEntry("Memory test", profile="memtest"),
    MenuEntry("Windows", servers=(IPv4Address("10.77.0.9"),), server_type=1, file="wdsnbp.com"),
    MenuEntry("Local disk", local=True),
)


class NoFiles:
    """A `BootFiles` with nothing in it."""

    def open(self, name: str, peer: SocketAddress) -> OpenFile:
        del peer
        raise FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found", name)


def with_menu(
    *entries: MenuEntry,
    prompt: str = "Press F8",
    timeout_s: int = 10,
    style: MenuStyle = "auto",
    discovery: Discovery = Discovery(),  # noqa: B008  # a frozen value
    machines: tuple[Machine, ...] = (),
    loaders: tuple[str, ...] = (),
    mtftp: Mapping[str, MtftpParameters] | None = None,
    credentials: Mapping[str, tuple[BootCredential, ...]] | None = None,
    quirks: tuple[Quirk, ...] = (),
    default_profile: str = "choice",
) -> Inventory:
    """Every machine gets a menu of these entries, or of `ENTRIES`."""
    return Inventory(
        profiles={each.name: each for each in (RESCUE, INSTALL, MEMTEST, CHOICE)},
        machines=machines,
        default_profile=default_profile,
        ignore_unknown=False,
        loaders=FoundLoaders({name: f"/usr/lib/{name}" for name in loaders}),
        menus={"main": Menu("main", prompt, timeout_s, entries or ENTRIES, style)},
        discovery=discovery,
        mtftp=mtftp or {},
        credentials=credentials or {},
        quirks=quirks,
    )


def snapshot_of(inventory: Inventory) -> Snapshot:
    return Snapshot(inventory, NoFiles())
