"""Endpoints over real sockets inside namespaces, many of them in one loop, with groups joined where they ask for it."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING

from tests.support.sockets_inside import open_inside
from wireboot.endpoint import Datagram, Endpoint, Event, GroupJoined, GroupLeft, SocketAddress

if TYPE_CHECKING:
    from tests.support.lab.namespace import Namespace

_DATAGRAM_SIZE_MAX = 65535
_LOOK_AT_THE_CLOCK_S = 0.02
_BATCH = 64
_BUFFER_SIZE_BYTES = 4 << 20


class SocketHost:
    """One endpoint at an address of its own. It hears groups at `group_port`."""

    def __init__(
        self,
        namespace: Namespace,
        address: IPv4Address,
        ports: Sequence[int],
        *,
        group_port: int | None = None,
    ) -> None:
        self.address = address
        self.events: list[Event] = []
        self.endpoint: Endpoint | None = None
        self._namespace, self._group_port = namespace, group_port
        self._own = {port: _bound(namespace, str(address), port) for port in ports}
        for each in self._own.values():
            each.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address.packed)
        self._groups: dict[IPv4Address, socket.socket] = {}

    def sockets(self) -> list[tuple[socket.socket, bool]]:
        """Those open now, and whether they receive what is sent to a group."""
        return [(each, False) for each in self._own.values()] + [(each, True) for each in self._groups.values()]

    def receive(self, own: socket.socket, *, to_group: bool) -> bool:
        """Take in what has arrived, up to one batch. True: the set of sockets has changed."""
        assert self.endpoint is not None
        for _ in range(_BATCH):
            try:
                payload, (host, port) = own.recvfrom(_DATAGRAM_SIZE_MAX)
            except (BlockingIOError, ConnectionRefusedError):
                return False
            local = SocketAddress(self.address, own.getsockname()[1])
            peer = SocketAddress(IPv4Address(host), port)
            self.endpoint.receive_datagram(Datagram(payload, peer, local, "eth0", to_group), time.time())
            if self.settle():
                return True
        return False

    def wake(self) -> bool:
        """Do what is due. True: the set of sockets has changed."""
        assert self.endpoint is not None
        at = self.endpoint.next_timeout()
        if at is None or at > time.time():
            return False
        self.endpoint.handle_timeout(time.time())
        return self.settle()

    def settle(self) -> bool:
        """Carry out what the endpoint asks for. True: the set of sockets has changed."""
        assert self.endpoint is not None
        changed = False
        while (event := self.endpoint.next_event()) is not None:
            self.events.append(event)
            match event:
                case GroupJoined(group):
                    assert self._group_port is not None
                    self._groups[group] = _joined(self._namespace, self.address, group, self._group_port)
                    changed = True
                case GroupLeft(group):
                    self._groups.pop(group).close()
                    changed = True
        for datagram in self.endpoint.datagrams_to_send():
            # What the system does not take now is as good as lost on the way.
            with suppress(BlockingIOError, ConnectionRefusedError):
                own = self._own[datagram.local.port]
                own.sendto(datagram.payload, (str(datagram.peer.host), datagram.peer.port))
        return changed

    def close(self) -> None:
        for each, _ in self.sockets():
            each.close()


def run(hosts: Sequence[SocketHost], until: Callable[[], bool], within_s: float) -> bool:
    """Drive them. False: the time was over first."""
    deadline = time.time() + within_s
    for host in hosts:
        host.settle()
    with DefaultSelector() as selector:
        registered: set[socket.socket] = set()
        changed = True
        while not until():
            if time.time() >= deadline:
                return False
            if changed:
                _register(selector, registered, hosts)
            changed = False
            for key, _ in selector.select(_LOOK_AT_THE_CLOCK_S):
                host, to_group = key.data
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj.fileno() >= 0:
                    changed |= host.receive(key.fileobj, to_group=to_group)
            for host in hosts:
                changed |= host.wake()
    return True


def _register(selector: DefaultSelector, registered: set[socket.socket], hosts: Sequence[SocketHost]) -> None:
    for gone in [each for each in registered if each.fileno() < 0]:
        registered.remove(gone)
    for key in [key for key in list(selector.get_map().values()) if key.fileobj not in registered]:
        selector.unregister(key.fileobj)
    for host in hosts:
        for each, to_group in host.sockets():
            if each not in registered:
                selector.register(each, EVENT_READ, (host, to_group))
                registered.add(each)


def _bound(namespace: Namespace, host: str, port: int) -> socket.socket:
    opened = open_inside(namespace, socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_SIZE_BYTES)
    opened.setblocking(False)
    opened.bind((host, port))
    return opened


def _joined(namespace: Namespace, address: IPv4Address, group: IPv4Address, port: int) -> socket.socket:
    # Bound to the group, it hears nothing else that comes to this port.
    opened = _bound(namespace, str(group), port)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("=4s4s", group.packed, address.packed))
    return opened
