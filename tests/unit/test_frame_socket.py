"""A raw packet socket as the card of a station of our own (net/frame_socket.py), on a real cable."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.support.frames import (
    GROUP,
    MTU,
    OTHER_STATION,
    OURS,
    PEER,
    STATION,
    STRANGER_STATION,
    checksum,
    packet_frame,
    pattern,
)
from tests.support.lab.network import Host, Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside, start_inside, udp_socket
from tests.support.station import ECHO_PORT, WITHIN_S, wait_for_switch
from wireboot.endpoint import Interface
from wireboot.errors import OperatorError
from wireboot.net import frame_socket
from wireboot.net.frame_socket import FrameSocket
from wireboot.net.interfaces import Interfaces
from wireboot.wire import ethernet, ipv4, udp
from wireboot.wire.ethernet import Frame
from wireboot.wire.ipv4 import Ipv4Packet

ETH0 = Interface("eth0", 2, OTHER_STATION, MTU, ())
EXPERIMENTAL = 0x88B5
"""IEEE 802's ethertype for local experiments: nobody else on the cable speaks it."""
LAST = b"last"
TCP = 6
SYN_ACK = 0x12


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    require(*LAB)
    with Network(tmp_path) as network:
        yield network


def frames_within(card: FrameSocket, seconds: float = WITHIN_S) -> Iterator[bytes]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield from card.receive()
        time.sleep(0.01)


def received_until_last(card: FrameSocket) -> list[bytes]:
    """What the test sent, up to its last frame."""
    received: list[bytes] = []
    for frame in frames_within(card):
        if frame[12:14] == EXPERIMENTAL.to_bytes(2, "big"):
            received.append(frame)
            if frame[14:] == LAST:
                return received
    raise AssertionError(f"the last frame did not come: {received}")


@pytest.fixture
def cable(network: Network) -> Iterator[tuple[FrameSocket, socket.socket, Host]]:
    """Our station's socket, and a raw one of the host at the other end."""
    lan = network.segment("lan")
    machine, other = network.host("machine").join(lan), network.host("other").join(lan)
    wait_for_switch(other, machine)
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


def test_a_frame_leaves_as_it_is(cable: tuple[FrameSocket, socket.socket, Host]) -> None:
    card, raw, _ = cable
    raw.bind(("eth0", EXPERIMENTAL))
    raw.settimeout(WITHIN_S)
    frame = ethernet.encode(Frame(OTHER_STATION, STATION, EXPERIMENTAL, pattern(MTU)))
    card.transmit(frame)
    assert raw.recv(65536) == frame


def test_a_frame_too_long_is_refused(cable: tuple[FrameSocket, socket.socket, Host]) -> None:
    card, _, _ = cable
    with pytest.raises(OSError, match="too long"):
        card.transmit(ethernet.encode(Frame(OTHER_STATION, STATION, EXPERIMENTAL, bytes(MTU + 1))))


def test_the_station_can_be_given_another_address(cable: tuple[FrameSocket, socket.socket, Host]) -> None:
    """PXE 2.1, UNDI SET_STATION_ADDRESS: what is for the new one comes, what is for the old one no longer."""
    card, raw, _ = cable
    card.set_station_address(STRANGER_STATION)
    for destination in (STATION, STRANGER_STATION):
        raw.send(frame_to(destination))
    raw.send(frame_to(ethernet.BROADCAST, LAST))
    assert [frame[:6] for frame in received_until_last(card)] == [STRANGER_STATION, ethernet.BROADCAST]
    assert card.station_address == STRANGER_STATION


# What a sender on the same machine leaves to a card that is never asked for it


@pytest.fixture
def speaking(network: Network) -> Iterator[tuple[FrameSocket, Host, socket.socket]]:
    """Our station's socket, a Linux host that knows it, and what another socket sees of the same frames."""
    lan = network.segment("lan")
    machine = network.host("machine").join(lan)
    linux = network.host("linux").join(lan, f"{PEER}/24")
    wait_for_switch(linux, machine)
    linux.run("ip", "neighbour", "add", str(OURS), "lladdr", STATION.hex(":"), "dev", "eth0")
    card = start_inside(machine, lambda: FrameSocket("eth0", STATION)).result()
    with card, open_inside(machine, socket.AF_PACKET, socket.SOCK_RAW) as witness:
        witness.bind(("eth0", ethernet.ETHERTYPE_IPV4))
        witness.setblocking(False)
        yield card, linux, witness


def frames_longer_than_the_mtu(witness: socket.socket) -> int:
    """How many there were without our socket's care: were there none, the test would say nothing."""
    count = 0
    while True:
        try:
            count += len(witness.recv(1 << 17)) > ethernet.HEADER_SIZE + MTU
        except BlockingIOError:
            return count


def packets_within(card: FrameSocket, protocol: int, is_enough: Callable[[list[Ipv4Packet]], bool]) -> list[Ipv4Packet]:
    """Received packets of this protocol, until they are enough; each in a frame within the MTU."""
    packets: list[Ipv4Packet] = []
    for frame in frames_within(card):
        if frame[12:14] == ethernet.ETHERTYPE_IPV4.to_bytes(2, "big"):
            assert len(frame) <= ethernet.HEADER_SIZE + MTU
            packet = ipv4.decode(frame[14:])
            packets += [packet] * (packet.protocol == protocol)
            if is_enough(packets):
                return packets
    raise AssertionError(f"not enough came: {packets}")


