"""RFC 3527, RFC 5010 and RFC 5107: what a relay says of the client's link, its message, and the server's name."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import (
    RELAY,
    SERVER,
    DhcpServer,
    a_subnet,
    discover,
    extending,
    ip,
    on_broadcast,
    on_unicast,
    relayed,
    selecting,
)
from wireboot.endpoint import SocketAddress
from wireboot.protocols.dhcp4.events import RequestIgnored
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import SERVER_IDENTIFIER, SUBNET_SELECTION, MessageType

LINK_SELECTION, FLAGS, SERVER_OVERRIDE = 5, 10, 11
FROM_RELAY = on_unicast(RELAY, 67)
FAR = (LINK_SELECTION, IPv4Address("10.77.9.0").packed)
BY_UNICAST, BY_BROADCAST = (FLAGS, b"\x80"), (FLAGS, b"\x00")
OVERRIDE = (SERVER_OVERRIDE, RELAY.packed)


def server() -> DhcpServer:
    return DhcpServer(a_subnet(), a_subnet(network="10.77.1"), a_subnet(network="10.77.9"), a_subnet(network="10.77.8"))


def lease(subject: DhcpServer, *parts: tuple[int, bytes]) -> IPv4Address:
    offer = subject.ask(relayed(discover(), *parts), FROM_RELAY)
    chosen = offer.options.get(SERVER_IDENTIFIER)
    assert chosen is not None
    ack = subject.ask(relayed(selecting(offer.yiaddr, server=chosen), *parts), FROM_RELAY)
    assert ack.message_type is MessageType.ACK
    return ack.yiaddr


# RFC 3527


def test_the_address_is_of_the_link_that_the_relay_selects() -> None:
    """RFC 3527 §3: of that subnet, not of that of `giaddr`."""
    subject = server()
    assert lease(subject, FAR) == ip(100, "10.77.9")
    assert subject.datagram is not None
    assert subject.datagram.peer == SocketAddress(RELAY, 67)


def test_the_other_subnets_of_that_link_are_used_too() -> None:
    """RFC 3527 §3: or a subnet on the same link."""
    first = replace(a_subnet(100, 100, network="10.77.9"), shared_network="hall")
    second = replace(a_subnet(network="10.77.8"), shared_network="hall")
    subject = DhcpServer(first, second)
    offered = [
        subject.ask(relayed(discover(mac=bytes([2, 0, 0, 0, 0, number])), FAR), FROM_RELAY).yiaddr for number in (1, 2)
    ]
    assert offered == [ip(100, "10.77.9"), ip(100, "10.77.8")]


def test_the_relays_word_goes_before_the_clients() -> None:
    """RFC 3527 §3: before the subnet selection option."""
    message = discover().with_option(SUBNET_SELECTION, IPv4Address("10.77.8.0"))
    assert server().ask(relayed(message, FAR), FROM_RELAY).yiaddr == ip(100, "10.77.9")


def test_a_link_that_is_not_served_gets_nothing() -> None:
    """RFC 3527 §3: the address must be of that link."""
    subject = server()
    elsewhere = (LINK_SELECTION, IPv4Address("192.0.2.0").packed)
    assert subject.send(relayed(discover(), elsewhere), FROM_RELAY) is None
    assert subject.event(RequestIgnored)


@pytest.mark.parametrize("value", [b"", b"\x0a", bytes(5)])
def test_a_link_in_another_shape_is_as_good_as_none(value: bytes) -> None:
    """RFC 3527 §3: it is an address of four bytes."""
    assert server().ask(relayed(discover(), (LINK_SELECTION, value)), FROM_RELAY).yiaddr == ip(100, "10.77.1")


def test_only_a_relay_selects_links() -> None:
    """RFC 3527 §3: the sub-option comes with `giaddr`; a client on our own link cannot wish itself elsewhere by it."""
    message = replace(relayed(discover(), FAR), giaddr=IPv4Address(0), hops=0)
    assert server().ask(message).yiaddr == ip(100)


# RFC 5010


def rebound(subject: DhcpServer, address: IPv4Address, *parts: tuple[int, bytes]) -> Message | None:
    return subject.send(relayed(extending(address), *parts), FROM_RELAY)


def test_a_unicast_renewal_through_a_relay_is_a_renewal() -> None:
    """RFC 5010 §5: the server tells renewing from rebinding by the flag; the client means this server."""
    unknown = ip(105, "10.77.1")
    subject = server()
    renewed = rebound(subject, unknown, BY_UNICAST)
    assert renewed is not None
    assert renewed.message_type is MessageType.ACK


@pytest.mark.parametrize("parts", [(BY_BROADCAST,), (), ((FLAGS, b""),)])
def test_without_the_flag_it_is_rebinding(parts: tuple[tuple[int, bytes], ...]) -> None:
    """RFC 5010 §5: and whom this server does not know, another may."""
    subject = server()
    assert rebound(subject, ip(105, "10.77.1"), *parts) is None
    assert subject.event(RequestIgnored).reason == "this server has no record of it"


# RFC 5107


def test_the_client_knows_the_server_by_the_name_that_the_relay_gives_it() -> None:
    """RFC 2131 §4.3.1, RFC 5107: option 54 is the relay's address, so that renewals pass it."""
    subject = server()
    offer = subject.ask(relayed(discover(), OVERRIDE), FROM_RELAY)
    assert offer.options.get(SERVER_IDENTIFIER) == RELAY
    assert lease(subject, OVERRIDE) == ip(100, "10.77.1")


def test_the_reply_leaves_from_an_address_of_our_own_all_the_same() -> None:
    """RFC 2131 §4.1, RFC 5107: nobody can send from the relay's address but the relay."""
    subject = server()
    subject.ask(relayed(discover(), OVERRIDE), FROM_RELAY)
    assert subject.datagram is not None
    assert subject.datagram.local == SocketAddress(SERVER, 67)


def test_a_request_for_the_servers_other_name_is_not_taken_for_another_servers() -> None:
    """RFC 2131 §4.3.2, RFC 5107: the client names the server as it was told, or by its own address."""
    subject = server()
    offered = subject.ask(relayed(discover(), OVERRIDE), FROM_RELAY).yiaddr
    for name, answered in ((RELAY, True), (SERVER, True), (IPv4Address("192.0.2.1"), False)):
        reply = subject.send(relayed(selecting(offered, server=name), OVERRIDE), FROM_RELAY)
        assert (reply is not None) == answered


def test_a_client_on_our_link_cannot_rename_the_server() -> None:
    """RFC 2131 §4.3.1, RFC 5107: only a relay says so."""
    message = replace(relayed(discover(), OVERRIDE), giaddr=IPv4Address(0), hops=0)
    assert server().ask(message, on_broadcast()).options.get(SERVER_IDENTIFIER) == SERVER
