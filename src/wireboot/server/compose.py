"""Puts the parts together: which services stand on which port, and what each of them is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from wireboot.boot.inventory import Inventory
from wireboot.boot.policy import decide
from wireboot.config.model import Configuration
from wireboot.endpoint import Endpoint, Event, Interface, SocketAddress
from wireboot.leases.allocator import Allocator
from wireboot.net.arp import ArpSocket
from wireboot.net.driver import Driver, Transport
from wireboot.net.interfaces import InterfaceTable
from wireboot.net.udp import UdpSocket
from wireboot.protocols.arp.prober import AddressProber
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint, Dhcp4Service
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_file import BootFile, NoBootFile
from wireboot.protocols.pxe.boot_information import BootInformation
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.tftp.files import BootFiles, OpenFile
from wireboot.protocols.tftp.server import TftpServer
from wireboot.server.host import own_addresses
from wireboot.server.ledger import LeaseLedger
from wireboot.server.ports import (
    RawFramesRefused,
    open_boot_server_port,
    open_dhcp_proxy_port,
    open_dhcp_server_port,
    open_raw_sender,
    open_tftp_ports,
)
from wireboot.store.leases import LeaseStore

Tell = Callable[[Event], None]


@dataclass
class Snapshot:
    """What may change while the server runs: swapped as a whole, read afresh for every packet."""

    inventory: Inventory
    files: BootFiles

    def decide(self, client: PxeClient) -> BootFile | NoBootFile:
        return decide(client, self.inventory)

    def open(self, name: str, peer: SocketAddress) -> OpenFile:
        """Makes the snapshot a `BootFiles` itself."""
        return self.files.open(name, peer)


class Services:
    """All services of one server, running on the current asyncio loop from construction to `close`."""

    def __init__(
        self,
        config: Configuration,
        interfaces: Iterable[Interface],
        snapshot: Snapshot,
        allocator: Allocator,
        leases: LeaseStore,
        tell: Tell,
    ) -> None:
        """Raises OperatorError when a port cannot be had; nothing is left open then."""
        self._interfaces = InterfaceTable()
        self._mtus: dict[str, int] = {}
        self._allocator = allocator
        self._snapshot = snapshot
        self._tell = tell
        self.use_interfaces(interfaces)
        with ExitStack() as opened:
            self._ledger = LeaseLedger(leases, tell)
            opened.callback(self._ledger.close)
            self._raw = open_raw_sender(self._interfaces)
            if self._raw is None:
                tell(RawFramesRefused())
            else:
                opened.callback(self._raw.close)
            self._opened = opened
            if config.dhcp4.mode == "server":
                self._serve_dhcp()
            elif config.dhcp4.mode == "proxy":
                self._serve_proxy_dhcp()
            if config.dhcp4.mode != "off":
                port_4011 = open_boot_server_port(self._interfaces)
                self._drive(Dhcp4Endpoint([BootServer(snapshot.decide)]), [port_4011])
            self._serve_tftp(config)
            self._opened = opened.pop_all()

    def use_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Serve on these from now on."""
        self._interfaces.replace(interfaces)
        self._mtus.clear()
        self._mtus.update({name: interface.mtu for name, interface in self._interfaces.items()})
        self._allocator.never = own_addresses(self._interfaces.values())

    def close(self) -> None:
        self._opened.close()

    def _serve_dhcp(self) -> None:
        server = Dhcp4Server(self._allocator, self._interfaces, BootInformation(self._snapshot.decide))
        self._serve_port_67(open_dhcp_server_port(self._interfaces), server)
        if self._raw is not None:
            self._drive(AddressProber(self._allocator, self._interfaces), [ArpSocket(self._interfaces)])

    def _serve_proxy_dhcp(self) -> None:
        socket, remark = open_dhcp_proxy_port(self._interfaces)
        if remark is not None:
            self._tell(remark)
        if socket is not None:
            self._serve_port_67(socket, ProxyDhcp(self._snapshot.decide))

    def _serve_port_67(self, socket: UdpSocket, service: Dhcp4Service) -> None:
        # The Boot Server first: a DHCPREQUEST with a boot item looks for a Boot Server, not for an address.
        self._drive(Dhcp4Endpoint([BootServer(self._snapshot.decide), service]), [socket])

    def _serve_tftp(self, config: Configuration) -> None:
        requests, transfers = open_tftp_ports(config.tftp.port, self._interfaces)
        server = TftpServer(
            self._snapshot,
            request_port=requests.port,
            transfer_ports=[socket.port for socket in transfers],
            interface_mtus=self._mtus,
        )
        self._opened.callback(server.close)
        self._drive(server, [requests, *transfers])

    def _drive(self, endpoint: Endpoint, transports: Sequence[Transport]) -> None:
        driver = Driver(endpoint, transports, remember=self._ledger.remember, tell=self._tell, raw=self._raw)
        self._opened.callback(driver.close)
