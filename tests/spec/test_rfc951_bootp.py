"""RFC 951, RFC 1534 and RFC 1542: clients that speak BOOTP and have never heard of leases."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import (
    BROADCAST,
    MAC,
    NOBODY,
    NOW,
    OTHER_MAC,
    RELAY,
    RULES,
    SERVER,
    DhcpServer,
    a_subnet,
    discover,
    from_client,
    ip,
    on_unicast,
    options_of,
    relayed,
)
from wireboot.endpoint import SocketAddress
from wireboot.errors import DecodeError
from wireboot.leases.lease import FOREVER_S
from wireboot.leases.reservation import Reservation
from wireboot.protocols.dhcp4.events import LeaseGranted, NoAddressLeft, RequestIgnored, SettingsGiven
from wireboot.protocols.dhcp4.message import BROADCAST_FLAG, Message, decode, encode
from wireboot.protocols.dhcp4.options import (
    DOMAIN_NAME,
    HOST_NAME,
    RELAY_AGENT_INFORMATION,
    ROUTERS,
    SUBNET_MASK,
)
from wireboot.wire.option_table import Options

OURS = Reservation(MAC, ip(50), "node-1")
ROUTER = Options().with_option(ROUTERS, (SERVER,))
FOR_ANYBODY = replace(RULES, bootp=True)
ONLY_DHCP = {50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 61}


def bootp(mac: bytes = MAC) -> Message:
    return from_client(None, mac=mac)


def server() -> DhcpServer:
    return DhcpServer(a_subnet(100, 100, options=ROUTER, reservations=[OURS]))


def test_a_client_with_a_reservation_gets_its_address() -> None:
    """RFC 951 §3: a request with an empty `ciaddr` is answered with the address in `yiaddr`."""
    subject = server()
    reply = subject.ask(bootp())
    assert (reply.op, reply.yiaddr, reply.chaddr, reply.siaddr) == (2, ip(50), MAC, SERVER)
    assert reply.options.get(SUBNET_MASK) == IPv4Address("255.255.255.0")
    assert (reply.options.get(ROUTERS), reply.options.get(HOST_NAME)) == ((SERVER,), "node-1")


def test_the_reply_has_nothing_of_dhcp_in_it() -> None:
    """RFC 1534 §2: the client is no DHCP client, and is not to be taken for one."""
    assert not set(server().ask(bootp()).options) & ONLY_DHCP


def test_the_address_is_the_clients_for_ever() -> None:
    """RFC 1534 §2: the client knows of no lease, and so never asks for a longer one."""
    subject = server()
    subject.ask(bootp())
    granted = subject.event(LeaseGranted)
    assert (granted.durable, granted.lease.expires_at) == (True, NOW + FOREVER_S)


def test_a_client_without_a_reservation_gets_nothing() -> None:
    """RFC 1534 §2: a server may be configured to give BOOTP clients only what is reserved for them."""
    subject = server()
    assert subject.send(bootp(OTHER_MAC)) is None
    assert subject.event(RequestIgnored).reason == "a BOOTP client without a reservation"
    assert subject.allocator.leases == []


def test_a_client_without_a_reservation_gets_one_of_the_pool_where_the_operator_wants_that() -> None:
    """RFC 1534 §2: a server may give BOOTP clients addresses automatically; they never come back."""
    subject = DhcpServer(a_subnet(100, 100), rules=FOR_ANYBODY)
    assert subject.ask(bootp()).yiaddr == ip(100)
    assert subject.ask(bootp()).yiaddr == ip(100)
    subject.now += 365 * 24 * 3600
    assert subject.send(bootp(OTHER_MAC)) is None
    assert subject.event(NoAddressLeft)
    assert subject.send(discover(mac=OTHER_MAC)) is None


def test_a_reserved_address_that_another_holds_is_not_replaced_by_one_for_ever() -> None:
    """RFC 951 §3: the client would keep the wrong address."""
    subject = DhcpServer(a_subnet(100, 101))
    assert subject.lease(OTHER_MAC) == ip(100)
    subject.allocator.use_subnets([a_subnet(100, 101, reservations=[Reservation(MAC, ip(100))])])
    assert subject.send(bootp()) is None
    assert subject.event(RequestIgnored)


def test_a_client_that_knows_its_address_gets_settings_for_it() -> None:
    """RFC 1542 §5.3: a filled `ciaddr` means that no address is asked for."""
    subject = server()
    reply = subject.ask(replace(bootp(), ciaddr=ip(50)), on_unicast(ip(50)))
    assert (reply.ciaddr, reply.yiaddr, reply.options.get(ROUTERS)) == (ip(50), NOBODY, (SERVER,))
    assert subject.event(SettingsGiven)
    assert subject.datagram is not None
    assert subject.datagram.peer == SocketAddress(ip(50), 68)


@pytest.mark.parametrize(
    ("message", "peer", "link_address"),
    [
        (bootp(), (ip(50), 68), MAC),
        (replace(bootp(), flags=BROADCAST_FLAG), (BROADCAST, 68), None),
        (relayed(bootp(), relay=ip(254)), (ip(254), 67), None),
    ],
)
def test_where_a_bootreply_goes(message: Message, peer: tuple[IPv4Address, int], link_address: bytes | None) -> None:
    """RFC 1542 §5.4: to the relay, by broadcast as the flag asks, or straight to the client."""
    subject = server()
    subject.ask(message)
    assert subject.datagram is not None
    assert (subject.datagram.peer, subject.datagram.link_address) == (peer, link_address)


def test_the_relays_information_goes_back() -> None:
    """RFC 3046 §2.2: in every reply, BOOTP's too."""
    subnet = a_subnet(network="10.77.1", reservations=[Reservation(MAC, ip(50, "10.77.1"))])
    reply = DhcpServer(subnet).ask(relayed(bootp(), (1, b"eth0/7")), on_unicast(RELAY, 67))
    assert reply.options.get(RELAY_AGENT_INFORMATION) == b"\x01\x06eth0/7"


