"""Classes of clients: who is in them, which addresses are theirs, and whose word on an option counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.dhcp import (
    MAC,
    MACHINE_ID,
    OTHER_MAC,
    RELAY,
    RULES,
    DhcpServer,
    a_subnet,
    discover,
    ip,
    on_unicast,
    options_of,
    pxe_options,
    relayed,
    selecting,
)
from wireboot.leases.pool import Pool
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.classes import ClientClass, Match
from wireboot.protocols.dhcp4.events import LeaseGranted, NoAddressLeft
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    CLIENT_ARCHITECTURE,
    CLIENT_IDENTIFIER,
    DOMAIN_NAME,
    LEASE_TIME,
    PARAMETER_REQUEST_LIST,
    ROOT_PATH,
    USER_CLASS,
    MessageType,
)
from wireboot.protocols.dhcp4.relay import relay_information
from wireboot.wire.option_table import Options

FROM_RELAY = on_unicast(RELAY, 67)
BY_PORT = relayed(discover(), (1, b"eth0/7"), (2, b"switch-3"))
UEFI, BIOS = pxe_options(7), pxe_options(0)
BOARD = MACHINE_ID[1:]


@pytest.mark.parametrize(
    ("match", "message", "fits"),
    [
        (Match(), discover(), True),
        (Match(architectures=frozenset({7, 9})), discover(options=UEFI), True),
        (Match(architectures=frozenset({7, 9})), discover(options=BIOS), False),
        (Match(architectures=frozenset({7})), discover(options=options_of((CLIENT_ARCHITECTURE, (0, 7)))), True),
        (Match(architectures=frozenset({7})), discover(), False),
        (Match(architectures=frozenset({0})), discover(options=Options({93: b"\0\0\0"})), False),
        (Match(vendor_classes=("PXEClient*",)), discover(options=UEFI), True),
        (Match(vendor_classes=("PXEClient",)), discover(options=UEFI), False),
        (Match(vendor_classes=("MSFT 5.0", "PXEClient:Arch:00007*")), discover(options=UEFI), True),
        (Match(vendor_classes=("PXEClient*",)), discover(), False),
        (Match(user_classes=frozenset({"iPXE"})), discover(options=options_of((USER_CLASS, b"iPXE"))), True),
        (Match(user_classes=frozenset({"b"})), discover(options=options_of((USER_CLASS, b"\x01a\x01b"))), True),
        (Match(user_classes=frozenset({"iPXE"})), discover(), False),
        (Match(mac_prefixes=(b"\x52\x54\x00",)), discover(), True),
        (Match(mac_prefixes=(b"\x52\x54\x01", b"\x3c")), discover(), False),
        (Match(relays=frozenset({RELAY})), BY_PORT, True),
        (Match(relays=frozenset({RELAY})), discover(), False),
        (Match(circuit_ids=frozenset({b"eth0/7"})), BY_PORT, True),
        (Match(circuit_ids=frozenset({b"eth0/8"})), BY_PORT, False),
        (Match(remote_ids=frozenset({b"switch-3"})), BY_PORT, True),
        (Match(remote_ids=frozenset({b"switch-3"})), discover(), False),
        (Match(uuids=frozenset({BOARD})), discover(options=UEFI), True),
        (Match(uuids=frozenset({BOARD})), discover(), False),
        (Match(options={94: b"\x01\x03\x00"}), discover(options=UEFI), True),
        (Match(options={94: b"\x01\x03\x01"}), discover(options=UEFI), False),
        (Match(options={224: b""}), discover(), False),
    ],
)
def test_a_class_has_those_who_say_what_it_asks_for(match: Match, message: Message, fits: bool) -> None:
    """RFC 2132 §9.13, RFC 3004 §4: classes are told by options, and by whatever else the message shows."""
    assert match.fits(message, relay_information(message)) is fits


def test_all_that_a_class_asks_for_must_be_there() -> None:
    """Ours: each key narrows a class further."""
    both = Match(architectures=frozenset({7}), circuit_ids=frozenset({b"eth0/7"}))
    for options, fits in ((UEFI, True), (BIOS, False)):
        message = relayed(discover(options=options), (1, b"eth0/7"))
        assert both.fits(message, relay_information(message)) is fits
    assert not both.fits(discover(options=UEFI), relay_information(discover()))


def pxe_class(name: str = "pxe", *, vendor_class: str = "PXEClient*", **more: int | Options) -> ClientClass:
    options, lease_time_s = more.get("options", Options()), more.get("lease_time_s")
    assert isinstance(options, Options)
    assert not isinstance(lease_time_s, Options)
    return ClientClass(name, Match(vendor_classes=(vendor_class,)), options, lease_time_s)


def server(*subnets: Subnet, classes: Sequence[ClientClass]) -> DhcpServer:
    return DhcpServer(*subnets, rules=replace(RULES, classes=tuple(classes)))


# Pools


def pool(first: int, last: int, *classes: str, not_for: str = "") -> Pool:
    return Pool(ip(first), ip(last), frozenset(classes), frozenset(filter(None, [not_for])))


def with_pools(*pools: Pool) -> DhcpServer:
    return server(replace(a_subnet(), pools=pools), classes=[pxe_class()])


def test_a_pool_with_classes_is_for_their_members() -> None:
    """Ours: others do not get its addresses, though it stands first."""
    subject = with_pools(pool(10, 19, "pxe"), pool(100, 109))
    assert subject.ask(discover(options=UEFI)).yiaddr == ip(10)
    assert subject.ask(discover(mac=OTHER_MAC)).yiaddr == ip(100)


def test_members_use_the_pools_for_everybody_when_theirs_is_exhausted() -> None:
    """Ours: a pool for nobody in particular is for them, too."""
    subject = with_pools(pool(10, 10, "pxe"), pool(100, 109))
    subject.ask(discover(mac=OTHER_MAC, options=UEFI))
    assert subject.ask(discover(options=UEFI)).yiaddr == ip(100)


def test_a_pool_may_leave_out_a_class() -> None:
    """Ours: not_classes."""
    subject = with_pools(pool(100, 109, not_for="pxe"))
    assert subject.send(discover(options=UEFI)) is None
    assert subject.event(NoAddressLeft)
    assert subject.ask(discover()).yiaddr == ip(100)


def test_an_address_of_another_classs_pool_is_refused() -> None:
    """RFC 2131 §4.3.2: it is not the client's to have, be it asked for or had before."""
    subject = with_pools(pool(10, 19, "pxe"), pool(100, 109))
    assert subject.ask(discover(requested=ip(10))).yiaddr == ip(100)
    assert subject.ask(selecting(ip(10))).message_type is MessageType.NAK
    own = subject.ask(discover(mac=OTHER_MAC, options=UEFI)).yiaddr
    subject.ask(selecting(own, mac=OTHER_MAC, options=UEFI))
    assert subject.ask(discover(mac=OTHER_MAC)).yiaddr == ip(101)


