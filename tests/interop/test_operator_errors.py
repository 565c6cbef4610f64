"""What the person who runs wireboot can put right is said in words, with what to do, and never as a traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy import make_url

from tests.support.dhcp_crowd import Crowd
from tests.support.dhcp_programs import start_udhcpc
from tests.support.lab.addresses import LAN, OTHER_SERVER, SERVER
from tests.support.lab.capture import read_datagrams
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.server import WirebootServer, start_wireboot
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside
from tests.support.tftp_socket import agreed_options
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store.database import open_database
from wireboot.store.leases import LeaseStore

ENDS_WITHIN_S = 30.0
DONE, FAILED, WRONG_USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Trial:
    """A computer of its own, to start wireboot on."""

    host: Host
    segment: Segment
    folder: Path

    @property
    def configuration(self) -> Path:
        return self.folder / "wireboot.toml"

    def configure(
        self, mode: str = "server", interface: str = "eth0", subnet: str = LAN.network, first: str = LAN.first
    ) -> str:
        (self.folder / "boot").mkdir(exist_ok=True)
        text = f"""\
state_dir = "{self.folder / "state"}"
boot_dir = "{self.folder / "boot"}"
[network]
interfaces = ["{interface}"]
[dhcp4]
mode = "{mode}"
[[dhcp4.subnets]]
network = "{subnet}"
pools = ["{first}-{LAN.last if subnet == LAN.network else first}"]
"""
        self.configuration.write_text(text)
        return text

    def run(self, *arguments: str, without: str | None = None) -> CompletedProcess[str]:
        """Run wireboot to its end. `without`: a capability that it is not to have."""
        return self.host.run(
            *without_capability(without), *self.command(*arguments), check=False, timeout_s=ENDS_WITHIN_S
        )

    def serve(self, *arguments: str, without: str | None = None) -> CompletedProcess[str]:
        return self.run("serve", "--config", str(self.configuration), *arguments, without=without)

    def command(self, *arguments: str) -> Sequence[str]:
        return (sys.executable, "-m", "wireboot", *arguments)


def without_capability(name: str | None) -> Sequence[str]:
    # Still root, so that it can read the program wherever that lies; the kernel asks for the capability.
    return () if name is None else ("setpriv", "--bounding-set", f"-{name}", "--inh-caps", f"-{name}", "--")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    require(*LAB)
    with Network(tmp_path_factory.mktemp("operator")) as network:
        yield network


NUMBERS = count(1)


@pytest.fixture
def trial(network: Network, tmp_path: Path) -> Iterator[Trial]:
    number = next(NUMBERS)
    segment = network.segment(f"lan{number}")
    host = network.host(f"server{number}").join(segment, LAN.at(SERVER))
    yield Trial(host, segment, tmp_path)
    host.close()
    segment.close()


def assert_told(done: CompletedProcess[str], exit_code: int, *said: str) -> None:
    """It ended with this exit code, after `error:` and a hint that say this."""
    lines = done.stderr.splitlines()
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert [line for line in lines if line.startswith("error: ")], done.stderr
    assert [line for line in lines if line.lstrip().startswith("hint: ")], done.stderr
    for words in said:
        assert words in done.stderr
    assert done.stdout == ""


# Ports


@pytest.mark.parametrize(("port", "service"), [(67, "DHCP"), (4011, "Boot Server"), (69, "TFTP")])
def test_a_port_that_is_taken_is_named(trial: Trial, port: int, service: str) -> None:
    trial.configure()
    with open_inside(trial.host, socket.AF_INET, socket.SOCK_DGRAM) as another:
        another.bind(("0.0.0.0", port))
        done = trial.serve()

    assert_told(
        done,
        FAILED,
        f"error: cannot listen on UDP port {port} ({service}): address already in use",
        f"hint: `ss -ulpn 'sport = :{port}'` names the program that holds it",
    )


def test_a_proxy_lets_a_dhcp_server_keep_its_port_and_says_so(trial: Trial) -> None:
    """PXE 2.1 §2.2.3: with port 4011 alone it is of use when that server sends option 60."""
    with open_inside(trial.host, socket.AF_INET, socket.SOCK_DGRAM) as another:
        another.bind(("0.0.0.0", 67))
        server = start_wireboot(trial.host, trial.configure(mode="proxy"))

    (left_alone,) = [event for event in server.events() if event["event"] == "dhcp_port_left_alone"]
    assert "option 60" in str(left_alone["hint"])
    assert server.stop() == DONE


def test_without_the_right_to_a_port_it_says_which(trial: Trial) -> None:
    trial.configure()

    done = trial.serve(without="net_bind_service")

    assert_told(done, FAILED, "cannot listen on UDP port 67 (DHCP): permission denied", "CAP_NET_BIND_SERVICE")


def test_without_raw_frames_clients_are_answered_by_broadcast(trial: Trial) -> None:
    """RFC 2131 §4.1: a server that cannot address a client's hardware may broadcast."""
    require("udhcpc")
    trial.configure()
    command = trial.command("serve", "--config", str(trial.configuration), "--log-format", "json")
    server = WirebootServer(trial.host.start(*without_capability("net_raw"), *command, log_name="wireboot"))
    server.wait_until_ready()
    recording = trial.segment.capture("udp src port 67")
    with Host(f"{trial.host.name}.client", trial.folder) as client:
        start_udhcpc(client.join(trial.segment)).wait_until_told("bound")
    recording.end()

    (refused,) = [event for event in server.events() if event["event"] == "raw_frames_refused"]
    assert "CAP_NET_RAW" in str(refused["hint"])
    assert {str(each.destination) for each in read_datagrams(recording.path)} == {"255.255.255.255:68"}
    assert server.stop() == DONE


