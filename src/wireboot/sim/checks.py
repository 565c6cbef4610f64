"""What must hold at every moment, whatever the network and the disk do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeGuard

from wireboot.endpoint import Datagram, IPAddress
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message, decode
from wireboot.protocols.dhcp4.options import LEASE_TIME, REQUESTED_ADDRESS, MessageType
from wireboot.protocols.pxe.client_events import Booted, Failed
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.protocols.tftp.server import TftpServer
from wireboot.sim.clock import Clock
from wireboot.sim.machine import Boot, Machine
from wireboot.sim.network import Station
from wireboot.sim.server import Server
from wireboot.sim.sizes import entries
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED
from wireboot.wire.iana import Port

ENTRIES_PER_MACHINE = 48
"""What a machine may make a server keep in all tables together: leases, transfers, timers."""
ENTRIES_BESIDE = 200

_DHCP_PORTS = {int(Port.DHCP_SERVER), int(Port.DHCP_CLIENT), int(Port.BOOT_SERVER)}
_PXE_CODE = re.compile(r"PXE-E[0-9A-F]{2}")


class InvariantBrokenError(AssertionError):
    """Something happened that never may."""


ServedContent = Callable[[str, IPv4Address], bytes | None]
"""The content of a file as this client is served it; None where it is refused."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A lease as a client sees it."""

    link_address: bytes
    until: float


