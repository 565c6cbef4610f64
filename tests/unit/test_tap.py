"""A TAP as the card of a station of our own, with Linux at its other end (net/tap.py, net/cards.py)."""

from __future__ import annotations

import fcntl
import os
import select
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.support.frames import GROUP, OTHER_STATION, OURS, PEER, STATION, STRANGER_STATION, pattern
from tests.support.lab.network import Host, Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside, start_inside, udp_socket
from tests.support.station import ECHO_PORT, WITHIN_S, echo, running
from wireboot.errors import OperatorError
from wireboot.net.cards import open_card
from wireboot.net.frame_socket import FrameSocket
from wireboot.net.tap import TapCard
from wireboot.wire import ethernet, ipv4, udp
from wireboot.wire.ethernet import Frame

EXPERIMENTAL = 0x88B5
TUNSETOFFLOAD, TUN_F_CSUM, TUN_F_USO = 0x400454D0, 0x01, 0x60


@pytest.fixture
def linux(tmp_path: Path) -> Iterator[Host]:
    require(*LAB)
    with Network(tmp_path) as network:
        yield network.host("linux")


def open_tap(host: Host, name: str = "boot0") -> TapCard:
    return start_inside(host, lambda: TapCard(name, STATION)).result(WITHIN_S)


def test_linux_and_a_station_of_ours_speak_over_a_tap(linux: Host) -> None:
    """RFC 826, 791, 768: ARP, whole datagrams and fragments, both ways."""
    linux.run("ip", "tuntap", "add", "boot0", "mode", "tap")
    linux.run("ip", "address", "add", f"{PEER}/24", "dev", "boot0")
    linux.run("ip", "link", "set", "boot0", "up")
    with running(linux, "tap:boot0") as run:
        assert echo(linux, b"boot") == (b"boot", str(OURS))
        assert echo(linux, pattern(9000)) == (pattern(9000), str(OURS))
        assert echo(linux, b"block", GROUP) == (b"block", str(OURS))
    assert run.events == []
    assert {datagram.interface for datagram in run.guest.received} == {"tap:boot0"}


def test_a_tap_is_made_and_up_and_ends_with_its_card(linux: Host) -> None:
    with open_tap(linux):
        assert "UP" in linux.run("ip", "link", "show", "boot0").stdout
    assert linux.run("ip", "link", "show", "boot0", check=False).returncode != 0


def test_a_tap_that_was_there_is_taken_as_it_is_and_left(linux: Host) -> None:
    linux.run("ip", "tuntap", "add", "boot0", "mode", "tap")
    linux.run("ip", "link", "set", "boot0", "mtu", "1400")
    with open_tap(linux) as card:
        assert (card.mtu, card.station_address) == (1400, STATION)
    assert "boot0" in linux.run("ip", "link", "show", "boot0").stdout


def test_frames_are_whole_within_the_mtu_and_with_their_checksums(linux: Host) -> None:
    """pxe_api/card.py; udp(7), UDP_SEGMENT."""
    linux.run("ip", "tuntap", "add", "boot0", "mode", "tap")
    # As a virtual machine leaves it that has had it before.
    with open_tap(linux) as earlier:
        fcntl.ioctl(earlier, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_USO)
    with open_tap(linux) as card:
        linux.run("ip", "address", "add", f"{PEER}/24", "dev", "boot0")
        linux.run("ip", "neighbour", "add", str(OURS), "lladdr", STATION.hex(":"), "dev", "boot0")
        with udp_socket(linux) as speaker:
            speaker.setsockopt(socket.SOL_UDP, 103, 1400)
            speaker.sendto(pattern(3000), (str(OURS), ECHO_PORT))
        packets = [ipv4.decode(frame[14:]) for frame in card.receive()]
    datagrams = [packet for packet in packets if packet.protocol == ipv4.UDP]
    assert all(packet.payload[6:8] != bytes(2) for packet in datagrams)
    payloads = [udp.decode(packet.payload, PEER, OURS).payload for packet in datagrams]
    assert [len(payload) for payload in payloads] == [1400, 1400, 200]
    assert b"".join(payloads) == pattern(3000)


