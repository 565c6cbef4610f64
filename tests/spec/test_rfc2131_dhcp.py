"""RFC 2131: what the server answers to each message, to whom, and when it stays silent."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.support.dhcp import (
    BROADCAST,
    ETH0,
    ETH1,
    MAC,
    NOBODY,
    NOW,
    OTHER_MAC,
    OTHER_SERVER,
    RELAY,
    SERVER,
    DhcpServer,
    a_subnet,
    combined,
    discover,
    extending,
    from_client,
    init_reboot,
    ip,
    on_broadcast,
    on_unicast,
    options_of,
    pxe_options,
    selecting,
)
from tests.support.pxe_client import ADDRESS, BY_UNICAST, Machine, reply
from wireboot.endpoint import Datagram, DatagramDropped, SocketAddress
from wireboot.leases.allocator import OFFER_LASTS_S, QUARANTINE_S
from wireboot.leases.lease import LeaseChanged, LeaseState
from wireboot.leases.reservation import Reservation
from wireboot.protocols.dhcp4.events import (
    AddressDeclined,
    AddressOffered,
    AddressRefused,
    LeaseGranted,
    LeaseReleased,
    NoAddressLeft,
    RequestIgnored,
    SettingsGiven,
)
from wireboot.protocols.dhcp4.message import BROADCAST_FLAG, Message, decode, encode
from wireboot.protocols.dhcp4.options import (
    BOOT_FILE_NAME,
    BROADCAST_ADDRESS,
    CLIENT_IDENTIFIER,
    CLIENT_MACHINE_ID,
    DOMAIN_NAME,
    DOMAIN_NAME_SERVERS,
    HOST_NAME,
    LEASE_TIME,
    MAXIMUM_MESSAGE_SIZE,
    MESSAGE,
    MESSAGE_TYPE,
    PARAMETER_REQUEST_LIST,
    REBINDING_TIME,
    RENEWAL_TIME,
    REQUESTED_ADDRESS,
    ROUTERS,
    SERVER_IDENTIFIER,
    SUBNET_MASK,
    MessageType,
)
from wireboot.wire.option_table import Options

THIRD_MAC = bytes.fromhex("525400770012")
SETTINGS = Options({
    ROUTERS.code: SERVER.packed,
    DOMAIN_NAME.code: b"lab",
    DOMAIN_NAME_SERVERS.code: SERVER.packed,
    BROADCAST_ADDRESS.code: ip(255).packed,
})  # fmt: skip
LEASE_TIMES = {LEASE_TIME.code, RENEWAL_TIME.code, REBINDING_TIME.code}


def full_server() -> DhcpServer:
    """Its one address is leased to somebody else."""
    server = DhcpServer(a_subnet(100, 100))
    server.lease(OTHER_MAC)
    return server


def is_nak(reply: Message) -> bool:
    return reply.message_type is MessageType.NAK


# §4.3.1 DHCPDISCOVER


def test_a_discover_is_offered_an_address_of_the_pool() -> None:
    """RFC 2131 §4.3.1."""
    server = DhcpServer()
    offer = server.ask(discover())

    assert (offer.message_type, offer.yiaddr) == (MessageType.OFFER, ip(100))
    assert server.event(AddressOffered).lease.state is LeaseState.OFFERED
    assert not any(event.durable for event in server.events)


def test_an_offer_copies_what_identifies_the_exchange_and_nothing_else() -> None:
    """RFC 2131 §4.3.1, table 3."""
    request = replace(discover(), secs=7, hops=0, flags=BROADCAST_FLAG, xid=0xDEADBEEF)
    offer = DhcpServer().ask(request)

    assert (offer.op, offer.htype, offer.xid, offer.flags, offer.chaddr) == (2, 1, 0xDEADBEEF, BROADCAST_FLAG, MAC)
    assert (offer.hops, offer.secs, offer.ciaddr, offer.giaddr) == (0, 0, NOBODY, NOBODY)
    assert REQUESTED_ADDRESS.code not in offer.options


def test_an_offer_names_the_server_and_the_lease_time_with_t1_and_t2() -> None:
    """RFC 2131 §4.3.1 and §4.4.5: T1 is half of the lease time, T2 seven eighths."""
    offer = DhcpServer(a_subnet(lease_time_s=4000)).ask(discover())

    assert offer.options.get(SERVER_IDENTIFIER) == SERVER
    assert [offer.options.get(each) for each in (LEASE_TIME, RENEWAL_TIME, REBINDING_TIME)] == [4000, 2000, 3500]


def test_the_client_and_machine_identifiers_are_returned() -> None:
    """RFC 6842 §3; RFC 4578 §2.3."""
    options = Options({CLIENT_IDENTIFIER.code: b"\x00id", CLIENT_MACHINE_ID.code: bytes(17)})
    offer = DhcpServer().ask(discover(options=options))
    assert (offer.options[CLIENT_IDENTIFIER.code], offer.options[CLIENT_MACHINE_ID.code]) == (b"\x00id", bytes(17))


def test_a_client_is_offered_the_address_it_has_whatever_it_requests() -> None:
    """RFC 2131 §4.3.1, first choice: the client's current address."""
    server = DhcpServer()
    own = server.lease()
    assert server.ask(discover(requested=ip(105))).yiaddr == own


