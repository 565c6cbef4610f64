"""Whatever strangers send: the right protocol answer or a counted drop, no traceback, and no client is worse off."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.support.bad_input import bad_dhcp, bad_tftp, huge, pxe_discover, too_short_for_dhcp
from tests.support.dhcp_crowd import Crowd
from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.network import Host, Network
from tests.support.lab.server import WirebootServer, start_wireboot
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import udp_socket
from tests.support.tftp_socket import ask, read_file
from wireboot.protocols.dhcp4 import message as dhcp4
from wireboot.protocols.dhcp4.options import CLASS_IDENTIFIER
from wireboot.protocols.tftp.packet import Ack, Data, Error, ErrorCode, ReadRequest, decode, encode

DHCP_SERVER_PORT, BOOT_SERVER_PORT, TFTP_PORT = 67, 4011, 69
FLOOD = 5000
"""Datagrams in one burst, as fast as one sender can."""
BURST = 2000
GROWTH_KIB_MAX = 16 * 1024
CLIENT = "10.77.0.20"
ATTACKER = "10.77.0.66"
AT_ONCE_S = 3.0
"""Before firmware would ask again."""
FILE = b"what is booted" * 10_000


@dataclass(frozen=True, slots=True)
class Site:
    mode: str
    server: WirebootServer
    server_host: Host
    client: Host
    attacker: Host

    def send(self, port: int, datagrams: Sequence[bytes]) -> None:
        with udp_socket(self.attacker) as own:
            for datagram in datagrams:
                own.sendto(datagram, (SERVER, port))

    def until_all_is_read(self) -> None:
        """An answer on each port comes after all that arrived there before the question."""
        assert isinstance(ask(self.client, ReadRequest("no such file", "octet")), Error)
        assert self.pxe_answer(DHCP_SERVER_PORT, within_s=20.0)
        self.pxe_answer(BOOT_SERVER_PORT, within_s=20.0)

    def pxe_answer(self, port: int, within_s: float) -> dhcp4.Message:
        """The answer to a DISCOVER, or on 4011 to a REQUEST, of PXE firmware."""
        with udp_socket(self.client, DHCP_SERVER_PORT, host=CLIENT, timeout_s=within_s) as own:
            question = pxe_discover(giaddr=CLIENT)
            if port == BOOT_SERVER_PORT:
                question = dhcp4.decode(dhcp4.encode(question).replace(b"\x35\x01\x01", b"\x35\x01\x03"))
            own.sendto(dhcp4.encode(question), (SERVER, port))
            return dhcp4.decode(own.recv(2048))

    def log(self) -> str:
        # Megabytes, too long for the transcript's reader.
        return self.server.process.transcript.path.read_text()

    def resident_kib(self) -> int:
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1])


@pytest.fixture(scope="module", params=["server", "proxy"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(*LAB)
    work_dir = tmp_path_factory.mktemp(f"bad-input-{request.param}")
    boot_dir = work_dir / "boot"
    boot_dir.mkdir()
    (boot_dir / "file").write_bytes(FILE)
    with Network(work_dir) as network:
        lan = network.segment("lan")
        host = network.host("server").join(lan, LAN.at(SERVER))
        client, attacker = (network.host(address).join(lan, LAN.at(address)) for address in (CLIENT, ATTACKER))
        configuration = f"""\
