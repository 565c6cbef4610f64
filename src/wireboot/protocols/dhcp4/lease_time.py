"""For how long an address is lent, and when its client asks again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.classes import ClientClass


class LeaseTimes(NamedTuple):
    """In seconds."""

    lease_s: int
    renewal_s: int
    rebinding_s: int


def lease_times(subnet: Subnet, classes: Iterable[ClientClass], wish_s: int | None) -> LeaseTimes:
    """What the client asks for, as far as it may (RFC 2131 §4.3.1); else its class's time or the subnet's."""
    lease_s = next((each.lease_time_s for each in classes if each.lease_time_s is not None), subnet.lease_time_s)
    if wish_s is not None:
        shortest = min(lease_s, subnet.lease_time_min_s or lease_s)
        longest = max(lease_s, subnet.lease_time_max_s or lease_s)
        lease_s = max(shortest, min(wish_s, longest))
    renewal_s, rebinding_s = subnet.renewal_time_s, subnet.rebinding_time_s
    # Times that do not fit this lease would have the client ask after it has lost its address (RFC 2131 §4.4.5).
    if rebinding_s is None or rebinding_s >= lease_s:
        rebinding_s = lease_s * 7 // 8
    if renewal_s is None or renewal_s >= rebinding_s:
        renewal_s = min(lease_s // 2, rebinding_s)
    return LeaseTimes(lease_s, renewal_s, rebinding_s)
