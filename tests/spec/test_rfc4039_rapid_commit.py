"""RFC 4039: a lease in two messages, for clients that ask for it and operators that allow it."""

from __future__ import annotations

from dataclasses import replace

from tests.support.dhcp import MAC, OTHER_MAC, RULES, DhcpServer, a_subnet, discover, ip, options_of, selecting
from wireboot.leases.lease import LeaseState
from wireboot.protocols.dhcp4.events import AddressOffered, LeaseGranted, NoAddressLeft
from wireboot.protocols.dhcp4.options import LEASE_TIME, RAPID_COMMIT, MessageType

ASKED = options_of((RAPID_COMMIT, True))
ALLOWED = replace(RULES, rapid_commit=True)


def test_a_discover_that_asks_for_it_is_acknowledged_at_once() -> None:
    """RFC 4039 §3.1: the server answers with a DHCPACK that has the option, and has the lease committed."""
    server = DhcpServer(rules=ALLOWED)
    ack = server.ask(discover(options=ASKED))

    assert (ack.message_type, ack.yiaddr, ack.options.get(LEASE_TIME)) == (MessageType.ACK, ip(100), 3600)
    assert ack.options.get(RAPID_COMMIT)
    granted = server.event(LeaseGranted)
    assert (granted.durable, granted.lease.state, granted.lease.link_address) == (True, LeaseState.BOUND, MAC)
    assert not any(isinstance(event, AddressOffered) for event in server.events)


def test_a_client_that_does_not_ask_for_it_gets_an_offer() -> None:
    """RFC 4039 §3.1: the usual four messages."""
    offer = DhcpServer(rules=ALLOWED).ask(discover())
    assert (offer.message_type, RAPID_COMMIT.code in offer.options) == (MessageType.OFFER, False)


def test_unless_the_operator_allows_it_everybody_gets_an_offer() -> None:
    """RFC 4039 §3.2: where several servers answer, each would commit an address; so it is off by default."""
    server = DhcpServer()
    offer = server.ask(discover(options=ASKED))
    assert (offer.message_type, RAPID_COMMIT.code in offer.options) == (MessageType.OFFER, False)
    assert server.ask(selecting(offer.yiaddr)).message_type is MessageType.ACK


def test_a_repeated_discover_is_acknowledged_with_the_same_address() -> None:
    """RFC 4039 §3.1: the acknowledgement may have been lost."""
    server = DhcpServer(rules=ALLOWED)
    assert server.ask(discover(options=ASKED)).yiaddr == server.ask(discover(options=ASKED)).yiaddr


def test_an_exhausted_pool_is_silent_here_too() -> None:
    """RFC 4039 §3.1: nothing can be committed."""
    server = DhcpServer(a_subnet(100, 100), rules=ALLOWED)
    server.lease(OTHER_MAC)
    assert server.send(discover(options=ASKED)) is None
    assert server.event(NoAddressLeft)
