"""Frames made by hand (net/raw.py): RFC 791, 768 and 1071, checked as a receiver checks them, and how they leave."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.support.dhcp import ETH0, MAC, SERVER, ip
from tests.support.lab.network import Host, Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside, start_inside
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.net.interfaces import InterfaceTable, list_interfaces
from wireboot.net.raw import RawSender, ethernet_frame


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


# On a real link


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """A server and a client. Both have an address, so that the kernel takes the link for up."""
    require(*LAB)
    with Network(tmp_path) as network:
        lan = network.segment("lan")
        yield network.host("server").join(lan, "10.77.0.1/24"), network.host("client").join(lan, "10.77.0.2/24")


@pytest.mark.parametrize("batched", [True, False], ids=["many by one call", "one by one"])
def test_frames_leave_in_order_and_what_cannot_leave_is_told(hosts: tuple[Host, Host], batched: bool) -> None:
    """RFC 2131 §4.1: to a client that has no address yet and so answers no ARP."""
    server, client = hosts
    table = InterfaceTable(start_inside(server, list_interfaces).result().up)

    def answer(payload: bytes, interface: str = "eth0") -> Datagram:
        return Datagram(payload, SocketAddress(ip(100), 68), SocketAddress(SERVER, 67), interface, link_address=MAC)

    answers = [answer(b"answer %d" % number) for number in range(100)]
    too_long, gone = answer(bytes(1473)), answer(b"lost", "eth9")
    sent = [*answers[:70], too_long, gone, *answers[70:]]

    with (
        open_inside(client, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as card,
        closing(start_inside(server, lambda: RawSender(table, batched=batched)).result()) as sender,
    ):
        card.settimeout(2.0)
        unsent = {datagram: problem.errno for datagram, problem in sender.send_many(sent)}
        frames = [frame for _ in answers if (frame := card.recv(2048))[:6] == MAC]

    assert unsent == {too_long: errno.EMSGSIZE, gone: errno.ENODEV}
    assert frames == [ethernet_frame(each, table["eth0"].link_address, MAC) for each in answers]
