"""A small model of a TFTP client, and a network that loses, repeats and reorders, repeatable by its seed."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count
from random import Random

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    OptionAck,
    Options,
    Packet,
    ReadRequest,
    decode,
    encode,
)
from wireboot.protocols.tftp.server import TftpServer

SERVER_HOST = IPv4Address("10.77.0.1")


@dataclass
class ModelClient:
    """Reads one file in octet mode. Written for clarity from the RFCs, apart from the server's code.

    It acknowledges the last block of a window, and on any block out of order the last one in order, as EDK2 does.
    """

    peer: SocketAddress
    file: str
    options: Options = ()
    retry_s: float = 1.5
    tries: int = 8
    content: bytearray = field(default_factory=bytearray)
    outcome: str | None = None
    """"complete", "error N" or "timeout"."""
    wake_at: float | None = None

    def __post_init__(self) -> None:
        self._server_port: int | None = None
        self._agreed: dict[str, int] = {}
        self._in_order = 0
        self._since_ack = 0
        self._tries_left = self.tries
        self._last_sent: Packet = ReadRequest(self.file, "octet", self.options)
        self.sending: list[tuple[Packet, int]] = []

    def start(self, now: float) -> None:
        self._send(self._last_sent, now)

    def receive(self, packet: Packet, port: int, now: float) -> None:
        if self._server_port is None:
            self._server_port = port
        elif port != self._server_port:
            if not isinstance(packet, Error):
                self.sending.append((Error(ErrorCode.UNKNOWN_TRANSFER_ID, "unknown transfer ID"), port))
            return
        match packet:
            case OptionAck() if self._in_order == 0:
                self._agreed = {name: int(value) for name, value in packet.options}
                self._send(Ack(0), now)
            case Data():
                self._receive_data(packet, now)
            case Error() if self.outcome is None:
                self._finish(f"error {packet.code}")
            case _:
                pass

    def handle_timeout(self, now: float) -> None:
        if self._tries_left == 0:
            self._finish("timeout")
            return
        self._tries_left -= 1
        self._send(self._last_sent, now)

    def _receive_data(self, data: Data, now: float) -> None:
        if data.block != self._number(self._in_order + 1) or self.outcome is not None:
            self._since_ack = 0
            self._send(Ack(self._number(self._in_order)), now)
            return
        self._in_order += 1
        self._since_ack += 1
        self._tries_left = self.tries
        self.content += data.payload
        last = len(data.payload) < self._agreed.get("blksize", 512)
        if last or self._since_ack == self._agreed.get("windowsize", 1):
            self._since_ack = 0
            self._send(Ack(self._number(self._in_order)), now)
        if last:
            self._finish("complete")

    def _number(self, block: int) -> int:
        if self._agreed.get("rollover") == 1 and block > 65535:
            return (block - 1) % 65535 + 1
        return block % 65536

    def _send(self, packet: Packet, now: float) -> None:
        self._last_sent = packet
        self.sending.append((packet, 69 if self._server_port is None else self._server_port))
        if self.outcome is None:
            self.wake_at = now + self.retry_s

    def _finish(self, outcome: str) -> None:
        self.outcome = outcome
        self.wake_at = None


class BadNetwork:
    """One server and its clients. Each datagram is lost, repeated and delayed as the seed wants."""

    def __init__(
        self, server: TftpServer, seed: int, *, loss: float = 0.0, duplication: float = 0.0, delay_s: float = 0.0
    ) -> None:
        self._server = server
        self._random = Random(seed)
        self._loss, self._duplication, self._delay_s = loss, duplication, delay_s
        self._clients: dict[SocketAddress, ModelClient] = {}
        self._under_way: list[tuple[float, int, bool, Datagram]] = []
        self._serial = count()
        self.now = 1_700_000_000.0
        self.sent_by_server = 0

    def add(self, client: ModelClient) -> None:
        self._clients[client.peer] = client
        client.start(self.now)

    def run(self, seconds: float) -> None:
        """Until nothing is left to happen, but for so long at most."""
        end = self.now + seconds
        self._settle()
        while (at := self._next_moment()) is not None and at <= end:
            self.now = max(self.now, at)
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, to_server, datagram = heapq.heappop(self._under_way)
                if to_server:
                    self._server.receive_datagram(datagram, self.now)
                else:
                    client = self._clients[datagram.peer]
                    client.receive(decode(datagram.payload), datagram.local.port, self.now)
                self._settle()
            for client in self._clients.values():
                if client.wake_at is not None and client.wake_at <= self.now:
                    client.handle_timeout(self.now)
            if (wake_at := self._server.next_timeout()) is not None and wake_at <= self.now:
                self._server.handle_timeout(self.now)
            self._settle()
        if at is not None:
            self.now = end

    def _next_moment(self) -> float | None:
        moments = [client.wake_at for client in self._clients.values()]
        moments += [self._server.next_timeout(), self._under_way[0][0] if self._under_way else None]
        return min((moment for moment in moments if moment is not None), default=None)

    def _settle(self) -> None:
        for client in self._clients.values():
            for packet, port in client.sending:
                local = SocketAddress(SERVER_HOST, port)
                self._carry(Datagram(encode(packet), client.peer, local, "eth0"), to_server=True)
            client.sending.clear()
        for datagram in self._server.datagrams_to_send():
            self.sent_by_server += 1
            self._carry(datagram, to_server=False)

    def _carry(self, datagram: Datagram, *, to_server: bool) -> None:
        copies = 1 + (self._random.random() < self._duplication)
        for _ in range(copies):
            if self._random.random() >= self._loss:
                at = self.now + self._random.random() * self._delay_s
                heapq.heappush(self._under_way, (at, next(self._serial), to_server, datagram))
