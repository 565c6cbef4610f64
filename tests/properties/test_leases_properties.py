"""No two machines ever hold one address, in whatever order clients, time and the operator act."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.dhcp import NOW, SERVER, a_subnet, ip
from wireboot.leases.allocator import Allocator
from wireboot.leases.lease import Lease, LeaseState
from wireboot.leases.subnet import Reservation, Subnet
from wireboot.wire.addresses import AddressRange

# A pool of few addresses and some more clients than addresses, so that they meet.
CLIENTS = [bytes([1, number]) for number in range(8)]
SUBNETS = (
    a_subnet(100, 105, reservations=[Reservation(CLIENTS[0], ip(100)), Reservation(CLIENTS[1], ip(50))]),
    a_subnet(103, 108),
)
ADDRESSES = [ip(last) for last in (1, 50, 99, *range(100, 110))]
clients, addresses = st.sampled_from(CLIENTS), st.sampled_from(ADDRESSES)


class Leases(RuleBasedStateMachine):
    """Each client's hardware address is its key, too. `held` is what the server has promised, as the clients see it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.subnet: Subnet = SUBNETS[0]
        self.allocator = Allocator([self.subnet], never=(SERVER,))
        self.held: dict[IPv4Address, Lease] = {}
        self.last_offered: dict[bytes, IPv4Address] = {}

    @rule(client=clients, requested=st.none() | addresses)
    def discover(self, client: bytes, requested: IPv4Address | None) -> None:
        lease = self.allocator.offer(client, client, self.subnet, requested, self.now)
        if lease is None:
            assert client in self.reserved() or not self.free_for_anybody(), "an address was free"
            return
        self.gives(client, lease)
        self.last_offered[client] = lease.address

    @rule(client=clients)
    def take_the_offer(self, client: bytes) -> None:
        if client in self.last_offered:
            self.request(client, self.last_offered[client])

    @rule(client=clients, address=addresses)
    def request(self, client: bytes, address: IPv4Address) -> None:
        lease = self.allocator.bind(client, client, self.subnet, address, None, self.now)
        if lease is not None:
            assert (lease.state, lease.expires_at) == (LeaseState.BOUND, self.now + self.subnet.lease_time_s)
            self.gives(client, lease)

    @rule(client=clients, address=addresses)
    def release(self, client: bytes, address: IPv4Address) -> None:
        lease = self.allocator.release(client, address, self.now)
        if lease is not None:
            before = self.held.pop(address, None)  # None: it had expired
            assert before is None or before.client == client

    @rule(client=clients, address=addresses)
    def decline(self, client: bytes, address: IPv4Address) -> None:
        lease = self.allocator.decline(client, address, self.now)
        if lease is not None:
            assert self.held[address].client == client
            self.held[address] = lease

    @rule(client=clients, found_in_use=st.booleans())
    def give_back_what_was_offered(self, client: bytes, found_in_use: bool) -> None:
        if client in self.last_offered:
            give_back = self.decline if found_in_use else self.release
            give_back(client, self.last_offered[client])

    @rule(client=clients)
    def choose_another_server(self, client: bytes) -> None:
        offer = self.allocator.lease_of(client, self.subnet)
        self.allocator.withdraw_offer(client, self.subnet, self.now)
        if offer is not None and offer.state is LeaseState.OFFERED:
            self.held.pop(offer.address, None)

    @rule(data=st.data())
    def probe(self, data: st.DataObject) -> None:
        candidates = self.allocator.to_probe(self.subnet, self.now)
        assert not set(candidates) & self.held.keys(), "a held address is a candidate"
        for address in candidates:
            if data.draw(st.booleans()):
                self.allocator.found_silent(self.subnet, address, self.now)

    @rule(address=addresses)
    def something_answers(self, address: IPv4Address) -> None:
        lease = self.allocator.quarantine(address, self.now)
        before = self.held.get(address)
        if before is not None and before.state is LeaseState.BOUND:
            assert lease is None, "a client was robbed of its lease"
        elif lease is not None:
            self.held[address] = lease

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 1800.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.held = {address: lease for address, lease in self.held.items() if lease.expires_at > self.now}

    @rule(subnet=st.sampled_from(SUBNETS))
    def the_operator_changes_the_pools(self, subnet: Subnet) -> None:
        self.subnet = subnet
        self.allocator.use_subnets([subnet])

    @rule()
    def the_server_restarts(self) -> None:
        """Offers are not on disk; they are forgotten."""
        stored = [lease for lease in self.allocator.leases if lease.state is not LeaseState.OFFERED]
        self.allocator = Allocator([self.subnet], stored, never=(SERVER,))
        self.held = {address: lease for address, lease in self.held.items() if lease.state is not LeaseState.OFFERED}

    @invariant()
    def every_promise_is_kept_in_mind(self) -> None:
        known = {lease.address: lease for lease in self.allocator.leases}
        for address, lease in self.held.items():
            assert known[address] == lease

    def gives(self, client: bytes, lease: Lease) -> None:
        before = self.held.get(lease.address)
        assert before is None or (before.client == client and before.state is not LeaseState.DECLINED)
        assert lease.client == client
        assert lease.address != SERVER
        reservation = self.reserved().get(client)
        holder = None if reservation is None else self.held.get(reservation)
        usable = holder is None or (holder.client == client and holder.state is not LeaseState.DECLINED)
        if reservation is not None and usable:
            assert lease.address == reservation
        else:
            assert self.subnet.in_pools(lease.address)
            assert lease.address not in self.reserved().values()
        self.held[lease.address] = lease

    def reserved(self) -> dict[bytes, IPv4Address]:
        return {each.link_address: each.address for each in self.subnet.reservations}

    def free_for_anybody(self) -> list[IPv4Address]:
        return [address for address in self.subnet.pool_addresses() if address not in self.held]


