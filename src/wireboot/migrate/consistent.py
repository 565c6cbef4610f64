"""Subnets as `wireboot check` accepts them: what cannot stand beside the rest goes to the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from wireboot.migrate.draft import OptionSetting, Pool, Reservation, Subnet
from wireboot.migrate.marks import Mark
from wireboot.migrate.report import Report
from wireboot.wire.addresses import AddressRange

_KEEP_ONE = "keep one of the two"


def consistent(subnets: Sequence[Subnet], reservations: Iterable[Reservation], report: Report) -> tuple[Subnet, ...]:
    """The subnets apart from each other, their pools inside and apart, and each reservation in the subnet it fits."""
    apart: list[Subnet] = []
    for subnet in subnets:
        overlapped = next((other for other in apart if other.network.overlaps(subnet.network)), None)
        if overlapped is not None:
            why = f"it overlaps {overlapped.network} ({overlapped.place})"
            report.untranslated(subnet.place, f"subnet {subnet.network}", why, "make one of them smaller")
            for pool in subnet.pools:
                report.untranslated(pool.place, f"pool {pool.range}", "its subnet is left out", "see there")
            continue
        apart.append(replace(subnet, pools=_pools(subnet, report)))
    # Those with an address first: without one they go wherever there is none yet.
    homes = _homes(apart, sorted(reservations, key=lambda each: each.address is None), report)
    return tuple(replace(subnet, reservations=tuple(homes[subnet.network])) for subnet in apart)


def _pools(subnet: Subnet, report: Report) -> tuple[Pool, ...]:
    kept: list[Pool] = []
    for pool in subnet.pools:
        if pool.range.first not in subnet.network or pool.range.last not in subnet.network:
            why = f"it is not inside subnet {subnet.network}"
            report.untranslated(pool.place, f"pool {pool.range}", why, "give it a subnet of its own")
            continue
        usable = _usable(pool, subnet.network)
        overlapped = next((other for other in kept if usable is not None and other.range.overlaps(usable.range)), None)
        if usable is None:
            why = f"no machine can have an address of it in {subnet.network}"
            report.untranslated(pool.place, f"pool {pool.range}", why, "choose others")
        elif overlapped is not None:
            why = f"it overlaps {overlapped.range} ({overlapped.place})"
            report.untranslated(pool.place, f"pool {pool.range}", why, "let each address stand in one pool only")
        else:
            if usable.range != pool.range:
                what = f"pool {pool.range} is {usable.range} here: the ends of {subnet.network} are no machine's"
                report.differs(pool.place, what, "nothing is to be done")
            kept.append(usable)
    return tuple(kept)


def _usable(pool: Pool, network: IPv4Network) -> Pool | None:
    """Without the network's own address and its broadcast address."""
    if network.prefixlen >= 31:
        return pool
    first = max(pool.range.first, network[1])
    last = min(pool.range.last, network[-2])
    return replace(pool, range=AddressRange(first, last)) if first <= last else None


def _homes(
    subnets: Sequence[Subnet], reservations: Iterable[Reservation], report: Report
) -> dict[IPv4Network, list[Reservation]]:
    homes: dict[IPv4Network, list[Reservation]] = {subnet.network: [] for subnet in subnets}
    by_address: dict[IPv4Address, Reservation] = {}
    by_mark: dict[tuple[IPv4Network, Mark], Reservation] = {}
    for each in reservations:
        address = each.address
        shown = each.mark.shown if address is None else f"{each.mark.shown} at {address}"
        # A name or options alone hold wherever the machine is.
        networks = [network for network in homes if address is None or address in network]
        if not networks:
            report.untranslated(each.place, shown, "no subnet has that address", "add [[dhcp4.subnets]] that has")
        elif address is not None and _is_no_machines(address, networks[0]):
            report.untranslated(each.place, shown, f"no machine can have it in {networks[0]}", "choose another address")
        elif address is not None and (other := by_address.get(address)) is not None:
            why = f"the address is reserved already ({other.place})"
            report.untranslated(each.place, shown, why, "a machine with several cards needs an address for each")
        else:
            for network in networks:
                if (other := by_mark.setdefault((network, each.mark), each)) is each:
                    homes[network].append(each)
                elif address is not None:
                    why = f"the machine has one already ({other.place})"
                    report.untranslated(each.place, shown, why, _KEEP_ONE)
                elif other.address is None:
                    report.untranslated(each.place, shown, f"it has one already ({other.place})", _KEEP_ONE)
            if address is not None and by_mark[networks[0], each.mark] is each:
                by_address[address] = each
    return homes


def _is_no_machines(address: IPv4Address, network: IPv4Network) -> bool:
    return network.prefixlen < 31 and address in (network[0], network[-1])


def said_of_all(subnets: Sequence[Subnet]) -> tuple[tuple[OptionSetting, ...], tuple[Subnet, ...]]:
    """The options that all of several subnets have from the same line, and the subnets without them."""
    if len(subnets) < 2:
        return (), tuple(subnets)
    everywhere = [each for each in subnets[0].options if all(each in subnet.options for subnet in subnets[1:])]
    rest = (tuple(each for each in subnet.options if each not in everywhere) for subnet in subnets)
    return tuple(everywhere), tuple(replace(subnet, options=own) for subnet, own in zip(subnets, rest, strict=True))
