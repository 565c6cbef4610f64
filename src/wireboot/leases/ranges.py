"""The ranges that addresses are taken from: each pool, cut in two where a share of it is for known machines."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from wireboot.leases.candidates import Candidates
from wireboot.leases.lease import Lease
from wireboot.leases.pool import serves
from wireboot.leases.subnet import Subnet
from wireboot.wire.addresses import AddressRange


@dataclass(frozen=True, slots=True)
class PoolRange:
    """Addresses that are lent on the same terms."""

    addresses: range
    pool: AddressRange[IPv4Address]
    for_known: bool
    """Machines that are not known get none of these."""
    candidates: Candidates

    def lends_to(self, classes: Collection[str], *, known: bool) -> bool:
        return (known or not self.for_known) and serves(self.pool, classes)


class PoolRanges:
    """All ranges of all subnets. Made anew for a changed configuration; that looks at no lease."""

    def __init__(self, subnets: Iterable[Subnet], leases: Mapping[int, Lease], is_lent: Callable[[int], bool]) -> None:
        self._by_network: dict[IPv4Network, tuple[PoolRange, ...]] = {}
        for subnet in subnets:
            cut = (piece for pool in subnet.pools for piece in _cut(pool, subnet.reserved_share))
            self._by_network[subnet.network] = tuple(
                PoolRange(addresses, pool, for_known, Candidates(addresses, leases, is_lent))
                for addresses, pool, for_known in cut
            )
        ranges = (each for ranges in self._by_network.values() for each in ranges)
        self._ordered = sorted(ranges, key=lambda each: each.addresses.start)
        self._starts = [each.addresses.start for each in self._ordered]

    def of_subnet(self, subnet: Subnet) -> Sequence[PoolRange]:
        """In the order in which they are used. Empty for a subnet that the configuration no longer has."""
        return self._by_network.get(subnet.network, ())

    def of_address(self, address: int) -> PoolRange | None:
        at = bisect_right(self._starts, address) - 1
        return self._ordered[at] if at >= 0 and address in self._ordered[at].addresses else None


def _cut(
    pool: AddressRange[IPv4Address], reserved_share: float
) -> Iterator[tuple[range, AddressRange[IPv4Address], bool]]:
    """The pool's addresses for everybody, then those for known machines."""
    first, end = int(pool.first), int(pool.last) + 1
    kept_from = end - int(pool.size * reserved_share)
    if first < kept_from:
        yield range(first, kept_from), pool, False
    if kept_from < end:
        yield range(kept_from, end), pool, True
