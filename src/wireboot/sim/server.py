"""A server's host: endpoints on ports, a disk, and the power that may go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Endpoint, Event, Interface, SocketAddress, Unreachable
from wireboot.leases.lease import Lease, LeaseChanged
from wireboot.protocols.arp import packet as arp
from wireboot.sim.clock import Clock
from wireboot.sim.disk import Disk
from wireboot.sim.network import Network, Station

ARP_PORT = 0
"""Of an endpoint that speaks ARP: its datagrams are ARP packets, and `peer.host` is the address asked for."""


@dataclass(frozen=True, slots=True)
class Service:
    """An endpoint and the ports it is bound to."""

    endpoint: Endpoint
    ports: tuple[int, ...]
    close: Callable[[], None] = lambda: None
    """What the system does for a process that died: it takes back the open files."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a server runs after it has started from its disk."""

    services: tuple[Service, ...]
    groups: frozenset[IPv4Address] = frozenset()
    """Multicast groups that it hears, on every interface."""


Start = Callable[[Sequence[Lease]], Started]
"""From the leases found on the disk to a server that knows nothing else."""
Tell = Callable[[Event], None]


class Server:
    """One host with its interfaces. It runs from construction on."""

    def __init__(
        self,
        name: str,
        interfaces: Mapping[str, Interface],
        start: Start,
        clock: Clock,
        network: Network,
        disk: Disk,
        tell: Tell,
    ) -> None:
        self.name, self.disk = name, disk
        self.crashes = 0
        self.services: tuple[Service, ...] = ()
        """Empty while it is down."""
        self._start, self._clock, self._network, self._tell = start, clock, network, tell
        self._by_port: dict[int, _Driver] = {}
        self._groups: frozenset[IPv4Address] = frozenset()
        self.stations = {each.name: self._plug_in(each) for each in interfaces.values()}
        self.start()

    def start(self) -> None:
        """With what is on the disk, and nothing besides."""
        started = self._start(self.disk.leases)
        self.services, self._groups = started.services, started.groups
        for service in started.services:
            driver = _Driver(service.endpoint, self._clock, self.disk, self._tell, self._send)
            self._by_port.update(dict.fromkeys(service.ports, driver))
        for station in self.stations.values():
            station.up = True

    def crash(self, down_s: float) -> None:
        """The power goes. It starts again after so many seconds; without effect while it is down already."""
        if not self.services:
            return
        self.crashes += 1
        for station in self.stations.values():
            station.up = False
        for driver in self._by_port.values():
            driver.stopped = True
        for service in self.services:
            service.close()
        self.disk.crash()
        self.services, self._by_port = (), {}
        self._clock.after(down_s, self.start)

    # As a network card

    def receive(self, datagram: Datagram) -> bool:
        driver = self._by_port.get(datagram.local.port)
        if driver is not None:
            driver.receive(datagram)
        return driver is not None

    def hears(self, datagram: Datagram) -> bool:
        host = datagram.local.host
        return datagram.local.port in self._by_port and (not host.is_multicast or host in self._groups)

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None:
        """Of no concern: the real one does not listen to ICMP either."""

    def _plug_in(self, interface: Interface) -> Station:
        station = Station(self.name, interface.name, interface.link_address, self, interface.name)
        self._network.attach(station, interface.ipv4[0])
        return station

    def _send(self, datagram: Datagram) -> None:
        station = self.stations[datagram.interface]
        if datagram.local.port == ARP_PORT:
            self._ask_by_arp(station, datagram)
        else:
            self._network.send(station, datagram)

    def _ask_by_arp(self, station: Station, question: Datagram) -> None:
        address = question.peer.host
        assert isinstance(address, IPv4Address)

        def answer(link_address: bytes) -> None:
            packet = arp.ArpPacket(arp.REPLY, link_address, address, station.link_address, station.host)
            self.receive(Datagram(arp.encode(packet), question.peer, question.local, station.interface))

        self._network.who_has(station, address, answer)


class _Driver:
    """As the real one: what events say is on the disk before the datagrams that depend on it leave."""

    def __init__(
        self, endpoint: Endpoint, clock: Clock, disk: Disk, tell: Tell, send: Callable[[Datagram], None]
    ) -> None:
        self._endpoint, self._clock, self._disk, self._tell, self._send = endpoint, clock, disk, tell, send
        self.stopped = False
        self._wakes_at: float | None = None
        self._set_timer()

    def receive(self, datagram: Datagram) -> None:
        self._endpoint.receive_datagram(datagram, self._clock.now)
        self._carry_out()
        self._set_timer()

    def _set_timer(self) -> None:
        due_at = self._endpoint.next_timeout()
        # Waking once too early is cheaper than a new plan for every packet that moves a timeout later.
        if due_at is not None and (self._wakes_at is None or due_at < self._wakes_at):
            self._wakes_at = due_at
            self._clock.at(due_at, partial(self._wake, due_at))

    def _wake(self, planned_at: float) -> None:
        if self.stopped or planned_at != self._wakes_at:
            return
        self._wakes_at = None
        due_at = self._endpoint.next_timeout()
        if due_at is not None and due_at <= self._clock.now:
            self._endpoint.handle_timeout(self._clock.now)
            self._carry_out()
        self._set_timer()

    def _carry_out(self) -> None:
        events: list[Event] = []
        while (event := self._endpoint.next_event()) is not None:
            events.append(event)
        datagrams = self._endpoint.datagrams_to_send()
        leases = [event.lease for event in events if isinstance(event, LeaseChanged)]
        assert len(leases) == sum(event.durable for event in events), "only leases are durable so far"
        if leases:
            self._disk.write(leases, partial(self._tell_and_send, events, datagrams))
        else:
            self._tell_and_send(events, datagrams)

    def _tell_and_send(self, events: Iterable[Event], datagrams: Iterable[Datagram]) -> None:
        for event in events:
            self._tell(event)
        for datagram in datagrams:
            self._send(datagram)
