"""Datagrams in frames of our own making, for a client that has no address yet and so answers no ARP."""

from __future__ import annotations

import errno
import os
import socket
import struct

from wireboot.endpoint import Datagram
from wireboot.net.interfaces import InterfaceTable

_ETHERTYPE_IPV4 = 0x0800
_ETHERNET = struct.Struct("!6s6sH")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_VERSION_AND_WORDS = 0x45
_DONT_FRAGMENT = 0x4000
_TTL = 64


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
        self._socket.sendto(frame, (datagram.interface, _ETHERTYPE_IPV4))

    def close(self) -> None:
        self._socket.close()


def ethernet_frame(datagram: Datagram, source: bytes, destination: bytes) -> bytes:
    """An Ethernet frame with an IPv4 header (RFC 791 §3.1) and a UDP header (RFC 768)."""
    addresses = datagram.local.host.packed + datagram.peer.host.packed
    udp_size = _UDP.size + len(datagram.payload)
    ports = (datagram.local.port, datagram.peer.port)
    pseudo_header = addresses + struct.pack("!BBH", 0, socket.IPPROTO_UDP, udp_size)
    udp_sum = _checksum(pseudo_header + _UDP.pack(*ports, udp_size, 0) + datagram.payload)
    # 0 would say "no checksum" (RFC 768); the same sum is written as all ones.
    udp = _UDP.pack(*ports, udp_size, udp_sum or 0xFFFF)
    ipv4 = _ipv4_header(_IPV4.size + udp_size, addresses, 0)
    ipv4 = _ipv4_header(_IPV4.size + udp_size, addresses, _checksum(ipv4))
    return _ETHERNET.pack(destination, source, _ETHERTYPE_IPV4) + ipv4 + udp + datagram.payload


def _ipv4_header(size: int, addresses: bytes, checksum: int) -> bytes:
    return _IPV4.pack(
        _VERSION_AND_WORDS, 0, size, 0, _DONT_FRAGMENT, _TTL, socket.IPPROTO_UDP, checksum, addresses[:4], addresses[4:]
    )


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(word for (word,) in struct.iter_unpack("!H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
