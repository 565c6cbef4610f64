"""The TFTP clients that people have fetch right bytes from a running `wireboot serve`, or are told why not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.network import Host, Network
from tests.support.lab.process import Process
from tests.support.lab.server import WirebootServer, start_wireboot
from tests.support.requirements import LAB, is_here, require
from tests.support.tftp_programs import ATFTP, TFTP_PROGRAMS, TftpProgram
from tests.support.tftp_socket import agreed_options, ask, read_file
from wireboot.protocols.tftp.packet import Error, ErrorCode, OptionAck, ReadRequest, WriteRequest

SIZES = (0, 1, 511, 512, 513)
ROLLOVER_SIZE = 65535 * 512 + 1
"""One byte more than the 65535 blocks that can be counted from 1."""
BLKSIZES = (8, 511, 512, 513, 1428, 1468, 8192, 65464)
WINDOWSIZES = (1, 2, 4, 16, 64)
SAMPLE = "sample"
"""Not a multiple of any of the block sizes, and several blocks at most of them."""
SAMPLE_SIZE = 20_011
LARGE = "large"
"""Several windows of 64 blocks."""
LARGE_SIZE = 600_001

ETHERNET_BLKSIZE_MAX = 1500 - 20 - 8 - 4
"""What fits a frame with the headers of IPv4, UDP and TFTP: more would come in fragments."""

TEXT = b"one\ntwo\r\n\rthree \r\0 four\n\n" * 60
TEXT_ON_THE_CABLE = TEXT.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")

ROLLOVER_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Site:
    server: WirebootServer
    client: Host
    boot_dir: Path
    downloads: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(*LAB)
    work_dir = tmp_path_factory.mktemp("tftp")
    boot_dir, downloads = work_dir / "boot", work_dir / "downloads"
    downloads.mkdir()
    fill(boot_dir)
    with Network(work_dir) as network:
        lan = network.segment("lan")
        jumbo = network.segment("jumbo")
        server = network.host("server").join(lan, LAN.at(SERVER)).join(jumbo, "10.77.9.1/24")
        client = network.host("client").join(lan, LAN.at("10.77.0.2")).join(jumbo, "10.77.9.2/24")
        for host in (server, client):
            host.run("ip", "link", "set", "eth1", "mtu", "65535")
        jumbo.run("ip", "link", "set", "port1", "mtu", "65535")
        jumbo.run("ip", "link", "set", "port2", "mtu", "65535")
        jumbo.run("ip", "link", "set", "switch", "mtu", "65535")
        configuration = f"""\
