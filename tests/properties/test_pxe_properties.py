"""What holds for PXE's vendor tags, for what a client says of itself, and for ARP packets, whatever is sent."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from tests.support.dhcp import (
    Conversation,
    discover,
    from_client,
    ip,
    on_unicast,
    pxe_options,
    value_or_error,
)
from tests.support.inventory import snapshot_of, with_menu
from wireboot.errors import DecodeError
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.packet import ArpPacket
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.decision import BootCredential
from wireboot.protocols.pxe.identity import identify
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.pxe.vendor_options import TAGS
from wireboot.wire.option_table import Option, Options

links = st.binary(min_size=6, max_size=6)
addresses = st.integers(0, 2**32 - 1).map(IPv4Address)
arp_packets = st.builds(ArpPacket, st.integers(0, 65535), links, addresses, links, addresses)
tag_values = st.dictionaries(st.integers(1, 254), st.binary(max_size=60), max_size=4)
tag_soup = st.lists(
    st.tuples(st.sampled_from([0, 6, 8, 9, 10, 71, 255]), st.integers(0, 12), st.binary(max_size=12)), max_size=6
).map(lambda parts: b"".join(bytes([tag, length]) + value for tag, length, value in parts))


@given(st.one_of(st.binary(max_size=255), tag_soup))
def test_any_bytes_are_tags_or_a_decode_error_with_its_place(wire: bytes) -> None:
    tags = value_or_error(vendor_options.decode, wire)
    if isinstance(tags, DecodeError):
        assert 0 <= tags.offset < len(wire)
        return
    # What came without PXE_END may be one byte too long to be written with it.
    if sum(2 + len(value) for value in tags.values()) < 255:
        assert vendor_options.decode(vendor_options.encode(tags)) == tags


@given(tag_values.map(Options))
def test_tags_are_read_back_as_written(tags: Options) -> None:
    assert vendor_options.decode(vendor_options.encode(tags)) == tags


@given(st.sampled_from(list(TAGS)), st.binary(max_size=64))
def test_any_tag_value_is_typed_or_a_decode_error(row: Option[object], value: bytes) -> None:
    typed = value_or_error(row.decode, value)
    if isinstance(typed, DecodeError):
        assert typed.field == f"option {row.code}"
        return
    assert row.decode(row.encode(typed)) == typed


@given(st.dictionaries(st.sampled_from([77, 93, 94, 97, 175]), st.binary(max_size=40)), st.binary(max_size=40))
def test_any_client_is_identified_or_a_decode_error(options: dict[int, bytes], rest_of_class: bytes) -> None:
    message = discover(options=Options({60: b"PXEClient" + rest_of_class, **options}))
    client = value_or_error(identify, message)
    if isinstance(client, DecodeError):
        assert client.field.startswith("option ")
        return
    assert client is not None
    assert client.architectures
    assert client.architecture_name


@given(
    st.one_of(st.binary(max_size=60), tag_soup),
    st.sampled_from([MessageType.DISCOVER, MessageType.REQUEST]),
    st.sampled_from([0, 7, 11]),
    st.booleans(),
)
def test_any_tags_get_an_answer_or_an_event_from_a_server_with_menus(
    tags: bytes, message_type: MessageType, architecture: int, to_4011: bool
) -> None:
    credentials = {"rescue.efi": (BootCredential(1, "rescue.efi.p7m"),)}
    snapshot = snapshot_of(with_menu(credentials=credentials))
    port = Conversation(BootServer(snapshot), ProxyDhcp(snapshot))
    options = Options({**pxe_options(architecture), 43: tags})
    message = from_client(message_type, ciaddr=ip(150), options=options)

    reply = port.send(message, on_unicast(ip(150), port=4011 if to_4011 else 67))
    assert reply is not None or port.events
    if reply is not None and 43 in reply.options:
        assert vendor_options.decode(reply.options[43])


@given(st.one_of(st.binary(max_size=60), arp_packets.map(arp.encode)))
def test_any_bytes_are_arp_or_a_decode_error(wire: bytes) -> None:
    packet = value_or_error(arp.decode, wire)
    if isinstance(packet, DecodeError):
        assert 0 <= packet.offset <= len(wire)
        return
    assert arp.decode(arp.encode(packet)) == packet


@given(arp_packets)
def test_arp_is_read_back_as_written(packet: ArpPacket) -> None:
    assert arp.decode(arp.encode(packet)) == packet
