"""What a client is told to load: the outcome of a decision that is made elsewhere (boot/policy.py)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from wireboot.protocols.dhcp4.message import FILE_SIZE
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.tftp.mtftp import MtftpParameters

NAME_SIZE_MAX = FILE_SIZE - 1
"""Bytes: the header's `file` field and its NUL."""


@dataclass(frozen=True, slots=True)
class BootCredential:
    """A file that vouches for a boot file."""

    credential_type: int
    """32 bits that name the anchor it leads to (tag 12)."""
    file: str


@dataclass(frozen=True, slots=True)
class BootFile:
    """A file to load, and the rule that chose it."""

    name: str
    """As the client is to ask for it by TFTP."""
    rule: str
    profile: str | None = None
    mtftp: MtftpParameters | None = None
    """Where the file is sent by multicast too."""
    credentials: tuple[BootCredential, ...] = ()

    def __post_init__(self) -> None:
        assert self.name.isascii(), self.name
        assert 0 < len(self.name) <= NAME_SIZE_MAX, self.name


@dataclass(frozen=True, slots=True)
class BootMenuItem:
    """A line of a menu, and what it leads to."""

    server_type: int
    """0 boots from the local disk."""
    text: str
    servers: tuple[IPv4Address, ...] = ()
    """The Boot Servers of this type; none: this server."""


@dataclass(frozen=True, slots=True)
class BootMenu:
    """A choice left to whoever sits before the machine."""

    name: str
    rule: str
    prompt: str
    timeout_s: int
    """0 takes the first item at once; 255 shows the menu and waits; in between the prompt counts down."""
    items: tuple[BootMenuItem, ...]


@dataclass(frozen=True, slots=True)
class NoBootFile:
    """The decision to leave a client alone, and why."""

    rule: str


Decision = BootFile | BootMenu | NoBootFile


class Policy(Protocol):
    """Who is asking to what it gets: synchronous, over a snapshot (boot/policy.py)."""

    def decide(self, client: PxeClient) -> Decision:
        """What a client is to be told when it asks for an address or for boot information."""

    def boot_item(self, client: PxeClient, server_type: int, layer: int) -> BootFile | NoBootFile:
        """What a client gets that asks this Boot Server for one of its types and layers (tag 71, without bit 15)."""
