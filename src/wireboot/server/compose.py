"""Puts the parts together: which services stand on which port, and what each of them is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.boot.inventory import Inventory
from wireboot.boot.policy import decide
from wireboot.boot.timeline import Timeline
from wireboot.config.model import Configuration
from wireboot.endpoint import DatagramDropped, Endpoint, Event, Interface
from wireboot.errors import DecodeError
from wireboot.leases.allocator import Allocator
from wireboot.net.arp import ArpSocket
from wireboot.net.driver import Driver, Transport
from wireboot.net.udp import UdpSocket
from wireboot.protocols.arp.prober import AddressProber
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint, Dhcp4Service
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_file import BootFile, NoBootFile, with_boot_file
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.events import BootFileNamed, BootNamer, BootOptionMalformed, NothingToBoot
from wireboot.protocols.pxe.identity import PxeClient, identify
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.tftp.server import TftpServer
from wireboot.server.ledger import LeaseLedger
from wireboot.server.ports import (
    RawFramesRefused,
    open_boot_server_port,
    open_dhcp_proxy_port,
    open_dhcp_server_port,
    open_raw_sender,
    open_tftp_ports,
)
from wireboot.store.boot_files import BootFileStore
from wireboot.store.leases import LeaseStore

Tell = Callable[[Event], None]


@dataclass
class Snapshot:
    """What may change while the server runs: swapped as a whole, read afresh for every packet."""

    inventory: Inventory

    def decide(self, client: PxeClient) -> BootFile | NoBootFile:
        return decide(client, self.inventory)


class Counted:
    """Passes events on to a listener, and the boot steps that follow from them; counts what was dropped."""

    def __init__(self, listener: Tell) -> None:
        self._listener = listener
        self._timeline = Timeline()
        self.drops: Counter[tuple[str, str]] = Counter()

    def tell(self, event: Event) -> None:
        if isinstance(event, DatagramDropped):
            self.drops[event.service, event.reason] += 1
        self._listener(event)
        for step in self._timeline.observe(event):
            self._listener(step)


class Services:
    """All services of one server, running on the current asyncio loop from construction to `close`."""

    def __init__(
        self,
        config: Configuration,
        interfaces: Sequence[Interface],
        snapshot: Snapshot,
        allocator: Allocator,
        leases: LeaseStore,
        files: BootFileStore,
        tell: Tell,
    ) -> None:
        """Raises OperatorError when a port cannot be had; nothing is left open then."""
        self._interfaces = interfaces
        self._snapshot = snapshot
        self._tell = tell
        with ExitStack() as opened:
            self._ledger = LeaseLedger(leases, tell)
            opened.callback(self._ledger.close)
            self._raw = open_raw_sender(interfaces)
            if self._raw is None:
                tell(RawFramesRefused())
            else:
                opened.callback(self._raw.close)
            self._opened = opened
            if config.dhcp4.mode == "server":
                self._serve_dhcp(allocator)
            elif config.dhcp4.mode == "proxy":
                self._serve_proxy_dhcp()
            if config.dhcp4.mode != "off":
                port_4011 = open_boot_server_port(interfaces)
                self._drive(Dhcp4Endpoint([BootServer(snapshot.decide)]), [port_4011])
            self._serve_tftp(config, files)
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._opened.close()

    def _serve_dhcp(self, allocator: Allocator) -> None:
        by_name = {interface.name: interface for interface in self._interfaces}
        server = Dhcp4Server(allocator, by_name, BootInformation(self._snapshot))
        self._serve_port_67(open_dhcp_server_port(self._interfaces), server)
        if self._raw is not None:
            self._drive(AddressProber(allocator, self._interfaces), [ArpSocket(self._interfaces)])

    def _serve_proxy_dhcp(self) -> None:
        socket, remark = open_dhcp_proxy_port(self._interfaces)
        if remark is not None:
            self._tell(remark)
        if socket is not None:
            self._serve_port_67(socket, ProxyDhcp(self._snapshot.decide))

    def _serve_port_67(self, socket: UdpSocket, service: Dhcp4Service) -> None:
        # The Boot Server first: a DHCPREQUEST with a boot item looks for a Boot Server, not for an address.
        self._drive(Dhcp4Endpoint([BootServer(self._snapshot.decide), service]), [socket])

    def _serve_tftp(self, config: Configuration, files: BootFileStore) -> None:
        requests, transfers = open_tftp_ports(config.tftp.port, self._interfaces)
        server = TftpServer(
            files,
            request_port=requests.port,
            transfer_ports=[socket.port for socket in transfers],
            interface_mtus={interface.name: interface.mtu for interface in self._interfaces},
        )
        self._drive(server, [requests, *transfers])

    def _drive(self, endpoint: Endpoint, transports: Sequence[Transport]) -> None:
        driver = Driver(endpoint, transports, remember=self._ledger.remember, tell=self._tell, raw=self._raw)
        self._opened.callback(driver.close)


class BootInformation:
    """An `AddBootInformation`: makes the DHCP server a combined one, that names boot files itself."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __call__(self, request: Message, reply: Message, server: IPv4Address) -> tuple[Message, tuple[Event, ...]]:
        try:
            client = identify(request)
        except DecodeError as problem:
            # An address is no reason to be strict about what is for booting only.
            return reply, (BootOptionMalformed(request.chaddr, str(problem)),)
        if client is None:
            return reply, ()
        decision = self._snapshot.decide(client)
        if isinstance(decision, NoBootFile):
            return reply, (NothingToBoot(client, decision.rule),)
        by: BootNamer = "DHCPOFFER" if reply.message_type is MessageType.OFFER else "DHCPACK"
        return with_boot_file(reply, decision, server), (
            BootFileNamed(client, decision, server, by, client_address=reply.yiaddr),
        )
