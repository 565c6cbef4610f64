"""Finds out ahead of need whether free addresses of networks that ARP does not reach are really free.

RFC 2131 §2.2 names the ICMP echo for it. As by ARP on links, the next few candidates are asked beforehand, so that no
client waits for the check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from wireboot.endpoint import Datagram, Event, Interface, Outbox, SocketAddress
from wireboot.errors import DecodeError
from wireboot.leases.allocator import Allocator
from wireboot.leases.subnet import Subnet
from wireboot.protocols.arp.prober import AddressInUse
from wireboot.protocols.arp.reach import subnets_at
from wireboot.protocols.echo import packet
from wireboot.wire import icmp
from wireboot.wire.addresses import UNSPECIFIED
from wireboot.wire.icmp import IcmpMessage

ANSWER_WITHIN_S = 1.0
"""From an echo to the next, or to the end: longer than any path takes on which machines boot."""
TRIES = 2
"""The first echo is often lost while a router on the way asks for the host's MAC."""
IN_QUESTION_MAX = 128
"""Addresses asked about at a time, all subnets together. Each gets an echo a second: so many a second leave at most."""
SUBNETS_PER_LOOK = 256
"""A look at thousands would hold up DHCP's clients, who are served by the same loop; the others are next."""

_ROUTED = SocketAddress(UNSPECIFIED, 0)
"""Which interface an echo leaves by, and from which address, is the routes' to say."""


@dataclass(frozen=True, slots=True)
class AddressesNotChecked(Event):
    """The system sends no echo to a subnet. Told once, until one leaves again."""

    network: IPv4Network
    reason: str
    what: str = "its addresses are offered without a look whether they are in use"
    hint: str = "`ip route get` is to show a way there, and no firewall here to forbid it"


@dataclass(frozen=True, slots=True)
class _Probe:
    subnet: Subnet
    echo: IcmpMessage
    asked_at: float
    tries: int = 1


class EchoProber(Outbox):
    """An `Endpoint` whose datagrams are ICMP messages: `peer.host` is the address one goes to or comes from."""

    def __init__(
        self, allocator: Allocator, interfaces: Mapping[str, Interface], *, identifier: int, data: bytes
    ) -> None:
        """`identifier` (16 bits) and `data` stand in every echo.

        They tell answers to us from other programs' and, drawn at random, from a stranger's inventions.
        """
        super().__init__()
        self._allocator = allocator
        self._interfaces = interfaces
        self._identifier, self._data = identifier, data
        self._sequence = 0
        self._probes: dict[IPv4Address, _Probe] = {}
        self._turn = 0
        """Subnets looked at so far: all get their turn, also where there is more to ask than may be asked at once."""
        self._without_route: set[IPv4Network] = set()
        self._wake_at = 0.0

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        source = datagram.peer.host
        assert isinstance(source, IPv4Address)
        try:
            message = icmp.decode(datagram.payload)
            if message.kind == icmp.ECHO_REPLY:
                self._take_reply(source, message, now)
            elif message.kind == icmp.DESTINATION_UNREACHABLE:
                self._take_error(source, message, now)
        except DecodeError:
            return

    def not_sent(self, datagram: Datagram, problem: OSError) -> None:
        """The system refused to send this echo: nothing can be known, which is as good as silence."""
        address = datagram.peer.host
        assert isinstance(address, IPv4Address)
        probe = self._probes.pop(address, None)
        if probe is None:
            return
        self._allocator.found_silent(probe.subnet, address, probe.asked_at)
        network = probe.subnet.network
        if network not in self._without_route:
            self._without_route.add(network)
            self._tell(AddressesNotChecked(network, problem.strerror or str(problem)))

    def handle_timeout(self, now: float) -> None:
        for address, probe in list(self._probes.items()):
            if now < probe.asked_at + ANSWER_WITHIN_S:
                continue
            # It has left, or we would have been told.
            self._without_route.discard(probe.subnet.network)
            if probe.tries < TRIES:
                self._ask(address, replace(probe, asked_at=now, tries=probe.tries + 1))
            else:
                self._found_free(address, probe, now)
        self._ask_for_candidates(now)
        self._wake_at = now + ANSWER_WITHIN_S

    def next_timeout(self) -> float | None:
        return self._wake_at

    def _take_reply(self, source: IPv4Address, message: IcmpMessage, now: float) -> None:
        probe = self._probes.get(source)
        if probe is not None and message == packet.reply_to(probe.echo):
            self._found_in_use(source, now)

    def _take_error(self, source: IPv4Address, message: IcmpMessage, now: float) -> None:
        quoted = packet.quoted_echo(message)
        if quoted is None:
            return
        probe = self._probes.get(quoted.destination)
        if probe is None or probe.echo.rest_of_header != quoted.numbers:
            return
        if source == quoted.destination:
            # Not a router that finds nobody, but a host whose firewall refuses an echo.
            self._found_in_use(source, now)
        else:
            self._found_free(quoted.destination, probe, now)

    def _found_in_use(self, address: IPv4Address, now: float) -> None:
        del self._probes[address]
        lease = self._allocator.quarantine(address, now)
        if lease is not None:
            self._tell(AddressInUse(lease, holder_link_address=None))

    def _found_free(self, address: IPv4Address, probe: _Probe, now: float) -> None:
        del self._probes[address]
        self._allocator.found_silent(probe.subnet, address, now)

    def _ask_for_candidates(self, now: float) -> None:
        subnets = self._allocator.subnets
        near = self._networks_near()
        for _ in range(min(len(subnets), SUBNETS_PER_LOOK)):
            subnet = subnets[self._turn % len(subnets)]
            candidates = [] if subnet.network in near else self._allocator.to_probe(subnet, now)
            for address in candidates:
                if address in self._probes:
                    continue
                if len(self._probes) >= IN_QUESTION_MAX:
                    # It is this subnet's turn still, the next time.
                    return
                self._sequence = (self._sequence + 1) & 0xFFFF
                echo = packet.request(self._identifier, self._sequence, self._data)
                self._ask(address, _Probe(subnet, echo, now))
            self._turn += 1

    def _networks_near(self) -> set[IPv4Network]:
        """Those whose hosts are asked by ARP."""
        links = self._allocator.links
        return {subnet.network for each in self._interfaces.values() for subnet in subnets_at(each, links)}

    def _ask(self, address: IPv4Address, probe: _Probe) -> None:
        self._probes[address] = probe
        # The same echo each time: an answer that comes late to the first one is an answer.
        self._send(Datagram(icmp.encode(probe.echo), SocketAddress(address, 0), _ROUTED, interface=""))
