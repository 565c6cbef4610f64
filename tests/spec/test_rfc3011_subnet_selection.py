"""RFC 3011: a client says which subnet its address is to be of."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import (
    RELAY,
    DhcpServer,
    a_subnet,
    discover,
    from_client,
    init_reboot,
    ip,
    on_unicast,
    options_of,
    relayed,
    selecting,
)
from wireboot.endpoint import SocketAddress
from wireboot.protocols.dhcp4.events import RequestIgnored
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import PARAMETER_REQUEST_LIST, ROUTERS, SUBNET_SELECTION, MessageType

FROM_RELAY = on_unicast(RELAY, 67)
FAR = IPv4Address("10.77.9.0")


def server() -> DhcpServer:
    return DhcpServer(a_subnet(), a_subnet(network="10.77.1"), a_subnet(network="10.77.9"))


def selected(message: Message, subnet: IPv4Address = FAR) -> Message:
    return message.with_option(SUBNET_SELECTION, subnet)


def test_the_address_is_of_the_subnet_that_the_client_selects() -> None:
    """RFC 3011 §2: and not of that of the interface, or of `giaddr`."""
    assert server().ask(selected(discover())).yiaddr == ip(100, "10.77.9")
    assert server().ask(selected(relayed(discover())), FROM_RELAY).yiaddr == ip(100, "10.77.9")


def test_the_address_may_be_of_another_subnet_of_the_same_link() -> None:
    """RFC 3011 §2: on the subnet selected, or on the same network segment."""
    first = replace(a_subnet(100, 100, network="10.77.9"), shared_network="hall")
    second = replace(a_subnet(network="10.77.8"), shared_network="hall")
    hall = DhcpServer(first, second)
    offered = [hall.ask(selected(discover(mac=bytes([2, 0, 0, 0, 0, number])))).yiaddr for number in range(2)]
    assert offered == [ip(100, "10.77.9"), ip(100, "10.77.8")]


def test_the_reply_still_goes_to_the_relay() -> None:
    """RFC 3011 §2: `giaddr` keeps its other meaning."""
    subject = server()
    subject.ask(selected(relayed(discover())), FROM_RELAY)
    assert subject.datagram is not None
    assert subject.datagram.peer == SocketAddress(RELAY, 67)


@pytest.mark.parametrize("wanted", [None, (3,)])
def test_the_option_comes_back_whether_it_is_requested_or_not(wanted: tuple[int, ...] | None) -> None:
    """RFC 3011 §2: a client drops an offer or acknowledgement without it."""
    asked = None if wanted is None else options_of((PARAMETER_REQUEST_LIST, wanted))
    subject = server()
    offer = subject.ask(selected(discover(options=asked)))
    ack = subject.ask(selected(selecting(offer.yiaddr, options=asked)))
    inform = subject.ask(selected(from_client(MessageType.INFORM, ciaddr=ip(20), options=asked)), on_unicast(ip(20)))

    assert [each.options.get(SUBNET_SELECTION) for each in (offer, ack, inform)] == [FAR] * 3
    assert ROUTERS.code not in ack.options


def test_a_client_that_selects_nothing_gets_no_such_option() -> None:
    """RFC 3011 §2: an identical copy goes to those who sent it."""
    assert SUBNET_SELECTION.code not in server().ask(discover()).options


def test_a_subnet_that_is_not_served_leads_to_no_other() -> None:
    """RFC 3011 §2: an address of another segment would be of no use."""
    subject = server()
    assert subject.send(selected(discover(), IPv4Address("192.0.2.0"))) is None
    assert subject.event(RequestIgnored)


def test_an_address_of_another_subnet_than_the_one_selected_is_refused() -> None:
    """RFC 3011 §2; RFC 2131 §4.3.2: the subnet selected is the client's network."""
    assert server().ask(selected(init_reboot(ip(100)))).message_type is MessageType.NAK
