"""RFC 2131: several subnets on one link, and which of them a client's address comes from."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from tests.support.dhcp import (
    BROADCAST,
    MAC,
    OTHER_MAC,
    RELAY,
    RULES,
    DhcpServer,
    a_subnet,
    discover,
    extending,
    from_client,
    init_reboot,
    ip,
    on_broadcast,
    on_unicast,
    relayed,
    selecting,
)
from wireboot.endpoint import SocketAddress
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.events import LeaseReleased, NoAddressLeft, RequestIgnored
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import ROUTERS, SUBNET_MASK, MessageType
from wireboot.wire.option_table import Options

FROM_RELAY = on_unicast(RELAY, 67)


def hall(first: int = 100, last: int = 101) -> tuple[Subnet, Subnet]:
    """Two subnets of one link, behind a relay; each with a router of its own."""
    return (
        _in_hall(a_subnet(first, last, network="10.77.1", options=_router("10.77.1"))),
        _in_hall(a_subnet(first, last, network="10.77.9", options=_router("10.77.9"))),
    )


def _in_hall(subnet: Subnet) -> Subnet:
    return replace(subnet, shared_network="hall")


def _router(network: str) -> Options:
    return Options().with_option(ROUTERS, (ip(1, network),))


def macs(count: int) -> list[bytes]:
    return [bytes([2, 0, 0, 0, 0, number]) for number in range(count)]


def lease(server: DhcpServer, mac: bytes, relay: IPv4Address = RELAY) -> Message:
    offer = server.ask(relayed(discover(mac=mac), relay=relay), FROM_RELAY)
    return server.ask(relayed(selecting(offer.yiaddr, mac=mac), relay=relay), FROM_RELAY)


def test_a_links_subnets_are_used_in_the_order_of_the_file() -> None:
    """RFC 2131 §4.3.1: an address of the subnet of `giaddr`, or of another on the same link."""
    server = DhcpServer(*hall())
    given = [lease(server, mac).yiaddr for mac in macs(4)]
    assert given == [ip(100, "10.77.1"), ip(101, "10.77.1"), ip(100, "10.77.9"), ip(101, "10.77.9")]

    assert server.send(relayed(discover(mac=OTHER_MAC)), FROM_RELAY) is None
    assert server.event(NoAddressLeft).subnet == "hall"


def test_settings_are_those_of_the_subnet_of_the_address() -> None:
    """RFC 2131 §4.3.1: mask and router fit the address that is given, wherever the relay stands."""
    server = DhcpServer(*hall(100, 100))
    lease(server, OTHER_MAC)
    ack = lease(server, MAC)
    assert (ack.yiaddr, ack.options.get(ROUTERS)) == (ip(100, "10.77.9"), (ip(1, "10.77.9"),))
    assert ack.options.get(SUBNET_MASK) == IPv4Address("255.255.255.0")


def test_a_client_keeps_its_address_in_whichever_subnet_of_its_link_it_has_one() -> None:
    """RFC 2131 §4.3.1: the client's current address comes first."""
    server = DhcpServer(*hall())
    for mac in macs(3):
        lease(server, mac)
    own = lease(server, MAC).yiaddr
    release = from_client(MessageType.RELEASE, mac=macs(1)[0], ciaddr=ip(100, "10.77.1"))
    server.send(release, on_unicast(ip(100, "10.77.1")))
    assert server.event(LeaseReleased)

    assert own == ip(101, "10.77.9")
    assert server.ask(relayed(discover()), FROM_RELAY).yiaddr == own


def test_an_address_of_another_subnet_of_the_same_link_is_served() -> None:
    """RFC 2131 §4.3.2: the client is on the right network, whichever subnet the relay's address is in."""
    server = DhcpServer(*hall(100, 100))
    lease(server, OTHER_MAC)
    own = lease(server, MAC).yiaddr
    rebooted = server.ask(relayed(init_reboot(own)), FROM_RELAY)
    rebinding = server.ask(relayed(extending(own), relay=ip(254, "10.77.9")), FROM_RELAY)
    renewing = server.ask(extending(own), on_unicast(own))

    for ack in (rebooted, rebinding, renewing):
        assert (ack.message_type, ack.yiaddr) == (MessageType.ACK, own)


