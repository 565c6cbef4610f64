"""Puts the parts together: each endpoint on its sockets, and what all of them share."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from wireboot.config.model import Configuration
from wireboot.endpoint import Endpoint, Event, Interface
from wireboot.leases.allocator import Allocator
from wireboot.net.arp import ArpSocket
from wireboot.net.clock import now
from wireboot.net.driver import Driver, Transport
from wireboot.net.interfaces import InterfaceTable
from wireboot.net.ping import EchoSocket
from wireboot.protocols.arp.prober import AddressProber
from wireboot.protocols.echo.prober import EchoProber
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.server.host import own_addresses
from wireboot.server.ledger import LeaseLedger
from wireboot.server.ports import (
    ProxyFallbackOff,
    RawFramesRefused,
    open_boot_server_port,
    open_dhcp_proxy_port,
    open_dhcp_server_port,
    open_mtftp_port,
    open_raw_sender,
    open_tftp_ports,
)
from wireboot.services import endpoints
from wireboot.services.inventory import multicast_limits
from wireboot.services.snapshot import Snapshot
from wireboot.store.leases import LeaseStore

Tell = Callable[[Event], None]

_ECHO_DATA_BYTES = 8


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
        self._mtftp: MtftpServer | None = None
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
                groups = (config.pxe.discovery.group,) if config.pxe.discovery.multicast else ()
                self._drive(endpoints.boot_server(snapshot), [open_boot_server_port(self._interfaces, groups)])
            self._serve_tftp(config)
            self._serve_mtftp(config)
            self._opened = opened.pop_all()

    def use_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Serve on these from now on."""
        self._interfaces.replace(interfaces)
        self._mtus.clear()
        self._mtus.update({name: interface.mtu for name, interface in self._interfaces.items()})
        self._allocator.never = own_addresses(self._interfaces.values())

    def snapshot_replaced(self) -> None:
        """The one service that keeps some of it in mind hears of the change."""
        if self._mtftp is not None:
            self._mtftp.use_offers(self._snapshot.inventory.mtftp, now())

    def close(self) -> None:
        self._opened.close()

    def _serve_dhcp(self) -> None:
        endpoint = endpoints.dhcp_server(self._snapshot, self._allocator, self._interfaces)
        self._drive(endpoint, [open_dhcp_server_port(self._interfaces)])
        self._probe_addresses()

    def _serve_proxy_dhcp(self) -> None:
        socket, beside = open_dhcp_proxy_port(self._interfaces)
        if beside is None:
            self._probe_addresses()
        else:
            self._tell(beside)
            if self._allocator.subnets:
                self._tell(ProxyFallbackOff())
        if socket is not None:
            lent = self._allocator if beside is None else Allocator(())
            self._drive(endpoints.dhcp_proxy(self._snapshot, lent, self._interfaces), [socket])

    def _probe_addresses(self) -> None:
        if self._raw is None:
            return
        self._drive(AddressProber(self._allocator, self._interfaces), [ArpSocket(self._interfaces)])
        identifier, data = secrets.randbits(16), secrets.token_bytes(_ECHO_DATA_BYTES)
        beyond_links = EchoProber(self._allocator, self._interfaces, identifier=identifier, data=data)
        self._drive(beyond_links, [EchoSocket(beyond_links.not_sent)])

    def _serve_tftp(self, config: Configuration) -> None:
        requests, transfers = open_tftp_ports(config.tftp.port, self._interfaces)
        ports = [socket.port for socket in transfers]
        server = endpoints.tftp_server(self._snapshot, requests.port, ports, self._mtus, multicast_limits(config))
        self._opened.callback(server.close)
        self._drive(server, [requests, *transfers])

    def _serve_mtftp(self, config: Configuration) -> None:
        if not config.mtftp.files:
            return
        self._mtftp = endpoints.mtftp_server(self._snapshot)
        self._opened.callback(self._mtftp.close)
        self._drive(self._mtftp, [open_mtftp_port(config.mtftp.server_port, self._interfaces)])

    def _drive(self, endpoint: Endpoint, transports: Sequence[Transport]) -> None:
        driver = Driver(endpoint, transports, remember=self._ledger.remember, tell=self._tell, raw=self._raw)
        self._opened.callback(driver.close)
