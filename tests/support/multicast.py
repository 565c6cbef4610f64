"""One network segment in the imagination: a server, any number of clients, and switches that lose what they want.

Clients are real endpoints. What the server sends to a group reaches all that have joined it, and counts once.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count
from math import inf
from random import Random
from typing import Protocol

from tests.support.tftp import SERVER_HOST, MemoryFiles
from wireboot.endpoint import Datagram, Endpoint, Event, GroupJoined, GroupLeft, SocketAddress
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem
from wireboot.protocols.tftp.mtftp import MtftpParameters
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.protocols.tftp.multicast import MulticastLimits
from wireboot.protocols.tftp.multicast_client import MulticastTftpClient
from wireboot.protocols.tftp.timers import Timers
from wireboot.wire.addresses import AddressRange

NOW = 1_700_000_000.0
MTFTP_SERVER = SocketAddress(SERVER_HOST, 1759)
TFTP_SERVER = SocketAddress(SERVER_HOST, 69)
OFFERS = {
    "boot": MtftpParameters(IPv4Address("239.255.77.1"), 1760, MTFTP_SERVER.port, 2, 2),
    "other": MtftpParameters(IPv4Address("239.255.77.2"), 1760, MTFTP_SERVER.port, 2, 2),
}
MULTICAST_LIMITS = MulticastLimits(AddressRange(IPv4Address("239.255.69.1"), IPv4Address("239.255.69.9")))
_LATENCY_S = 0.0005
"""From one end of the segment to the other."""
_FIRST_CLIENT = int(IPv4Address("10.77.1.0"))


class FetchEndpoint(Endpoint, Protocol):
    @property
    def ended(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Link:
    """What happens on the way between one client and the switch, in either direction."""

    loss: float = 0.0
    duplication: float = 0.0
    delay_s: float = 0.0
    """At most; anything up to that, so that packets overtake each other."""


PERFECT = Link()


@dataclass(slots=True, eq=False)
class Member:
    """A client on the segment. `Timed`."""

    address: IPv4Address
    endpoint: FetchEndpoint
    link: Link
    groups: set[IPv4Address] = field(default_factory=set)
    ends: list[Fetched | FetchFailed] = field(default_factory=list)
    ended_at: float = inf
    dead: bool = False
    lost_blocks: set[int] = field(default_factory=set)
    """DATA to the group that never arrives the first time, by number."""
    wake_at: float | None = None
    scheduled_at: float = inf

    @property
    def content(self) -> bytes | None:
        """What was fetched, if it was."""
        end = self.ends[-1] if self.ends else None
        return end.content if isinstance(end, Fetched) else None

    @property
    def problem(self) -> FetchProblem | None:
        end = self.ends[-1] if self.ends else None
        return end.problem if isinstance(end, FetchFailed) else None


class MulticastSegment:
    """Runs one server and its clients on a clock of its own. The same seed is the same run."""

    def __init__(self, server: Endpoint, *, seed: int = 0) -> None:
        self.now = NOW
        self.members: list[Member] = []
        self.server_payload_bytes = 0
        """Of the datagrams that the server sent, DATA and all others, those to groups counted once."""
        self.server_datagrams = 0
        self.sent_to: Counter[SocketAddress] = Counter()
        self.events: list[Event] = []
        """Of the server."""

        self.server = server
        self.random = Random(seed)
        self._serial = count()
        self._under_way: list[tuple[float, int, Member | None, Datagram]] = []
        self._by_address: dict[IPv4Address, Member] = {}
        self._by_group: dict[IPv4Address, dict[Member, None]] = {}
        self._timers: Timers[Member] = Timers()

    def next_address(self) -> IPv4Address:
        return IPv4Address(_FIRST_CLIENT + len(self.members))

    def add(self, endpoint: FetchEndpoint, link: Link = PERFECT) -> Member:
        """Join a client, whose own address is `next_address()`."""
        member = Member(self.next_address(), endpoint, link)
        self.members.append(member)
        self._by_address[member.address] = member
        self._settle_member(member)
        return member

    def add_mtftp(
        self, file: str = "boot", link: Link = PERFECT, *, parameters: MtftpParameters | None = None
    ) -> Member:
        client = MtftpClient(
            file,
            SERVER_HOST,
            parameters or OFFERS[file],
            self.next_address(),
            "eth0",
            size_bytes_max=1 << 24,
            random=self.random.random,
            now=self.now,
        )
        return self.add(client, link)

    def add_multicast(self, file: str = "boot", link: Link = PERFECT, *, blksize: int | None = None) -> Member:
        """A client of RFC 2090."""
        client = MulticastTftpClient(
            file,
            TFTP_SERVER,
            SocketAddress(self.next_address(), 2070),
            "eth0",
            blksize=blksize,
            size_bytes_max=1 << 24,
            now=self.now,
        )
        return self.add(client, link)

    def kill(self, member: Member) -> None:
        """Its power goes."""
        member.dead = True
        member.wake_at = None
        for group in list(member.groups):
            self._by_group[group].pop(member, None)

    def run(self, seconds: float) -> None:
        """Until nothing is left to happen, but for so long at most."""
        end = self.now + seconds
        while (at := self._next_moment()) <= end:
            self.now = max(self.now, at)
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, member, datagram = heapq.heappop(self._under_way)
                self._deliver(member, datagram)
            while (due := self._timers.pop_due(self.now)) is not None:
                due.endpoint.handle_timeout(self.now)
                self._settle_member(due)
            if (wake_at := self.server.next_timeout()) is not None and wake_at <= self.now:
                self.server.handle_timeout(self.now)
                self._settle_server()
        if end != inf and self._next_moment() < inf:
            self.now = end

    def run_until_blocks(self, blocks: int, within_s: float = 60.0) -> None:
        """Until the server has sent so many datagrams to groups."""
        end = self.now + within_s
        while self.now < end and sum(self.sent_to[to] for to in self.sent_to if to.host.is_multicast) < blocks:
            self.run(0.001)

    def _next_moment(self) -> float:
        moments = [self._timers.next_timeout(), self.server.next_timeout()]
        moments.append(self._under_way[0][0] if self._under_way else None)
        return min((moment for moment in moments if moment is not None), default=inf)

    def _deliver(self, member: Member | None, datagram: Datagram) -> None:
        if member is None:
            self.server.receive_datagram(datagram, self.now)
            self._settle_server()
        elif not member.dead:
            member.endpoint.receive_datagram(datagram, self.now)
            self._settle_member(member)

    def _settle_server(self) -> None:
        while (event := self.server.next_event()) is not None:
            self.events.append(event)
        for datagram in self.server.datagrams_to_send():
            self.server_payload_bytes += len(datagram.payload)
            self.server_datagrams += 1
            self.sent_to[datagram.peer] += 1
            to = datagram.peer
            assert isinstance(to.host, IPv4Address)
            if to.host.is_multicast:
                for member in list(self._by_group.get(to.host, ())):
                    self._carry_to(member, datagram, to_group=True)
            elif to.host in self._by_address:
                self._carry_to(self._by_address[to.host], datagram, to_group=False)

    def _carry_to(self, member: Member, datagram: Datagram, *, to_group: bool) -> None:
        if to_group and member.lost_blocks:
            block = int.from_bytes(datagram.payload[2:4], "big")
            if block in member.lost_blocks:
                member.lost_blocks.remove(block)
                return
        local = SocketAddress(member.address, datagram.peer.port)
        self._carry(member.link, member, Datagram(datagram.payload, datagram.local, local, "eth0", to_group))

    def _settle_member(self, member: Member) -> None:
        while (event := member.endpoint.next_event()) is not None:
            match event:
                case GroupJoined(group):
                    member.groups.add(group)
                    self._by_group.setdefault(group, {})[member] = None
                case GroupLeft(group):
                    member.groups.remove(group)
                    del self._by_group[group][member]
                case Fetched() | FetchFailed():
                    member.ends.append(event)
                    member.ended_at = self.now
        for datagram in member.endpoint.datagrams_to_send():
            self._carry(member.link, None, Datagram(datagram.payload, datagram.local, datagram.peer, "eth0"))
        member.wake_at = member.endpoint.next_timeout()
        self._timers.schedule(member)

    def _carry(self, link: Link, to: Member | None, datagram: Datagram) -> None:
        for _ in range(1 + (link.duplication > 0 and self.random.random() < link.duplication)):
            if link.loss == 0 or self.random.random() >= link.loss:
                delay_s = self.random.random() * link.delay_s if link.delay_s else 0.0
                heapq.heappush(self._under_way, (self.now + _LATENCY_S + delay_s, next(self._serial), to, datagram))


def memory_files(**files: bytes) -> MemoryFiles:
    return MemoryFiles(files)


def all_have(members: Sequence[Member], content: bytes) -> bool:
    """Each of them ended once, with this file."""
    return all(len(member.ends) == 1 and member.content == content for member in members)