def test_a_client_is_offered_the_address_it_had() -> None:
    """RFC 2131 §4.3.1, second choice: the client's previous address, if free."""
    server = DhcpServer()
    server.lease(OTHER_MAC)
    own = server.lease()
    server.send(replace(extending(own), options=from_client(MessageType.RELEASE).options), on_unicast(own))
    server.now += 1_000_000

    assert server.ask(discover(requested=ip(105))).yiaddr == own


def test_a_new_client_is_offered_the_address_it_requests_if_free() -> None:
    """RFC 2131 §4.3.1, third choice."""
    assert DhcpServer().ask(discover(requested=ip(105))).yiaddr == ip(105)


@pytest.mark.parametrize("requested", [ip(99), ip(110), SERVER, NOBODY, BROADCAST, IPv4Address("192.0.2.1")])
def test_a_requested_address_outside_the_pool_is_not_offered(requested: IPv4Address) -> None:
    """RFC 2131 §4.3.1: "if that address is valid"."""
    assert DhcpServer().ask(discover(requested=requested)).yiaddr == ip(100)


def test_a_requested_address_that_another_holds_is_not_offered() -> None:
    """RFC 2131 §4.3.1: "and not already allocated"."""
    server = DhcpServer()
    taken = server.lease(OTHER_MAC)
    assert server.ask(discover(requested=taken)).yiaddr != taken


def test_an_offered_address_is_offered_to_nobody_else_meanwhile() -> None:
    """RFC 2131 §3.1 step 2: the server should not reuse an address it has offered."""
    server = DhcpServer(a_subnet(100, 101))
    first = server.ask(discover()).yiaddr
    assert server.ask(discover(mac=OTHER_MAC, requested=first)).yiaddr != first


def test_a_repeated_discover_is_offered_the_same_address() -> None:
    """RFC 2131 §4.3.1: what was offered already is the client's until it is lost."""
    server = DhcpServer()
    assert server.ask(discover()).yiaddr == server.ask(discover()).yiaddr


def test_an_offer_not_taken_is_free_again_after_a_while() -> None:
    """RFC 2131 §3.1 step 4: the server may time out an offer."""
    server = DhcpServer(a_subnet(100, 100), inventory=[MAC])
    offered = server.ask(discover()).yiaddr

    server.now += OFFER_LASTS_S - 1
    assert server.send(discover(mac=OTHER_MAC)) is None
    server.now += 1
    assert server.ask(discover(mac=OTHER_MAC)).yiaddr == offered


def test_an_exhausted_pool_means_silence_and_the_operator_hears_of_it() -> None:
    """RFC 2131 §4.3.1: the server may choose to inform the administrator."""
    server = full_server()
    assert server.send(discover()) is None
    assert server.event(NoAddressLeft) == NoAddressLeft(MAC, "10.77.0.0/24", clients=1)


def test_an_expired_lease_makes_room() -> None:
    """RFC 2131 §2.2: an address may be given again once its lease has ended."""
    server = full_server()
    server.now += 3600
    assert server.ask(discover()).yiaddr == ip(100)


def test_a_released_address_makes_room_at_once() -> None:
    """RFC 2131 §4.3.4: it is marked as not allocated."""
    server = full_server()
    server.send(from_client(MessageType.RELEASE, mac=OTHER_MAC, ciaddr=ip(100)), on_unicast(ip(100)))
    server.now += 1
    assert server.ask(discover()).yiaddr == ip(100)


def test_of_expired_leases_the_oldest_is_reused_first() -> None:
    """RFC 2131 §2.2: a client that comes back should find its old address as long as can be."""
    server = DhcpServer(a_subnet(100, 102))
    for seconds, mac in enumerate([OTHER_MAC, THIRD_MAC, MAC]):
        server.now = NOW + seconds
        server.lease(mac)
    server.now += 1
    server.ask(extending(ip(100), mac=OTHER_MAC), on_unicast(ip(100)))  # now the last to expire
    server.now += 7200

    newcomers = [bytes(5) + bytes([number]) for number in range(3)]
    assert [server.ask(discover(mac=mac)).yiaddr for mac in newcomers] == [ip(101), ip(102), ip(100)]


def test_addresses_never_used_come_before_expired_ones() -> None:
    """RFC 2131 §2.2: old addresses are used again where there are no others."""
    server = DhcpServer(a_subnet(100, 101))
    server.lease(OTHER_MAC)
    server.now += 7200
    assert server.ask(discover()).yiaddr == ip(101)


