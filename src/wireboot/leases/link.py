"""Subnets that share a cable: a client there may have an address of any of them (RFC 2131 §4.3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface

from wireboot.leases.requester import Requester
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet, subnet_of_link


@dataclass(frozen=True)
class Link:
    """Subnets of one link, in the order in which their addresses are given out; never empty."""

    subnets: tuple[Subnet, ...]

    def __str__(self) -> str:
        first = self.subnets[0]
        return first.shared_network or str(first.network)

    def subnet_of(self, address: IPv4Address) -> Subnet | None:
        number = int(address)
        for netmask, network, subnet in self._networks:
            if number & netmask == network:
                return subnet
        return None

    def reservation_of(self, requester: Requester) -> Reservation | None:
        """One with an address before one without."""
        found = None
        for subnet in self._with_reservations:
            reservation = subnet.reservation_of(requester)
            if reservation is not None and reservation.address is not None:
                return reservation
            found = found or reservation
        return found

    # Every message looks at both, several times.

    @cached_property
    def _networks(self) -> tuple[tuple[int, int, Subnet], ...]:
        """Netmask and network as numbers: an `IPv4Network` takes ten times as long to say whether it has an address."""
        return tuple((int(each.network.netmask), int(each.network.network_address), each) for each in self.subnets)

    @cached_property
    def _with_reservations(self) -> tuple[Subnet, ...]:
        return tuple(each for each in self.subnets if each.reservations)


class Links:
    """All subnets served, by link and by address."""

    def __init__(self, subnets: Iterable[Subnet]) -> None:
        self.subnets = tuple(subnets)
        members: dict[str, list[Subnet]] = {}
        for subnet in self.subnets:
            if subnet.shared_network is not None:
                members.setdefault(subnet.shared_network, []).append(subnet)
        shared = {name: Link(tuple(subnets)) for name, subnets in members.items()}
        self._by_network: dict[tuple[int, int], tuple[Subnet, Link]] = {}
        """By netmask and network address: a look-up for each prefix length in use, however many subnets there are."""
        for subnet in self.subnets:
            link = Link((subnet,)) if subnet.shared_network is None else shared[subnet.shared_network]
            mask = int(subnet.network.netmask)
            self._by_network.setdefault((mask, int(subnet.network.network_address)), (subnet, link))
        self._masks = sorted({mask for mask, _ in self._by_network}, reverse=True)

    def subnet_of(self, address: IPv4Address) -> Subnet | None:
        found = self._find(address)
        return None if found is None else found[0]

    def link_of(self, address: IPv4Address) -> Link | None:
        found = self._find(address)
        return None if found is None else found[1]

    def link_of_interface(self, addresses: Iterable[IPv4Interface]) -> Link | None:
        """The link that this machine is on with these addresses."""
        subnet = subnet_of_link(self.subnets, addresses)
        return None if subnet is None else self.link_of(subnet.network.network_address)

    def _find(self, address: IPv4Address) -> tuple[Subnet, Link] | None:
        number = int(address)
        for mask in self._masks:
            if (found := self._by_network.get((mask, number & mask))) is not None:
                return found
        return None
