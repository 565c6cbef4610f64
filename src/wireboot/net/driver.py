"""Joins endpoints to sockets and the clock.

The order in `_carry_out` is a promise: what the events say is remembered, on disk where they ask for it, before the
datagrams that depend on it leave.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, Protocol

from wireboot.endpoint import Datagram, Endpoint, Event
from wireboot.net.clock import now
from wireboot.net.raw import RawSender
from wireboot.wire.addresses import LIMITED_BROADCAST

P = ParamSpec("P")


class Transport(Protocol):
    """A socket as the driver sees it."""

    port: int

    def fileno(self) -> int: ...
    def receive(self) -> list[Datagram]: ...
    def send(self, datagram: Datagram) -> None: ...
    def close(self) -> None: ...


Remember = Callable[[Sequence[Event], Callable[[], None]], None]
"""Takes in events and calls back, later, once the durable ones are on disk. Never, when that fails."""


@dataclass(frozen=True, slots=True)
class DatagramNotSent(Event):
    """The system would not send a datagram. The peer's own retry is what helps."""

    datagram: Datagram
    reason: str


@dataclass(frozen=True, slots=True)
class EndpointFailed(Event):
    """An endpoint raised, which none may: a fault of wireboot's own."""

    traceback: str


class Driver:
    """Drives one endpoint over its transports, on the running asyncio loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        transports: Sequence[Transport],
        *,
        remember: Remember,
        tell: Callable[[Event], None],
        raw: RawSender | None = None,
    ) -> None:
        """`tell` hears of every event, of a durable one once it is on disk.

        `raw` None: who has no address yet is answered by broadcast.
        """
        self._endpoint = endpoint
        self._transports = {transport.port: transport for transport in transports}
        self._remember = remember
        self._tell = tell
        self._raw = raw
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0.0
        self._closed = False
        for transport in transports:
            self._loop.add_reader(transport.fileno(), self._receive, transport)
        self._set_timer()

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for transport in self._transports.values():
            self._loop.remove_reader(transport.fileno())
            transport.close()

    def _receive(self, transport: Transport) -> None:
        at = now()
        for datagram in transport.receive():
            self._guarded(self._endpoint.receive_datagram, datagram, at)
            # One by one: an OFFER is not to wait for the lease of another client, nor to be lost with it.
            self._carry_out()
        self._set_timer()

    def _wake(self) -> None:
        self._timer = None
        at = now()
        due_at = self._endpoint.next_timeout()
        if due_at is not None and due_at <= at:
            self._guarded(self._endpoint.handle_timeout, at)
            self._carry_out()
        self._set_timer()

    def _guarded(self, act: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except Exception:
            # A fault of ours. It must not take the other clients of this batch with it.
            self._tell(EndpointFailed(traceback.format_exc()))

    def _carry_out(self) -> None:
        events: list[Event] = []
        while (event := self._endpoint.next_event()) is not None:
            events.append(event)
        datagrams = self._endpoint.datagrams_to_send()
        durable = [event for event in events if event.durable]
        if durable:
            self._remember(durable, lambda: self._tell_and_send(events, datagrams))
        else:
            self._tell_and_send(events, datagrams)

    def _tell_and_send(self, events: Sequence[Event], datagrams: Sequence[Datagram]) -> None:
        if self._closed:
            # What they waited for was written after the end. Their clients ask again and find it.
            return
        for event in events:
            self._tell(event)
        self._send(datagrams)

    def _send(self, datagrams: Sequence[Datagram]) -> None:
        for datagram in datagrams:
            try:
                self._send_one(datagram)
            except OSError as problem:
                self._tell(DatagramNotSent(datagram, str(problem)))

    def _send_one(self, datagram: Datagram) -> None:
        if datagram.link_address is None:
            self._transports[datagram.local.port].send(datagram)
        elif self._raw is not None:
            self._raw.send(datagram)
        else:
            # RFC 2131 §4.1: a server that cannot address the client's hardware may broadcast.
            everyone = replace(datagram, peer=datagram.peer._replace(host=LIMITED_BROADCAST), link_address=None)
            self._transports[datagram.local.port].send(everyone)

    def _set_timer(self) -> None:
        wake_at = self._endpoint.next_timeout()
        if wake_at is None:
            return
        if self._timer is not None:
            if self._wakes_at <= wake_at:
                # Every packet moves a timeout later. Waking once too early is cheaper than a new timer for each.
                return
            self._timer.cancel()
        self._wakes_at = wake_at
        self._timer = self._loop.call_later(max(0.0, wake_at - now()), self._wake)
