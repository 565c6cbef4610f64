"""A network whose addresses are ours to give, and the addresses kept for certain machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from wireboot.wire.addresses import AddressRange
from wireboot.wire.option_table import Options


@dataclass(frozen=True, slots=True)
class Reservation:
    """An address that one machine gets and no other."""

    link_address: bytes
    address: IPv4Address
    hostname: str | None = None


@dataclass(frozen=True)
class Subnet:
    """Addresses and settings of one network."""

    network: IPv4Network
    pools: tuple[AddressRange[IPv4Address], ...] = ()
    lease_time_s: int = 3600
    options: Options = field(default_factory=Options)
    reservations: tuple[Reservation, ...] = ()

    def in_pools(self, address: IPv4Address) -> bool:
        return any(address in pool for pool in self.pools)

    def reservation_of(self, link_address: bytes) -> Reservation | None:
        return self._reservation_by_link_address.get(link_address)

    def is_reserved(self, address: IPv4Address) -> bool:
        return address in self._reserved

    def pool_addresses(self) -> Iterator[IPv4Address]:
        """The addresses for anybody, in the order they are given out."""
        return (address for pool in self.pools for address in pool if address not in self._reserved)

    @cached_property
    def _reservation_by_link_address(self) -> dict[bytes, Reservation]:
        return {each.link_address: each for each in self.reservations}

    @cached_property
    def _reserved(self) -> frozenset[IPv4Address]:
        return frozenset(each.address for each in self.reservations)


def subnet_of_address(subnets: Iterable[Subnet], address: IPv4Address) -> Subnet | None:
    return next((subnet for subnet in subnets if address in subnet.network), None)


def subnet_of_link(subnets: Iterable[Subnet], addresses: Iterable[IPv4Interface]) -> Subnet | None:
    """The subnet of a link, told by this machine's own addresses on it."""
    on_link = [address.ip for address in addresses]
    return next((subnet for subnet in subnets if any(ip in subnet.network for ip in on_link)), None)