def test_an_address_of_another_link_is_refused() -> None:
    """RFC 2131 §4.3.2: a client that has moved is told so."""
    server = DhcpServer(*hall(), a_subnet())
    moved = server.ask(init_reboot(ip(100, "10.77.9")))
    assert moved.message_type is MessageType.NAK
    assert server.datagram is not None
    assert server.datagram.peer == SocketAddress(BROADCAST, 68)

    assert server.ask(relayed(init_reboot(ip(100))), FROM_RELAY).message_type is MessageType.NAK


def test_a_client_that_moves_to_another_link_keeps_a_lease_on_each() -> None:
    """RFC 2131 §2.2: a lease lasts as long as was promised; the client may come back."""
    server = DhcpServer(*hall(), a_subnet())
    there = lease(server, MAC).yiaddr
    here = server.lease()
    assert here == ip(100)
    assert server.ask(relayed(discover()), FROM_RELAY).yiaddr == there
    assert server.ask(discover()).yiaddr == here


def test_subnets_of_one_interface_are_one_link_where_the_operator_says_so() -> None:
    """RFC 2131 §4.3.1: a link of our own may have several subnets, too."""
    here, also_here = a_subnet(100, 100), a_subnet(100, 100, network="10.80.0")
    apart = DhcpServer(here, also_here)
    apart.lease(OTHER_MAC)
    assert apart.send(discover()) is None

    together = DhcpServer(_in_hall(here), _in_hall(also_here))
    together.lease(OTHER_MAC)
    assert together.lease() == ip(100, "10.80.0")


def test_a_reservation_counts_in_whichever_subnet_of_the_link_it_stands() -> None:
    """RFC 2131 §4.3.1: the operator's word for one client goes before the order of the subnets."""
    first, second = hall()
    server = DhcpServer(first, replace(second, reservations=(Reservation(MAC, ip(50, "10.77.9")),)))
    assert lease(server, MAC).yiaddr == ip(50, "10.77.9")


def test_another_server_may_know_the_network_where_we_are_not_authoritative() -> None:
    """RFC 2131 §4.3.2: only who is sure of the network's configuration refuses for being on the wrong one."""
    server = DhcpServer(rules=replace(RULES, authoritative=False))
    assert server.send(init_reboot(IPv4Address("192.0.2.7"))) is None
    assert server.event(RequestIgnored)
    elsewhere = IPv4Address("192.0.2.7")
    rebinding = replace(on_broadcast(), peer=SocketAddress(elsewhere, 68))
    assert server.send(extending(elsewhere), rebinding) is None

    # Who has chosen this server is answered all the same, and so is who has an address of ours on record.
    assert server.ask(selecting(elsewhere)).message_type is MessageType.NAK
    server.lease()
    assert server.ask(init_reboot(ip(105))).message_type is MessageType.NAK


def test_rebinding_on_the_wrong_network_is_refused() -> None:
    """RFC 2131 §4.3.2: the client could not reach anybody with that address."""
    elsewhere = IPv4Address("192.0.2.7")
    nak = DhcpServer().ask(extending(elsewhere), replace(on_broadcast(), peer=SocketAddress(elsewhere, 68)))
    assert nak.message_type is MessageType.NAK


def test_inform_gets_the_settings_of_the_subnet_of_its_address() -> None:
    """RFC 2131 §4.3.5: the client's own address tells which."""
    server = DhcpServer(*hall(), a_subnet())
    there = ip(20, "10.77.9")
    ack = server.ask(from_client(MessageType.INFORM, ciaddr=there), on_unicast(there))
    assert ack.options.get(ROUTERS) == (ip(1, "10.77.9"),)
