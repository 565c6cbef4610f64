"""A station of our own on a real cable (net/frame_socket.py, client/session.py), beside a Linux host."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from tests.support.frames import GROUP, OTHER_STATION, OURS, STATION, STRANGER_STATION, Guest, pattern
from tests.support.lab.capture import read_frames
from tests.support.lab.network import Host, Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside, start_inside, udp_socket
from wireboot.client import session
from wireboot.endpoint import AddressAcquired, Datagram, Event, GroupJoined, GroupLeft, Interface
from wireboot.errors import OperatorError
from wireboot.net import frame_socket
from wireboot.net.frame_socket import FrameSocket
from wireboot.net.interfaces import Interfaces
from wireboot.net.pcap import PcapWriter
from wireboot.wire import ethernet, igmp, ipv4
from wireboot.wire.ethernet import Frame, ReceivedFrame

BUSYBOX = "/bin/busybox"
ECHO_PORT = 7
WITHIN_S = 5.0
ETH0 = Interface("eth0", 2, OTHER_STATION, 1500, ())


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    require(*LAB, BUSYBOX)
    with Network(tmp_path) as network:
        yield network


class EchoGuest(Guest):
    """Has an address and a group from the start, and sends back what comes."""

    def __init__(self) -> None:
        super().__init__()
        self._tell(AddressAcquired(IPv4Interface((OURS, 24))))
        self._tell(GroupJoined(GROUP))

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        super().receive_datagram(datagram, now)
        if datagram.local.port == ECHO_PORT:
            self._send(datagram)


@dataclass
class Running:
    """A session in a namespace."""

    guest: EchoGuest = field(default_factory=EchoGuest)
    events: list[Event] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running(host: Host, capture: PcapWriter | None = None, keyboard: int | None = None) -> Iterator[Running]:
    run = Running()

    def read_key() -> bool:
        assert keyboard is not None
        key = os.read(keyboard, 1)
        run.keys.append(key)
        return bool(key)

    def act() -> None:
        session.run(
            run.guest,
            "eth0",
            STATION,
            on_event=run.events.append,
            finished=run.ends.is_set,
            deadline_s=60.0,
            capture=capture,
            also_read=None if keyboard is None else {keyboard: read_key},
        )

    done = start_inside(host, act)
    try:
        yield run
    finally:
        run.ends.set()
        done.result(WITHIN_S)


def echo(linux: Host, payload: bytes, to: object = OURS) -> tuple[bytes, str]:
    """What comes back to the Linux host, and from whom. The session may be just starting, so it is said until then."""
    with udp_socket(linux, host="10.77.0.1", timeout_s=0.5) as speaker:
        for _ in range(10):
            speaker.sendto(payload, (str(to), ECHO_PORT))
            try:
                answer, (peer, _) = speaker.recvfrom(65535)
            except TimeoutError:
                continue
            return answer, peer
    raise AssertionError("no echo came back")


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
        echo(linux, b"wakes the session")

    recording.end()
    packets = [ipv4.decode(frame[14:]) for _, frame in read_frames(recording.path) if frame[6:12] == STATION]
    kinds = [igmp.decode(packet.payload).kind for packet in packets]
    assert (kinds[0], kinds[-1]) == (igmp.IgmpType.V2_MEMBERSHIP_REPORT, igmp.IgmpType.LEAVE_GROUP)


def test_a_session_is_recorded_and_reads_its_keyboard(network: Network, tmp_path: Path) -> None:
    lan = network.segment("lan")
    linux = network.host("linux").join(lan, "10.77.0.1/24")
    keyboard, keys = os.pipe()
    path = tmp_path / "session.pcapng"

    with (
        PcapWriter(path, "eth0") as capture,
        running(network.host("machine").join(lan), capture, keyboard) as run,
    ):
        os.write(keys, b"x")
        os.close(keys)
        echo(linux, b"recorded")

    os.close(keyboard)
    assert run.keys == [b"x", b""]
    # At least once each way.
    assert path.read_bytes().count(b"recorded") >= 2


def test_a_session_ends_at_its_deadline(network: Network) -> None:
    machine = network.host("machine").join(network.segment("lan"))

    def act() -> float:
        begin = time.monotonic()
        session.run(Guest(), "eth0", STATION, on_event=print, finished=lambda: False, deadline_s=0.3)
        return time.monotonic() - begin

    assert 0.3 <= start_inside(machine, act).result(WITHIN_S) < 2.0


def test_what_is_to_be_said_is_said_though_all_is_over_at_once(network: Network) -> None:
    """RFC 2131 §4.4.4: a client may have but a last word for its server, and end with it."""
    lan = network.segment("lan")
    machine, other = network.host("machine").join(lan), network.host("other").join(lan)

    def act() -> None:
        session.run(EchoGuest(), "eth0", STATION, on_event=print, finished=lambda: True, deadline_s=WITHIN_S)

    with open_inside(other, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", ethernet.ETHERTYPE_ARP))
        raw.settimeout(WITHIN_S)
        start_inside(machine, act).result(WITHIN_S)
        assert raw.recv(100)[6:12] == STATION


def test_a_frame_that_the_system_refuses_is_told(network: Network) -> None:
    machine = network.host("machine").join(network.segment("lan"))
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)

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
        session.run(Loud(), "eth0", STATION, on_event=on_event, finished=lambda: bool(events), deadline_s=WITHIN_S)

    start_inside(machine, act).result(2 * WITHIN_S)
    assert [type(event) for event in events] == [session.FrameNotSent]


# The socket


EXPERIMENTAL = 0x88B5
"""IEEE 802's ethertype for local experiments: nobody else on the cable speaks it."""
LAST = b"last"


