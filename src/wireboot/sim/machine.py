"""A machine that boots: the real client, the host around it, and somebody before the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from random import Random
from uuid import UUID

from wireboot.endpoint import (
    AddressAcquired,
    AddressGivenUp,
    AddressProbed,
    Datagram,
    Event,
    GroupJoined,
    GroupLeft,
    SocketAddress,
    Unreachable,
)
from wireboot.protocols.dhcp4.message import decode
from wireboot.protocols.dhcp4.options import LEASE_TIME
from wireboot.protocols.pxe.client import PxeBootClient
from wireboot.protocols.pxe.client_events import (
    BootEnded,
    BootImageReady,
    BootRestarted,
    MenuShown,
    Outcome,
    StepReached,
)
from wireboot.protocols.pxe.firmware import Firmware
from wireboot.sim.clock import Clock
from wireboot.sim.network import Network, Station
from wireboot.wire.iana import Port

_READS_MENU_S = (1.0, 5.0)
"""How long people look at a menu."""
_BOOT_SERVICE_PORTS = {int(Port.DHCP_SERVER), int(Port.BOOT_SERVER)}
_CHADDR = slice(28, 34)
"""Where a DHCP message says whom it is for."""


@dataclass(slots=True)
class Boot:
    """One attempt, as the machine saw it."""

    started_at: float
    steps: list[StepReached] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)
    outcome: Outcome | None = None
    ended_at: float | None = None
    content: bytes = b""
    """What it would run."""
    asked: int = 0
    """Packets to DHCP servers, ProxyDHCP services and Boot Servers, repeats included."""
    sent: int = 0
    """All its datagrams."""

    @property
    def seconds(self) -> float:
        return 0.0 if self.ended_at is None else self.ended_at - self.started_at


class Machine:
    """Boots when it is switched on, and again as often as it is told."""

    def __init__(
        self,
        name: str,
        firmware: Firmware,
        link_address: bytes,
        uuid: UUID,
        segment: str,
        clock: Clock,
        network: Network,
        random: Random,
        *,
        multicast: bool,
        deadline_s: float,
        on_end: Callable[[Machine, Boot], None],
    ) -> None:
        self.name, self.firmware, self.link_address = name, firmware, link_address
        self.identity = firmware.identity(link_address, uuid)
        self.boots: list[Boot] = []
        self.station = Station(name, segment, link_address, self)
        self._clock, self._network, self._random = clock, network, random
        self._multicast, self._deadline_s = multicast, deadline_s
        self._on_end = on_end
        self._client: PxeBootClient | None = None
        self._wakes_at: float | None = None
        self._groups: set[IPv4Address] = set()
        network.attach(self.station)

    @property
    def outcome(self) -> Outcome | None:
        """Of its last boot."""
        return self.boots[-1].outcome if self.boots else None

    def switch_on(self) -> None:
        """Start a boot, whatever it was doing."""
        self.switch_off()
        self.station.up = True
        self.boots.append(Boot(self._clock.now))
        self._client = PxeBootClient(
            self.identity,
            self.firmware.behaviour,
            interface=self.station.interface,
            random=self._random.random,
            multicast=self._multicast,
            deadline_s=self._deadline_s,
            now=self._clock.now,
        )
        self._settle(self._client)

    def switch_off(self) -> None:
        self.station.up = False
        self._client = None
        self._wakes_at = None
        self._groups.clear()
        self._network.give_up_address(self.station)

    # As a network card

    def receive(self, datagram: Datagram) -> bool:
        client = self._client
        if client is not None:
            client.receive_datagram(datagram, self._clock.now)
            self._settle(client)
        return True

    def hears(self, datagram: Datagram) -> bool:
        client = self._client
        if client is None or client.outcome is not None:
            return False
        host = datagram.local.host
        if host.is_multicast:
            return host in self._groups
        # A thousand machines would each decode what is for one of them, and drop it.
        return datagram.local.port == Port.DHCP_CLIENT and datagram.payload[_CHADDR] == self.link_address

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None:
        if (client := self._client) is not None:
            client.unreachable(peer, reason, self._clock.now)
            self._settle(client)

    # For its client

    def _settle(self, client: PxeBootClient) -> None:
        while (event := client.next_event()) is not None:
            self._carry_out(client, event)
        for datagram in client.datagrams_to_send():
            self._send(datagram)
        due_at = client.next_timeout()
        if due_at is not None and (self._wakes_at is None or due_at < self._wakes_at):
            self._wakes_at = due_at
            self._clock.at(due_at, partial(self._wake, client, due_at))

    def _wake(self, client: PxeBootClient, planned_at: float) -> None:
        if client is not self._client or planned_at != self._wakes_at:
            return
        self._wakes_at = None
        due_at = client.next_timeout()
        if due_at is not None and due_at <= self._clock.now:
            client.handle_timeout(self._clock.now)
        self._settle(client)

    def _send(self, datagram: Datagram) -> None:
        boot = self.boots[-1]
        boot.sent += 1
        boot.asked += datagram.peer.port in _BOOT_SERVICE_PORTS
        self._network.send(self.station, datagram)

    def _carry_out(self, client: PxeBootClient, event: Event) -> None:
        match event:
            case AddressProbed():
                answer = partial(self._answered, client, event.address)
                self._network.who_has(self.station, event.address, answer)
            case AddressAcquired():
                self._network.take_address(self.station, event.address)
            case AddressGivenUp():
                self._network.give_up_address(self.station)
            case GroupJoined():
                self._groups.add(event.group)
            case GroupLeft():
                self._groups.discard(event.group)
            case MenuShown():
                number = int(self._random.random() * len(event.items))
                self._clock.after(self._looks_for_s(), partial(self._choose, client, number))
            case BootImageReady():
                self._limit_use_of_address(client, event.cached_packets.ack)
        self._note(event)

    def _note(self, event: Event) -> None:
        """Write down what the boot came to."""
        boot = self.boots[-1]
        match event:
            case StepReached():
                boot.steps.append(event)
            case BootRestarted():
                boot.restarts.append(event.reason)
            case BootImageReady():
                boot.content = event.content
            case BootEnded():
                boot.outcome, boot.ended_at = event.outcome, self._clock.now
                self._on_end(self, boot)

    def _answered(self, client: PxeBootClient, address: IPv4Address, link_address: bytes) -> None:
        if client is self._client:
            client.address_taken(address, link_address, self._clock.now)
            self._settle(client)

    def _choose(self, client: PxeBootClient, number: int) -> None:
        if client is self._client:
            client.choose(number, self._clock.now)
            self._settle(client)

    def _looks_for_s(self) -> float:
        shortest, longest = _READS_MENU_S
        return shortest + self._random.random() * (longest - shortest)

    def _limit_use_of_address(self, client: PxeBootClient, ack: bytes) -> None:
        """What was booted would renew the lease at half its time (RFC 2131 §4.4.5). Nothing runs here: it gives up."""
        lease_time_s = decode(ack).options.get(LEASE_TIME)
        if lease_time_s is not None:
            self._clock.after(lease_time_s / 2, partial(self._lease_ended, client))

    def _lease_ended(self, client: PxeBootClient) -> None:
        if client is self._client:
            self._network.give_up_address(self.station)
