"""ICMP on real sockets (net/ping.py): what leaves, what comes back, and what the system refuses."""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from tests.support.lab.addresses import FAR, LAN, RELAY, RELAY_FAR_SIDE, SERVER
from tests.support.lab.network import Host, Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside, start_inside
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.net.ping import EchoSocket
from wireboot.protocols.echo.packet import quoted_echo, reply_to, request
from wireboot.wire import icmp
from wireboot.wire.icmp import IcmpMessage

WITHIN_S = 5.0
HERE = SocketAddress(IPv4Address(0), 0)
FAR_HOST, NOWHERE = "10.77.1.9", "192.0.2.1"
ECHO = request(0x4242, 7, b"unguessd")


class Pinger:
    """An echo socket on a host of the lab."""

    def __init__(self, host: Host) -> None:
        self.not_sent: list[tuple[Datagram, OSError]] = []
        self.socket = start_inside(host, lambda: EchoSocket(lambda *refused: self.not_sent.append(refused))).result()

    def send(self, *addresses: str, message: IcmpMessage = ECHO) -> None:
        payload = icmp.encode(message)
        echoes = [Datagram(payload, SocketAddress(IPv4Address(each), 0), HERE, "") for each in addresses]
        assert self.socket.send_many(echoes) == []

    def next(self) -> tuple[IPv4Address, IcmpMessage]:
        """The one datagram that arrives next, and from whom."""
        assert select.select([self.socket], [], [], WITHIN_S)[0], "nothing arrived"
        (datagram,) = self.socket.receive()
        assert isinstance(datagram.peer.host, IPv4Address)
        return datagram.peer.host, icmp.decode(datagram.payload)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Host]]:
    """The server's, and a router that has no way to 10.78.0.0/24."""
    require(*LAB)
    with Network(tmp_path_factory.mktemp("ping")) as network:
        lan, far = network.segment("lan"), network.segment("far")
        network.host("far-host").join(far, FAR.at(FAR_HOST)).route("default", via=RELAY_FAR_SIDE)
        router = network.host("router").join(lan, LAN.at(RELAY)).join(far, FAR.at(RELAY_FAR_SIDE)).forward()
        server = network.host("server").join(lan, LAN.at(SERVER))
        yield server.route(FAR.network, via=RELAY).route("10.78.0.0/24", via=RELAY), router


@pytest.fixture
def router(hosts: tuple[Host, Host]) -> Host:
    return hosts[1]


@pytest.fixture
def pinger(hosts: tuple[Host, Host]) -> Iterator[Pinger]:
    pinger = Pinger(hosts[0])
    yield pinger
    pinger.socket.close()


def test_a_host_beyond_a_router_gives_an_echo_back(pinger: Pinger) -> None:
    """RFC 792, echo reply."""
    pinger.send(FAR_HOST)
    assert pinger.next() == (IPv4Address(FAR_HOST), reply_to(ECHO))


def test_a_router_without_a_way_says_so(pinger: Pinger) -> None:
    """RFC 792, destination unreachable: it quotes the echo."""
    pinger.send("10.78.0.9")
    source, message = pinger.next()
    assert (source, message.kind) == (IPv4Address(RELAY), icmp.DESTINATION_UNREACHABLE)
    assert quoted_echo(message) == (IPv4Address("10.78.0.9"), ECHO.rest_of_header)


def test_what_has_no_route_is_handed_back_and_the_others_leave(pinger: Pinger) -> None:
    pinger.send(NOWHERE, FAR_HOST)
    assert pinger.next()[0] == IPv4Address(FAR_HOST)
    ((refused, problem),) = pinger.not_sent
    assert (str(refused.peer.host), problem.errno) == (NOWHERE, errno.ENETUNREACH)


def test_other_messages_are_not_seen(pinger: Pinger, router: Host) -> None:
    """Echo requests to this machine are the kernel's to answer."""
    with open_inside(router, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as other:
        other.sendto(icmp.encode(ECHO), (SERVER, 0))
        other.sendto(icmp.encode(reply_to(ECHO)), (SERVER, 0))
    assert pinger.next() == (IPv4Address(RELAY), reply_to(ECHO))


def test_where_nothing_waits_nothing_is_received(pinger: Pinger) -> None:
    assert pinger.socket.receive() == []
