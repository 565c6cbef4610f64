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
from tests.support.lab.postgresql import PostgreSql
from tests.support.lab.server import WirebootServer, start_wireboot
from tests.support.requirements import LAB, POSTGRESQL, require
from wireboot.server.ledger import SILENCE_S

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
    """With its leases in SQLite."""
    require(*LAB)
    with lay_out(tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSql]:
    require(*POSTGRESQL)
    with PostgreSql() as server:
        yield server


@pytest.fixture
def site_on_postgresql(tmp_path: Path, postgresql: PostgreSql) -> Iterator[Site]:
    require(*LAB)
    url = postgresql.new_database().render_as_string()
    with lay_out(tmp_path, f'[database]\nurl = "{url}"\n') as site:
        yield site


@contextlib.contextmanager
def lay_out(tmp_path: Path, tables: str = "") -> Iterator[Site]:
    """`tables`: what the configuration says besides."""
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
pools = ["10.78.1.0-10.78.4.255"]
{tables}"""
        yield Site(host, relay, state_dir, configuration)


@pytest.fixture
def crowd(site: Site) -> Iterator[Crowd]:
    with crowd_of(site) as crowd:
        yield crowd


def crowd_of(site: Site) -> Crowd:
    return Crowd(site.relay, "10.78.0.1", CLIENTS)


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("kind", ["site", "site_on_postgresql"])
def test_what_was_acknowledged_outlives_kill_9(request: pytest.FixtureRequest, kind: str, seed: int) -> None:
    site = request.getfixturevalue(kind)
    assert isinstance(site, Site)
    with crowd_of(site) as crowd:
        assert_leases_outlive_kill_9(site, crowd, seed)


def assert_leases_outlive_kill_9(site: Site, crowd: Crowd, seed: int) -> None:
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


def test_a_disk_that_takes_no_writes_is_said_at_start(site: Site) -> None:
    file = site.host.work_dir / "server.wireboot.toml"
    file.write_text(site.configuration)
    site.state_dir.mkdir()
    on_read_only_disk = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none "$0" && exec "$@"')

    done = site.host.run(*on_read_only_disk, site.state_dir, *serve(file), check=False)

    assert done.returncode == 1
    assert f"error: cannot open the database {site.state_dir / 'wireboot.sqlite'}: " in done.stderr
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("trouble", ["stopped", "silent"])
def test_nothing_is_acknowledged_while_postgresql_does_not_answer(
    site_on_postgresql: Site, postgresql: PostgreSql, trouble: str
) -> None:
    site = site_on_postgresql
    server = site.start()
    with crowd_of(site) as crowd:
        first, others = crowd.clients[:1], crowd.clients[1:100]
        assert crowd.ask(first, within_s=10.0)

        ((session,),) = postgresql.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'wireboot on %'"
        )
        assert isinstance(session, int)
        if trouble == "stopped":
            postgresql.stop()
        else:
            os.kill(session, signal.SIGSTOP)
        refused = server_says_not_stored(server)
        crowd.ask(others, SILENCE_S * 3, until=refused)
        assert refused()
        assert crowd.acknowledgements() == len(first)
        if trouble == "stopped":
            postgresql.start()
        else:
            os.kill(session, signal.SIGCONT)

        assert crowd.ask(crowd.clients[:100], ALL_SERVED_WITHIN_S)
        assert_kept(site, crowd)
    assert any(event["event"] == "leases_stored_again" for event in server.events())
    assert server.stop() == 0


@pytest.mark.parametrize("kind", ["site", "site_on_postgresql"])
def test_a_second_server_on_one_database_is_refused(request: pytest.FixtureRequest, kind: str) -> None:
    site = request.getfixturevalue(kind)
    assert isinstance(site, Site)
    server = site.start()

    done = site.relay.run(*serve(site.host.work_dir / "server.wireboot.toml"), check=False)

    assert done.returncode == 1
    assert "another wireboot uses it" in done.stderr
    assert "hint: two servers on one database would lend the same address twice" in done.stderr
    assert server.stop() == 0


def server_says_not_stored(server: WirebootServer) -> Callable[[], bool]:
    return lambda: any(event["event"] == "leases_not_stored" for event in server.events())


def start_on_a_small_disk(site: Site) -> WirebootServer:
    """With a `state_dir` of 512 KiB, in a mount namespace of the server's own, so that it ends with the server."""
    file = site.host.work_dir / "server.wireboot.toml"
    file.write_text(site.configuration)
    site.state_dir.mkdir()
    on_small_disk = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=512k none "$0" && exec "$@"')
    server = WirebootServer(site.host.start(*on_small_disk, site.state_dir, *serve(file), log_name="wireboot"))
    server.wait_until_ready()
    return server


def serve(file: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "wireboot", "serve", "--config", str(file), "--log-format", "json")


def fill(file: Path) -> None:
    """To the last page of the disk."""
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