state_dir = "{work_dir / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "{request.param}"
[[dhcp4.subnets]]
network = "{LAN.network}"
pools = ["{LAN.first}-{LAN.last}"]
[boot]
default_profile = "lab"
[[profiles]]
name = "lab"
boot_program = {{ "x86_64-uefi" = "file" }}
"""
        yield Site(request.param, start_wireboot(host, configuration), host, client, attacker)


def burst(datagrams: Iterator[bytes]) -> list[bytes]:
    return list(islice(cycle(datagrams), FLOOD))


def test_what_is_no_dhcp_message_is_dropped(site: Site) -> None:
    """Too short for a header. The last test finds all of these counted."""
    for port in (DHCP_SERVER_PORT, BOOT_SERVER_PORT):
        site.send(port, burst(too_short_for_dhcp()))
    site.until_all_is_read()
    assert_serves_as_ever(site)


@pytest.mark.parametrize("port", [DHCP_SERVER_PORT, BOOT_SERVER_PORT])
def test_absurd_dhcp_messages_disturb_nobody(site: Site, port: int) -> None:
    site.send(port, burst(bad_dhcp()))
    site.until_all_is_read()
    assert_serves_as_ever(site)


def test_absurd_tftp_requests_disturb_nobody(site: Site) -> None:
    site.send(TFTP_PORT, burst(bad_tftp()))
    site.until_all_is_read()
    assert_serves_as_ever(site)


@pytest.mark.parametrize("port", [DHCP_SERVER_PORT, BOOT_SERVER_PORT, TFTP_PORT])
def test_datagrams_of_no_bytes_and_of_64_kib_disturb_nobody(site: Site, port: int) -> None:
    site.send(port, [b"", *huge()] * 10)
    site.until_all_is_read()
    assert_serves_as_ever(site)


def test_bad_packets_on_the_port_of_a_transfer_do_not_disturb_it(site: Site) -> None:
    """RFC 1350 §4: error 5 to the stranger, and the transfer goes on."""
    with udp_socket(site.client) as own, udp_socket(site.attacker) as stranger:
        own.sendto(encode(ReadRequest("file", "octet")), (SERVER, TFTP_PORT))
        first, transfer = own.recvfrom(2048)

        for datagram in islice(cycle([*bad_tftp(), *huge()]), FLOOD):
            stranger.sendto(datagram, transfer)
        drain(stranger)
        stranger.sendto(encode(Ack(1)), transfer)

        assert decode(stranger.recv(2048)) == Error(ErrorCode.UNKNOWN_TRANSFER_ID, "unknown transfer ID")
        assert read_on(own, transfer, first) == FILE
    assert_serves_as_ever(site)


def test_bad_packets_from_the_client_itself_stop_no_service(site: Site) -> None:
    with udp_socket(site.client) as own:
        own.sendto(encode(ReadRequest("file", "octet")), (SERVER, TFTP_PORT))
        _, transfer = own.recvfrom(2048)
        for datagram in [*bad_tftp(), *huge()]:
            own.sendto(datagram, transfer)
    assert_serves_as_ever(site)


def test_a_burst_of_requests_is_answered_to_the_last(site: Site) -> None:
    """A boot storm's requests come all at once, faster than they can be answered."""
    before = udp_counters(site)
    site.send(TFTP_PORT, [encode(ReadRequest("burst", "octet"))] * BURST)
    site.until_all_is_read()
    after = udp_counters(site)

    assert after["RcvbufErrors"] == before["RcvbufErrors"]
    assert after["OutDatagrams"] - before["OutDatagrams"] >= BURST


def udp_counters(site: Site) -> dict[str, int]:
    """The kernel's own, of the server's host."""
    names, values = (
        line.split()[1:]
        for line in site.server_host.run("cat", "/proc/net/snmp").stdout.splitlines()
        if line.startswith("Udp:")
    )
    return dict(zip(names, map(int, values), strict=True))


def test_bursts_find_room_beyond_the_usual_limit_of_the_system(site: Site) -> None:
    """16 MiB, which the kernel doubles for its own needs: net.core.rmem_max is 208 KiB on most systems."""
    listed = site.server_host.run("ss", "--udp", "--all", "--numeric", "--memory", "--no-header").stdout

    assert listed.count("rb33554432,") == 7


def test_floods_make_the_server_no_bigger(site: Site) -> None:
    def flood() -> int:
        for port in (DHCP_SERVER_PORT, BOOT_SERVER_PORT):
            site.send(port, burst(bad_dhcp()))
        site.send(TFTP_PORT, burst(bad_tftp()))
        site.until_all_is_read()
        return site.resident_kib()

    after_one = flood()
    flood()

    assert flood() - after_one < GROWTH_KIB_MAX


def test_after_all_this_the_drops_are_counted_and_the_log_has_no_traceback(site: Site) -> None:
    exit_code = site.server.stop()
    lines = site.log().splitlines()
    stopped = json.loads(lines[-1])
    dropped = stopped["dropped"]

    assert exit_code == 0
    assert stopped["event"] == "stopped"
    assert [line for line in lines if not line.startswith("{")] == []  # a traceback would be
    # The floods of the first test, and the datagrams of no bytes: the system has lost none of them.
    assert dropped["dhcp4: malformed header"] == 2 * FLOOD + 2 * 10
    assert dropped["tftp: malformed"] > 0


def assert_serves_as_ever(site: Site) -> None:
    """A good client gets all it came for, at once."""
    began = time.monotonic()
    answer = site.pxe_answer(DHCP_SERVER_PORT, within_s=AT_ONCE_S)
    assert answer.options.get(CLASS_IDENTIFIER) == "PXEClient"
    assert answer.file == b"file"
    if site.mode == "server":
        with Crowd(site.client, CLIENT, size=1) as crowd:
            assert crowd.ask(crowd.clients, within_s=AT_ONCE_S)
    assert read_file(site.client, "file", (("blksize", "1468"), ("windowsize", "8"))) == FILE
    assert time.monotonic() - began < AT_ONCE_S


def drain(own: socket.socket) -> None:
    """Read until it has been silent for a while."""
    own.settimeout(0.3)
    with contextlib.suppress(TimeoutError):
        while True:
            own.recv(2048)
    own.settimeout(AT_ONCE_S)


def read_on(own: socket.socket, transfer: tuple[str, int], payload: bytes) -> bytes:
    """The whole file of a transfer whose first packet is there."""
    content, expected = b"", 1
    while True:
        packet = decode(payload)
        assert isinstance(packet, Data), packet
        if packet.block == expected:
            content += packet.payload
            own.sendto(encode(Ack(expected)), transfer)
            expected += 1
            if len(packet.payload) < 512:
                return content
        payload = own.recv(2048)