def test_the_relays_information_that_fits_nowhere_is_left_out() -> None:
    """RFC 3046 §2.2: whole."""
    message = bootp().with_option(RELAY_AGENT_INFORMATION, bytes(2000))
    assert RELAY_AGENT_INFORMATION.code not in server().ask(replace(message, giaddr=ip(254))).options


def test_a_reply_has_no_more_than_64_bytes_of_options() -> None:
    """RFC 951 §3: the vendor field is of that size, and option overload is unknown to the client."""
    many = Options({ROUTERS.code: SERVER.packed, DOMAIN_NAME.code: b"x" * 60, 42: SERVER.packed})
    subject = DhcpServer(a_subnet(options=many, reservations=[OURS]))
    reply = subject.ask(bootp())
    assert subject.datagram is not None
    assert len(subject.datagram.payload) == 300
    assert set(reply.options) == {1, 3, 42, 12}


def test_a_client_that_says_nothing_in_its_vendor_field_is_read() -> None:
    """RFC 951 §3: the magic cookie is for those who have something to say there."""
    message = decode(encode(bootp())[:236] + bytes(64))
    assert (message.options, message.message_type, message.chaddr) == (Options(), None, MAC)
    assert decode(encode(message)[:236] + bytes(4)).chaddr == MAC

    with pytest.raises(DecodeError):
        decode(encode(bootp())[:236] + bytes(63) + b"\x01")


def test_settings_are_those_the_operator_has_for_the_client() -> None:
    """RFC 1534 §2: the options of BOOTP's vendor extensions are the same for both."""
    reserved = replace(OURS, options=options_of((DOMAIN_NAME, "lab")))
    reply = DhcpServer(a_subnet(options=ROUTER, reservations=[reserved])).ask(bootp())
    assert reply.options.get(DOMAIN_NAME) == "lab"
