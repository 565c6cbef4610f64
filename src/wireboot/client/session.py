"""A PXE stack on an interface of this machine: the card, the time, and where they are waited for."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from random import SystemRandom

from wireboot.endpoint import Event
from wireboot.net.clock import now
from wireboot.net.frame_socket import FrameSocket
from wireboot.net.pcap import Direction, PcapWriter
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.card import FrameInterface
from wireboot.pxe_api.undi import Undi


@contextmanager
def pxe_stack(
    interface: str,
    station_address: bytes,
    *,
    on_event: Callable[[Event], None],
    capture: PcapWriter | None = None,
    also_read: Mapping[int, Callable[[], bool]] | None = None,
) -> Iterator[BaseCode]:
    """The base code of a station on this interface, with its card initialized.

    `also_read` names file descriptors, such as the keyboard's, and what to call when one of them can be read while the
    stack waits: it may speak to whatever lives there, and returns whether it wants to be called again. Time is
    `net.clock.now`.

    Raises OperatorError where the interface is no use, or the capture cannot be written.
    """
    with FrameSocket(interface, station_address) as socket, selectors.SelectSelector() as selector:
        selector.register(socket, selectors.EVENT_READ)
        for descriptor, callback in (also_read or {}).items():
            selector.register(descriptor, selectors.EVENT_READ, callback)
        undi = Undi(socket if capture is None else RecordedCard(socket, capture))
        undi.start()
        undi.startup()
        undi.initialize()
        random = SystemRandom().random
        yield BaseCode(undi, _Surroundings(selector), interface=interface, random=random, on_event=on_event)


class _Surroundings:
    def __init__(self, selector: selectors.SelectSelector) -> None:
        self._selector = selector

    def now(self) -> float:
        return now()

    def wait(self, until: float) -> None:
        for key, _ in self._selector.select(max(0.0, until - now())):
            read: Callable[[], bool] | None = key.data
            if read is not None and not read():
                self._selector.unregister(key.fileobj)


class RecordedCard:
    """A card whose frames are written down. A `FrameInterface`."""

    def __init__(self, card: FrameInterface, capture: PcapWriter) -> None:
        self._card, self._capture = card, capture

    @property
    def station_address(self) -> bytes:
        return self._card.station_address

    @property
    def mtu(self) -> int:
        return self._card.mtu

    def transmit(self, frame: bytes) -> None:
        self._capture.write(frame, now(), Direction.SENT)
        self._card.transmit(frame)

    def receive(self) -> list[bytes]:
        frames = self._card.receive()
        for frame in frames:
            self._capture.write(frame, now(), Direction.RECEIVED)
        return frames

    def set_station_address(self, link_address: bytes) -> None:
        self._card.set_station_address(link_address)

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self._card.set_multicast_addresses(link_addresses)
