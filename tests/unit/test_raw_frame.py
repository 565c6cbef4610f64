"""Frames made by hand (net/raw.py): RFC 791, 768 and 1071, checked as a receiver checks them."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import ETH0, MAC, SERVER, ip
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.net.raw import ethernet_frame


def frame_of(payload: bytes, address: IPv4Address | None = None) -> bytes:
    peer = SocketAddress(address or ip(100), 68)
    datagram = Datagram(payload, peer, SocketAddress(SERVER, 67), "eth0", link_address=MAC)
    return ethernet_frame(datagram, ETH0.link_address, MAC)


def ones_complement_sum(data: bytes) -> int:
    """RFC 1071: over data that holds its own checksum this is all ones."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_a_small_frame_byte_by_byte() -> None:
    assert frame_of(b"boot").hex(" ", 2) == " ".join((
        "5254 0077 0010 5254 0077 0001 0800",            # to the client, from us, IPv4
        "4500 0020 0000 4000 4011 25cf 0a4d 0001 0a4d 0064",  # no fragments, 64 hops, UDP
        "0043 0044 000c 186d",                           # 67 to 68
        "626f 6f74",
    ))  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 2, 3, 299, 300, 548, 1471, 1472])
def test_lengths_and_checksums_hold_for_every_size(size: int) -> None:
    frame = frame_of(bytes(number * 7 % 256 for number in range(size)))
    header, udp = frame[14:34], frame[34:]
    pseudo_header = header[12:20] + struct.pack("!BBH", 0, 17, len(udp))

    assert int.from_bytes(header[2:4], "big") == 20 + 8 + size == len(frame) - 14
    assert int.from_bytes(udp[4:6], "big") == 8 + size
    assert ones_complement_sum(header) == 0xFFFF
    assert ones_complement_sum(pseudo_header + udp) == 0xFFFF


def test_a_checksum_of_zero_is_written_as_all_ones() -> None:
    """RFC 768: zero would say that there is none."""
    probe = frame_of(bytes(2))
    makes_zero = frame_of(probe[40:42])
    assert makes_zero[40:42] == b"\xff\xff"
