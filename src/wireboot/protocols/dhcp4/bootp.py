"""BOOTP clients: an address without a lease, and so for ever (RFC 951, RFC 1534 §2)."""

from __future__ import annotations

from dataclasses import replace

from wireboot.leases.allocator import Allocator
from wireboot.leases.lease import FOREVER_S
from wireboot.protocols.dhcp4.endpoint import Answer, silence
from wireboot.protocols.dhcp4.events import LeaseGranted, SettingsGiven
from wireboot.protocols.dhcp4.exchange import Exchange
from wireboot.protocols.dhcp4.exhaustion import Exhaustion
from wireboot.protocols.dhcp4.lease_reply import hostname_for
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import HOST_NAME
from wireboot.protocols.dhcp4.reply import start_bootreply
from wireboot.protocols.dhcp4.settings import with_settings


def answer_bootp(exchange: Exchange, allocator: Allocator, exhaustion: Exhaustion) -> Answer:
    """A reserved address or, where the operator wants that, one of the pools that never comes back."""
    request, link = exchange.request, exchange.link
    reserved = None if exchange.reservation is None else exchange.reservation.address
    if reserved is None and not exchange.rules.bootp:
        return silence(request, "a BOOTP client without a reservation")
    if not request.ciaddr.is_unspecified:
        return _only_settings(exchange)
    offer = allocator.offer(exchange.requester, link, None, exchange.now)
    if offer is None:
        known = allocator.is_known(exchange.requester, link)
        return Answer(None, (exhaustion.turned_away(exchange, known=known),))
    if reserved is not None and offer.lease.address != reserved:
        return silence(request, "its reserved address is still another's")
    lease = allocator.bind(
        exchange.requester, link, offer.lease.address, FOREVER_S, hostname_for(exchange), exchange.now
    )
    assert lease is not None, offer
    reply = _with_settings(replace(start_bootreply(request), yiaddr=lease.address), exchange)
    return Answer(reply, (LeaseGranted(lease),))


def _only_settings(exchange: Exchange) -> Answer:
    """The client has an address and says so (RFC 951 §3)."""
    request = exchange.request
    reply = _with_settings(replace(start_bootreply(request), ciaddr=request.ciaddr), exchange)
    return Answer(reply, (SettingsGiven(request.chaddr, request.ciaddr),))


def _with_settings(reply: Message, exchange: Exchange) -> Message:
    address = reply.ciaddr if reply.yiaddr.is_unspecified else reply.yiaddr
    subnet = exchange.link.subnet_of(address) or exchange.link.subnets[0]
    reply = with_settings(replace(reply, siaddr=exchange.server), exchange, subnet)
    if exchange.reservation is not None and exchange.reservation.hostname is not None:
        reply = reply.with_option(HOST_NAME, exchange.reservation.hostname)
    return reply
