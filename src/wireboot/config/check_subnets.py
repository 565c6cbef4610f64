"""Checks of subnets: who gets which address, for how long and with which options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import combinations
from typing import TypeVar

from wireboot.config.dhcp4_options import OptionError, parse_dhcp4_option
from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.config.model import LentAddresses
from wireboot.config.positions import KeyPath
from wireboot.wire.addresses import Address, AddressRange, format_link_address

_IPNetwork = TypeVar("_IPNetwork", IPv4Network, IPv6Network)

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

LEASE_TIME_S_MIN = 60
LEASE_TIME_S_MAX = 365 * 24 * 3600
"""Outside of these a lease time is more likely a slip than a wish."""


def subnets_apart(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    config = loaded.config
    yield from _overlapping(loaded, "dhcp4", [subnet.network for subnet in config.dhcp4.subnets])
    yield from _overlapping(loaded, "dhcp6", [subnet.network for subnet in config.dhcp6.subnets])


def _overlapping(loaded: LoadedConfig, table: str, networks: Sequence[_IPNetwork]) -> Iterator[Finding]:
    for (first, network), (second, other) in combinations(enumerate(networks), 2):
        if network.overlaps(other):
            line = loaded.line(table, "subnets", first, "network")
            what = f"subnet {other} overlaps subnet {network} on line {line}"
            yield loaded.finding(ERROR, (table, "subnets", second, "network"), what, "make one of them smaller")


def _lent(loaded: LoadedConfig) -> Iterator[tuple[KeyPath, LentAddresses]]:
    """Every table that lends addresses, and where it stands."""
    dhcp4 = loaded.config.dhcp4
    for index, subnet in enumerate(dhcp4.subnets):
        yield ("dhcp4", "subnets", index), subnet
    if dhcp4.proxy_fallback is not None:
        yield ("dhcp4", "proxy_fallback"), dhcp4.proxy_fallback


def pools(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    for table, subnet in _lent(loaded):
        where = (*table, "pools")
        yield from _pools_of(loaded, where, subnet.network, subnet.pools)
        for number, pool in enumerate(subnet.pools):
            for address in filter(pool.__contains__, _not_for_hosts(subnet.network)):
                what = f"pool {pool} has {address} in it, which no machine can have in {subnet.network}"
                yield loaded.finding(ERROR, (*where, number), what, f"keep it within {_for_hosts(subnet.network)}")
    for index, subnet6 in enumerate(loaded.config.dhcp6.subnets):
        yield from _pools_of(loaded, ("dhcp6", "subnets", index, "pools"), subnet6.network, subnet6.pools)


def _pools_of(
    loaded: LoadedConfig, where: KeyPath, network: IPv4Network | IPv6Network, ranges: Sequence[AddressRange[Address]]
) -> Iterator[Finding]:
    for number, pool in enumerate(ranges):
        if pool.first not in network or pool.last not in network:
            remedy = f"keep it within {_for_hosts(network)}, or give it a subnet of its own"
            yield loaded.finding(ERROR, (*where, number), f"pool {pool} is not inside subnet {network}", remedy)
    for (_, pool), (number, other) in combinations(enumerate(ranges), 2):
        if pool.overlaps(other):
            what = f"pool {other} overlaps pool {pool}"
            yield loaded.finding(ERROR, (*where, number), what, "let each address stand in one pool only")


def reservations(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    """A machine may have a reservation in each subnet: it may move between them."""
    lines_by_address: dict[IPv4Address, int | None] = {}
    for index, subnet in enumerate(loaded.config.dhcp4.subnets):
        lines_by_mac: dict[bytes, int | None] = {}
        for number, reservation in enumerate(subnet.reservations):
            where = ("dhcp4", "subnets", index, "reservations", number)
            address, mac = reservation.address, reservation.mac
            if address not in subnet.network:
                others = (other.network for other in loaded.config.dhcp4.subnets if address in other.network)
                home = next((f"move it to subnet {other}" for other in others), f"choose one in {subnet.network}")
                what = f"reserved address {address} is not inside subnet {subnet.network}"
                yield loaded.finding(ERROR, (*where, "address"), what, home)
            elif address in _not_for_hosts(subnet.network):
                what = f"reserved address {address} is one that no machine can have in {subnet.network}"
                yield loaded.finding(ERROR, (*where, "address"), what, f"choose another in {subnet.network}")
            if mac in lines_by_mac:
                what = (
                    f"{format_link_address(mac)} has a reservation in this subnet already, on line {lines_by_mac[mac]}"
                )
                yield loaded.finding(ERROR, (*where, "mac"), what, "keep one of the two")
            if address in lines_by_address:
                what = f"{address} is reserved already, on line {lines_by_address[address]}"
                yield loaded.finding(ERROR, (*where, "address"), what, "choose another address")
            lines_by_mac.setdefault(mac, loaded.line(*where, "mac"))
            lines_by_address.setdefault(address, loaded.line(*where, "address"))


def own_addresses(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    """What the server holds itself it must not lend."""
    own = {address.ip: interface for interface, address in host.served_addresses(loaded.config)}
    for table, lent in _lent(loaded):
        for number, pool in enumerate(lent.pools):
            for address in filter(pool.__contains__, own):
                what = f"pool {pool} has this server's own address {address} ({own[address]}) in it"
                yield loaded.finding(WARNING, (*table, "pools", number), what, f"let the pool leave {address} out")
    for index, subnet in enumerate(loaded.config.dhcp4.subnets):
        for number, reservation in enumerate(subnet.reservations):
            if reservation.address in own:
                what = f"{reservation.address} is this server's own address ({own[reservation.address]})"
                at = ("dhcp4", "subnets", index, "reservations", number, "address")
                yield loaded.finding(ERROR, at, what, "choose another address")


def _not_for_hosts(network: IPv4Network) -> tuple[IPv4Address, ...]:
    """The network's own address and the broadcast address; a link of two has neither (RFC 3021)."""
    return (network.network_address, network.broadcast_address) if network.prefixlen < 31 else ()


