"""UDP sockets that know on which interface and for which of our addresses a datagram came (IP_PKTINFO)."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.errors import OperatorError
from wireboot.net.interfaces import InterfaceTable

_IP_PKTINFO = 8
"""From <linux/in.h>; the socket module names it from Python 3.14 on."""
_IP_MULTICAST_ALL = 49
"""From <linux/in.h>; the socket module does not name it."""
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
"""From <asm-generic/socket.h>; the socket module does not name them."""
_PKTINFO = struct.Struct("=i4s4s")
_MEMBERSHIP = struct.Struct("=4s4si")
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
        groups: Iterable[IPv4Address] = (),
    ) -> None:
        """Port 0 takes a free one. `shared`: let other programs bind the same port (SO_REUSEADDR).

        `groups` are received on all the interfaces, as these come and go. What is sent to any group passes no router.

        Raises OperatorError when the port is taken or forbidden.
        """
        self._interfaces = interfaces
        self._groups = tuple(groups)
        self._joined: set[int] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._configure(shared)
            self._socket.bind((host, port))
        except OSError as problem:
            self._socket.close()
            raise _cannot_listen(port, service, problem) from None
        self.port: int = self._socket.getsockname()[1]
        self._join_groups()
        interfaces.follow(self._join_groups)

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
        if datagram.peer.host == _BROADCAST or datagram.peer.host.is_multicast:
            # Routes pick the interface of everything else.
            interface = self._interfaces.get(datagram.interface)
            if interface is None:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            index = interface.index
        source = _PKTINFO.pack(index, datagram.local.host.packed, bytes(4))
        ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, source)]
        self._socket.sendmsg([datagram.payload], ancillary, 0, (str(datagram.peer.host), datagram.peer.port))

    def close(self) -> None:
        self._interfaces.unfollow(self._join_groups)
        self._socket.close()

    def _join_groups(self) -> None:
        indexes = {interface.index for interface in self._interfaces.values()}
        for index in self._joined - indexes:
            self._change_membership(socket.IP_DROP_MEMBERSHIP, index)
        joined = {index for index in indexes - self._joined if self._change_membership(socket.IP_ADD_MEMBERSHIP, index)}
        self._joined = (self._joined & indexes) | joined

    def _change_membership(self, change: int, index: int) -> bool:
        """Join or leave the groups on one interface; whether the system did so for all of them."""
        done = True
        for group in self._groups:
            try:
                self._socket.setsockopt(socket.IPPROTO_IP, change, _MEMBERSHIP.pack(group.packed, bytes(4), index))
            except OSError:
                # The interface has gone meanwhile, or takes no multicast. The others are served, and the next change
                # tries again.
                done = False
        return done

    def _configure(self, shared: bool) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        # Or groups that other programs joined, and on interfaces that are not served, would be received as well.
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
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
        if interface is None:
            return None
        local, to_group = _address(own), own != destination
        # For what comes by an interface without an address the kernel names another interface's, or none. For a group
        # it does so too where the peer's network is routed elsewhere, but this is the interface that was written to.
        if to_group and all(local != address.ip for address in interface.ipv4):
            if not interface.ipv4 or not _address(destination).is_multicast:
                return None
            local = interface.ipv4[0].ip
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
