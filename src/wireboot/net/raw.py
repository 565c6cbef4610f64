"""Datagrams in frames of our own making, for a client that has no address yet and so answers no ARP."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Interface
from wireboot.net.batch import AVAILABLE, Message, SentMessages, Unsent, send_in_order
from wireboot.net.buffers import enlarge_buffers
from wireboot.net.interfaces import InterfaceTable
from wireboot.wire import ethernet, ipv4, udp

_Leaving = tuple[Datagram, Interface]
_SOCKADDR_LL = struct.Struct("@HHiHBB8x")
"""struct sockaddr_ll. The hardware address stays empty: the frame says where it goes."""


class RawSender:
    """Sends datagrams that carry a `link_address`."""

    def __init__(self, interfaces: InterfaceTable, *, batched: bool = AVAILABLE) -> None:
        """`batched` False: a system call for each datagram. Raises PermissionError without CAP_NET_RAW."""
        self._interfaces = interfaces
        # Protocol 0: this socket is never to receive.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        enlarge_buffers(self._socket)
        self._messages = SentMessages(self._socket, _SOCKADDR_LL.size) if batched else None

    def send_many(self, datagrams: Iterable[Datagram]) -> list[Unsent]:
        """Send them in this order; what the system refused, and why."""
        unsent: list[Unsent] = []
        leaving: list[_Leaving] = []
        for datagram in datagrams:
            interface = self._interfaces.get(datagram.interface)
            if interface is None:
                unsent.append((datagram, OSError(errno.ENODEV, os.strerror(errno.ENODEV))))
            else:
                leaving.append((datagram, interface))
        unsent += [(leaving[at][0], problem) for at, problem in send_in_order(self._send, leaving)]
        return unsent

    def send(self, datagram: Datagram) -> None:
        """Raises OSError where the system refuses."""
        for _, problem in self.send_many([datagram]):
            raise problem

    def _send(self, leaving: Sequence[_Leaving]) -> int:
        if self._messages is not None:
            return self._messages.send(map(_message, leaving))
        datagram, interface = leaving[0]
        self._socket.sendto(_frame(datagram, interface), (interface.name, ethernet.ETHERTYPE_IPV4))
        return 1

    def close(self) -> None:
        self._socket.close()


def _message(leaving: _Leaving) -> Message:
    datagram, interface = leaving
    ethertype = socket.htons(ethernet.ETHERTYPE_IPV4)
    return _frame(datagram, interface), _SOCKADDR_LL.pack(socket.AF_PACKET, ethertype, interface.index, 0, 0, 0), b""


def _frame(datagram: Datagram, interface: Interface) -> bytes:
    assert datagram.link_address is not None
    return ethernet_frame(datagram, interface.link_address, datagram.link_address)


def ethernet_frame(datagram: Datagram, source: bytes, destination: bytes) -> bytes:
    """An Ethernet frame from one MAC to another with the datagram over IPv4."""
    local, peer = datagram.local.host, datagram.peer.host
    assert isinstance(local, IPv4Address)
    assert isinstance(peer, IPv4Address)
    packet = udp.encode(udp.UdpPacket(datagram.local.port, datagram.peer.port, datagram.payload), local, peer)
    payload = ipv4.encode(ipv4.Ipv4Packet(local, peer, ipv4.UDP, packet))
    return ethernet.encode(ethernet.Frame(destination, source, ethernet.ETHERTYPE_IPV4, payload))
