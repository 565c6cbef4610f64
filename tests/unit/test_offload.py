"""What a sender left to its card (net/offload.py): by the papers, and by the kernel's own hand."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frames import OTHER_STATION, OURS, PEER, STATION, checksum, pattern
from tests.support.lab.network import Network
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import open_inside, start_inside
from wireboot.net import offload
from wireboot.net.offload import VirtioNetHeader, finish
from wireboot.net.tap import TapCard
from wireboot.wire import ethernet
from wireboot.wire.ethernet import Frame

TCP, UDP = 6, 17
IPV4, IPV6 = 0x0800, 0x86DD
CHECKSUM_AT = {TCP: 16, UDP: 6}
GSO_TYPES = {(IPV4, TCP): offload.TCP_IPV4, (IPV6, TCP): offload.TCP_IPV6}
FIN, PSH, ACK, CWR = 0x01, 0x08, 0x10, 0x80
SOL_PACKET, PACKET_VNET_HDR = 263, 15


@dataclass(frozen=True)
class Segment:
    """A packet with a TCP or UDP header, written and read word by word as the papers draw it."""

    version: int = IPV4
    protocol: int = UDP
    data: bytes = b""
    identification: int = 0
    network_options: bytes = b""
    sequence_number: int = 0
    flags: int = ACK
    transport_options: bytes = b""

    @property
    def transport_at(self) -> int:
        return ethernet.HEADER_SIZE + (20 + len(self.network_options) if self.version == IPV4 else 40)

    @property
    def data_at(self) -> int:
        return self.transport_at + (20 + len(self.transport_options) if self.protocol == TCP else 8)

    def frame(self, *, with_checksum: bool = True) -> bytes:
        """Without its checksum it has, in the place of it, the pseudo header's part, as the kernel leaves it."""
        transport = self._transport_header() + self.data
        begin = ~checksum(self._pseudo_header(len(transport))) & 0xFFFF
        at = CHECKSUM_AT[self.protocol]
        transport = transport[:at] + begin.to_bytes(2, "big") + transport[at + 2 :]
        if with_checksum:
            whole = checksum(transport) or 0xFFFF
            transport = transport[:at] + whole.to_bytes(2, "big") + transport[at + 2 :]
        packet = self._network_header(len(transport)) + transport
        return ethernet.encode(Frame(STATION, OTHER_STATION, self.version, packet))

    def left_to_the_card(self, segment_size_bytes: int = 0, *, gso_flags: int = 0) -> VirtioNetHeader:
        gso_type = GSO_TYPES.get((self.version, self.protocol), offload.UDP) if segment_size_bytes else 0
        return VirtioNetHeader(
            offload.NEEDS_CHECKSUM,
            gso_type | gso_flags,
            self.data_at,
            segment_size_bytes,
            self.transport_at,
            CHECKSUM_AT[self.protocol],
        )

    @classmethod
    def read(cls, frame: bytes) -> Self:
        """Raises AssertionError where a length or a checksum is wrong."""
        version = int.from_bytes(frame[12:14], "big")
        network, size = frame[14:], len(frame) - 14
        if version == IPV4:
            header_size = (network[0] & 15) * 4
            assert int.from_bytes(network[2:4], "big") == size
            assert checksum(network[:header_size]) == 0
            protocol, identification = network[9], int.from_bytes(network[4:6], "big")
        else:
            header_size, protocol, identification = 40, network[6], 0
            assert int.from_bytes(network[4:6], "big") == size - 40
        transport = network[header_size:]
        is_tcp = protocol == TCP
        transport_size = (transport[12] >> 4) * 4 if is_tcp else 8
        read = cls(
            version,
            protocol,
            transport[transport_size:],
            identification,
            network[20:header_size] if version == IPV4 else b"",
            int.from_bytes(transport[4:8], "big") if is_tcp else 0,
            transport[13] if is_tcp else ACK,
            transport[20:transport_size] if is_tcp else b"",
        )
        assert checksum(read._pseudo_header(len(transport)) + transport) == 0
        assert is_tcp or int.from_bytes(transport[4:6], "big") == len(transport)
        return read

    def _network_header(self, size: int) -> bytes:
        if self.version == IPV6:
            return struct.pack("!IHBB", 6 << 28, size, self.protocol, 64) + self._addresses()
        header_size = 20 + len(self.network_options)
        first = 0x40 | header_size // 4
        header = struct.pack(
            "!BBHHHBBH", first, 0, header_size + size, self.identification, 0x4000, 64, self.protocol, 0
        )
        header += self._addresses() + self.network_options
        return header[:10] + checksum(header).to_bytes(2, "big") + header[12:]

    def _transport_header(self) -> bytes:
        if self.protocol == UDP:
            return struct.pack("!HHHH", 2000, 69, 8 + len(self.data), 0)
        size = (20 + len(self.transport_options)) // 4 << 4
        fixed = struct.pack("!HHIIBBHHH", 80, 1025, self.sequence_number, 7, size, self.flags, 512, 0, 0)
        return fixed + self.transport_options

    def _addresses(self) -> bytes:
        ends = PEER.packed, OURS.packed
        return b"".join(ends if self.version == IPV4 else (bytes.fromhex("fd00") + bytes(10) + end for end in ends))

    def _pseudo_header(self, size: int) -> bytes:
        if self.version == IPV4:
            return self._addresses() + struct.pack("!BBH", 0, self.protocol, size)
        return self._addresses() + struct.pack("!IHBB", size, 0, 0, self.protocol)