state_dir = "{work_dir / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0", "eth1"]
[dhcp4]
mode = "off"
"""
        yield Site(start_wireboot(server, configuration), client, boot_dir, downloads)


def fill(boot_dir: Path) -> None:
    (boot_dir / "debian").mkdir(parents=True)
    random = Random(1350)
    for size in SIZES:
        (boot_dir / str(size)).write_bytes(random.randbytes(size))
    (boot_dir / "rollover").write_bytes(random.randbytes(ROLLOVER_SIZE))
    (boot_dir / SAMPLE).write_bytes(random.randbytes(SAMPLE_SIZE))
    (boot_dir / LARGE).write_bytes(random.randbytes(LARGE_SIZE))
    (boot_dir / "text").write_bytes(TEXT)
    (boot_dir / "debian" / "linux").write_bytes(b"a kernel")
    (boot_dir.parent / "secret").write_bytes(b"not to be served")
    (boot_dir / "way-out").symlink_to(boot_dir.parent / "secret")
    (boot_dir / "folder-out").symlink_to(boot_dir.parent)
    (boot_dir / "way-within").symlink_to("debian/linux")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


PROGRAMS = [pytest.param(program, id=program.name) for program in TFTP_PROGRAMS]
PROGRAMS_WITH_BLKSIZE = [pytest.param(each, id=each.name) for each in TFTP_PROGRAMS if each.get_with_blksize]
PROGRAMS_WITH_NETASCII = [pytest.param(each, id=each.name) for each in TFTP_PROGRAMS if each.get_netascii]
PROGRAMS_THAT_WRITE = [pytest.param(each, id=each.name) for each in TFTP_PROGRAMS if each.put]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_file_of_any_size_arrives_whole(site: Site, program: TftpProgram) -> None:
    """RFC 1350 §2, §6: a block shorter than the others ends the transfer, an empty one if need be."""
    require(program.needs)
    target = site.downloads / program.name

    for size in SIZES:
        got = program.fetch(site.client, program.get(str(size), str(target)), target)
        assert sha256(got) == sha256((site.boot_dir / str(size)).read_bytes()), size


@pytest.mark.parametrize("program", PROGRAMS_WITH_BLKSIZE)
def test_a_file_arrives_whole_at_any_block_size(site: Site, program: TftpProgram) -> None:
    """RFC 2348."""
    require(program.needs)
    assert program.get_with_blksize is not None
    target = site.downloads / f"{program.name}-blksize"
    wanted = sha256((site.boot_dir / SAMPLE).read_bytes())

    for blksize in (max(blksize, program.blksize_min) for blksize in BLKSIZES):
        got = program.fetch(site.client, program.get_with_blksize(SAMPLE, str(target), blksize), target)
        assert sha256(got) == wanted, blksize


@pytest.mark.parametrize("blksize", BLKSIZES)
def test_a_block_is_as_large_as_asked_but_fits_a_frame(site: Site, blksize: int) -> None:
    """RFC 2348: the server may answer with a smaller block, and firmware often cannot join fragments."""
    assert agreed_options(site.client, SAMPLE, blksize=blksize) == {"blksize": min(blksize, ETHERNET_BLKSIZE_MAX)}


def test_the_largest_block_is_sent_where_frames_are_large_enough(site: Site) -> None:
    """RFC 2348: up to 65464 bytes."""
    assert agreed_options(site.client, LARGE, server="10.77.9.1", blksize=65464) == {"blksize": 65464}
    got = read_file(site.client, LARGE, (("blksize", "65464"),), server="10.77.9.1")
    assert sha256(got) == sha256((site.boot_dir / LARGE).read_bytes())


@pytest.mark.parametrize("windowsize", WINDOWSIZES)
def test_a_file_arrives_whole_at_any_window_size(site: Site, windowsize: int) -> None:
    """RFC 7440."""
    wanted = sha256((site.boot_dir / LARGE).read_bytes())

    for blksize in (512, 1428, 1468):
        options = (("blksize", str(blksize)), ("windowsize", str(windowsize)))
        assert sha256(read_file(site.client, LARGE, options)) == wanted, blksize


@pytest.mark.parametrize("windowsize", WINDOWSIZES)
def test_atftp_gets_a_file_whole_at_any_window_size(site: Site, windowsize: int) -> None:
    """RFC 7440."""
    require(ATFTP.needs)
    assert ATFTP.get_in_windows is not None
    target = site.downloads / "atftp-windowsize"

    got = ATFTP.fetch(site.client, ATFTP.get_in_windows(LARGE, str(target), 1428, windowsize), target)

    assert sha256(got) == sha256((site.boot_dir / LARGE).read_bytes())


@pytest.mark.parametrize("program", PROGRAMS_WITH_NETASCII)
def test_text_arrives_in_netascii(site: Site, program: TftpProgram) -> None:
    """RFC 1350 §1, RFC 764: lines end with CR LF on the cable, and CR alone is CR NUL there."""
    require(program.needs)
    assert program.get_netascii is not None
    target = site.downloads / f"{program.name}-text"

    got = program.fetch(site.client, program.get_netascii("text", str(target)), target)

    assert got == (TEXT if program.undoes_netascii else TEXT_ON_THE_CABLE)


# Transfers over the block counter's end


@pytest.fixture(scope="module")
def rollovers(site: Site) -> dict[str, tuple[Process, Path]]:
    """All at once: each takes many seconds, most of which a client spends waiting for its next block."""
    under_way = {}
    for program in TFTP_PROGRAMS:
        if is_here(program.needs):
            target = site.downloads / f"{program.name}-rollover"
            command = program.get("rollover", str(target))
            if program.get_in_windows is not None:
                command = program.get_in_windows("rollover", str(target), 512, 16)
            under_way[program.name] = (program.start(site.client, command), target)
    return under_way


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_file_of_more_than_65535_blocks_arrives_whole(
    site: Site, rollovers: dict[str, tuple[Process, Path]], program: TftpProgram
) -> None:
    """RFC 1350 counts blocks in 16 bits and does not say what follows 65535; everybody goes on with 0."""
    require(program.needs)
    transfer, target = rollovers[program.name]

    assert transfer.wait(ROLLOVER_WITHIN_S) == 0, transfer.transcript.tail()
    assert sha256(target.read_bytes()) == sha256((site.boot_dir / "rollover").read_bytes())


# Refusals


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_missing_file_is_refused_and_the_user_told(site: Site, program: TftpProgram) -> None:
    """RFC 1350 §5: error 1."""
    require(program.needs)
    said = program.said(site.client, program.get("missing", str(site.downloads / "missing")))

    # curl 7.88 looks for the name of its peer before it prints what that said; its exit code is the one for error 1.
    assert "file not found" in said or (program.name == "curl" and "(68)" in said)


@pytest.mark.parametrize("program", PROGRAMS_THAT_WRITE)
def test_a_write_is_refused_and_the_user_told(site: Site, program: TftpProgram) -> None:
    """RFC 1350 §5: error 2, access violation."""
    require(program.needs)
    assert program.put is not None

    said = program.said(site.client, program.put("written", str(site.boot_dir / SAMPLE)))

    assert "files can only be read here" in said
    assert not (site.boot_dir / "written").exists()


# fmt: off
NAMES: list[tuple[str, int | None]] = [      # the name asked for, and the error it gets; None: it is served
    ("debian/linux",                     None),
    ("/debian/linux",                    None),
    ("//debian/./linux",                 None),
    (r"debian\linux",                    None),
    (r"\debian\linux",                   None),
    (f"tftp://{SERVER}/debian/linux",    None),
    ("way-within",                       None),
    ("debian",                           ErrorCode.FILE_NOT_FOUND),
    ("",                                 ErrorCode.FILE_NOT_FOUND),
    ("/",                                ErrorCode.FILE_NOT_FOUND),
    ("way-out",                          ErrorCode.FILE_NOT_FOUND),
    ("folder-out/secret",                ErrorCode.FILE_NOT_FOUND),
    ("folder-out/boot/debian/linux",     None),
    ("../secret",                        ErrorCode.ACCESS_VIOLATION),
    ("debian/../../secret",              ErrorCode.ACCESS_VIOLATION),
    (r"..\secret",                       ErrorCode.ACCESS_VIOLATION),
    (r"debian\..\..\secret",             ErrorCode.ACCESS_VIOLATION),
    ("debian/../debian/linux",           ErrorCode.ACCESS_VIOLATION),
    (r"C:\secret",                       ErrorCode.ACCESS_VIOLATION),
    ("debian/lin\nux",                   ErrorCode.ACCESS_VIOLATION),
    ("%2e%2e/secret",                    ErrorCode.FILE_NOT_FOUND),
    ("/etc/passwd",                      ErrorCode.FILE_NOT_FOUND),
    ("x" * 400,                          ErrorCode.FILE_NOT_FOUND),
    ("\udcff\udcfe",                     ErrorCode.FILE_NOT_FOUND),
]
# fmt: on


@pytest.mark.parametrize(("name", "error"), NAMES, ids=[ascii(name)[:40] for name, _ in NAMES])
def test_a_name_means_a_file_within_boot_dir_or_nothing(site: Site, name: str, error: int | None) -> None:
    request = b"\0\1" + name.encode(errors="surrogateescape") + b"\0octet\0tsize\0000\0"

    answer = ask(site.client, request)

    if error is None:
        assert isinstance(answer, OptionAck)
    else:
        assert isinstance(answer, Error)
        assert answer.code == error


def test_a_name_ends_at_its_nul(site: Site) -> None:
    """RFC 1350 §5: what follows is the mode, and `/../secret` is none."""
    answer = ask(site.client, b"\0\1debian/linux\0/../secret\0octet\0")

    assert isinstance(answer, Error)
    assert answer.code == ErrorCode.ILLEGAL_OPERATION


@pytest.mark.parametrize("mode", ["mail", "binary", "", "octetoctet", "\x80"])
def test_a_mode_that_is_not_served_is_refused(site: Site, mode: str) -> None:
    """RFC 1350 §1: octet and netascii; `mail` is obsolete, and reading has never known it."""
    answer = ask(site.client, ReadRequest(SAMPLE, mode))

    assert isinstance(answer, Error)
    assert answer.code == ErrorCode.ILLEGAL_OPERATION


def test_a_mode_is_read_in_any_case(site: Site) -> None:
    """RFC 1350 §5."""
    assert not isinstance(ask(site.client, ReadRequest(SAMPLE, "OcTeT")), Error)


def test_a_write_in_an_unknown_mode_is_still_refused_as_a_write(site: Site) -> None:
    assert ask(site.client, WriteRequest("written", "mail")) == Error(2, "files can only be read here")


@pytest.mark.parametrize("value", ["0", "7", "65465", "-8", "1e3", " 512", "", "9" * 400])
def test_an_absurd_block_size_is_left_out_of_the_answer(site: Site, value: str) -> None:
    """RFC 2347: an option that is not acknowledged is not in force."""
    answer = ask(site.client, ReadRequest(SAMPLE, "octet", (("blksize", value), ("tsize", "0"))))

    assert answer == OptionAck((("tsize", str(SAMPLE_SIZE)),))


def test_a_client_may_ask_for_the_size_only(site: Site) -> None:
    """RFC 2349. EDK2 ends its probe with error 8, and no failure is told of it."""
    (site.boot_dir / "probed").write_bytes(bytes(SAMPLE_SIZE))

    assert agreed_options(site.client, "probed", tsize=0, blksize=1468) == {"tsize": SAMPLE_SIZE, "blksize": 1468}

    site.server.process.wait_for('"probed"', timeout_s=5.0)
    (probe,) = [event for event in site.server.events() if event.get("file") == "probed"]
    assert probe["event"] == "transfer_aborted"
    assert (probe["size_probe"], probe["level"]) == (True, "info")


def test_after_all_this_the_server_ends_cleanly(site: Site) -> None:
    assert site.server.stop() == 0
    assert "Traceback" not in site.server.process.transcript.text()
    assert [event for event in site.server.events() if event["level"] not in ("info", "debug")] == []
