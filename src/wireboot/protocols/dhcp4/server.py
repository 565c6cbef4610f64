"""The DHCPv4 server: which message asks for what, and what RFC 2131 §4.3 answers. Which address is `leases`' matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import assert_never

from wireboot.endpoint import Datagram, Interface
from wireboot.leases.allocator import Allocator
from wireboot.protocols.dhcp4.bootp import answer_bootp
from wireboot.protocols.dhcp4.endpoint import Answer, silence
from wireboot.protocols.dhcp4.events import (
    AddressDeclined,
    AddressOffered,
    LeaseReleased,
    LeaseTimesCut,
    OfferTakenBack,
    SettingsGiven,
)
from wireboot.protocols.dhcp4.exchange import Exchange, IsKnown, begin_exchange
from wireboot.protocols.dhcp4.exhaustion import Exhaustion
from wireboot.protocols.dhcp4.lease_reply import AddBootInformation, check_wishes, lease_reply, with_names
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLIENT_IDENTIFIER, RAPID_COMMIT, REQUESTED_ADDRESS, MessageType
from wireboot.protocols.dhcp4.reply import start_reply
from wireboot.protocols.dhcp4.requests import RequestAnswerer
from wireboot.protocols.dhcp4.rules import Rules
from wireboot.protocols.dhcp4.settings import with_settings

_IDENTIFIER_SIZE_MAX = 255
"""As much as one option holds. It is kept with the address, and what is kept must be bounded."""


def _nobody(link_address: bytes, uuid: bytes) -> bool:
    del link_address, uuid
    return False


class Dhcp4Server:
    """A `Dhcp4Service` that hands out addresses."""

    def __init__(
        self,
        allocator: Allocator,
        interfaces: Mapping[str, Interface],
        add_boot_information: AddBootInformation,
        rules: Callable[[], Rules] = Rules,
        is_known: IsKnown = _nobody,
    ) -> None:
        """`rules` gives those that hold now: they are asked for with every message."""
        self._allocator = allocator
        self._interfaces = interfaces
        self._add_boot_information = add_boot_information
        self._rules = rules
        self._is_known = is_known
        self._requests = RequestAnswerer(allocator, interfaces, add_boot_information)
        self._exhaustion = Exhaustion()
        self._times_checked = False

    def answer(self, request: Message, received: Datagram, now: float) -> Answer | None:
        message_type = request.message_type
        identifier = request.options.get(CLIENT_IDENTIFIER)
        if not request.chaddr and not identifier:
            return silence(request, "it does not say who it is")
        if identifier is not None and len(identifier) > _IDENTIFIER_SIZE_MAX:
            return silence(request, "its client identifier is too long")
        check_wishes(request)
        exchange = begin_exchange(
            request,
            received,
            now,
            links=self._allocator.links,
            interfaces=self._interfaces,
            rules=self._rules(),
            is_known=self._is_known,
        )
        if exchange is None:
            return silence(request, "no subnet is configured for where it comes from")
        if self._times_checked:
            return self._answer(exchange, message_type)
        # Not at load: only a message brings the time.
        self._times_checked = True
        cut = self._allocator.correct_times(now)
        answer = self._answer(exchange, message_type)
        return answer._replace(events=(LeaseTimesCut(cut), *answer.events)) if cut else answer

    def _answer(self, exchange: Exchange, message_type: MessageType | None) -> Answer:
        match message_type:
            case None:
                return answer_bootp(exchange, self._allocator, self._exhaustion)
            case MessageType.DISCOVER:
                return self._discover(exchange)
            case MessageType.REQUEST:
                return self._requests.answer(exchange)
            case MessageType.DECLINE:
                return self._decline(exchange)
            case MessageType.RELEASE:
                return self._release(exchange)
            case MessageType.INFORM:
                return self._inform(exchange)
            case MessageType.OFFER | MessageType.ACK | MessageType.NAK:
                return silence(exchange.request, f"a client does not send {message_type.name}")
            case _:
                assert_never(message_type)

    def _discover(self, exchange: Exchange) -> Answer:
        request, allocator = exchange.request, self._allocator
        requested = request.options.get(REQUESTED_ADDRESS)
        offer = allocator.offer(exchange.requester, exchange.link, requested, exchange.now)
        if offer is None:
            known = allocator.is_known(exchange.requester, exchange.link)
            return Answer(None, (self._exhaustion.turned_away(exchange, known=known),))
        events = () if offer.taken_back is None else (OfferTakenBack(offer.taken_back),)
        if exchange.rules.rapid_commit and request.options.get(RAPID_COMMIT):
            answer = self._requests.grant(exchange, offer.lease.address)
            assert answer.reply is not None, offer
            return Answer(answer.reply.with_option(RAPID_COMMIT, True), (*events, *answer.events))
        address = offer.lease.address
        subnet = exchange.link.subnet_of(address)
        assert subnet is not None, offer
        reply = lease_reply(exchange, MessageType.OFFER, address, subnet)
        reply, boot_events = self._add_boot_information(request, reply, exchange.server)
        return Answer(reply, (*events, AddressOffered(offer.lease), *boot_events))

    def _decline(self, exchange: Exchange) -> Answer:
        address = exchange.request.options.get(REQUESTED_ADDRESS)
        client = exchange.requester.client
        lease = None if address is None else self._allocator.decline(client, address, exchange.now)
        if lease is None:
            return silence(exchange.request, "it declines what it does not have")
        return Answer(None, (AddressDeclined(lease),))

    def _release(self, exchange: Exchange) -> Answer:
        lease = self._allocator.release(exchange.requester.client, exchange.request.ciaddr, exchange.now)
        if lease is None:
            return silence(exchange.request, "it releases what it does not have")
        return Answer(None, (LeaseReleased(lease),))

    def _inform(self, exchange: Exchange) -> Answer:
        """Settings for an address that was got elsewhere (RFC 2131 §4.3.5)."""
        request = exchange.request
        subnet = exchange.link.subnet_of(request.ciaddr) or exchange.link.subnets[0]
        reply = start_reply(request, MessageType.ACK, exchange.server)
        reply = with_names(with_settings(reply, exchange, subnet), exchange)
        reply, boot_events = self._add_boot_information(request, reply, exchange.server)
        return Answer(
            replace(reply, ciaddr=request.ciaddr), (SettingsGiven(request.chaddr, request.ciaddr), *boot_events)
        )
