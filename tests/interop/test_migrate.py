"""The samples that we translate are ones that their own servers accept, and what those write is what we read."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.dhcp_programs import start_udhcpc
from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.network import Host, Network
from tests.support.lab.packages import DHCPD, unpacked
from tests.support.lab.process import Process
from tests.support.lab.server import start_wireboot
from tests.support.migrate import VECTORS, told, translated
from tests.support.requirements import LAB, require
from wireboot.migrate.translate import Origin


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", ["dnsmasq.conf", "dnsmasq-proxy.conf"])
def test_dnsmasq_accepts_the_samples(name: str) -> None:
    require("dnsmasq")
    tested = run("dnsmasq", "--test", "-C", VECTORS / name)
    assert (tested.returncode, tested.stderr) == (0, "dnsmasq: syntax check OK.\n")


def test_iscs_server_accepts_the_sample(tmp_path: Path) -> None:
    leases = tmp_path / "dhcpd.leases"
    leases.touch()
    tested = run(unpacked(*DHCPD), "-t", "-cf", VECTORS / "dhcpd.conf", "-lf", leases)
    assert tested.returncode == 0, tested.stderr


def test_iscs_server_accepts_the_sample_of_leases(tmp_path: Path) -> None:
    """`-T` reads the leases as well."""
    leases = tmp_path / "dhcpd.leases"
    leases.write_text((VECTORS / "dhcpd.leases").read_text())
    tested = run(unpacked(*DHCPD), "-T", "-cf", VECTORS / "dhcpd.conf", "-lf", leases)
    assert tested.returncode == 0, tested.stderr
    assert not re.search(r"line \d+|corrupt", tested.stderr), tested.stderr


def test_every_setting_that_dnsmasq_knows_is_translated_or_explained() -> None:
    """By its own list: none is met with `it is not known`."""
    require("dnsmasq")
    names = re.findall(r"^ *(?:-\S, )?--([A-Za-z0-9-]+)", run("dnsmasq", "--help").stdout, re.MULTILINE)
    unknown = {
        name for name in names if any("not known" in what for _, _, what in told(translated(name, Origin.DNSMASQ)))
    }
    assert len(names) > 150
    assert unknown == {"help", "version", "test"}  # of the command line only


def test_every_option_that_dnsmasq_names_has_its_number() -> None:
    require("dnsmasq")
    subnet = "dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0\n"
    for number, name in re.findall(r"^ *(\d+) (\S+)$", run("dnsmasq", "--help", "dhcp").stdout, re.MULTILINE):
        if number == "255":
            continue  # not DHCP's, but dnsmasq's own
        by_name, by_number = (
            translated(f"{subnet}dhcp-option={option},10.77.0.2\n", Origin.DNSMASQ)
            for option in (f"option:{name}", number)
        )
        assert by_name.draft == by_number.draft, name
        assert not any("no DHCP option" in what for _, _, what in told(by_name)), name


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """A server and a client on one segment."""
    require(*LAB, "udhcpc")
    (tmp_path / "boot").mkdir()
    with Network(tmp_path) as network:
        segment = network.segment("lan")
        yield network.host("server").join(segment, LAN.at(SERVER)), network.host("client").join(segment)


def start_dnsmasq(host: Host, configuration: Path, leases: Path) -> Process:
    configuration.write_text(
        f"port=0\nuser=root\nno-ping\ndhcp-range={LAN.first},{LAN.last},255.255.255.0,1h\n"
        f"dhcp-option=option:router,{LAN.router}\nenable-tftp\ntftp-root={host.work_dir / 'boot'}\n"
    )
    options = (f"--conf-file={configuration}", f"--dhcp-leasefile={leases}", "--keep-in-foreground")
    server = host.start("dnsmasq", *options, "--log-facility=-", log_name="dnsmasq")
    server.wait_for("DHCP, IP range")
    return server


def start_dhcpd(host: Host, configuration: Path, leases: Path) -> Process:
    configuration.write_text(
        f"subnet 10.77.0.0 netmask 255.255.255.0 {{ range {LAN.first} {LAN.last}; option routers {LAN.router}; }}\n"
    )
    leases.touch()
    files = ("-cf", configuration, "-lf", leases, "-pf", host.work_dir / "dhcpd.pid")
    server = host.start(unpacked(*DHCPD), "-4", "-d", "-f", "--no-pid", *files, "eth0", log_name="dhcpd")
    server.wait_for("Server starting service.")
    return server


@pytest.mark.parametrize("start_server", [start_dnsmasq, start_dhcpd])
@pytest.mark.parametrize("with_identifier", [True, False], ids=["client identifier", "MAC alone"])
def test_a_machine_keeps_its_address_when_the_server_moves(
    lan: tuple[Host, Host], tmp_path: Path, start_server: Callable[[Host, Path, Path], Process], with_identifier: bool
) -> None:
    """The whole way: the other server's lease and configuration, two commands, and the client asks anew."""
    host, client = lan
    other, leases, toml = tmp_path / "other.conf", tmp_path / "other.leases", tmp_path / "server.toml"
    identifier = () if with_identifier else ("-C",)
    # Not an address that a server would come upon by itself.
    wished = "10.77.0.177"
    server = start_server(host, other, leases)
    udhcpc = start_udhcpc(client, "-r", wished, *identifier)
    assert udhcpc.wait_until_told("bound")["ip"] == wished
    udhcpc.process.stop()
    server.stop()

    wireboot = (sys.executable, "-m", "wireboot")
    imported = host.run(*wireboot, "import-config", str(other)).stdout
    boot_dir = "" if "boot_dir" in imported else f'boot_dir = "{tmp_path / "boot"}"\n'
    configuration = f'state_dir = "{tmp_path / "state"}"\n{boot_dir}{imported}'
    toml.write_text(configuration)
    assert "1 imported" in host.run(*wireboot, "lease", "import", "--config", str(toml), str(leases)).stdout
    started = start_wireboot(host, configuration)

    told = start_udhcpc(client, *identifier).wait_until_told("bound")
    assert (told["ip"], told["router"]) == (wished, LAN.router)
    assert started.stop() == 0
