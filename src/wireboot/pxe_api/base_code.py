"""The network of a PXE stack: one IP host over UNDI, and the endpoints that live there one after the other.

What in a ROM is called the base code: the PXE client itself boots over it, and the UDP and TFTP services of the boot
program that it loaded go on with the same host, its address and what it knows of its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from wireboot.endpoint import Datagram, Event, HostedEndpoint, Outbox, SocketAddress, Unreachable
from wireboot.pxe_api.card import PacketFilter
from wireboot.pxe_api.ip.host import IpHost
from wireboot.pxe_api.status import ServiceFailed
from wireboot.pxe_api.surroundings import Surroundings
from wireboot.pxe_api.undi import FrameReceived, Undi, UndiState
from wireboot.wire.addresses import UNSPECIFIED

_SLEEP_MAX_S = 1.0
"""`finished` may change by what no frame or timer of ours brings about, such as a signal."""
_FILTER = PacketFilter.DIRECTED | PacketFilter.BROADCAST


@dataclass(frozen=True, slots=True)
class FrameNotSent(Event):
    """The card would not send a frame. The client's own retry is what helps."""

    size_bytes: int
    reason: str


class BaseCode:
    def __init__(
        self,
        undi: Undi,
        surroundings: Surroundings,
        *,
        interface: str,
        random: Callable[[], float],
        on_event: Callable[[Event], None],
    ) -> None:
        """`interface` is the name that datagrams and events carry. `random` draws from 0 up to, not including, 1.

        `on_event` hears of each event before the frames that follow from it leave.
        """
        self.undi = undi
        self.surroundings = surroundings
        self.interface = interface
        self.random = random
        self._on_event = on_event
        now = surroundings.now()
        self._host = IpHost(Vacancy(), undi.station_address, interface, mtu=undi.mtu, random=random, now=now)
        self._multicast_addresses: frozenset[bytes] = frozenset()
        self.frames_not_sent = 0

    @property
    def address(self) -> IPv4Interface | None:
        """The host's own, with its network."""
        return self._host.address

    @property
    def routers(self) -> tuple[IPv4Address, ...]:
        return self._host.routers

    @property
    def endpoint(self) -> HostedEndpoint:
        """Who lives here."""
        return self._host.endpoint

    @property
    def is_asking(self) -> bool:
        """Something waits to be sent, until ARP is answered or given up."""
        return self._host.is_asking

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The card open for the base code, where the boot program has not opened it for itself.

        Raises ServiceFailed where the card is not initialized.
        """
        if self.undi.state is UndiState.OPENED:
            yield
            return
        self._multicast_addresses = self._host.multicast_addresses
        self.undi.open(_FILTER, self._multicast_addresses)
        try:
            yield
        finally:
            self.undi.close_if_open()

    @contextmanager
    def routed_by(self, gateway: IPv4Address) -> Iterator[None]:
        """What lies beyond the own network goes to this router as long as the context lasts; 0.0.0.0: as before."""
        if gateway == UNSPECIFIED:
            yield
            return
        usual, self._host.routers = self._host.routers, (gateway,)
        try:
            yield
        finally:
            self._host.routers = usual

    def host_endpoint(self, endpoint: HostedEndpoint) -> None:
        """It lives here from now on, in place of the one before."""
        self._host.endpoint = endpoint

    def vacate(self) -> None:
        """Nobody lives here from now on."""
        self._host.endpoint = Vacancy()

    def run(self, endpoint: HostedEndpoint, *, finished: Callable[[], bool], ends_at: float) -> None:
        """Let the endpoint live here until it is `finished`, or until `ends_at`; another one may live here after it.

        Raises ServiceFailed where the card cannot be opened.
        """
        with self.opened():
            self.host_endpoint(endpoint)
            self.settle()
            while not finished() and (now := self.surroundings.now()) < ends_at:
                due_at = self._host.next_timeout()
                soon = min(ends_at, now + _SLEEP_MAX_S)
                self.surroundings.wait(soon if due_at is None else min(due_at, soon))
                self.poll()

    def poll(self) -> None:
        """Take in what has arrived and do what is due, without waiting. The card has to be open."""
        host, undi = self._host, self.undi
        undi.interrupt_is_ours()
        while (told := undi.next_from_card()) is not None:
            if isinstance(told, FrameReceived):
                host.receive_frame(told.data, self.surroundings.now())
                # One by one: an answer is not to wait for the rest of the batch.
                self._carry_out()
        now = self.surroundings.now()
        due_at = host.next_timeout()
        if due_at is not None and due_at <= now:
            host.handle_timeout(now)
        self.settle()

    def settle(self) -> None:
        """Whatever happened, let the endpoint's wishes be carried out."""
        self._host.settle(self.surroundings.now())
        self._carry_out()

    def _carry_out(self) -> None:
        while (event := self._host.next_event()) is not None:
            self._on_event(event)
        if self._multicast_addresses != self._host.multicast_addresses:
            self._multicast_addresses = self._host.multicast_addresses
            self.undi.set_multicast_addresses(self._multicast_addresses)
        for frame in self._host.frames_to_send():
            try:
                self.undi.transmit(frame)
            except ServiceFailed as problem:
                self.frames_not_sent += 1
                self._on_event(FrameNotSent(len(frame), problem.detail))


class Vacancy(Outbox):
    """Lives in a host that has nothing to do: says nothing, takes nothing."""

    def receive_datagram(self, datagram: Datagram, now: float) -> None: ...

    def handle_timeout(self, now: float) -> None: ...

    def next_timeout(self) -> float | None:
        return None

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None: ...

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None: ...
