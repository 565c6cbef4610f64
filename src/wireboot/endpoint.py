"""The one shape of every protocol role: datagrams and time go in, datagrams and events come out.

An endpoint opens no socket, reads no clock and awaits nothing. Whoever drives it (`net`, a simulation, a test) hands it
what arrived and what time it is, and carries out what it asks for, in this order: handle its events and make durable
what they say, send its datagrams, sleep until its next timeout.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import ClassVar, NamedTuple, Protocol

IPAddress = IPv4Address | IPv6Address


class SocketAddress(NamedTuple):
    """One end of a UDP conversation."""

    host: IPAddress
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.host.version == 6 else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram, received or to be sent, with the two ends and the interface it passes.

    `local.host` is always one of this machine's own unicast addresses: the one the peer wrote to or, for a broadcast or
    multicast, the interface's own. An answer that copies `local` therefore leaves from the address the client knows.
    """

    payload: bytes
    peer: SocketAddress
    local: SocketAddress
    interface: str
    to_group: bool = False
    """Received as a broadcast or multicast."""
    link_address: bytes | None = None
    """Send to this MAC in a raw frame, since the peer has no address yet and answers no ARP (RFC 2131 §4.1)."""
    segment_size: int | None = None
    """`payload` is a run of datagrams of this many bytes each (the last may be shorter), sent by one system call."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth remembering or telling. Subclasses are small frozen values."""

    durable: ClassVar[bool] = False
    """True: the datagrams that follow from this event leave only after it is on disk."""


@dataclass(frozen=True, slots=True)
class DatagramDropped(Event):
    """A datagram was not answered, as the protocol asks of bad input. Counted by `service` and `reason`."""

    service: str
    reason: str
    """One of few, so that it can be counted."""
    peer: SocketAddress
    interface: str
    detail: str = ""


class Endpoint(Protocol):
    """A protocol role. `now` is in seconds since the epoch and never goes backwards."""

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        """Take in one datagram. Nothing a stranger sends may raise out of here."""

    def handle_timeout(self, now: float) -> None:
        """Do what has become due; called at or after `next_timeout`."""

    def next_timeout(self) -> float | None:
        """When to call `handle_timeout`, or None while nothing is pending."""

    def next_event(self) -> Event | None:
        """The next event not yet told, oldest first."""

    def datagrams_to_send(self) -> list[Datagram]:
        """The datagrams not yet handed over, in sending order."""


class Outbox:
    """The outgoing half of an endpoint: what it has to tell and to send, kept until it is fetched."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._datagrams: list[Datagram] = []

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def datagrams_to_send(self) -> list[Datagram]:
        ready, self._datagrams = self._datagrams, []
        return ready

    def _tell(self, event: Event) -> None:
        self._events.append(event)

    def _send(self, datagram: Datagram) -> None:
        self._datagrams.append(datagram)


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of this machine, as it stood when it was looked at."""

    name: str
    index: int
    link_address: bytes
    mtu: int
    addresses: tuple[IPv4Interface | IPv6Interface, ...]

    @property
    def ipv4(self) -> tuple[IPv4Interface, ...]:
        return tuple(address for address in self.addresses if isinstance(address, IPv4Interface))
