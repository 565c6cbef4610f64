"""DHCP servers to measure beside one another: each at its fastest, lending one pool, some of it already lent."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from random import Random

from tests.support.lab.namespace import LabError
from tests.support.lab.network import Host
from tests.support.lab.packages import DHCPD, unpacked
from tests.support.lab.process import Process
from tests.support.lab.server import WirebootServer

KEA_DHCP4 = ("kea-dhcp4-server", "usr/sbin/kea-dhcp4")
"""Its libraries come with kea-admin's, which is installed for perfdhcp."""
KEA_THREADS = 2
ISC_DELAYED_ACKS = 28
ISC_DELAYED_ACK_POOL = 4_000
"""Its lease file is written anew from time to time; with more leases that takes longer than delayed ACKs save."""
LEASE_TIME_S = 3600
READY_WITHIN_S = 180.0
"""It may have a hundred thousand leases to read first: dnsmasq takes a minute, the others seconds."""
LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class HeldLease:
    address: IPv4Address
    mac: str


@dataclass(frozen=True, slots=True)
class Lending:
    """What a server is to lend."""

    network: IPv4Network
    """Behind a relay, or the one the server's eth0 is in: then the server's own address is the first of it."""
    held: tuple[HeldLease, ...] = ()

    @property
    def first(self) -> IPv4Address:
        # The first address of the network is the relay's, or the server's own.
        return self.network[2]

    @property
    def last(self) -> IPv4Address:
        return self.network[-2]


@dataclass(frozen=True, slots=True)
class ServerKind:
    name: str
    start: Callable[[Host, Lending, Sequence[str]], Process]
    """On a host, until it answers. The last argument is to stand before its command line (preload.py)."""
    likely_per_s: int
    """DORAs: where a search for what it reaches may begin."""
    likely_with_many_per_s: int
    """The same with a hundred thousand leases."""
    pool_size_max: int | None = None


def hold(network: IPv4Network, count: int) -> tuple[HeldLease, ...]:
    """So many leases, spread evenly over the network at random: no server's way to look for a free one is favoured."""
    lending = Lending(network)
    pool = range(int(lending.first), int(lending.last) + 1)
    addresses = Random(count).sample(pool, count)
    return tuple(HeldLease(IPv4Address(address), _mac(number)) for number, address in enumerate(addresses))


def _mac(number: int) -> str:
    return (0x0200_0000_0000 + number).to_bytes(6, "big").hex(":")


def start_wireboot(host: Host, lending: Lending, before: Sequence[str]) -> Process:
    """With its defaults: durable, in SQLite; addresses are probed; each lease is logged."""
    state_dir, boot_dir, file = (host.work_dir / f"{host.name}.{name}" for name in ("state", "boot", "wireboot.toml"))
    boot_dir.mkdir()
    # Of what is left beside 100,000 leases, known machines' share would keep the rest from the bench's clients.
    share = 'reserved_share = "0%"\n' if lending.held else ""
    file.write_text(f"""\
state_dir = "{state_dir}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
{share}[[dhcp4.subnets]]
network = "{lending.network}"
pools = ["{lending.first}-{lending.last}"]
lease_time_s = {LEASE_TIME_S}
""")
    wireboot = (sys.executable, "-m", "wireboot")
    if lending.held:
        leases = _dnsmasq_leases(host, lending)
        command = ("lease", "import", leases, "--from", "dnsmasq", "--config", file)
        host.run(*wireboot, *command, timeout_s=READY_WITHIN_S)
    serve = (*wireboot, "serve", "--config", file, "--log-format", "json")
    process = host.start(*before, *serve, log_name="wireboot")
    WirebootServer(process).wait_until_ready()
    return process


def start_kea(host: Host, lending: Lending, before: Sequence[str]) -> Process:
    """With two threads, and its memfile: written for each lease, never synced, never cleaned up during a run."""
    relayed = IPv4Address(host.addresses[0]) not in lending.network
    leases = host.work_dir / f"{host.name}.kea.csv"
    expires_at = int(time.time()) + LEASE_TIME_S
    columns = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context"
    rows = (f"{lease.address},{lease.mac},,{LEASE_TIME_S},{expires_at},1,0,0,,0," for lease in lending.held)
    leases.write_text("\n".join((columns, *rows, "")))
    to_stdout = [{"output": "stdout"}]
    configuration = {
        "interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "udp" if relayed else "raw"},
        "lease-database": {"type": "memfile", "persist": True, "name": str(leases), "lfc-interval": 0},
        "multi-threading": {"enable-multi-threading": True, "thread-pool-size": KEA_THREADS},
        "valid-lifetime": LEASE_TIME_S,
        "subnet4": [
            {"id": 1, "subnet": str(lending.network), "pools": [{"pool": f"{lending.first} - {lending.last}"}]}
        ],
        "loggers": [
            {"name": "kea-dhcp4", "severity": "WARN", "output_options": to_stdout},
            {"name": "kea-dhcp4.dhcp4", "severity": "INFO", "output_options": to_stdout},
        ],
    }
    file = host.work_dir / f"{host.name}.kea.json"
    file.write_text(json.dumps({"Dhcp4": configuration}))
    own_files = [f"{name}={host.work_dir}" for name in ("KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR", "KEA_DHCP_DATA_DIR")]
    process = host.start(*before, "env", *own_files, unpacked(*KEA_DHCP4), "-c", file, log_name="kea")
    process.wait_for("DHCP4_STARTED", READY_WITHIN_S)
    return process