def test_a_checksum_that_the_sender_left_open_is_completed(
    speaking: tuple[FrameSocket, Host, socket.socket],
) -> None:
    """RFC 768. Over a veth pair the kernel hands on the sum of the pseudo header only."""
    card, linux, witness = speaking
    with udp_socket(linux) as speaker:
        speaker.sendto(b"boot", (str(OURS), ECHO_PORT))
    (packet,) = packets_within(card, ipv4.UDP, bool)
    assert udp.decode(packet.payload, PEER, OURS).payload == b"boot"
    assert packet.payload[6:8] != bytes(2)
    assert witness.recv(100)[34 + 6 : 34 + 8] != packet.payload[6:8]


def test_datagrams_sent_in_one_call_come_one_by_one(speaking: tuple[FrameSocket, Host, socket.socket]) -> None:
    """udp(7), UDP_SEGMENT: a server hands the kernel several datagrams at once, and a card cuts them."""
    card, linux, witness = speaking
    with udp_socket(linux) as speaker:
        speaker.setsockopt(socket.SOL_UDP, 103, 1400)
        speaker.sendto(pattern(5000), (str(OURS), ECHO_PORT))
    packets = packets_within(card, ipv4.UDP, lambda packets: len(packets) == 4)
    payloads = [udp.decode(packet.payload, PEER, OURS).payload for packet in packets]
    assert [len(payload) for payload in payloads] == [1400, 1400, 1400, 800]
    assert b"".join(payloads) == pattern(5000)
    assert frames_longer_than_the_mtu(witness) == 1


def test_a_tcp_stream_comes_in_segments(speaking: tuple[FrameSocket, Host, socket.socket]) -> None:
    """RFC 9293 §3.7.1: none is larger than the MSS that we announce, as iPXE's own TCP takes it for granted."""
    card, linux, witness = speaking
    sent = pattern(10 * 1460)  # what a sender may say before it is acknowledged (RFC 6928)
    with open_inside(linux, socket.AF_INET, socket.SOCK_STREAM) as stream:
        stream.setblocking(False)
        stream.connect_ex((str(OURS), 80))
        (syn,) = packets_within(card, TCP, bool)
        card.transmit(packet_frame(syn_ack(syn.payload), source=STATION, destination=peer_station(linux)))
        packets_within(card, TCP, bool)
        stream.send(sent)
        packets = packets_within(card, TCP, lambda packets: sum(len(data_of(each)) for each in packets) >= len(sent))
    assert all(tcp_checksum(each.payload, PEER, OURS) == 0 for each in packets)
    assert all(len(data_of(each)) <= 1460 for each in packets)
    assert b"".join(map(data_of, packets)) == sent
    assert frames_longer_than_the_mtu(witness) > 0


def syn_ack(syn: bytes) -> Ipv4Packet:
    """The answer of a station that takes segments of 1460 bytes."""
    source, destination, sequence_number = struct.unpack_from("!HHI", syn)
    acknowledged = sequence_number + 1 & 0xFFFFFFFF
    header = struct.pack("!HHIIBBHHH", destination, source, 1000, acknowledged, 6 << 4, SYN_ACK, 65535, 0, 0)
    segment = header + b"\x02\x04\x05\xb4"
    segment = segment[:16] + tcp_checksum(segment, OURS, PEER).to_bytes(2, "big") + segment[18:]
    return Ipv4Packet(OURS, PEER, TCP, segment)


def tcp_checksum(segment: bytes, source: IPv4Address, destination: IPv4Address) -> int:
    """RFC 9293 §3.1; 0 where the segment holds it already, and rightly."""
    return checksum(struct.pack("!4s4sHH", source.packed, destination.packed, TCP, len(segment)) + segment)


def data_of(packet: Ipv4Packet) -> bytes:
    return packet.payload[(packet.payload[12] >> 4) * 4 :]


def peer_station(linux: Host) -> bytes:
    with open_inside(linux, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        address: bytes = raw.getsockname()[4]
        return address


def test_what_is_longer_than_the_mtu_is_not_let_in(network: Network) -> None:
    """The kernel lets four bytes more pass, for a VLAN tag; a boot program's buffer may have no room for them."""
    lan = network.segment("lan")
    machine, other = network.host("machine").join(lan), network.host("other").join(lan)
    wait_for_switch(other, machine)
    other.run("ip", "link", "set", "eth0", "mtu", str(MTU + 4))
    lan.run("ip", "link", "set", "port2", "mtu", str(MTU + 4))
    card = start_inside(machine, lambda: FrameSocket("eth0", STATION)).result()
    with card, open_inside(other, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        for size in (MTU + 4, MTU + 1, MTU):
            raw.send(frame_to(STATION, pattern(size)))
        raw.send(frame_to(STATION, LAST))
        assert [len(frame) - 14 for frame in received_until_last(card)] == [MTU, len(LAST)]


# The interface


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
