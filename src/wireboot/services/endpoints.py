"""Which services stand on which port, for each mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address

from wireboot.endpoint import Interface
from wireboot.leases.allocator import Allocator
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint
from wireboot.protocols.dhcp4.exchange import client_key
from wireboot.protocols.dhcp4.fast_path import FastPath
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_information import BootInformation
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.identity import PXE_CLASS
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.pxe.proxy_fallback import ProxyFallback
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.protocols.tftp.multicast import MulticastLimits
from wireboot.protocols.tftp.server import TftpServer
from wireboot.services.known_machines import KnownMachines
from wireboot.services.snapshot import Snapshot


def dhcp_server(snapshot: Snapshot, allocator: Allocator, interfaces: Mapping[str, Interface]) -> Dhcp4Endpoint:
    """Port 67 of a server that hands out addresses."""
    fast_path = FastPath(
        allocator, interfaces, lambda: snapshot.dhcp4, KnownMachines(snapshot), not_for_class=PXE_CLASS
    )
    # The Boot Server first: a DHCPREQUEST with a boot item looks for a Boot Server, not for an address.
    return Dhcp4Endpoint([BootServer(snapshot), _address_server(snapshot, allocator, interfaces)], fast_path)


def dhcp_proxy(snapshot: Snapshot, allocator: Allocator, interfaces: Mapping[str, Interface]) -> Dhcp4Endpoint:
    """Port 67 of a server that stands beside another one.

    `allocator` has the fallback's addresses; without any, nobody is lent one.
    """
    server = _address_server(snapshot, allocator, interfaces)
    fallback = ProxyFallback(server, partial(_address_lent, allocator), snapshot)
    return Dhcp4Endpoint([BootServer(snapshot), fallback, ProxyDhcp(snapshot)])


def boot_server(snapshot: Snapshot) -> Dhcp4Endpoint:
    """Port 4011."""
    return Dhcp4Endpoint([BootServer(snapshot)])


def tftp_server(
    snapshot: Snapshot,
    request_port: int,
    transfer_ports: Sequence[int],
    interface_mtus: Mapping[str, int],
    multicast: MulticastLimits | None,
) -> TftpServer:
    return TftpServer(
        snapshot,
        request_port=request_port,
        transfer_ports=transfer_ports,
        interface_mtus=interface_mtus,
        multicast=multicast,
    )


def mtftp_server(snapshot: Snapshot) -> MtftpServer:
    """PXE's multicast, at the server port of its offers."""
    return MtftpServer(snapshot, snapshot.inventory.mtftp)


def _address_server(snapshot: Snapshot, allocator: Allocator, interfaces: Mapping[str, Interface]) -> Dhcp4Server:
    boot_information = BootInformation(snapshot)
    return Dhcp4Server(allocator, interfaces, boot_information, lambda: snapshot.dhcp4, KnownMachines(snapshot))


def _address_lent(allocator: Allocator, message: Message) -> IPv4Address | None:
    """What the sender of this message was offered or lent."""
    leases = (allocator.lease_of(client_key(message), subnet) for subnet in allocator.subnets)
    return next((lease.address for lease in leases if lease is not None), None)
