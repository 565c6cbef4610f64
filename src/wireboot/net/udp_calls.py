"""The two ways in which UDP datagrams pass a socket: many by one system call, or each by its own.

Both know on which interface and for which of our addresses a datagram came, and say so of one that leaves (IP_PKTINFO).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Protocol

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.net.batch import MESSAGES_MAX, Message, ReceivedMessages, SentMessages, control_message

IP_PKTINFO = 8
"""From <linux/in.h>; the socket module names it from Python 3.14 on."""
PKTINFO = struct.Struct("=i4s4s")
"""struct in_pktinfo: interface, our address there, the address that was written to."""
_UDP_SEGMENT = 103
"""From <linux/udp.h>: the payload is a run of datagrams of this many bytes each."""
_SEGMENT_SIZE = struct.Struct("=H")
_DATAGRAM_SIZE_MAX = 65535

Arrived = tuple[bytes, SocketAddress, bytes]
"""Payload, who sent it, and the IP_PKTINFO beside it; zeros where there is none."""
Leaving = tuple[Datagram, int]
"""A datagram, and the number of the interface it is to leave by; 0 leaves that to the routes."""


class UdpCalls(Protocol):
    def receive(self) -> list[Arrived]:
        """What has arrived, up to one batch."""

    def send(self, leaving: Sequence[Leaving]) -> int:
        """How many have left, from the first on: at least one. Raises OSError where the first did not leave."""


class ManyPerCall:
    """By recvmmsg(2) and sendmmsg(2)."""

    def __init__(self, own: socket.socket) -> None:
        """`own` does not block, has IP_PKTINFO set, and nothing else that is told beside a datagram."""
        self._received = ReceivedMessages(own, _SOCKADDR.size, _CONTROL_HEADER_SIZE + PKTINFO.size)
        self._sent = SentMessages(own, _SOCKADDR.size)

    def receive(self) -> list[Arrived]:
        try:
            messages = self._received.receive()
        except OSError:
            # Nothing waits, or an ICMP error for something sent before. The endpoints' own timers notice that peer's
            # silence.
            return []
        return [(payload, _peer(name), control[_CONTROL_HEADER_SIZE:]) for payload, name, control in messages]

    def send(self, leaving: Sequence[Leaving]) -> int:
        return self._sent.send(map(_message, leaving))


class OnePerCall:
    """By recvmsg(2) and sendmsg(2), where the others cannot be had."""

    def __init__(self, own: socket.socket) -> None:
        self._socket = own

    def receive(self) -> list[Arrived]:
        received: list[Arrived] = []
        for _ in range(MESSAGES_MAX):
            try:
                payload, ancillary, _, (host, port) = self._socket.recvmsg(_DATAGRAM_SIZE_MAX, 64)
            except BlockingIOError:
                break
            except OSError:
                # As above.
                continue
            pktinfo = next((data for level, kind, data in ancillary if (level, kind) == _PKTINFO_KIND), _NO_PKTINFO)
            received.append((payload, SocketAddress(IPv4Address(host), port), pktinfo))
        return received

    def send(self, leaving: Sequence[Leaving]) -> int:
        datagram, interface_index = leaving[0]
        source = PKTINFO.pack(interface_index, datagram.local.host.packed, bytes(4))
        ancillary = [(*_PKTINFO_KIND, source)]
        if datagram.segment_size is not None:
            ancillary.append((*_SEGMENT_KIND, _SEGMENT_SIZE.pack(datagram.segment_size)))
        self._socket.sendmsg([datagram.payload], ancillary, 0, (str(datagram.peer.host), datagram.peer.port))
        return 1


_PKTINFO_KIND = (socket.IPPROTO_IP, IP_PKTINFO)
_NO_PKTINFO = bytes(PKTINFO.size)
_SEGMENT_KIND = (socket.IPPROTO_UDP, _UDP_SEGMENT)
_SOCKADDR = struct.Struct("!2sHI8x")
"""struct sockaddr_in: its family, in this machine's byte order; port and address in the network's."""
_INET = struct.pack("=H", socket.AF_INET)
_CONTROL_HEADER_SIZE = socket.CMSG_LEN(0)


@lru_cache(maxsize=4096)
def _peer(name: bytes) -> SocketAddress:
    _, port, host = _SOCKADDR.unpack(name)
    return SocketAddress(IPv4Address(host), port)


def _message(leaving: Leaving) -> Message:
    datagram, interface_index = leaving
    host, port = datagram.peer
    control = _pktinfo(interface_index, int(datagram.local.host))
    if datagram.segment_size is not None:
        control += control_message(*_SEGMENT_KIND, _SEGMENT_SIZE.pack(datagram.segment_size))
    return datagram.payload, _SOCKADDR.pack(_INET, port, int(host)), control


# By number: an address's own hash and comparison take longer than all else here.
@lru_cache(maxsize=1024)
def _pktinfo(interface_index: int, source: int) -> bytes:
    return control_message(*_PKTINFO_KIND, PKTINFO.pack(interface_index, source.to_bytes(4, "big"), bytes(4)))
