"""Somebody who sends what makes no sense: packets it has overheard, with bytes changed, to every port there is."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random

from wireboot.endpoint import Datagram, SocketAddress, Unreachable
from wireboot.sim.clock import Clock
from wireboot.sim.link_addresses import Kind, made_up
from wireboot.sim.network import Network, Station
from wireboot.sim.server import Server
from wireboot.wire.addresses import LIMITED_BROADCAST

_KEPT_MAX = 50
"""Packets kept in mind."""


class Stranger:
    """A `Card`, and what drives it."""

    def __init__(self, segment: str, address: IPv4Address, clock: Clock, network: Network, random: Random) -> None:
        self.station = Station("stranger", segment, made_up(Kind.STRANGER, 1), self)
        self._address, self._clock, self._network, self._random = address, clock, network, random
        self._overheard: list[Datagram] = []

    def bother(self, server: Server, packets: int, within_s: float) -> None:
        """Send so many packets."""
        for _ in range(packets):
            self._clock.after(self._random.random() * within_s, lambda: self._send(server))

    def receive(self, datagram: Datagram) -> bool:
        if len(self._overheard) < _KEPT_MAX:
            self._overheard.append(datagram)
        return True

    def hears(self, datagram: Datagram) -> bool:  # noqa: ARG002  # it listens to everything
        return True

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None:
        """It does not care."""

    def _send(self, server: Server) -> None:
        ports = [port for service in server.services for port in service.ports]
        if not ports:
            return
        host = self._random.choice([LIMITED_BROADCAST, *(each.host for each in server.stations.values())])
        source = SocketAddress(self._address, self._random.choice((0, 67, 68, 69, 4011, 50000)))
        peer = SocketAddress(host, self._random.choice(ports))
        self._network.send(self.station, Datagram(self._payload(), peer, source, self.station.interface))

    def _payload(self) -> bytes:
        random = self._random
        if not self._overheard or random.random() < 0.2:
            return random.randbytes(random.randrange(64))
        payload = bytearray(random.choice(self._overheard).payload)
        for _ in range(random.randrange(4)):
            payload[random.randrange(len(payload))] = random.randrange(256)
        return bytes(payload[: random.randrange(len(payload))] if random.random() < 0.1 else payload)
