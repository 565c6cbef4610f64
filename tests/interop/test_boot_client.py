"""`wireboot boot` walks all nine steps against the servers that people have, and against our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.lab.addresses import LAN, OTHER_SERVER, SERVER
from tests.support.lab.boot_client import ClientBoot, boot_client, digest
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.peers import (
    range_of,
    start_boot_server,
    start_dhcp_server,
    start_dnsmasq,
    start_isc_server,
    start_tftpd_hpa,
)
from tests.support.lab.server import WirebootServer, start_wireboot
from tests.support.requirements import LAB, LIBWRAP, require

PROGRAMS = {"x86-bios": "nbp.0", "x86_64-uefi": "nbp.efi"}
OTHER_PROGRAM = "other.0"
ALL_STEPS = list(range(1, 10))
FIRMWARE = ("wireboot", "edk2", "ipxe", "intel-rom")
ANSWERED_LATE_S = 90.0


@pytest.fixture(scope="module")
def boot_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require(*LAB)
    folder = tmp_path_factory.mktemp("boot")
    for number, name in enumerate((*PROGRAMS.values(), OTHER_PROGRAM)):
        (folder / name).write_bytes(Random(number).randbytes(150_000 + number))
    return folder


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[tuple[Network, Segment]]:
    with Network(tmp_path) as network:
        yield network, network.segment("lan")


def client_on(network: Network, segment: Segment) -> Host:
    """A host without any address."""
    return network.host("client").join(segment)


def expect_booted(boot: ClientBoot, file: Path, server: str) -> None:
    assert (boot.exit_code, boot.document["outcome"]) == (0, "booted"), boot
    assert boot.document["sha256"] == digest(file)
    assert boot.document["size_bytes"] == file.stat().st_size
    assert boot.document["boot_server"] == server
    assert boot.steps == ALL_STEPS


def configuration(host: Host, boot_dir: Path, mode: str, *more: str) -> str:
    subnet = f"""
[[dhcp4.subnets]]
network = "{LAN.network}"
pools = ["{LAN.first}-{LAN.last}"]
"""
    programs = ", ".join(f'"{name}" = "{file}"' for name, file in PROGRAMS.items())
    return f"""
