"""Which MAC has an address on the link, and what waits until that is known (RFC 826, RFC 1122 §2.3.2)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.endpoint import SocketAddress
from wireboot.wire.ipv4 import Ipv4Packet

TRIES = 4
"""As PXE firmware asks before it reports PXE-E11."""
TRY_EVERY_S = 1.0
KNOWN_FOR_S = 60.0
"""RFC 1122 §2.3.2.1: of the order of a minute, for a peer that gets another card."""
KNOWN_MAX = 32
ASKED_MAX = 8
WAITING_MAX = 32
"""For each address asked for; of more the oldest are given up, as a cable would lose them."""


class Waiting(NamedTuple):
    packet: Ipv4Packet
    peer: SocketAddress


@dataclass(slots=True)
class _Question:
    ask_at: float
    tries: int = 0
    waiting: deque[Waiting] = field(default_factory=lambda: deque(maxlen=WAITING_MAX))


class _Known(NamedTuple):
    link_address: bytes
    until: float


class ArpCache:
    def __init__(self) -> None:
        self._known: dict[IPv4Address, _Known] = {}
        self._questions: dict[IPv4Address, _Question] = {}

    @property
    def is_asking(self) -> bool:
        """Something waits for a MAC."""
        return bool(self._questions)

    def link_address(self, address: IPv4Address, now: float) -> bytes | None:
        """The MAC, where it is known and the knowledge is fresh."""
        known = self._known.get(address)
        return known.link_address if known and now < known.until else None

    def wait(self, address: IPv4Address, waiting: Waiting, now: float) -> None:
        """Keep a packet until the MAC of `address` is known. Lost where too many addresses are being asked for."""
        question = self._questions.get(address)
        if question is None:
            if len(self._questions) == ASKED_MAX:
                return
            question = self._questions[address] = _Question(ask_at=now)
        question.waiting.append(waiting)

    def learn(self, address: IPv4Address, link_address: bytes, now: float, *, is_news_to_us: bool) -> list[Waiting]:
        """Take in who says to have an address; returns what waited for that.

        What was neither asked for nor said to us only refreshes what is known already (RFC 826's merge flag), so that
        the chatter of a busy link does not push out the few addresses in use.
        """
        if address not in self._known and address not in self._questions and not is_news_to_us:
            return []
        self._known.pop(address, None)
        if len(self._known) == KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[address] = _Known(link_address, now + KNOWN_FOR_S)
        question = self._questions.pop(address, None)
        return list(question.waiting) if question else []

    def addresses_to_ask(self, now: float) -> list[IPv4Address]:
        """Those for which a request is due. To be called whenever something new waits, and at `next_timeout`."""
        due: list[IPv4Address] = []
        for address, question in self._questions.items():
            if question.ask_at <= now and question.tries < TRIES:
                question.tries += 1
                question.ask_at = now + TRY_EVERY_S
                due.append(address)
        return due

    def given_up(self, now: float) -> list[Waiting]:
        """What waited in vain: its address has not answered the last request within its second."""
        silent = [
            address
            for address, question in self._questions.items()
            if question.tries == TRIES and question.ask_at <= now
        ]
        return [waiting for address in silent for waiting in self._questions.pop(address).waiting]

    def next_timeout(self) -> float | None:
        return min((question.ask_at for question in self._questions.values()), default=None)

    def clear(self) -> None:
        """Forget all: the host is on another network now, or on none."""
        self._known.clear()
        self._questions.clear()
