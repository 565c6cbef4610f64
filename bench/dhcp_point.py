"""One measurement of `bench.dhcp`: one server, alone on a fresh network, under one load."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from tests.support.lab import dhcp_load
from tests.support.lab.dhcp_servers import HeldLease, Lending, ServerKind, computed_s
from tests.support.lab.namespace import Namespace
from tests.support.lab.network import Network
from tests.support.lab.perfdhcp import DISCOVER_OFFER, REQUEST_ACK, run_perfdhcp
from tests.support.lab.preload import Preload

CLIENTS = 30_000
NETWORK = IPv4Network("10.80.0.0/15")
SERVER = "10.77.0.1"
RELAY = "10.77.0.2"
GIADDR = str(NETWORK[1])
DROPS_ALLOWED = 0.001
RATE_KEPT = 0.97
"""perfdhcp, short of CPU time itself, may ask for less than it was told to; and always for one less."""
RECEIVE_BUFFER_BYTES = 16 << 20
"""For perfdhcp, whose receiving thread falls behind at such rates for longer than the usual 208 KiB last, and for the
servers, so that each is at its best."""
IN_FLIGHT = 64
"""How many direct clients ask at the same time."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the server finds when it starts."""

    held: tuple[HeldLease, ...] = ()
    sync_delay_s: float = 0.0
    """How much longer the disk takes to sync."""

    @property
    def name(self) -> str:
        leases = f"{len(self.held):,} leases held" if self.held else "no lease held"
        return f"{leases}, {self.sync_delay_s * 1e3:.0f} ms more a sync" if self.sync_delay_s else leases


@dataclass(frozen=True, slots=True)
class Drops:
    """Where packets were lost. What is missing besides, the server has left unanswered, or answered too late."""

    at_generator: int
    """perfdhcp's socket was full."""
    at_server: int
    """A socket of the server's was full."""
    in_between: int
    """The kernel's queue between two namespaces was full."""


@dataclass(frozen=True, slots=True)
class Point:
    """What perfdhcp saw at one rate, and what the server spent."""

    rate_per_s: int
    seconds: float
    discovers: int
    offers: int
    acks: int
    offer_avg_ms: float | None
    offer_max_ms: float | None
    ack_avg_ms: float | None
    ack_max_ms: float | None
    drops: Drops
    cpu_s: float
    rss_bytes: int
    load_average: float

    @property
    def dropped(self) -> float:
        """The share of the clients that asked and got no lease."""
        return 1 - self.acks / self.discovers if self.discovers else 1.0

    @property
    def held(self) -> bool:
        return self.dropped < DROPS_ALLOWED and self.discovers >= RATE_KEPT * self.rate_per_s * self.seconds - 1

    @property
    def reached_per_s(self) -> float:
        """DORAs, over the time until the last answer: at more than it can do, a server works on what has queued up."""
        tail_ms = (self.offer_max_ms or 0.0) + (self.ack_max_ms or 0.0)
        return self.acks / (self.seconds + tail_ms / 1e3)

    @property
    def cpu_s_per_1000(self) -> float | None:
        return 1e3 * self.cpu_s / self.acks if self.acks else None


def measure_relayed(kind: ServerKind, situation: Situation, rate_per_s: int, seconds: float) -> Point:
    with tempfile.TemporaryDirectory() as work_dir, Network(Path(work_dir)) as network:
        lan = network.segment("lan")
        server_host = network.host("server").join(lan, f"{SERVER}/24").route(str(NETWORK), via=RELAY)
        relay = network.host("relay").join(lan, f"{RELAY}/24", f"{GIADDR}/32")
        preload = Preload(network.work_dir)
        server = kind.start(server_host, Lending(NETWORK, situation.held), _machine(preload, situation))

        before = _Counters.read(server_host, relay, server.pid)
        report = run_perfdhcp(
            relay,
            SERVER,
            GIADDR,
            rate_per_s=rate_per_s,
            seconds=seconds,
            clients=clients_of(kind),
            before=preload.before(receive_buffer_bytes=RECEIVE_BUFFER_BYTES),
        )
        after = _Counters.read(server_host, relay, server.pid)

        offer, ack = report.exchanges[DISCOVER_OFFER], report.exchanges[REQUEST_ACK]
        return Point(
            rate_per_s,
            seconds,
            discovers=offer.sent,
            offers=offer.received,
            acks=ack.received,
            offer_avg_ms=offer.delay_avg_ms,
            offer_max_ms=offer.delay_max_ms,
            ack_avg_ms=ack.delay_avg_ms,
            ack_max_ms=ack.delay_max_ms,
            drops=after.since(before),
            cpu_s=after.cpu_s - before.cpu_s,
            rss_bytes=resident_bytes(server.pid),
            load_average=os.getloadavg()[0],
        )


def measure_direct(
    kind: ServerKind, situation: Situation, seconds: float, *, broadcast: bool = False
) -> dhcp_load.Outcome:
    """Clients on the server's own segment, without an address."""
    with tempfile.TemporaryDirectory() as work_dir, Network(Path(work_dir)) as network:
        lan = network.segment("lan")
        server_host = network.host("server").join(lan, f"{GIADDR}/{NETWORK.prefixlen}")
        clients_host = network.host("clients").join(lan)
        machine = _machine(Preload(network.work_dir), situation)
        kind.start(server_host, Lending(NETWORK, situation.held), machine)
        return dhcp_load.load(
            clients_host,
            "eth0",
            clients=clients_of(kind),
            in_flight=IN_FLIGHT,
            within_s=seconds,
            broadcast=broadcast,
        )


def clients_of(kind: ServerKind) -> int:
    return min(CLIENTS, kind.pool_size_max or CLIENTS)


def _machine(preload: Preload, situation: Situation) -> tuple[str, ...]:
    return preload.before(sync_delay_s=situation.sync_delay_s, receive_buffer_bytes=RECEIVE_BUFFER_BYTES)


@dataclass(frozen=True, slots=True)
class _Counters:
    at_generator: int
    at_server: int
    in_between: int
    cpu_s: float

    @classmethod
    def read(cls, server: Namespace, generator: Namespace, server_pid: int) -> _Counters:
        return cls(udp_buffer_errors(generator), socket_drops(server), backlog_drops(), computed_s(server_pid))

    def since(self, before: _Counters) -> Drops:
        return Drops(
            self.at_generator - before.at_generator,
            self.at_server - before.at_server,
            self.in_between - before.in_between,
        )


def udp_buffer_errors(namespace: Namespace) -> int:
    """Datagrams that found a socket full: also one that is closed by now."""
    names, values = (
        line.split() for line in Path(f"/proc/{namespace.pid}/net/snmp").read_text().splitlines() if "Udp:" in line
    )
    return int(dict(zip(names, values, strict=True))["RcvbufErrors"])


def socket_drops(namespace: Namespace) -> int:
    """By sockets that are open now, packet sockets among them: ISC and Kea read from those."""
    shown = namespace.run("ss", "--packet", "--udp", "--all", "--numeric", "--memory").stdout
    return sum(map(int, re.findall(r"skmem:\(\S*,d(\d+)\)", shown)))


def backlog_drops() -> int:
    """The whole machine's, as the kernel counts them: the second column, in hexadecimal, a line for each CPU."""
    return sum(int(line.split()[1], 16) for line in Path("/proc/net/softnet_stat").read_text().splitlines())


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
