"""What a server sends so that N clients have a file: by MTFTP, by RFC 2090 multicast, and by plain TFTP.

`python -m bench.multicast` counts the bytes of whole frames, in two ways. First on an imagined segment, where every
client is a real endpoint and loses its own share of packets in either direction; then with real sockets and no loss, at
the server's port of a real switch. The ratio is to N times the file: with plain TFTP it stays above 1, by multicast it
falls with N.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from tests.support.lab.addresses import SERVER
from tests.support.lab.network import Network, Segment
from tests.support.multicast import (
    MTFTP_SERVER,
    MULTICAST_LIMITS,
    OFFERS,
    TFTP_SERVER,
    FetchEndpoint,
    Link,
    Member,
    MulticastSegment,
)
from tests.support.multicast_sockets import SocketHost, run
from tests.support.requirements import LAB, missing
from tests.support.tftp import TRANSFER_PORTS, MemoryFiles, pattern
from wireboot.endpoint import Endpoint, SocketAddress
from wireboot.protocols.tftp.client import PORTS_MAX, TftpClient
from wireboot.protocols.tftp.client_retry import WIREBOOT
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.protocols.tftp.multicast_client import MulticastTftpClient
from wireboot.protocols.tftp.requested_options import RequestedOptions
from wireboot.protocols.tftp.server import ServerLimits, TftpServer

SIMULATED_CLIENTS = (1, 10, 100, 500)
CROWD = 10_000
REAL_CLIENTS = (1, 10, 100, 500)
PREFIX_LENGTH = 22
"""Room for all of them in one network."""
LOSSES = (0.0, 0.01, 0.05)
FILE_BYTES = 64 * 1024
CROWD_FILE_BYTES = 8 * 1024
"""Each of ten thousand clients holds its own copy."""
FRAME_HEADERS_BYTES = 14 + 20 + 8
WITHIN_S = 3600.0
REAL_WITHIN_S = 30.0
MULTICAST_BLKSIZE = 1428
SIZE_BYTES_MAX = 1 << 24


@dataclass(frozen=True, slots=True)
class Protocol:
    name: str
    server: Callable[[MemoryFiles], Endpoint]
    client: Callable[[IPv4Address, Callable[[], float], float], FetchEndpoint]
    """By its own address, what draws its random numbers, and the time."""
    client_ports: tuple[int, ...]
    group_port: int | None = None


def mtftp_client(address: IPv4Address, random: Callable[[], float], now: float) -> FetchEndpoint:
    server = IPv4Address(SERVER)
    return MtftpClient(
        "boot", server, OFFERS["boot"], address, "eth0", size_bytes_max=SIZE_BYTES_MAX, random=random, now=now
    )


def multicast_client(address: IPv4Address, _random: Callable[[], float], now: float) -> FetchEndpoint:
    local = SocketAddress(address, 2070)
    return MulticastTftpClient(
        "boot", TFTP_SERVER, local, "eth0", blksize=MULTICAST_BLKSIZE, size_bytes_max=SIZE_BYTES_MAX, now=now
    )


def plain_client(address: IPv4Address, _random: Callable[[], float], now: float) -> FetchEndpoint:
    return TftpClient(
        "boot",
        TFTP_SERVER,
        SocketAddress(address, 2070),
        "eth0",
        request=RequestedOptions(blksize=MULTICAST_BLKSIZE),
        retry=WIREBOOT,
        size_bytes_max=SIZE_BYTES_MAX,
        now=now,
    )


def tftp_server(files: MemoryFiles) -> Endpoint:
    limits = ServerLimits(transfers_max=20_000)
    return TftpServer(files, transfer_ports=TRANSFER_PORTS, limits=limits, multicast=MULTICAST_LIMITS)


MTFTP = Protocol("MTFTP", lambda files: MtftpServer(files, OFFERS), mtftp_client, (1760,), group_port=1760)
RFC_2090 = Protocol("RFC 2090", tftp_server, multicast_client, (2070,), group_port=MULTICAST_LIMITS.port)
PLAIN = Protocol("plain TFTP", tftp_server, plain_client, tuple(range(2070, 2070 + PORTS_MAX)))
PROTOCOLS = (MTFTP, RFC_2090, PLAIN)


@dataclass(frozen=True, slots=True)
class Outcome:
    clients: int
    file_bytes: int
    sent_bytes: int
    """By the server, in whole frames."""
    fetched: int
    """Clients that have the file; others take to plain TFTP, or ask again."""
    seconds: float
    """Until the last one had it; on the imagined segment, imagined ones."""

    def cells(self) -> tuple[str, ...]:
        ratio = self.sent_bytes / (self.clients * self.file_bytes)
        return f"{self.clients}", f"{self.sent_bytes:,}", f"{ratio:.4f}", f"{self.fetched}", f"{self.seconds:.1f}"


def main() -> int:
    arguments = parse_arguments()
    console = Console()
    console.print(simulated_table())
    if arguments.simulation_only:
        return 0
    if reasons := missing(*LAB):
        sys.stderr.write(f"note: real sockets need {', '.join(reasons)}\n")
        return 0
    console.print(real_table())
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.multicast", description=__doc__)
    parser.add_argument("--simulation-only", action="store_true", help="leave real sockets out")
    return parser.parse_args()


def simulated_table() -> Table:
    table = new_table(f"imagined segment, {FILE_BYTES:,} bytes ({CROWD:,} clients: {CROWD_FILE_BYTES:,})")
    for protocol in PROTOCOLS:
        for loss in LOSSES:
            for clients in SIMULATED_CLIENTS:
                outcome = simulate(protocol, clients, loss, FILE_BYTES)
                table.add_row(protocol.name, f"{loss:.0%}", *outcome.cells())
            if protocol is MTFTP:
                table.add_row(protocol.name, f"{loss:.0%}", *simulate(MTFTP, CROWD, loss, CROWD_FILE_BYTES).cells())
            table.add_section()
    return table


def real_table() -> Table:
    table = new_table(f"real sockets, {FILE_BYTES:,} bytes")
    with tempfile.TemporaryDirectory() as work_dir:
        for protocol in PROTOCOLS:
            for clients in REAL_CLIENTS:
                table.add_row(protocol.name, "0%", *measure(protocol, clients, Path(work_dir)).cells())
            table.add_section()
    return table


def new_table(title: str) -> Table:
    table = Table(title=f"bytes from the server: {title}")
    table.add_column("")
    for column in ("loss", "clients", "bytes", "of N x file", "fetched", "seconds"):
        table.add_column(column, justify="right")
    return table


def simulate(protocol: Protocol, clients: int, loss: float, file_bytes: int) -> Outcome:
    content = pattern(file_bytes)
    segment = MulticastSegment(protocol.server(MemoryFiles({"boot": content})), seed=clients)
    started_at = segment.now
    members: list[Member] = [
        segment.add(protocol.client(segment.next_address(), segment.random.random, segment.now), Link(loss))
        for _ in range(clients)
    ]
    segment.run(WITHIN_S)
    done = [member for member in members if member.content == content]
    return Outcome(
        clients,
        file_bytes,
        segment.server_payload_bytes + FRAME_HEADERS_BYTES * segment.server_datagrams,
        len(done),
        max((member.ended_at for member in done), default=started_at) - started_at,
    )


def measure(protocol: Protocol, clients: int, work_dir: Path) -> Outcome:
    content = pattern(FILE_BYTES)
    addresses = [IPv4Address("10.77.1.1") + index for index in range(clients)]
    with Network(work_dir) as network:
        lan = network.segment("lan")
        server_host = network.host("server").join(lan, f"{SERVER}/{PREFIX_LENGTH}")
        client_host = network.host("clients").join(lan, *(f"{address}/{PREFIX_LENGTH}" for address in addresses))
        server = SocketHost(server_host, IPv4Address(SERVER), (69, MTFTP_SERVER.port, *TRANSFER_PORTS))
        server.endpoint = protocol.server(MemoryFiles({"boot": content}))
        hosts = [
            SocketHost(client_host, each, protocol.client_ports, group_port=protocol.group_port) for each in addresses
        ]
        try:
            before_bytes, started_at = sent_bytes(lan), time.monotonic()
            random = Random(clients)
            for host in hosts:
                host.endpoint = protocol.client(host.address, random.random, time.time())
            run([server, *hosts], lambda: all(has_ended(host) for host in hosts), REAL_WITHIN_S)
            seconds = time.monotonic() - started_at
            fetched = sum(content_of(host) == content for host in hosts)
            return Outcome(clients, FILE_BYTES, sent_bytes(lan) - before_bytes, fetched, seconds)
        finally:
            for host in (server, *hosts):
                host.close()


def content_of(host: SocketHost) -> bytes | None:
    return next((event.content for event in host.events if isinstance(event, Fetched)), None)


def has_ended(host: SocketHost) -> bool:
    return any(isinstance(event, Fetched | FetchFailed) for event in host.events)


def sent_bytes(lan: Segment) -> int:
    """By the server, counted at its port of the switch."""
    (port,) = json.loads(lan.run("ip", "-json", "-statistics", "link", "show", "port1").stdout)
    received: int = port["stats64"]["rx"]["bytes"]
    return received


if __name__ == "__main__":
    sys.exit(main())
