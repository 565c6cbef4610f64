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
    """A DHCPDISCOVER was left unanswered, since every address of its subnet is taken."""

    link_address: bytes
    subnet: str


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
