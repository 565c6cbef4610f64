"""RFC 2131: what happens when addresses are short: who gets the last ones, and what the operator hears."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dhcp import (
    MAC,
    NOW,
    OTHER_MAC,
    DhcpServer,
    a_subnet,
    discover,
    extending,
    from_client,
    ip,
    on_unicast,
    selecting,
)
from wireboot.endpoint import Event
from wireboot.leases.candidates import OFFER_KEPT_S
from wireboot.leases.lease import Lease, LeaseState
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.events import LeaseTimesCut, NoAddressLeft, OfferTakenBack, RequestIgnored
from wireboot.protocols.dhcp4.exhaustion import TOLD_EVERY_S
from wireboot.protocols.dhcp4.options import MessageType


def stranger(number: int) -> bytes:
    return b"\x02\x00\x00" + number.to_bytes(3, "big")


def shared(
    first: int = 100, last: int = 107, share: float = 0.25, reservations: tuple[Reservation, ...] = ()
) -> Subnet:
    """By default the last two addresses of eight are for known machines."""
    return replace(a_subnet(first, last, reservations=reservations), reserved_share=share)


def flood(server: DhcpServer, count: int, first: int = 0) -> list[Event]:
    """Everything told while so many strangers ask once each and take nothing."""
    told: list[Event] = []
    for number in range(first, first + count):
        server.send(discover(mac=stranger(number)))
        told += server.events
    return told


def test_a_flood_of_strangers_leaves_addresses_for_machines_of_the_inventory() -> None:
    """Ours: a part of every pool is for machines that are known."""
    server = DhcpServer(shared(), inventory=[MAC])
    flood(server, 1000)
    assert server.lease() == ip(106)
    assert server.send(discover(mac=OTHER_MAC)) is None


def test_a_flood_of_strangers_leaves_addresses_for_machines_that_have_had_a_lease() -> None:
    """Ours: whoever has been served before is known, though its address went to somebody else."""
    server = DhcpServer(shared())
    own = server.lease()
    server.send(from_client(MessageType.RELEASE, ciaddr=own), on_unicast(own))
    server.allocator.quarantine(own, server.now)
    back = server.ask(discover())
    assert back.yiaddr == ip(101)
    flood(server, 1000)
    assert server.ask(discover()).yiaddr == ip(101)


def test_a_reservation_without_an_address_makes_a_machine_known() -> None:
    """Ours: the operator has named it."""
    server = DhcpServer(shared(reservations=(Reservation(MAC, hostname="node-1"),)))
    flood(server, 1000)
    assert server.lease() == ip(106)


def test_a_flood_takes_no_lease_away() -> None:
    """RFC 2131 §2.2: what is allocated is allocated to nobody else."""
    server = DhcpServer(shared())
    holders = [server.lease(stranger(number)) for number in range(6)]
    for seconds in range(0, 120, 5):
        server.now = NOW + seconds
        flood(server, 50, first=100)
    assert [server.ask(discover(mac=stranger(number))).yiaddr for number in range(6)] == holders


def test_a_client_whose_address_has_come_to_be_kept_for_known_machines_still_gets_it() -> None:
    """RFC 2131 §4.3.1: the client's previous address, if free; the operator has changed the share since."""
    server = DhcpServer(shared(share=0.0))
    assert server.ask(selecting(ip(107))).message_type is MessageType.ACK
    server.allocator.use_subnets([shared()])
    server.now += 7200
    assert server.lease() == ip(107)


def test_strangers_cannot_choose_an_address_kept_for_known_machines() -> None:
    """RFC 2131 §4.3.1: a requested address is given only where it is the server's to give to this client."""
    server = DhcpServer(shared())
    assert server.ask(discover(requested=ip(107))).yiaddr == ip(100)
    assert server.ask(selecting(ip(107))).message_type is MessageType.NAK


def test_one_client_cannot_take_address_after_address() -> None:
    """RFC 2131 §4.3.2: whoever has one is given no other that it was not offered."""
    server = DhcpServer()
    own = server.lease()
    assert server.ask(selecting(ip(105))).message_type is MessageType.NAK
    assert server.ask(extending(ip(105)), on_unicast(ip(105))).message_type is MessageType.NAK
    assert server.ask(extending(own), on_unicast(own)).message_type is MessageType.ACK
    assert len(server.allocator.leases) == 1


def test_an_earlier_lease_opens_no_other_address_that_is_kept_for_known_machines() -> None:
    """Ours: or strangers would lease, give back, and take those one after the other."""
    server = DhcpServer(shared())
    own = server.lease(stranger(1))
    server.send(from_client(MessageType.RELEASE, mac=stranger(1), ciaddr=own), on_unicast(own))
    assert server.ask(selecting(ip(107), mac=stranger(1))).message_type is MessageType.NAK
    assert server.ask(discover(mac=stranger(1), requested=ip(107))).yiaddr == own


def test_an_offer_from_before_a_restart_is_still_good() -> None:
    """RFC 2131 §4.3.2: a server that has forgotten its offer may acknowledge it all the same."""
    assert DhcpServer(shared()).ask(selecting(ip(103))).message_type is MessageType.ACK


