"""A PXE stack on an interface of this machine: the card, the time, and where they are waited for."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from random import SystemRandom
from typing import Protocol

from wireboot.client.card_before import CardBefore
from wireboot.endpoint import Event
from wireboot.net.cards import open_card
from wireboot.net.clock import now
from wireboot.net.pcap import Direction, PcapWriter
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.card import FrameInterface
from wireboot.pxe_api.undi import Undi

AlsoRead = Mapping[int, Callable[[], bool]]
"""File descriptors, such as the keyboard's, and what to call when one can be read while the stack waits.

It may speak to whatever lives on the stack, and returns whether it wants to be called again.
"""


class OpenStack(Protocol):
    """How a boot comes to its stack: `pxe_stack`, or another that is opened alike."""

    def __call__(
        self,
        interface: str,
        station_address: bytes,
        *,
        on_event: Callable[[Event], None],
        also_read: AlsoRead | None = None,
    ) -> AbstractContextManager[BaseCode]: ...


@contextmanager
def pxe_stack(
    interface: str,
    station_address: bytes,
    *,
    on_event: Callable[[Event], None],
    also_read: AlsoRead | None = None,
) -> Iterator[BaseCode]:
    """The base code of a station on this interface (`net.cards.open_card`), with its card initialized.

    Time is `net.clock.now`. Raises OperatorError where the interface is no use.
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


def watch(selector: selectors.BaseSelector, also_read: AlsoRead) -> None:
    """Have `sleep` look at these descriptors."""
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


class RecordedCard(CardBefore):
    """Writes all frames down. Raises OperatorError where that cannot be done."""

    def __init__(self, card: FrameInterface, capture: PcapWriter, now: Callable[[], float]) -> None:
        super().__init__(card)
        self._capture, self._now = capture, now

    def transmit(self, frame: bytes) -> None:
        self._capture.write(frame, self._now(), Direction.SENT)
        super().transmit(frame)

    def receive(self) -> list[bytes]:
        frames = super().receive()
        for frame in frames:
            self._capture.write(frame, self._now(), Direction.RECEIVED)
        return frames
