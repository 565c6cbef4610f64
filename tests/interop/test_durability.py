"""A lease that a client was told of is on disk, whatever happens to the server or to the disk (RFC 2131 §3.1)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.support.dhcp_crowd import IN_FLIGHT_MAX, Crowd
from tests.support.lab.addresses import LAN, OTHER_SERVER, SERVER
from tests.support.lab.network import Host, Network
from tests.support.lab.server import WirebootServer, start_wireboot
from tests.support.requirements import LAB, require

CLIENTS = 400
LIVES = 5
LOCK_TIMEOUT_S = 3.0
"""What `store.database` allows another program; then a write has failed."""
ALL_SERVED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    host: Host
    relay: Host
    state_dir: Path
    configuration: str

    def start(self) -> WirebootServer:
        return start_wireboot(self.host, self.configuration)

    def stored_leases(self, *seen_from: str) -> dict[str, dict[str, str]]:
        """What `wireboot lease list` shows, by address. `seen_from`: a program to start it with."""
        file = self.host.work_dir / "server.wireboot.toml"
        command = (sys.executable, "-m", "wireboot", "lease", "list", "--json", "--config", str(file))
        return {lease["address"]: lease for lease in json.loads(self.host.run(*seen_from, *command).stdout)}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    require(*LAB)
    (tmp_path / "boot").mkdir()
    state_dir = tmp_path / "state"
    with Network(tmp_path) as network:
        lan = network.segment("lan")
        host = network.host("server").join(lan, LAN.at(SERVER))
        relay = network.host("relay").join(lan, LAN.at(OTHER_SERVER), "10.78.0.1/16")
        host.route("10.78.0.0/16", via=OTHER_SERVER)
        configuration = f"""\
state_dir = "{state_dir}"
boot_dir = "{tmp_path / "boot"}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
[[dhcp4.subnets]]
network = "10.78.0.0/16"
pools = ["10.78.1.0-10.78.2.255"]
"""
        yield Site(host, relay, state_dir, configuration)


@pytest.fixture
def crowd(site: Site) -> Iterator[Crowd]:
    with Crowd(site.relay, "10.78.0.1", CLIENTS) as crowd:
        yield crowd


@pytest.mark.parametrize("seed", [1])
def test_what_was_acknowledged_outlives_kill_9(site: Site, crowd: Crowd, seed: int) -> None:
    random = Random(seed)
    for _ in range(LIVES - 1):
        server = site.start()
        assert_kept(site, crowd)
        enough = crowd.acknowledgements() + random.randrange(20, CLIENTS)
        in_any_order = random.sample(crowd.clients, CLIENTS)
        crowd.ask(in_any_order, ALL_SERVED_WITHIN_S, until=partial(has_heard_of, crowd, enough))
        os.kill(server.process.pid, signal.SIGKILL)
        assert server.process.wait(5.0) == -signal.SIGKILL
        crowd.hear_last_words(crowd.clients)

    server = site.start()
    assert_kept(site, crowd)
    assert crowd.ask(crowd.clients, ALL_SERVED_WITHIN_S)
    assert_each_has_one_address_of_its_own(crowd)
    assert server.stop() == 0
    assert_kept(site, crowd)


def has_heard_of(crowd: Crowd, enough: int) -> bool:
    return crowd.acknowledgements() > enough


def assert_kept(site: Site, crowd: Crowd, *seen_from: str) -> None:
    """Each client's lease is in the database as the client knows it."""
    stored = site.stored_leases(*seen_from)
    for client in crowd.clients:
        for address in client.acknowledged[-1:]:
            assert (stored[str(address)]["mac"], stored[str(address)]["state"]) == (client.mac, "bound")


def assert_each_has_one_address_of_its_own(crowd: Crowd) -> None:
    addresses = [set(client.acknowledged) for client in crowd.clients]
    assert {len(each) for each in addresses} == {1}
    assert len(set.union(*addresses)) == CLIENTS


def test_nothing_is_acknowledged_while_the_database_is_locked(site: Site, crowd: Crowd) -> None:
    """Offers go on, since they promise nothing; and the clients' own retries are the recovery."""
    server = site.start()
    first, others = crowd.clients[:1], crowd.clients[1:100]
    assert crowd.ask(first, within_s=10.0)

    with closing(sqlite3.connect(site.state_dir / "wireboot.sqlite", isolation_level=None)) as another:
        another.execute("BEGIN EXCLUSIVE")
        refused = server_says_not_stored(server)
        crowd.ask(others, LOCK_TIMEOUT_S + 10.0, until=refused)
        assert refused()
        assert crowd.acknowledgements() == len(first)
        assert sum(client.offers > 0 for client in others) == IN_FLIGHT_MAX
        another.execute("ROLLBACK")

    assert crowd.ask(crowd.clients[:100], ALL_SERVED_WITHIN_S)
    assert_kept(site, crowd)
    assert server.stop() == 0


def test_nothing_is_acknowledged_while_the_disk_is_full(site: Site, crowd: Crowd) -> None:
    server = start_on_a_small_disk(site)
    disk = Path(f"/proc/{server.process.pid}/root{site.state_dir}")
    first, others = crowd.clients[:1], crowd.clients[1:100]
    assert crowd.ask(first, within_s=10.0)

    fill(disk / "filler")
    refused = server_says_not_stored(server)
    crowd.ask(others, within_s=10.0, until=refused)
    assert refused()
    assert crowd.acknowledgements() == len(first)

    (disk / "filler").unlink()
    assert crowd.ask(crowd.clients[:100], ALL_SERVED_WITHIN_S)
    assert_kept(site, crowd, "nsenter", f"--mount=/proc/{server.process.pid}/ns/mnt", "--")
    assert server.stop() == 0


def server_says_not_stored(server: WirebootServer) -> Callable[[], bool]:
    return lambda: any(event["event"] == "leases_not_stored" for event in server.events())


def start_on_a_small_disk(site: Site) -> WirebootServer:
    """With a `state_dir` of 512 KiB, in a mount namespace of the server's own, so that it ends with the server."""
    file = site.host.work_dir / "server.wireboot.toml"
    file.write_text(site.configuration)
    site.state_dir.mkdir()
    on_small_disk = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=512k none "$0" && exec "$@"')
    serve = (sys.executable, "-m", "wireboot", "serve", "--config", str(file), "--log-format", "json")
    server = WirebootServer(site.host.start(*on_small_disk, site.state_dir, *serve, log_name="wireboot"))
    server.wait_until_ready()
    return server


def fill(file: Path) -> None:
    """To the last page of the disk."""
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
