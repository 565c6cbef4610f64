"""What may change while the server runs: interfaces come and go, and so do folders of boot files."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab.addresses import LAN, OTHER_SERVER, SERVER
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.server import WirebootServer, start_wireboot, wireboot_configuration
from tests.support.requirements import LAB, require
from tests.support.tftp_socket import agreed_options

WITHIN_S = 10.0


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    require(*LAB)
    with Network(tmp_path) as network:
        yield network


@pytest.fixture
def lan(network: Network) -> Segment:
    return network.segment("lan")


@pytest.fixture
def host(network: Network, lan: Segment) -> Host:
    return network.host("server").join(lan, LAN.at(SERVER))


@pytest.fixture
def client(network: Network, lan: Segment) -> Host:
    return network.host("client").join(lan, LAN.at(OTHER_SERVER))


def configure(host: Host, size: int) -> str:
    """A boot folder of its own for each size, with a file of that size."""
    folder = host.work_dir / f"boot-{size}"
    folder.mkdir()
    (folder / "file").write_bytes(bytes(size))
    return wireboot_configuration(host, folder, mode="proxy", boot_program={"x86-bios": "file"})


def wait_until_told(server: WirebootServer, name: str, of: str) -> None:
    server.process.transcript.wait_until(
        lambda _: any(event["event"] == name and of in str(event) for event in server.events()), name, WITHIN_S
    )


def test_an_interface_that_goes_and_comes_back_is_served_again(host: Host, client: Host, lan: Segment) -> None:
    """As when a cable, a bridge or a virtual machine's port is changed: the name is the same, the index is not."""
    server = start_wireboot(host, configure(host, 7))
    assert agreed_options(client, "file", tsize=0) == {"tsize": 7}

    host.run("ip", "link", "delete", "eth0")
    wait_until_told(server, "interfaces_changed", of="{}")
    lan.connect(host, "eth0")
    host.run("ip", "address", "add", LAN.at(SERVER), "dev", "eth0")
    host.run("ip", "link", "set", "eth0", "up")
    wait_until_told(server, "interfaces_changed", of=SERVER)
    client.run("ip", "neighbour", "flush", "all")  # the new interface has another MAC

    assert agreed_options(client, "file", tsize=0) == {"tsize": 7}
    assert server.stop() == 0


def test_another_folder_of_boot_files_is_taken_up_on_sighup(host: Host, client: Host) -> None:
    server = start_wireboot(host, configure(host, 7))
    (host.work_dir / f"{host.name}.wireboot.toml").write_text(configure(host, 8))
    os.kill(server.process.pid, signal.SIGHUP)
    wait_until_told(server, "reloaded", of="wireboot.toml")

    assert agreed_options(client, "file", tsize=0) == {"tsize": 8}
    assert server.stop() == 0


def test_what_takes_a_restart_is_said(host: Host) -> None:
    server = start_wireboot(host, configure(host, 7))
    other_port = configure(host, 8) + "\n[tftp]\nport = 1069\n"
    (host.work_dir / f"{host.name}.wireboot.toml").write_text(other_port)
    os.kill(server.process.pid, signal.SIGHUP)

    wait_until_told(server, "restart_needed", of="tftp")
    assert server.stop() == 0
