"""PXE 2.1 §2.2.5: the Boot Server, asked by unicast on port 4011 or by broadcast on port 67."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dhcp import (
    EDK2_BOOT_SERVER_REQUEST,
    EDK2_DISCOVERY,
    MAC,
    MACHINE_ID,
    NOBODY,
    SERVER,
    Conversation,
    FilePolicy,
    captured,
    from_client,
    ip,
    on_broadcast,
    on_unicast,
    payload_of,
    pxe_options,
)
from wireboot.endpoint import Datagram, DatagramDropped, SocketAddress
from wireboot.protocols.dhcp4.message import Message, decode
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_MACHINE_ID,
    LEASE_TIME,
    SERVER_IDENTIFIER,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.events import BootFileNamed, NothingToBoot
from wireboot.protocols.pxe.vendor_options import BootItem
from wireboot.wire.option_table import Options

ADDRESS = ip(150)


def port_4011() -> Conversation:
    return Conversation(BootServer(FilePolicy()))


def request(item: BootItem | None = None, *, architecture: int = 7) -> Message:
    options = pxe_options(architecture, item)
    return from_client(MessageType.REQUEST, ciaddr=ADDRESS, options=options, xid=0x413B3825)


def to_4011(peer_port: int = 4011) -> Datagram:
    return on_unicast(ADDRESS, peer_port, port=4011)


def test_edk2_is_answered_on_4011() -> None:
    """Firmware: a real request, and what the capture's server made of it: ours says no less."""
    port = port_4011()
    reply = port.send(payload_of(EDK2_BOOT_SERVER_REQUEST), on_unicast(ip(113), 4011, port=4011))
    theirs = decode(captured(EDK2_BOOT_SERVER_REQUEST[0])[6].payload)

    assert reply is not None
    assert (reply.op, reply.xid, reply.ciaddr, reply.siaddr, reply.chaddr) == (
        theirs.op,
        theirs.xid,
        theirs.ciaddr,
        theirs.siaddr,
        theirs.chaddr,
    )
    assert set(reply.options) >= set(theirs.options)
    assert port.datagram is not None
    assert port.datagram.peer == captured(EDK2_BOOT_SERVER_REQUEST[0])[6].destination


def test_the_reply_is_an_ack_that_names_server_and_file() -> None:
    """PXE 2.1 §2.2: 60 and a boot file, or the firmware discards it."""
    port = port_4011()
    ack = port.ask(request(), to_4011())

    assert (ack.message_type, ack.file, ack.siaddr) == (MessageType.ACK, b"grubx64.efi", SERVER)
    assert (ack.options.get(CLASS_IDENTIFIER), ack.options.get(SERVER_IDENTIFIER)) == ("PXEClient", SERVER)
    assert ack.options.get(VENDOR_SPECIFIC) == b"\x06\x01\x0a\xff"
    assert port.event(BootFileNamed).client_address == ADDRESS


def test_the_reply_copies_what_the_client_compares() -> None:
    """PXE 2.1 §2.2: xid, ciaddr, chaddr and the machine identifier."""
    ack = port_4011().ask(request(), to_4011())
    assert (ack.xid, ack.ciaddr, ack.yiaddr, ack.chaddr) == (0x413B3825, ADDRESS, NOBODY, MAC)
    assert ack.options.get(CLIENT_MACHINE_ID) == MACHINE_ID


def test_the_reply_has_no_lease() -> None:
    """PXE 2.1 §2.2.5: the client has its address already."""
    assert LEASE_TIME.code not in port_4011().ask(request(), to_4011()).options


@pytest.mark.parametrize("peer_port", [4011, 68, 1067])
def test_the_reply_goes_to_the_port_the_request_came_from(peer_port: int) -> None:
    """PXE 2.1 §2.2: EDK2 asks from 4011, iPXE from 68; from the address and port they asked."""
    port = port_4011()
    port.ask(replace(request(), flags=0x8000), to_4011(peer_port))
    assert port.datagram is not None
    assert (port.datagram.peer, port.datagram.local) == (SocketAddress(ADDRESS, peer_port), SocketAddress(SERVER, 4011))
    assert port.datagram.link_address is None


def test_the_boot_item_is_returned() -> None:
    """PXE 2.1 §2.2.5: the client compares type and layer."""
    ack = port_4011().ask(request(BootItem(0, 0)), to_4011())
    assert ack.options.get(VENDOR_SPECIFIC) == bytes.fromhex("4704 0000 0000 ff")


@pytest.mark.parametrize("item", [BootItem(1, 0), BootItem(0x8000, 0), BootItem(0, 1)])
def test_types_and_layers_that_are_not_served_are_left_to_others(item: BootItem) -> None:
    """PXE 2.1 §2.2: silence, and the operator's counter."""
    port = port_4011()
    assert port.send(request(item), to_4011()) is None
    dropped = port.event(DatagramDropped)
    assert (dropped.service, dropped.reason) == ("boot server", "asks for a Boot Server type or layer not served")


def test_real_discovery_of_a_type_that_is_not_served_is_left_to_others() -> None:
    """Firmware: EDK2 asks for type 1 (PXE 2.1 §2.2.5)."""
    port = port_4011()
    assert port.send(payload_of(EDK2_DISCOVERY), to_4011()) is None
    assert port.event(DatagramDropped)


def test_a_broadcast_with_a_boot_item_is_answered_from_port_67() -> None:
    """PXE 2.1 §2.2: a DHCPREQUEST on 67 with tag 71 is discovery."""
    port = port_4011()
    way = replace(on_broadcast(), peer=SocketAddress(ADDRESS, 68))
    port.ask(request(BootItem(0, 0)), way)
    assert port.datagram is not None
    assert (port.datagram.peer, port.datagram.local.port) == (SocketAddress(ADDRESS, 68), 67)


def test_a_request_without_a_boot_item_on_port_67_is_not_for_a_boot_server() -> None:
    """PXE 2.1 §2.2.5: it is for a DHCP server."""
    port = port_4011()
    assert port.send(request(), on_broadcast()) is None
    assert port.event(DatagramDropped).reason == "not for a service offered here"


@pytest.mark.parametrize(
    "message",
    [
        from_client(MessageType.REQUEST, ciaddr=ADDRESS),
        from_client(MessageType.DISCOVER, options=pxe_options()),
        from_client(MessageType.INFORM, ciaddr=ADDRESS, options=pxe_options()),
        from_client(None, options=pxe_options()),
    ],
    ids=["not PXE", "DISCOVER", "INFORM", "BOOTP"],
)
def test_a_boot_server_answers_requests_of_pxe_clients_only(message: Message) -> None:
    """PXE 2.1 §2.2.5: a DHCPREQUEST with the class, and nothing else."""
    port = port_4011()
    assert port.send(message, to_4011()) is None
    assert port.event(DatagramDropped)


def test_a_machine_with_nothing_to_boot_is_left_alone() -> None:
    """Ours: silence, and the operator hears why."""
    port = port_4011()
    assert port.send(request(architecture=11), to_4011()) is None
    assert port.event(NothingToBoot)


def test_tags_whose_length_lies_are_dropped_and_counted() -> None:
    """PXE 2.1 §2.2.4: a tag ends within its option."""
    port = port_4011()
    message = replace(request(), options=Options({**request().options, 43: b"\x47\x04\x00"}))
    assert port.send(message, to_4011()) is None
    assert port.event(DatagramDropped).reason == "malformed option 43 tag 71"
