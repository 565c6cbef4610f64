"""The address of a host of our own: looked for, announced and watched (RFC 5227)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from typing import NamedTuple

from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.packet import ArpPacket
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED

PROBES = 3
PROBE_INTERVAL_MIN_S, PROBE_INTERVAL_MAX_S = 1.0, 2.0
ANNOUNCEMENTS = 2
ANNOUNCEMENT_INTERVAL_S = 2.0


class _Due(NamedTuple):
    at: float
    packet: ArpPacket


class OwnAddress:
    def __init__(self, station_address: bytes, random: Callable[[], float]) -> None:
        """`random` draws from 0 up to, not including, 1."""
        self.interface: IPv4Interface | None = None
        """The address in use, with its network."""
        self._station_address = station_address
        self._random = random
        self._probed: IPv4Address | None = None
        self._due: deque[_Due] = deque()

    @property
    def host(self) -> IPv4Address:
        """The address in use, or 0.0.0.0 while there is none (RFC 1122 §3.2.1.3)."""
        return self.interface.ip if self.interface else UNSPECIFIED

    def is_group(self, address: IPv4Address) -> bool:
        """Whether what is sent there is for several hosts: a multicast, or a broadcast here."""
        if address.is_multicast or address == LIMITED_BROADCAST:
            return True
        network = self.interface.network if self.interface else None
        # On a link of two hosts both addresses are theirs (RFC 3021 §2.1).
        return network is not None and network.prefixlen < 31 and address == network.broadcast_address

    def probe(self, address: IPv4Address, now: float) -> None:
        """Ask, and ask again, who has `address` (RFC 5227 §2.1.1). The first time at once: a boot is waiting."""
        self._probed = address
        self._due.clear()
        at = now
        for _ in range(PROBES):
            self._due.append(_Due(at, arp.probe(self._station_address, address)))
            at += PROBE_INTERVAL_MIN_S + self._random() * (PROBE_INTERVAL_MAX_S - PROBE_INTERVAL_MIN_S)

    def acquire(self, interface: IPv4Interface, now: float) -> None:
        """Use the address from now on; tell the link, where it is a new one (RFC 5227 §2.3)."""
        is_new = self.interface is None or self.interface.ip != interface.ip
        self.interface, self._probed = interface, None
        if is_new:
            announcement = ArpPacket(arp.REQUEST, self._station_address, interface.ip, bytes(6), interface.ip)
            times = (now + number * ANNOUNCEMENT_INTERVAL_S for number in range(ANNOUNCEMENTS))
            self._due = deque(_Due(at, announcement) for at in times)

    def give_up(self) -> None:
        self.interface = self._probed = None
        self._due.clear()

    def claimed_by(self, packet: ArpPacket) -> IPv4Address | None:
        """The address, probed or in use here, that the sender of this packet has too (RFC 5227 §2.1.1 and §2.4)."""
        if packet.sender_link_address == self._station_address:
            return None
        if packet.sender_address in (self._probed, self.interface and self.interface.ip):
            return packet.sender_address
        is_probe = packet.operation == arp.REQUEST and packet.sender_address == UNSPECIFIED
        return self._probed if is_probe and packet.target_address == self._probed else None

    def stop_probing(self) -> None:
        """The answer is known: somebody has it."""
        if self._probed is not None:
            self._probed = None
            self._due.clear()

    def packets_due(self, now: float) -> list[ArpPacket]:
        """Probes and announcements whose time has come, all of them broadcasts."""
        due: list[ArpPacket] = []
        while self._due and self._due[0].at <= now:
            due.append(self._due.popleft().packet)
        return due

    def next_timeout(self) -> float | None:
        return self._due[0].at if self._due else None
