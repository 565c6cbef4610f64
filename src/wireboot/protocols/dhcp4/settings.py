"""The options that the operator has set, as they go into a reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.exchange import Exchange
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import PARAMETER_REQUEST_LIST, SUBNET_MASK, SUBNET_SELECTION
from wireboot.wire.option_table import Options


def with_settings(reply: Message, exchange: Exchange, subnet: Subnet) -> Message:
    return replace(reply, options=Options({**reply.options, **settings_for(exchange, subnet)}))


def settings_for(exchange: Exchange, subnet: Subnet) -> dict[int, bytes]:
    """The settings asked for, in the order asked; all when the client does not say."""
    request = exchange.request
    settings = _settings(exchange, subnet)
    wanted = request.options.get(PARAMETER_REQUEST_LIST)
    codes = list(settings) if wanted is None else [code for code in wanted if code in settings]
    given = {code: settings[code] for code in (SUBNET_MASK.code, *codes)}
    if SUBNET_SELECTION.code in request.options:
        # Or the client drops the reply (RFC 3011 §2).
        given[SUBNET_SELECTION.code] = request.options[SUBNET_SELECTION.code]
    return given


def _settings(exchange: Exchange, subnet: Subnet) -> Mapping[int, bytes]:
    """The narrower word goes before the wider one: reservation, class, subnet."""
    settings = {SUBNET_MASK.code: subnet.network.netmask.packed, **subnet.options}
    for each in reversed(exchange.classes):
        settings.update(each.options)
    if exchange.reservation is not None:
        settings.update(exchange.reservation.options)
    return settings