def test_the_servers_own_address_is_never_given_away() -> None:
    """RFC 2131 §2.2: an address has one holder."""
    server = DhcpServer(a_subnet(1, 2), never=(SERVER,))
    assert server.ask(discover(requested=SERVER)).yiaddr == ip(2)
    assert server.send(discover(mac=OTHER_MAC)) is None


# Reservations


def reserving_server(*, hostname: str | None = None) -> DhcpServer:
    return DhcpServer(a_subnet(100, 101, reservations=[Reservation(MAC, ip(100), hostname)]))


def test_a_reserved_address_goes_to_its_machine() -> None:
    """RFC 2131 §4.3.1: an address may be reserved by the administrator."""
    server = reserving_server()
    assert server.lease() == ip(100)
    assert server.ask(discover(requested=ip(101))).yiaddr == ip(100)


def test_a_reserved_address_may_lie_outside_the_pools() -> None:
    """Ours: a pool is for everybody, a reservation is not."""
    assert DhcpServer(a_subnet(reservations=[Reservation(MAC, ip(50))])).lease() == ip(50)


def test_a_reserved_address_goes_to_nobody_else() -> None:
    """RFC 2131 §4.3.1: not even when it is asked for, or the last one."""
    server = reserving_server()
    assert server.ask(discover(mac=OTHER_MAC, requested=ip(100))).yiaddr == ip(101)
    assert server.send(discover(mac=THIRD_MAC)) is None
    assert is_nak(server.ask(selecting(ip(100), mac=THIRD_MAC)))


def test_a_machine_with_a_reservation_gets_no_other_address() -> None:
    """RFC 2131 §4.3.2: an address that is not the client's is refused."""
    assert is_nak(reserving_server().ask(selecting(ip(101))))


def test_a_reservation_serves_every_program_of_its_machine() -> None:
    """Firmware: it and the operating system often send different client identifiers from the same MAC."""
    server = reserving_server()
    server.lease()
    as_system = Options({CLIENT_IDENTIFIER.code: b"\xff\x00\x00\x00\x00duid"})

    assert server.ask(discover(options=as_system)).yiaddr == ip(100)
    assert server.ask(selecting(ip(100), options=as_system)).message_type is MessageType.ACK


def test_a_machine_whose_reserved_address_another_holds_is_served_from_the_pool_meanwhile() -> None:
    """RFC 2131 §2.2: a lease is not taken away; who holds it is refused when it renews."""
    server = DhcpServer(a_subnet(100, 101))
    assert server.lease(OTHER_MAC) == ip(100)
    server.allocator.use_subnets([a_subnet(100, 101, reservations=[Reservation(MAC, ip(100))])])

    assert server.lease() == ip(101)
    assert is_nak(server.ask(extending(ip(100), mac=OTHER_MAC), on_unicast(ip(100))))
    server.send(from_client(MessageType.RELEASE, mac=OTHER_MAC, ciaddr=ip(100)), on_unicast(ip(100)))
    assert server.lease() == ip(100)


def test_of_several_addresses_on_a_link_the_server_uses_the_one_in_the_clients_subnet() -> None:
    """RFC 2131 §4.1: the client reaches no other without a router."""
    both = replace(ETH0, addresses=(IPv4Interface("10.78.0.1/24"), *ETH0.addresses))
    server = DhcpServer(interfaces={both.name: both})
    offer = server.ask(discover(), on_broadcast(interface=both))

    assert (offer.yiaddr, offer.options.get(SERVER_IDENTIFIER)) == (ip(100), SERVER)
    assert server.datagram is not None
    assert server.datagram.local.host == SERVER


def test_a_reserved_host_name_is_sent_and_recorded() -> None:
    """RFC 2132 §3.14: the server's word goes before the client's own."""
    server = reserving_server(hostname="node-1")
    ack = server.ask(selecting(server.ask(discover()).yiaddr, options=options_of((HOST_NAME, "other"))))
    assert (ack.options.get(HOST_NAME), server.event(LeaseGranted).lease.hostname) == ("node-1", "node-1")


# §4.3.2 DHCPREQUEST


def test_selecting_the_offer_gets_the_lease() -> None:
    """RFC 2131 §4.3.2, generated during SELECTING."""
    server = DhcpServer()
    offered = server.ask(discover()).yiaddr
    ack = server.ask(selecting(offered, options=options_of((HOST_NAME, "node"))))

    assert (ack.message_type, ack.yiaddr, ack.options.get(LEASE_TIME)) == (MessageType.ACK, offered, 3600)
    lease = server.event(LeaseGranted).lease
    assert (lease.address, lease.client, lease.state) == (offered, b"\x01" + MAC, LeaseState.BOUND)
    assert (lease.expires_at, lease.hostname) == (NOW + 3600, "node")


