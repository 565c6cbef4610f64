"""ARP packets on the wire, as datagrams for `protocols.arp.prober`."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.net.batch import Unsent
from wireboot.net.interfaces import InterfaceTable

_ETHERTYPE_ARP = 0x0806
_ETHERNET = 1
_BROADCAST = b"\xff" * 6
_PACKET_SIZE_MAX = 1500
_BATCH = 64
_NOWHERE = SocketAddress(IPv4Address(0), 0)


class ArpSocket:
    """A `Transport` for ARP on a set of interfaces."""

    port = 0

    def __init__(self, interfaces: InterfaceTable) -> None:
        """Raises PermissionError without CAP_NET_RAW."""
        self._interfaces = interfaces
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.htons(_ETHERTYPE_ARP)
        )

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[Datagram]:
        received: list[Datagram] = []
        for _ in range(_BATCH):
            try:
                payload, (interface, *_) = self._socket.recvfrom(_PACKET_SIZE_MAX)
            except BlockingIOError:
                break
            except OSError:
                # An interface went down; the others go on.
                continue
            if interface in self._interfaces:
                received.append(Datagram(payload, _NOWHERE, _NOWHERE, interface))
        return received

    def send_many(self, datagrams: Iterable[Datagram]) -> list[Unsent]:
        """What the system refused, and why. There are few at a time: no more than addresses are looked for."""
        unsent: list[Unsent] = []
        for datagram in datagrams:
            try:
                self.send(datagram)
            except OSError as problem:
                unsent.append((datagram, problem))
        return unsent

    def send(self, datagram: Datagram) -> None:
        """Raises OSError where the system refuses."""
        self._socket.sendto(datagram.payload, (datagram.interface, _ETHERTYPE_ARP, 0, _ETHERNET, _BROADCAST))

    def close(self) -> None:
        self._socket.close()
