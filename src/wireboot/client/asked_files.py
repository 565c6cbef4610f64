"""Notes which files leave a card as TFTP read requests, whoever wrote the frames."""

from __future__ import annotations

from collections.abc import Collection

from wireboot.errors import DecodeError
from wireboot.protocols.tftp import packet as tftp
from wireboot.pxe_api.card import FrameInterface
from wireboot.wire import ethernet, ipv4, udp

FILES_MAX = 1_000
"""A boot asks for some dozens; a program that goes astray asks for ever."""
_TFTP_PORT = 69


class AskedFiles:
    """A card that looks at what it sends. A `FrameInterface`.

    On the cable, because boot programs ask in several ways: by the TFTP API, by the UDP API, by UNDI and an IP stack of
    their own.
    """

    def __init__(self, card: FrameInterface) -> None:
        self._card = card
        self._names: list[str] = []
        self._last: tuple[int, str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """In their order. A request sent again, from the same port, counts once."""
        return tuple(self._names)

    @property
    def station_address(self) -> bytes:
        return self._card.station_address

    @property
    def mtu(self) -> int:
        return self._card.mtu

    def transmit(self, frame: bytes) -> None:
        request = _read_request(frame)
        if request is not None:
            self._note(request)
        self._card.transmit(frame)

    def receive(self) -> list[bytes]:
        return self._card.receive()

    def set_station_address(self, link_address: bytes) -> None:
        self._card.set_station_address(link_address)

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self._card.set_multicast_addresses(link_addresses)

    def _note(self, request: tuple[int, str]) -> None:
        if request != self._last and len(self._names) < FILES_MAX:
            self._names.append(request[1])
        self._last = request


def _read_request(frame: bytes) -> tuple[int, str] | None:
    """The port that asks, and for what; None where the frame is anything else."""
    try:
        whole = ethernet.decode(frame)
        if whole.ethertype != ethernet.ETHERTYPE_IPV4:
            return None
        packet = ipv4.decode(whole.payload)
        if packet.protocol != ipv4.UDP or packet.is_fragment:
            return None
        datagram = udp.decode(packet.payload, packet.source, packet.destination)
        if datagram.destination_port != _TFTP_PORT:
            return None
        request = tftp.decode(datagram.payload)
    except DecodeError:
        # Servers do not understand it either.
        return None
    return (datagram.source_port, request.file) if isinstance(request, tftp.ReadRequest) else None
