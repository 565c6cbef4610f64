"""The question to a ProxyDHCP service on port 4011, whose offer said that it is there and no more (PXE 2.1 §2.2.3)."""

from __future__ import annotations

from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress, Unreachable
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.protocols.pxe.errors import ARP_TIMEOUT, NO_PROXY_REPLY, PxeError
from wireboot.protocols.pxe.offer_tags import OfferInvalid
from wireboot.protocols.pxe.offers import Offer, OfferKind, read_offer
from wireboot.protocols.pxe.schedules import Resends
from wireboot.protocols.pxe.station import Station
from wireboot.protocols.pxe.task import DhcpTask
from wireboot.wire.iana import Port


class ProxyTask(DhcpTask[Offer]):
    """Asks the services that made offers one after the other; the first useful answer is the result."""

    def __init__(self, station: Station, address: IPv4Address, offers: tuple[Offer, ...], now: float) -> None:
        assert offers
        super().__init__(station)
        self._address = address
        # A service that answered several DISCOVERs is asked once.
        self._waiting = list(dict.fromkeys(_service(offer) for offer in offers))
        self._error = NO_PROXY_REPLY
        self._ask_next(now)

    def late(self) -> PxeError:
        return self._error

    def handle_timeout(self, now: float) -> None:
        if self.result is not None or now < self._resends.due_at:
            return
        if self._resends.again(now):
            self._ask(now)
        else:
            self._ask_next(now)

    def next_timeout(self) -> float | None:
        return None if self.result is not None else self._resends.due_at

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:
        if self.result is not None or peer != self._peer:
            return
        error = ARP_TIMEOUT if reason is Unreachable.NO_ARP_ANSWER else NO_PROXY_REPLY
        self._error = error.because(f"{peer}: {reason.value}")
        self._ask_next(now)

    def _ask_next(self, now: float) -> None:
        if not self._waiting:
            self.result = self._error
            return
        self._peer = self._waiting.pop(0)
        self._resends = Resends(self._station.behaviour.schedules.proxy_request, self._station.random, now)
        self._ask(now)

    def _ask(self, now: float) -> None:
        self._xid = self._station.boot_server_xid()
        secs = self._resends.elapsed_s(now)
        self._send(self._station.boot_server_request(self._xid, secs, self._address, self._peer))

    def _take(self, reply: Message, datagram: Datagram, now: float) -> str:  # noqa: ARG002  # as every answer is taken
        if self.result is not None or reply.message_type is not MessageType.ACK:
            return "unexpected while a ProxyDHCP service is asked"
        try:
            answer = read_offer(reply, datagram.payload, self._station.behaviour.tag_checks)
        except OfferInvalid as problem:
            self._error = problem.error
            return f"tags that make no sense ({problem.error.code})"
        if answer.kind is OfferKind.PLAIN:
            return "not of class PXEClient"
        if answer.kind is not OfferKind.PXE and not answer.boot_file:
            return "names neither a boot file nor a way to one"
        self.result = answer
        return ""


def _service(offer: Offer) -> SocketAddress:
    siaddr = offer.message.siaddr
    return SocketAddress(offer.server if siaddr.is_unspecified else siaddr, Port.BOOT_SERVER)
