"""What a PXE client has to tell while it boots, and how a boot can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from wireboot.endpoint import Event
from wireboot.protocols.pxe.errors import PxeError
from wireboot.protocols.pxe.vendor_options import MenuItem
from wireboot.protocols.tftp.fetch import Transport

# What boot/timeline.py sees from the server's side; the last is as far as a client goes that runs nothing.
STEP_NAMES = {
    1: "broadcast DHCPDISCOVER with PXE tags",
    2: "was offered a boot service",
    3: "recorded its address and where to boot from",
    4: "completed DHCP",
    5: "asked the Boot Server",
    6: "was told the boot file",
    7: "downloaded the boot file",
    8: "authenticity test",
    9: "handed the boot file over to be run",
}


@dataclass(frozen=True, slots=True)
class StepReached(Event):
    """The boot came so far for the first time (PXE 2.1 §2.1)."""

    step: int
    detail: Mapping[str, object]
    """Fit for JSON. `skipped` says why there was nothing to do."""
    at_s: float = 0.0
    """Since the boot began."""

    @property
    def name(self) -> str:
        return STEP_NAMES[self.step]


@dataclass(frozen=True, slots=True)
class BootRestarted(Event):
    """The address could not be had: all over again from DHCPDISCOVER."""

    reason: str


@dataclass(frozen=True, slots=True)
class PromptShown(Event):
    """A line of text that counts down; `until` its end, a key opens the menu (PXE 2.1 table 2-1, tag 10)."""

    text: str
    until: float


@dataclass(frozen=True, slots=True)
class MenuShown(Event):
    """The menu is on show and waits for `choose` or a key. Told again when the bar moves."""

    prompt: str
    items: tuple[MenuItem, ...]
    selected: int


@dataclass(frozen=True, slots=True)
class CachedPackets:
    """DHCP packets as they passed the wire, for the programs that ask for them (GET_CACHED_INFO types 1, 2, 3)."""

    discover: bytes
    """The client's DHCPDISCOVER."""
    ack: bytes
    """The DHCP server's DHCPACK."""
    reply: bytes
    """The Boot Server's reply, else the ProxyDHCP service's, else the DHCPACK again."""


@dataclass(frozen=True, slots=True)
class Booted:
    """There is a boot file, whole and, where that was asked for, authentic."""

    address: IPv4Interface
    dhcp_server: IPv4Address
    boot_server: IPv4Address
    """Who named the file, by option 54 of its packet."""
    boot_file: str
    size_bytes: int
    sha256: str
    transport: Transport
    authentic: bool | None
    """None: no test was asked for."""


@dataclass(frozen=True, slots=True)
class LocalBoot:
    """The menu led back to the local disk (Boot Server type 0)."""


@dataclass(frozen=True, slots=True)
class Failed:
    error: PxeError


Outcome = Booted | LocalBoot | Failed


@dataclass(frozen=True, slots=True)
class BootImageReady(Event):
    """Told once, after every test: nothing else hands out what was downloaded."""

    content: bytes
    booted: Booted
    cached_packets: CachedPackets


@dataclass(frozen=True, slots=True)
class BootEnded(Event):
    """Told once: nothing changes the outcome any more."""

    outcome: Outcome
