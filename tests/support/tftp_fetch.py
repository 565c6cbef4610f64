"""A TFTP client whose server is the test, on a clock that the test moves; and one that meets our server."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from itertools import count
from random import Random

from tests.support.tftp import SERVER_HOST
from wireboot.endpoint import Datagram, DatagramDropped, Event, SocketAddress, Unreachable
from wireboot.protocols.tftp.client import TftpClient
from wireboot.protocols.tftp.client_retry import WIREBOOT, ClientRetry
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed
from wireboot.protocols.tftp.packet import Data, Options, Packet, ReadRequest, decode, encode
from wireboot.protocols.tftp.requested_options import RequestedOptions
from wireboot.protocols.tftp.server import TftpServer

SERVER = SocketAddress(SERVER_HOST, 69)
TRANSFER = SocketAddress(SERVER_HOST, 50001)
"""The server's end of the transfer, from which it answers."""
OTHER_TRANSFER = SocketAddress(SERVER_HOST, 50002)
LOCAL = SocketAddress(IPv4Address("10.77.0.100"), 2070)
SIZE_BYTES_MAX = 1 << 20


class Fetch:
    """A client that fetches "boot". What it sends is decoded; `sent` keeps the datagrams."""

    def __init__(
        self,
        request: RequestedOptions | None = None,
        *,
        retry: ClientRetry = WIREBOOT,
        size_bytes_max: int = SIZE_BYTES_MAX,
        local: SocketAddress = LOCAL,
        keep: Callable[[bytes], object] | None = None,
    ) -> None:
        self.now = 1_700_000_000.0
        self.client = TftpClient(
            "boot",
            SERVER,
            local,
            "eth0",
            request=request or RequestedOptions(),
            retry=retry,
            size_bytes_max=size_bytes_max,
            now=self.now,
            keep=keep,
        )
        self.sent: list[Datagram] = []
        self.local = local
        """The client's end of the request under way."""
        self._events: list[Event] = []
        (request_packet,) = self._settle()
        assert isinstance(request_packet, ReadRequest)
        self.request = request_packet

    def receive(
        self,
        packet: Packet | bytes,
        *,
        peer: SocketAddress = TRANSFER,
        local: SocketAddress | None = None,
        to_group: bool = False,
        after_s: float = 0.001,
    ) -> list[Packet]:
        """Give the client a packet a little later, from the transfer and to its port of the moment unless told else."""
        self.now += after_s
        payload = packet if isinstance(packet, bytes) else encode(packet)
        self.client.receive_datagram(Datagram(payload, peer, local or self.local, "eth0", to_group), self.now)
        return self._settle()

    def receive_blocks(self, blksize: int, *blocks: int) -> list[Packet]:
        """Whole blocks of zeros."""
        return [answer for block in blocks for answer in self.receive(Data(block, bytes(blksize)))]

    def wait(self, seconds: float) -> list[Packet]:
        """Let time pass, waking the client when it wants to be woken."""
        end = self.now + seconds
        packets: list[Packet] = []
        while (at := self.client.next_timeout()) is not None and at <= end:
            self.now = max(self.now, at)
            self.client.handle_timeout(self.now)
            packets += self._settle()
        self.now = end
        return packets

    def abort(self) -> list[Packet]:
        self.client.abort(self.now)
        return self._settle()

    def unreachable(self) -> list[Packet]:
        self.client.unreachable(Unreachable.PORT_CLOSED, self.now)
        return self._settle()

    def events(self) -> list[Event]:
        """What the client told since the last call, apart from drops."""
        return [event for event in self._take_events() if not isinstance(event, DatagramDropped)]

    def drops(self) -> list[str]:
        """Why datagrams were dropped since the last call."""
        return [event.reason for event in self._take_events() if isinstance(event, DatagramDropped)]

    def failure(self) -> FetchFailed:
        """The one event told since the last call."""
        (event,) = self.events()
        assert isinstance(event, FetchFailed), event
        return event

    def fetched(self) -> Fetched:
        """The one event told since the last call."""
        (event,) = self.events()
        assert isinstance(event, Fetched), event
        return event

    def _take_events(self) -> list[Event]:
        told, self._events = self._events, []
        return told

    def _settle(self) -> list[Packet]:
        while (event := self.client.next_event()) is not None:
            self._events.append(event)
        datagrams = self.client.datagrams_to_send()
        self.sent += datagrams
        packets = [decode(datagram.payload) for datagram in datagrams]
        for datagram, packet in zip(datagrams, packets, strict=True):
            if isinstance(packet, ReadRequest):
                self.local = datagram.local
        return packets


def requests(sent: Sequence[Datagram]) -> list[tuple[int, Options]]:
    """From which port, and with which options, files were asked for."""
    return [
        (datagram.local.port, packet.options)
        for datagram in sent
        if isinstance(packet := decode(datagram.payload), ReadRequest)
    ]


class FetchNetwork:
    """A client, our server, and a network between them that loses, repeats and delays as the seed wants."""

    def __init__(
        self,
        client: TftpClient,
        server: TftpServer,
        seed: int,
        now: float,
        *,
        loss: float = 0.0,
        duplication: float = 0.0,
        delay_s: float = 0.0,
    ) -> None:
        self._client, self._server = client, server
        self._random = Random(seed)
        self._loss, self._duplication, self._delay_s = loss, duplication, delay_s
        self._under_way: list[tuple[float, int, bool, Datagram]] = []
        self._serial = count()
        self.now = now
        self.events: list[Event] = []
        self.sent_by_client = 0
        self.sent_by_server = 0

    def run(self, seconds: float) -> None:
        """Until nothing is left to happen, but for so long at most."""
        end = self.now + seconds
        self._settle()
        while (at := self._next_moment()) is not None and at <= end:
            self.now = max(self.now, at)
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, to_server, datagram = heapq.heappop(self._under_way)
                (self._server if to_server else self._client).receive_datagram(datagram, self.now)
                self._settle()
            for endpoint in (self._client, self._server):
                if (wake_at := endpoint.next_timeout()) is not None and wake_at <= self.now:
                    endpoint.handle_timeout(self.now)
            self._settle()

    def ends(self) -> list[Fetched | FetchFailed]:
        """What the client told of the end."""
        return [event for event in self.events if isinstance(event, Fetched | FetchFailed)]

    def _next_moment(self) -> float | None:
        moments = [self._client.next_timeout(), self._server.next_timeout()]
        moments.append(self._under_way[0][0] if self._under_way else None)
        return min((moment for moment in moments if moment is not None), default=None)

    def _settle(self) -> None:
        while (event := self._client.next_event()) is not None:
            self.events.append(event)
        while self._server.next_event() is not None:
            pass
        for datagram in self._client.datagrams_to_send():
            self.sent_by_client += 1
            self._carry(datagram, to_server=True)
        for datagram in self._server.datagrams_to_send():
            self.sent_by_server += 1
            self._carry(datagram, to_server=False)

    def _carry(self, datagram: Datagram, *, to_server: bool) -> None:
        arriving = replace(datagram, peer=datagram.local, local=datagram.peer)
        for _ in range(1 + (self._random.random() < self._duplication)):
            if self._random.random() >= self._loss:
                at = self.now + self._random.random() * self._delay_s
                heapq.heappush(self._under_way, (at, next(self._serial), to_server, arriving))