# Settings

NAMES = {"subnet": "a", "class": "b", "second class": "c", "reservation": "d"}


def named(who: str) -> Options:
    return options_of((DOMAIN_NAME, NAMES[who]))


@pytest.mark.parametrize(
    ("spoken", "counts"),
    [
        (["subnet"], "subnet"),
        (["subnet", "class"], "class"),
        (["subnet", "second class"], "second class"),
        (["subnet", "class", "second class"], "class"),
        (["subnet", "class", "second class", "reservation"], "reservation"),
        (["subnet", "reservation"], "reservation"),
        (["class"], "class"),
    ],
)
def test_the_narrower_word_on_an_option_counts(spoken: list[str], counts: str) -> None:
    """RFC 2131 §4.3.1: parameters for the client go before those for its class, and those before the subnet's."""
    options = {who: named(who) if who in spoken else Options() for who in NAMES}
    subject = server(
        a_subnet(options=options["subnet"], reservations=[Reservation(MAC, options=options["reservation"])]),
        classes=[pxe_class(options=options["class"]), pxe_class("again", options=options["second class"])],
    )
    offer = subject.ask(discover(options=UEFI))
    assert offer.options.get(DOMAIN_NAME) == NAMES[counts]


def test_the_settings_of_a_class_come_only_when_asked_for() -> None:
    """RFC 2131 §3.5: as any other settings, in the client's order."""
    subject = server(a_subnet(options=named("subnet")), classes=[pxe_class(options=options_of((ROOT_PATH, "/srv")))])
    asked = Options({**UEFI, PARAMETER_REQUEST_LIST.code: bytes([17, 15])})
    assert list(subject.ask(discover(options=asked)).options)[-3:] == [1, 17, 15]
    asked = Options({**UEFI, PARAMETER_REQUEST_LIST.code: bytes([15])})
    assert ROOT_PATH.code not in subject.ask(discover(options=asked)).options


def test_a_class_may_have_a_lease_time_of_its_own() -> None:
    """RFC 2131 §4.3.1: the first class that has one gives it."""
    subject = server(a_subnet(), classes=[pxe_class(), pxe_class(lease_time_s=600), pxe_class(lease_time_s=60)])
    offer = subject.ask(discover(options=UEFI))
    assert offer.options.get(LEASE_TIME) == 600
    subject.ask(selecting(offer.yiaddr, options=UEFI))
    assert subject.event(LeaseGranted).lease.expires_at == subject.now + 600
    assert subject.ask(discover(mac=OTHER_MAC)).options.get(LEASE_TIME) == 3600


def test_rules_are_taken_up_while_the_server_runs() -> None:
    """Ours: the next message is answered by the new ones."""
    subject = server(a_subnet(), classes=[])
    assert DOMAIN_NAME.code not in subject.ask(discover(options=UEFI)).options
    subject.rules = replace(RULES, classes=(pxe_class(options=named("class")),))
    assert subject.ask(discover(options=UEFI)).options.get(DOMAIN_NAME) == "b"


# Reservations


