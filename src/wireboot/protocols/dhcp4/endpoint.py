"""The DHCP port: bytes become a message, one of the services answers it, the answer becomes a datagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from wireboot.endpoint import Datagram, DatagramDropped, Event, Outbox
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.events import RequestIgnored
from wireboot.protocols.dhcp4.fast_path import FastPath
from wireboot.protocols.dhcp4.message import BOOTREQUEST, Message, decode, encode
from wireboot.protocols.dhcp4.reply import reply_size_max
from wireboot.protocols.dhcp4.reply_address import addressed_reply


class Answer(NamedTuple):
    """What a service makes of a request that is its own. No reply: it stays silent, and the events say why."""

    reply: Message | None
    events: tuple[Event, ...] = ()


def silence(request: Message, reason: str) -> Answer:
    """No reply, as the protocol asks, and a word why."""
    return Answer(None, (RequestIgnored(request.chaddr, reason),))


class Dhcp4Service(Protocol):
    """One role on a DHCP port."""

    def answer(self, request: Message, received: Datagram, now: float) -> Answer | None:
        """None when the request is not this service's. Raises DecodeError for a malformed option."""


class Dhcp4Endpoint(Outbox):
    """An `Endpoint` for port 67 or 4011, shared by the services in the order given: the first to answer has spoken."""

    def __init__(self, services: Sequence[Dhcp4Service], fast_path: FastPath | None = None) -> None:
        """`fast_path` answers what it can, as the services would."""
        super().__init__()
        self._services = services
        self._fast_path = fast_path

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        quick = None if self._fast_path is None else self._fast_path.answer(datagram, now)
        if quick is not None:
            for event in quick.events:
                self._tell(event)
            self._send(quick.reply)
            return
        try:
            request = decode(datagram.payload)
            size_max = reply_size_max(request)
            answer = self._answer(request, datagram, now)
        except DecodeError as problem:
            self._drop(datagram, f"malformed {problem.field}", f"offset {problem.offset}: {problem.reason}")
            return
        if answer is None:
            self._drop(datagram, "not for a service offered here")
            return
        for event in answer.events:
            self._tell(event)
        if answer.reply is not None:
            payload = encode(answer.reply, size_max)
            self._send(addressed_reply(datagram, answer.reply, payload))

    def handle_timeout(self, now: float) -> None:
        """Nothing is ever due: a DHCP server answers and forgets; clients do the repeating (RFC 2131 §4.1)."""

    def next_timeout(self) -> float | None:
        return None

    def _answer(self, request: Message, datagram: Datagram, now: float) -> Answer | None:
        if request.op != BOOTREQUEST:
            raise DecodeError("op", 0, "a reply where requests are read")
        for service in self._services:
            if (answer := service.answer(request, datagram, now)) is not None:
                return answer
        return None

    def _drop(self, datagram: Datagram, reason: str, detail: str = "") -> None:
        self._tell(DatagramDropped("dhcp4", reason, datagram.peer, datagram.interface, detail))
