"""UNDI: the network card behind services that every card has alike (PXE 2.1, UNDI programming interface).

What here are methods and values, `calls/undi.py` makes parameter blocks of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from wireboot.pxe_api.card import FrameInterface, PacketFilter, ReceiveFilter
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.wire import ethernet

QUEUE_FRAMES_MAX = 512
"""Frames that wait for a caller who does not ask; of more the newest are lost, as in a card."""


class UndiState(IntEnum):
    """Those of GET_STATE, and the one before them."""

    UNLOADED = 0
    STARTED = 1
    INITIALIZED = 2
    OPENED = 3


@dataclass(slots=True)
class Statistics:
    sent: int = 0
    received: int = 0
    crc_errors: int = 0
    """None come this far: the real card below has dropped them."""
    no_room: int = 0


@dataclass(frozen=True, slots=True)
class TransmitCompleted:
    """A frame has left the card."""


@dataclass(frozen=True, slots=True)
class FrameReceived:
    data: bytes


class Undi:
    """A card in one of four states; what does not fit the state raises ServiceFailed (UNDI_INVALID_STATE)."""

    def __init__(self, card: FrameInterface) -> None:
        self._card = card
        self.permanent_address = card.station_address
        self.state = UndiState.UNLOADED
        self.statistics = Statistics()
        self._filter = ReceiveFilter(card.station_address, PacketFilter(0))
        self._received: deque[bytes] = deque()
        self._transmits_completed = 0

    @property
    def station_address(self) -> bytes:
        return self._filter.station_address

    @property
    def mtu(self) -> int:
        """The longest payload of a frame, in bytes."""
        return self._card.mtu

    # States

    def start(self) -> None:
        """START_UNDI: as the option ROM does it when the machine starts."""
        self.state = UndiState.STARTED

    def stop(self) -> None:
        """STOP_UNDI."""
        self.state = UndiState.UNLOADED

    def startup(self) -> None:
        self._need(UndiState.STARTED)

    def cleanup(self) -> None:
        self._need(UndiState.STARTED)

    def initialize(self) -> None:
        self._need(UndiState.STARTED, UndiState.INITIALIZED)
        self._set_filter(PacketFilter(0), frozenset())
        self.state = UndiState.INITIALIZED

    def reset(self, multicast_addresses: Collection[bytes]) -> None:
        """RESET_ADAPTER: opened stays opened."""
        self._need(UndiState.INITIALIZED, UndiState.OPENED)
        self._forget_frames()
        self._set_filter(self._filter.packet_filter, multicast_addresses)

    def shutdown(self) -> None:
        self._need(UndiState.INITIALIZED, UndiState.OPENED)
        self.close_if_open()
        self.state = UndiState.STARTED

    def open(self, packet_filter: PacketFilter, multicast_addresses: Collection[bytes]) -> None:
        self._need(UndiState.INITIALIZED)
        self._set_filter(packet_filter, multicast_addresses)
        self.state = UndiState.OPENED

    def close(self) -> None:
        self._need(UndiState.OPENED)
        self.close_if_open()

    def close_if_open(self) -> None:
        if self.state is UndiState.OPENED:
            self._set_filter(PacketFilter(0), frozenset())
            self._forget_frames()
            self.state = UndiState.INITIALIZED

    # Settings

    def set_station_address(self, link_address: bytes) -> None:
        self._need(UndiState.INITIALIZED)
        if ethernet.is_group(link_address) or not any(link_address):
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, "no station has this address")
        self._card.set_station_address(link_address)
        self._filter = ReceiveFilter(link_address, PacketFilter(0))

    def set_packet_filter(self, packet_filter: PacketFilter) -> None:
        self._need(UndiState.OPENED)
        self._set_filter(packet_filter, self._filter.multicast_addresses)

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self._need(UndiState.INITIALIZED, UndiState.OPENED)
        self._set_filter(self._filter.packet_filter, link_addresses)

    def clear_statistics(self) -> None:
        self.statistics = Statistics()

    # Frames

    def transmit(self, frame: bytes) -> None:
        """Send a whole frame; that it has left is told by `next_from_card`. Raises ServiceFailed."""
        self._need(UndiState.OPENED)
        if not ethernet.HEADER_SIZE <= len(frame) <= ethernet.HEADER_SIZE + self.mtu:
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"a frame of {len(frame)} bytes, MTU {self.mtu}")
        try:
            self._card.transmit(frame)
        except OSError as problem:
            raise ServiceFailed(Status.UNDI_TRANSMIT_ERROR, str(problem)) from None
        self.statistics.sent += 1
        self._transmits_completed += 1

    def interrupt_is_ours(self) -> bool:
        """ISR, START: whether the card has something to tell. What arrives after this waits for the next time."""
        self._need(UndiState.OPENED)
        self._take_in()
        return bool(self._received or self._transmits_completed)

    def next_from_card(self) -> TransmitCompleted | FrameReceived | None:
        """ISR, PROCESS and GET_NEXT: the next thing that the card has to tell."""
        self._need(UndiState.OPENED)
        if self._transmits_completed:
            self._transmits_completed -= 1
            return TransmitCompleted()
        return FrameReceived(self._received.popleft()) if self._received else None

    def _take_in(self) -> None:
        for frame in self._card.receive():
            if not self._filter.accepts(frame[:6]):
                continue
            if len(self._received) == QUEUE_FRAMES_MAX:
                self.statistics.no_room += 1
            else:
                self.statistics.received += 1
                self._received.append(frame)

    def _forget_frames(self) -> None:
        self._received.clear()
        self._transmits_completed = 0

    def _set_filter(self, packet_filter: PacketFilter, multicast_addresses: Collection[bytes]) -> None:
        listed = frozenset(multicast_addresses)
        if listed != self._filter.multicast_addresses:
            # The card is told before the frames that bring these groups' packets here leave.
            self._card.set_multicast_addresses(listed)
        self._filter = ReceiveFilter(self.station_address, packet_filter, listed)

    def _need(self, *states: UndiState) -> None:
        if self.state not in states:
            raise ServiceFailed(Status.UNDI_INVALID_STATE, f"the card is {self.state.name.lower()}")
