"""RFC 3046: the relay agent information option goes back as it came."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dhcp import (
    RELAY,
    RELAYED_DISCOVER,
    DhcpServer,
    a_subnet,
    captured,
    discover,
    ip,
    on_unicast,
    options_of,
    payload_of,
    selecting,
)
from wireboot.endpoint import SocketAddress
from wireboot.protocols.dhcp4.message import Message, decode, encode
from wireboot.protocols.dhcp4.options import MAXIMUM_MESSAGE_SIZE, RELAY_AGENT_INFORMATION, MessageType
from wireboot.wire.option_table import Options

CIRCUIT = bytes.fromhex("0105646f776e30")
FROM_RELAY = on_unicast(ip(254), 67)


def a_relayed_server(options: Options | None = None) -> DhcpServer:
    return DhcpServer(a_subnet(network="10.77.1", options=options))


def relayed(message: Message, information: bytes = CIRCUIT) -> Message:
    return replace(message.with_option(RELAY_AGENT_INFORMATION, information), giaddr=RELAY, hops=1)


def test_what_a_real_relay_added_is_read() -> None:
    """RFC 3046 §2.0, from ISC dhcrelay: sub-option 1, the circuit `down0`."""
    message = decode(payload_of(RELAYED_DISCOVER))
    assert (message.giaddr, message.hops, message.options.get(RELAY_AGENT_INFORMATION)) == (RELAY, 1, CIRCUIT)


def test_a_real_relays_discover_is_answered_to_its_giaddr() -> None:
    """RFC 2131 §4.1: to port 67 of giaddr, wherever the packet came from."""
    server = a_relayed_server()
    offer = server.send(payload_of(RELAYED_DISCOVER), FROM_RELAY)

    assert offer is not None
    assert (offer.giaddr, offer.yiaddr) == (RELAY, ip(100, "10.77.1"))
    assert server.datagram is not None
    assert (server.datagram.peer, server.datagram.link_address) == (SocketAddress(RELAY, 67), None)
    assert server.datagram.peer == captured(RELAYED_DISCOVER[0])[1].destination


def test_every_reply_returns_the_information_unchanged() -> None:
    """RFC 3046 §2.2: offers, acknowledgements and refusals alike."""
    server = a_relayed_server()
    offered = server.ask(relayed(discover()), FROM_RELAY)
    granted = server.ask(relayed(selecting(offered.yiaddr)), FROM_RELAY)
    refused = server.ask(relayed(selecting(ip(9))), FROM_RELAY)

    replies = (offered, granted, refused)
    assert [each.message_type for each in replies] == [MessageType.OFFER, MessageType.ACK, MessageType.NAK]
    assert [each.options.get(RELAY_AGENT_INFORMATION) for each in replies] == [CIRCUIT] * 3


@pytest.mark.parametrize("information", [b"\xfe\x03abc", b"\x01\xff", b"\x00" * 255], ids=["unknown", "cut", "nothing"])
def test_an_unknown_suboption_is_returned_too(information: bytes) -> None:
    """RFC 3046 §2.2: a server need not understand it."""
    offer = a_relayed_server().ask(relayed(discover(), information), FROM_RELAY)
    assert offer.options.get(RELAY_AGENT_INFORMATION) == information


def test_the_information_is_the_last_option() -> None:
    """RFC 3046 §2.2: servers should copy it as the last option in the response."""
    server = a_relayed_server(Options({3: bytes(4), 15: b"lab"}))
    server.ask(relayed(discover()), FROM_RELAY)
    assert server.datagram is not None
    assert server.datagram.payload.rstrip(b"\0").endswith(b"\x52\x07" + CIRCUIT + b"\xff")


def test_the_information_is_kept_when_other_options_must_go() -> None:
    """RFC 3046 §2.2, and never in the overloaded fields."""
    server = a_relayed_server(Options({224: bytes(250), 225: bytes(250)}))
    information = bytes(range(200))
    offer = server.ask(relayed(discover(), information), FROM_RELAY)

    assert offer.options.get(RELAY_AGENT_INFORMATION) == information
    assert not set(offer.options) & {224, 225}
    assert server.datagram is not None
    assert information in server.datagram.payload[240:]
    assert len(server.datagram.payload) <= 548


@pytest.mark.parametrize("size", [256, 2000, 60_000])
def test_information_that_fits_nowhere_is_left_out_whole(size: int) -> None:
    """RFC 3046 §2.2: a server that cannot copy all of it shall send the response without."""
    large = options_of((MAXIMUM_MESSAGE_SIZE, 1472))
    server = a_relayed_server()
    offer = server.ask(relayed(discover(options=large), bytes(size)), FROM_RELAY)
    assert (offer.message_type, offer.options.get(RELAY_AGENT_INFORMATION)) == (MessageType.OFFER, None)


def test_information_before_other_options_is_written_behind_them() -> None:
    """RFC 3046 §2.2: wherever it stood in the message."""
    message = Message(1, 1, b"", options=Options({82: CIRCUIT, 12: b"a"}))
    assert list(decode(encode(message)).options) == [12, 82]