def _for_hosts(network: IPv4Network | IPv6Network) -> str:
    """The addresses that machines can have, as a range of the file."""
    has_broadcast = isinstance(network, IPv4Network) and bool(_not_for_hosts(network))
    return f"{network[1]}-{network[-2]}" if has_broadcast else f"{network[0]}-{network[-1]}"


def server_mode(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    dhcp4 = loaded.config.dhcp4
    if dhcp4.mode == "server" and not dhcp4.subnets:
        what = 'mode "server" hands out addresses, but there is no subnet to take them from'
        remedy = 'add [[dhcp4.subnets]] with network and pools, or set mode = "proxy"'
        yield loaded.finding(ERROR, ("dhcp4", "mode"), what, remedy)
    elif dhcp4.mode != "server" and dhcp4.subnets:
        what = f'mode "{dhcp4.mode}" hands out no addresses: the subnets have no effect'
        yield loaded.finding(NOTE, ("dhcp4", "subnets"), what, 'set mode = "server", or take the subnets out')
    for index, subnet in enumerate(dhcp4.subnets):
        if not subnet.pools and not subnet.reservations:
            what = f"subnet {subnet.network} has no pool and no reservation: nobody gets an address there"
            remedy = f'add pools, such as `pools = ["{_for_hosts(subnet.network)}"]`'
            yield loaded.finding(WARNING, ("dhcp4", "subnets", index, "network"), what, remedy)
    if dhcp4.mode == "server" and dhcp4.subnets:
        yield from _subnets_on_links(loaded, host)


def _subnets_on_links(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    subnets = loaded.config.dhcp4.subnets
    served = host.served_addresses(loaded.config)
    if served and not any(address.ip in subnet.network for _, address in served for subnet in subnets):
        addresses = ", ".join(f"{address} ({interface})" for interface, address in served)
        what = f"no subnet is on this machine's own network {addresses}: only clients behind a relay get addresses"
        yield loaded.finding(
            WARNING, ("dhcp4", "subnets"), what, "add the subnet of an interface, if clients sit there"
        )
    for index, subnet in enumerate(subnets):
        for interface, address in served:
            if address.ip in subnet.network and address.network != subnet.network:
                what = f"interface {interface} is in network {address.network}, the subnet says {subnet.network}"
                remedy = "give both the same prefix length, or clients and server will disagree on who is near"
                yield loaded.finding(WARNING, ("dhcp4", "subnets", index, "network"), what, remedy)


def lease_times(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    for table, subnet in _lent(loaded):
        where = (*table, "lease_time_s")
        if subnet.lease_time_s < LEASE_TIME_S_MIN:
            what = f"lease_time_s = {subnet.lease_time_s}: clients renew every {subnet.lease_time_s / 2:g} seconds"
            yield loaded.finding(WARNING, where, what, "3600 is an hour, and common")
        elif subnet.lease_time_s > LEASE_TIME_S_MAX:
            what = f"lease_time_s = {subnet.lease_time_s}: addresses of machines that are gone stay taken for years"
            yield loaded.finding(WARNING, where, what, "86400 is a day")


def proxy_fallback(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    dhcp4 = loaded.config.dhcp4
    fallback, where = dhcp4.proxy_fallback, ("dhcp4", "proxy_fallback")
    if fallback is None:
        return
    if dhcp4.mode != "proxy":
        what = f'proxy_fallback has no effect in mode "{dhcp4.mode}"'
        yield loaded.finding(NOTE, where, what, 'set mode = "proxy", or take it out')
    if not fallback.pools:
        remedy = "add a few addresses that the DHCP server beside does not lend"
        yield loaded.finding(ERROR, (*where, "network"), "proxy_fallback has no pools to lend from", remedy)
    served = host.served_addresses(loaded.config)
    if served and not any(address.ip in fallback.network for _, address in served):
        what = f"proxy_fallback lends addresses of {fallback.network}, which is on no interface of this machine"
        yield loaded.finding(WARNING, (*where, "network"), what, "it helps machines behind a relay only")


def dhcp4_options(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    for table, subnet in _lent(loaded):
        names_by_code: dict[int, str] = {}
        for name, value in subnet.options.items():
            where = (*table, "options", name)
            try:
                code, _ = parse_dhcp4_option(name, value)
            except OptionError as problem:
                yield loaded.finding(ERROR, where, str(problem), problem.remedy)
            else:
                if code in names_by_code:
                    what = f"option {name!r} is the same as {names_by_code[code]!r}"
                    yield loaded.finding(ERROR, where, what, "keep one of the two")
                names_by_code.setdefault(code, name)


SUBNET_CHECKS = (
    subnets_apart,
    pools,
    reservations,
    own_addresses,
    server_mode,
    proxy_fallback,
    lease_times,
    dhcp4_options,
)
