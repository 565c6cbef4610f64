"""Runs a client's endpoint on an interface of this machine, in a station of its own, until it is through."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import SystemRandom

from wireboot.endpoint import Event, HostedEndpoint
from wireboot.net.clock import now
from wireboot.net.frame_socket import FrameSocket
from wireboot.net.pcap import Direction, PcapWriter
from wireboot.pxe_api.ip_host import IpHost
from wireboot.pxe_api.undi import FrameInterface

_SLEEP_MAX_S = 1.0
"""`finished` may change by what no frame or timer of ours brings about, such as a signal."""


@dataclass(frozen=True, slots=True)
class FrameNotSent(Event):
    """The system would not send a frame. The client's own retry is what helps."""

    size_bytes: int
    reason: str


def run(
    endpoint: HostedEndpoint,
    interface: str,
    station_address: bytes,
    *,
    on_event: Callable[[Event], None],
    finished: Callable[[], bool],
    deadline_s: float,
    capture: PcapWriter | None = None,
    also_read: Mapping[int, Callable[[], bool]] | None = None,
) -> None:
    """Let the endpoint live on the interface until it is `finished`, or until `deadline_s` seconds have passed.

    `on_event` hears of each event before the frames that follow from it leave. `also_read` names file descriptors, such
    as the keyboard's, and what to call when one of them can be read: it may speak to the endpoint, and returns whether
    it wants to be called again. Time is `net.clock.now`.

    Raises OperatorError where the interface is no use, or the capture cannot be written.
    """
    with FrameSocket(interface, station_address) as socket, selectors.SelectSelector() as selector:
        session = _Session(endpoint, interface, socket, on_event, capture)
        selector.register(socket, selectors.EVENT_READ, session.receive)
        for descriptor, callback in (also_read or {}).items():
            selector.register(descriptor, selectors.EVENT_READ, callback)
        ends_at = now() + deadline_s
        session.settle()
        while not finished() and (left_s := ends_at - now()) > 0:
            for key, _ in selector.select(min(session.sleeps_s(), left_s)):
                read: Callable[[], bool] = key.data
                if not read():
                    selector.unregister(key.fileobj)
            session.handle_timeout()
            session.settle()


class _Session:
    """What joins a host to its card."""

    def __init__(
        self,
        endpoint: HostedEndpoint,
        name: str,
        card: FrameInterface,
        on_event: Callable[[Event], None],
        capture: PcapWriter | None,
    ) -> None:
        self._card = card
        self._on_event = on_event
        self._capture = capture
        random = SystemRandom().random
        self._host = IpHost(endpoint, card.station_address, name, mtu=card.mtu, random=random, now=now())
        self._multicast_addresses: frozenset[bytes] = frozenset()

    def receive(self) -> bool:
        for frame in self._card.receive():
            at = now()
            if self._capture is not None:
                self._capture.write(frame.data, at, Direction.RECEIVED)
            self._host.receive_frame(frame.data, at, checksum_ready=frame.checksum_ready)
            # One by one: an answer is not to wait for the rest of the batch.
            self.carry_out()
        return True

    def handle_timeout(self) -> None:
        at = now()
        due_at = self._host.next_timeout()
        if due_at is not None and due_at <= at:
            self._host.handle_timeout(at)

    def settle(self) -> None:
        """Whatever happened, let the endpoint's wishes be carried out."""
        self._host.settle(now())
        self.carry_out()

    def carry_out(self) -> None:
        while (event := self._host.next_event()) is not None:
            self._on_event(event)
        # The card is told of a group before the report that brings its packets here leaves.
        if self._multicast_addresses != self._host.multicast_addresses:
            self._multicast_addresses = self._host.multicast_addresses
            self._card.set_multicast_addresses(self._multicast_addresses)
        for frame in self._host.frames_to_send():
            self._transmit(frame)

    def sleeps_s(self) -> float:
        """How long there is nothing to do, in seconds."""
        due_at = self._host.next_timeout()
        return _SLEEP_MAX_S if due_at is None else min(_SLEEP_MAX_S, max(0.0, due_at - now()))

    def _transmit(self, frame: bytes) -> None:
        if self._capture is not None:
            self._capture.write(frame, now(), Direction.SENT)
        try:
            self._card.transmit(frame)
        except OSError as problem:
            self._on_event(FrameNotSent(len(frame), str(problem)))
