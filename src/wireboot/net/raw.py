"""Datagrams in frames of our own making, for a client that has no address yet and so answers no ARP."""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram
from wireboot.net.interfaces import InterfaceTable
from wireboot.wire import ethernet, ipv4, udp


class RawSender:
    """Sends datagrams that carry a `link_address`."""

    def __init__(self, interfaces: InterfaceTable) -> None:
        """Raises PermissionError without CAP_NET_RAW."""
        self._interfaces = interfaces
        # Protocol 0: this socket is never to receive.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)

    def send(self, datagram: Datagram) -> None:
        """Raises OSError where the system refuses."""
        assert datagram.link_address is not None
        interface = self._interfaces.get(datagram.interface)
        if interface is None:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        frame = ethernet_frame(datagram, interface.link_address, datagram.link_address)
        self._socket.sendto(frame, (datagram.interface, ethernet.ETHERTYPE_IPV4))

    def close(self) -> None:
        self._socket.close()


def ethernet_frame(datagram: Datagram, source: bytes, destination: bytes) -> bytes:
    """An Ethernet frame from one MAC to another with the datagram over IPv4."""
    local, peer = datagram.local.host, datagram.peer.host
    assert isinstance(local, IPv4Address)
    assert isinstance(peer, IPv4Address)
    packet = udp.encode(udp.UdpPacket(datagram.local.port, datagram.peer.port, datagram.payload), local, peer)
    payload = ipv4.encode(ipv4.Ipv4Packet(local, peer, ipv4.UDP, packet))
    return ethernet.encode(ethernet.Frame(destination, source, ethernet.ETHERTYPE_IPV4, payload))
