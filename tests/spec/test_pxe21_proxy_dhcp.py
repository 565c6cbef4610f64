"""PXE 2.1 §2.2.3: naming a boot file, beside a DHCP server (ProxyDHCP) or in its own offers (combined)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dhcp import (
    BROADCAST,
    EDK2_DISCOVER,
    IPXE_DISCOVER,
    MAC,
    MACHINE_ID,
    NOBODY,
    OTHER_SERVER,
    RELAY,
    SERVER,
    Conversation,
    FilePolicy,
    combined,
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
from wireboot.endpoint import DatagramDropped, SocketAddress
from wireboot.protocols.dhcp4.events import LeaseGranted
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    BOOT_FILE_NAME,
    CLASS_IDENTIFIER,
    CLIENT_MACHINE_ID,
    LEASE_TIME,
    REBINDING_TIME,
    RENEWAL_TIME,
    SERVER_IDENTIFIER,
    SUBNET_MASK,
    TFTP_SERVER_NAME,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.pxe.boot_file import with_boot_file
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.decision import BootFile
from wireboot.protocols.pxe.events import BootFileNamed, NothingToBoot, OtherServerChosen
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.pxe.vendor_options import BootItem
from wireboot.wire.option_table import Options

NOT_FOR_PXE = {LEASE_TIME.code, RENEWAL_TIME.code, REBINDING_TIME.code, SUBNET_MASK.code}


def proxy() -> Conversation:
    """Port 67 in proxy mode, as server/compose.py puts it together."""
    return Conversation(BootServer(FilePolicy()), ProxyDhcp(FilePolicy()))


def names_boot_file(reply: Message, name: str) -> bool:
    """In every place that some firmware looks at."""
    return (reply.file, reply.options[67], reply.siaddr, reply.options.get(TFTP_SERVER_NAME)) == (
        name.encode(),
        name.encode() + b"\0",
        SERVER,
        str(SERVER),
    )


# What a reply with a boot file holds


def test_a_boot_file_is_named_wherever_some_firmware_looks() -> None:
    """PXE 2.1 §2.2: `file` for shim, 67 with a NUL for old ROMs, siaddr for firmware, 66 for loaders."""
    reply = with_boot_file(Message(2, 1, MAC), "pxelinux.0", SERVER, Options())
    assert names_boot_file(reply, "pxelinux.0")
    assert reply.options.get(BOOT_FILE_NAME) == "pxelinux.0"


def test_a_boot_file_is_to_be_loaded_at_once() -> None:
    """PXE 2.1 table 2-1, tag 6 bit 3: no prompt, no menu, no discovery. Option 60 makes option 43 PXE's."""
    reply = proxy().ask(discover(options=pxe_options()))
    assert (reply.options.get(CLASS_IDENTIFIER), reply.options.get(VENDOR_SPECIFIC)) == (
        "PXEClient",
        b"\x06\x01\x0a\xff",
    )


@pytest.mark.parametrize("name", ["", "x" * 128, "küche.0"])
def test_a_name_that_the_file_field_cannot_hold_is_our_own_mistake(name: str) -> None:
    """Ours: the configuration is checked before."""
    assert BootFile("x" * 127, "a rule").name
    with pytest.raises(AssertionError):
        BootFile(name, "a rule")


# ProxyDHCP


@pytest.mark.parametrize(
    ("packet", "name"), [(EDK2_DISCOVER, "grubx64.efi"), (IPXE_DISCOVER, "pxelinux.0")], ids=["EDK2", "iPXE"]
)
def test_real_firmware_is_offered_a_boot_file_and_no_address(packet: tuple[str, int], name: str) -> None:
    """PXE 2.1 §2.2.3: packets of real firmware."""
    port = proxy()
    offer = port.send(payload_of(packet))

    assert offer is not None
    assert (offer.message_type, offer.yiaddr, offer.options.get(SERVER_IDENTIFIER)) == (
        MessageType.OFFER,
        NOBODY,
        SERVER,
    )
    assert names_boot_file(offer, name)
    assert not set(offer.options) & NOT_FOR_PXE
    assert port.event(BootFileNamed).by == "ProxyDHCP offer"


def test_the_machine_identifier_is_returned() -> None:
    """RFC 4578 §2.3."""
    assert proxy().ask(discover(options=pxe_options())).options.get(CLIENT_MACHINE_ID) == MACHINE_ID


def test_the_offer_is_broadcast_whatever_the_client_asks() -> None:
    """PXE 2.1 §2.2.3: the client has no address yet, and this offer brings none."""
    port = proxy()
    offer = port.ask(discover(options=pxe_options()))
    assert offer.wants_broadcast
    assert port.datagram is not None
    assert (port.datagram.peer, port.datagram.link_address) == (SocketAddress(BROADCAST, 68), None)


def test_the_offer_goes_back_through_the_relay() -> None:
    """RFC 2131 §4.1: where giaddr stands, the answer goes there."""
    port = proxy()
    port.ask(replace(discover(options=pxe_options()), giaddr=RELAY), on_unicast(RELAY, 67))
    assert port.datagram is not None
    assert port.datagram.peer == SocketAddress(RELAY, 67)


def test_clients_that_are_not_pxe_are_left_alone() -> None:
    """PXE 2.1 §2.2."""
    port = proxy()
    assert port.send(discover()) is None
    assert port.event(DatagramDropped).reason == "not for a service offered here"
    assert port.send(payload_of(("uefi-http4.pcap", 0))) is None