def frames_within(card: FrameSocket, seconds: float = WITHIN_S) -> Iterator[ReceivedFrame]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield from card.receive()
        time.sleep(0.01)


def received_until_last(card: FrameSocket) -> list[bytes]:
    """What the test sent, up to its last frame."""
    received: list[bytes] = []
    for frame in frames_within(card):
        if frame.data[12:14] == EXPERIMENTAL.to_bytes(2, "big"):
            received.append(frame.data)
            if frame.data[14:] == LAST:
                return received
    raise AssertionError(f"the last frame did not come: {received}")


@pytest.fixture
def cable(network: Network) -> Iterator[tuple[FrameSocket, socket.socket, Host]]:
    """Our station's socket, and a raw one of the host at the other end."""
    lan = network.segment("lan")
    machine, other = network.host("machine").join(lan), network.host("other").join(lan)
    card = start_inside(machine, lambda: FrameSocket("eth0", STATION)).result()
    with card, open_inside(other, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        yield card, raw, machine


def frame_to(destination: bytes, payload: bytes = b"data") -> bytes:
    return ethernet.encode(Frame(destination, OTHER_STATION, EXPERIMENTAL, payload))


def test_what_is_for_other_stations_stays_outside(cable: tuple[FrameSocket, socket.socket, Host]) -> None:
    """Firmware: a card in promiscuous mode brings all; a client must not be woken for it."""
    card, raw, _ = cable
    for destination in (STRANGER_STATION, STATION[:4] + bytes(2), STATION, ethernet.BROADCAST):
        raw.send(frame_to(destination))
    raw.send(frame_to(ethernet.multicast_link_address(GROUP), LAST))
    received = [frame[:6] for frame in received_until_last(card)]
    assert received == [STATION, ethernet.BROADCAST, ethernet.multicast_link_address(GROUP)]


def test_what_the_machine_itself_sends_is_not_received(cable: tuple[FrameSocket, socket.socket, Host]) -> None:
    card, raw, machine = cable
    card.transmit(ethernet.encode(Frame(ethernet.BROADCAST, STATION, EXPERIMENTAL, b"ours")))
    with open_inside(machine, socket.AF_PACKET, socket.SOCK_RAW) as its_own:
        its_own.sendto(frame_to(ethernet.BROADCAST), ("eth0", 0))
    raw.send(frame_to(STATION, LAST))
    assert [frame[14:] for frame in received_until_last(card)] == [LAST]


def test_a_tagged_frame_belongs_to_another_network(cable: tuple[FrameSocket, socket.socket, Host]) -> None:
    """IEEE 802.1Q: the kernel takes the tag off before it hands the frame over; number 0 is no network."""
    card, raw, _ = cable
    for vlan, payload in ((5, b"other network"), (0, LAST)):
        raw.send(STATION + OTHER_STATION + b"\x81\x00" + bytes((0x20, vlan)) + frame_to(STATION, payload)[12:])
    assert [frame[14:] for frame in received_until_last(card)] == [LAST]


def test_a_checksum_that_the_kernel_left_open_is_known(network: Network) -> None:
    """Firmware: over a veth the kernel hands on UDP datagrams with the sum of the pseudo header only."""
    lan = network.segment("lan")
    linux = network.host("linux").join(lan, "10.77.0.1/24")
    machine = network.host("machine").join(lan)
    card = start_inside(machine, lambda: FrameSocket("eth0", STATION)).result()
    linux.run("ip", "neighbour", "add", str(OURS), "lladdr", STATION.hex(":"), "dev", "eth0")
    with card, udp_socket(linux) as speaker:
        speaker.sendto(b"boot", (str(OURS), ECHO_PORT))
        received = next(frame for frame in frames_within(card) if frame.data.endswith(b"boot"))
    assert not received.checksum_ready


def test_the_card_is_given_back(cable: tuple[FrameSocket, socket.socket, Host]) -> None:
    """packet(7): memberships end with the socket."""
    card, _, machine = cable

    def says(what: str) -> bool:
        return what in machine.run("ip", "-d", "link", "show", "eth0").stdout

    def groups() -> str:
        return machine.run("ip", "maddress", "show", "eth0").stdout

    card.set_multicast_addresses({ethernet.multicast_link_address(GROUP)})
    assert says("promiscuity 1")
    assert "01:00:5e:01:02:03" in groups()
    card.set_multicast_addresses(())
    assert "01:00:5e:01:02:03" not in groups()
    card.close()
    assert says("promiscuity 0")


def refusal(host: Host, interface: str) -> OperatorError:
    done: Future[FrameSocket] = start_inside(host, lambda: FrameSocket(interface, STATION))
    problem = done.exception(WITHIN_S)
    assert isinstance(problem, OperatorError)
    return problem


def test_an_interface_that_is_no_use_is_told(network: Network) -> None:
    host = network.host("host").join(network.segment("lan"))
    host.run("ip", "link", "add", "tunnel", "type", "ipip", "local", "10.0.0.1", "remote", "10.0.0.2", check=False)
    assert "there is no interface eth9" in str(refusal(host, "eth9"))
    assert refusal(host, "eth9").hint == "up are: eth0, lo"
    assert "lo is the loopback interface" in str(refusal(host, "lo"))
    host.run("ip", "tuntap", "add", "tun9", "mode", "tun")
    host.run("ip", "link", "set", "tun9", "up")
    assert "tun9 is no Ethernet interface" in str(refusal(host, "tun9"))
    host.run("ip", "link", "set", "eth0", "down")
    assert (str(refusal(host, "eth0")), refusal(host, "eth0").hint) == (
        "the interface eth0 is down",
        "`ip link set eth0 up` brings it up",
    )


def test_who_may_not_is_told_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """packet(7): CAP_NET_RAW."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(frame_socket, "list_interfaces", lambda: Interfaces((ETH0,), frozenset()))
    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(OperatorError) as caught:
        FrameSocket("eth0", STATION)
    assert caught.value.hint is not None
    assert "CAP_NET_RAW" in caught.value.hint
