"""A TFTP server on a clock that the test moves, and files that exist in memory only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Event, SocketAddress
from wireboot.protocols.tftp.files import FileRefused
from wireboot.protocols.tftp.options import OptionLimits
from wireboot.protocols.tftp.packet import Ack, Data, ErrorCode, Options, Packet, ReadRequest, decode, encode
from wireboot.protocols.tftp.sender import RetryPolicy
from wireboot.protocols.tftp.server import ServerLimits, TftpServer

CLIENT = SocketAddress(IPv4Address("10.77.0.100"), 2070)
STRANGER = SocketAddress(IPv4Address("10.77.0.66"), 6666)
SERVER_HOST = IPv4Address("10.77.0.1")
TRANSFER_PORTS = (50001, 50002, 50003)


class MemoryFile:
    """`content` may be changed by a test while the file is open."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size_bytes = len(content)
        self.broken = False
        self.closed = False

    def read(self, offset: int, size: int) -> bytes:
        assert not self.closed
        if self.broken:
            raise OSError(5, "Input/output error")
        return self.content[offset : offset + size]

    def close(self) -> None:
        assert not self.closed
        self.closed = True


class MemoryFiles:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.opened: list[MemoryFile] = []

    def open(self, name: str, peer: SocketAddress) -> MemoryFile:
        assert peer.port
        if name == "secret":
            raise FileRefused(ErrorCode.ACCESS_VIOLATION, "access denied", "/srv/boot/secret is not readable")
        if name not in self.files:
            raise FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found")
        self.opened.append(MemoryFile(self.files[name]))
        return self.opened[-1]


class Conversation:
    """Sends packets to a server and gives back what it answers. Answers are decoded; `sent` keeps the datagrams."""

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        transfer_ports: Sequence[int] = TRANSFER_PORTS,
        interface_mtus: Mapping[str, int] | None = None,
        option_limits: OptionLimits | None = None,
        limits: ServerLimits | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.files = MemoryFiles(files or {})
        self.server = TftpServer(
            self.files,
            transfer_ports=transfer_ports,
            interface_mtus=interface_mtus,
            option_limits=option_limits,
            limits=limits,
            retry=retry,
        )
        self.now = 1_700_000_000.0
        self.sent: list[Datagram] = []
        self.transfer_port = 0
        """Where the last answer came from."""
        self._events: list[Event] = []

    def send(
        self, packet: Packet | bytes, *, peer: SocketAddress = CLIENT, port: int = 69, to_group: bool = False
    ) -> list[Packet]:
        payload = packet if isinstance(packet, bytes) else encode(packet)
        local = SocketAddress(SERVER_HOST, port)
        self.server.receive_datagram(Datagram(payload, peer, local, "eth0", to_group), self.now)
        return self._settle()

    def read(
        self, file: str, options: Options = (), *, mode: str = "octet", peer: SocketAddress = CLIENT
    ) -> list[Packet]:
        return self.send(ReadRequest(file, mode, options), peer=peer)

    def ack(self, block: int, *, peer: SocketAddress = CLIENT, port: int | None = None) -> list[Packet]:
        return self.send(Ack(block), peer=peer, port=self.transfer_port if port is None else port)

    def wait(self, seconds: float) -> list[Packet]:
        """Let time pass, waking the server when it wants to be woken."""
        end = self.now + seconds
        packets: list[Packet] = []
        while (at := self.server.next_timeout()) is not None and at <= end:
            self.now = max(self.now, at)
            self.server.handle_timeout(self.now)
            packets += self._settle()
        self.now = end
        return packets

    def events(self) -> list[Event]:
        """What the server told since the last call."""
        told, self._events = self._events, []
        return told

    def fetch(self, file: str, options: Options = (), *, mode: str = "octet", windowsize: int = 1) -> bytes:
        """Read a whole file over a perfect network, acknowledging the end of each window."""
        packets = self.read(file, options, mode=mode)
        if options and not isinstance(packets[0], Data):
            packets = self.ack(0)
        content = b""
        size = len(blocks(packets)[0].payload)
        while packets:
            window = blocks(packets)
            assert len(window) <= windowsize
            content += b"".join(block.payload for block in window)
            assert all(len(block.payload) == size for block in window[:-1])
            packets = self.ack(window[-1].block)
        return content

    def _settle(self) -> list[Packet]:
        while (event := self.server.next_event()) is not None:
            self._events.append(event)
        datagrams = self.server.datagrams_to_send()
        self.sent += datagrams
        for datagram in datagrams:
            self.transfer_port = datagram.local.port
        return [decode(datagram.payload) for datagram in datagrams]


def blocks(packets: Sequence[Packet]) -> list[Data]:
    """`packets`, all of which are DATA."""
    found = [packet for packet in packets if isinstance(packet, Data)]
    assert len(found) == len(packets), packets
    return found


def numbers(packets: Sequence[Packet]) -> list[int]:
    """The block numbers of `packets`, all of which are DATA."""
    return [block.block for block in blocks(packets)]


def pattern(size_bytes: int) -> bytes:
    """Bytes of which no two places look the same for long, so that a misplaced block is noticed."""
    return b"".join(_words(size_bytes))[:size_bytes]


def _words(size_bytes: int) -> Iterator[bytes]:
    return (word.to_bytes(4, "big") for word in range(size_bytes // 4 + 1))
