"""The fast path answers as the plain path would, datagram for datagram and event for event, or leaves it to that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.dhcp import ETH0, ETH1, MACHINE_ID, NOW, SERVER, FilePolicy, a_subnet, ip, on_broadcast, on_unicast
from wireboot.endpoint import Datagram, Event, Interface
from wireboot.leases.allocator import Allocator
from wireboot.leases.lease import Lease, LeaseState
from wireboot.leases.pool import Pool
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4 import fast_path
from wireboot.protocols.dhcp4.classes import ClientClass, Match
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint
from wireboot.protocols.dhcp4.fast_path import FastPath, Quick
from wireboot.protocols.dhcp4.message import BROADCAST_FLAG, Message, decode, encode
from wireboot.protocols.dhcp4.options import REQUESTED_ADDRESS, SERVER_IDENTIFIER, MessageType
from wireboot.protocols.dhcp4.rules import Rules
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_information import BootInformation
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.identity import PXE_CLASS
from wireboot.wire.option_table import Options

ETH2 = replace(ETH0, name="eth2", index=4, addresses=(IPv4Interface("10.66.0.1/24"), *ETH0.addresses))
CLIENTS = 4
RELAY = ip(254)
FAR_RELAY = ip(254, "10.99.0")


@dataclass(frozen=True)
class Setup:
    """A configuration."""

    subnets: tuple[Subnet, ...] = (a_subnet(),)
    rules: Rules = field(default_factory=Rules)
    known: frozenset[bytes] = frozenset()
    leases: tuple[Lease, ...] = ()


def mac(number: int) -> bytes:
    return bytes.fromhex("5254007700") + bytes([0x10 + number])


class Counted(FastPath):
    answered = 0

    def answer(self, received: Datagram, now: float) -> Quick | None:
        quick = super().answer(received, now)
        self.answered += quick is not None
        return quick


class Server:
    """Port 67, as services/endpoints.py puts it together, with the fast path or without."""

    def __init__(self, setup: Setup, *, fast: bool) -> None:
        self.allocator = Allocator(setup.subnets, setup.leases, never=[SERVER])
        self.rules, self.known = setup.rules, setup.known
        self.interfaces: dict[str, Interface] = {each.name: each for each in (ETH0, ETH1, ETH2)}
        policy = FilePolicy()
        about = (self.allocator, self.interfaces)
        server = Dhcp4Server(*about, BootInformation(policy), lambda: self.rules, self._is_known)
        self.fast_path = Counted(*about, lambda: self.rules, self._is_known, not_for_class=PXE_CLASS)
        self.endpoint = Dhcp4Endpoint([BootServer(policy), server], self.fast_path if fast else None)

    def take_up(self, setup: Setup) -> None:
        """As a reload does it (server/lifecycle.py)."""
        self.allocator.use_subnets(setup.subnets)
        self.rules, self.known = setup.rules, setup.known

    def answer(self, datagram: Datagram, now: float) -> tuple[list[Event], list[Datagram]]:
        self.endpoint.receive_datagram(datagram, now)
        events: list[Event] = []
        while (event := self.endpoint.next_event()) is not None:
            events.append(event)
        return events, self.endpoint.datagrams_to_send()

    def _is_known(self, link_address: bytes, uuid: bytes) -> bool:
        return link_address in self.known or uuid in self.known


class Both:
    """The same messages to a server with the fast path and to one without."""

    def __init__(self, setup: Setup) -> None:
        self.fast, self.plain = Server(setup, fast=True), Server(setup, fast=False)
        self.now = NOW
        self.offered: dict[int, tuple[IPv4Address, IPv4Address]] = {}
        """By client: address and server."""

    def send(self, payload: bytes, way: Datagram, number: int = 0) -> None:
        datagram = replace(way, payload=payload)
        answer = self.plain.answer(datagram, self.now)
        assert self.fast.answer(datagram, self.now) == answer
        assert self.fast.allocator.leases == self.plain.allocator.leases
        for reply in map(decode, (each.payload for each in answer[1])):
            server = reply.options.get(SERVER_IDENTIFIER)
            if server is not None and not reply.yiaddr.is_unspecified:
                self.offered[number] = reply.yiaddr, server


SHARED = tuple(
    replace(a_subnet(100, 101, network=network, options=Options({3: bytes([10, 77, at, 1])})), shared_network="hall")
    for at, network in enumerate(("10.77.0", "10.77.1"))
)
LONG = Options({3: bytes(200), 6: bytes(200), 42: bytes(40), 15: b"lab" * 20})
RESERVATIONS = (
    Reservation(mac(0), ip(50), "node-0"),
    Reservation(client=b"\x00me\x01", hostname="node-1"),
    Reservation(uuid=UUID(bytes_le=MACHINE_ID[1:-1] + b"\x02"), options=Options({15: b"lab"})),
    Reservation(circuit_id=b"p3", address=ip(52)),
)
BY_KIND = (
    ClientClass("arm", Match(frozenset({11})), Options({15: b"arm"})),
    ClientClass("udhcp", Match(vendor_classes=("udhcp*",)), Options({6: bytes(4)}), 60),
    ClientClass("relayed", Match(relays=frozenset({RELAY})), Options({15: b"far"})),
)
POOLS = (
    Pool(ip(100), ip(101), frozenset({"udhcp", "relayed"})),
    Pool(ip(110), ip(119), not_classes=frozenset({"arm"})),
)
BY_CLIENT = (
    ClientClass("mac", Match(mac_prefixes=(mac(1),)), Options({15: b"one"})),
    ClientClass("port", Match(circuit_ids=frozenset({b"p2"})), Options({15: b"two"})),
    ClientClass("name", Match(options={12: b"n4"}), Options({15: b"four"})),
)
AHEAD = tuple(
    Lease(ip(100 + at), b"\x01" + mac(at), mac(at), LeaseState.BOUND, NOW + 1000, NOW + 5000) for at in range(2)
)
SETUPS = {
    "plain": Setup(),
    "few addresses": Setup((a_subnet(100, 101),)),
    "few addresses, some machines known": Setup((a_subnet(100, 101),), known=frozenset({mac(2), mac(3)})),
    "a share for known machines": Setup((replace(a_subnet(100, 103), reserved_share=0.5),), known=frozenset({mac(2)})),
    "shared network": Setup(SHARED),
    "two links": Setup((a_subnet(), a_subnet(network="10.99.0"))),
    "long replies": Setup((a_subnet(options=LONG),)),
    "reservations": Setup((a_subnet(reservations=RESERVATIONS),)),
    "classes": Setup(rules=Rules(BY_KIND)),
    "pools by class": Setup((replace(a_subnet(), pools=POOLS),), Rules(BY_KIND)),
    "classes by client": Setup(rules=Rules((*BY_KIND, *BY_CLIENT))),
    "rapid commit": Setup(rules=Rules(rapid_commit=True)),
    "times": Setup((replace(a_subnet(), lease_time_min_s=60, lease_time_max_s=7200, renewal_time_s=50),)),
    "leases of a clock ahead": Setup(leases=AHEAD),
    "nothing": Setup(()),
}
WAYS = {
    "broadcast": on_broadcast(),
    "unicast": on_unicast(ip(9)),
    "other cable": on_broadcast(interface=ETH1),
    "cable of two networks": on_broadcast(interface=ETH2),
    "unicast on it": on_unicast(ip(9), interface=ETH2),
    "relayed": on_unicast(RELAY, 67),
    "relayed from afar": on_unicast(FAR_RELAY, 67),
}
GIADDR = {"relayed": RELAY, "relayed from afar": FAR_RELAY}

MESSAGES = {
    "discover": MessageType.DISCOVER,
    "request": MessageType.REQUEST,
    "wish": MessageType.DISCOVER,
    "other address": MessageType.REQUEST,
    "other server": MessageType.REQUEST,
    "reboot": MessageType.REQUEST,
    "renew": MessageType.REQUEST,
    "discover with an address": MessageType.DISCOVER,
    "request with an address": MessageType.REQUEST,
    "inform": MessageType.INFORM,
}

OwnOptions = Callable[[int], dict[int, bytes]]
KINDS: dict[str, OwnOptions] = {
    "nothing": lambda _: {},
    "a client identifier": lambda number: {61: b"\x00me" + bytes([number]), 12: b"n%d" % number},
    "udhcpc": lambda number: {55: b"\x01\x03\x06\x0f", 57: b"\x02\x40", 60: b"udhcp 1.36", 61: b"\x01" + mac(number)},
    "who wants much": lambda _: {55: bytes(range(1, 100)), 51: b"\x00\x00\x0e\x11", 93: b"\x00\x0b"},
    "a machine": lambda number: {97: MACHINE_ID[:-1] + bytes([number]), 57: b"\x05\xdc"},
    "a switch": lambda number: {82: b"\x01\x02p%d\x02\x01s" % number},
    "a relay's wish": lambda number: {82: b"\x05\x04\x0a\x4d\x00" + bytes([number])},
    "a relay's name": lambda number: {82: b"\x0b\x04\x0a\x4d\x00" + bytes([number])},
    "a subnet selection": lambda _: {118: bytes([10, 99, 0, 0])},
    "PXE": lambda number: {60: b"PXEClient:Arch:00007:UNDI:003000", 97: MACHINE_ID[:-1] + bytes([number])},
    "a boot item": lambda _: {60: b"PXEClient", 43: b"\x47\x04\x00\x00\x00\x00\xff"},
    "a vendor's own": lambda _: {43: b"\x01\x02", 60: b"MSFT 5.0"},
    "rapid commit": lambda _: {80: b""},
    "a full name": lambda number: {81: b"\x00\x00\x00n%d" % number},
    "names": lambda number: {12: [b"", b"\x1b[2J", b"a" * 255, b"\xe9"][number]},
    "no wishes": lambda _: {55: b""},
    "half a wish": lambda _: {51: b"\x00"},
    "half an address": lambda _: {50: b"\x0a"},
    "half a size": lambda _: {57: b"\x05"},
    "identifiers of every size": lambda number: {61: bytes(85 * number), 97: bytes(17)},
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    number: int
    """Of the client."""
    kind: str
    way: str
    message: str
    broadcast: bool = False
    later_s: float = 0.0
    damage: tuple[int, int] | None = None
    """A place, and what stands there instead."""


def payload_of(step: Step, both: Both) -> bytes:
    own = KINDS[step.kind](step.number)
    message = Message(
        1,
        xid=7 * step.number + len(step.kind),
        chaddr=mac(step.number),
        flags=BROADCAST_FLAG if step.broadcast else 0,
        giaddr=GIADDR.get(step.way, IPv4Address(0)),
        secs=step.number,
    )
    address, server = both.offered.get(step.number, (ip(100), SERVER))
    options = {53: bytes([MESSAGES[step.message]]), **own}
    if step.message in ("request", "other address", "other server", "request with an address", "reboot", "wish"):
        options.setdefault(REQUESTED_ADDRESS.code, (ip(102) if step.message == "other address" else address).packed)
    if step.message in ("request", "other address", "request with an address"):
        options[SERVER_IDENTIFIER.code] = server.packed
    if step.message == "other server":
        options[SERVER_IDENTIFIER.code] = ip(2).packed
    if step.message in ("renew", "discover with an address", "request with an address"):
        message = replace(message, ciaddr=address)
    payload = bytearray(encode(replace(message, options=Options(options))))
    if step.damage is not None:
        payload[step.damage[0] % len(payload)] = step.damage[1]
    return bytes(payload)


def send_step(both: Both, step: Step) -> None:
    both.now += step.later_s
    both.send(payload_of(step, both), WAYS[step.way], step.number)


damages = st.one_of(
    st.none(), st.none(), st.tuples(st.one_of(st.integers(0, 47), st.integers(230, 299)), st.integers(0, 255))
)


def steps(kinds: list[str], ways: list[str]) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        number=st.integers(0, CLIENTS - 1),
        kind=st.sampled_from(kinds),
        way=st.sampled_from(ways),
        message=st.sampled_from((*MESSAGES, "discover", "request")),
        broadcast=st.booleans(),
        later_s=st.sampled_from((0.0, 0.0, 1.0, 30.0, 4000.0)),
        damage=damages,
    )


# A few kinds a run, so that there are several messages of each.
runs = st.tuples(
    st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=2),
    st.lists(st.sampled_from(list(WAYS)), min_size=1, max_size=2),
).flatmap(lambda chosen: st.lists(steps(*chosen), min_size=4, max_size=40))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(SETUPS.values())), runs)
def test_both_ways_come_to_the_same(setup: Setup, run: list[Step]) -> None:
    both = Both(setup)
    for step in run:
        send_step(both, step)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(SETUPS.values())), runs), min_size=2, max_size=4))
def test_both_ways_come_to_the_same_across_reloads(parts: list[tuple[Setup, list[Step]]]) -> None:
    both = Both(parts[0][0])
    for setup, run in parts:
        both.fast.take_up(setup)
        both.plain.take_up(setup)
        for step in run:
            send_step(both, step)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)
def test_both_ways_come_to_the_same_for_every_kind_that_comes_often(setup: Setup, kind: str) -> None:
    rounds = product(("broadcast", "cable of two networks", "unicast on it", "relayed"), range(2), MESSAGES)
    both = Both(setup)
    for way, _, message in rounds:
        for number in range(CLIENTS):
            send_step(both, Step(number, kind, way, message, later_s=3.0))


def test_the_offer_to_a_known_machine_is_not_taken_back() -> None:
    """Nor is it where the fast path made it (docs/concepts/dhcp.md)."""
    both = Both(SETUPS["few addresses, some machines known"])
    for number in (0, 0, 2, 3):
        send_step(both, Step(number, "nothing", "relayed", "discover", later_s=100.0 if number else 0.0))
    for number in (1, 0, 1):
        send_step(both, Step(number, "nothing", "relayed", "discover", later_s=12.0))
    assert both.fast.fast_path.answered


@pytest.mark.parametrize("code", [12, 50, 61, 82, 97])
def test_an_option_in_two_pieces_is_one(code: int) -> None:
    """RFC 3396 §5."""
    both = Both(SETUPS["plain"])
    for number in (*range(CLIENTS), *range(CLIENTS)):
        piece = bytes([code, 2, 1, number])
        head = encode(Message(1, number, mac(0), giaddr=RELAY, options=Options({53: b"\x01"})))[:243]
        both.send(head + piece + piece + b"\xff", WAYS["relayed"])


WITHOUT_HELP = ("nothing", "a client identifier", "udhcpc", "who wants much", "a machine", "a switch", "names")


@pytest.mark.parametrize("way", ["broadcast", "relayed"])
@pytest.mark.parametrize("kind", WITHOUT_HELP)
def test_what_comes_often_goes_the_short_way(kind: str, way: str) -> None:
    """All but the first two of each kind. Names differ in length here, and so make kinds of their own."""
    both = Both(SETUPS["plain"])
    for _ in range(4):
        for message in ("discover", "request"):
            for number in range(CLIENTS):
                send_step(both, Step(number, kind, way, message))

    all_messages, kinds = 8 * CLIENTS, 2 * (CLIENTS if kind == "names" else 1)
    assert both.fast.fast_path.answered >= all_messages - 2 * kinds


@pytest.mark.parametrize("kind", ["PXE", "a boot item", "a full name", "a relay's wish", "no wishes"])
def test_what_is_special_goes_the_plain_way(kind: str) -> None:
    both = Both(SETUPS["plain"])
    for number in (*range(CLIENTS), *range(CLIENTS)):
        send_step(both, Step(number, kind, "relayed", "discover"))
    assert both.fast.fast_path.answered == 0


def test_a_message_as_large_as_they_come_is_not_kept_in_mind() -> None:
    both = Both(SETUPS["plain"])
    payload = encode(Message(1, 1, mac(0), options=Options({53: b"\x01", 200: bytes(60_000)})))
    for _ in range(4):
        both.send(payload, on_broadcast())
    assert not both.fast.fast_path._heard


def test_an_interface_with_another_address_is_noticed() -> None:
    both = Both(Setup((replace(a_subnet(), network=IPv4Network("10.77.0.0/16")),)))
    for _ in range(2):
        for number in range(CLIENTS):
            send_step(both, Step(number, "nothing", "broadcast", "discover"))
        for server in (both.fast, both.plain):
            server.interfaces["eth0"] = replace(ETH0, addresses=(IPv4Interface("10.77.3.3/16"),))
    assert both.fast.fast_path.answered
    assert both.offered[0][1] == IPv4Address("10.77.3.3")


def test_a_flood_of_odd_messages_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_path, "KINDS_MAX", 8)
    both = Both(SETUPS["plain"])
    for round_ in range(3):
        for odd in range(20):
            options = Options({53: b"\x01", 200: bytes([odd])})
            payload = encode(Message(1, round_, mac(0), options=options))
            for _ in range(3):
                both.send(payload, on_broadcast())
    kept = both.fast.fast_path
    assert len(kept._kinds) <= 8
    assert len(kept._heard) <= 8
    assert kept.answered == 60
