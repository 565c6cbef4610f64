"""The UDP datagrams in a capture file (classic pcap, Ethernet), also while it is still being written."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from wireboot.endpoint import SocketAddress

MICROSECONDS = 0xA1B2C3D4
ETHERNET_LINK = 1
FILE_HEADER_SIZE = 24

MAC_SIZE = 6
ETHERNET_HEADER_SIZE = 14
ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
IPV4_FRAGMENT_OFFSET = 0x1FFF
IPV6_HEADER_SIZE = 40
UDP = 17
UDP_HEADER = struct.Struct("!HHHH")


@dataclass(frozen=True, slots=True)
class CapturedDatagram:
    """A UDP datagram as it passed the cable, `at_s` seconds since the epoch."""

    at_s: float
    source_mac: bytes
    destination_mac: bytes
    source: SocketAddress
    destination: SocketAddress
    payload: bytes


def read_datagrams(path: Path) -> Iterator[CapturedDatagram]:
    """The UDP datagrams of a capture, in order. Of a fragmented one only what the first fragment holds."""
    for at_s, frame in read_frames(path):
        ethertype = int.from_bytes(frame[12:14], "big")
        packet = frame[ETHERNET_HEADER_SIZE:]
        match ethertype:
            case _ if ethertype == ETHERTYPE_IPV4 and len(packet) > 20:
                header_size = (packet[0] & 0x0F) * 4
                protocol, addresses = packet[9], (packet[12:16], packet[16:20])
                if int.from_bytes(packet[6:8], "big") & IPV4_FRAGMENT_OFFSET:
                    continue
            case _ if ethertype == ETHERTYPE_IPV6 and len(packet) > IPV6_HEADER_SIZE:
                header_size = IPV6_HEADER_SIZE
                protocol, addresses = packet[6], (packet[8:24], packet[24:40])
            case _:
                continue
        if protocol != UDP or len(packet) < header_size + UDP_HEADER.size:
            continue
        source_port, destination_port, length, _checksum = UDP_HEADER.unpack_from(packet, header_size)
        yield CapturedDatagram(
            at_s,
            source_mac=frame[MAC_SIZE : 2 * MAC_SIZE],
            destination_mac=frame[:MAC_SIZE],
            source=SocketAddress(ip_address(addresses[0]), source_port),
            destination=SocketAddress(ip_address(addresses[1]), destination_port),
            payload=packet[header_size + UDP_HEADER.size : header_size + length],
        )


def read_frames(path: Path) -> Iterator[tuple[float, bytes]]:
    """Each frame with its time. A last record that is not whole yet is left out."""
    capture = path.read_bytes()
    if len(capture) < FILE_HEADER_SIZE:
        return
    byte_order = "<" if struct.unpack_from("<I", capture)[0] == MICROSECONDS else ">"
    magic, link = struct.unpack_from(f"{byte_order}I16xI", capture)
    if (magic, link) != (MICROSECONDS, ETHERNET_LINK):
        raise ValueError(f"{path} is no classic pcap file of Ethernet frames")
    record_header = struct.Struct(f"{byte_order}IIII")
    at = FILE_HEADER_SIZE
    while at + record_header.size <= len(capture):
        seconds, microseconds, size, _original_size = record_header.unpack_from(capture, at)
        at += record_header.size
        if at + size > len(capture):
            return
        yield seconds + microseconds / 1e6, capture[at : at + size]
        at += size