def test_a_lease_is_told_as_durable_before_its_ack_leaves() -> None:
    """RFC 2131 §3.1 step 4: the binding is in persistent storage before the DHCPACK."""
    server = DhcpServer()
    offered = server.ask(discover()).yiaddr
    request = Datagram(encode(selecting(offered)), *on_broadcast_ends(), "eth0", to_group=True)

    server.endpoint.receive_datagram(request, NOW)
    event = server.endpoint.next_event()

    assert isinstance(event, LeaseChanged)
    assert event.durable
    assert len(server.endpoint.datagrams_to_send()) == 1


def on_broadcast_ends() -> tuple[SocketAddress, SocketAddress]:
    way = on_broadcast()
    return way.peer, way.local


def test_choosing_another_server_withdraws_the_offer() -> None:
    """RFC 2131 §3.1 step 4: servers not selected take the message as word that their offer is declined."""
    server = DhcpServer(a_subnet(100, 100))
    offered = server.ask(discover()).yiaddr

    assert server.send(selecting(ip(33), server=OTHER_SERVER)) is None
    assert server.event(RequestIgnored).reason == "it chose another server"
    assert server.ask(discover(mac=OTHER_MAC)).yiaddr == offered


def test_choosing_another_server_does_not_end_a_lease() -> None:
    """RFC 2131 §3.1 step 4: only the offer is withdrawn; the address may still be in use."""
    server = DhcpServer(a_subnet(100, 100))
    server.lease()
    server.send(selecting(ip(33), server=OTHER_SERVER))
    assert server.send(discover(mac=OTHER_MAC)) is None


def test_selecting_an_address_that_another_has_is_refused() -> None:
    """RFC 2131 §4.3.2."""
    server = DhcpServer()
    taken = server.lease(OTHER_MAC)
    nak = server.ask(selecting(taken))

    assert is_nak(nak)
    assert nak.options.get(SERVER_IDENTIFIER) == SERVER
    assert nak.options.get(MESSAGE)
    assert (nak.yiaddr, nak.siaddr, nak.ciaddr, nak.options.keys() & LEASE_TIMES) == (NOBODY, NOBODY, NOBODY, set())
    assert server.event(AddressRefused).address == taken


@pytest.mark.parametrize("address", [ip(99), IPv4Address("192.0.2.1"), SERVER])
def test_selecting_an_address_that_is_not_ours_to_give_is_refused(address: IPv4Address) -> None:
    """RFC 2131 §4.3.2: the server cannot meet such a request."""
    assert is_nak(DhcpServer().ask(selecting(address)))


def test_a_request_for_no_address_is_ignored() -> None:
    """RFC 2131 §4.3.2, table 4: the address is in option 50 or in `ciaddr`."""
    server = DhcpServer()
    request = from_client(MessageType.REQUEST, options=options_of((SERVER_IDENTIFIER, SERVER)))
    assert server.send(request) is None
    assert server.event(RequestIgnored)


def test_a_rebooted_client_gets_its_address_again() -> None:
    """RFC 2131 §4.3.2, generated during INIT-REBOOT."""
    server = DhcpServer()
    own = server.lease()
    server.now += 100
    ack = server.ask(init_reboot(own))
    assert (ack.message_type, ack.yiaddr) == (MessageType.ACK, own)
    assert server.event(LeaseGranted).lease.expires_at == NOW + 3700


def test_a_rebooted_client_from_another_network_is_refused() -> None:
    """RFC 2131 §4.3.2: a DHCPNAK if the client is on the wrong network, known or not."""
    assert is_nak(DhcpServer().ask(init_reboot(IPv4Address("192.0.2.7"))))


def test_a_rebooted_client_that_has_another_address_is_refused() -> None:
    """RFC 2131 §4.3.2: a DHCPNAK if the requested address is incorrect."""
    server = DhcpServer()
    own = server.lease()
    assert is_nak(server.ask(init_reboot(ip(105))))
    assert server.ask(discover()).yiaddr == own


def test_a_rebooted_client_that_is_not_known_is_left_to_other_servers() -> None:
    """RFC 2131 §4.3.2: a server with no record of the client must remain silent."""
    server = DhcpServer()
    assert server.send(init_reboot(ip(100))) is None
    assert server.event(RequestIgnored)


def test_a_renewal_extends_the_lease() -> None:
    """RFC 2131 §4.3.2, generated during RENEWING: unicast, ciaddr set, no server identifier."""
    server = DhcpServer()
    own = server.lease()
    server.now += 1800
    ack = server.ask(extending(own), on_unicast(own))

    assert (ack.message_type, ack.ciaddr, ack.yiaddr) == (MessageType.ACK, own, own)
    assert server.event(LeaseGranted).lease.expires_at == NOW + 1800 + 3600


def test_a_renewal_of_an_address_that_another_has_is_refused() -> None:
    """RFC 2131 §4.3.2: RENEWING."""
    server = DhcpServer()
    taken = server.lease(OTHER_MAC)
    assert is_nak(server.ask(extending(taken), on_unicast(taken)))


