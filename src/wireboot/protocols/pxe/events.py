"""What PXE's services have to tell."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from wireboot.endpoint import Event
from wireboot.protocols.pxe.decision import BootFile
from wireboot.protocols.pxe.identity import PxeClient

BootNamer = Literal["DHCPOFFER", "DHCPACK", "ProxyDHCP offer", "Boot Server"]


@dataclass(frozen=True, slots=True)
class BootFileNamed(Event):
    """A PXE client was told what to load and from where."""

    client: PxeClient
    boot_file: BootFile
    server: IPv4Address
    by: BootNamer
    client_address: IPv4Address
    """0.0.0.0 where the client has none yet."""
    server_type: int = 0
    layer: int = 0
    """What the client asked a Boot Server for, where it asked for anything in particular."""


@dataclass(frozen=True, slots=True)
class MenuOffered(Event):
    """A PXE client was given a menu to choose from."""

    client: PxeClient
    menu: str
    rule: str
    items: tuple[str, ...]
    server: IPv4Address
    by: BootNamer
    client_address: IPv4Address
    """0.0.0.0 where the client has none yet."""


@dataclass(frozen=True, slots=True)
class MenuCutShort(Event):
    """Option 43 had no room for these lines of a menu."""

    client: PxeClient
    menu: str
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CredentialNamed(Event):
    """A PXE client was told which file vouches for its boot file (PXE 2.1 step 8)."""

    client: PxeClient
    boot_file: str
    credential_file: str
    credential_type: int
    server: IPv4Address
    client_address: IPv4Address


@dataclass(frozen=True, slots=True)
class CredentialNotHeld(Event):
    """A PXE client wants a credential of one of these types, and none is held: it is left to another server."""

    client: PxeClient
    boot_file: str
    credential_types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NothingToBoot(Event):
    """A PXE client is left alone."""

    client: PxeClient
    reason: str


@dataclass(frozen=True, slots=True)
class OtherServerChosen(Event):
    """Heard in proxy mode: the client takes its address from the DHCP server beside us."""

    link_address: bytes
    dhcp_server: IPv4Address
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class SplitOfferRefused(Event):
    """A PXE client takes no address and boot file from two servers: it is offered both by this one."""

    client: PxeClient


@dataclass(frozen=True, slots=True)
class BootOptionMalformed(Event):
    """A client got its address, and nothing to boot: it says in a garbled option what it is."""

    link_address: bytes
    reason: str
