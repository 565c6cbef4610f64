"""What PXE's services have to tell."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from wireboot.endpoint import Event
from wireboot.protocols.pxe.boot_file import BootFile
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
class BootOptionMalformed(Event):
    """A client got its address, and nothing to boot: it says in a garbled option what it is."""

    link_address: bytes
    reason: str