state_dir = "{host.work_dir / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "{mode}"
{subnet if mode == "server" else ""}
[[profiles]]
name = "first"
boot_program = {{ {programs} }}
[[profiles]]
name = "other"
boot_program = {{ "x86-bios" = "{OTHER_PROGRAM}", "x86_64-uefi" = "{OTHER_PROGRAM}" }}
[boot]
default_profile = "{"choice" if any("menu" in each for each in more) else "first"}"
{"".join(more)}
"""


MENU = """
[[profiles]]
name = "choice"
menu = "main"
[[menus]]
name = "main"
style = "pxe"
timeout_s = 1
[[menus.entries]]
text = "First"
profile = "first"
[[menus.entries]]
text = "Other"
profile = "other"
[[menus.entries]]
text = "Disk"
local = true
"""


def start(network: Network, segment: Segment, boot_dir: Path, mode: str, *more: str) -> WirebootServer:
    host = network.host("server").join(segment, LAN.at(SERVER))
    return start_wireboot(host, configuration(host, boot_dir, mode, *more))


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_boots_from_wireboot_as_dhcp_server(lan: tuple[Network, Segment], boot_dir: Path, firmware: str) -> None:
    network, segment = lan
    start(network, segment, boot_dir, "server")
    boot = boot_client(client_on(network, segment), "--as", firmware)
    architecture = boot.document["client"]["arch"]
    expect_booted(boot, boot_dir / PROGRAMS[architecture], SERVER)
    assert boot.document["dhcp_server"] == SERVER


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_boots_from_wireboot_as_proxy(lan: tuple[Network, Segment], boot_dir: Path, firmware: str) -> None:
    network, segment = lan
    start_dhcp_server(network.host("dhcp").join(segment, LAN.at(OTHER_SERVER)), LAN)
    start(network, segment, boot_dir, "proxy")
    boot = boot_client(client_on(network, segment), "--as", firmware)
    architecture = boot.document["client"]["arch"]
    expect_booted(boot, boot_dir / PROGRAMS[architecture], SERVER)
    assert boot.document["dhcp_server"] == OTHER_SERVER


FALLBACK = f"""
[dhcp4.proxy_fallback]
network = "{LAN.network}"
pools = ["10.77.0.240-10.77.0.241"]
"""


def test_firmware_that_takes_no_split_offer_boots_by_the_fallback(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    """Ours: its third round begins after 12 s, and it takes nothing before the round ends after 28."""
    network, segment = lan
    start_dhcp_server(network.host("dhcp").join(segment, LAN.at(OTHER_SERVER)), LAN)
    start(network, segment, boot_dir, "proxy", FALLBACK)
    boot = boot_client(client_on(network, segment), "--as", "uefi-combined")
    expect_booted(boot, boot_dir / PROGRAMS["x86_64-uefi"], SERVER)
    assert (boot.document["dhcp_server"], boot.document["address"]) == (SERVER, "10.77.0.240")


@pytest.mark.parametrize("firmware", FIRMWARE)
@pytest.mark.parametrize("mode", ["server", "proxy"])
def test_boots_the_entry_chosen_from_wireboots_menu(
    lan: tuple[Network, Segment], boot_dir: Path, mode: str, firmware: str
) -> None:
    network, segment = lan
    if mode == "proxy":
        start_dhcp_server(network.host("dhcp").join(segment, LAN.at(OTHER_SERVER)), LAN)
    start(network, segment, boot_dir, mode, MENU)
    boot = boot_client(client_on(network, segment), "--as", firmware, "--menu-item", "1")
    expect_booted(boot, boot_dir / OTHER_PROGRAM, SERVER)
    assert boot.detail(5)["item"] == "Other"


def test_the_prompt_runs_out_and_the_first_entry_boots(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    network, segment = lan
    start(network, segment, boot_dir, "server", MENU)
    expect_booted(boot_client(client_on(network, segment)), boot_dir / PROGRAMS["x86-bios"], SERVER)


def test_the_menu_leads_back_to_the_disk(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    network, segment = lan
    start(network, segment, boot_dir, "server", MENU)
    boot = boot_client(client_on(network, segment), "--menu-item", "2")
    assert (boot.exit_code, boot.document["outcome"], boot.document["error"]) == (0, "local", None)


DISCOVERY = {
    "unicast": "",
    "multicast": "[pxe.discovery]\nmulticast = true\nonly_listed = false\n",
    "broadcast": "[pxe.discovery]\nbroadcast = true\nonly_listed = false\n",
}


@pytest.mark.parametrize("method", DISCOVERY)
@pytest.mark.parametrize("firmware", ["edk2", "intel-rom"])
def test_the_boot_server_is_found_by_each_method(
    lan: tuple[Network, Segment], boot_dir: Path, method: str, firmware: str
) -> None:
    network, segment = lan
    start(network, segment, boot_dir, "server", MENU, DISCOVERY[method])
    recording = segment.capture()
    boot = boot_client(client_on(network, segment), "--as", firmware, "--menu-item", "1")
    recording.end()
    expect_booted(boot, boot_dir / OTHER_PROGRAM, SERVER)
    asked = segment.run(
        "tcpdump", "-nr", recording.path, f"udp and not src host {SERVER} and (dst port 4011 or dst port 67)"
    )
    destinations = {line.split(" > ")[1].split(":")[0] for line in asked.stdout.splitlines() if " > " in line}
    wanted = {"unicast": f"{SERVER}.4011", "multicast": "224.0.1.2.4011", "broadcast": "255.255.255.255.67"}[method]
    assert wanted in destinations
    assert not destinations - {wanted, "255.255.255.255.67"}


def test_boots_by_mtftp(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    network, segment = lan
    files = '[[mtftp.files]]\nfile = "nbp.0"\ngroup = "239.255.77.1"\n'
    start(network, segment, boot_dir, "server", files)
    boot = boot_client(client_on(network, segment), "--multicast")
    expect_booted(boot, boot_dir / "nbp.0", SERVER)
    assert boot.document["transport"] == "mtftp"


def test_boots_from_dnsmasq_as_dhcp_server(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    network, segment = lan
    start_boot_server(network.host("server").join(segment, LAN.at(SERVER)), LAN, boot_dir, PROGRAMS)
    boot = boot_client(client_on(network, segment), "--arch", "x86_64-uefi")
    expect_booted(boot, boot_dir / "nbp.efi", SERVER)


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_boots_from_dnsmasq_as_proxy(lan: tuple[Network, Segment], boot_dir: Path, firmware: str) -> None:
    network, segment = lan
    start_dhcp_server(network.host("dhcp").join(segment, LAN.at(OTHER_SERVER)), LAN)
    proxy_of_dnsmasq(network, segment, boot_dir, "--pxe-service=x86PC,First,nbp", "--pxe-service=7,First,nbp.efi")
    boot = boot_client(client_on(network, segment), "--as", firmware)
    assert (boot.exit_code, boot.document["outcome"]) == (0, "booted"), boot
    assert boot.document["boot_server"] == SERVER
    assert boot.document["dhcp_server"] == OTHER_SERVER


def test_boots_the_entry_chosen_from_dnsmasqs_menu(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    network, segment = lan
    start_dhcp_server(network.host("dhcp").join(segment, LAN.at(OTHER_SERVER)), LAN)
    entries = ("--pxe-prompt=Choose,1", "--pxe-service=x86PC,First,nbp", "--pxe-service=x86PC,Other,other")
    proxy_of_dnsmasq(network, segment, boot_dir, *entries)
    boot = boot_client(client_on(network, segment), "--menu-item", "1")
    # dnsmasq adds the layer to a name without a dot.
    expect_booted(boot, boot_dir / OTHER_PROGRAM, SERVER)


def proxy_of_dnsmasq(network: Network, segment: Segment, boot_dir: Path, *services: str) -> None:
    host = network.host("server").join(segment, LAN.at(SERVER))
    files = ("--enable-tftp", f"--tftp-root={boot_dir}")
    proxy = start_dnsmasq(host, f"--dhcp-range={SERVER},proxy", *files, *services, log_name="proxy")
    proxy.wait_for("DHCP, proxy on subnet")


def test_boots_from_isc_dhcpd_and_tftpd_hpa(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    require(LIBWRAP)
    network, segment = lan
    host = network.host("server").join(segment, LAN.at(SERVER))
    start_isc_server(host, LAN, "nbp.0")
    start_tftpd_hpa(host, SERVER, boot_dir)
    boot = boot_client(client_on(network, segment))
    expect_booted(boot, boot_dir / "nbp.0", SERVER)


def test_takes_no_boot_for_an_address(lan: tuple[Network, Segment]) -> None:
    """PXE-E53: an address, and nobody who says what to load."""
    network, segment = lan
    start_dnsmasq(
        network.host("server").join(segment, LAN.at(SERVER)), range_of(LAN), "--no-ping", log_name="dhcp"
    ).wait_for("DHCP, IP range")
    boot = boot_client(client_on(network, segment), timeout_s=ANSWERED_LATE_S)
    assert (boot.exit_code, boot.error_code) == (1, "PXE-E53")


def test_says_that_nobody_offers(lan: tuple[Network, Segment]) -> None:
    network, segment = lan
    boot = boot_client(client_on(network, segment), "--as", "ipxe", timeout_s=ANSWERED_LATE_S)
    assert (boot.exit_code, boot.error_code, boot.steps) == (1, "PXE-E51", [1])


def test_says_that_the_file_is_missing(lan: tuple[Network, Segment], boot_dir: Path) -> None:
    network, segment = lan
    programs = {"x86-bios": "missing.0"}
    start_boot_server(network.host("server").join(segment, LAN.at(SERVER)), LAN, boot_dir, programs)
    boot = boot_client(client_on(network, segment))
    assert (boot.exit_code, boot.error_code) == (1, "PXE-E3B")
    assert boot.steps == [1, 2, 3, 4, 5, 6]


def test_keeps_the_file_and_the_frames(lan: tuple[Network, Segment], boot_dir: Path, tmp_path: Path) -> None:
    network, segment = lan
    start(network, segment, boot_dir, "server")
    client = client_on(network, segment)
    before = client.run("ip", "-brief", "address").stdout
    boot = boot_client(client, "--save", tmp_path / "kept", "--pcap", tmp_path / "boot.pcapng")
    assert digest(tmp_path / "kept" / "nbp.0") == boot.document["sha256"]
    read = client.run("tcpdump", "-nr", tmp_path / "boot.pcapng", "udp port 67 or udp port 69")
    assert "BOOTP/DHCP, Request" in read.stdout
    assert "RRQ" in read.stdout or "tftp" in read.stdout
    assert client.run("ip", "-brief", "address").stdout == before
