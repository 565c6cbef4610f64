"""Groups on real UDP sockets (net/udp.py), over two interfaces."""

from __future__ import annotations

import gc
import socket
import struct
import time
import weakref
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.frames import GROUP, OTHER_GROUP
from tests.support.lab.network import Host, Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import start_inside, udp_socket
from wireboot.endpoint import Datagram, Interface, SocketAddress
from wireboot.net.interfaces import InterfaceTable, list_interfaces
from wireboot.net.udp import UdpSocket

PORT = 4011
IP_RECVTTL = 12
"""From <linux/in.h>; the socket module does not name it."""


class Site(NamedTuple):
    """A server with an interface on each of two segments, and a host on each of them."""

    server: Host
    left: Host
    right: Host
    batched: bool
    """Whether its datagrams pass by many or one by one."""

    def interfaces(self) -> list[Interface]:
        up = start_inside(self.server, list_interfaces).result().up
        return [interface for interface in up if interface.name != "lo"]

    def open(self, table: InterfaceTable) -> UdpSocket:
        def act() -> UdpSocket:
            return UdpSocket(PORT, table, service="test", groups=[GROUP], batched=self.batched)

        return start_inside(self.server, act).result()


@pytest.fixture(params=[True, False], ids=["many by one call", "one by one"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    require(*LAB)
    with Network(tmp_path) as network:
        left, right = network.segment("left"), network.segment("right")
        yield Site(
            network.host("server").join(left, "10.77.0.1/24").join(right, "10.78.0.1/24"),
            network.host("at-left").join(left, "10.77.0.2/24"),
            network.host("at-right").join(right, "10.78.0.2/24"),
            request.param,
        )


def say(host: Host, payload: bytes, group: IPv4Address = GROUP) -> None:
    with udp_socket(host) as speaker:
        interface = struct.pack("=4s4si", bytes(4), bytes(4), socket_index(host))
        speaker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
        speaker.sendto(payload, (str(group), PORT))


def socket_index(host: Host) -> int:
    return start_inside(host, lambda: socket.if_nametoindex("eth0")).result()


def received(server: UdpSocket, count: int, within_s: float = 2.0) -> list[Datagram]:
    datagrams: list[Datagram] = []
    end = time.monotonic() + within_s
    while len(datagrams) < count and time.monotonic() < end:
        datagrams += server.receive()
        time.sleep(0.01)
    return datagrams


def listener(host: Host) -> socket.socket:
    """A member of the group that hears what others send there, and how many routers that may pass."""
    member = udp_socket(host, PORT)
    membership = struct.pack("=4s4si", GROUP.packed, bytes(4), socket_index(host))
    member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    member.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    return member


def test_a_group_is_received_on_every_interface(site: Site) -> None:
    """PXE 2.1 §2.2.4: multicast discovery reaches a Boot Server on whichever network it comes by."""
    server = site.open(InterfaceTable(site.interfaces()))
    say(site.left, b"left")
    say(site.right, b"right")
    said = {datagram.payload: datagram for datagram in received(server, 2)}
    server.close()
    assert {(name, each.interface, str(each.local), each.to_group) for name, each in said.items()} == {
        (b"left", "eth0", "10.77.0.1:4011", True),
        (b"right", "eth1", "10.78.0.1:4011", True),
    }


def test_the_local_address_is_the_interfaces_own_whoever_writes(site: Site) -> None:
    """RFC 1122 §3.3.4: the kernel names the address by its route to the peer, which may lead elsewhere."""
    server = site.open(InterfaceTable(site.interfaces()))
    site.server.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")
    site.server.run("ip", "route", "add", "10.99.0.0/24", "via", "10.78.0.2")
    site.left.run("ip", "address", "add", "10.99.0.2/24", "dev", "eth0")
    with udp_socket(site.left, host="10.99.0.2") as speaker:
        interface = struct.pack("=4s4si", bytes(4), bytes(4), socket_index(site.left))
        speaker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
        speaker.sendto(b"from afar", (str(GROUP), PORT))
    (datagram,) = received(server, 1)
    server.close()
    assert (datagram.interface, datagram.local.host) == ("eth0", IPv4Address("10.77.0.1"))


def test_another_group_is_not_received_though_another_program_joined_it(site: Site) -> None:
    """ip(7), IP_MULTICAST_ALL: what others joined is theirs."""
    server = site.open(InterfaceTable(site.interfaces()))
    with udp_socket(site.server) as other:
        for name in ("10.77.0.1", "10.78.0.1"):
            other.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, OTHER_GROUP.packed + IPv4Address(name).packed)
        say(site.left, b"not for us", OTHER_GROUP)
        say(site.left, b"for us")
        datagrams = received(server, 1)
    server.close()
    assert [datagram.payload for datagram in datagrams] == [b"for us"]


def test_a_new_interface_is_joined_and_one_no_longer_served_is_left(site: Site) -> None:
    """The table is what sockets follow; interfaces come and go while they are open."""
    eth0, eth1 = sorted(site.interfaces(), key=lambda each: each.name)
    table = InterfaceTable([eth0])
    server = site.open(table)
    table.replace([eth1])
    say(site.left, b"left")
    say(site.right, b"right")
    datagrams = received(server, 1)
    memberships = site.server.run("ip", "maddress").stdout
    server.close()
    assert [datagram.payload for datagram in datagrams] == [b"right"]
    assert memberships.count(str(GROUP)) == 1


def test_an_interface_that_has_gone_does_not_keep_the_others_from_joining(site: Site) -> None:
    eth0, eth1 = sorted(site.interfaces(), key=lambda each: each.name)
    site.server.run("ip", "link", "del", "eth0")
    server = site.open(InterfaceTable([eth0, eth1]))
    say(site.right, b"right")
    datagrams = received(server, 1)
    server.close()
    assert [datagram.payload for datagram in datagrams] == [b"right"]


@pytest.mark.parametrize(("interface", "local"), [("eth0", "10.77.0.1"), ("eth1", "10.78.0.1")])
def test_what_is_sent_to_a_group_leaves_by_the_interface_that_is_named(site: Site, interface: str, local: str) -> None:
    """PXE 2.1 §2.2.4: MTFTP's blocks go to the network that asked; RFC 1112 §6.1: and no further."""
    server = site.open(InterfaceTable(site.interfaces()))
    with listener(site.left) as left, listener(site.right) as right:
        named, other = (left, right) if interface == "eth0" else (right, left)
        peer = SocketAddress(GROUP, PORT)
        server.send(Datagram(b"block", peer, SocketAddress(IPv4Address(local), PORT), interface))
        payload, ancillary, _, sender = named.recvmsg(100, 64)
        other.settimeout(0.1)
        with pytest.raises(TimeoutError):
            other.recv(100)
    server.close()
    assert (payload, sender) == (b"block", (local, PORT))
    assert [struct.unpack("=i", data) for _, _, data in ancillary] == [(1,)]


def test_what_is_to_leave_by_an_interface_that_has_gone_is_refused(site: Site) -> None:
    """It must not leave by another: groups are numbered anew on each network."""
    server = site.open(InterfaceTable(site.interfaces()[:1]))
    with pytest.raises(OSError, match="No such device"):
        server.send(
            Datagram(b"block", SocketAddress(GROUP, PORT), SocketAddress(IPv4Address("10.78.0.1"), PORT), "eth9")
        )
    server.close()


def test_a_closed_socket_is_forgotten_by_the_table(site: Site) -> None:
    """Ports are opened and closed while the server runs, and the table outlives them."""
    table = InterfaceTable(site.interfaces())
    server = site.open(table)
    server.close()
    forgotten = weakref.ref(server)
    del server
    gc.collect()
    assert forgotten() is None
    table.replace([])
