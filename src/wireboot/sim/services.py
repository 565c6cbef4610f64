"""The servers of a site, with the endpoints that the real ones run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address

from wireboot.endpoint import Event, Interface
from wireboot.leases.allocator import Allocator
from wireboot.leases.lease import Lease
from wireboot.protocols.arp.prober import AddressProber
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.decision import BootFile, Decision, NoBootFile
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.quirks import Effect
from wireboot.protocols.tftp.server import TftpServer
from wireboot.services import endpoints
from wireboot.services.inventory import multicast_limits
from wireboot.services.subnets import subnets
from wireboot.sim.server import ARP_PORT, Service, Started
from wireboot.sim.site import Site
from wireboot.wire.iana import Port

_TRANSFER_PORTS = (50001, 50002, 50003, 50004)


def start_wireboot(site: Site, leases: Sequence[Lease]) -> Started:
    """What `wireboot serve` runs with this configuration, from its disk."""
    config = site.config
    discovery = config.pxe.discovery
    groups = {discovery.group} if discovery.multicast and config.dhcp4.mode != "off" else set()
    return Started(tuple(_services(site, leases)), frozenset(groups))


def start_dhcp_beside(site: Site, interfaces: Mapping[str, Interface], leases: Sequence[Lease]) -> Started:
    """A DHCP server that knows nothing of PXE."""
    assert site.dhcp_beside is not None
    allocator = Allocator((site.dhcp_beside.subnet,), leases, _own_addresses(interfaces))
    server = Dhcp4Server(allocator, interfaces, _nothing_to_add)
    return Started((Service(Dhcp4Endpoint([server]), (Port.DHCP_SERVER,)),))


def start_boot_server_elsewhere(site: Site, files_by_type: Mapping[int, str], leases: Sequence[Lease]) -> Started:
    """A Boot Server of somebody else's that a menu leads to, and its TFTP server."""
    del leases
    boot_server = Dhcp4Endpoint([BootServer(_OneFileForEachType(files_by_type))])
    tftp = TftpServer(site.files, transfer_ports=_TRANSFER_PORTS)
    services = (
        Service(boot_server, (Port.BOOT_SERVER, Port.DHCP_SERVER)),
        Service(tftp, (Port.TFTP, *_TRANSFER_PORTS), tftp.close),
    )
    return Started(services, frozenset({site.config.pxe.discovery.group}))


class _OneFileForEachType:
    """A `Policy`."""

    def __init__(self, files_by_type: Mapping[int, str]) -> None:
        self._files_by_type = files_by_type

    def decide(self, client: PxeClient) -> Decision:  # noqa: ARG002  # a policy's form
        return NoBootFile("nobody is sent here without a type")

    def boot_item(self, client: PxeClient, server_type: int, layer: int) -> BootFile | NoBootFile:  # noqa: ARG002
        file = self._files_by_type.get(server_type)
        return NoBootFile("not a type of this server") if file is None else BootFile(file, "another server's")

    def quirk_effect(self, client: PxeClient) -> Effect:  # noqa: ARG002
        return Effect.NONE


def _services(site: Site, leases: Sequence[Lease]) -> Iterator[Service]:
    config, interfaces, snapshot = site.config, site.interfaces, site.snapshot
    allocator = Allocator(subnets(config), leases, _own_addresses(interfaces))
    if config.dhcp4.mode == "server":
        yield Service(endpoints.dhcp_server(snapshot, allocator, interfaces), (Port.DHCP_SERVER,))
    elif config.dhcp4.mode == "proxy":
        yield Service(endpoints.dhcp_proxy(snapshot, allocator, interfaces), (Port.DHCP_SERVER,))
    if config.dhcp4.mode != "off":
        yield Service(AddressProber(allocator, interfaces), (ARP_PORT,))
        yield Service(endpoints.boot_server(snapshot), (Port.BOOT_SERVER,))
    mtus = {name: interface.mtu for name, interface in interfaces.items()}
    tftp = endpoints.tftp_server(snapshot, config.tftp.port, _TRANSFER_PORTS, mtus, multicast_limits(config))
    yield Service(tftp, (config.tftp.port, *_TRANSFER_PORTS), tftp.close)
    if config.mtftp.files:
        mtftp = endpoints.mtftp_server(snapshot)
        yield Service(mtftp, (config.mtftp.server_port,), mtftp.close)


def _own_addresses(interfaces: Mapping[str, Interface]) -> frozenset[IPv4Address]:
    return frozenset(address.ip for interface in interfaces.values() for address in interface.ipv4)


def _nothing_to_add(request: Message, reply: Message, server: IPv4Address) -> tuple[Message, tuple[Event, ...]]:  # noqa: ARG001  # its form
    return reply, ()