def test_what_is_longer_than_the_mtu_is_not_let_in(linux: Host) -> None:
    """It was made longer since, by whoever sits at the kernel's end."""
    with open_tap(linux) as card, open_inside(linux, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        linux.run("ip", "link", "set", "boot0", "mtu", "3000")
        raw.bind(("boot0", 0))
        for size in (1501, 3000, 1500):
            raw.send(ethernet.encode(Frame(STATION, OTHER_STATION, EXPERIMENTAL, bytes(size))))
        assert [len(frame) - 14 for frame in card.receive() if frame[12:14] == b"\x88\xb5"] == [1500]


def test_a_frame_leaves_as_it_is_from_whatever_station(linux: Host) -> None:
    with open_tap(linux) as card, open_inside(linux, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("boot0", EXPERIMENTAL))
        raw.settimeout(WITHIN_S)
        card.set_station_address(STRANGER_STATION)
        frame = ethernet.encode(Frame(OTHER_STATION, card.station_address, EXPERIMENTAL, pattern(1500)))
        card.transmit(frame)
        assert raw.recv(65536) == frame
    assert frame[6:12] == STRANGER_STATION


def test_a_tap_that_goes_down_refuses_frames_and_brings_none(linux: Host) -> None:
    with open_tap(linux) as card:
        linux.run("ip", "link", "set", "boot0", "down")
        card.receive()
        assert not select.select([card], [], [], 0.0)[0]
        with pytest.raises(OSError, match="Input/output"):
            card.transmit(ethernet.encode(Frame(OTHER_STATION, STATION, EXPERIMENTAL, b"")))


def test_a_tap_that_is_removed_is_told(linux: Host) -> None:
    """It could be waited for no more: the kernel says at once, and for ever, that there is something to read."""
    with open_tap(linux) as card:
        linux.run("ip", "link", "delete", "boot0")
        assert select.select([card], [], [], 0.0)[0]
        with pytest.raises(OperatorError, match="TAP boot0 has been removed"):
            card.receive()


def test_a_card_is_a_tap_or_an_interface_by_its_name(tmp_path: Path) -> None:
    require(*LAB)
    with Network(tmp_path) as network:
        host = network.host("host").join(network.segment("lan"))
        for name, kind in (("tap:boot0", TapCard), ("eth0", FrameSocket)):
            with start_inside(host, lambda name=name: open_card(name, STATION)).result(WITHIN_S) as card:  # type: ignore[misc]
                assert type(card) is kind


def refusal(host: Host, name: str) -> OperatorError:
    done: Future[TapCard] = start_inside(host, lambda: TapCard(name, STATION))
    problem = done.exception(WITHIN_S)
    assert isinstance(problem, OperatorError)
    return problem


def test_a_tap_that_is_no_use_is_told(linux: Host) -> None:
    assert "'' is no name" in str(refusal(linux, ""))
    assert refusal(linux, "a" * 16).exit_code == 2
    assert refusal(linux, "lo").hint == (
        "`ip tuntap` lists those there are; an interface of another kind may have the name"
    )
    with open_tap(linux):
        assert str(refusal(linux, "boot0")) == "cannot open the TAP boot0: device or resource busy"
        assert refusal(linux, "boot0").hint == "another program has it open"


@pytest.mark.parametrize(
    ("problem", "hint"),
    [
        (PermissionError(13, ""), "start it as root, or give it the capability CAP_NET_ADMIN"),
        (FileNotFoundError(2, ""), "`modprobe tun` brings /dev/net/tun"),
    ],
)
def test_who_has_no_taps_is_told_what_it_takes(monkeypatch: pytest.MonkeyPatch, problem: OSError, hint: str) -> None:
    def refuse(*_: object) -> None:
        raise problem

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OperatorError) as caught:
        TapCard("boot0", STATION)
    assert caught.value.hint == hint
