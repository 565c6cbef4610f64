"""What tests and demo rely on when they use the lab: it is private, leaves nothing behind and tells what it saw."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.lab.capture import read_datagrams
from tests.support.lab.cpio import CpioArchive
from tests.support.lab.namespace import LabError
from tests.support.lab.network import Network
from tests.support.lab.payload import made_once
from tests.support.lab.process import NeverSeenError, readable
from tests.support.requirements import LAB, require

BUSYBOX = "/bin/busybox"
PING = (BUSYBOX, "ping", "-c1", "-W2")

SEND_HELLO = """
import socket

sender = socket.socket(type=socket.SOCK_DGRAM)
sender.bind(("10.77.0.1", 1069))
sender.sendto(b"hello", ("10.77.0.2", 69))
"""

OWNER = """
import sys, time
from pathlib import Path
from tests.support.lab.network import Network

network = Network(Path(sys.argv[1]))
host = network.host("host").join(network.segment("lan"), "10.77.0.1/24")
started = host.start("sleep", "1000", log_name="sleep")
host.run("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $! >" + sys.argv[1] + "/daemon")
print(started.pid, Path(sys.argv[1], "daemon").read_text(), flush=True)
time.sleep(1000)
"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    require(*LAB, BUSYBOX)
    with Network(tmp_path) as network:
        yield network


def test_hosts_of_a_segment_reach_each_other_and_nobody_else(network: Network) -> None:
    lan, other = network.segment("lan"), network.segment("other")
    here = network.host("here").join(lan, "10.77.0.1/24")
    network.host("there").join(lan, "10.77.0.2/24")
    network.host("elsewhere").join(other, "10.77.0.3/24")

    here.run(*PING, "10.77.0.2")
    with pytest.raises(LabError):
        here.run(*PING, "10.77.0.3")


def test_a_router_joins_two_segments(network: Network) -> None:
    lan, far = network.segment("lan"), network.segment("far")
    here = network.host("here").join(lan, "10.77.0.1/24").route("10.77.1.0/24", via="10.77.0.254")
    there = network.host("there").join(far, "10.77.1.1/24").route("10.77.0.0/24", via="10.77.1.254")
    network.host("router").join(lan, "10.77.0.254/24").join(far, "10.77.1.254/24").forward()

    here.run(*PING, "10.77.1.1")
    there.run(*PING, "10.77.0.1")


def test_a_capture_holds_what_passed_the_switch(network: Network) -> None:
    lan = network.segment("lan")
    here = network.host("here").join(lan, "10.77.0.1/24")
    network.host("there").join(lan, "10.77.0.2/24")
    recording = lan.capture()

    here.run(sys.executable, "-c", SEND_HELLO)
    wait_until(lambda: next(read_datagrams(recording.path), None) is not None)

    assert recording.end() == 0
    (datagram,) = read_datagrams(recording.path)
    assert (str(datagram.source), str(datagram.destination)) == ("10.77.0.1:1069", "10.77.0.2:69")
    assert datagram.payload == b"hello"


def test_nothing_outlives_an_owner_that_is_killed(tmp_path: Path) -> None:
    """Neither what it started nor a daemon that left its parent; without processes a namespace is gone too."""
    require(*LAB)
    owner = subprocess.Popen((sys.executable, "-c", OWNER, str(tmp_path)), stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_running(pid) for pid in pids)

    owner.send_signal(signal.SIGKILL)
    owner.communicate(timeout=5)

    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_waiting_in_vain_tells_what_was_written_instead(network: Network) -> None:
    program = network.host("host").start("sh", "-c", "echo something else; sleep 1000", log_name="program")

    with pytest.raises(NeverSeenError, match=r"did not show 'something wanted' within 0\.2 s.*\nsomething else"):
        program.wait_for("something wanted", timeout_s=0.2)


def test_waiting_ends_when_the_program_does(network: Network) -> None:
    program = network.host("host").start("sh", "-c", "echo too bad; exit 3", log_name="program")

    with pytest.raises(NeverSeenError, match=r"before it ended.*\ntoo bad"):
        program.wait_for("something wanted", timeout_s=60)
    assert program.wait(timeout_s=5) == 3


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("\x1b[0;1mbold\x1b[0m", "bold"),
        ("upper\x1b[5;1Hlower", "upper\nlower"),
        ("old\x1bc\x1b[?7l\x1b[2Jnew", "old\n\nnew"),
        ("kept Ctrl\x08 \x08\x08 \x08\x08 \x08\x08 \x08", "kept "),
    ],
)
def test_a_screen_drawn_on_the_serial_line_is_read_as_lines(written: str, read: str) -> None:
    assert readable(written) == read


def test_the_ramdisk_is_an_archive_that_cpio_reads(tmp_path: Path) -> None:
    require(BUSYBOX)
    archive = CpioArchive()
    archive.add_folder("bin")
    archive.add_file("bin/odd", b"12345")
    archive.add_file("init", b"#!/bin/sh\n", executable=True)

    subprocess.run((BUSYBOX, "cpio", "-idm"), input=archive.finish(), cwd=tmp_path, check=True, capture_output=True)

    assert (tmp_path / "bin" / "odd").read_bytes() == b"12345"
    assert os.access(tmp_path / "init", os.X_OK)


def test_a_folder_made_once_is_never_seen_half_made(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        (target / "half").touch()
        raise LabError("no more")

    def fill(target: Path) -> None:
        (target / "whole").touch()

    with pytest.raises(LabError):
        made_once(tmp_path / "made", fail)
    assert list(tmp_path.iterdir()) == []

    assert [file.name for file in made_once(tmp_path / "made", fill).iterdir()] == ["whole"]
    assert made_once(tmp_path / "made", fail).is_dir()  # it is there, so nothing is made


def wait_until(holds: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
