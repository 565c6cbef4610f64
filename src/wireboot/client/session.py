"""A PXE stack on an interface of this machine: the card, the time, and where they are waited for."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from random import SystemRandom
from typing import Protocol

from wireboot.endpoint import Event
from wireboot.net.cards import open_card
from wireboot.net.clock import now
from wireboot.net.pcap import Direction, PcapWriter
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.card import FrameInterface
from wireboot.pxe_api.undi import Undi


class OpenStack(Protocol):
    """How a boot comes to its stack: `pxe_stack`, or another that is opened alike."""

    def __call__(
        self,
        interface: str,
        station_address: bytes,
        *,
        on_event: Callable[[Event], None],
        also_read: Mapping[int, Callable[[], bool]] | None = None,
    ) -> AbstractContextManager[BaseCode]: ...


@contextmanager
def pxe_stack(
    interface: str,
    station_address: bytes,
    *,
    on_event: Callable[[Event], None],
    also_read: Mapping[int, Callable[[], bool]] | None = None,
) -> Iterator[BaseCode]:
    """The base code of a station on this interface (`net.cards.open_card`), with its card initialized.

    `also_read` names file descriptors, such as the keyboard's, and what to call when one of them can be read while the
    stack waits: it may speak to whatever lives there, and returns whether it wants to be called again. Time is
    `net.clock.now`.

    Raises OperatorError where the interface is no use.
    """
    with open_card(interface, station_address) as card, selectors.SelectSelector() as selector:
        selector.register(card, selectors.EVENT_READ)
        watch(selector, also_read or {})
        surroundings, random = _Surroundings(selector), SystemRandom().random
        yield BaseCode(initialized(card), surroundings, interface=interface, random=random, on_event=on_event)


def initialized(card: FrameInterface) -> Undi:
    """The card as the option ROM leaves it to the base code."""
    undi = Undi(card)
    undi.start()
    undi.startup()
    undi.initialize()
    return undi


def watch(selector: selectors.BaseSelector, also_read: Mapping[int, Callable[[], bool]]) -> None:
    """Have `sleep` look at these descriptors, as `pxe_stack` says."""
    for descriptor, callback in also_read.items():
        selector.register(descriptor, selectors.EVENT_READ, callback)


def sleep(selector: selectors.BaseSelector, seconds: float) -> None:
    """Wait for so long, or until something can be read; call back whoever wanted that."""
    for key, _ in selector.select(seconds):
        read: Callable[[], bool] | None = key.data
        if read is not None and not read():
            selector.unregister(key.fileobj)


class _Surroundings:
    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector

    def now(self) -> float:
        return now()

    def wait(self, until: float) -> None:
        sleep(self._selector, max(0.0, until - now()))


class RecordedCard:
    """A card whose frames are written down. A `FrameInterface`. Raises OperatorError where they cannot be."""

    def __init__(self, card: FrameInterface, capture: PcapWriter, now: Callable[[], float]) -> None:
        self._card, self._capture, self._now = card, capture, now

    @property
    def station_address(self) -> bytes:
        return self._card.station_address

    @property
    def mtu(self) -> int:
        return self._card.mtu

    def transmit(self, frame: bytes) -> None:
        self._capture.write(frame, self._now(), Direction.SENT)
        self._card.transmit(frame)

    def receive(self) -> list[bytes]:
        frames = self._card.receive()
        for frame in frames:
            self._capture.write(frame, self._now(), Direction.RECEIVED)
        return frames

    def set_station_address(self, link_address: bytes) -> None:
        self._card.set_station_address(link_address)

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self._card.set_multicast_addresses(link_addresses)
