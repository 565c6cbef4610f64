"""A boot program in Python that calls the PXE API, and the network that it finds: a link with real servers on it.

The stack is the one that boot programs get: UNDI, the base code, the services. The servers are `TftpServer` and
`MtftpServer` in a host of their own. Only the cable and the clock are imagined.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from itertools import count
from random import Random
from typing import Any, TypeVar

from tests.support.frames import NOW, OTHER_STATION, OURS, PEER, ROUTER, STATION, Guest
from tests.support.tftp import MemoryFiles
from wireboot.endpoint import AddressAcquired, Datagram, Event, Outbox, SocketAddress, Unreachable
from wireboot.protocols.tftp.mtftp import MtftpParameters
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.protocols.tftp.options import OptionLimits
from wireboot.protocols.tftp.packet import Packet, decode
from wireboot.protocols.tftp.server import TftpServer
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.calls.tftp import TftpServices
from wireboot.pxe_api.calls.udp import UdpServices
from wireboot.pxe_api.dispatcher import CallMade, PxeApi
from wireboot.pxe_api.ip.host import IpHost
from wireboot.pxe_api.memory import ByteMemory, SegOff16
from wireboot.pxe_api.opcodes import Service
from wireboot.pxe_api.status import ExitCode
from wireboot.pxe_api.structures import ParameterBlock
from wireboot.pxe_api.undi import Undi, UndiState
from wireboot.wire import ethernet, ipv4, udp
from wireboot.wire.ethernet import Frame

B = TypeVar("B", bound=ParameterBlock)

ROUTER_STATION = bytes.fromhex("0200000000fe")
OTHER_ROUTER, OTHER_ROUTER_STATION = IPv4Address("10.77.0.253"), bytes.fromhex("0200000000fd")
SILENT = IPv4Address("10.77.0.99")
"""Nobody has it."""
TFTP_PORTS = (50001, 50002, 50003)
MTFTP = MtftpParameters(IPv4Address("239.255.77.1"), 1758, 1759, listen_timeout_s=2, transmit_timeout_s=1)
LATENCY_S = 0.0002
BLOCK_AT, BUFFER_AT = 0x1000, 0x20000
MEMORY_SIZE = 4 << 20


class Link:
    """A switch with no memory: each frame reaches all other stations, which pick what is theirs."""

    def __init__(self, *, mtu: int = 1500) -> None:
        self.now = NOW
        self.mtu = mtu
        self.frames: list[bytes] = []
        """All that were sent, by anybody."""
        self.is_lost: Callable[[bytes], bool] = lambda _: False
        self._stations: list[Callable[[bytes], None]] = []
        self._plan: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()

    def attach(self, receive: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """Returns how the station sends."""
        self._stations.append(receive)

        def send(frame: bytes) -> None:
            self.frames.append(frame)
            if not self.is_lost(frame):
                for station in self._stations:
                    if station != receive:
                        self.at(self.now + LATENCY_S, partial(station, frame))

        return send

    def at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._plan, (max(when, self.now), next(self._serial), action))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        until = self.now + seconds
        while self.now < until:
            self.wait(until)

    def wait(self, until: float) -> None:
        """Let time pass until then, or until the next thing happens. A part of `Surroundings`."""
        at = self._plan[0][0] if self._plan else until
        self.now = max(self.now, min(at, until))
        while self._plan and self._plan[0][0] <= self.now:
            heapq.heappop(self._plan)[2]()


class Card:
    """The machine's. A `FrameInterface`."""

    def __init__(self, link: Link) -> None:
        self.station_address, self.mtu = STATION, link.mtu
        self.multicast_addresses: frozenset[bytes] = frozenset()
        self.broken = False
        self._inbox: list[bytes] = []
        self._send = link.attach(self._inbox.append)

    def transmit(self, frame: bytes) -> None:
        if self.broken:
            raise OSError(100, "Network is down")
        self._send(frame)

    def receive(self) -> list[bytes]:
        received = self._inbox[:]
        self._inbox.clear()
        return received

    def set_station_address(self, link_address: bytes) -> None:
        self.station_address = link_address

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self.multicast_addresses = frozenset(link_addresses)


class Programs(Outbox):
    """Those of a server: TFTP, MTFTP, and at all other ports one that only keeps what it gets. A `HostedEndpoint`."""

    def __init__(
        self, files: Mapping[str, bytes], tftp: TftpServer | None, offers: Mapping[str, MtftpParameters]
    ) -> None:
        super().__init__()
        self.files = MemoryFiles(files)
        limits = OptionLimits(blksize_max=1468)
        self.tftp = tftp or TftpServer(self.files, transfer_ports=TFTP_PORTS, option_limits=limits)
        self.mtftp = MtftpServer(self.files, offers)
        self.received: list[Datagram] = []
        self.heard: list[Packet] = []
        """By the TFTP server."""

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        if datagram.local.port in (69, *TFTP_PORTS):
            self.heard.append(decode(datagram.payload))
            self.tftp.receive_datagram(datagram, now)
        elif datagram.local.port == MTFTP.server_port:
            self.mtftp.receive_datagram(datagram, now)
        else:
            self.received.append(datagram)
        self._relay()

    def handle_timeout(self, now: float) -> None:
        for each in (self.tftp, self.mtftp):
            if (at := each.next_timeout()) is not None and at <= now:
                each.handle_timeout(now)
        self._relay()

    def next_timeout(self) -> float | None:
        times = (each.next_timeout() for each in (self.tftp, self.mtftp))
        return min((at for at in times if at is not None), default=None)

    def send(self, datagram: Datagram) -> None:
        self._send(datagram)

    def tell(self, event: Event) -> None:
        self._tell(event)

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None: ...

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None: ...

    def _relay(self) -> None:
        for each in (self.tftp, self.mtftp):
            while each.next_event() is not None:
                pass
            for datagram in each.datagrams_to_send():
                self._send(datagram)


