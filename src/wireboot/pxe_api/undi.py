"""UNDI: the network card behind services that every card has alike (PXE 2.1, UNDI programming interface).

What here are methods and values, `calls/undi.py` makes parameter blocks of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TypeVar

from wireboot.pxe_api.card import FrameInterface, PacketFilter, ReceiveFilter
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.wire import ethernet

_FILTER_AFTER_RESET = PacketFilter.DIRECTED | PacketFilter.BROADCAST

W = TypeVar("W", bound=FrameInterface)


class UndiState(IntEnum):
    """Those of GET_STATE, and the one before them."""

    UNLOADED = 0
    STARTED = 1
    INITIALIZED = 2
    OPENED = 3


@dataclass(slots=True)
class Statistics:
    """In frames. What is lost is lost in the real card below, which does not say how much it is."""

    sent: int = 0
    received: int = 0


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

    def put_before_card(self, watcher: Callable[[FrameInterface], W]) -> W:
        """Let all frames pass what this makes of the card, from now on."""
        self._card = before = watcher(self._card)
        return before

    # States

    def start(self) -> None:
        """START_UNDI: as the option ROM does it when the machine starts. From any state: it begins anew."""
        self.close_if_open()
        self.state = UndiState.STARTED

    def stop(self) -> None:
        """STOP_UNDI, from any state: who calls it has done with the card."""
        self.close_if_open()
        self.state = UndiState.UNLOADED

    def startup(self) -> None:
        # Also of an initialized card: no program can ask for the state, since GET_STATE shares STOP_UNDI's number.
        self.need(UndiState.STARTED, UndiState.INITIALIZED)

    def cleanup(self) -> None:
        self.need(UndiState.STARTED)

    def initialize(self) -> None:
        """With the card's defaults, its own station address among them."""
        self.need(UndiState.STARTED, UndiState.INITIALIZED)
        self._set_filter(PacketFilter(0), frozenset())
        self._become_station(self.permanent_address)
        self.state = UndiState.INITIALIZED

    def reset(self, multicast_addresses: Collection[bytes]) -> None:
        """RESET_ADAPTER: the card is on the network after it, with the filter that it had there."""
        self.need(UndiState.INITIALIZED, UndiState.OPENED)
        is_open = self.state is UndiState.OPENED
        self._forget_frames()
        self._set_filter(self._filter.packet_filter if is_open else _FILTER_AFTER_RESET, multicast_addresses)
        self.state = UndiState.OPENED

    def shutdown(self) -> None:
        self.need(UndiState.INITIALIZED, UndiState.OPENED)
        self.close_if_open()
        self.state = UndiState.STARTED

    def open(self, packet_filter: PacketFilter, multicast_addresses: Collection[bytes]) -> None:
        # Also of an open card: the base code opens it for its own services, and a boot program knows nothing of that.
        self.need(UndiState.INITIALIZED, UndiState.OPENED)
        self._set_filter(packet_filter, multicast_addresses)
        self.state = UndiState.OPENED

    def close(self) -> None:
        self.need(UndiState.OPENED)
        self.close_if_open()

    def close_if_open(self) -> None:
        if self.state is UndiState.OPENED:
            self._set_filter(PacketFilter(0), frozenset())
            self._forget_frames()
            self.state = UndiState.INITIALIZED

    def need_started(self) -> None:
        """Raises ServiceFailed before START_UNDI and after STOP_UNDI."""
        self.need(UndiState.STARTED, UndiState.INITIALIZED, UndiState.OPENED)

    def need(self, *states: UndiState) -> None:
        """Raises ServiceFailed where the card is in none of them."""
        if self.state not in states:
            raise ServiceFailed(Status.UNDI_INVALID_STATE, f"the card is {self.state.name.lower()}")

    # Settings

    def set_station_address(self, link_address: bytes) -> None:
        self.need(UndiState.INITIALIZED)
        if ethernet.is_group(link_address) or not any(link_address):
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, "no station has this address")
        self._become_station(link_address)

    def set_packet_filter(self, packet_filter: PacketFilter) -> None:
        self.need(UndiState.OPENED)
        self._set_filter(packet_filter, self._filter.multicast_addresses)

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self.need(UndiState.INITIALIZED, UndiState.OPENED)
        self._set_filter(self._filter.packet_filter, link_addresses)

    def clear_statistics(self) -> None:
        self.statistics = Statistics()

    # Frames

    def transmit(self, frame: bytes) -> None:
        """Send a whole frame; that it has left is told by `next_from_card`. Raises ServiceFailed."""
        self.need(UndiState.OPENED)
        if not ethernet.HEADER_SIZE <= len(frame) <= ethernet.HEADER_SIZE + self.mtu:
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"a frame of {len(frame)} bytes, MTU {self.mtu}")
        try:
            self._card.transmit(frame)
        except OSError as problem:
            raise ServiceFailed(Status.UNDI_TRANSMIT_ERROR, str(problem)) from None
        self.statistics.sent += 1
        self._transmits_completed += 1

    def interrupt_is_ours(self) -> bool:
        """ISR, START: whether the card has something to tell. What arrives after this waits for the next time.

        A card that is not open tells nothing, and whoever polls it need not know that: lpxelinux begins before OPEN
        and ends after CLOSE. What has arrived there is left for the base code, which may open the card next.
        """
        if self.state is not UndiState.OPENED:
            return False
        if not self._received:
            self._take_in()
        return bool(self._received or self._transmits_completed)

    @property
    def has_received(self) -> bool:
        """A frame is here that was not told yet."""
        return bool(self._received)

    def next_from_card(self) -> TransmitCompleted | FrameReceived | None:
        """ISR, PROCESS and GET_NEXT: the next thing that the card has to tell, frames first."""
        self.need(UndiState.OPENED)
        if self._received:
            return FrameReceived(self._received.popleft())
        if self._transmits_completed:
            self._transmits_completed -= 1
            return TransmitCompleted()
        return None

    def _take_in(self) -> None:
        """One batch, and none beside it: what a caller does not ask for waits in the card, which has a bound."""
        accepted = [frame for frame in self._card.receive() if self._filter.accepts(frame[:6])]
        self.statistics.received += len(accepted)
        self._received.extend(accepted)

    def _forget_frames(self) -> None:
        self._received.clear()
        self._transmits_completed = 0

    def _become_station(self, link_address: bytes) -> None:
        if link_address != self.station_address:
            self._card.set_station_address(link_address)
            self._filter = replace(self._filter, station_address=link_address)

    def _set_filter(self, packet_filter: PacketFilter, multicast_addresses: Collection[bytes]) -> None:
        listed = frozenset(multicast_addresses)
        if listed != self._filter.multicast_addresses:
            # The card is told before the frames that bring these groups' packets here leave.
            self._card.set_multicast_addresses(listed)
        self._filter = ReceiveFilter(self.station_address, packet_filter, listed)