def test_rebinding_extends_the_lease() -> None:
    """RFC 2131 §4.3.2, generated during REBINDING: broadcast with ciaddr set."""
    server = DhcpServer()
    own = server.lease()
    ack = server.ask(extending(own), replace(on_broadcast(), peer=SocketAddress(own, 68)))
    assert (ack.message_type, ack.yiaddr) == (MessageType.ACK, own)


def test_rebinding_an_unknown_lease_is_left_to_other_servers() -> None:
    """RFC 2131 §4.3.2: this server may not know of it, another may."""
    server = DhcpServer()
    assert server.send(extending(ip(100)), replace(on_broadcast(), peer=SocketAddress(ip(100), 68))) is None


# §4.3.3 to §4.3.5


def test_a_declined_address_is_out_of_use_for_a_while() -> None:
    """RFC 2131 §4.3.3: the server marks the address as not available."""
    server = DhcpServer(a_subnet(100, 101))
    own = server.lease()
    options = options_of((REQUESTED_ADDRESS, own), (SERVER_IDENTIFIER, SERVER))

    assert server.send(from_client(MessageType.DECLINE, options=options)) is None
    assert server.event(AddressDeclined).durable
    assert server.event(AddressDeclined).lease.state is LeaseState.DECLINED
    assert server.ask(discover(requested=own)).yiaddr == ip(101)
    assert server.send(discover(mac=OTHER_MAC)) is None
    server.now += QUARANTINE_S
    assert server.ask(discover(mac=OTHER_MAC, requested=own)).yiaddr in (own, ip(101))


def test_only_the_holder_can_decline_an_address() -> None:
    """Ours: or anybody could empty the pool."""
    server = DhcpServer()
    own = server.lease()
    server.send(from_client(MessageType.DECLINE, mac=OTHER_MAC, options=options_of((REQUESTED_ADDRESS, own))))
    assert server.event(RequestIgnored)
    assert server.ask(discover()).yiaddr == own


def test_a_released_address_is_free_and_remembered_for_its_client() -> None:
    """RFC 2131 §4.3.4."""
    server = DhcpServer()
    own = server.lease()
    release = from_client(MessageType.RELEASE, ciaddr=own, options=options_of((SERVER_IDENTIFIER, SERVER)))

    assert server.send(release, on_unicast(own)) is None
    assert server.event(LeaseReleased).durable
    assert server.event(LeaseReleased).lease.state is LeaseState.RELEASED
    assert server.ask(discover()).yiaddr == own


def test_only_the_holder_can_release_an_address() -> None:
    """RFC 2131 §4.3.4: the client is known by its identifier and its address."""
    server = DhcpServer()
    own = server.lease()
    server.send(from_client(MessageType.RELEASE, mac=OTHER_MAC, ciaddr=own), on_unicast(own))
    assert server.event(RequestIgnored)
    assert server.send(selecting(own, mac=OTHER_MAC)) is not None
    assert server.event(AddressRefused)


def test_inform_gets_settings_but_neither_address_nor_lease() -> None:
    """RFC 2131 §4.3.5: yiaddr must not be filled, no lease time parameters."""
    server = DhcpServer(a_subnet(options=SETTINGS))
    ack = server.ask(from_client(MessageType.INFORM, ciaddr=ip(20)), on_unicast(ip(20)))

    assert (ack.message_type, ack.yiaddr, ack.ciaddr) == (MessageType.ACK, NOBODY, ip(20))
    assert ack.options.keys() & LEASE_TIMES == set()
    assert ack.options.get(ROUTERS) == (SERVER,)
    assert server.datagram is not None
    assert server.datagram.peer == SocketAddress(ip(20), 68)
    assert server.event(SettingsGiven) == SettingsGiven(MAC, ip(20))
    assert server.allocator.leases == []


# §4.3.1: parameters


def test_settings_come_in_the_order_in_which_they_are_requested() -> None:
    """RFC 2132 §9.8; the mask goes before the routers (RFC 2132 §3.3)."""
    wanted = options_of((PARAMETER_REQUEST_LIST, (6, 3, 15, 99, 1)))
    offer = DhcpServer(a_subnet(options=SETTINGS)).ask(discover(options=wanted))
    assert list(offer.options)[-4:] == [1, 6, 3, 15]


def test_settings_not_requested_are_not_sent() -> None:
    """RFC 2131 §3.5: the client uses its own defaults."""
    wanted = options_of((PARAMETER_REQUEST_LIST, (15,)))
    offer = DhcpServer(a_subnet(options=SETTINGS)).ask(discover(options=wanted))
    assert set(offer.options) == {53, 54, 51, 58, 59, 1, 15}


