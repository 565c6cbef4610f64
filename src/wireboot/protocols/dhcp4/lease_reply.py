"""A reply that gives an address: the lease with its times, the settings, and what is to boot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.endpoint import Event
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.exchange import Exchange
from wireboot.protocols.dhcp4.host_name import fqdn_answer, host_name
from wireboot.protocols.dhcp4.lease_time import LeaseTimes, lease_times
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    CLIENT_FQDN,
    HOST_NAME,
    LEASE_TIME,
    PARAMETER_REQUEST_LIST,
    REBINDING_TIME,
    RENEWAL_TIME,
    MessageType,
)
from wireboot.protocols.dhcp4.reply import start_reply
from wireboot.protocols.dhcp4.settings import settings_for
from wireboot.wire.addresses import UNSPECIFIED
from wireboot.wire.option_table import Options

AddBootInformation = Callable[[Message, Message, IPv4Address], tuple[Message, tuple[Event, ...]]]
"""Request, reply and server address to the reply with what its client is to boot, and the events of that."""


def check_wishes(request: Message) -> None:
    """Raises DecodeError for a malformed wish, before a lease is made that nobody would hear of."""
    request.options.get(PARAMETER_REQUEST_LIST)
    request.options.get(LEASE_TIME)


def times_for(exchange: Exchange, subnet: Subnet) -> LeaseTimes:
    return lease_times(subnet, exchange.classes, exchange.request.options.get(LEASE_TIME))


def hostname_for(exchange: Exchange) -> str | None:
    """The reserved name before the client's own."""
    reserved = None if exchange.reservation is None else exchange.reservation.hostname
    return reserved or host_name(exchange.request)


def lease_reply(
    exchange: Exchange,
    message_type: MessageType,
    address: IPv4Address,
    subnet: Subnet,
    ciaddr: IPv4Address = UNSPECIFIED,
) -> Message:
    """A DHCPOFFER or DHCPACK for an address of this subnet (RFC 2131 §4.3.1, table 3)."""
    times = times_for(exchange, subnet)
    reply = start_reply(exchange.request, message_type, exchange.server)
    options = {
        **reply.options,
        LEASE_TIME.code: LEASE_TIME.encode(times.lease_s),
        RENEWAL_TIME.code: RENEWAL_TIME.encode(times.renewal_s),
        REBINDING_TIME.code: REBINDING_TIME.encode(times.rebinding_s),
        **settings_for(exchange, subnet),
    }
    return with_names(replace(reply, ciaddr=ciaddr, yiaddr=address, options=Options(options)), exchange)


def with_names(reply: Message, exchange: Exchange) -> Message:
    """`reply` with the client's name where that is reserved, and with option 81 where it was sent."""
    reservation = exchange.reservation
    reserved = None if reservation is None else reservation.hostname
    if reserved is not None:
        reply = reply.with_option(HOST_NAME, reserved)
    fqdn = fqdn_answer(exchange.request, reserved)
    return reply if fqdn is None else reply.with_option(CLIENT_FQDN, fqdn)
