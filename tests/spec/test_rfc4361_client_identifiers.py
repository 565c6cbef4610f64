"""RFC 4361 and RFC 6842: a client is its identifier, whatever that is made of, and gets it back."""

from __future__ import annotations

import pytest

from tests.support.dhcp import (
    MAC,
    OTHER_MAC,
    DhcpServer,
    a_subnet,
    discover,
    extending,
    from_client,
    ip,
    on_unicast,
    options_of,
    selecting,
)
from wireboot.leases.reservation import Reservation
from wireboot.protocols.dhcp4.events import LeaseGranted
from wireboot.protocols.dhcp4.options import CLIENT_IDENTIFIER, MessageType

DUID = bytes.fromhex("ff 00000001 0001 0001 2a2b2c2d 525400770010")
"""Type 255, an IAID, and a DUID of link address and time."""
WITH_DUID = options_of((CLIENT_IDENTIFIER, DUID))


def test_a_node_specific_identifier_is_the_key_of_the_lease() -> None:
    """RFC 4361 §6.3: servers use the client identifier as it is, and not the hardware address."""
    server = DhcpServer()
    server.ask(selecting(server.ask(discover(options=WITH_DUID)).yiaddr, options=WITH_DUID))
    assert server.event(LeaseGranted).lease.client == DUID


def test_a_new_network_card_keeps_the_lease() -> None:
    """RFC 4361 §6.3: the identifier stays when hardware changes."""
    server = DhcpServer()
    own = server.ask(selecting(server.ask(discover(options=WITH_DUID)).yiaddr, options=WITH_DUID)).yiaddr
    moved = discover(mac=OTHER_MAC, options=WITH_DUID)
    assert server.ask(moved).yiaddr == own
    assert server.ask(selecting(own, mac=OTHER_MAC, options=WITH_DUID)).message_type is MessageType.ACK


def test_two_interfaces_of_one_node_are_two_clients() -> None:
    """RFC 4361 §6.3: the IAID tells them apart."""
    server = DhcpServer()
    other = options_of((CLIENT_IDENTIFIER, DUID[:4] + b"\x02" + DUID[5:]))
    assert server.ask(discover(options=WITH_DUID)).yiaddr != server.ask(discover(options=other)).yiaddr


def test_a_reservation_may_be_for_an_identifier() -> None:
    """RFC 4361 §6.3: the operator reserves for the node, on whichever card it asks."""
    server = DhcpServer(a_subnet(reservations=[Reservation(client=DUID, address=ip(50))]))
    assert server.ask(discover(mac=OTHER_MAC, options=WITH_DUID)).yiaddr == ip(50)
    assert server.ask(discover(mac=MAC)).yiaddr == ip(100)


@pytest.mark.parametrize("identifier", [DUID, b"\x01" + MAC, b"\x00text", bytes(255)])
def test_every_reply_returns_the_client_identifier(identifier: bytes) -> None:
    """RFC 6842 §3: unaltered, in every kind of reply."""
    sent = options_of((CLIENT_IDENTIFIER, identifier))
    server = DhcpServer()
    offer = server.ask(discover(options=sent))
    ack = server.ask(selecting(offer.yiaddr, options=sent))
    nak = server.ask(selecting(ip(9), options=sent))
    inform = server.ask(from_client(MessageType.INFORM, ciaddr=ip(20), options=sent), on_unicast(ip(20)))

    replies = (offer, ack, nak, inform)
    assert [each.options.get(CLIENT_IDENTIFIER) for each in replies] == [identifier] * 4


def test_a_client_without_identifier_is_sent_none() -> None:
    """RFC 6842 §3: only what was sent comes back."""
    server = DhcpServer()
    own = server.lease()
    assert CLIENT_IDENTIFIER.code not in server.ask(extending(own), on_unicast(own)).options
