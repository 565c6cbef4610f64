"""UDP sockets that know on which interface and for which of our addresses a datagram came (IP_PKTINFO)."""

from __future__ import annotations

import errno
import os
import socket
import struct
from functools import lru_cache
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.errors import OperatorError
from wireboot.net.interfaces import InterfaceTable

_IP_PKTINFO = 8
"""From <linux/in.h>; the socket module names it from Python 3.14 on."""
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
"""From <asm-generic/socket.h>; the socket module does not name them."""
_PKTINFO = struct.Struct("=i4s4s")
_DATAGRAM_SIZE_MAX = 65535
_BATCH = 64
_BUFFER_SIZE_BYTES = 16 << 20
"""A boot storm's requests come all at once; the default of 208 KiB loses them."""

ANY = "0.0.0.0"  # noqa: S104  # filtered by interface on receipt
BROADCAST_ONLY = "255.255.255.255"
_BROADCAST = IPv4Address(BROADCAST_ONLY)


class PortTakenError(OperatorError):
    """Another program listens there."""


class UdpSocket:
    """A `Transport` on one IPv4 UDP port for a set of interfaces. Datagrams from other interfaces are not seen."""

    def __init__(
        self,
        port: int,
        interfaces: InterfaceTable,
        *,
        service: str,
        host: str = ANY,
        shared: bool = False,
    ) -> None:
        """Port 0 takes a free one. `shared`: let other programs bind the same port (SO_REUSEADDR).

        Raises OperatorError when the port is taken or forbidden.
        """
        self._interfaces = interfaces
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._configure(shared)
            self._socket.bind((host, port))
        except OSError as problem:
            self._socket.close()
            raise _cannot_listen(port, service, problem) from None
        self.port: int = self._socket.getsockname()[1]

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[Datagram]:
        """What has arrived, up to one batch."""
        received: list[Datagram] = []
        # What comes by other interfaces counts too, or a flood there would never let us go.
        for _ in range(_BATCH):
            try:
                payload, ancillary, _, sender = self._socket.recvmsg(_DATAGRAM_SIZE_MAX, 64)
            except BlockingIOError:
                break
            except OSError:
                # An ICMP error for something sent before. The endpoints' own timers notice that peer's silence.
                continue
            if (datagram := self._datagram(payload, ancillary, sender)) is not None:
                received.append(datagram)
        return received

    def send(self, datagram: Datagram) -> None:
        """Raises OSError where the system refuses."""
        assert datagram.segment_size is None, "runs of datagrams are not sent from here"
        index = 0
        if datagram.peer.host == _BROADCAST:
            # Routes pick the interface of everything else.
            interface = self._interfaces.get(datagram.interface)
            if interface is None:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            index = interface.index
        source = _PKTINFO.pack(index, datagram.local.host.packed, bytes(4))
        ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, source)]
        self._socket.sendmsg([datagram.payload], ancillary, 0, (str(datagram.peer.host), datagram.peer.port))

    def close(self) -> None:
        self._socket.close()

    def _configure(self, shared: bool) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        if shared:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for beyond_limit, usual in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, beyond_limit, _BUFFER_SIZE_BYTES)
            except PermissionError:
                # Without CAP_NET_ADMIN as much as net.core.rmem_max and wmem_max allow.
                self._socket.setsockopt(socket.SOL_SOCKET, usual, _BUFFER_SIZE_BYTES)

    def _datagram(
        self, payload: bytes, ancillary: list[tuple[int, int, bytes]], sender: tuple[str, int]
    ) -> Datagram | None:
        for level, kind, data in ancillary:
            if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
                index, own, destination = _PKTINFO.unpack(data)
                break
        else:
            return None
        interface = self._interfaces.by_index(index)
        local, to_group = _address(own), own != destination
        # For a broadcast that comes by an interface without an address the kernel names another interface's, or none.
        if interface is None or (to_group and all(local != address.ip for address in interface.addresses)):
            return None
        return Datagram(
            payload=payload,
            peer=SocketAddress(_address(sender[0]), sender[1]),
            local=SocketAddress(local, self.port),
            interface=interface.name,
            to_group=to_group,
        )


@lru_cache(maxsize=4096)
def _address(written: str | bytes) -> IPv4Address:
    return IPv4Address(written)


def _cannot_listen(port: int, service: str, problem: OSError) -> OperatorError:
    what = f"cannot listen on UDP port {port} ({service}): {os.strerror(problem.errno or 0).lower()}"
    if problem.errno == errno.EADDRINUSE:
        return PortTakenError(what, hint=f"`ss -ulpn 'sport = :{port}'` names the program that holds it")
    if problem.errno in (errno.EACCES, errno.EPERM):
        return OperatorError(what, hint="start it as root, or give it the capability CAP_NET_BIND_SERVICE")
    return OperatorError(what)