def options(size_max: int) -> st.SearchStrategy[bytes]:
    return st.integers(0, size_max // 4).map(lambda words: b"\x01" * words * 4)


SEGMENTS = st.builds(
    Segment,
    version=st.sampled_from((IPV4, IPV6)),
    protocol=st.sampled_from((TCP, UDP)),
    data=st.builds(lambda size, fill: pattern(size) + fill, st.integers(0, 6000), st.binary(max_size=50)),
    identification=st.integers(0, 0xFFFF),
    network_options=options(40),
    sequence_number=st.integers(0, 0xFFFFFFFF),
    flags=st.integers(0, 0xFF),
    transport_options=options(40),
)


@given(SEGMENTS)
def test_an_open_checksum_is_completed(segment: Segment) -> None:
    """Virtio 1.2 §5.1.6.2; RFC 768, RFC 9293 §3.1, RFC 8200 §8.1."""
    assert finish(segment.frame(with_checksum=False), segment.left_to_the_card()) == [segment.frame()]


@pytest.mark.parametrize("version", [IPV4, IPV6])
def test_a_checksum_that_comes_to_zero_is_written_as_ones(version: int) -> None:
    """RFC 768: 0 would say that the sender made none."""
    empty = Segment(version, data=bytes(2))
    (frame,) = finish(empty.frame(with_checksum=False), empty.left_to_the_card())
    # What is missing to all ones.
    segment = replace(empty, data=frame[empty.transport_at + 6 : empty.data_at])
    (frame,) = finish(segment.frame(with_checksum=False), segment.left_to_the_card())
    assert frame[segment.transport_at + 6 : segment.data_at] == b"\xff\xff"


@given(SEGMENTS, st.integers(20, 1400))
def test_what_was_cut_is_whole_again_when_put_together(segment: Segment, size: int) -> None:
    """RFC 9293 §3.4, RFC 768; each piece has its lengths, its place and right checksums."""
    frames = finish(segment.frame(with_checksum=False), segment.left_to_the_card(size))
    pieces = [Segment.read(frame) for frame in frames]
    assert b"".join(piece.data for piece in pieces) == segment.data
    assert all(len(piece.data) == size for piece in pieces[:-1])
    # All else is as it was: addresses, ports, options. The flags are another rule.
    whole = Segment.read(segment.frame())
    for number, piece in enumerate(pieces):
        of_packet = (whole.identification + number) & 0xFFFF if whole.version == IPV4 else 0
        of_data = (whole.sequence_number + number * size) & 0xFFFFFFFF if whole.protocol == TCP else 0
        expected = replace(whole, identification=of_packet, sequence_number=of_data, flags=piece.flags)
        assert piece == replace(expected, data=piece.data)


@pytest.mark.parametrize("version", [IPV4, IPV6])
def test_a_stream_is_pushed_and_ended_once(version: int) -> None:
    """RFC 9293 §3.1: by the last segment; RFC 3168 §6.1.2: that the window was reduced is said by the first."""
    segment = Segment(version, TCP, pattern(250), flags=FIN | PSH | ACK | CWR)
    header = segment.left_to_the_card(100, gso_flags=offload.WITH_ECN)
    frames = finish(segment.frame(with_checksum=False), header)
    assert [Segment.read(frame).flags for frame in frames] == [ACK | CWR, ACK, FIN | PSH | ACK]


def test_a_frame_with_nothing_open_is_left_alone() -> None:
    """Virtio 1.2 §5.1.6.4: also one whose checksum a card has verified."""
    frame = Segment(data=b"boot").frame()
    wrong = frame[:-1] + b"!"
    assert finish(wrong, VirtioNetHeader()) == [wrong]
    assert finish(wrong, VirtioNetHeader(flags=0x02)) == [wrong]


UDP_FRAME, TCP_FRAME = (Segment(protocol=each, data=pattern(300)) for each in (UDP, TCP))
# fmt: off
IMPOSSIBLE = {
    "a checksum beyond the frame":    (UDP_FRAME.frame(), UDP_FRAME.left_to_the_card()._replace(checksum_start=400)),
    "segments of no size":            (TCP_FRAME.frame(), TCP_FRAME.left_to_the_card(9)._replace(segment_size_bytes=0)),
    "datagrams to be fragmented":     (UDP_FRAME.frame(), UDP_FRAME.left_to_the_card(9)._replace(gso_type=3)),
    "TCP's segments of a datagram":   (UDP_FRAME.frame(), TCP_FRAME.left_to_the_card(9)),
    "a frame that has been cut off":  (TCP_FRAME.frame()[:-1], TCP_FRAME.left_to_the_card(9)),
    "the same of IPv6":               (replace(TCP_FRAME, version=IPV6).frame()[:-1], TCP_FRAME.left_to_the_card(9)),
    "a TCP header longer than all":   (Segment(protocol=TCP, transport_options=b"\1" * 40).frame()[:14 + 20 + 20],
                                       TCP_FRAME.left_to_the_card(9)),
    "half an Ethernet header":        (bytes(7), TCP_FRAME.left_to_the_card(9)),
    "another protocol than IP":       (bytes(60), TCP_FRAME.left_to_the_card(9)),
}
# fmt: on


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_of_what_cannot_be_no_frame_is_made(what: str) -> None:
    """A virtual machine may have written the header."""
    assert finish(*IMPOSSIBLE[what]) == []


@given(
    st.binary(max_size=120) | SEGMENTS.map(Segment.frame),
    st.builds(VirtioNetHeader, *(st.integers(0, most) for most in (0xFF, 0xFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF))),
    st.integers(0, 120),
    st.integers(0, 0xFF),
)
def test_whatever_comes_nothing_is_raised(frame: bytes, header: VirtioNetHeader, at: int, value: int) -> None:
    finish(frame[:at] + bytes([value]) + frame[at + 1 :], header)


@given(st.binary(min_size=10, max_size=10))
def test_a_header_is_read_and_written(wire: bytes) -> None:
    assert VirtioNetHeader.decode(wire).encode() == wire


# The kernel cuts and sums in software what is sent by a device that does not


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    require(*LAB)
    with Network(tmp_path_factory.mktemp("offload")) as network:
        yield Kernel(network)


class Kernel:
    """Takes an unfinished frame and gives what it sends of it: the judge of what is right."""

    def __init__(self, network: Network) -> None:
        host = network.host("host")
        self._card = start_inside(host, lambda: TapCard("tap0", STATION)).result()
        self._socket = open_inside(host, socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self._socket.bind(("tap0", 0))

    def finish(self, frame: bytes, header: VirtioNetHeader) -> list[bytes]:
        self._socket.send(header.encode() + frame)
        return self._card.receive()


@pytest.mark.parametrize("version", [IPV4, IPV6])
@pytest.mark.parametrize("protocol", [TCP, UDP])
@pytest.mark.parametrize("segment_size_bytes", [0, 700, 1400])
def test_the_kernel_makes_the_same_frames(kernel: Kernel, version: int, protocol: int, segment_size_bytes: int) -> None:
    size = 4 * segment_size_bytes + 333
    segment = Segment(version, protocol, pattern(size), 0xFFFE, b"", 0xFFFFFF00, FIN | PSH | ACK | CWR, b"\1" * 12)
    frame = segment.frame(with_checksum=False)
    header = segment.left_to_the_card(segment_size_bytes)
    if segment_size_bytes and protocol == TCP:
        header = header._replace(gso_type=header.gso_type | offload.WITH_ECN)
    by_kernel = kernel.finish(frame, header)
    assert finish(frame, header) == by_kernel
    assert len(by_kernel) == (5 if segment_size_bytes else 1)