def test_a_client_that_requests_nothing_in_particular_gets_all_settings() -> None:
    """Ours: it has not said that it could do without any."""
    offer = DhcpServer(a_subnet(options=SETTINGS)).ask(discover())
    assert offer.options.get(SUBNET_MASK) == IPv4Address("255.255.255.0")
    assert {**offer.options} == {**offer.options, **SETTINGS}


def test_a_reply_is_no_larger_than_the_client_takes() -> None:
    """RFC 2131 §2: 576 bytes of IP where option 57 does not say more."""
    large = Options({224: bytes(250), 225: bytes(250)})
    server = DhcpServer(a_subnet(options=large))
    sizes: list[tuple[int, set[int]]] = []
    for announced in (None, 576, 1472):
        options = Options() if announced is None else options_of((MAXIMUM_MESSAGE_SIZE, announced))
        offer = server.ask(discover(options=options))
        assert server.datagram is not None
        sizes.append((len(server.datagram.payload), set(offer.options) & {224, 225}))

    assert [size <= 576 - 28 for size, _ in sizes] == [True, True, False]
    assert [given for _, given in sizes] == [{224}, {224}, {224, 225}]


@pytest.mark.parametrize("announced", [0, 1, 28, 300, 575, 65535])
def test_an_absurd_size_is_read_as_the_nearest_sensible_one(announced: int) -> None:
    """RFC 2131 §2: every client takes 576 bytes; and no reply is worth fragments."""
    server = DhcpServer(a_subnet(options=Options(dict.fromkeys(range(224, 240), bytes(250)))))
    server.ask(discover(options=options_of((MAXIMUM_MESSAGE_SIZE, announced))))
    assert server.datagram is not None
    assert len(server.datagram.payload) <= (576 if announced < 1500 else 1500) - 28


@pytest.mark.parametrize("architecture", [0, 7])
def test_an_acknowledgement_says_what_the_offer_said(architecture: int) -> None:
    """RFC 2131 §3.1 step 4: it should not conflict with the offer."""
    server = combined()
    asked = Options({**pxe_options(architecture), PARAMETER_REQUEST_LIST.code: bytes([1, 3, 6, 43, 67])})
    offer = server.ask(discover(options=asked))
    ack = server.ask(selecting(offer.yiaddr, options=asked))

    as_an_offer = ack.with_option(MESSAGE_TYPE, MessageType.OFFER)
    assert as_an_offer == offer
    assert offer.options.get(BOOT_FILE_NAME)


def test_a_reply_has_nothing_that_only_clients_send() -> None:
    """RFC 2131 §4.3.1, table 3: neither what is asked for nor what the client takes comes back."""
    theirs = Options({
        HOST_NAME.code: b"node",
        PARAMETER_REQUEST_LIST.code: b"\x01\x03",
        MAXIMUM_MESSAGE_SIZE.code: b"\x05\xc0",
    })  # fmt: skip
    server = DhcpServer(a_subnet(options=SETTINGS))
    offer = server.ask(discover(requested=ip(105), options=theirs))
    ack = server.ask(selecting(offer.yiaddr, options=theirs))

    for answer in (offer, ack):
        assert set(answer.options) == {53, 54, *LEASE_TIMES, 1, 3}


def test_a_refusal_says_why_and_nothing_else() -> None:
    """RFC 2131 §4.3.1, table 3; RFC 2132 §9.9: a DHCPNAK has options 53, 54 and 56."""
    nak = DhcpServer(a_subnet(options=SETTINGS)).ask(
        selecting(ip(9), options=options_of((PARAMETER_REQUEST_LIST, (1, 3, 6))))
    )
    assert set(nak.options) == {53, 54, 56}
    assert nak.options.get(SERVER_IDENTIFIER) == SERVER
    assert nak.options.get(MESSAGE)
    assert (nak.ciaddr, nak.yiaddr, nak.siaddr, nak.sname, nak.file) == (NOBODY, NOBODY, NOBODY, b"", b"")


# Subnets and server identifiers


def two_links() -> DhcpServer:
    return DhcpServer(a_subnet(), a_subnet(network="10.78.0"), a_subnet(network="10.77.1"))


def test_each_interface_serves_its_own_network_under_its_own_address() -> None:
    """RFC 2131 §4.1 and §4.3.1: the server identifier is an address the client can reach."""
    server = two_links()
    offer = server.ask(discover(), on_broadcast(interface=ETH1))
    assert (offer.yiaddr, offer.options.get(SERVER_IDENTIFIER)) == (ip(100, "10.78.0"), ETH1.ipv4[0].ip)
    assert server.datagram is not None
    assert (server.datagram.local.host, server.datagram.interface) == (ETH1.ipv4[0].ip, "eth1")


def test_any_of_the_servers_addresses_names_this_server() -> None:
    """RFC 2131 §4.1: a server must accept any of its addresses as its name."""
    server = two_links()
    offered = server.ask(discover()).yiaddr
    assert server.ask(selecting(offered, server=ETH1.ipv4[0].ip)).message_type is MessageType.ACK