# Interfaces


def test_an_interface_that_is_not_there_is_named_with_those_that_are(trial: Trial) -> None:
    trial.configure(interface="eth7")

    assert_told(trial.serve(), WRONG_USAGE, "there is no interface eth7", "this machine has: eth0, lo")


def test_an_interface_without_an_address_is_named(trial: Trial) -> None:
    trial.configure()
    trial.host.run("ip", "address", "flush", "dev", "eth0")

    assert_told(trial.serve(), WRONG_USAGE, "interface eth0 has no IPv4 address", "ip address add")


def test_an_interface_that_is_down_is_named(trial: Trial) -> None:
    trial.configure()
    trial.host.run("ip", "link", "set", "eth0", "down")

    assert_told(trial.serve(), WRONG_USAGE, "interface eth0 is down", "ip link set eth0 up")


def test_where_no_interface_can_be_served_it_says_so(trial: Trial) -> None:
    trial.configuration.write_text(f'state_dir = "{trial.folder}"\nboot_dir = "{trial.folder}"\n')
    trial.host.run("ip", "address", "flush", "dev", "eth0")

    assert_told(trial.serve(), WRONG_USAGE, "no network interface is up and has an IPv4 address")


# Folders and the database


def test_a_boot_dir_that_is_not_there_is_named(trial: Trial) -> None:
    trial.configure()

    done = trial.serve("--boot-dir", str(trial.folder / "nowhere"))

    assert_told(done, WRONG_USAGE, f"boot_dir {trial.folder / 'nowhere'} is not there", "mkdir -p")


def test_a_state_dir_that_cannot_be_made_is_named(trial: Trial) -> None:
    trial.configure()
    (trial.folder / "state").write_text("a file where a folder should be")

    assert_told(trial.serve(), FAILED, f"cannot open the database {trial.folder / 'state'}", "hint: `state_dir`")


def test_a_state_dir_that_cannot_be_written_to_is_named(trial: Trial) -> None:
    trial.configure()
    (trial.folder / "state").mkdir()
    (trial.folder / "state").chmod(0o555)

    done = trial.serve(without="dac_override")

    assert_told(done, FAILED, f"cannot open the database {trial.folder / 'state'}", "hint: `state_dir`")


def test_a_database_that_is_none_is_named_and_left_alone(trial: Trial) -> None:
    trial.configure()
    (trial.folder / "state").mkdir()
    database = trial.folder / "state" / "wireboot.sqlite"
    database.write_bytes(b"no database " * 1000)

    assert_told(trial.serve(), FAILED, f"cannot open the database {database}", "not a database")
    assert database.read_bytes() == b"no database " * 1000


