"""Cables and switches that lose, repeat and delay datagrams as the seed says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from random import Random
from typing import Protocol

from wireboot.endpoint import Datagram, SocketAddress, Unreachable
from wireboot.sim.clock import Clock
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED

ARP_GIVES_UP_AFTER_S = 4.0
"""Four unanswered requests, a second each, as firmware does (PXE-E11)."""


@dataclass(frozen=True, slots=True)
class NetworkFaults:
    """How bad a network is. The first three are probabilities; each copy of each datagram draws its own fate."""

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    """Of a datagram to fall behind those sent after it."""
    delay_s: tuple[float, float] = (0.0005, 0.05)
    """The usual time on the way, and the longest of those that fall behind."""


class Card(Protocol):
    """What a network card hands what it receives to."""

    def receive(self, datagram: Datagram) -> bool:
        """False: nothing listens on this port."""

    def hears(self, datagram: Datagram) -> bool:
        """Whether a broadcast or multicast would be looked at. Asked for each of many, so it must be quick."""

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None:
        """What was sent to `peer` did not arrive."""


@dataclass(slots=True, eq=False)
class Station:
    """A network card on a segment."""

    name: str
    segment: str
    link_address: bytes
    card: Card
    interface: str = "eth0"
    """What its host calls it."""
    address: IPv4Interface | None = None
    """`Network.take_address` sets it."""
    up: bool = True
    takes_frames: bool = False
    """Its card is told which group something was sent to, as a frame says it; others are told their own address."""

    @property
    def host(self) -> IPv4Address:
        return UNSPECIFIED if self.address is None else self.address.ip


class Observer(Protocol):
    """Sees all that passes."""

    def sent(self, station: Station, datagram: Datagram, arrivals: Sequence[float]) -> None:
        """`arrivals`: after how many seconds each copy comes to somebody; none when all are lost."""

    def delivered(self, station: Station, datagram: Datagram) -> None: ...


@dataclass(slots=True)
class Traffic:
    """Copies of datagrams, counted."""

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0


class Network:
    """Segments, with a router between them for what is unicast."""

    def __init__(self, clock: Clock, random: Random, faults: NetworkFaults, observers: Sequence[Observer]) -> None:
        self._clock, self._random, self._faults = clock, random, faults
        self._observers = tuple(observers)
        self._segments: dict[str, list[Station]] = {}
        self._by_link_address: dict[bytes, Station] = {}
        self._by_address: dict[IPv4Address, Station] = {}
        self._cut_off: set[Station] = set()
        self.traffic = Traffic()

    def attach(self, station: Station, address: IPv4Interface | None = None) -> None:
        self._segments.setdefault(station.segment, []).append(station)
        self._by_link_address[station.link_address] = station
        if address is not None:
            self.take_address(station, address)

    def change_link_address(self, station: Station, link_address: bytes) -> None:
        if self._by_link_address.get(station.link_address) is station:
            del self._by_link_address[station.link_address]
        station.link_address = link_address
        self._by_link_address.setdefault(link_address, station)

    def reaches(self, segment: str, link_address: bytes) -> bool:
        """Whether a station with this MAC stands there."""
        station = self._by_link_address.get(link_address)
        return station is not None and station.segment == segment

    def take_address(self, station: Station, address: IPv4Interface) -> None:
        self.give_up_address(station)
        station.address = address
        self._by_address[address.ip] = station

    def give_up_address(self, station: Station) -> None:
        if self._by_address.get(station.host) is station:
            del self._by_address[station.host]
        station.address = None

    def cut_off(self, station: Station, for_s: float) -> None:
        """Pull its cable for a while."""
        self._cut_off.add(station)
        self._clock.after(for_s, partial(self._cut_off.discard, station))

    def owner(self, address: IPv4Address) -> Station | None:
        """Who has this address."""
        return self._by_address.get(address)

    def send(self, sender: Station, datagram: Datagram) -> None:
        """Put a datagram on the sender's cable."""
        for each in _single(datagram):
            self._send_one(sender, each)

    def who_has(self, asker: Station, address: IPv4Address, answer: Callable[[bytes], None]) -> None:
        """Ask by ARP, once; `answer` is called with the link address of whoever else has the address."""
        holder = self._by_address.get(address)
        if holder is None or holder is asker or holder.segment != asker.segment or not holder.up:
            return
        if not (self._is_lost(asker, holder) or self._is_lost(holder, asker)):
            self._clock.after(self._delay_s() + self._delay_s(), partial(answer, holder.link_address))

    def _send_one(self, sender: Station, datagram: Datagram) -> None:
        host = datagram.peer.host
        assert isinstance(host, IPv4Address)
        arrivals: list[float] = []
        if datagram.link_address is not None:
            receiver = self._by_link_address.get(datagram.link_address)
        elif self._is_to_all(sender, host) or host.is_multicast:
            arrived = self._as_received(sender, datagram, to_group=True)
            for station in self._segments[sender.segment]:
                if station is not sender and station.card.hears(arrived):
                    arrivals += self._carry(sender, station, arrived)
            receiver = None
        else:
            receiver = self._by_address.get(host)
            if receiver is None and not host.is_unspecified:
                tell = partial(sender.card.unreachable, datagram.peer, Unreachable.NO_ARP_ANSWER)
                self._clock.after(ARP_GIVES_UP_AFTER_S, tell)
        if receiver is not None and receiver is not sender:
            arrivals += self._carry(sender, receiver, self._as_received(sender, datagram, to_group=False))
        for observer in self._observers:
            observer.sent(sender, datagram, arrivals)

    def _is_to_all(self, sender: Station, host: IPv4Address) -> bool:
        own = sender.address
        return host == LIMITED_BROADCAST or (own is not None and host == own.network.broadcast_address)

    def _as_received(self, sender: Station, datagram: Datagram, *, to_group: bool) -> Datagram:
        """`local` and `interface` are the receiver's, and set when it arrives."""
        return Datagram(datagram.payload, datagram.local, datagram.peer, sender.interface, to_group)

    def _carry(self, sender: Station, receiver: Station, arrived: Datagram) -> list[float]:
        """After how many seconds the copies will come, as far as they do."""
        arrivals: list[float] = []
        copies = 1
        if self._random.random() < self._faults.duplication:
            copies = 2
            self.traffic.duplicated += 1
        for _ in range(copies):
            self.traffic.sent += 1
            if self._is_lost(sender, receiver):
                self.traffic.lost += 1
                continue
            delay_s = self._delay_s()
            arrivals.append(delay_s)
            self._clock.after(delay_s, partial(self._deliver, sender, receiver, arrived))
        return arrivals

    def _is_lost(self, sender: Station, receiver: Station) -> bool:
        if self._cut_off and (sender in self._cut_off or receiver in self._cut_off):
            return True
        return self._random.random() < self._faults.loss

    def _delay_s(self) -> float:
        usual, longest = self._faults.delay_s
        if self._random.random() >= self._faults.reordering:
            return usual
        return usual + self._random.random() * (longest - usual)

    def _deliver(self, sender: Station, receiver: Station, datagram: Datagram) -> None:
        if not receiver.up or receiver in self._cut_off:
            self.traffic.lost += 1
            return
        host = receiver.host if datagram.to_group and not receiver.takes_frames else datagram.local.host
        local = SocketAddress(host, datagram.local.port)
        arrived = Datagram(datagram.payload, datagram.peer, local, receiver.interface, datagram.to_group)
        self.traffic.delivered += 1
        for observer in self._observers:
            observer.delivered(receiver, arrived)
        listened = receiver.card.receive(arrived)
        if not listened and not datagram.to_group and not self._is_lost(receiver, sender):
            tell = partial(sender.card.unreachable, local, Unreachable.PORT_CLOSED)
            self._clock.after(self._delay_s(), tell)


def _single(datagram: Datagram) -> Iterator[Datagram]:
    """The datagrams that a train of them stands for."""
    size = datagram.segment_size
    if size is None:
        yield datagram
        return
    for at in range(0, len(datagram.payload), size):
        yield replace(datagram, payload=datagram.payload[at : at + size], segment_size=None)
