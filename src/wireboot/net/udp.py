"""UDP sockets that know on which interface and for which of our addresses a datagram came (IP_PKTINFO)."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.endpoint import Datagram, IPAddress, SocketAddress
from wireboot.errors import OperatorError
from wireboot.net.batch import AVAILABLE, Unsent, send_in_order
from wireboot.net.buffers import enlarge_buffers
from wireboot.net.interfaces import InterfaceTable
from wireboot.net.udp_calls import IP_PKTINFO, PKTINFO, Leaving, ManyPerCall, OnePerCall, UdpCalls

_IP_MULTICAST_ALL = 49
"""From <linux/in.h>; the socket module does not name it."""
_MEMBERSHIP = struct.Struct("=4s4si")
_RUN_SIZE_MAX, _RUN_DATAGRAMS_MAX = 65507, 64
"""What the kernel takes as one run: what fits one packet, and UDP_MAX_SEGMENTS of <linux/udp.h>."""
_PEERS_REMEMBERED_MAX = 1024

ANY = "0.0.0.0"  # noqa: S104  # filtered by interface on receipt
BROADCAST_ONLY = "255.255.255.255"
_BROADCAST, _MULTICAST = 0xFFFFFFFF, 0xE
"""The limited broadcast, and the first four bits of every multicast address (RFC 1112 §4), as numbers."""


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
        batched: bool = AVAILABLE,
    ) -> None:
        """Port 0 takes a free one. `shared`: let other programs bind the same port (SO_REUSEADDR).

        `groups` are received on all the interfaces, as these come and go. What is sent to any group passes no router.
        `batched` False: a system call for each datagram.

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
        self._calls: UdpCalls = ManyPerCall(self._socket) if batched else OnePerCall(self._socket)
        self._arrival = lru_cache(maxsize=1024)(self._look_up_arrival)
        self._takes_no_runs: dict[IPAddress, None] = {}
        """Peers to which a run could not be sent, oldest first."""
        self._join_groups()
        interfaces.follow(self._interfaces_changed)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[Datagram]:
        """What has arrived, up to one batch."""
        received: list[Datagram] = []
        for payload, peer, pktinfo in self._calls.receive():
            arrival = self._arrival(pktinfo)
            if arrival is not None:
                received.append(Datagram(payload, peer, arrival.local, arrival.interface, arrival.to_group))
        return received

    def send_many(self, datagrams: Iterable[Datagram]) -> list[Unsent]:
        """Send them in this order; what the system refused, and why. Of a run these may be its parts."""
        unsent: list[Unsent] = []
        leaving: list[Leaving] = []
        for datagram in datagrams:
            index = self._leaves_by(datagram)
            if index is None:
                unsent.append((datagram, OSError(errno.ENODEV, os.strerror(errno.ENODEV))))
            elif datagram.segment_size is None or self._takes_run(datagram):
                leaving.append((datagram, index))
            else:
                leaving += [(part, index) for part in _parts(datagram)]
        for at, problem in send_in_order(self._calls.send, leaving):
            datagram, index = leaving[at]
            if datagram.segment_size is None or isinstance(problem, BlockingIOError):
                unsent.append((datagram, problem))
            else:
                unsent += self._send_parts(datagram, index)
        return unsent

    def send(self, datagram: Datagram) -> None:
        """Raises OSError where the system refuses."""
        for _, problem in self.send_many([datagram]):
            raise problem

    def close(self) -> None:
        self._interfaces.unfollow(self._interfaces_changed)
        self._socket.close()

    def _interfaces_changed(self) -> None:
        self._arrival.cache_clear()
        # With other interfaces the routes may be others.
        self._takes_no_runs.clear()
        self._join_groups()

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
        self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        # Or groups that other programs joined, and on interfaces that are not served, would be received as well.
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        if shared:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        enlarge_buffers(self._socket)

    def _look_up_arrival(self, pktinfo: bytes) -> _Arrival | None:
        """None: by an interface that is not served."""
        index, own, destination = PKTINFO.unpack(pktinfo)
        interface = self._interfaces.by_index(index)
        if interface is None:
            return None
        local, to_group = IPv4Address(own), own != destination
        # For what comes by an interface without an address the kernel names another interface's, or none. For a group
        # it does so too where the peer's network is routed elsewhere, but this is the interface that was written to.
        if to_group and all(local != address.ip for address in interface.ipv4):
            if not interface.ipv4 or not IPv4Address(destination).is_multicast:
                return None
            local = interface.ipv4[0].ip
        return _Arrival(SocketAddress(local, self.port), interface.name, to_group)

    def _leaves_by(self, datagram: Datagram) -> int | None:
        """The number of the interface; 0 where routes pick it, None where it has gone."""
        host = int(datagram.peer.host)
        if host != _BROADCAST and host >> 28 != _MULTICAST:
            return 0
        interface = self._interfaces.get(datagram.interface)
        return None if interface is None else interface.index

    def _takes_run(self, run: Datagram) -> bool:
        assert run.segment_size is not None
        size = len(run.payload)
        fits = size <= min(_RUN_SIZE_MAX, run.segment_size * _RUN_DATAGRAMS_MAX)
        return fits and run.peer.host not in self._takes_no_runs

    def _send_parts(self, run: Datagram, index: int) -> list[Unsent]:
        """Of a run that was refused: by an old kernel, a card without checksums, a route with a smaller MTU."""
        parts = list(_parts(run))
        leaving = [(part, index) for part in parts]
        unsent = [(parts[at], problem) for at, problem in send_in_order(self._calls.send, leaving)]
        if len(unsent) < len(parts):
            # Where none of them leaves either, it was not for being a run.
            self._remember_takes_no_runs(run.peer.host)
        return unsent

    def _remember_takes_no_runs(self, peer: IPAddress) -> None:
        if len(self._takes_no_runs) >= _PEERS_REMEMBERED_MAX:
            del self._takes_no_runs[next(iter(self._takes_no_runs))]
        self._takes_no_runs[peer] = None


class _Arrival(NamedTuple):
    """What IP_PKTINFO says of a datagram."""

    local: SocketAddress
    interface: str
    to_group: bool


def _parts(run: Datagram) -> Iterator[Datagram]:
    size = run.segment_size
    assert size is not None
    for at in range(0, max(len(run.payload), 1), size):
        yield Datagram(run.payload[at : at + size], run.peer, run.local, run.interface)


def _cannot_listen(port: int, service: str, problem: OSError) -> OperatorError:
    what = f"cannot listen on UDP port {port} ({service}): {os.strerror(problem.errno or 0).lower()}"
    if problem.errno == errno.EADDRINUSE:
        return PortTakenError(what, hint=f"`ss -ulpn 'sport = :{port}'` names the program that holds it")
    if problem.errno in (errno.EACCES, errno.EPERM):
        return OperatorError(what, hint="start it as root, or give it the capability CAP_NET_BIND_SERVICE")
    return OperatorError(what)