class Invariants:
    """A network `Observer` that raises InvariantBrokenError in the moment that something is wrong."""

    def __init__(self, clock: Clock, served: ServedContent, open_files: Callable[[], int]) -> None:
        self._clock, self._served, self._open_files = clock, served, open_files
        self._servers: dict[Station, Server] = {}
        self._entries_at_first: dict[Server, dict[tuple[int, ...], int]] = {}
        self._machines: dict[bytes, Machine] = {}
        self._first_asked_at: dict[tuple[bytes, int], float] = {}
        """When a client first sent a DHCPREQUEST of this transaction: no lease begins earlier."""
        self._claims: dict[IPv4Address, _Claim] = {}
        self._askers: dict[Server, set[bytes | IPAddress]] = {}
        """Who has been heard since it started: link addresses and IP addresses."""

    def watch_server(self, server: Server) -> None:
        self._servers.update(dict.fromkeys(server.stations.values(), server))
        self._askers[server] = set()
        self._entries_at_first[server] = _entries(server)

    def watch_machine(self, machine: Machine) -> None:
        self._machines[machine.link_address] = machine

    def server_crashed(self, server: Server) -> None:
        """It has forgotten who asked; whom it speaks to now must ask again."""
        self._askers[server].clear()

    # On the cable

    def sent(self, station: Station, datagram: Datagram, arrivals: Sequence[float]) -> None:
        del arrivals
        server = self._servers.get(station)
        message = _dhcp_message(datagram)
        if server is not None:
            self._nobody_hears_who_did_not_ask(server, datagram, message)
            if _is_lease(message):
                self._what_is_acknowledged_is_on_disk(server, message)
        elif message is not None:
            self._client_speaks(message)

    def delivered(self, station: Station, datagram: Datagram) -> None:
        message = _dhcp_message(datagram)
        server = self._servers.get(station)
        if server is not None:
            askers = self._askers[server]
            askers.add(datagram.peer.host)
            if message is not None:
                # Whom a request names gets the answer. Who really sent it, nobody can know.
                askers.update((message.chaddr, message.ciaddr, message.giaddr))
            askers.discard(UNSPECIFIED)
        elif _is_lease(message) and message.chaddr == station.link_address:
            self._nobody_else_has(message)

    # In machines and servers

    def boot_ended(self, machine: Machine, boot: Boot) -> None:
        """It has exactly the right bytes, or says what went wrong by PXE's number."""
        match boot.outcome:
            case Booted() as booted:
                right = self._served(booted.boot_file, booted.address.ip)
                if right is None:
                    self._broken(f"{machine.name} booted {booted.boot_file}, which nobody serves")
                elif boot.content != right:
                    what = f"{len(boot.content)} bytes that are not the {len(right)} served"
                    self._broken(f"{machine.name} booted {booted.boot_file} with {what}")
            case Failed(error=error):
                if not _PXE_CODE.fullmatch(error.code):
                    self._broken(f"{machine.name} failed with {error.code!r}, which is no code of PXE")
            case _:
                pass

    def memory_is_bounded(self) -> None:
        for server, at_first in self._entries_at_first.items():
            kept = sum(_entries(server).values())
            bound = sum(at_first.values()) + ENTRIES_BESIDE + ENTRIES_PER_MACHINE * len(self._machines)
            if kept > bound:
                self._broken(f"{server.name} keeps {kept} entries for {len(self._machines)} machines (bound {bound})")

    def nothing_is_unfinished(self) -> None:
        """To be asked after all boots should long have ended."""
        for machine in self._machines.values():
            if any(boot.outcome is None for boot in machine.boots):
                self._broken(f"{machine.name} neither booted nor failed")

    def everything_is_given_back(self) -> None:
        """To be asked after a long silence."""
        if self._open_files():
            self._broken(f"{self._open_files()} files are still open")
        for server, at_first in self._entries_at_first.items():
            for service in server.services:
                # Others keep leases, which are meant to stay.
                if isinstance(service.endpoint, TftpServer | MtftpServer):
                    kept = entries(service.endpoint)
                    if kept > at_first[service.ports]:
                        self._broken(f"{server.name} still keeps {kept} entries at port {service.ports[0]}")

    # The rules

    def _nobody_else_has(self, ack: Message) -> None:
        address, now = ack.yiaddr, self._clock.now
        lease_time_s = ack.options.get(LEASE_TIME) or 0
        other = self._claims.get(address)
        if other is not None and other.link_address != ack.chaddr and now < other.until:
            self._broken(f"{address} is leased to {other.link_address.hex(':')} and to {ack.chaddr.hex(':')}")
        began_at = self._first_asked_at.get((ack.chaddr, ack.xid), now)
        self._claims[address] = _Claim(ack.chaddr, began_at + lease_time_s)

    def _client_speaks(self, message: Message) -> None:
        if message.message_type is MessageType.REQUEST:
            self._first_asked_at.setdefault((message.chaddr, message.xid), self._clock.now)
        elif message.message_type in (MessageType.DECLINE, MessageType.RELEASE):
            address = message.options.get(REQUESTED_ADDRESS) or message.ciaddr
            claim = self._claims.get(address)
            if claim is not None and claim.link_address == message.chaddr:
                del self._claims[address]

    def _what_is_acknowledged_is_on_disk(self, server: Server, ack: Message) -> None:
        lease = server.disk.granted.get((ack.yiaddr, ack.chaddr))
        if lease is None or lease.expires_at < self._clock.now:
            self._broken(f"{server.name} acknowledged {ack.yiaddr} to {ack.chaddr.hex(':')} and has no lease on disk")

    def _nobody_hears_who_did_not_ask(self, server: Server, datagram: Datagram, message: Message | None) -> None:
        host, askers = datagram.peer.host, self._askers[server]
        if datagram.link_address is not None:
            asked = datagram.link_address in askers
        elif host == LIMITED_BROADCAST:
            asked = message is not None and message.chaddr in askers
        elif host.is_multicast:
            # One who opened the transfer asked for all who listen.
            asked = bool(askers)
        else:
            asked = host in askers
        if not asked:
            self._broken(f"{server.name} sent to {datagram.peer}, which had not asked for anything")

    def _broken(self, what: str) -> None:
        raise InvariantBrokenError(what)


def _dhcp_message(datagram: Datagram) -> Message | None:
    if datagram.peer.port not in _DHCP_PORTS and datagram.local.port not in _DHCP_PORTS:
        return None
    try:
        message = decode(datagram.payload)
        # Options are read when they are asked for: the ones asked for here are to be whole.
        _ = (message.message_type, message.options.get(LEASE_TIME), message.options.get(REQUESTED_ADDRESS))
    except DecodeError:
        return None
    return message


def _is_lease(message: Message | None) -> TypeGuard[Message]:
    """A DHCPACK that gives an address, and not a Boot Server's, which gives a file."""
    return message is not None and message.message_type is MessageType.ACK and LEASE_TIME.code in message.options


def _entries(server: Server) -> dict[tuple[int, ...], int]:
    """By the ports of each service."""
    return {service.ports: entries(service.endpoint) for service in server.services}