@pytest.mark.parametrize(
    ("last", "share", "open_to_all"), [(101, 0.25, 2), (103, 0.25, 3), (103, 1.0, 0), (103, 0.0, 4)]
)
def test_the_share_is_of_whole_addresses(last: int, share: float, open_to_all: int) -> None:
    """Ours: of a pool of less than four addresses a quarter is none."""
    server = DhcpServer(shared(100, last, share))
    offers = [server.send(discover(mac=stranger(number))) for number in range(6)]
    assert sum(offer is not None for offer in offers) == open_to_all


def test_an_offer_that_a_stranger_does_not_request_is_the_first_to_be_used_again() -> None:
    """RFC 2131 §3.1 step 2: the server need not keep what it has offered, if it must not."""
    server = DhcpServer(a_subnet(100, 100))
    server.ask(discover(mac=stranger(1)))
    server.now += OFFER_KEPT_S - 0.1
    assert server.send(discover()) is None, "firmware may still be choosing among offers"
    server.now += 0.1

    assert server.ask(discover()).yiaddr == ip(100)
    assert server.event(OfferTakenBack).lease.link_address == stranger(1)
    assert server.ask(selecting(ip(100), mac=stranger(1))).message_type is MessageType.NAK


def test_an_offer_to_a_known_machine_is_not_taken_back() -> None:
    """RFC 2131 §3.1 step 2: it should not be reused while it stands."""
    server = DhcpServer(a_subnet(100, 100), inventory=[MAC])
    server.ask(discover())
    server.now += OFFER_KEPT_S + 1
    assert server.send(discover(mac=OTHER_MAC)) is None


def test_an_offer_is_not_taken_back_while_there_are_other_addresses() -> None:
    """RFC 2131 §3.1 step 2: only when there is nothing else."""
    server = DhcpServer(a_subnet(100, 101))
    server.ask(discover(mac=stranger(1)))
    server.now += OFFER_KEPT_S + 1
    assert server.ask(discover()).yiaddr == ip(101)
    assert not any(isinstance(event, OfferTakenBack) for event in server.events)


def test_expired_addresses_are_used_again_before_those_given_back() -> None:
    """RFC 2131 §2.2: who says goodbye is the likelier to return."""
    server = DhcpServer(a_subnet(100, 101))
    first, second = server.lease(stranger(1)), server.lease(stranger(2))
    server.send(from_client(MessageType.RELEASE, mac=stranger(1), ciaddr=first), on_unicast(first))
    server.now += 3600

    assert [server.ask(discover(mac=mac)).yiaddr for mac in (stranger(3), stranger(4))] == [second, first]


def test_exhaustion_is_told_once_a_minute_with_the_number_of_those_turned_away() -> None:
    """RFC 2131 §4.3.1: the server may tell the operator; a flood must not fill the log."""
    server = DhcpServer(a_subnet(100, 100))
    server.lease()
    told = flood(server, 50)
    server.now += TOLD_EVERY_S
    told += flood(server, 1)

    assert [event for event in told if isinstance(event, NoAddressLeft)] == [
        NoAddressLeft(stranger(0), "10.77.0.0/24", clients=1),
        NoAddressLeft(stranger(0), "10.77.0.0/24", clients=50),
    ]
    silent = [event for event in told if isinstance(event, RequestIgnored)]
    assert {event.reason for event in silent} == {"no address is left"}
    assert len(silent) == 49


def test_the_operator_hears_that_addresses_are_kept_for_known_machines() -> None:
    """Ours: else the pool would look half empty, and nobody would know why it is refused."""
    server = DhcpServer(shared())
    (told,) = (event for event in flood(server, 7) if isinstance(event, NoAddressLeft))
    assert told.kept_for_known_machines


# The clock


@pytest.mark.parametrize("ahead_s", [100.0, 10 * 365 * 24 * 3600.0])
def test_a_lease_that_begins_in_the_future_ends_when_its_time_from_now_has_passed(ahead_s: float) -> None:
    """RFC 2131 §2.2: a lease is for a time. One written by a clock that was wrong would never end."""
    written = Lease(ip(100), b"\x01" + OTHER_MAC, OTHER_MAC, LeaseState.BOUND, NOW + ahead_s, NOW + ahead_s + 3600)
    server = DhcpServer(a_subnet(100, 100), leases=[written])

    assert server.send(discover()) is None
    assert server.event(LeaseTimesCut) == LeaseTimesCut(1)
    server.now += 3599
    assert server.send(discover()) is None
    server.now += 1
    assert server.ask(discover()).yiaddr == ip(100)


def test_leases_of_a_clock_that_was_right_are_left_alone() -> None:
    """RFC 2131 §2.2: what was promised stands."""
    written = Lease(ip(100), b"\x01" + OTHER_MAC, OTHER_MAC, LeaseState.BOUND, NOW - 10, NOW + 3590)
    server = DhcpServer(a_subnet(), leases=[written])
    server.lease()
    assert not any(isinstance(event, LeaseTimesCut) for event in server.events)
    assert written in server.allocator.leases
