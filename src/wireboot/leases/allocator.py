"""Which address: one client never holds another's, and a returning client gets its old one (RFC 2131 §4.3.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from wireboot.leases.lease import ClientKey, Lease, LeaseState
from wireboot.leases.link import Link, Links
from wireboot.leases.ranges import PoolRange, PoolRanges
from wireboot.leases.requester import Requester
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.leases.table import LeaseTable

OFFER_LASTS_S = 60.0
"""How long an offered address is held: the 60 s that PXE firmware keeps asking (PXE 2.1 §2.2)."""
QUARANTINE_S = 3600.0
"""How long an address at which something else answered stays out of use."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An address held for a client, and where it comes from when addresses are short."""

    lease: Lease
    taken_back: Lease | None = None
    """The offer to a stranger, who did not request it, that this one takes the place of."""


class Allocator:
    """All leases of all subnets. Every answer is a new `Lease` value; the caller makes it durable."""

    def __init__(
        self, subnets: Sequence[Subnet], leases: Iterable[Lease] = (), never: Collection[IPv4Address] = ()
    ) -> None:
        """`never`: addresses that are taken whatever the pools say, such as this machine's own."""
        self._never = frozenset(map(int, never))
        self._table = LeaseTable(leases)
        self._by_address = self._table.by_address
        self.use_subnets(subnets)

    @property
    def leases(self) -> list[Lease]:
        return list(self._by_address.values())

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        return self.links.subnets

    @property
    def never(self) -> Collection[IPv4Address]:
        return frozenset(map(IPv4Address, self._never))

    @never.setter
    def never(self, addresses: Collection[IPv4Address]) -> None:
        self._never = frozenset(map(int, addresses))
        self._lay_out()

    def use_subnets(self, subnets: Sequence[Subnet]) -> None:
        """Serve these subnets from now on. Leases outside them are kept in mind and not given out."""
        self.links = Links(subnets)
        self._reserved = frozenset(int(each) for subnet in self.subnets for each in subnet.reserved_addresses)
        self._lay_out()

    def correct_times(self, now: float) -> int:
        """Cut leases that end later than if they began now, and say how many.

        They were written while the clock was ahead, or it has been set back since; their addresses would be lost.
        """
        wrong = [each for each in self._by_address.values() if each.granted_at > now and each.expires_at > now]
        for lease in wrong:
            length_s = lease.expires_at - lease.granted_at
            self._remember(replace(lease, granted_at=now, expires_at=now + length_s))
        return len(wrong)

    def offer(self, requester: Requester, link: Link, requested: IPv4Address | None, now: float) -> Offer | None:
        """The address to offer, held for the client meanwhile. None when the link has none left for it."""
        known = self.is_known(requester, link)
        address = self._address_for(requester, link, requested, known, now)
        if address is None:
            address = self._next_address(requester, link, known, now)
        taken_back = None
        if address is None and (address := self._take_back(requester, link, now)) is not None:
            taken_back = self._by_address[address]
        if address is None:
            return None
        current = self._by_address.get(address)
        if current is not None and current.client == requester.client and _is_bound(current, now):
            return Offer(current)
        lease = Lease(
            IPv4Address(address),
            requester.client,
            requester.link_address,
            LeaseState.OFFERED,
            granted_at=now,
            expires_at=now + OFFER_LASTS_S,
        )
        return Offer(self._remember(lease, to_stranger=not known), taken_back)

    def bind(
        self,
        requester: Requester,
        link: Link,
        address: IPv4Address,
        lease_time_s: int,
        hostname: str | None,
        now: float,
    ) -> Lease | None:
        """Lease `address` to the client. None when it is not the client's to have."""
        if link.subnet_of(address) is None or not self._may_take(requester, link, int(address), now):
            return None
        return self._remember(
            Lease(
                address,
                requester.client,
                requester.link_address,
                LeaseState.BOUND,
                granted_at=now,
                expires_at=now + lease_time_s,
                hostname=hostname,
            )
        )

    def is_known(self, requester: Requester, link: Link) -> bool:
        """In the inventory, with a reservation, or still remembered from an earlier lease."""
        leases = self._table.of_client(requester.client)
        return any(lease.state is not LeaseState.OFFERED for lease in leases) or _is_named(requester, link)

    def lease_of(self, client: ClientKey, subnet: Subnet | Link) -> Lease | None:
        """What the client has or last had in this subnet or on this link."""
        return next(self.leases_of(client, Link((subnet,)) if isinstance(subnet, Subnet) else subnet), None)

    def leases_of(self, client: ClientKey, link: Link) -> Iterator[Lease]:
        """What the client has or had on this link, the newest first: in several subnets it may have several."""
        return (lease for lease in self._table.of_client(client) if link.subnet_of(lease.address) is not None)

    def withdraw_offer(self, client: ClientKey, link: Link, now: float) -> None:
        """The client chose another server (RFC 2131 §3.1 step 4)."""
        for lease in list(self.leases_of(client, link)):
            if lease.state is LeaseState.OFFERED:
                self._remember(replace(lease, expires_at=now))

    def release(self, client: ClientKey, address: IPv4Address, now: float) -> Lease | None:
        """The client gives its address back. None when it was not the client's."""
        lease = self._by_address.get(int(address))
        if lease is None or lease.client != client or lease.state is not LeaseState.BOUND:
            return None
        return self._remember(replace(lease, state=LeaseState.RELEASED, expires_at=now))

    def decline(self, client: ClientKey, address: IPv4Address, now: float) -> Lease | None:
        """The client found the address in use. None when it was not the client's to judge."""
        lease = self._by_address.get(int(address))
        if lease is None or lease.client != client or not lease.is_held(now):
            return None
        return self._set_aside(address, now)

    def quarantine(self, address: IPv4Address, now: float) -> Lease | None:
        """Something that has no lease answers at `address`. None when it is bound, or no address of ours."""
        lease = self._by_address.get(int(address))
        bound = lease is not None and _is_bound(lease, now)
        if bound or self.links.subnet_of(address) is None:
            return None
        return self._set_aside(address, now)

    def to_probe(self, subnet: Subnet, now: float) -> list[IPv4Address]:
        """Addresses that will be offered soon and whose silence is not known."""
        ranges = self._ranges.of_subnet(subnet)
        return [IPv4Address(address) for each in ranges for address in each.candidates.to_probe(now)]

    def found_silent(self, subnet: Subnet, address: IPv4Address, now: float) -> None:
        # The subnet may have gone from the configuration since the question was sent.
        for each in self._ranges.of_subnet(subnet):
            each.candidates.found_silent(int(address), now)

    # Which address

    def _address_for(
        self, requester: Requester, link: Link, requested: IPv4Address | None, known: bool, now: float
    ) -> int | None:
        """The address that the client has a claim to or wishes for: the choices of RFC 2131 §4.3.1 in their order."""
        reservation = self._usable_reservation(requester, link, now)
        if reservation is not None and reservation.address is not None:
            return int(reservation.address)
        own = (int(lease.address) for lease in self.leases_of(requester.client, link))
        wanted = () if requested is None or link.subnet_of(requested) is None else (int(requested),)
        return next((each for each in (*own, *wanted) if self._may_have(requester, link, each, known, now)), None)

    def _next_address(self, requester: Requester, link: Link, known: bool, now: float) -> int | None:
        for each in self._ranges_for(requester, link, known=known):
            if (address := each.candidates.take(now)) is not None:
                return address
        return None

    def _take_back(self, requester: Requester, link: Link, now: float) -> int | None:
        # Strangers were offered addresses of the ranges for everybody only.
        for each in self._ranges_for(requester, link, known=False):
            if (address := each.candidates.take_back(now)) is not None:
                return address
        return None

    def _ranges_for(self, requester: Requester, link: Link, *, known: bool) -> Iterator[PoolRange]:
        ranges = (each for subnet in link.subnets for each in self._ranges.of_subnet(subnet))
        return (each for each in ranges if each.lends_to(requester.classes, known=known))

    def _may_have(self, requester: Requester, link: Link, address: int, known: bool, now: float) -> bool:
        """The address is free or the client's own, and one that this client can be given."""
        reservation = self._usable_reservation(requester, link, now)
        if reservation is not None and reservation.address is not None:
            return address == int(reservation.address)
        record, pool_range = self._by_address.get(address), self._ranges.of_address(address)
        # What it has or had, or was offered, is its own wherever in the pool: the operator may have changed the share.
        own = record is not None and record.client == requester.client
        return (
            pool_range is not None
            and pool_range.lends_to(requester.classes, known=known or own)
            and self._is_lent(address)
            and self._is_free_for(requester.client, address, now)
        )

    def _may_take(self, requester: Requester, link: Link, address: int, now: float) -> bool:
        """Whether the client gets this address, which it asks for by name.

        Most often it was offered to it, but a server that has started since does not remember. Who has an address here
        gets no other like that: one client could take them all, and a stranger those kept for known machines.
        """
        record = self._by_address.get(address)
        if record is not None and record.client == requester.client:
            return self._may_have(requester, link, address, self.is_known(requester, link), now)
        others = (lease for lease in self.leases_of(requester.client, link) if lease.is_held(now))
        reserved = self._usable_reservation(requester, link, now)
        if reserved is None and next(others, None) is not None:
            return False
        return self._may_have(requester, link, address, _is_named(requester, link), now)

    def _usable_reservation(self, requester: Requester, link: Link, now: float) -> Reservation | None:
        """The client's reservation of an address, unless another still holds that or something else answers there.

        Then the client is served from the pools like any other, until it renews and finds its address free.
        """
        reservation = link.reservation_of(requester)
        if reservation is None or reservation.address is None or int(reservation.address) in self._never:
            return None
        if self._is_free_for(requester.client, int(reservation.address), now):
            return reservation
        lease = self._by_address[int(reservation.address)]
        # The reservation is the machine's: firmware and operating system often give different client identifiers.
        own = lease.link_address == requester.link_address and lease.state is not LeaseState.DECLINED
        return reservation if own else None

    def _is_free_for(self, client: ClientKey, address: int, now: float) -> bool:
        lease = self._by_address.get(address)
        if lease is None or not lease.is_held(now):
            return True
        return lease.client == client and lease.state is not LeaseState.DECLINED

    def _is_lent(self, address: int) -> bool:
        """Not kept for one client, nor this machine's own."""
        return address not in self._reserved and address not in self._never

    # What is remembered

    def _lay_out(self) -> None:
        self._ranges = PoolRanges(self.subnets, self._by_address, self._is_lent)

    def _set_aside(self, address: IPv4Address, now: float) -> Lease:
        lease = self._by_address.get(int(address))
        return self._remember(
            Lease(
                address,
                client=lease.client if lease else b"",
                link_address=lease.link_address if lease else b"",
                state=LeaseState.DECLINED,
                granted_at=now,
                expires_at=now + QUARANTINE_S,
            )
        )

    def _remember(self, lease: Lease, *, to_stranger: bool = False) -> Lease:
        self._table.keep(lease)
        address = int(lease.address)
        pool_range = self._ranges.of_address(address)
        if pool_range is not None:
            pool_range.candidates.changed(address, lease, to_stranger=to_stranger)
        return lease


def _is_bound(lease: Lease, now: float) -> bool:
    return lease.state is LeaseState.BOUND and lease.is_held(now)


def _is_named(requester: Requester, link: Link) -> bool:
    """By the operator, in the inventory or in a reservation."""
    return requester.known or link.reservation_of(requester) is not None
