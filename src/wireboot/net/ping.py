"""ICMP messages on the wire, as datagrams for `protocols.echo.prober` (raw(7), icmp(7))."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.errors import DecodeError
from wireboot.net.batch import Unsent
from wireboot.wire import icmp, ipv4

_SOL_RAW, _ICMP_FILTER = 255, 1
"""From <linux/socket.h> and <linux/icmp.h>; the socket module does not name them."""
_PACKET_SIZE_MAX = 65535
_BATCH = 64
_HERE = SocketAddress(IPv4Address(0), 0)


class EchoSocket:
    """A `Transport` for ICMP echoes to wherever this machine has a route, and for what comes back."""

    port = 0

    def __init__(self, not_sent: Callable[[Datagram, OSError], None]) -> None:
        """`not_sent` hears what the system refused: who asks tells that once, the driver would each time.

        Raises PermissionError without CAP_NET_RAW.
        """
        self._not_sent = not_sent
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
        wanted = 1 << icmp.ECHO_REPLY | 1 << icmp.DESTINATION_UNREACHABLE
        self._socket.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF ^ wanted))

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[Datagram]:
        """What has arrived, up to one batch; other programs' answers are among it."""
        received: list[Datagram] = []
        for _ in range(_BATCH):
            try:
                packet = ipv4.decode(self._socket.recv(_PACKET_SIZE_MAX))
            except BlockingIOError:
                break
            except (OSError, DecodeError):
                continue
            received.append(Datagram(packet.payload, SocketAddress(packet.source, 0), _HERE, interface=""))
        return received

    def send_many(self, datagrams: Iterable[Datagram]) -> list[Unsent]:
        """One by one: there are few at a time. None is left for the driver to tell of."""
        for datagram in datagrams:
            try:
                self._socket.sendto(datagram.payload, (str(datagram.peer.host), 0))
            except BlockingIOError:
                # Lost here, as it could be on its way. It is repeated.
                pass
            except OSError as problem:
                self._not_sent(datagram, problem)
        return []

    def close(self) -> None:
        self._socket.close()