def test_a_relays_address_selects_the_network() -> None:
    """RFC 2131 §4.3.1: the subnet from which the message was received, as giaddr says."""
    server = two_links()
    offer = server.ask(replace(discover(), giaddr=RELAY), on_unicast(RELAY, 67))
    assert offer.yiaddr == ip(100, "10.77.1")


def test_a_network_without_a_subnet_is_not_served() -> None:
    """RFC 2131 §4.3.1: no address fits where no subnet is configured."""
    server = DhcpServer(a_subnet())
    assert server.send(discover(), on_broadcast(interface=ETH1)) is None
    assert server.send(replace(discover(), giaddr=RELAY), on_unicast(RELAY, 67)) is None
    assert server.event(RequestIgnored)


def test_a_renewal_by_unicast_may_come_from_beyond_a_router() -> None:
    """RFC 2131 §4.3.2: it is not relayed, so giaddr is empty; ciaddr tells the network."""
    server = two_links()
    own = server.lease(way=None)
    relayed = replace(discover(), giaddr=RELAY)
    far = server.ask(relayed, on_unicast(RELAY, 67)).yiaddr
    server.ask(replace(selecting(far), giaddr=RELAY), on_unicast(RELAY, 67))

    assert server.ask(extending(far), on_unicast(far)).yiaddr == far
    assert far != own


# §4.1: where a reply goes

OFFERED = ip(100)


@pytest.mark.parametrize(
    ("request_", "way", "peer", "link_address"),
    [
        (discover(), on_broadcast(), (OFFERED, 68), MAC),
        (replace(discover(), flags=BROADCAST_FLAG), on_broadcast(), (BROADCAST, 68), None),
        (from_client(MessageType.DISCOVER, mac=bytes(range(16))), on_broadcast(), (BROADCAST, 68), None),
        (replace(discover(), giaddr=ip(254)), on_unicast(ip(253), 67), (ip(254), 67), None),
        (replace(discover(), giaddr=ip(254), flags=BROADCAST_FLAG), on_unicast(ip(253), 67), (ip(254), 67), None),
        (selecting(OFFERED), on_broadcast(), (OFFERED, 68), MAC),
        (selecting(ip(9)), on_broadcast(), (BROADCAST, 68), None),
        (replace(selecting(ip(9)), giaddr=ip(254)), on_unicast(ip(254), 67), (ip(254), 67), None),
        (extending(OFFERED), on_unicast(OFFERED), (OFFERED, 68), None),
        (extending(ip(9)), on_unicast(ip(9)), (BROADCAST, 68), None),
        (from_client(MessageType.INFORM, ciaddr=ip(9)), on_unicast(ip(9)), (ip(9), 68), None),
        (from_client(MessageType.INFORM, ciaddr=ip(9)), on_unicast(ip(9), 1067), (ip(9), 1067), None),
    ],
    ids=[
        "to the offered address, at the client's MAC",
        "broadcast, as the flag asks",
        "broadcast, since the hardware address is none of Ethernet",
        "to the relay and not to where the message came from",
        "to the relay whatever the flag asks",
        "an ack like an offer",
        "a nak is broadcast",
        "a nak goes through the relay",
        "to the address that the client uses",
        "a nak is broadcast even then",
        "an answer to inform goes to ciaddr",
        "to the port the client sent from",
    ],
)
def test_where_a_reply_goes(
    request_: Message, way: Datagram, peer: tuple[IPv4Address, int], link_address: bytes | None
) -> None:
    """RFC 2131 §4.1, fourth paragraph, case by case."""
    server = DhcpServer()
    server.ask(request_, way)
    assert server.datagram is not None
    assert (server.datagram.peer, server.datagram.link_address) == (peer, link_address)
    assert (server.datagram.local, server.datagram.to_group) == (SocketAddress(SERVER, 67), False)


@pytest.mark.parametrize("flags", [0x0001, 0x4000, 0x7FFF])
def test_reserved_flags_mean_nothing(flags: int) -> None:
    """RFC 2131 §2, figure 2: all but the first are ignored by servers."""
    server = DhcpServer()
    server.ask(replace(discover(), flags=flags))
    assert server.datagram is not None
    assert (server.datagram.peer, server.datagram.link_address) == (SocketAddress(OFFERED, 68), MAC)


def test_a_nak_through_a_relay_asks_it_to_broadcast() -> None:
    """RFC 2131 §4.3.2: the broadcast bit is set, or the relay would send to an address the client has not."""
    server = DhcpServer()
    nak = server.ask(replace(selecting(ip(9)), giaddr=ip(254)), on_unicast(ip(254), 67))
    assert (is_nak(nak), nak.wants_broadcast) == (True, True)


# Who is who


