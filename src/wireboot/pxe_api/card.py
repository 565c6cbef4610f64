"""The network card as the PXE stack sees it: frames out, frames in, and which of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntFlag
from typing import Protocol

from wireboot.wire import ethernet


class PacketFilter(IntFlag):
    """Which frames a card lets in (UNDI OPEN and SET_PACKET_FILTER)."""

    DIRECTED = 0x0001
    """Those to the station address and to the listed multicast addresses."""
    BROADCAST = 0x0002
    PROMISCUOUS = 0x0004


@dataclass(frozen=True, slots=True)
class ReceiveFilter:
    """The rule by which a card lets frames in."""

    station_address: bytes
    packet_filter: PacketFilter = PacketFilter.DIRECTED | PacketFilter.BROADCAST
    multicast_addresses: frozenset[bytes] = frozenset()

    def accepts(self, destination: bytes) -> bool:
        if PacketFilter.PROMISCUOUS in self.packet_filter:
            return True
        if destination == ethernet.BROADCAST:
            return PacketFilter.BROADCAST in self.packet_filter
        is_named = destination == self.station_address or destination in self.multicast_addresses
        return is_named and PacketFilter.DIRECTED in self.packet_filter


class FrameInterface(Protocol):
    """A card, real or imagined, that belongs to one client."""

    @property
    def station_address(self) -> bytes:
        """The client's own MAC, which is not that of the machine it runs on."""

    @property
    def mtu(self) -> int:
        """The longest payload of a frame, in bytes."""

    def transmit(self, frame: bytes) -> None:
        """Send a whole frame, its header made by the caller. Raises OSError where the system refuses."""

    def receive(self) -> list[bytes]:
        """What has arrived, up to one batch: whole frames within the MTU, with their checksums. Never waits."""

    def set_station_address(self, link_address: bytes) -> None:
        """Be this station from now on."""

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        """Let in what is sent to these groups of stations, and to no others."""
