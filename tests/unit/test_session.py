"""A PXE stack on an interface of this machine (client/session.py), beside a Linux host."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from tests.support.frames import GROUP, OURS, STATION, Guest, pattern
from tests.support.lab.capture import read_frames
from tests.support.lab.network import Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside, start_inside
from tests.support.station import WITHIN_S, EchoGuest, echo, running, wait_for_switch
from wireboot.client.session import pxe_stack
from wireboot.endpoint import AddressAcquired, Event, GroupLeft
from wireboot.net.clock import now
from wireboot.net.pcap import PcapWriter
from wireboot.pxe_api.base_code import FrameNotSent
from wireboot.wire import ethernet, igmp, ipv4

BUSYBOX = "/bin/busybox"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    require(*LAB, BUSYBOX)
    with Network(tmp_path) as network:
        yield network


def test_a_linux_host_and_a_station_of_ours_speak(network: Network) -> None:
    """RFC 826, 791, 768: the kernel's ARP finds us, both ways, whole and in fragments."""
    lan = network.segment("lan")
    linux = network.host("linux").join(lan, "10.77.0.1/24")
    machine = network.host("machine").join(lan, "10.77.0.2/24")
    before = machine.run("ip", "address", "show", "eth0").stdout

    with running(machine) as run:
        assert echo(linux, b"boot") == (b"boot", str(OURS))
        assert echo(linux, pattern(9000)) == (pattern(9000), str(OURS))
        neighbours = linux.run("ip", "neighbour").stdout
        linux.run(BUSYBOX, "ping", "-c1", "-W2", str(OURS))
        linux.run(BUSYBOX, "ping", "-c1", "-W2", "-s3000", str(OURS))
        # The machine itself is there as before, on the same interface.
        linux.run(BUSYBOX, "ping", "-c1", "-W2", "10.77.0.2")

    assert f"{OURS} dev eth0 lladdr {STATION.hex(':')}" in neighbours
    assert machine.run("ip", "address", "show", "eth0").stdout == before
    assert run.events == []
    assert run.guest.not_reached == []


def test_a_group_is_joined_received_and_left(network: Network) -> None:
    """RFC 2236 §3, seen from the switch."""
    lan = network.segment("lan")
    linux = network.host("linux").join(lan, "10.77.0.1/24")
    machine = network.host("machine").join(lan)
    recording = lan.capture("igmp")

    with running(machine) as run:
        assert echo(linux, b"block", GROUP) == (b"block", str(OURS))
        assert "01:00:5e:01:02:03" in machine.run("ip", "maddress", "show", "eth0").stdout
        assert [datagram.to_group for datagram in run.guest.received] == [True]
        run.guest.tell(GroupLeft(GROUP))
        echo(linux, b"wakes the stack")

    recording.end()
    packets = [ipv4.decode(frame[14:]) for _, frame in read_frames(recording.path) if frame[6:12] == STATION]
    kinds = [igmp.decode(packet.payload).kind for packet in packets]
    assert (kinds[0], kinds[-1]) == (igmp.IgmpType.V2_MEMBERSHIP_REPORT, igmp.IgmpType.LEAVE_GROUP)


def test_a_session_is_recorded_and_reads_its_keyboard(network: Network, tmp_path: Path) -> None:
    lan = network.segment("lan")
    linux = network.host("linux").join(lan, "10.77.0.1/24")
    keyboard, typist = os.pipe()
    keys: list[bytes] = []
    typist_left = threading.Event()
    path = tmp_path / "session.pcapng"

    def read_key() -> bool:
        keys.append(os.read(keyboard, 1))
        if not keys[-1]:
            typist_left.set()
        return not typist_left.is_set()

    with (
        PcapWriter(path, "eth0") as capture,
        running(network.host("machine").join(lan), capture=capture, also_read={keyboard: read_key}),
    ):
        os.write(typist, b"x")
        os.close(typist)
        echo(linux, b"recorded")
        assert typist_left.wait(WITHIN_S)

    os.close(keyboard)
    assert keys == [b"x", b""]
    # At least once each way.
    assert path.read_bytes().count(b"recorded") >= 2


def test_a_session_ends_at_its_time(network: Network) -> None:
    machine = network.host("machine").join(network.segment("lan"))

    def act() -> float:
        begin = time.monotonic()
        with pxe_stack("eth0", STATION, on_event=print) as base:
            base.run(Guest(), finished=lambda: False, ends_at=now() + 0.3)
        return time.monotonic() - begin

    assert 0.3 <= start_inside(machine, act).result(WITHIN_S) < 2.0


def test_what_is_to_be_said_is_said_though_all_is_over_at_once(network: Network) -> None:
    """RFC 2131 §4.4.4: a client may have but a last word for its server, and end with it."""
    lan = network.segment("lan")
    machine, other = network.host("machine").join(lan), network.host("other").join(lan)

    def act() -> None:
        with pxe_stack("eth0", STATION, on_event=print) as base:
            base.run(EchoGuest(), finished=lambda: True, ends_at=now() + WITHIN_S)

    wait_for_switch(machine, other)
    with open_inside(other, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", ethernet.ETHERTYPE_ARP))
        raw.settimeout(WITHIN_S)
        start_inside(machine, act).result(WITHIN_S)
        assert raw.recv(100)[6:12] == STATION


def test_a_frame_that_the_system_refuses_is_told(network: Network) -> None:
    machine = network.host("machine").join(network.segment("lan"))
    events: list[Event] = []

    class Loud(Guest):
        """Its first words are to an interface that has just gone down."""

        def __init__(self) -> None:
            super().__init__()
            self.wake_at = 0.0

        def handle_timeout(self, now: float) -> None:
            super().handle_timeout(now)
            machine.run("ip", "link", "set", "eth0", "down")
            self._tell(AddressAcquired(IPv4Interface((OURS, 24))))

    def act() -> None:
        with pxe_stack("eth0", STATION, on_event=events.append) as base:
            base.run(Loud(), finished=lambda: bool(events), ends_at=now() + WITHIN_S)

    start_inside(machine, act).result(2 * WITHIN_S)
    assert [type(event) for event in events] == [FrameNotSent]
