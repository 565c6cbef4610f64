"""What a configuration needs around it: interfaces for its networks, files, and who else is on the cable."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import islice

from wireboot.boot.generated_files import own_address_for
from wireboot.boot.loaders import FoundLoaders
from wireboot.boot.menus import server_types
from wireboot.config.model import Configuration
from wireboot.config.model_dhcp4 import Dhcp4Subnet
from wireboot.endpoint import Interface
from wireboot.errors import OperatorError
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.options import ROUTERS
from wireboot.protocols.tftp.files import BootFiles
from wireboot.services.inventory import inventory
from wireboot.services.snapshot import Snapshot, take_snapshot
from wireboot.sim.files import SIZE_BYTES_MAX, ReadFile, SimulatedFiles, named_files
from wireboot.sim.link_addresses import Kind, made_up
from wireboot.wire.addresses import AddressRange
from wireboot.wire.option_table import Options

NETWORK = IPv4Network("10.77.0.0/16")
"""Where a configuration in proxy mode stands that names no network."""
LEASE_TIME_S = 3600
NO_LOADERS = FoundLoaders({})
_MTU = 1500
_SPARE = 2
"""Machines that lose an offer on the way may hold a second address for a while."""


@dataclass(frozen=True, slots=True)
class DhcpBeside:
    """The DHCP server that a proxy stands beside."""

    address: IPv4Interface
    subnet: Subnet


@dataclass(frozen=True)
class Site:
    """A configuration and its surroundings."""

    config: Configuration
    interfaces: Mapping[str, Interface]
    """The server's, one for each network."""
    files: SimulatedFiles
    snapshot: Snapshot
    boot_servers_elsewhere: Mapping[IPv4Address, Mapping[int, str]]
    """Those that menus lead to, and what they serve: by their types, a file each."""
    dhcp_beside: DhcpBeside | None
    """None in server mode."""

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.interfaces)


def nothing_there(name: str, size_bytes_max: int) -> None:
    """A `ReadFile` for a site without real files."""


def site_of(
    config: Configuration,
    machines: int,
    *,
    loaders: FoundLoaders = NO_LOADERS,
    read: ReadFile = nothing_there,
    size_bytes_max: int = SIZE_BYTES_MAX,
    served: BootFiles | None = None,
) -> Site:
    """The site that `config` serves, with room for so many machines beside what it lends itself.

    wireboot's server has what `read` gives, up to a size, and stand-ins for the rest; or just what is `served`.

    Raises OperatorError where its network is too small for a DHCP server beside a proxy.
    """
    interfaces = simulated_interfaces(config)
    elsewhere = _boot_servers_elsewhere(config)
    theirs = (file for served in elsewhere.values() for file in served.values())
    files = SimulatedFiles({*named_files(config, loaders), *theirs}, read, size_bytes_max)
    own_address = partial(own_address_for, interfaces=interfaces.values())
    snapshot = take_snapshot(config, loaders, served or files, own_address)
    beside = None
    if config.dhcp4.mode != "server":
        (interface,) = interfaces.values()
        beside = _dhcp_beside(config, interface.ipv4[0], machines)
    return Site(config, interfaces, files, snapshot, elsewhere, beside)


def simulated_interfaces(config: Configuration) -> dict[str, Interface]:
    """One for each network, by the configured names as far as they go; in proxy mode one."""
    dhcp4 = config.dhcp4
    if dhcp4.mode == "server":
        networks = [subnets[0].network for subnets in subnets_by_link(config)] or [NETWORK]
    else:
        networks = [NETWORK if dhcp4.proxy_fallback is None else dhcp4.proxy_fallback.network]
    names = [*config.network.interfaces, *(f"eth{number}" for number in range(len(networks)))]
    taken = _spoken_for(config)
    return {
        name: _interface(name, number, _free_address(network, taken))
        for number, (name, network) in enumerate(zip(dict.fromkeys(names), networks, strict=False), start=1)
    }


def subnets_by_link(config: Configuration) -> list[list[Dhcp4Subnet]]:
    """The subnets of each link, in the order of `simulated_interfaces`."""
    links: dict[str, list[Dhcp4Subnet]] = {}
    for subnet in config.dhcp4.subnets:
        links.setdefault(subnet.shared_network or str(subnet.network), []).append(subnet)
    return list(links.values())


def _interface(name: str, number: int, address: IPv4Interface) -> Interface:
    return Interface(name, number, made_up(Kind.SERVER, number), _MTU, (address,))


def _spoken_for(config: Configuration) -> list[AddressRange[IPv4Address]]:
    """Addresses that somebody else has or gets."""
    ranges = [pool for subnet in config.dhcp4.subnets for pool in subnet.pools]
    if config.dhcp4.proxy_fallback is not None:
        ranges += config.dhcp4.proxy_fallback.pools
    reserved = (each.address for subnet in config.dhcp4.subnets for each in subnet.reservations)
    single = [address for address in reserved if address is not None]
    single += [address for menu in config.menus for entry in menu.entries for address in entry.servers]
    return [*ranges, *(AddressRange(address, address) for address in single)]


def _free_address(network: IPv4Network, taken: Collection[AddressRange[IPv4Address]]) -> IPv4Interface:
    free = (host for host in network.hosts() if not any(host in each for each in taken))
    address = next(free, None)
    if address is None:
        raise OperatorError(
            f"the pools of {network} leave no address for the server itself",
            hint="leave one address out of the pools",
            exit_code=2,
        )
    return IPv4Interface((address, network.prefixlen))


def _boot_servers_elsewhere(config: Configuration) -> dict[IPv4Address, dict[int, str]]:
    servers: dict[IPv4Address, dict[int, str]] = {}
    for menu in inventory(config, NO_LOADERS, {}).menus.values():
        for server_type, entry in zip(server_types(menu), menu.entries, strict=True):
            for address in entry.servers:
                servers.setdefault(address, {})[server_type] = entry.file or f"elsewhere/{server_type}"
    return servers


def _dhcp_beside(config: Configuration, server: IPv4Interface, machines: int) -> DhcpBeside:
    """One with room for so many machines."""
    own = AddressRange(server.ip, server.ip)
    beside = _free_address(server.network, [*_spoken_for(config), own])
    taken = [*_spoken_for(config), own, AddressRange(beside.ip, beside.ip)]
    free = (host for host in server.network.hosts() if not any(host in each for each in taken))
    wanted = machines * _SPARE + 8
    lent = list(islice(free, wanted))
    if len(lent) < wanted:
        raise OperatorError(
            f"{server.network} has no room for {machines} machines",
            hint=f"simulate at most {max(0, (len(lent) - 8) // _SPARE)} with --machines",
            exit_code=2,
        )
    pools = tuple(AddressRange(address, address) for address in lent)
    options = Options().with_option(ROUTERS, (beside.ip,))
    return DhcpBeside(beside, Subnet(server.network, _joined(pools), LEASE_TIME_S, options))


def _joined(ranges: tuple[AddressRange[IPv4Address], ...]) -> tuple[AddressRange[IPv4Address], ...]:
    """Neighbours made one."""
    joined: list[AddressRange[IPv4Address]] = []
    for each in ranges:
        if joined and int(joined[-1].last) + 1 == int(each.first):
            joined[-1] = AddressRange(joined[-1].first, each.last)
        else:
            joined.append(each)
    return tuple(joined)
