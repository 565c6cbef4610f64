"""Which services stand on which port, for each mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wireboot.endpoint import Interface
from wireboot.leases.allocator import Allocator
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_information import BootInformation
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.tftp.server import TftpServer
from wireboot.services.snapshot import Snapshot


def dhcp_server(snapshot: Snapshot, allocator: Allocator, interfaces: Mapping[str, Interface]) -> Dhcp4Endpoint:
    """Port 67 of a server that hands out addresses."""
    # The Boot Server first: a DHCPREQUEST with a boot item looks for a Boot Server, not for an address.
    server = Dhcp4Server(allocator, interfaces, BootInformation(snapshot.decide))
    return Dhcp4Endpoint([BootServer(snapshot.decide), server])


def dhcp_proxy(snapshot: Snapshot) -> Dhcp4Endpoint:
    """Port 67 of a server that stands beside another one."""
    return Dhcp4Endpoint([BootServer(snapshot.decide), ProxyDhcp(snapshot.decide)])


def boot_server(snapshot: Snapshot) -> Dhcp4Endpoint:
    """Port 4011."""
    return Dhcp4Endpoint([BootServer(snapshot.decide)])


def tftp_server(
    snapshot: Snapshot, request_port: int, transfer_ports: Sequence[int], interface_mtus: Mapping[str, int]
) -> TftpServer:
    return TftpServer(snapshot, request_port=request_port, transfer_ports=transfer_ports, interface_mtus=interface_mtus)
