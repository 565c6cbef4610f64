"""A network whose addresses are ours to give, and on what terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from wireboot.leases.requester import Requester
from wireboot.leases.reservation import Reservation, Reservations
from wireboot.wire.addresses import AddressRange
from wireboot.wire.option_table import Options


@dataclass(frozen=True)
class Subnet:
    """Addresses and settings of one network. Times are in seconds."""

    network: IPv4Network
    pools: tuple[AddressRange[IPv4Address], ...] = ()
    """Used one after the other, in this order."""
    lease_time_s: int = 3600
    """For whoever does not ask for a time of its own."""
    options: Options = field(default_factory=Options)
    reservations: tuple[Reservation, ...] = ()
    shared_network: str | None = None
    """Subnets with the same name here stand on one link; None: alone."""
    lease_time_min_s: int | None = None
    """The shortest time that a client may ask for; None: what it asks for does not matter."""
    lease_time_max_s: int | None = None
    renewal_time_s: int | None = None
    """T1; None: half of the lease time (RFC 2131 §4.4.5)."""
    rebinding_time_s: int | None = None
    """T2; None: seven eighths of it."""
    reserved_share: float = 0.0
    """The part of each pool, from its end, that only known machines get: 0 to 1."""

    @property
    def reserved_addresses(self) -> Iterable[IPv4Address]:
        return (each.address for each in self.reservations if each.address is not None)

    def reservation_of(self, requester: Requester) -> Reservation | None:
        return self._reservations.of(requester)

    @cached_property
    def _reservations(self) -> Reservations:
        return Reservations(self.reservations)


def subnet_of_link(subnets: Iterable[Subnet], addresses: Iterable[IPv4Interface]) -> Subnet | None:
    """The subnet of a link, told by this machine's own addresses on it."""
    on_link = [address.ip for address in addresses]
    return next((subnet for subnet in subnets if any(ip in subnet.network for ip in on_link)), None)