def test_a_damaged_database_is_named(trial: Trial) -> None:
    trial.configure()
    database = trial.folder / "state" / "wireboot.sqlite"
    store_leases(database)
    whole = database.read_bytes()
    database.write_bytes(whole[: len(whole) // 2] + b"\xa5" * (len(whole) - len(whole) // 2))

    assert_told(trial.serve(), FAILED, f"the database {database}: database disk image is malformed")
    listing = trial.run("lease", "list", "--json", "--config", str(trial.configuration))
    assert_told(listing, FAILED, f"the database {database}: database disk image is malformed")


def store_leases(database: Path) -> None:
    """Many enough for several pages of the file."""
    engine = open_database(make_url(f"sqlite:///{database}"))
    leases = [
        Lease(IPv4Address(number), bytes(40), bytes(6), LeaseState.BOUND, granted_at=0.0, expires_at=1.0)
        for number in range(1000)
    ]
    LeaseStore(engine).save(leases)
    engine.dispose()


def test_a_database_of_a_later_version_is_named(trial: Trial) -> None:
    trial.configure()
    (trial.folder / "state").mkdir()
    database = trial.folder / "state" / "wireboot.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
        connection.commit()

    assert_told(trial.serve(), FAILED, f"cannot open the database {database}", "a later version of wireboot made it")


# The configuration


def test_a_configuration_that_is_not_there_is_named(trial: Trial) -> None:
    assert_told(trial.serve(), WRONG_USAGE, f"cannot read the configuration {trial.configuration}")


def test_a_configuration_that_is_no_toml_is_named_with_its_line(trial: Trial) -> None:
    trial.configuration.write_text('boot_dir = "/srv"\n[network\n')

    assert_told(trial.serve(), WRONG_USAGE, f"{trial.configuration}:2: error: this is not TOML")


def test_every_fault_of_a_configuration_is_told_at_once(trial: Trial) -> None:
    text = trial.configure(interface="eth7") + '[tftp]\nport = 67\n[boot]\ndefault_profile = "nobody"\n'
    trial.configuration.write_text(text)

    done = trial.serve()

    assert_told(done, WRONG_USAGE, "3 errors in the configuration")
    assert done.stderr.count(f"{trial.configuration}:") == 3
    assert done.stderr.count("hint: ") == 3


# While it runs


def test_a_changed_configuration_is_taken_up_and_no_packet_is_lost(trial: Trial) -> None:
    """A crowd asks all the time, and nobody in it asks twice."""
    server = start_wireboot(trial.host, trial.configure(first="10.77.0.100"))
    file = trial.host.work_dir / f"{trial.host.name}.wireboot.toml"
    relay = Host(f"{trial.host.name}.relay", trial.folder).join(trial.segment, LAN.at(OTHER_SERVER))
    with relay, Crowd(relay, OTHER_SERVER, size=70, retry_s=60.0) as crowd:
        rounds: list[bool] = []
        enough = threading.Event()

        def ask_on() -> None:
            while not enough.is_set():
                rounds.append(crowd.ask(crowd.clients, within_s=30.0))

        asking = threading.Thread(target=ask_on)
        asking.start()
        for reloads, first in enumerate(("10.77.0.101", "10.77.0.102", "10.77.0.103"), 1):
            file.write_text(trial.configure(first=first))
            os.kill(server.process.pid, signal.SIGHUP)
            wait_until_told(server, "reloaded", reloads)
        enough.set()
        asking.join(40.0)
        assert set(rounds) == {True}

        file.write_text(trial.configure(subnet="10.99.0.0/24", first="10.99.0.7"))
        os.kill(server.process.pid, signal.SIGHUP)
        wait_until_told(server, "reloaded", 4)
        assert not crowd.ask(crowd.clients[:1], within_s=1.5)

    assert server.stop() == DONE
    assert "Traceback" not in server.process.transcript.text()


def test_a_bad_configuration_is_refused_and_the_old_one_stays(trial: Trial) -> None:
    server = start_wireboot(trial.host, trial.configure())
    file = trial.host.work_dir / f"{trial.host.name}.wireboot.toml"
    relay = Host(f"{trial.host.name}.relay", trial.folder).join(trial.segment, LAN.at(OTHER_SERVER))
    with relay, Crowd(relay, OTHER_SERVER, size=2) as crowd:
        for number, bad in enumerate(("[network", "nonsense = 1\n", '[network]\ninterfaces = ["eth7"]\n'), 1):
            file.write_text(bad)
            os.kill(server.process.pid, signal.SIGHUP)
            wait_until_told(server, "reload_refused", number)
        assert crowd.ask(crowd.clients, within_s=5.0)

        file.unlink()
        os.kill(server.process.pid, signal.SIGHUP)
        wait_until_told(server, "reload_refused", 4)
        assert crowd.ask(crowd.clients, within_s=5.0)
        (trial.folder / "boot" / "file").write_bytes(bytes(7))
        assert agreed_options(relay, "file", tsize=0) == {"tsize": 7}

    refusals = [event for event in server.events() if event["event"] == "reload_refused"]
    assert {event["level"] for event in refusals} == {"error"}
    assert "eth7" in str(refusals[2]["reason"])
    assert server.stop() == DONE


def times_told(server: WirebootServer, name: str) -> int:
    return sum(event["event"] == name for event in server.events())


def wait_until_told(server: WirebootServer, name: str, times: int) -> None:
    server.process.transcript.wait_until(lambda _: times_told(server, name) >= times, f"{name} {times} times", 10.0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_asked_to(trial: Trial, number: signal.Signals) -> None:
    server = start_wireboot(trial.host, trial.configure())

    os.kill(server.process.pid, number)

    assert server.process.wait(5.0) == DONE
    assert server.events()[-1]["event"] == "stopped"


def test_it_ends_in_order_amid_its_work(trial: Trial) -> None:
    """Whoever was not told of its lease any more asks again."""
    server = start_wireboot(trial.host, trial.configure())
    relay = Host(f"{trial.host.name}.relay", trial.folder).join(trial.segment, LAN.at(OTHER_SERVER))
    with relay, Crowd(relay, OTHER_SERVER, size=90) as crowd:
        asking = threading.Thread(target=lambda: [crowd.ask(crowd.clients, within_s=1.0) for _ in range(3)])
        asking.start()
        server.process.transcript.wait_until(lambda _: crowd.acknowledgements() > 30, "leases", 10.0)

        os.kill(server.process.pid, signal.SIGTERM)

        assert server.process.wait(5.0) == DONE
        asking.join(10.0)
    assert [event["level"] for event in server.events() if event["level"] != "info"] == []
    assert server.process.transcript.text().splitlines()[-1].startswith('{"dropped"')
    assert "datagram_not_sent" not in server.process.transcript.text()


def test_a_signal_that_comes_while_it_starts_is_not_lost(trial: Trial) -> None:
    trial.configure()
    process = trial.host.start(*trial.command("serve", "--config", str(trial.configuration)), log_name="wireboot")
    process.wait_for("loader")

    os.kill(process.pid, signal.SIGTERM)

    assert process.wait(5.0) == DONE
    assert "Traceback" not in process.transcript.text()


# Looking at it


def test_check_prints_one_json_document_and_nothing_else(trial: Trial) -> None:
    trial.configure()
    good = trial.run("check", "--json", "--config", str(trial.configuration))
    trial.configuration.write_text("nonsense = 1\n")
    bad = trial.run("check", "--json", "--config", str(trial.configuration))

    assert (good.returncode, json.loads(good.stdout)["ok"], good.stderr) == (DONE, True, "")
    assert (bad.returncode, json.loads(bad.stdout)["ok"], bad.stderr) == (WRONG_USAGE, False, "")
    (finding,) = json.loads(bad.stdout)["findings"]
    assert (finding["line"], finding["severity"]) == (1, "error")


def test_lease_list_prints_one_json_document_and_makes_no_database(trial: Trial) -> None:
    trial.configure()

    done = trial.run("lease", "list", "--json", "--config", str(trial.configuration))

    assert (done.returncode, json.loads(done.stdout), done.stderr) == (DONE, [], "")
    assert not (trial.folder / "state").exists()