Leases.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLeases = Leases.TestCase


def test_a_thousand_clients_get_a_thousand_addresses() -> None:
    pool = AddressRange(IPv4Address("10.76.0.1"), IPv4Address("10.76.3.232"))
    subnet = Subnet(IPv4Network("10.76.0.0/22"), (pool,))
    allocator = Allocator([subnet])
    given = []
    for number in range(1000):
        client = number.to_bytes(6, "big")
        offered = allocator.offer(client, client, subnet, None, NOW)
        assert offered is not None
        bound = allocator.bind(client, client, subnet, offered.address, None, NOW)
        assert bound is not None
        given.append(bound.address)

    assert len(set(given)) == 1000
    assert allocator.offer(b"late", b"late", subnet, None, NOW) is None


def test_strangers_that_come_and_go_leave_nothing_behind() -> None:
    """What is kept in mind is bounded by the pool, not by how many identifiers a hostile client makes up."""
    subnet = a_subnet(100, 101)
    allocator = Allocator([subnet])
    for number in range(1000):
        client = number.to_bytes(6, "big")
        allocator.offer(client, client, subnet, None, NOW + number)
        allocator.withdraw_offer(client, subnet, NOW + number)
    assert len(allocator.leases) <= 2
    assert sum(allocator.lease_of(number.to_bytes(6, "big"), subnet) is not None for number in range(1000)) <= 2


def test_after_a_restart_expired_addresses_still_come_after_those_never_used() -> None:
    """RFC 2131 §2.2: whoever comes back should find its old address."""
    subnet = a_subnet(100, 102)
    expired = Lease(ip(100), b"a", b"a", LeaseState.BOUND, NOW, NOW + 60)
    allocator = Allocator([subnet], [expired])
    offers = [allocator.offer(client, client, subnet, None, NOW + 3600) for client in (b"b", b"c", b"d")]
    assert [offer and offer.address for offer in offers] == [ip(101), ip(102), ip(100)]


def test_of_several_addresses_a_client_is_known_by_the_newest() -> None:
    subnet = a_subnet()
    newer = Lease(ip(100), b"a", b"a", LeaseState.BOUND, NOW + 10, NOW + 3610)
    older = Lease(ip(101), b"a", b"a", LeaseState.RELEASED, NOW, NOW + 5)
    allocator = Allocator([subnet], [newer, older])
    assert allocator.lease_of(b"a", subnet) == newer

    allocator.quarantine(ip(101), NOW + 20)
    assert allocator.lease_of(b"a", subnet) == newer