def start_dnsmasq(host: Host, lending: Lending, before: Sequence[str]) -> Process:
    """Without its address check and without a line for each lease. It never syncs its file."""
    leases = _dnsmasq_leases(host, lending)
    own = ("--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--port=0", "--user=root")
    pool = f"--dhcp-range={lending.first},{lending.last},{lending.network.netmask},{LEASE_TIME_S}"
    fast = ("--no-ping", "--quiet-dhcp", f"--dhcp-lease-max={lending.network.num_addresses}")
    command = ("dnsmasq", *own, *fast, pool, f"--dhcp-leasefile={leases}")
    process = host.start(*before, *command, log_name="dnsmasq")
    process.wait_for("DHCP, IP range", READY_WITHIN_S)
    if lending.held:
        # It says so before it has read its leases.
        _wait_until_idle(process)
    return process


def start_isc(host: Host, lending: Lending, before: Sequence[str]) -> Process:
    """With its defaults, but for the address check: every lease synced by itself."""
    return _start_isc(host, lending, before, "", lending.last)


def start_isc_with_delayed_acks(host: Host, lending: Lending, before: Sequence[str]) -> Process:
    """Up to 28 ACKs wait for one sync; and the pool is small."""
    last = min(lending.last, lending.first + ISC_DELAYED_ACK_POOL - 1)
    return _start_isc(host, lending, before, f"delayed-ack {ISC_DELAYED_ACKS};\n", last)


def _start_isc(host: Host, lending: Lending, before: Sequence[str], statements: str, last: IPv4Address) -> Process:
    file = host.work_dir / f"{host.name}.dhcpd.conf"
    network = f"subnet {lending.network.network_address} netmask {lending.network.netmask}"
    own = IPv4Network(f"{host.addresses[0]}/24", strict=False)
    # It must know the network of its own interface, and then serves relays through it.
    own_network = "" if own.overlaps(lending.network) else f"subnet {own.network_address} netmask {own.netmask} {{}}\n"
    file.write_text(
        f"{statements}authoritative;\nping-check false;\n"
        f"default-lease-time {LEASE_TIME_S};\nmax-lease-time {LEASE_TIME_S};\n"
        f"{own_network}{network} {{ range {lending.first} {last}; }}\n"
    )
    leases = host.work_dir / f"{host.name}.dhcpd.leases"
    now = time.time()
    starts, ends = (time.strftime("%w %Y/%m/%d %H:%M:%S", time.gmtime(at)) for at in (now, now + LEASE_TIME_S))
    leases.write_text(
        "".join(
            f"lease {lease.address} {{\n  starts {starts};\n  ends {ends};\n  cltt {starts};\n"
            f"  binding state active;\n  hardware ethernet {lease.mac};\n}}\n"
            for lease in lending.held
        )
    )
    command = (unpacked(*DHCPD), "-4", "-d", "-f", "--no-pid", "-cf", file, "-lf", leases, "eth0")
    process = host.start(*before, *command, log_name="dhcpd")
    process.wait_for("Server starting service.", READY_WITHIN_S)
    return process


def computed_s(pid: int) -> float:
    """The CPU time that a program has had, all threads together."""
    # Its name, in parentheses, may have spaces in it; user and system time are fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait_until_idle(process: Process) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    before_s = -math.inf
    while (now_s := computed_s(process.pid)) > before_s:
        if time.monotonic() > deadline:
            raise LabError(f"{process.transcript.path.name}: still computes after {READY_WITHIN_S:g} s")
        before_s = now_s
        time.sleep(LOOK_EVERY_S)


def _dnsmasq_leases(host: Host, lending: Lending) -> Path:
    """As a file of dnsmasq's."""
    leases = host.work_dir / f"{host.name}.dnsmasq.leases"
    ends = int(time.time()) + LEASE_TIME_S
    leases.write_text("".join(f"{ends} {lease.mac} {lease.address} * *\n" for lease in lending.held))
    return leases


# fmt: off
WIREBOOT = ServerKind("wireboot",               start_wireboot,               4_000, 4_000)
KEA      = ServerKind("Kea, memfile",           start_kea,                    8_000, 8_000)
ISC      = ServerKind("ISC dhcpd",              start_isc,                      125,    20)
ISC_BEST = ServerKind("ISC dhcpd, delayed-ack", start_isc_with_delayed_acks,  6_000, 6_000, ISC_DELAYED_ACK_POOL)
DNSMASQ  = ServerKind("dnsmasq",                start_dnsmasq,                  250,    20)
# fmt: on
