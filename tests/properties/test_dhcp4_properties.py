"""What holds for DHCPv4 messages and the services that read them, whatever is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.dhcp import (
    EDK2_BOOT_SERVER_REQUEST,
    EDK2_DISCOVER,
    EDK2_DISCOVERY,
    EDK2_REQUEST,
    IPXE_DISCOVER,
    MAC,
    MACHINE_ID,
    RELAYED_DISCOVER,
    Conversation,
    DhcpServer,
    FilePolicy,
    a_subnet,
    combined,
    ip,
    on_broadcast,
    on_unicast,
    payload_of,
    value_or_error,
)
from wireboot.endpoint import Datagram
from wireboot.errors import DecodeError
from wireboot.leases.reservation import Reservation
from wireboot.protocols.dhcp4.classes import ClientClass, Match
from wireboot.protocols.dhcp4.message import IP_UDP_HEADERS, SIZE_DEFAULT_MAX, SIZE_MIN, Message, decode, encode
from wireboot.protocols.dhcp4.options import OPTIONS
from wireboot.protocols.dhcp4.reply import reply_size_max
from wireboot.protocols.dhcp4.rules import Rules
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.wire.option_table import Option, Options

HEADER_SIZE = 240
RELAY_INFORMATION = 82

ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address)
uint8, uint16, uint32 = st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1)
no_nul = st.integers(1, 255)

WITH_DOMAINS = {"domain list", "domain name", "sip servers"}


def text_of(size: int) -> st.SearchStrategy[bytes]:
    """What fits a fixed field of the header."""
    return st.lists(no_nul, max_size=size).map(bytes)


def with_relay_information_last(values: dict[int, bytes]) -> Options:
    """The order in which the codec writes them (RFC 3046 §2.2)."""
    return Options(dict(sorted(values.items(), key=lambda item: item[0] == RELAY_INFORMATION)))


option_values = st.one_of(st.binary(max_size=20), st.binary(min_size=250, max_size=600))
options = st.dictionaries(st.integers(1, 254).filter(lambda code: code not in (43, 52)), option_values, max_size=8).map(
    with_relay_information_last
)
messages = st.builds(
    Message,
    op=st.sampled_from([1, 2]),
    xid=uint32,
    chaddr=st.binary(max_size=16),
    htype=uint8,
    hops=uint8,
    secs=uint16,
    flags=uint16,
    ciaddr=ipv4,
    yiaddr=ipv4,
    siaddr=ipv4,
    giaddr=ipv4,
    sname=text_of(64),
    file=text_of(128),
    options=options,
)
option_soup = st.lists(
    st.tuples(st.sampled_from([0, 12, 43, 52, 53, 55, 57, 61, 82, 93, 97, 119, 255]), st.binary(max_size=30)),
    max_size=8,
).map(lambda parts: b"".join(bytes([code, len(value)]) + value for code, value in parts))
fixed_field = st.one_of(st.just(bytes(192)), st.binary(min_size=192, max_size=192))
nearly_messages = st.builds(
    lambda head, fields, soup, cut: (head[:44] + fields + b"\x63\x82\x53\x63" + soup)[: HEADER_SIZE + len(soup) - cut],
    st.just(encode(Message(1, 1, bytes(6)))),
    fixed_field,
    option_soup,
    st.integers(0, 3),
)  # random bytes alone never get past the magic cookie


@given(st.one_of(st.binary(max_size=700), nearly_messages))
def test_any_bytes_are_a_message_or_a_decode_error_with_its_place(wire: bytes) -> None:
    message = value_or_error(decode, wire)
    if isinstance(message, DecodeError):
        assert message.field
        assert 0 <= message.offset <= len(wire)
        return
    kept = replace(message, options=with_relay_information_last(dict(message.options)))
    assert decode(encode(message)) == kept


@given(messages)
def test_what_is_written_is_read_back(message: Message) -> None:
    wire = encode(message)
    assert decode(wire) == message
    assert len(wire) >= SIZE_MIN


@given(messages, st.integers(SIZE_DEFAULT_MAX, 1472))
def test_a_size_limit_leaves_out_whole_options_and_never_truncates_one(message: Message, size_max: int) -> None:
    small_relay = {code: value for code, value in message.options.items() if code != RELAY_INFORMATION}
    message = replace(message, options=Options(small_relay))
    wire = encode(message, size_max)

    assert len(wire) <= size_max
    assert dict(decode(wire).options).items() <= dict(message.options).items()


@given(st.sampled_from(list(OPTIONS)), st.binary(max_size=300))
def test_any_option_value_is_typed_or_a_decode_error(row: Option[object], value: bytes) -> None:
    typed = value_or_error(row.decode, value)
    if isinstance(typed, DecodeError):
        assert typed.field == f"option {row.code}"
        return
    assert typed is not None
    if row.shape.name not in WITH_DOMAINS:  # a label may hold a dot, which text cannot tell from the end of one
        assert row.decode(row.encode(typed)) == typed


@given(uint16)
def test_any_size_that_a_client_announces_gives_a_sensible_limit(announced: int) -> None:
    request = Message(1, 1, bytes(6), options=Options({57: announced.to_bytes(2, "big")}))
    limit = reply_size_max(request)
    assert SIZE_DEFAULT_MAX <= limit <= 1500 - IP_UDP_HEADERS


# Endpoints under bad input: never an exception, always an answer or an event


def proxy() -> Conversation:
    return Conversation(BootServer(FilePolicy()), ProxyDhcp(FilePolicy()))


def boot_server() -> Conversation:
    return Conversation(BootServer(FilePolicy()))


def with_every_rule() -> Conversation:
    """Few addresses, every kind of reservation and class, and all that can be switched on."""
    first, second = (
        replace(a_subnet(100, 103, network=network), shared_network="hall", reserved_share=0.5)
        for network in ("10.77.0", "10.77.1")
    )
    reservations = (
        Reservation(MAC, ip(50), "node-1", options=Options({12: b"other"})),
        Reservation(client=b"\x00me", hostname="node-2"),
        Reservation(uuid=UUID(bytes_le=MACHINE_ID[1:]), address=ip(51)),
        Reservation(circuit_id=b"down0", address=ip(52)),
    )
    classes = (
        ClientClass("pxe", Match(vendor_classes=("PXEClient*",), uuids=frozenset({b""}))),
        ClientClass("any", Match(), Options({43: b"\x06\x01\x08", 15: b"lab"}), 60),
        ClientClass("some", Match(frozenset({7}), user_classes=frozenset({"a"}), options={94: b""})),
    )
    rules = Rules(classes, authoritative=False, rapid_commit=True, bootp=True)
    return DhcpServer(replace(first, reservations=reservations), second, rules=rules)


COMPOSITIONS: list[tuple[str, Callable[[], Conversation], Datagram]] = [
    ("server", combined, on_broadcast()),
    ("proxy", proxy, on_broadcast()),
    ("4011", boot_server, on_unicast(ip(150), 4011, port=4011)),
    ("relayed", combined, on_unicast(ip(254), 67)),
    ("every rule", with_every_rule, on_broadcast()),
    ("every rule, relayed", with_every_rule, on_unicast(ip(254), 67)),
]
compositions = pytest.mark.parametrize(
    ("build", "way"), [row[1:] for row in COMPOSITIONS], ids=[row[0] for row in COMPOSITIONS]
)
PACKETS = {
    "EDK2 DISCOVER": EDK2_DISCOVER,
    "iPXE DISCOVER": IPXE_DISCOVER,
    "EDK2 REQUEST": EDK2_REQUEST,
    "EDK2 to 4011": EDK2_BOOT_SERVER_REQUEST,
    "EDK2 discovery": EDK2_DISCOVERY,
    "relayed DISCOVER": RELAYED_DISCOVER,
}


def truncations(wire: bytes) -> Iterator[bytes]:
    return (wire[:size] for size in range(len(wire)))


def bit_flips(wire: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(wire)):
        flipped = bytearray(wire)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


def sends_and_survives(conversation: Conversation, wire: bytes, way: Datagram) -> None:
    reply = conversation.send(wire, way)  # decodes the reply: it is a message, too
    assert conversation.events, "neither silence nor an answer goes without a word"
    if conversation.datagram is not None:
        assert reply is not None
        assert reply.op == 2
        assert SIZE_MIN <= len(conversation.datagram.payload) <= 1472


@pytest.mark.parametrize("packet", PACKETS.values(), ids=PACKETS)
@compositions
def test_every_truncation_and_bit_flip_of_a_real_packet_is_survived(
    packet: tuple[str, int], build: Callable[[], Conversation], way: Datagram
) -> None:
    wire = payload_of(packet)
    conversation = build()
    for damaged in (*truncations(wire), *bit_flips(wire)):
        sends_and_survives(conversation, damaged, way)


@pytest.mark.parametrize("packet", PACKETS.values(), ids=PACKETS)
@compositions
def test_every_lying_length_in_a_real_packet_is_survived(
    packet: tuple[str, int], build: Callable[[], Conversation], way: Datagram
) -> None:
    wire = payload_of(packet)
    conversation = build()
    for at in range(HEADER_SIZE, len(wire)):
        for length in (0, 1, 254, 255):
            sends_and_survives(conversation, wire[:at] + bytes([length]) + wire[at + 1 :], way)


@compositions
def test_datagrams_of_no_and_of_every_size_are_survived(build: Callable[[], Conversation], way: Datagram) -> None:
    conversation = build()
    start = payload_of(EDK2_DISCOVER)[:HEADER_SIZE] + b"\x35\x01\x01"
    for wire in (
        b"",
        b"\0",
        bytes(65507),
        b"\xff" * 65507,
        start + bytes(65507 - len(start)),
        start + b"\x0c\xff" * 32_000,
        start + b"\x0c\x00" * 32_000,
        start + b"\x3d\x01\x00" * 21_000,
        start + b"\x52\xff" + bytes(255) + b"\x52\xff" * 30_000,
    ):
        sends_and_survives(conversation, wire, way)


ABSURD = {
    "message of no size": {57: bytes(2)},
    "message of every size": {57: b"\xff\xff"},
    "half a size": {57: b"\x05"},
    "a lease for ever": {51: b"\xff" * 4},
    "a lease of no time": {51: bytes(4)},
    "odd architectures": {93: b"\x00\x07\x00"},
    "no architecture": {93: b""},
    "unheard-of architecture": {93: b"\xff\xff"},
    "no interface": {94: b""},
    "no identifier": {61: b"", 97: b""},
    "message type 0": {53: b"\0"},
    "message type 255": {53: b"\xff"},
    "two message types": {53: b"\x01\x03"},
    "no wishes": {55: b""},
    "all wishes": {55: bytes(range(256)) * 4},
    "empty tags": {43: b""},
    "tags of padding": {43: bytes(255)},
    "a boot item of no size": {43: b"\x47\x00\xff"},
    "a boot item of every size": {43: b"\x47\xfd" + bytes(253)},
    "a class of no size": {60: b""},
    "a class of every size": {60: b"PXEClient:Arch:99999:UNDI:999999" * 40},
    "a rude name": {12: b"\x1b[2J\0\xff"},
    "asks for 0.0.0.0": {50: bytes(4)},
    "asks for 255.255.255.255": {50: b"\xff" * 4},
    "chose no server": {54: bytes(4)},
    "overload 7": {52: b"\x07"},
    "half a wish": {51: b"\x00"},
    "a rapid commit that says more": {80: b"\x01"},
    "a name of nothing": {81: b""},
    "a name of flags": {81: b"\xff\xff\xff"},
    "a name that points to itself": {81: b"\x05\x00\x00\xc0\x00"},
    "a name of every size": {81: b"\x04\x00\x00" + b"\x3f" * 300},
    "no relay information": {82: b""},
    "relay information cut short": {82: b"\x01\xff\x00"},
    "a link that is nowhere": {82: b"\x05\x04\xff\xff\xff\xff\x0b\x04\xff\xff\xff\xff\x0a\x01\xff"},
    "half a link": {82: b"\x05\x02\x0a\x4d\x0b\x01\x00\x0a\x00"},
    "every link": {82: b"\x05\x04\x0a\x4d\x00\x01" * 40},
    "no subnet": {118: b""},
    "the subnet of nobody": {118: bytes(4)},
}  # fmt: skip


@pytest.mark.parametrize("absurd", ABSURD.values(), ids=ABSURD)
@compositions
def test_absurd_option_values_are_survived(
    absurd: dict[int, bytes], build: Callable[[], Conversation], way: Datagram
) -> None:
    conversation = build()
    for packet in PACKETS.values():
        message = decode(payload_of(packet))
        wire = encode(replace(message, options=Options({**message.options, **absurd})))
        if 52 in absurd:
            wire = wire[:HEADER_SIZE] + b"\x34\x01" + absurd[52] + wire[HEADER_SIZE:]
        sends_and_survives(conversation, wire, way)


@settings(max_examples=60)
@given(st.one_of(messages, nearly_messages), st.sampled_from(COMPOSITIONS))
def test_any_message_is_answered_or_told_about(
    sent: Message | bytes, composition: tuple[str, Callable[[], Conversation], Datagram]
) -> None:
    _, build, way = composition
    sends_and_survives(build(), sent if isinstance(sent, bytes) else encode(sent), way)


@pytest.mark.parametrize("seed", range(5))
@compositions
def test_real_packets_with_much_damage_are_survived(
    seed: int, build: Callable[[], Conversation], way: Datagram
) -> None:
    random = Random(seed)
    conversation = build()
    wires = [payload_of(packet) for packet in PACKETS.values()]
    for _ in range(150):
        damaged = bytearray(random.choice(wires))
        for _ in range(random.randrange(1, 30)):
            damaged[random.randrange(HEADER_SIZE, len(damaged))] = random.randrange(256)
        sends_and_survives(conversation, bytes(damaged), way)
