"""The one shape of every protocol role: datagrams and time go in, datagrams and events come out.

An endpoint opens no socket, reads no clock and awaits nothing. Whoever drives it (`net`, a simulation, a test) hands it
what arrived and what time it is, and carries out what it asks for, in this order: handle its events and make durable
what they say, send its datagrams, sleep until its next timeout.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
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


@dataclass(frozen=True, slots=True)
class AddressProbed(Event):
    """Asks the host of this endpoint to look whether somebody else has the address (RFC 5227 §2.1.1).

    Only an answer is reported back (`HostedEndpoint.address_taken`); silence is the endpoint's own timer's matter.
    """

    address: IPv4Address


@dataclass(frozen=True, slots=True)
class AddressAcquired(Event):
    """Asks the host of this endpoint to take this address, and these routers for what lies beyond its network."""

    address: IPv4Interface
    routers: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressGivenUp(Event):
    """Asks the host of this endpoint to be without an address again."""


@dataclass(frozen=True, slots=True)
class GroupJoined(Event):
    """Asks the host of this endpoint to receive what is sent to a multicast group (RFC 1112 §7.1)."""

    group: IPv4Address


@dataclass(frozen=True, slots=True)
class GroupLeft(Event):
    """Asks the host of this endpoint to receive a group no more."""

    group: IPv4Address


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


class HostedEndpoint(Endpoint, Protocol):
    """An endpoint that has its host to itself: it says which address the host is to have, and hears how that goes."""

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None:
        """Somebody with this MAC answers at an address that was probed or is in use here."""

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:
        """What was sent to `peer` did not arrive."""


class Unreachable(Enum):
    """Why a datagram did not arrive."""

    NO_ARP_ANSWER = "nobody answers ARP for it"
    PORT_CLOSED = "its port is closed"
    """ICMP destination unreachable, port unreachable (RFC 792)."""
    REFUSED = "the network refuses it"
    """Any other ICMP destination unreachable that is more than a hint (RFC 1122 §3.2.2.1)."""


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
