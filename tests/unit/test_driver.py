"""The driver joins an endpoint to sockets and the clock, and keeps the order that it promises."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import ClassVar

import pytest

from wireboot.endpoint import Datagram, Event, SocketAddress
from wireboot.net.clock import now
from wireboot.net.driver import DatagramNotSent, Driver, EndpointFailed
from wireboot.net.raw import RawSender

CLIENT = SocketAddress(IPv4Address("10.77.0.100"), 68)
SERVER = SocketAddress(IPv4Address("10.77.0.1"), 67)
MAC = bytes.fromhex("525400770010")
WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Noted(Event):
    payload: bytes


@dataclass(frozen=True, slots=True)
class Granted(Event):
    durable: ClassVar[bool] = True
    payload: bytes


def datagram(payload: bytes, link_address: bytes | None = None) -> Datagram:
    return Datagram(payload, CLIENT, SERVER, "eth0", link_address=link_address)


class Echo:
    """An endpoint that answers each datagram with the same; what begins with `lease` needs the disk first."""

    def __init__(self, wake_at: float | None = None) -> None:
        self.wake_at = wake_at
        self.woken = 0
        self._events: list[Event] = []
        self._outbox: list[Datagram] = []

    def receive_datagram(self, datagram: Datagram, now: float) -> None:  # noqa: ARG002  # an Endpoint's
        payload = datagram.payload
        self._events.append(Granted(payload) if payload.startswith(b"lease") else Noted(payload))
        self._outbox.append(datagram)

    def handle_timeout(self, now: float) -> None:  # noqa: ARG002  # an Endpoint's
        self.woken += 1
        self.wake_at = None
        self._outbox.append(datagram(b"woken"))

    def next_timeout(self) -> float | None:
        return self.wake_at

    def next_event(self) -> Event | None:
        return self._events.pop(0) if self._events else None

    def datagrams_to_send(self) -> list[Datagram]:
        ready, self._outbox = self._outbox, []
        return ready


class Pipe:
    """A transport made of a pipe that wakes the loop, and lists."""

    port = SERVER.port

    def __init__(self, diary: list[object]) -> None:
        self._diary = diary
        self._waiting: list[Datagram] = []
        self._read_end, self._write_end = os.pipe()
        self.refuses = False

    def arrive(self, *datagrams: Datagram) -> None:
        self._waiting += datagrams
        os.write(self._write_end, b"!")

    def fileno(self) -> int:
        return self._read_end

    def receive(self) -> list[Datagram]:
        os.read(self._read_end, 1)
        arrived, self._waiting = self._waiting, []
        return arrived

    def send(self, datagram: Datagram) -> None:
        if self.refuses:
            raise OSError("no route")
        self._diary.append(("sent", datagram.payload, str(datagram.peer)))

    def close(self) -> None:
        os.close(self._read_end)
        os.close(self._write_end)


class PretendedRawSender(RawSender):
    def __init__(self, diary: list[object]) -> None:
        self._diary = diary

    def send(self, datagram: Datagram) -> None:
        self._diary.append(("raw frame", datagram.payload, datagram.link_address))


class Stage:
    """A driver with an echo on a pipe, and the diary of all it did."""

    def __init__(self, *, raw: bool = False, wake_at: float | None = None) -> None:
        self.diary: list[object] = []
        self.to_store: list[Callable[[], None]] = []
        self.pipe = Pipe(self.diary)
        self.endpoint = Echo(wake_at)
        sender = PretendedRawSender(self.diary) if raw else None
        self.driver = Driver(self.endpoint, [self.pipe], remember=self._remember, tell=self._tell, raw=sender)

    def _remember(self, events: Sequence[Event], then: Callable[[], None]) -> None:
        self.diary.append(("storing", [event.payload for event in events if isinstance(event, Granted)]))
        self.to_store.append(then)

    def _tell(self, event: Event) -> None:
        self.diary.append(("told", event.payload) if isinstance(event, (Noted, Granted)) else event)

    def sent(self) -> list[object]:
        return [entry[1] for entry in self.diary if isinstance(entry, tuple) and entry[0] == "sent"]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                await asyncio.sleep(0.001)


def test_an_event_is_told_before_its_datagram_leaves() -> None:
    async def scenario() -> None:
        stage = Stage()
        stage.pipe.arrive(datagram(b"hello"))
        await stage.until(lambda: len(stage.diary) == 2)
        stage.driver.close()

        assert stage.diary == [("told", b"hello"), ("sent", b"hello", str(CLIENT))]

    asyncio.run(scenario())


def test_a_datagram_waits_until_what_it_depends_on_is_durable() -> None:
    """RFC 2131 §3.1: the lease is on disk before its DHCPACK is on the cable."""

    async def scenario() -> None:
        stage = Stage()
        stage.pipe.arrive(datagram(b"lease 1"))
        await stage.until(lambda: len(stage.to_store) == 1)
        assert stage.diary == [("storing", [b"lease 1"])]

        stage.to_store[0]()

        assert stage.diary[1:] == [("told", b"lease 1"), ("sent", b"lease 1", str(CLIENT))]
        stage.driver.close()

    asyncio.run(scenario())


def test_nobody_waits_for_the_lease_of_another() -> None:
    """However they arrived: read in one go from the socket, too."""

    async def scenario() -> None:
        stage = Stage()
        stage.pipe.arrive(datagram(b"lease 1"), datagram(b"hello"), datagram(b"lease 2"))
        await stage.until(lambda: len(stage.to_store) == 2)
        assert stage.sent() == [b"hello"]

        stage.to_store[1]()  # the first one could not be stored, and stays here

        assert stage.sent() == [b"hello", b"lease 2"]
        stage.driver.close()

    asyncio.run(scenario())


def test_a_client_without_an_address_is_answered_in_a_raw_frame() -> None:
    """RFC 2131 §4.1."""

    async def scenario() -> None:
        stage = Stage(raw=True)
        stage.pipe.arrive(datagram(b"hello", link_address=MAC))
        await stage.until(lambda: len(stage.diary) == 2)
        stage.driver.close()

        assert stage.diary[1] == ("raw frame", b"hello", MAC)

    asyncio.run(scenario())


def test_where_raw_frames_are_refused_it_is_answered_by_broadcast() -> None:
    """RFC 2131 §4.1."""

    async def scenario() -> None:
        stage = Stage(raw=False)
        stage.pipe.arrive(datagram(b"hello", link_address=MAC))
        await stage.until(lambda: len(stage.diary) == 2)
        stage.driver.close()

        assert stage.diary[1] == ("sent", b"hello", "255.255.255.255:68")

    asyncio.run(scenario())


def test_a_datagram_that_cannot_be_sent_is_told_and_the_others_leave() -> None:
    async def scenario() -> None:
        stage = Stage()
        stage.pipe.refuses = True
        stage.pipe.arrive(datagram(b"hello"))
        await stage.until(lambda: len(stage.diary) == 2)
        assert stage.diary[1] == DatagramNotSent(datagram(b"hello"), "no route")

        stage.pipe.refuses = False
        stage.pipe.arrive(datagram(b"again"))
        await stage.until(lambda: len(stage.diary) == 4)
        assert stage.diary[3] == ("sent", b"again", str(CLIENT))
        stage.driver.close()

    asyncio.run(scenario())


def test_the_endpoint_is_woken_when_it_wants_to_be_and_not_again() -> None:
    async def scenario() -> None:
        wake_at = now() + 0.05
        stage = Stage(wake_at=wake_at)
        await stage.until(lambda: stage.endpoint.woken == 1)
        assert now() >= wake_at
        assert stage.diary == [("sent", b"woken", str(CLIENT))]

        await asyncio.sleep(0.1)
        assert stage.endpoint.woken == 1
        stage.driver.close()

    asyncio.run(scenario())


def test_a_closed_driver_wakes_nobody() -> None:
    async def scenario() -> None:
        stage = Stage(wake_at=now() + 0.02)
        stage.driver.close()
        await asyncio.sleep(0.1)
        assert stage.endpoint.woken == 0

    asyncio.run(scenario())


def test_a_closed_driver_sends_no_more() -> None:
    """What was stored on the way out: the client asks again, and finds it."""

    async def scenario() -> None:
        stage = Stage()
        stage.pipe.arrive(datagram(b"lease 1"))
        await stage.until(lambda: len(stage.to_store) == 1)
        stage.driver.close()

        stage.to_store[0]()

        assert stage.diary == [("storing", [b"lease 1"])]

    asyncio.run(scenario())


def test_an_endpoint_that_raises_takes_no_other_client_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        stage = Stage()
        receive = stage.endpoint.receive_datagram

        def raise_at_first(arrived: Datagram, at: float) -> None:
            if arrived.payload == b"fault":
                raise RuntimeError("ours")
            receive(arrived, at)

        monkeypatch.setattr(stage.endpoint, "receive_datagram", raise_at_first)
        stage.pipe.arrive(datagram(b"fault"), datagram(b"hello"))
        await stage.until(lambda: bool(stage.sent()))
        stage.driver.close()

        failure = stage.diary[0]
        assert isinstance(failure, EndpointFailed)
        assert "RuntimeError: ours" in failure.traceback
        assert stage.sent() == [b"hello"]

    asyncio.run(scenario())
