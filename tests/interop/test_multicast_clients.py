"""Several clients fetch right bytes together, by RFC 2090 and by MTFTP, over real sockets and a real switch."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.process import Process
from tests.support.multicast import MULTICAST_LIMITS, OFFERS
from tests.support.multicast_sockets import SocketHost, run
from tests.support.requirements import LAB, require
from tests.support.tftp import MemoryFiles, pattern
from wireboot.protocols.tftp.events import TransferFinished, TransferStarted
from wireboot.protocols.tftp.fetch import Fetched
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.protocols.tftp.server import TftpServer

CLIENTS = 4
CONTENT = pattern(600_001)
TRANSFER_PORTS = (50001, 50002, 50003)
WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    lan: Segment
    server: Host
    clients: list[Host]
    downloads: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(*LAB, "atftp", "/etc/services")
    work_dir = tmp_path_factory.mktemp("multicast")
    with Network(work_dir) as network:
        lan = network.segment("lan")
        server = network.host("server").join(lan, LAN.at(SERVER))
        clients = [network.host(f"client{n}").join(lan, LAN.at(f"10.77.0.{n + 10}")) for n in range(CLIENTS)]
        for host in clients:
            host.run("ip", "route", "add", "224.0.0.0/4", "dev", "eth0")
        yield Site(lan, server, clients, work_dir)


@pytest.mark.parametrize("blksize", [512, 1428])
def test_several_atftp_clients_share_one_transfer(site: Site, blksize: int) -> None:
    """RFC 2090: each has the whole file, of which the server has sent little more than one copy."""
    server_host = SocketHost(site.server, IPv4Address(SERVER), (69, *TRANSFER_PORTS))
    files = MemoryFiles({"boot": CONTENT})
    server = TftpServer(files, transfer_ports=TRANSFER_PORTS, multicast=MULTICAST_LIMITS)
    server_host.endpoint = server
    before = sent_bytes(site.lan)
    targets = [site.downloads / f"{host.name}-{blksize}" for host in site.clients]
    options = ("--option", "multicast", "--option", f"blksize {blksize}")
    programs = [
        host.start("atftp", *options, "-g", "-r", "boot", "-l", target, SERVER, log_name=f"atftp-{blksize}")
        for host, target in zip(site.clients, targets, strict=True)
    ]
    try:
        finished = run([server_host], lambda: all_ended(programs) and server.next_timeout() is None, WITHIN_S)
    finally:
        server_host.close()

    assert finished
    assert [target.read_bytes() == CONTENT for target in targets] == [True] * CLIENTS
    started = [event for event in server_host.events if isinstance(event, TransferStarted)]
    assert {event.group.host for event in started if event.group} <= set(MULTICAST_LIMITS.groups)
    assert sum(isinstance(event, TransferFinished) for event in server_host.events) == CLIENTS
    # A late joiner makes the server repeat what it has missed; a copy for each would be more.
    assert sent_bytes(site.lan) - before < 2 * len(CONTENT)


def test_our_clients_share_one_mtftp_transmission(site: Site) -> None:
    """PXE 2.1 §2.3. Firmware: atftp's own MTFTP client listens at a port that nobody knows, so it can be no peer."""
    offer = OFFERS["boot"]
    server_host = SocketHost(site.server, IPv4Address(SERVER), (offer.server_port,))
    server = MtftpServer(MemoryFiles({"boot": CONTENT}), OFFERS)
    server_host.endpoint = server
    before = sent_bytes(site.lan)
    hosts = [
        SocketHost(host, IPv4Address(f"10.77.0.{n + 10}"), (offer.client_port,), group_port=offer.client_port)
        for n, host in enumerate(site.clients)
    ]
    clients = [
        MtftpClient(
            "boot",
            IPv4Address(SERVER),
            offer,
            host.address,
            "eth0",
            size_bytes_max=1 << 20,
            random=lambda: 0.5,
            now=time.time(),
        )
        for host in hosts
    ]
    for host, client in zip(hosts, clients, strict=True):
        host.endpoint = client
    try:
        finished = run([server_host, *hosts], lambda: all(client.ended for client in clients), WITHIN_S)
    finally:
        for host in (server_host, *hosts):
            host.close()

    assert finished
    fetched = [event.content for host in hosts for event in host.events if isinstance(event, Fetched)]
    assert fetched == [CONTENT] * CLIENTS
    assert sent_bytes(site.lan) - before < 1.2 * len(CONTENT)


def all_ended(programs: Sequence[Process]) -> bool:
    return not any(program.is_running() for program in programs)


def sent_bytes(lan: Segment) -> int:
    """By the server, counted at its port of the switch."""
    (port,) = json.loads(lan.run("ip", "-json", "-statistics", "link", "show", "port1").stdout)
    received: int = port["stats64"]["rx"]["bytes"]
    return received
