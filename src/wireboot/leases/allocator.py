"""Which address: one client never holds another's, and a returning client gets its old one (RFC 2131 §4.3.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from wireboot.leases.candidates import Candidates
from wireboot.leases.lease import ClientKey, Lease, LeaseState
from wireboot.leases.subnet import Reservation, Subnet, subnet_of_address

OFFER_LASTS_S = 60.0
"""How long an offered address is held: the 60 s that PXE firmware keeps asking (PXE 2.1 §2.2)."""
QUARANTINE_S = 3600.0
"""How long an address at which something else answered stays out of use."""


class Allocator:
    """All leases of all subnets. Every answer is a new `Lease` value; the caller makes it durable."""

    def __init__(
        self, subnets: Sequence[Subnet], leases: Iterable[Lease] = (), never: Collection[IPv4Address] = ()
    ) -> None:
        self.never = never
        """Addresses that are taken whatever the pools say, such as this machine's own."""
        self._by_address: dict[IPv4Address, Lease] = {}
        self._by_client: dict[tuple[IPv4Network, ClientKey], IPv4Address] = {}
        self.use_subnets(subnets, leases)

    @property
    def leases(self) -> list[Lease]:
        return list(self._by_address.values())

    def use_subnets(self, subnets: Sequence[Subnet], leases: Iterable[Lease] | None = None) -> None:
        """Serve these subnets from now on. Leases outside them are kept in mind and not given out."""
        kept = self.leases if leases is None else list(leases)
        self.subnets = tuple(subnets)
        self._candidates = {subnet.network: Candidates(subnet, self._is_free) for subnet in self.subnets}
        # The newest last: it is the one that its client has now.
        for lease in sorted(kept, key=lambda lease: lease.granted_at):
            self._remember(lease)

    def offer(
        self, client: ClientKey, link_address: bytes, subnet: Subnet, requested: IPv4Address | None, now: float
    ) -> Lease | None:
        """The lease to offer, held for the client meanwhile. None when the subnet has no address left."""
        address = self._address_for(client, link_address, subnet, requested, now)
        if address is None:
            return None
        current = self._by_address.get(address)
        if (
            current is not None
            and current.client == client
            and current.state is LeaseState.BOUND
            and current.is_held(now)
        ):
            return current
        return self._remember(
            Lease(address, client, link_address, LeaseState.OFFERED, granted_at=now, expires_at=now + OFFER_LASTS_S)
        )

    def bind(
        self,
        client: ClientKey,
        link_address: bytes,
        subnet: Subnet,
        address: IPv4Address,
        hostname: str | None,
        now: float,
    ) -> Lease | None:
        """Lease `address` to the client. None when it is not the client's to have."""
        if address not in subnet.network or not self.may_have(client, link_address, subnet, address, now):
            return None
        reservation = subnet.reservation_of(link_address)
        return self._remember(
            Lease(
                address,
                client,
                link_address,
                LeaseState.BOUND,
                granted_at=now,
                expires_at=now + subnet.lease_time_s,
                hostname=(reservation.hostname if reservation else None) or hostname,
            )
        )

    def may_have(
        self, client: ClientKey, link_address: bytes, subnet: Subnet, address: IPv4Address, now: float
    ) -> bool:
        """The address is free or the client's own, and of this subnet's to give to this client."""
        reservation = self._usable_reservation(client, link_address, subnet, now)
        if reservation is not None:
            ours_to_give = address == reservation.address
        else:
            ours_to_give = subnet.in_pools(address) and not subnet.is_reserved(address)
        if not ours_to_give or address in self.never:
            return False
        return reservation is not None or self._is_free_for(client, address, now)

    def lease_of(self, client: ClientKey, subnet: Subnet) -> Lease | None:
        """What the client has or last had in this subnet."""
        address = self._by_client.get((subnet.network, client))
        lease = None if address is None else self._by_address.get(address)
        return lease if lease is not None and lease.client == client else None

    def withdraw_offer(self, client: ClientKey, subnet: Subnet, now: float) -> None:
        """The client chose another server (RFC 2131 §3.1 step 4)."""
        lease = self.lease_of(client, subnet)
        if lease is not None and lease.state is LeaseState.OFFERED:
            self._remember(replace(lease, expires_at=now))

    def release(self, client: ClientKey, address: IPv4Address, now: float) -> Lease | None:
        """The client gives its address back. None when it was not the client's."""
        lease = self._by_address.get(address)
        if lease is None or lease.client != client or lease.state is not LeaseState.BOUND:
            return None
        return self._remember(replace(lease, state=LeaseState.RELEASED, expires_at=now))

    def decline(self, client: ClientKey, address: IPv4Address, now: float) -> Lease | None:
        """The client found the address in use. None when it was not the client's to judge."""
        lease = self._by_address.get(address)
        if lease is None or lease.client != client or not lease.is_held(now):
            return None
        return self._set_aside(address, now)

    def quarantine(self, address: IPv4Address, now: float) -> Lease | None:
        """Something that has no lease answers at `address`. None when it is bound, or no address of ours."""
        lease = self._by_address.get(address)
        bound = lease is not None and lease.state is LeaseState.BOUND and lease.is_held(now)
        if bound or subnet_of_address(self.subnets, address) is None:
            return None
        return self._set_aside(address, now)

    def _set_aside(self, address: IPv4Address, now: float) -> Lease:
        lease = self._by_address.get(address)
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

    def to_probe(self, subnet: Subnet, now: float) -> list[IPv4Address]:
        """Addresses that will be offered soon and whose silence is not known."""
        return self._candidates[subnet.network].to_probe(now)

    def found_silent(self, subnet: Subnet, address: IPv4Address, now: float) -> None:
        # The subnet may have gone from the configuration since the question was sent.
        if (candidates := self._candidates.get(subnet.network)) is not None:
            candidates.found_silent(address, now)

    def _address_for(
        self, client: ClientKey, link_address: bytes, subnet: Subnet, requested: IPv4Address | None, now: float
    ) -> IPv4Address | None:
        reservation = self._usable_reservation(client, link_address, subnet, now)
        if reservation is not None:
            return reservation.address
        own = self.lease_of(client, subnet)
        for wanted in (own.address if own else None, requested):
            if wanted is not None and self.may_have(client, link_address, subnet, wanted, now):
                return wanted
        return self._candidates[subnet.network].take(now)

    def _usable_reservation(
        self, client: ClientKey, link_address: bytes, subnet: Subnet, now: float
    ) -> Reservation | None:
        """The machine's reservation, unless another still holds its address or something else answers there.

        Then the machine is served from the pools like any other, until it renews and finds its address free.
        """
        reservation = subnet.reservation_of(link_address)
        if reservation is None or reservation.address in self.never:
            return None
        if self._is_free_for(client, reservation.address, now):
            return reservation
        lease = self._by_address[reservation.address]
        # The reservation is the machine's: firmware and operating system often give different client identifiers.
        own = lease.link_address == link_address and lease.state is not LeaseState.DECLINED
        return reservation if own else None

    def _is_free_for(self, client: ClientKey, address: IPv4Address, now: float) -> bool:
        lease = self._by_address.get(address)
        if lease is None or not lease.is_held(now):
            return True
        return lease.client == client and lease.state is not LeaseState.DECLINED

    def _is_free(self, address: IPv4Address, now: float) -> bool:
        lease = self._by_address.get(address)
        return address not in self.never and (lease is None or not lease.is_held(now))

    def _remember(self, lease: Lease) -> Lease:
        before = self._by_address.get(lease.address)
        self._by_address[lease.address] = lease
        subnet = subnet_of_address(self.subnets, lease.address)
        if subnet is not None:
            if before is not None and before.client != lease.client:
                self._forget(subnet, before)
            if lease.client and lease.state is not LeaseState.DECLINED:
                self._by_client[subnet.network, lease.client] = lease.address
            if subnet.in_pools(lease.address) and not subnet.is_reserved(lease.address):
                candidates = self._candidates[subnet.network]
                candidates.discard(lease.address)
                candidates.expires(lease.address, lease.expires_at)
        return lease

    def _forget(self, subnet: Subnet, lease: Lease) -> None:
        """The address is another client's now; this one may have got a different one since."""
        if self._by_client.get((subnet.network, lease.client)) == lease.address:
            del self._by_client[subnet.network, lease.client]
