"""Joins endpoints to sockets and the clock.

Two things are a promise. What an event says is remembered, on disk where it asks for that, before the datagrams that
depend on it leave. And nobody waits for the disk because of another: of all that arrived together, what needs no disk
leaves at once, by one system call a port, and the rest after one submission to the disk.

What leaves from one port, at once or from the disk, leaves in the order in which it was made. Between the two there is
no order: who asks twice may get the second answer first, where only the first one had to be remembered.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ParamSpec, Protocol

from wireboot.endpoint import Datagram, Endpoint, Event
from wireboot.net.batch import Unsent
from wireboot.net.clock import now
from wireboot.net.raw import RawSender
from wireboot.wire.addresses import LIMITED_BROADCAST

P = ParamSpec("P")


class Transport(Protocol):
    """A socket as the driver sees it."""

    port: int

    def fileno(self) -> int: ...
    def receive(self) -> list[Datagram]: ...
    def send_many(self, datagrams: Sequence[Datagram]) -> list[Unsent]: ...
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
    """An endpoint, or who hears of its events, raised, which none may: a fault of wireboot's own."""

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
        outcome = _Outcome()
        for datagram in transport.receive():
            self._guarded(self._endpoint.receive_datagram, datagram, at)
            # One by one, so that it is known which datagrams depend on which events.
            self._guarded(self._collect, outcome)
        self._carry_out(outcome)
        self._set_timer()

    def _wake(self) -> None:
        self._timer = None
        at = now()
        due_at = self._endpoint.next_timeout()
        if due_at is not None and due_at <= at:
            outcome = _Outcome()
            self._guarded(self._endpoint.handle_timeout, at)
            self._guarded(self._collect, outcome)
            self._carry_out(outcome)
        self._set_timer()

    def _guarded(self, act: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(*args, **kwargs)
        except Exception:
            # A fault of ours. It must not take the other clients of this batch with it.
            self._tell(EndpointFailed(traceback.format_exc()))

    def _collect(self, outcome: _Outcome) -> None:
        """What the endpoint has to tell and to send since it was asked last."""
        events: list[Event] = []
        while (event := self._endpoint.next_event()) is not None:
            events.append(event)
        datagrams = self._endpoint.datagrams_to_send()
        if any(event.durable for event in events):
            outcome.held_events += events
            outcome.held_datagrams += datagrams
        else:
            self._tell_all(events)
            outcome.datagrams += datagrams

    def _carry_out(self, outcome: _Outcome) -> None:
        self._send(outcome.datagrams)
        if outcome.held_events:
            durable = [event for event in outcome.held_events if event.durable]
            then = partial(self._tell_and_send, outcome.held_events, outcome.held_datagrams)
            self._guarded(self._remember, durable, then)

    def _tell_and_send(self, events: Sequence[Event], datagrams: Sequence[Datagram]) -> None:
        if self._closed:
            # What they waited for was written after the end. Their clients ask again and find it.
            return
        self._tell_all(events)
        self._send(datagrams)

    def _tell_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self._guarded(self._tell, event)

    def _send(self, datagrams: Sequence[Datagram]) -> None:
        in_frames: list[Datagram] = []
        by_port: dict[int, list[Datagram]] = {}
        for datagram in datagrams:
            if datagram.link_address is None:
                by_port.setdefault(datagram.local.port, []).append(datagram)
            elif self._raw is not None:
                in_frames.append(datagram)
            else:
                by_port.setdefault(datagram.local.port, []).append(_to_everyone(datagram))
        if in_frames:
            self._guarded(self._send_in_frames, in_frames)
        for port, leaving in by_port.items():
            self._guarded(self._send_from, port, leaving)

    def _send_in_frames(self, datagrams: Sequence[Datagram]) -> None:
        assert self._raw is not None
        self._tell_unsent(self._raw.send_many(datagrams))

    def _send_from(self, port: int, datagrams: Sequence[Datagram]) -> None:
        self._tell_unsent(self._transports[port].send_many(datagrams))

    def _tell_unsent(self, unsent: Iterable[Unsent]) -> None:
        self._tell_all(DatagramNotSent(datagram, str(problem)) for datagram, problem in unsent)

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


@dataclass(slots=True)
class _Outcome:
    """What became of the datagrams of one batch, or of a timeout."""

    datagrams: list[Datagram] = field(default_factory=list)
    """They depend on nothing, or on events that were told already."""
    held_events: list[Event] = field(default_factory=list)
    """Durable ones, and what came with them: told once they are on disk."""
    held_datagrams: list[Datagram] = field(default_factory=list)


def _to_everyone(datagram: Datagram) -> Datagram:
    """RFC 2131 §4.1: a server that cannot address the client's hardware may broadcast."""
    return replace(datagram, peer=datagram.peer._replace(host=LIMITED_BROADCAST), link_address=None)
