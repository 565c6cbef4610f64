"""Notes which files leave a card as TFTP read requests, whoever wrote the frames, and which of them are refused."""

from __future__ import annotations

from wireboot.client.card_before import CardBefore
from wireboot.errors import DecodeError
from wireboot.protocols.tftp import packet as tftp
from wireboot.pxe_api.card import FrameInterface
from wireboot.wire import ethernet, ipv4, udp
from wireboot.wire.udp import UdpPacket

FILES_MAX = 1_000
"""A boot asks for some dozens; a program that goes astray asks for ever."""
_TFTP_PORT = 69


class AskedFiles(CardBefore):
    """Looks at what is sent and received.

    On the cable, because boot programs ask in several ways: by the TFTP API, by the UDP API, by UNDI and an IP stack of
    their own.
    """

    def __init__(self, card: FrameInterface) -> None:
        super().__init__(card)
        self._names: list[str] = []
        self._refused: dict[str, str] = {}
        self._unanswered: dict[int, str] = {}
        """What was asked for, by the port that asked."""
        self._last: tuple[int, str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """In their order. A request sent again, from the same port, counts once."""
        return tuple(self._names)

    @property
    def refused(self) -> dict[str, str]:
        """Those that were never sent, and why, in the server's own words."""
        return dict(self._refused)

    def transmit(self, frame: bytes) -> None:
        datagram = _udp_in(frame)
        if datagram is not None and datagram.destination_port == _TFTP_PORT:
            packet = _tftp_in(datagram)
            if isinstance(packet, tftp.ReadRequest):
                self._note(datagram.source_port, packet.file)
        super().transmit(frame)

    def receive(self) -> list[bytes]:
        frames = super().receive()
        for frame in frames:
            if not self._unanswered:
                break
            self._look_for_answer(frame)
        return frames

    def _note(self, port: int, name: str) -> None:
        if (port, name) != self._last and len(self._names) < FILES_MAX:
            self._names.append(name)
            self._unanswered[port] = name
        self._last = port, name

    def _look_for_answer(self, frame: bytes) -> None:
        datagram = _udp_in(frame)
        if datagram is None or datagram.destination_port not in self._unanswered:
            return
        name = self._unanswered.pop(datagram.destination_port)
        packet = _tftp_in(datagram)
        if isinstance(packet, tftp.Error):
            self._refused[name] = packet.text or f"error {packet.code}"
        else:
            # Refused with its options at first, perhaps (RFC 2347), or on another server.
            self._refused.pop(name, None)


def _udp_in(frame: bytes) -> UdpPacket | None:
    try:
        whole = ethernet.decode(frame)
        if whole.ethertype != ethernet.ETHERTYPE_IPV4:
            return None
        packet = ipv4.decode(whole.payload)
        if packet.protocol != ipv4.UDP or packet.is_fragment:
            return None
        return udp.decode(packet.payload, packet.source, packet.destination)
    except DecodeError:
        return None


def _tftp_in(datagram: UdpPacket) -> tftp.Packet | None:
    try:
        return tftp.decode(datagram.payload)
    except DecodeError:
        # Whoever it is for does not understand it either.
        return None
