"""What a client is told to load: the outcome of a decision that is made elsewhere (boot/policy.py)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from wireboot.protocols.dhcp4.message import FILE_SIZE
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.quirks import Effect
from wireboot.protocols.tftp.mtftp import MtftpParameters

NAME_SIZE_MAX = FILE_SIZE - 1
"""Bytes: the header's `file` field and its NUL."""


@dataclass(frozen=True, slots=True)
class BootCredential:
    """A file that vouches for a boot file."""

    credential_type: int
    """32 bits that name the anchor it leads to (tag 12)."""
    file: str
    server_type: int | None = None
    """The Boot Server type that it is bound to; None: any."""
    layer: int | None = None
    """The layer that it is bound to; None: any."""

    def __post_init__(self) -> None:
        assert self.file.isascii(), self.file
        assert 0 < len(self.file) <= NAME_SIZE_MAX, self.file

    def is_for(self, server_type: int, layer: int) -> bool:
        return self.server_type in (None, server_type) and self.layer in (None, layer)


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

    def __post_init__(self) -> None:
        assert 0 <= self.server_type <= 0xFFFF, self.server_type
        # Firmware drops a whole menu with an empty line in it (PXE-E74).
        assert self.text.isascii(), self.text
        assert self.text, self


@dataclass(frozen=True, slots=True)
class Discovery:
    """How a client may look for the Boot Server of what it chose (PXE 2.1 table 2-1, tag 6)."""

    broadcast: bool = False
    multicast: IPv4Address | None = None
    """The group to ask, where one is to be asked (tag 7)."""
    only_listed: bool = True
    """Answers of servers that the menu does not list do not count."""


@dataclass(frozen=True, slots=True)
class BootMenu:
    """A choice left to whoever sits before the machine."""

    name: str
    rule: str
    prompt: str
    timeout_s: int
    """0 takes the first item at once; 255 shows the menu and waits; in between the prompt counts down."""
    items: tuple[BootMenuItem, ...]
    """Never empty."""
    discovery: Discovery = Discovery()

    def __post_init__(self) -> None:
        assert 0 <= self.timeout_s <= 0xFF, self.timeout_s
        assert self.prompt.isascii(), self.prompt
        assert self.prompt, self
        assert self.items, self


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

    def quirk_effect(self, client: PxeClient) -> Effect:
        """What this client's firmware needs different."""
