"""Which files left the card as read requests (client/asked_files.py)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from tests.support.frames import MTU, OURS, PEER, STATION, arp_request, packet_frame, udp_packet
from wireboot.client.asked_files import FILES_MAX, AskedFiles
from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp import packet as tftp
from wireboot.protocols.tftp.packet import Ack, ReadRequest, WriteRequest


class Cable:
    """A card that keeps what it sends. A `FrameInterface`."""

    station_address, mtu = STATION, MTU

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.waiting = [b"received"]
        self.listed: Collection[bytes] = ()

    def transmit(self, frame: bytes) -> None:
        self.sent.append(frame)

    def receive(self) -> list[bytes]:
        return self.waiting

    def set_station_address(self, link_address: bytes) -> None:
        self.station_address = link_address

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self.listed = link_addresses


def request(packet: tftp.Packet, source_port: int = 2070, port: int = 69) -> bytes:
    source, destination = SocketAddress(OURS, source_port), SocketAddress(PEER, port)
    return packet_frame(udp_packet(tftp.encode(packet), source=source, destination=destination))


def read(name: str, source_port: int = 2070) -> bytes:
    return request(ReadRequest(name, "octet", (("blksize", "1408"),)), source_port)


def answer(packet: tftp.Packet, port: int) -> bytes:
    source, destination = SocketAddress(PEER, 49152), SocketAddress(OURS, port)
    return packet_frame(udp_packet(tftp.encode(packet), source=source, destination=destination))


def test_requests_are_noted_in_their_order() -> None:
    card = AskedFiles(Cable())
    for frame in (read("ldlinux.c32", 2070), read("pxelinux.cfg/default", 2071), read("linux", 2072)):
        card.transmit(frame)
    assert card.names == ("ldlinux.c32", "pxelinux.cfg/default", "linux")


def test_a_request_sent_again_counts_once() -> None:
    """RFC 1350 §2: whoever hears nothing asks again, from the same port."""
    card = AskedFiles(Cable())
    for source_port in (2070, 2070, 2071):
        card.transmit(read("linux", source_port))
    assert card.names == ("linux", "linux")


def test_a_file_that_the_server_refuses_is_noted_with_its_words() -> None:
    """RFC 1350 §4: an ERROR answers the port that has asked, from any other."""
    cable = Cable()
    card = AskedFiles(cable)
    for number, name in enumerate(("a", "b", "c")):
        card.transmit(read(name, 2070 + number))
    cable.waiting = [b"", answer(tftp.Error(1, "file not found"), 2070), answer(tftp.Data(1, b""), 2071),
                     answer(tftp.Error(2), 2072), answer(tftp.Error(1, "of no request"), 2073)]  # fmt: skip
    assert card.receive() == cable.waiting
    assert card.refused == {"a": "file not found", "c": "error 2"}


def test_a_file_that_comes_after_all_was_not_refused() -> None:
    """RFC 2347: a server may refuse options, and the client asks without."""
    cable = Cable()
    card = AskedFiles(cable)
    card.transmit(read("a", 2070))
    cable.waiting = [answer(tftp.Error(8, "no options"), 2070)]
    card.receive()
    card.transmit(read("a", 2071))
    cable.waiting = [answer(tftp.Data(1, b""), 2071)]
    card.receive()
    assert card.refused == {}


WHOLE = udp_packet(tftp.encode(ReadRequest("a", "octet")), destination=SocketAddress(PEER, 69))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        arp_request(PEER),
        request(Ack(1), port=49152),
        request(WriteRequest("a", "octet")),
        request(ReadRequest("a", "octet"), port=70),
        packet_frame(replace(WHOLE, more_fragments=True, dont_fragment=False)),
        packet_frame(replace(WHOLE, payload=WHOLE.payload[:-1])),
        packet_frame(replace(WHOLE, protocol=6)),
    ],
)
def test_nothing_else_is_a_request(frame: bytes) -> None:
    cable = Cable()
    card = AskedFiles(cable)
    card.transmit(frame)
    assert card.names == ()
    assert cable.sent == [frame]


def test_a_program_gone_astray_fills_no_memory() -> None:
    card = AskedFiles(Cable())
    for number in range(FILES_MAX + 10):
        card.transmit(read(f"{number}"))
    assert card.names == tuple(f"{number}" for number in range(FILES_MAX))


def test_it_is_the_card_in_all_else() -> None:
    cable = Cable()
    card = AskedFiles(cable)
    card.set_station_address(b"another")
    card.set_multicast_addresses([b"group"])
    assert (card.station_address, card.mtu, card.receive()) == (b"another", MTU, [b"received"])
    assert list(cable.listed) == [b"group"]
