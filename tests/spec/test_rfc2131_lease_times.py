"""RFC 2131: for how long an address is lent, and when its client asks again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dhcp import NOW, DhcpServer, a_subnet, discover, options_of, selecting
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.events import LeaseGranted
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import LEASE_TIME, REBINDING_TIME, RENEWAL_TIME

FOR_EVER = 0xFFFFFFFF


def times(message: Message) -> list[int | None]:
    return [message.options.get(each) for each in (LEASE_TIME, RENEWAL_TIME, REBINDING_TIME)]


def asked_for(subnet: Subnet, wish_s: int | None) -> list[int | None]:
    """Lease time, T1 and T2 of an offer; its acknowledgement says the same, and the lease lasts so long."""
    options = None if wish_s is None else options_of((LEASE_TIME, wish_s))
    server = DhcpServer(subnet)
    offer = server.ask(discover(options=options))
    ack = server.ask(selecting(offer.yiaddr, options=options))
    assert times(ack) == times(offer)
    lease_s = times(offer)[0]
    assert lease_s is not None
    assert server.event(LeaseGranted).lease.expires_at == NOW + lease_s
    return times(offer)


@pytest.mark.parametrize(
    ("wish_s", "lease_s"),
    [(None, 3600), (7200, 7200), (600, 600), (599, 600), (1, 600), (0, 600), (86_401, 86_400), (FOR_EVER, 86_400)],
)
def test_a_clients_wish_is_met_within_the_operators_limits(wish_s: int | None, lease_s: int) -> None:
    """RFC 2131 §4.3.1: the server may take the time that the client asks for, or choose another."""
    subnet = replace(a_subnet(), lease_time_min_s=600, lease_time_max_s=86_400)
    assert asked_for(subnet, wish_s)[0] == lease_s


@pytest.mark.parametrize("wish_s", [1, 60, 3600, 7200, FOR_EVER])
def test_without_limits_a_clients_wish_does_not_matter(wish_s: int) -> None:
    """RFC 2131 §4.3.1: it is the server that decides."""
    assert asked_for(a_subnet(), wish_s)[0] == 3600


def test_one_limit_alone_allows_wishes_on_that_side() -> None:
    """RFC 2131 §4.3.1: as the operator says."""
    assert asked_for(replace(a_subnet(), lease_time_max_s=86_400), 7200)[0] == 7200
    assert asked_for(replace(a_subnet(), lease_time_max_s=86_400), 60)[0] == 3600


def test_t1_and_t2_are_the_operators() -> None:
    """RFC 2131 §4.4.5: configurable by the server through the options for them."""
    subnet = replace(a_subnet(), renewal_time_s=900, rebinding_time_s=3000)
    assert asked_for(subnet, None) == [3600, 900, 3000]


@pytest.mark.parametrize(
    ("wish_s", "expected"), [(3600, [3600, 900, 3000]), (2000, [2000, 900, 1750]), (600, [600, 300, 525])]
)
def test_t1_and_t2_that_do_not_fit_a_short_lease_are_its_half_and_seven_eighths(
    wish_s: int, expected: list[int]
) -> None:
    """RFC 2131 §4.4.5: T1 is before T2, and T2 before the end."""
    subnet = replace(a_subnet(), renewal_time_s=900, rebinding_time_s=3000, lease_time_min_s=60)
    assert asked_for(subnet, wish_s) == expected


@pytest.mark.parametrize("lease_time_s", [1, 2, 3, 7, 60])
def test_the_shortest_leases_have_their_times_in_order(lease_time_s: int) -> None:
    """RFC 2131 §4.4.5: T1 before T2 before the end, as far as whole seconds go."""
    lease_s, t1, t2 = asked_for(a_subnet(lease_time_s=lease_time_s), None)
    assert lease_s is not None
    assert t1 is not None
    assert t2 is not None
    assert t1 <= t2 < lease_s