def by_port(mac: bytes = MAC, circuit: bytes = b"eth0/7", remote: bytes = b"switch-3") -> Message:
    return relayed(discover(mac=mac), (1, circuit), (2, remote))


def far(*reservations: Reservation) -> DhcpServer:
    return DhcpServer(a_subnet(network="10.77.1", reservations=reservations))


KEPT = ip(50, "10.77.1")


@pytest.mark.parametrize(
    ("reservation", "has_it"),
    [
        (Reservation(MAC, KEPT), True),
        (Reservation(OTHER_MAC, KEPT), False),
        (Reservation(client=b"\x01" + MAC, address=KEPT), True),
        (Reservation(circuit_id=b"eth0/7", address=KEPT), True),
        (Reservation(circuit_id=b"eth0/8", address=KEPT), False),
        (Reservation(remote_id=b"switch-3", address=KEPT), True),
        (Reservation(circuit_id=b"eth0/7", remote_id=b"switch-3", address=KEPT), True),
        (Reservation(circuit_id=b"eth0/7", remote_id=b"switch-4", address=KEPT), False),
        (Reservation(circuit_id=b"eth0/7", relay=RELAY, address=KEPT), True),
        (Reservation(circuit_id=b"eth0/7", relay=ip(253, "10.77.1"), address=KEPT), False),
    ],
)
def test_an_address_is_reserved_for_a_client_or_a_port(reservation: Reservation, has_it: bool) -> None:
    """RFC 3046 §2.2: a server may choose the address by the port that the relay names."""
    assert (far(reservation).ask(by_port(), FROM_RELAY).yiaddr == KEPT) is has_it


def test_an_address_is_reserved_for_a_board() -> None:
    """RFC 4578 §2.3: the machine's UUID, whichever card it boots from."""
    board = UUID(bytes_le=BOARD)
    subject = DhcpServer(a_subnet(reservations=[Reservation(uuid=board, address=ip(50))]))
    assert subject.ask(discover(options=UEFI)).yiaddr == ip(50)
    assert subject.ask(discover(mac=OTHER_MAC)).yiaddr == ip(100)


def test_of_several_reservations_the_narrower_counts() -> None:
    """Ours: program, machine, board, port; and of ports the one said most exactly."""
    marks = [
        Reservation(client=b"\x00me", address=ip(51, "10.77.1")),
        Reservation(MAC, ip(52, "10.77.1")),
        Reservation(circuit_id=b"eth0/7", remote_id=b"switch-3", relay=RELAY, address=ip(53, "10.77.1")),
        Reservation(circuit_id=b"eth0/7", remote_id=b"switch-3", address=ip(54, "10.77.1")),
        Reservation(circuit_id=b"eth0/7", address=ip(55, "10.77.1")),
        Reservation(remote_id=b"switch-3", address=ip(56, "10.77.1")),
    ]
    message = by_port().with_option(CLIENT_IDENTIFIER, b"\x00me")
    for index, reservation in enumerate(marks):
        assert far(*reversed(marks[index:])).ask(message, FROM_RELAY).yiaddr == reservation.address


def test_two_clients_at_one_port_do_not_share_its_address() -> None:
    """RFC 2131 §2.2: an address has one holder; the second is served from the pool."""
    subject = far(Reservation(circuit_id=b"eth0/7", address=KEPT))
    first = subject.ask(by_port(), FROM_RELAY).yiaddr
    second = subject.ask(by_port(OTHER_MAC), FROM_RELAY).yiaddr
    assert (first, second) == (KEPT, ip(100, "10.77.1"))


def test_a_switch_that_is_no_relay_names_its_port_all_the_same() -> None:
    """RFC 3046 §2.1: a bridge may add the option without setting `giaddr`."""
    subject = DhcpServer(a_subnet(reservations=[Reservation(circuit_id=b"eth0/7", address=ip(50))]))
    assert subject.ask(replace(by_port(), giaddr=ip(0, "0.0.0"), hops=0)).yiaddr == ip(50)


def test_a_reservation_without_an_address_has_settings_of_its_own() -> None:
    """Ours: the address is one of the pools."""
    kept = Reservation(MAC, hostname="node-1", options=options_of((ROOT_PATH, "/srv/1")))
    subject = DhcpServer(a_subnet(reservations=[kept]))
    offer = subject.ask(discover())
    assert (offer.yiaddr, offer.options.get(ROOT_PATH)) == (ip(100), "/srv/1")
    subject.ask(selecting(offer.yiaddr))
    assert subject.event(LeaseGranted).lease.hostname == "node-1"


def test_a_rebooted_client_asks_for_its_reserved_address_though_it_never_had_it() -> None:
    """RFC 2131 §4.3.2: the reservation is the record."""
    subject = DhcpServer(a_subnet(reservations=[Reservation(MAC, ip(50))]))
    request = replace(selecting(ip(50)), options=Options({53: b"\x03", 50: ip(50).packed}))
    assert subject.ask(request).message_type is MessageType.ACK
