"""Checks of subnets: which addresses are lent where, and with which options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from itertools import combinations
from typing import TypeVar

from wireboot.config.dhcp4_options import OptionError, parse_dhcp4_option
from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.keys import near
from wireboot.config.load import LoadedConfig
from wireboot.config.model_dhcp4 import LentAddresses
from wireboot.config.networks import for_hosts, not_for_hosts
from wireboot.config.positions import KeyPath
from wireboot.wire.addresses import Address, AddressRange

_IPNetwork = TypeVar("_IPNetwork", IPv4Network, IPv6Network)

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


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


def shared_networks(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    subnets = loaded.config.dhcp4.subnets
    members = Counter(subnet.shared_network for subnet in subnets)
    for index, subnet in enumerate(subnets):
        name, where = subnet.shared_network, ("dhcp4", "subnets", index, "shared_network")
        if name is not None and members[name] == 1:
            what = f'no other subnet is in shared network "{name}": this one is alone as it would be without'
            meant = near(name, [str(other) for other in members if other not in (None, name)])
            remedy = f'did you mean "{meant}"?' if meant else "give the other subnets of that link the same name"
            yield loaded.finding(NOTE, where, what, remedy)
    yield from _links_apart(loaded, host)


def _links_apart(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    """Two subnets on one interface that are not said to be one link: only the first serves clients there."""
    here: dict[str, list[int]] = {}
    for interface, address in host.served_addresses(loaded.config):
        for index, subnet in enumerate(loaded.config.dhcp4.subnets):
            if address.ip in subnet.network and index not in here.setdefault(interface, []):
                here[interface].append(index)
    for interface, indices in here.items():
        first, *others = (loaded.config.dhcp4.subnets[index] for index in sorted(indices))
        for index, other in zip(sorted(indices)[1:], others, strict=True):
            if other.shared_network is None or other.shared_network != first.shared_network:
                what = f"interface {interface} is in subnet {first.network} too, which serves the clients there"
                remedy = 'give both the same name, such as `shared_network = "hall"`, and both serve them'
                yield loaded.finding(NOTE, ("dhcp4", "subnets", index, "network"), what, remedy)


def pools(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    for table, subnet in _lent(loaded):
        where = (*table, "pools")
        yield from _pools_of(loaded, where, subnet.network, subnet.pools)
        for number, pool in enumerate(subnet.pools):
            for address in filter(pool.__contains__, not_for_hosts(subnet.network)):
                what = f"pool {pool} has {address} in it, which no machine can have in {subnet.network}"
                yield loaded.finding(ERROR, (*where, number), what, f"keep it within {for_hosts(subnet.network)}")
    for index, subnet6 in enumerate(loaded.config.dhcp6.subnets):
        yield from _pools_of(loaded, ("dhcp6", "subnets", index, "pools"), subnet6.network, subnet6.pools)


def _pools_of(
    loaded: LoadedConfig, where: KeyPath, network: IPv4Network | IPv6Network, ranges: Sequence[AddressRange[Address]]
) -> Iterator[Finding]:
    for number, pool in enumerate(ranges):
        if pool.first not in network or pool.last not in network:
            remedy = f"keep it within {for_hosts(network)}, or give it a subnet of its own"
            yield loaded.finding(ERROR, (*where, number), f"pool {pool} is not inside subnet {network}", remedy)
    for (_, pool), (number, other) in combinations(enumerate(ranges), 2):
        if pool.overlaps(other):
            what = f"pool {other} overlaps pool {pool}"
            yield loaded.finding(ERROR, (*where, number), what, "let each address stand in one pool only")


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
            remedy = f'add pools, such as `pools = ["{for_hosts(subnet.network)}"]`'
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
    for where, options in _option_tables(loaded):
        names_by_code: dict[int, str] = {}
        for name, value in options.items():
            try:
                code, _ = parse_dhcp4_option(name, value)
            except OptionError as problem:
                yield loaded.finding(ERROR, (*where, name), str(problem), problem.remedy)
            else:
                if code in names_by_code:
                    what = f"option {name!r} is the same as {names_by_code[code]!r}"
                    yield loaded.finding(ERROR, (*where, name), what, "keep one of the two")
                names_by_code.setdefault(code, name)


def _option_tables(loaded: LoadedConfig) -> Iterator[tuple[KeyPath, Mapping[str, object]]]:
    """Every table of options that are sent, and where it stands."""
    dhcp4 = loaded.config.dhcp4
    yield ("dhcp4", "options"), dhcp4.options
    for index, each in enumerate(dhcp4.classes):
        yield ("dhcp4", "classes", index, "options"), each.options
    for table, lent in _lent(loaded):
        yield (*table, "options"), lent.options
    for index, subnet in enumerate(dhcp4.subnets):
        for number, reservation in enumerate(subnet.reservations):
            yield ("dhcp4", "subnets", index, "reservations", number, "options"), reservation.options


SUBNET_CHECKS = (
    subnets_apart,
    shared_networks,
    pools,
    own_addresses,
    server_mode,
    proxy_fallback,
    dhcp4_options,
)
