"""The driver joins an endpoint to sockets and the clock, and keeps the order that it promises."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import ClassVar

import pytest

from wireboot.endpoint import Datagram, Event, SocketAddress
from wireboot.net.batch import Unsent
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
        self.refuses: set[bytes] = set()
        self.calls: list[list[bytes]] = []
        """What was to leave together."""

    def arrive(self, *datagrams: Datagram) -> None:
        self._waiting += datagrams
        os.write(self._write_end, b"!")

    def fileno(self) -> int:
        return self._read_end

    def receive(self) -> list[Datagram]:
        os.read(self._read_end, 1)
        arrived, self._waiting = self._waiting, []
        return arrived

    def send_many(self, datagrams: Sequence[Datagram]) -> list[Unsent]:
        refused = [each for each in datagrams if each.payload in self.refuses]
        self.calls.append([each.payload for each in datagrams])
        self._diary += [("sent", each.payload, str(each.peer)) for each in datagrams if each not in refused]
        return [(each, OSError("no route")) for each in refused]

    def close(self) -> None:
        os.close(self._read_end)
        os.close(self._write_end)


class PretendedRawSender(RawSender):
    def __init__(self, diary: list[object]) -> None:
        self._diary = diary

    def send_many(self, datagrams: Iterable[Datagram]) -> list[Unsent]:
        self._diary += [("raw frame", each.payload, each.link_address) for each in datagrams]
        return []


class Stage:
    """A driver with an echo on a pipe, and the diary of all it did."""

    def __init__(self, *, raw: bool = False, wake_at: float | None = None) -> None:
        self.diary: list[object] = []
        self.to_store: list[Callable[[], None]] = []
        self.untold: set[bytes] = set()
        self.pipe = Pipe(self.diary)
        self.endpoint = Echo(wake_at)
        sender = PretendedRawSender(self.diary) if raw else None
        self.driver = Driver(self.endpoint, [self.pipe], remember=self._remember, tell=self._tell, raw=sender)

    def _remember(self, events: Sequence[Event], then: Callable[[], None]) -> None:
        self.diary.append(("storing", [event.payload for event in events if isinstance(event, Granted)]))
        self.to_store.append(then)

    def _tell(self, event: Event) -> None:
        if isinstance(event, (Noted, Granted)) and event.payload in self.untold:
            raise RuntimeError("ours")
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
        stage.pipe.arrive(datagram(b"lease 1"), datagram(b"hello"), datagram(b"lease 2"), datagram(b"world"))
        await stage.until(lambda: len(stage.to_store) == 1)
        stage.driver.close()

        assert stage.sent() == [b"hello", b"world"]

    asyncio.run(scenario())


def test_the_leases_of_one_batch_are_stored_together() -> None:
    """A boot storm: each submission to the disk costs, and so does each call that sends."""

    async def scenario() -> None:
        stage = Stage()
        stage.pipe.arrive(datagram(b"lease 1"), datagram(b"hello"), datagram(b"lease 2"))
        await stage.until(lambda: len(stage.to_store) == 1)
        assert ("storing", [b"lease 1", b"lease 2"]) in stage.diary

        stage.to_store[0]()

        assert stage.diary[-4:] == [
            ("told", b"lease 1"),
            ("told", b"lease 2"),
            ("sent", b"lease 1", str(CLIENT)),
            ("sent", b"lease 2", str(CLIENT)),
        ]
        stage.driver.close()

    asyncio.run(scenario())


def test_what_could_not_be_stored_stays_here_and_takes_no_later_batch_with_it() -> None:
    async def scenario() -> None:
        stage = Stage()
        stage.pipe.arrive(datagram(b"lease 1"))
        await stage.until(lambda: len(stage.to_store) == 1)
        stage.pipe.arrive(datagram(b"lease 2"))
        await stage.until(lambda: len(stage.to_store) == 2)

        stage.to_store[1]()

        assert stage.sent() == [b"lease 2"]
        stage.driver.close()

    asyncio.run(scenario())


def test_the_answers_to_one_batch_leave_together_in_order() -> None:
    async def scenario() -> None:
        stage = Stage()
        stage.pipe.arrive(*(datagram(b"%d" % number) for number in range(5)))
        await stage.until(lambda: bool(stage.sent()))
        stage.driver.close()

        assert stage.pipe.calls == [[b"0", b"1", b"2", b"3", b"4"]]

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
        stage.pipe.refuses = {b"hello"}
        stage.pipe.arrive(datagram(b"hello"), datagram(b"again"))
        await stage.until(lambda: len(stage.diary) == 4)
        stage.driver.close()

        assert stage.diary[2:] == [("sent", b"again", str(CLIENT)), DatagramNotSent(datagram(b"hello"), "no route")]

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


def test_an_event_that_cannot_be_told_takes_no_other_client_with_it() -> None:
    """What hears of events looks at each client (boot/timeline.py), so it may fail for one as an endpoint may."""

    async def scenario() -> None:
        stage = Stage()
        stage.untold = {b"fault", b"lease fault"}
        stage.pipe.arrive(datagram(b"fault"), datagram(b"hello"), datagram(b"lease fault"), datagram(b"lease 1"))
        await stage.until(lambda: len(stage.to_store) == 1)
        assert stage.sent() == [b"fault", b"hello"]

        stage.to_store[0]()

        assert stage.sent() == [b"fault", b"hello", b"lease fault", b"lease 1"]
        assert ("told", b"lease 1") in stage.diary
        assert sum(isinstance(entry, EndpointFailed) for entry in stage.diary) == 2
        stage.driver.close()

    asyncio.run(scenario())


def test_an_answer_from_a_port_that_is_not_there_takes_no_other_with_it() -> None:
    async def scenario() -> None:
        stage = Stage()
        nowhere = Datagram(b"fault", CLIENT, SocketAddress(SERVER.host, 9), "eth0")
        stage.pipe.arrive(nowhere, datagram(b"hello"), datagram(b"lease 1"))
        await stage.until(lambda: len(stage.to_store) == 1)
        stage.driver.close()

        assert stage.sent() == [b"hello"]
        assert any(isinstance(entry, EndpointFailed) for entry in stage.diary)

    asyncio.run(scenario())