def test_clients_are_told_apart_by_their_identifier() -> None:
    """RFC 2131 §4.2: the client identifier, and only without one the hardware address."""
    server = DhcpServer()
    first = server.ask(discover(options=options_of((CLIENT_IDENTIFIER, b"\x00a")))).yiaddr
    second = server.ask(discover(options=options_of((CLIENT_IDENTIFIER, b"\x00b")))).yiaddr
    assert first != second


def test_the_hardware_address_as_identifier_is_the_same_as_none() -> None:
    """Firmware: a ROM that sends no option 61, and iPXE behind it that sends 01 and the MAC, are one client."""
    server = DhcpServer()
    own = server.lease()
    assert server.ask(discover(options=options_of((CLIENT_IDENTIFIER, b"\x01" + MAC)))).yiaddr == own


@pytest.mark.parametrize(("size", "served"), [(255, True), (256, False), (60_000, False)])
def test_an_identifier_is_no_longer_than_one_option(size: int, served: bool) -> None:
    """RFC 2132 §9.14: longer ones can be sent in parts; but they are kept with the lease, and memory is bounded."""
    options = Options({CLIENT_IDENTIFIER.code: bytes(size)})
    assert (DhcpServer().send(discover(options=options)) is not None) is served


@pytest.mark.parametrize("options", [Options(), Options({CLIENT_IDENTIFIER.code: b""})])
def test_a_client_that_does_not_say_who_it_is_gets_nothing(options: Options) -> None:
    """RFC 2131 §4.2: each client has a key of its own, or no lease."""
    server = DhcpServer()
    assert server.send(discover(mac=b"", options=options)) is None
    assert server.event(RequestIgnored)


def test_plain_bootp_and_messages_of_servers_are_ignored() -> None:
    """RFC 2131 §4.3: a server gets five kinds of message."""
    server = DhcpServer()
    for message_type in (None, MessageType.OFFER, MessageType.ACK, MessageType.NAK):
        assert server.send(from_client(message_type)) is None
        assert server.event(RequestIgnored)


# §3.1 and §3.5, the client


@pytest.mark.parametrize("firmware", ["wireboot", "intel-rom", "edk2", "ipxe"])
def test_the_request_goes_where_the_discover_went_and_asks_for_the_same(firmware: str) -> None:
    """RFC 2131 §3.1 step 3, §3.5: the same broadcast address, and the same list of parameters."""
    machine = Machine(firmware)
    sent, first = machine.asked()
    machine.hear(reply(first, MessageType.OFFER, yiaddr=ADDRESS, tags=BY_UNICAST))
    machine.wait(5)
    later = [(each, decode(each.payload)) for each in machine.take_sent()]
    also_sent, request = next(pair for pair in later if pair[1].message_type is MessageType.REQUEST)

    assert (also_sent.peer, also_sent.local) == (sent.peer, sent.local)
    assert request.options.get(PARAMETER_REQUEST_LIST) == first.options.get(PARAMETER_REQUEST_LIST)
    assert request.options.get(PARAMETER_REQUEST_LIST)
    assert (request.xid, request.flags) == (first.xid, first.flags)


# Bad input


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "malformed header"),
        (bytes(300), "malformed op"),
        (encode(replace(discover(), op=2)), "malformed op"),
        (encode(from_client(None, options=Options({53: b"\x09"}))), "malformed option 53"),
        (encode(discover(options=Options({50: b"\x0a\x4d"}))), "malformed option 50"),
        (encode(discover(options=Options({57: b"\x00"}))), "malformed option 57"),
    ],
)
def test_bad_input_is_dropped_and_counted(message: bytes, reason: str) -> None:
    """Ours: nothing a stranger sends stops the server."""
    server = DhcpServer()
    assert server.send(message) is None
    (event,) = server.events
    assert isinstance(event, DatagramDropped)
    assert (event.service, event.reason, event.peer, event.interface) == (
        "dhcp4",
        reason,
        SocketAddress(NOBODY, 68),
        "eth0",
    )


@pytest.mark.parametrize(
    "options",
    [
        Options({51: b"\xff\xff\xff\xff"}),
        Options({51: bytes(4)}),
        Options({12: b"\0" * 255}),
        Options({12: b"\xff\x1b[2J" * 50}),
        Options({12: b"n" * 60_000}),
        Options({55: bytes(range(256))}),
        Options({82: bytes(60_000)}),
    ],
    ids=[
        "lease for ever",
        "lease of no time",
        "NUL name",
        "rude name",
        "vast name",
        "wants all",
        "vast relay data",
    ],
)
def test_absurd_values_change_nothing_for_the_server(options: Options) -> None:
    """RFC 2131 §4.3.1: how long a lease lasts is the server's to say. Sizes are bounded."""
    server = DhcpServer()
    offer = server.ask(discover(options=options))
    assert server.datagram is not None
    assert (offer.message_type, offer.options.get(LEASE_TIME)) == (MessageType.OFFER, 3600)
    assert len(server.datagram.payload) <= 548
