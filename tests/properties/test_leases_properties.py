"""No two machines ever hold one address, in whatever order clients, time and the operator act."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.dhcp import NOW, SERVER, a_subnet, ip
from tests.support.leases import link, requester
from wireboot.leases.allocator import Allocator
from wireboot.leases.candidates import OFFER_KEPT_S
from wireboot.leases.lease import Lease, LeaseState
from wireboot.leases.link import Link
from wireboot.leases.pool import Pool
from wireboot.leases.ranges import PoolRange
from wireboot.leases.requester import Requester
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.wire.addresses import AddressRange

BOARD = UUID(int=0x77)
PORT = b"eth0/7"
# Few addresses and some more clients, of every kind, so that they meet.
CLIENTS = [
    requester(b"\x01\x00"),
    requester(b"\x01\x01", known=True),
    requester(b"\x01\x02", classes=("pxe",)),
    requester(b"\x01\x03", classes=("pxe", "lab")),
    requester(b"\x01\x04", uuid=BOARD),
    requester(b"\x01\x05", uuid=BOARD, classes=("pxe",)),
    requester(b"\x01\x06", circuit_id=PORT),
    requester(b"\x01\x07", circuit_id=PORT, known=True),
    requester(b"\x01\x08"),
    requester(b"\x01\x09"),
]


def _pool(first: int, last: int, network: str, *classes: str, not_for: str = "") -> Pool:
    return Pool(ip(first, network), ip(last, network), frozenset(classes), frozenset(filter(None, [not_for])))


HALL = Subnet(
    IPv4Network("10.77.0.0/24"),
    (_pool(100, 103, "10.77.0"), _pool(104, 105, "10.77.0", "pxe")),
    reservations=(
        Reservation(CLIENTS[0].link_address, ip(100)),
        Reservation(address=ip(50), uuid=BOARD),
        Reservation(client=CLIENTS[8].client, hostname="only-a-name"),
    ),
    shared_network="hall",
    reserved_share=0.5,
)
ANNEX = Subnet(
    IPv4Network("10.78.0.0/24"),
    (_pool(100, 102, "10.78.0", not_for="pxe"),),
    reservations=(Reservation(address=ip(60, "10.78.0"), circuit_id=PORT),),
    shared_network="hall",
)
LAB = a_subnet(100, 101, network="10.79.0", reservations=[Reservation(CLIENTS[1].link_address, ip(101, "10.79.0"))])
PLANS = (
    (HALL, ANNEX, LAB),
    (a_subnet(103, 108), LAB),
    (ANNEX, a_subnet(100, 104, network="10.79.0")),
)
ADDRESSES = [
    *(ip(last) for last in (1, 50, 99, *range(100, 107))),
    *(ip(last, "10.78.0") for last in (60, 100, 102)),
    *(ip(last, "10.79.0") for last in (100, 101)),
]
clients, addresses = st.sampled_from(CLIENTS), st.sampled_from(ADDRESSES)


class Leases(RuleBasedStateMachine):
    """`held` is what the server has promised, as the clients see it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.plan: tuple[Subnet, ...] = PLANS[0]
        self.allocator = Allocator(self.plan, never=(SERVER,))
        self.held: dict[IPv4Address, Lease] = {}
        self.had: dict[bytes, set[IPv4Address]] = {}
        """Every address that a client was ever given."""
        self.last_offered: dict[bytes, tuple[Link, IPv4Address]] = {}

    @rule(client=clients, data=st.data(), requested=st.none() | addresses)
    def discover(self, client: Requester, data: st.DataObject, requested: IPv4Address | None) -> None:
        where = data.draw(st.sampled_from(self.links()))
        known = self.allocator.is_known(client, where)
        offer = self.allocator.offer(client, where, requested, self.now)
        if offer is None:
            assert not self.free_for(client, where, known), "an address was free"
            return
        if offer.taken_back is not None:
            displaced = self.held.pop(offer.taken_back.address)
            assert displaced.state is LeaseState.OFFERED
            assert self.now - displaced.granted_at >= OFFER_KEPT_S
        self.gives(client, where, known, offer.lease)
        self.last_offered[client.client] = where, offer.lease.address

    @rule(client=clients, data=st.data())
    def discover_and_take_the_offer_at_once(self, client: Requester, data: st.DataObject) -> None:
        where = data.draw(st.sampled_from(self.links()))
        known = self.allocator.is_known(client, where)
        offer = self.allocator.offer(client, where, None, self.now)
        if offer is None:
            return
        if offer.taken_back is not None:
            del self.held[offer.taken_back.address]
        self.gives(client, where, known, offer.lease)
        lease = self.allocator.bind(client, where, offer.lease.address, 3600, None, self.now)
        assert lease is not None, "what was offered is refused"
        self.gives(client, where, known, lease)

    @rule(client=clients)
    def take_the_offer(self, client: Requester) -> None:
        if client.client in self.last_offered:
            where, address = self.last_offered[client.client]
            self.bind(client, where, address)

    @rule(client=clients, data=st.data(), address=addresses)
    def request(self, client: Requester, data: st.DataObject, address: IPv4Address) -> None:
        self.bind(client, data.draw(st.sampled_from(self.links())), address)

    @rule(client=clients, address=addresses)
    def release(self, client: Requester, address: IPv4Address) -> None:
        lease = self.allocator.release(client.client, address, self.now)
        if lease is not None:
            before = self.held.pop(address, None)  # None: it had expired
            assert before is None or before.client == client.client

    @rule(client=clients, address=addresses)
    def decline(self, client: Requester, address: IPv4Address) -> None:
        lease = self.allocator.decline(client.client, address, self.now)
        if lease is not None:
            assert self.held[address].client == client.client
            self.held[address] = lease

    @rule(client=clients, found_in_use=st.booleans())
    def give_back_what_was_offered(self, client: Requester, found_in_use: bool) -> None:
        if client.client in self.last_offered:
            give_back = self.decline if found_in_use else self.release
            give_back(client, self.last_offered[client.client][1])

    @rule(client=clients, data=st.data())
    def choose_another_server(self, client: Requester, data: st.DataObject) -> None:
        where = data.draw(st.sampled_from(self.links()))
        offers = [each for each in self.allocator.leases_of(client.client, where) if each.state is LeaseState.OFFERED]
        self.allocator.withdraw_offer(client.client, where, self.now)
        for offer in offers:
            self.held.pop(offer.address, None)

    @rule(data=st.data())
    def probe(self, data: st.DataObject) -> None:
        for subnet in self.plan:
            candidates = self.allocator.to_probe(subnet, self.now)
            assert not set(candidates) & self.held.keys(), "a held address is a candidate"
            assert not set(candidates) & {SERVER, *self.reserved()}
            for address in candidates:
                if data.draw(st.booleans()):
                    self.allocator.found_silent(subnet, address, self.now)

    @rule(address=addresses)
    def something_answers(self, address: IPv4Address) -> None:
        lease = self.allocator.quarantine(address, self.now)
        before = self.held.get(address)
        if before is not None and before.state is LeaseState.BOUND:
            assert lease is None, "a client was robbed of its lease"
        elif lease is not None:
            self.held[address] = lease

    @rule(seconds=st.sampled_from([1.0, 11.0, 61.0, 1800.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.held = {address: lease for address, lease in self.held.items() if lease.expires_at > self.now}

    @rule(plan=st.sampled_from(PLANS))
    def the_operator_changes_the_subnets(self, plan: tuple[Subnet, ...]) -> None:
        self.plan = plan
        self.allocator.use_subnets(plan)

    @rule()
    def the_server_restarts(self) -> None:
        """Offers are not on disk; they are forgotten."""
        stored = [lease for lease in self.allocator.leases if lease.state is not LeaseState.OFFERED]
        self.allocator = Allocator(self.plan, stored, never=(SERVER,))
        self.held = {address: lease for address, lease in self.held.items() if lease.state is not LeaseState.OFFERED}

    @rule(seconds_s=st.sampled_from([100.0, 100_000.0]))
    def the_server_restarts_with_the_clock_set_back(self, seconds_s: float) -> None:
        self.the_server_restarts()
        self.now -= seconds_s
        self.allocator.correct_times(self.now)
        before = self.held
        # Leases that had run out count again: nobody can tell any more that they have.
        self.held = {lease.address: lease for lease in self.allocator.leases if lease.is_held(self.now)}
        assert before.keys() <= self.held.keys(), "a lease was lost"

    @invariant()
    def every_promise_is_kept_in_mind(self) -> None:
        known = {lease.address: lease for lease in self.allocator.leases}
        for address, lease in self.held.items():
            assert known[address] == lease

    @invariant()
    def a_client_is_remembered_by_its_own_addresses(self) -> None:
        for client in CLIENTS:
            for where in self.links():
                assert all(each.client == client.client for each in self.allocator.leases_of(client.client, where))

    @invariant()
    def no_address_is_taken_for_longer_than_its_lease(self) -> None:
        for lease in self.held.values():
            assert lease.expires_at - self.now <= lease.expires_at - lease.granted_at

    # What may be given

    def bind(self, client: Requester, where: Link, address: IPv4Address) -> None:
        known = self.allocator.is_known(client, where)
        lease = self.allocator.bind(client, where, address, 3600, None, self.now)
        if lease is not None:
            assert (lease.state, lease.expires_at) == (LeaseState.BOUND, self.now + 3600)
            self.gives(client, where, known, lease)

    def gives(self, client: Requester, where: Link, known: bool, lease: Lease) -> None:
        before = self.held.get(lease.address)
        same_machine = before is not None and before.link_address == client.link_address
        assert before is None or (same_machine and before.state is not LeaseState.DECLINED)
        assert lease.client == client.client
        assert lease.address != SERVER
        assert where.subnet_of(lease.address) is not None, "the address is of another link"
        reserved = self.usable_reservation(client, where)
        if reserved is not None:
            assert lease.address == reserved
        else:
            assert lease.address not in self.reserved()
            # Its own it may have, though the operator has come to keep it for known machines.
            known = known or lease.address in self.had.get(client.client, ())
            assert any(int(lease.address) in each.addresses for each in self.ranges(client, where, known))
        self.held[lease.address] = lease
        self.had.setdefault(client.client, set()).add(lease.address)

    def usable_reservation(self, client: Requester, where: Link) -> IPv4Address | None:
        reservation = where.reservation_of(client)
        if reservation is None or reservation.address is None:
            return None
        holder = self.held.get(reservation.address)
        own = holder is None or (holder.client == client.client and holder.state is not LeaseState.DECLINED)
        return reservation.address if own else None

    def free_for(self, client: Requester, where: Link, known: bool) -> list[IPv4Address]:
        """What the client could be offered; its reserved address is always one that another holds then."""
        open_to = self.ranges(client, where, known)
        free = [address for each in open_to for address in map(IPv4Address, each.addresses)]
        return [each for each in free if each not in self.reserved() and self.is_to_be_had(each)]

    def is_to_be_had(self, address: IPv4Address) -> bool:
        return address not in self.held and address != SERVER

    def ranges(self, client: Requester, where: Link, known: bool) -> list[PoolRange]:
        return list(self.allocator._ranges_for(client, where, known=known))

    def links(self) -> list[Link]:
        links = (self.allocator.links.link_of(subnet.network.network_address) for subnet in self.plan)
        return list({str(each): each for each in links if each is not None}.values())

    def reserved(self) -> set[IPv4Address]:
        return {address for subnet in self.plan for address in subnet.reserved_addresses}


Leases.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLeases = Leases.TestCase


def test_a_thousand_clients_get_a_thousand_addresses() -> None:
    pool = AddressRange(IPv4Address("10.76.0.1"), IPv4Address("10.76.3.232"))
    subnet = Subnet(IPv4Network("10.76.0.0/22"), (pool,))
    allocator = Allocator([subnet])
    given = []
    for number in range(1000):
        client = requester(number.to_bytes(6, "big"))
        offer = allocator.offer(client, link(subnet), None, NOW)
        assert offer is not None
        bound = allocator.bind(client, link(subnet), offer.lease.address, 3600, None, NOW)
        assert bound is not None
        given.append(bound.address)

    assert len(set(given)) == 1000
    assert allocator.offer(requester(b"late"), link(subnet), None, NOW) is None


def test_strangers_that_come_and_go_leave_nothing_behind() -> None:
    """What is kept in mind is bounded by the pool, not by how many identifiers a hostile client makes up."""
    subnet = a_subnet(100, 101)
    allocator = Allocator([subnet])
    for number in range(1000):
        client = requester(number.to_bytes(6, "big"))
        allocator.offer(client, link(subnet), None, NOW + number)
        allocator.withdraw_offer(client.client, link(subnet), NOW + number)
    assert len(allocator.leases) <= 2
    assert sum(allocator.lease_of(number.to_bytes(6, "big"), subnet) is not None for number in range(1000)) <= 2


def test_after_a_restart_expired_addresses_still_come_after_those_never_used() -> None:
    """RFC 2131 §2.2: whoever comes back should find its old address."""
    subnet = a_subnet(100, 102)
    expired = Lease(ip(100), b"a", b"a", LeaseState.BOUND, NOW, NOW + 60)
    allocator = Allocator([subnet], [expired])
    offers = [allocator.offer(requester(client), link(subnet), None, NOW + 3600) for client in (b"b", b"c", b"d")]
    assert [offer and offer.lease.address for offer in offers] == [ip(101), ip(102), ip(100)]


def test_of_several_addresses_a_client_is_known_by_the_newest() -> None:
    subnet = a_subnet()
    newer = Lease(ip(100), b"a", b"a", LeaseState.BOUND, NOW + 10, NOW + 3610)
    older = Lease(ip(101), b"a", b"a", LeaseState.RELEASED, NOW, NOW + 5)
    allocator = Allocator([subnet], [newer, older])
    assert allocator.lease_of(b"a", subnet) == newer

    allocator.quarantine(ip(101), NOW + 20)
    assert allocator.lease_of(b"a", subnet) == newer


def test_what_is_kept_does_not_grow_with_renewals_and_returns() -> None:
    """A client that renews and returns its address for years is one entry, not a growing queue."""
    subnet = a_subnet(100, 101)
    allocator = Allocator([subnet])
    client = requester(b"a")
    for number in range(2000):
        now = NOW + 100 * number
        assert allocator.bind(client, link(subnet), ip(100), 3600 + number % 7, None, now)
        if number % 3 == 0:
            allocator.release(b"a", ip(100), now + 1)
        allocator.to_probe(subnet, now)

    (pool_range,) = allocator._ranges.of_subnet(subnet)
    queue = pool_range.candidates._queue
    assert queue is not None
    assert len(queue._heap) <= 8
    assert len(allocator._table._by_client) == 1


def test_taking_up_a_changed_configuration_looks_at_no_lease() -> None:
    """A hundred thousand leases must not hold up the packets of everybody while the operator reloads."""

    class Counted(dict[int, Lease]):
        looked_at = 0

        def __getitem__(self, address: int) -> Lease:
            Counted.looked_at += 1
            return super().__getitem__(address)

        def get(self, address: int, default: object = None) -> Lease | None:  # type: ignore[override]  # one form will do
            del default
            Counted.looked_at += 1
            return super().get(address)

    subnet = a_subnet(100, 200)
    leases = [Lease(ip(last), bytes([last]), b"", LeaseState.BOUND, NOW, NOW + 60) for last in range(100, 200)]
    allocator = Allocator([subnet], leases)
    allocator._table.by_address = allocator._by_address = Counted(allocator._by_address)
    allocator.use_subnets([a_subnet(100, 220, lease_time_s=60)])
    assert Counted.looked_at == 0
