"""A proxy's fallback: firmware that takes no split offer is given a complete one, and nobody else is given anything."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import (
    EDK2_DISCOVER,
    INTERFACES,
    IPXE_DISCOVER,
    MAC,
    NOBODY,
    OTHER_MAC,
    OTHER_SERVER,
    SERVER,
    Conversation,
    a_subnet,
    discover,
    extending,
    from_client,
    init_reboot,
    ip,
    on_broadcast,
    on_unicast,
    payload_of,
    pxe_options,
    selecting,
)
from tests.support.inventory import snapshot_of, with_menu
from wireboot.boot.inventory import Inventory
from wireboot.endpoint import DatagramDropped
from wireboot.leases.allocator import Allocator
from wireboot.protocols.dhcp4.events import AddressDeclined, LeaseGranted, LeaseReleased
from wireboot.protocols.dhcp4.exchange import client_key
from wireboot.protocols.dhcp4.message import Message, decode, encode
from wireboot.protocols.dhcp4.options import REQUESTED_ADDRESS, SERVER_IDENTIFIER, SUBNET_MASK, MessageType
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_information import BootInformation
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.events import BootFileNamed, NothingToBoot, OtherServerChosen, SplitOfferRefused
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.pxe.proxy_fallback import CLIENTS_MAX, ProxyFallback
from wireboot.protocols.pxe.quirks import Effect, Quirk

PXE = pxe_options()


class Proxy(Conversation):
    """Port 67 beside another DHCP server, with a few addresses of its own."""

    def __init__(self, inventory: Inventory | None = None, addresses: int = 10) -> None:
        snapshot = snapshot_of(inventory or with_menu(default_profile="rescue"))
        subnet = a_subnet(100, 99 + addresses, lease_time_s=300)
        allocator = Allocator((subnet,), never=(SERVER,))
        server = Dhcp4Server(allocator, INTERFACES, BootInformation(snapshot))

        def lent_to(message: Message) -> IPv4Address | None:
            lease = allocator.lease_of(client_key(message), subnet)
            return None if lease is None else lease.address

        super().__init__(BootServer(snapshot), ProxyFallback(server, lent_to, snapshot), ProxyDhcp(snapshot))

    def discover_at(self, *seconds: float, message: bytes | None = None) -> list[bool]:
        """Sends a DISCOVER so many seconds from now. True for each that is answered with an address."""
        start = self.now
        complete: list[bool] = []
        for second in seconds:
            self.now = start + second
            reply = self.send(discover(options=PXE) if message is None else message)
            assert reply is not None, self.events
            complete.append(reply.yiaddr != NOBODY)
        return complete


def refusing() -> tuple[Proxy, Message]:
    """A client that has refused split offers, and the complete offer it got."""
    port = Proxy()
    port.discover_at(0, 4)
    port.now += 8
    return port, port.ask(discover(options=PXE))


def test_the_third_discover_without_a_request_gets_a_complete_offer() -> None:
    """Firmware: an HP laptop's UEFI hears both offers and asks again after 4, 12 and 28 s (bootimus issue 77)."""
    assert Proxy().discover_at(0, 4, 12, 28) == [False, False, True, True]


def test_a_complete_offer_has_address_boot_file_and_our_name() -> None:
    """PXE 2.1 §2.2.3: as a combined server's."""
    port, offer = refusing()

    assert (offer.message_type, offer.yiaddr, offer.siaddr) == (MessageType.OFFER, ip(100), SERVER)
    assert (offer.file, offer.options.get(SERVER_IDENTIFIER)) == (b"rescue.efi", SERVER)
    assert offer.options.get(SUBNET_MASK) is not None
    assert port.event(BootFileNamed).by == "DHCPOFFER"
    assert port.event(SplitOfferRefused).client.link_address == MAC


def test_the_complete_offer_can_be_taken_kept_and_given_back() -> None:
    """RFC 2131 §4.3.2: SELECTING, RENEWING, and DHCPRELEASE."""
    port, offer = refusing()
    ack = port.ask(selecting(offer.yiaddr, options=PXE))
    assert (ack.message_type, ack.yiaddr, ack.file) == (MessageType.ACK, ip(100), b"rescue.efi")
    assert port.event(LeaseGranted).lease.address == ip(100)

    ack = port.ask(extending(ip(100)), on_unicast(ip(100)))
    assert (ack.message_type, ack.yiaddr) == (MessageType.ACK, ip(100))

    assert port.send(from_client(MessageType.RELEASE, ciaddr=ip(100)), on_unicast(ip(100))) is None
    assert port.event(LeaseReleased).lease.address == ip(100)


def test_an_address_in_use_can_be_declined() -> None:
    """RFC 2131 §4.3.3: as with any lease."""
    port, offer = refusing()
    port.ask(selecting(offer.yiaddr, options=PXE))
    decline = from_client(MessageType.DECLINE).with_option(REQUESTED_ADDRESS, offer.yiaddr)
    assert port.send(decline.with_option(SERVER_IDENTIFIER, SERVER)) is None
    assert port.event(AddressDeclined).lease.address == offer.yiaddr