class Server:
    """A machine on the link."""

    def __init__(self, link: Link, programs: Programs, station_address: bytes, address: IPv4Address) -> None:
        self.programs = programs
        self._link = link
        self._address = address
        random = Random(1).random
        self._host = IpHost(programs, station_address, "eth0", mtu=link.mtu, random=random, now=link.now)
        self._transmit = link.attach(self._receive)
        programs.tell(AddressAcquired(IPv4Interface((address, 24)), (ROUTER,)))
        self._settle()

    def send(self, payload: bytes, to: SocketAddress, *, from_port: int = 7) -> None:
        self.programs.send(Datagram(payload, to, SocketAddress(self._address, from_port), "eth0"))
        self._host.settle(self._link.now)
        self._settle()

    def _receive(self, frame: bytes) -> None:
        self._host.receive_frame(frame, self._link.now)
        self._settle()

    def _wake(self) -> None:
        due_at = self._host.next_timeout()
        if due_at is not None and due_at <= self._link.now:
            self._host.handle_timeout(self._link.now)
            self._settle()

    def _settle(self) -> None:
        while self._host.next_event() is not None:
            pass
        for frame in self._host.frames_to_send():
            self._transmit(frame)
        if (due_at := self._host.next_timeout()) is not None:
            self._link.at(due_at, self._wake)


class Site:
    """A machine that has booted, its boot program, a server and two routers."""

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        offers: Mapping[str, MtftpParameters] | None = None,
        tftp: TftpServer | None = None,
        mtu: int = 1500,
        has_address: bool = True,
        idle_wait_s: float = 0.0,
    ) -> None:
        self.link = Link(mtu=mtu)
        self.server = Server(self.link, Programs(files or {}, tftp, offers or {}), OTHER_STATION, PEER)
        Server(self.link, Programs({}, None, {}), ROUTER_STATION, ROUTER)
        Server(self.link, Programs({}, None, {}), OTHER_ROUTER_STATION, OTHER_ROUTER)
        self.card = Card(self.link)
        self.events: list[Event] = []
        self.undi = Undi(self.card)
        self.undi.start()
        self.undi.initialize()
        random = Random(2).random
        self.base = BaseCode(
            self.undi, _Surroundings(self.link), interface="eth0", random=random, on_event=self.events.append
        )
        if has_address:
            self._get_address()

        self.memory = ByteMemory(MEMORY_SIZE)
        self.calls: list[CallMade] = []
        self.api = PxeApi(self.memory, self.calls.append)
        self.udp = UdpServices(self.base, self.memory, idle_wait_s=idle_wait_s)
        self.tftp = TftpServices(self.base, self.memory, self.udp)
        self.udp.provide(self.api)
        self.tftp.provide(self.api)

    def call(self, service: Service[B], **fields: Any) -> B:
        """Call a service with these fields in a block of zeros. Exit code and status agree."""
        self.memory.write(BLOCK_AT, bytes(0x100))
        return self.call_again(service, **fields)

    def call_again(self, service: Service[B], **fields: Any) -> B:
        """The same with the block as the last call left it."""
        block = service.block(self.memory, BLOCK_AT)
        for name, value in fields.items():
            setattr(block, name, value)
        exit_code = self.api.call(service.opcode, BLOCK_AT)
        assert exit_code == (ExitCode.SUCCESS if block.status == 0 else ExitCode.FAILURE)
        assert (self.calls[-1].opcode, self.calls[-1].status) == (service.opcode, block.status)
        return block

    def is_card_open(self) -> bool:
        return self.undi.state is UndiState.OPENED

    def _get_address(self) -> None:
        """As the client's boot leaves it."""
        client = Guest()
        client.tell(AddressAcquired(IPv4Interface((OURS, 24)), (ROUTER,)))
        started_at = self.link.now
        self.base.run(client, finished=lambda: self.link.now > started_at + 5, ends_at=started_at + 6)
        self.base.vacate()


class _Surroundings:
    def __init__(self, link: Link) -> None:
        self._link = link

    def now(self) -> float:
        return self._link.now

    def wait(self, until: float) -> None:
        self._link.wait(until)


def far_pointer(address: int) -> SegOff16:
    """To below 1 MiB."""
    return SegOff16(address >> 4, address & 0xF)


BUFFER = far_pointer(BUFFER_AT)


def udp_sent(frames: Collection[bytes], source: bytes = STATION) -> list[tuple[Frame, udp.UdpPacket]]:
    """Frames of a station with a datagram that is whole in them, and that datagram."""
    found: list[tuple[Frame, udp.UdpPacket]] = []
    for data in frames:
        frame = ethernet.decode(data)
        if frame.source == source and frame.ethertype == ethernet.ETHERTYPE_IPV4:
            packet = ipv4.decode(frame.payload)
            if packet.protocol == ipv4.UDP and not packet.is_fragment:
                found.append((frame, udp.decode(packet.payload, packet.source, packet.destination)))
    return found
