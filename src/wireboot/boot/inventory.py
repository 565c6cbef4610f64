"""What the decision is made from: profiles, menus, machines and the loaders at hand, as one immutable snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Literal
from uuid import UUID

from wireboot.boot.loaders import FoundLoaders
from wireboot.protocols.pxe.decision import BootCredential, Discovery
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.quirks import Quirk
from wireboot.protocols.tftp.mtftp import MtftpParameters

MenuStyle = Literal["auto", "pxe", "ipxe", "grub"]
"""Who shows a menu. "auto": iPXE where it runs already, and firmware everywhere else."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Something to boot, or a menu of such things."""

    name: str
    boot_programs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Architecture name to a file for each layer, layer 0 first; an architecture that is missing here gets a loader
    found on this machine."""
    menu: str | None = None
    """The name of the menu that this profile is."""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A line of a menu. It leads to exactly one of `profile`, `servers` and `local`."""

    text: str
    profile: str | None = None
    servers: tuple[IPv4Address, ...] = ()
    """Other Boot Servers."""
    local: bool = False
    server_type: int | None = None
    """None: a number derived from what it leads to (menus.py)."""
    file: str | None = None
    """With `servers`: what loaders, which cannot ask a Boot Server, may load from the first of them."""


@dataclass(frozen=True, slots=True)
class Menu:
    """A choice left to whoever sits before the machine, whoever shows it."""

    name: str
    prompt: str
    timeout_s: int
    """0 takes the first entry at once; 255 shows the menu and waits."""
    entries: tuple[MenuEntry, ...]
    style: MenuStyle = "auto"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that is known, by its MAC or by its UUID."""

    name: str
    link_address: bytes | None = None
    uuid: UUID | None = None
    profile: str | None = None
    """None: the default profile."""


@dataclass(frozen=True)
class Inventory:
    """One state of all that is known."""

    profiles: Mapping[str, Profile]
    machines: tuple[Machine, ...]
    default_profile: str | None
    """None: no profile at all, only the loaders."""
    ignore_unknown: bool
    """Machines without a profile of their own are left alone."""
    loaders: FoundLoaders
    menus: Mapping[str, Menu] = field(default_factory=dict)
    discovery: Discovery = field(default_factory=Discovery)
    mtftp: Mapping[str, MtftpParameters] = field(default_factory=dict)
    """By normalised file name: where it is sent by multicast too."""
    credentials: Mapping[str, tuple[BootCredential, ...]] = field(default_factory=dict)
    """By normalised name of the boot file: what vouches for it."""
    quirks: tuple[Quirk, ...] = ()
    """They stand before those that are built in."""

    def machine(self, client: PxeClient) -> Machine | None:
        """The machine that `client` is. A MAC counts before a UUID: boards with the same UUID do exist."""
        return self.machine_with_mac(client.link_address) or self.machine_with_uuid(client.uuid)

    def machine_with_mac(self, link_address: bytes) -> Machine | None:
        return next((each for each in self.machines if each.link_address == link_address), None)

    def machine_with_uuid(self, uuid: UUID | None) -> Machine | None:
        return next((each for each in self.machines if each.uuid is not None and each.uuid == uuid), None)
