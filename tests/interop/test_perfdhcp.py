"""perfdhcp, a load generator that stands for a relay with many clients behind it, finds nothing to report."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.lab.addresses import LAN, RELAY, SERVER
from tests.support.lab.capture import read_datagrams
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.perfdhcp import DISCOVER_OFFER, RELEASE, RENEWAL, REQUEST_ACK, Report, run_perfdhcp
from tests.support.lab.server import start_wireboot
from tests.support.requirements import LAB, require
from wireboot.protocols.dhcp4.message import BOOTREPLY, decode

NETWORK = "10.80.0.0/16"
GIADDR = "10.80.0.1"
BOOT_PROGRAM = "boot.efi"
RATE_PER_S = 300
RENEWALS_PER_S = 100
RELEASES_PER_S = 50
SECONDS = 2.0
CLIENTS = 10_000
"""More than there is time for, so that each asks once."""
SLACK = 0.8
"""perfdhcp asks a little less often than it is told to."""
# As PXE firmware says it: vendor class, architecture (x86-64 UEFI), interface, machine identifier.
PXE_OPTIONS = (
    "-o60," + b"PXEClient:Arch:00007:UNDI:003016".hex(),
    "-o93,0007",
    "-o94,010310",
    "-o97,00" + bytes(range(16)).hex(),
)


@dataclass(frozen=True, slots=True)
class Site:
    lan: Segment
    relay: Host
    server_host: Host

    def load(self, *options: str) -> Report:
        # -u: no two clients are told the same address.
        how = ("-u", *options)
        return run_perfdhcp(self.relay, SERVER, GIADDR, *how, rate_per_s=RATE_PER_S, seconds=SECONDS, clients=CLIENTS)

    def stored_states(self) -> Counter[str]:
        """How many leases on disk are in which state."""
        file = self.server_host.work_dir / "server.wireboot.toml"
        command = (sys.executable, "-m", "wireboot", "lease", "list", "--json", "--config", file)
        return Counter(lease["state"] for lease in json.loads(self.server_host.run(*command).stdout))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    require(*LAB, "perfdhcp")
    boot_dir = tmp_path / "boot"
    boot_dir.mkdir()
    (boot_dir / BOOT_PROGRAM).write_bytes(b"a boot program")
    with Network(tmp_path) as network:
        lan = network.segment("lan")
        host = network.host("server").join(lan, LAN.at(SERVER)).route(NETWORK, via=RELAY)
        relay = network.host("relay").join(lan, LAN.at(RELAY), f"{GIADDR}/32")
        start_wireboot(
            host,
            f"""\
state_dir = "{tmp_path / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
[[dhcp4.subnets]]
network = "{NETWORK}"
pools = ["10.80.1.0-10.80.40.255"]
[boot]
default_profile = "efi"
[[profiles]]
name = "efi"
boot_program = {{ "x86_64-uefi" = "{BOOT_PROGRAM}" }}
""",
        )
        yield Site(lan, relay, host)


def test_every_client_behind_a_relay_gets_a_lease_of_its_own(site: Site) -> None:
    report = site.load()

    assert_all_were_served(report)
    assert site.stored_states() == {"bound": report.exchanges[REQUEST_ACK].received}


def test_every_pxe_client_is_told_its_boot_program(site: Site) -> None:
    recording = site.lan.capture("udp port 67")

    report = site.load(*PXE_OPTIONS)

    assert_all_were_served(report)
    assert recording.end() == 0
    messages = [decode(datagram.payload) for datagram in read_datagrams(recording.path)]
    replies = [message for message in messages if message.op == BOOTREPLY]
    assert len(replies) == 2 * report.exchanges[REQUEST_ACK].received
    assert {message.file for message in replies} == {BOOT_PROGRAM.encode()}


def test_leases_are_renewed_and_given_back_under_load(site: Site) -> None:
    """RFC 2131 §4.3.2, §4.3.4: by clients that know their address, while others ask for one."""
    report = site.load(f"-f{RENEWALS_PER_S}", f"-F{RELEASES_PER_S}")

    assert_all_were_served(report)
    renewals, releases = report.exchanges[RENEWAL], report.exchanges[RELEASE]
    assert renewals.sent > SLACK * RENEWALS_PER_S * SECONDS
    assert renewals.received == renewals.sent
    assert releases.sent > SLACK * RELEASES_PER_S * SECONDS
    assert releases.received == 0  # RFC 2131 §3.1.6: nobody answers a DHCPRELEASE
    # What perfdhcp has renewed it does not give back, and the other way round.
    assert site.stored_states() == {
        "released": releases.sent,
        "bound": report.exchanges[REQUEST_ACK].received - releases.sent,
    }


def assert_all_were_served(report: Report) -> None:
    offers, acks = report.exchanges[DISCOVER_OFFER], report.exchanges[REQUEST_ACK]
    assert offers.sent > SLACK * RATE_PER_S * SECONDS
    assert offers.received == offers.sent == acks.sent == acks.received
    assert (report.malformed, report.rejected_leases, report.duplicate_addresses) == (0, 0, 0)
