"""DHCPREQUEST: what RFC 2131 §4.3.2 has a server answer to a client in each of its four states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.endpoint import Interface
from wireboot.leases.allocator import Allocator
from wireboot.protocols.dhcp4.endpoint import Answer, silence
from wireboot.protocols.dhcp4.events import AddressRefused, LeaseGranted
from wireboot.protocols.dhcp4.exchange import ClientState, Exchange
from wireboot.protocols.dhcp4.lease_reply import AddBootInformation, hostname_for, lease_reply, times_for
from wireboot.protocols.dhcp4.message import BROADCAST_FLAG
from wireboot.protocols.dhcp4.options import MESSAGE, REQUESTED_ADDRESS, SERVER_IDENTIFIER, MessageType
from wireboot.protocols.dhcp4.reply import start_reply


class RequestAnswerer:
    """Acknowledges, refuses, or leaves it to another server."""

    def __init__(
        self, allocator: Allocator, interfaces: Mapping[str, Interface], add_boot_information: AddBootInformation
    ) -> None:
        self._allocator = allocator
        self._interfaces = interfaces
        self._add_boot_information = add_boot_information

    def answer(self, exchange: Exchange) -> Answer:
        request, link = exchange.request, exchange.link
        chosen = request.options.get(SERVER_IDENTIFIER)
        if chosen is not None and not self._is_ours(chosen, exchange):
            self._allocator.withdraw_offer(exchange.requester.client, link, exchange.now)
            return silence(request, "it chose another server")
        address = request.ciaddr if not request.ciaddr.is_unspecified else request.options.get(REQUESTED_ADDRESS)
        if address is None:
            return silence(request, "it asks for no address")
        if link.subnet_of(address) is None:
            if exchange.rules.authoritative or exchange.state is ClientState.SELECTING:
                return refuse(exchange, address, "the address is not of this network")
            return silence(request, "the address is not of this network, and another server may know it")
        return self._not_on_record(exchange, address) or self.grant(exchange, address)

    def grant(self, exchange: Exchange, address: IPv4Address) -> Answer:
        """Lease the address and say so, or refuse it."""
        subnet = exchange.link.subnet_of(address)
        assert subnet is not None, address
        lease = self._allocator.bind(
            exchange.requester,
            exchange.link,
            address,
            times_for(exchange, subnet).lease_s,
            hostname_for(exchange),
            exchange.now,
        )
        if lease is None:
            return refuse(exchange, address, "the address is not this client's to have")
        reply = lease_reply(exchange, MessageType.ACK, address, subnet, exchange.request.ciaddr)
        reply, boot_events = self._add_boot_information(exchange.request, reply, exchange.server)
        return Answer(reply, (LeaseGranted(lease), *boot_events))

    def _not_on_record(self, exchange: Exchange, address: IPv4Address) -> Answer | None:
        """The answer to a client that speaks of a lease which is not on record as it says; None where it is."""
        if exchange.state not in (ClientState.INIT_REBOOT, ClientState.REBINDING):
            return None
        on_record = {lease.address for lease in self._allocator.leases_of(exchange.requester.client, exchange.link)}
        if exchange.reservation is not None and exchange.reservation.address is not None:
            on_record.add(exchange.reservation.address)
        if not on_record:
            # Another server may know this client (RFC 2131 §4.3.2).
            return silence(exchange.request, "this server has no record of it")
        if exchange.state is ClientState.INIT_REBOOT and address not in on_record:
            return refuse(exchange, address, "the address is not the one this client had last")
        return None

    def _is_ours(self, chosen: IPv4Address, exchange: Exchange) -> bool:
        own = (address.ip for interface in self._interfaces.values() for address in interface.ipv4)
        return chosen == exchange.server or chosen in own


def refuse(exchange: Exchange, address: IPv4Address, reason: str) -> Answer:
    """A DHCPNAK."""
    request = exchange.request
    reply = start_reply(request, MessageType.NAK, exchange.server).with_option(MESSAGE, reason)
    if not request.giaddr.is_unspecified:
        # Or the relay would send it to the address that the client must not use (RFC 2131 §4.3.2).
        reply = replace(reply, flags=reply.flags | BROADCAST_FLAG)
    return Answer(reply, (AddressRefused(request.chaddr, address, reason),))