@pytest.mark.parametrize(
    ("packet", "seconds"),
    [(EDK2_DISCOVER, (0.0,)), (IPXE_DISCOVER, (0.0, 1.0))],
    ids=["EDK2 takes its offers after 3.5 s", "iPXE asks twice"],
)
def test_firmware_that_takes_split_offers_never_gets_one(packet: tuple[str, int], seconds: tuple[float, ...]) -> None:
    """Firmware: boot after boot (uefi-pxe4-proxy.pcap, bios-virtio-proxy.pcap)."""
    port = Proxy()
    firmware = decode(payload_of(packet))
    for _boot in range(5):
        assert not any(port.discover_at(*seconds, message=payload_of(packet)))
        port.now += 3.5
        request = selecting(ip(200), mac=firmware.chaddr, server=OTHER_SERVER, options=PXE)
        assert port.send(request) is None
        assert port.event(OtherServerChosen).dhcp_server == OTHER_SERVER


def test_a_discover_that_comes_by_two_ways_counts_once() -> None:
    """Ours: through two relays, or on two interfaces of one network."""
    assert Proxy().discover_at(0, 0.01, 0.02, 4, 4.01) == [False] * 5


def test_boots_that_lie_far_apart_do_not_add_up() -> None:
    """Ours: a machine switched off while it asked is not one that refuses."""
    assert Proxy().discover_at(0, 4, 95, 99, 190, 194) == [False] * 6


def test_every_client_counts_for_itself() -> None:
    """Ours: one that refuses says nothing of the others."""
    port = Proxy()
    port.discover_at(0, 4)
    other = encode(discover(mac=OTHER_MAC, options=PXE))
    assert port.discover_at(4, message=other) == [False]
    assert port.discover_at(0) == [True]


def test_firmware_known_to_refuse_is_not_kept_waiting() -> None:
    """Firmware: quirk SPLIT_OFFER_IGNORED."""
    row = Quirk("this one", Effect.SPLIT_OFFER_IGNORED, seen="a test", mac_prefixes=(MAC[:3],))
    port = Proxy(with_menu(default_profile="rescue", quirks=(row,)))
    assert port.discover_at(0) == [True]


def test_the_menu_goes_with_the_address_too() -> None:
    """PXE 2.1 §2.2.3: as a combined server's."""
    port = Proxy(with_menu())
    assert port.discover_at(0, 4, 12) == [False, False, True]


# Nobody else gets an address


def test_other_clients_get_nothing_however_often_they_ask() -> None:
    """Ours: the addresses are for machines that boot."""
    port = Proxy()
    for _ in range(5):
        port.now += 4
        assert port.send(discover()) is None
        assert port.event(DatagramDropped)


def test_a_client_with_nothing_to_boot_gets_no_address() -> None:
    """Ours: the addresses are for machines that boot."""
    port = Proxy()
    for _ in range(5):
        port.now += 4
        assert port.send(discover(options=pxe_options(11))) is None
        assert port.event(NothingToBoot)


@pytest.mark.parametrize(
    "message",
    [
        selecting(ip(100), mac=OTHER_MAC, options=PXE),
        selecting(ip(100), mac=OTHER_MAC),
        init_reboot(ip(100), mac=OTHER_MAC, options=PXE),
        extending(ip(100), mac=OTHER_MAC),
        from_client(MessageType.RELEASE, mac=OTHER_MAC, ciaddr=ip(100)),
        from_client(MessageType.DECLINE, mac=OTHER_MAC).with_option(REQUESTED_ADDRESS, ip(100)),
        from_client(MessageType.INFORM, mac=OTHER_MAC, ciaddr=ip(100)),
    ],
    ids=["selecting", "not PXE", "init-reboot", "renewing", "release", "decline", "inform"],
)
def test_who_was_offered_nothing_can_take_nothing(message: Message) -> None:
    """Ours: beside another DHCP server nobody else gets an address."""
    port, _ = refusing()
    for way in (on_broadcast(), on_unicast(ip(100))):
        assert port.send(message, way) is None
        assert not [event for event in port.events if isinstance(event, LeaseGranted | LeaseReleased | AddressDeclined)]


def test_who_was_offered_an_address_may_still_take_another_servers() -> None:
    """RFC 2131 §3.1 step 3: the client chooses."""
    port, _ = refusing()
    assert port.send(selecting(ip(200), server=OTHER_SERVER, options=PXE)) is None
    assert port.event(OtherServerChosen).address == ip(200)
    assert port.discover_at(1, 5) == [False, False]


def test_who_gets_no_address_here_still_gets_the_proxys_offer() -> None:
    """Ours: with every address lent, or none to lend, it may yet take a split offer."""
    port = Proxy(addresses=1)
    port.discover_at(0, 4, 8, message=encode(discover(mac=OTHER_MAC, options=PXE)))
    assert port.discover_at(0, 4, 8) == [False, False, False]
    assert port.event(BootFileNamed).by == "ProxyDHCP offer"


def test_a_crowd_is_not_remembered_for_ever() -> None:
    """Ours: memory is bounded, whoever asks."""
    port = Proxy()
    for number in range(CLIENTS_MAX + 1):
        mac = (0x525400000000 + number).to_bytes(6, "big")
        assert port.ask(replace(discover(options=PXE), chaddr=mac)).yiaddr == NOBODY
    first = (0x525400000000).to_bytes(6, "big")
    port.now += 4
    port.ask(replace(discover(options=PXE), chaddr=first))
    port.now += 4
    assert port.ask(replace(discover(options=PXE), chaddr=first)).yiaddr == NOBODY
