"""What a DHCPv4 server has to tell."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import Event
from wireboot.leases.lease import Lease, LeaseChanged


@dataclass(frozen=True, slots=True)
class AddressOffered(Event):
    """A DHCPOFFER; nothing is promised beyond the offer's own time."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class LeaseGranted(LeaseChanged):
    """A DHCPACK for a new lease, or for a longer one."""


@dataclass(frozen=True, slots=True)
class LeaseReleased(LeaseChanged):
    """The client gave its address back."""


@dataclass(frozen=True, slots=True)
class AddressDeclined(LeaseChanged):
    """Something else answers at the address: it stays out of use for a while."""


@dataclass(frozen=True, slots=True)
class AddressRefused(Event):
    """A DHCPNAK."""

    link_address: bytes
    address: IPv4Address
    reason: str


@dataclass(frozen=True, slots=True)
class NoAddressLeft(Event):
    """Clients were left unanswered: every address that they could have is taken. Told once a minute for each link."""

    link_address: bytes
    """Of the last of them."""
    subnet: str
    """Or the name of the shared network."""
    clients: int = 1
    """How many messages since this was last told."""
    kept_for_known_machines: bool = False
    """A share of the addresses is, and this client is not one of those."""


@dataclass(frozen=True, slots=True)
class OfferTakenBack(Event):
    """Addresses are short, and this one was offered to a stranger who did not request it: another is offered it now."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class LeaseTimesCut(Event):
    """Leases on disk seemed to begin in the future: the clock was wrong then. They count from now on instead."""

    leases: int


@dataclass(frozen=True, slots=True)
class RequestIgnored(Event):
    """Silence that the protocol asks for, and why."""

    link_address: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class SettingsGiven(Event):
    """A DHCPINFORM was answered: settings, no lease."""

    link_address: bytes
    address: IPv4Address
