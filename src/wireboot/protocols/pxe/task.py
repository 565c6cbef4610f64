"""A stretch of a client's boot that comes to a result, or to the error that ends the boot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from ipaddress import IPv4Address
from typing import Generic, TypeVar

from wireboot.endpoint import Datagram, DatagramDropped, Outbox, SocketAddress, Unreachable
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import BOOTREPLY, Message, decode
from wireboot.protocols.pxe.errors import PxeError
from wireboot.protocols.pxe.station import Station
from wireboot.wire.iana import Port

T = TypeVar("T")

SERVICE = "pxe client"
BOOT_SERVICE_PORTS = (Port.DHCP_SERVER, Port.BOOT_SERVER)
"""Where answers of DHCP servers, ProxyDHCP services and Boot Servers come from."""


class Task(Outbox, ABC, Generic[T]):
    """A `HostedEndpoint` with an end."""

    def __init__(self) -> None:
        super().__init__()
        self.result: T | PxeError | None = None

    @abstractmethod
    def late(self) -> PxeError:
        """The error if the boot's time is up just now."""

    @abstractmethod
    def receive_datagram(self, datagram: Datagram, now: float) -> None: ...

    def handle_timeout(self, now: float) -> None:
        """Nothing is due by itself."""

    def next_timeout(self) -> float | None:
        return None

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None:
        """Of no concern, except while an address is being probed."""

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:
        """Of no concern, except to who has just asked `peer`."""


class DhcpTask(Task[T]):
    """A task whose answers are DHCP messages."""

    def __init__(self, station: Station) -> None:
        super().__init__()
        self._station = station
        self._xid = station.new_xid()
        """Of the request whose answer is waited for."""

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        try:
            reply = decode(datagram.payload)
            reason = self._why_not_ours(reply, datagram) or self._take(reply, datagram, now)
            detail = ""
        except DecodeError as problem:
            reason = f"malformed {problem.field}"
            detail = f"offset {problem.offset}: {problem.reason}"
        if reason:
            self._tell(DatagramDropped(SERVICE, reason, datagram.peer, datagram.interface, detail))

    @abstractmethod
    def _take(self, reply: Message, datagram: Datagram, now: float) -> str:
        """Take in an answer to this client's request: empty or, in a few words, why not. Raises DecodeError."""

    def _why_not_ours(self, reply: Message, datagram: Datagram) -> str:
        if reply.op != BOOTREPLY:
            return "a request where replies are read"
        if reply.chaddr != self._station.identity.link_address:
            return "for another machine"
        if reply.xid != self._xid:
            return "not an answer to the last request"
        if datagram.peer.port not in BOOT_SERVICE_PORTS:
            return "not from a server's port"
        return ""
