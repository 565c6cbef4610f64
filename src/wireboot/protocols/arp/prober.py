"""Finds out ahead of need whether a free address is really free, so that no client waits for the check.

RFC 2131 §2.2 asks a server to probe an address before it offers it. Done in the client's path that costs seconds; done
for the next few candidates beforehand it costs the client nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.endpoint import Datagram, Interface, Outbox, SocketAddress
from wireboot.errors import DecodeError
from wireboot.leases.allocator import Allocator
from wireboot.leases.lease import LeaseChanged
from wireboot.leases.subnet import Subnet
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.reach import subnets_at

ANSWER_WITHIN_S = 0.5
"""Hosts on one link answer ARP in milliseconds; this forgives a busy one."""
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class AddressInUse(LeaseChanged):
    """Something that has no lease answers at an address of a pool."""

    holder_link_address: bytes | None
    """None: it is behind a router, where its MAC is not seen."""


class _Probe(NamedTuple):
    subnet: Subnet
    sent_at: float


class AddressProber(Outbox):
    """An `Endpoint` whose datagrams are ARP packets: `payload` is one, `peer.host` the address it is about."""

    def __init__(self, allocator: Allocator, interfaces: Mapping[str, Interface]) -> None:
        super().__init__()
        self._allocator = allocator
        self._interfaces = interfaces
        self._probes: dict[tuple[str, IPv4Address], _Probe] = {}
        """By interface: another network may number its hosts like this one."""
        self._wake_at = 0.0

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        try:
            packet = arp.decode(datagram.payload)
        except DecodeError:
            return
        if self._probes.pop((datagram.interface, packet.sender_address), None) is None:
            return
        lease = self._allocator.quarantine(packet.sender_address, now)
        if lease is not None:
            self._tell(AddressInUse(lease, packet.sender_link_address))

    def handle_timeout(self, now: float) -> None:
        for (interface_name, address), probe in list(self._probes.items()):
            if now - probe.sent_at >= ANSWER_WITHIN_S:
                del self._probes[interface_name, address]
                self._allocator.found_silent(probe.subnet, address, now)
        for interface in self._interfaces.values():
            for subnet in subnets_at(interface, self._allocator.links):
                self._probe_candidates(subnet, interface, now)
        self._wake_at = now + (ANSWER_WITHIN_S if self._probes else LOOK_EVERY_S)

    def next_timeout(self) -> float | None:
        return self._wake_at

    def _probe_candidates(self, subnet: Subnet, interface: Interface, now: float) -> None:
        local = SocketAddress(interface.ipv4[0].ip, 0)
        for address in self._allocator.to_probe(subnet, now):
            if (interface.name, address) not in self._probes:
                self._probes[interface.name, address] = _Probe(subnet, now)
                payload = arp.encode(arp.probe(interface.link_address, address))
                self._send(Datagram(payload, SocketAddress(address, 0), local, interface.name))
