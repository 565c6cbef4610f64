"""A card that stands before another and, by itself, lets everything through."""

from __future__ import annotations

from collections.abc import Collection

from wireboot.pxe_api.card import FrameInterface


class CardBefore:
    """A `FrameInterface`, for those that look at what passes (`Undi.put_before_card`)."""

    def __init__(self, card: FrameInterface) -> None:
        self._card = card

    @property
    def station_address(self) -> bytes:
        return self._card.station_address

    @property
    def mtu(self) -> int:
        return self._card.mtu

    def transmit(self, frame: bytes) -> None:
        self._card.transmit(frame)

    def receive(self) -> list[bytes]:
        return self._card.receive()

    def set_station_address(self, link_address: bytes) -> None:
        self._card.set_station_address(link_address)

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self._card.set_multicast_addresses(link_addresses)
