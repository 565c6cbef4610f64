"""Our TFTP client fetches right bytes from the servers that people have, or is told why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.network import Host, Network
from tests.support.lab.peers import start_dnsmasq, start_tftpd_hpa
from tests.support.lab.server import start_wireboot
from tests.support.requirements import LAB, LIBWRAP, require
from tests.support.tftp_fetch_socket import fetch_file
from wireboot.protocols.tftp.client_retry import ClientRetry
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem
from wireboot.protocols.tftp.packet import ErrorCode
from wireboot.protocols.tftp.requested_options import RequestedOptions

CLIENT = "10.77.0.4"
SERVERS = {"wireboot": SERVER, "tftpd-hpa": "10.77.0.2", "dnsmasq": "10.77.0.3"}

SIZES = (0, 1, 511, 512, 513, 1468, 2936, 30_011)
LARGE = "large"
LARGE_SIZE = 3_000_001
ROLLOVER = "rollover"
ROLLOVER_BLKSIZE = 512
ROLLOVER_SIZE = 65536 * ROLLOVER_BLKSIZE + 1
"""Block 0 comes after block 65535, and one more after that."""

# fmt: off
REQUESTS = {
    "plain":   RequestedOptions(),
    "options": RequestedOptions(blksize=1428, windowsize=8, tsize=True, timeout_s=2),
    "EDK2":    RequestedOptions(blksize=1468, windowsize=4, size_probe=True),
    "BIOS":    RequestedOptions(blksize=1456, size_probe=True, size_probe_ended_with=ErrorCode.UNDEFINED),
    "small":   RequestedOptions(blksize=8, windowsize=64),
    "jumbo":   RequestedOptions(blksize=65464, tsize=True),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Site:
    client: Host
    boot_dir: Path

    def fetch(
        self, server: str, file: str, request: RequestedOptions, *, size_bytes_max: int = 1 << 30, loss: float = 0.0
    ) -> Fetched | FetchFailed:
        return fetch_file(self.client, CLIENT, SERVERS[server], file, request, size_bytes_max=size_bytes_max, loss=loss)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(*LAB, LIBWRAP)
    work_dir = tmp_path_factory.mktemp("tftp-client")
    boot_dir = work_dir / "boot"
    fill(boot_dir)
    with Network(work_dir) as network:
        lan = network.segment("lan")
        wireboot, hpa, dnsmasq = (network.host(name).join(lan, LAN.at(address)) for name, address in SERVERS.items())
        client = network.host("client").join(lan, LAN.at(CLIENT))
        start_wireboot(
            wireboot,
            f'state_dir = "{work_dir / "state"}"\nboot_dir = "{boot_dir}"\n'
            '[network]\ninterfaces = ["eth0"]\n[dhcp4]\nmode = "off"\n',
        )
        start_tftpd_hpa(hpa, SERVERS["tftpd-hpa"], boot_dir)
        start_dnsmasq(dnsmasq, "--enable-tftp", f"--tftp-root={boot_dir}", log_name="tftp").wait_for("TFTP root")
        yield Site(client, boot_dir)


def fill(boot_dir: Path) -> None:
    boot_dir.mkdir()
    random = Random(2347)
    for name, size in (*((str(size), size) for size in SIZES), (LARGE, LARGE_SIZE), (ROLLOVER, ROLLOVER_SIZE)):
        (boot_dir / name).write_bytes(random.randbytes(size))


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_file_of_any_size_arrives_whole(site: Site, server: str, request_: str) -> None:
    """RFC 1350 §6, RFC 2347, RFC 2348, RFC 2349, RFC 7440: whatever of the options the server knows."""
    for size in SIZES:
        end = site.fetch(server, str(size), REQUESTS[request_])
        assert isinstance(end, Fetched), (size, end)
        assert end.content == (site.boot_dir / str(size)).read_bytes(), size


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("request_", ["plain", "options", "EDK2"])
def test_a_large_file_arrives_whole(site: Site, server: str, request_: str) -> None:
    """RFC 1350 §2, RFC 7440."""
    end = site.fetch(server, LARGE, REQUESTS[request_])

    assert isinstance(end, Fetched), end
    assert end.content == (site.boot_dir / LARGE).read_bytes()


@pytest.mark.parametrize("server", SERVERS)
def test_a_file_of_more_than_65535_blocks_arrives_whole(site: Site, server: str) -> None:
    """RFC 1350 §5 does not say what follows block 65535; these servers go on with 0."""
    end = site.fetch(server, ROLLOVER, RequestedOptions(blksize=ROLLOVER_BLKSIZE, windowsize=16))

    assert isinstance(end, Fetched), end
    assert end.content == (site.boot_dir / ROLLOVER).read_bytes()


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("request_", ["plain", "options", "EDK2"])
def test_a_missing_file_is_refused(site: Site, server: str, request_: str) -> None:
    """RFC 1350 §5: error 1."""
    end = site.fetch(server, "missing", REQUESTS[request_])

    assert isinstance(end, FetchFailed)
    assert (end.problem, end.code) == (FetchProblem.REFUSED, ErrorCode.FILE_NOT_FOUND)
    assert end.text


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("request_", ["plain", "options", "EDK2"])
def test_a_file_that_does_not_fit_is_given_back(site: Site, server: str, request_: str) -> None:
    """RFC 1350 appendix, RFC 2349: error 3, before the first block where the size is known."""
    end = site.fetch(server, LARGE, REQUESTS[request_], size_bytes_max=50_000)

    assert isinstance(end, FetchFailed)
    assert end.problem is FetchProblem.FILE_TOO_LARGE


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("request_", ["plain", "options", "EDK2"])
def test_a_file_is_fetched_while_one_packet_in_fifteen_is_lost(site: Site, server: str, request_: str) -> None:
    """RFC 1350 §2: whoever waits in vain sends again, the server or we."""
    end = site.fetch(server, str(SIZES[-1]), REQUESTS[request_], loss=1 / 15)

    assert isinstance(end, Fetched), end
    assert end.content == (site.boot_dir / str(SIZES[-1])).read_bytes()


def test_nobody_answers_where_nobody_listens(site: Site) -> None:
    """RFC 1350 §2: after its resends the client gives up."""
    impatient = ClientRetry(request_waits_s=(0.2, 0.2), block_waits_s=(0.2,))
    end = fetch_file(site.client, CLIENT, CLIENT, "boot", RequestedOptions(), retry=impatient)

    assert isinstance(end, FetchFailed)
    assert end.problem is FetchProblem.NO_ANSWER