def test_a_machine_with_nothing_to_boot_is_left_alone() -> None:
    """Ours: silence, and the operator hears why."""
    port = proxy()
    assert port.send(discover(options=pxe_options(11))) is None
    assert port.event(NothingToBoot).reason == "nothing for it"


def test_a_request_to_a_dhcp_server_is_heard_and_not_answered() -> None:
    """PXE 2.1 §2.2: a proxy must not answer REQUESTs that name another server."""
    port = proxy()
    assert port.send(selecting(ip(150), server=OTHER_SERVER, options=pxe_options())) is None
    assert port.event(OtherServerChosen) == OtherServerChosen(MAC, OTHER_SERVER, ip(150))


@pytest.mark.parametrize(
    "message",
    [
        init_reboot(ip(150), options=pxe_options()),
        from_client(MessageType.REQUEST, ciaddr=ip(150), options=pxe_options()),
        from_client(MessageType.INFORM, ciaddr=ip(150), options=pxe_options()),
        from_client(MessageType.DECLINE, options=pxe_options()),
        from_client(MessageType.RELEASE, options=pxe_options()),
        from_client(None, options=pxe_options()),
    ],
    ids=["INIT-REBOOT", "RENEWING", "INFORM", "DECLINE", "RELEASE", "BOOTP"],
)
def test_a_proxy_answers_discovers_only(message: Message) -> None:
    """PXE 2.1 §2.2.3: all else is the DHCP server's."""
    port = proxy()
    assert port.send(message) is None
    assert port.event(DatagramDropped)


def test_a_broken_option_is_dropped_and_counted() -> None:
    """Ours: nothing a stranger sends stops the server."""
    port = proxy()
    broken = discover(options=pxe_options()).options
    message = replace(discover(), options=type(broken)({**broken, 93: b"\x00\x07\x00"}))
    assert port.send(message) is None
    assert port.event(DatagramDropped).reason == "malformed option 93"


# Combined: the DHCP server names the boot file itself


def test_a_pxe_client_is_offered_address_and_boot_file_in_one() -> None:
    """PXE 2.1 §2.2.3: a combined DHCP and ProxyDHCP service."""
    port = combined()
    offer = port.ask(discover(options=pxe_options()))

    assert (offer.message_type, offer.yiaddr, offer.options.get(LEASE_TIME)) == (MessageType.OFFER, ip(100), 3600)
    assert names_boot_file(offer, "grubx64.efi")
    assert port.event(BootFileNamed).by == "DHCPOFFER"


def test_the_acknowledgement_names_the_boot_file_again() -> None:
    """Firmware: shim reads the DHCPACK's `file` only."""
    port = combined()
    ack = port.ask(selecting(port.ask(discover()).yiaddr, options=pxe_options()))

    assert (ack.message_type, ack.yiaddr) == (MessageType.ACK, ip(100))
    assert names_boot_file(ack, "grubx64.efi")
    assert [type(event) for event in port.events] == [LeaseGranted, BootFileNamed]
    assert port.event(BootFileNamed).client_address == ip(100)


def test_other_clients_are_served_without_a_word_of_pxe() -> None:
    """PXE 2.1 §2.2.1: the class makes a PXE client."""
    offer = combined().ask(discover())
    assert (offer.file, offer.siaddr, set(offer.options) & {43, 60, 66, 67}) == (b"", NOBODY, set())


def test_a_machine_with_nothing_to_boot_still_gets_an_address() -> None:
    """RFC 2131 §4.3.1: as any client."""
    port = combined()
    offer = port.ask(discover(options=pxe_options(11)))
    assert (offer.yiaddr, set(offer.options) & {43, 60, 66, 67}) == (ip(100), set())
    assert port.event(NothingToBoot)


def test_a_refusal_names_no_boot_file() -> None:
    """RFC 2131 §4.3.1, table 3: a DHCPNAK has no settings."""
    nak = combined().ask(selecting(ip(9), options=pxe_options()))
    assert (nak.message_type, nak.file, set(nak.options) & {43, 60, 66, 67}) == (MessageType.NAK, b"", set())


@pytest.mark.parametrize(("code", "value"), [(93, b"\x07"), (94, b"\1\3"), (97, bytes(16)), (43, b"\x47\x09\0")])
def test_a_garbled_boot_option_costs_no_client_its_address(code: int, value: bytes) -> None:
    """Ours: DHCP goes on where PXE cannot."""
    port = combined()
    garbled = Options({**pxe_options(), code: value})
    offered = port.ask(discover(options=garbled)).yiaddr
    ack = port.ask(selecting(offered, options=garbled))

    assert (ack.message_type, ack.yiaddr) == (MessageType.ACK, ip(100))


def test_a_request_with_a_boot_item_is_discovery_and_leases_nothing() -> None:
    """PXE 2.1 §2.2: test for it before lease logic."""
    port = combined()
    ack = port.ask(replace(extending(ip(150)), options=_discovery().options), on_broadcast())
    assert (ack.message_type, ack.yiaddr, ack.ciaddr) == (MessageType.ACK, NOBODY, ip(150))
    assert [type(event) for event in port.events] == [BootFileNamed]


def _discovery() -> Message:
    return from_client(MessageType.REQUEST, options=pxe_options(item=BootItem(0, 0)))
