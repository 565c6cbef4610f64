"""PXE 2.1 §2.2.4, table 2-1: the tags inside option 43."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import NamedTuple

import pytest

from tests.support.dhcp import EDK2_DISCOVERY, SERVER, captured, ip, payload_of
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import decode as decode_message
from wireboot.protocols.dhcp4.options import VENDOR_SPECIFIC
from wireboot.protocols.pxe.vendor_options import (
    BOOT_ITEM,
    BOOT_MENU,
    BOOT_SERVERS,
    DISCOVERY_CONTROL,
    MENU_PROMPT,
    TAGS,
    BootItem,
    BootServers,
    DiscoveryControl,
    MenuItem,
    MenuPrompt,
    MulticastAllocation,
    decode,
    encode,
)
from wireboot.wire.option_table import Option, Options


class Example(NamedTuple):
    tag: int
    wire: str
    value: object


GROUP = IPv4Address("224.0.1.2")
# fmt: off
EXAMPLES = (
    Example(1,  "e0000102",                         GROUP),
    Example(2,  "db 06",                            1755),   # little-endian, as Intel's reference client reads it
    Example(3,  "db 06",                            1755),
    Example(4,  "02",                               2),
    Example(5,  "05",                               5),
    Example(6,  "0b",                               DiscoveryControl.NO_BROADCAST | DiscoveryControl.NO_MULTICAST
                                                    | DiscoveryControl.USE_BOOT_FILE),
    Example(7,  "e0000102",                         GROUP),
    Example(8,  "8000 02 0a4d0001 0a4d0002 0001 00", (BootServers(0x8000, (ip(1), ip(2))), BootServers(1, ()))),
    Example(9,  "0001 06 4c61622d3031 0000 04 4469736b", (MenuItem(1, "Lab-01"), MenuItem(0, "Disk"))),
    Example(10, "ff 426f6f74",                      MenuPrompt(255, "Boot")),
    Example(11, "ef000001 0002 0100",               MulticastAllocation(IPv4Address("239.0.0.1"), 2, 256)),
    Example(12, "00000001 00010000",                (1, 65536)),
    Example(71, "8000 8001",                        BootItem(0x8000, 0x8001)),
)
# fmt: on


def test_every_tag_has_an_example_and_every_example_a_tag() -> None:
    """PXE 2.1 table 2-1: the numbers."""
    assert [row.code for row in TAGS] == [example.tag for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.tag))
def test_a_tag_is_read_and_written(example: Example) -> None:
    """PXE 2.1 table 2-1: the layouts."""
    row, wire = TAGS.by_code(example.tag), bytes.fromhex(example.wire)
    assert row is not None
    assert (row.decode(wire), row.encode(example.value)) == (example.value, wire)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.tag))
def test_tags_are_not_set_by_hand(example: Example) -> None:
    """Ours: they follow from the menu."""
    row = TAGS.by_code(example.tag)
    assert row is not None
    if row.shape.name in ("ipv4", "uint8", "uint16", "list of uint32"):
        return
    with pytest.raises(ValueError, match="not set by hand"):
        row.parse("anything")


def test_an_old_servers_boot_item_has_a_layer_of_one_byte() -> None:
    """Firmware: as papers before PXE 2.1 had it."""
    assert BOOT_ITEM.decode(b"\x80\x00\x01") == BootItem(0x8000, 1)


def test_a_prompt_may_end_in_a_nul_or_have_no_text() -> None:
    """Firmware: servers write it either way."""
    assert MENU_PROMPT.decode(b"\x05Boot\0") == MenuPrompt(5, "Boot")
    assert MENU_PROMPT.decode(b"\x00") == MenuPrompt(0, "")


@pytest.mark.parametrize(
    ("row", "wire"),
    [
        (DISCOVERY_CONTROL, ""),
        (DISCOVERY_CONTROL, "0808"),
        (BOOT_SERVERS, "8000"),
        (BOOT_SERVERS, "8000 02 0a4d0001"),
        (BOOT_MENU, "0001"),
        (BOOT_MENU, "0001 05 4c6162"),
        (MENU_PROMPT, ""),
        (BOOT_ITEM, "8000"),
        (BOOT_ITEM, "8000000000"),
        (TAGS.by_code(1), "e00001"),
        (TAGS.by_code(2), "db"),
        (TAGS.by_code(11), "ef000001"),
        (TAGS.by_code(12), "0000"),
    ],
)
def test_a_malformed_tag_is_an_error_that_names_it(row: Option[object], wire: str) -> None:
    """PXE 2.1 table 2-1: the lengths."""
    with pytest.raises(DecodeError) as caught:
        Options({row.code: bytes.fromhex(wire)}).get(row)
    assert caught.value.field == f"option {row.code}"


def test_tags_end_with_pxe_end() -> None:
    """PXE 2.1 §2.2.4: EDK2 asks for it."""
    assert encode(Options().with_option(DISCOVERY_CONTROL, DiscoveryControl.USE_BOOT_FILE)).hex() == "060108ff"
    assert encode(Options()) == b"\xff"


def test_padding_and_what_follows_the_end_is_skipped() -> None:
    """PXE 2.1 §2.2.4: PXE_PAD and PXE_END."""
    assert decode(bytes.fromhex("00 060108 00 ff 0701")) == Options({6: b"\x08"})


def test_a_missing_end_is_forgiven() -> None:
    """Firmware: some servers leave it out."""
    assert decode(bytes.fromhex("060108")) == Options({6: b"\x08"})


def test_of_a_repeated_tag_the_first_counts() -> None:
    """Ours: a second one changes nothing."""
    assert decode(bytes.fromhex("060108 060103 ff")) == Options({6: b"\x08"})


def test_unknown_tags_are_kept_and_ignored() -> None:
    """PXE 2.1 table 2-1: 13 to 63 and 72 to 254 are reserved or for loaders."""
    assert decode(bytes.fromhex("40 02 aabb fe 00 060108 ff")) == Options({64: b"\xaa\xbb", 254: b"", 6: b"\x08"})


@pytest.mark.parametrize(("wire", "offset"), [("06", 0), ("0601", 0), ("060108 47 04 0000", 3), ("00 00 08 ff", 2)])
def test_a_lying_length_is_an_error_with_its_place(wire: str, offset: int) -> None:
    """PXE 2.1 §2.2.4: a tag ends within its option."""
    with pytest.raises(DecodeError) as caught:
        decode(bytes.fromhex(wire))
    assert caught.value.offset == offset
    assert caught.value.field.startswith("option 43 tag ")


def test_tags_that_do_not_fit_into_one_option_are_refused() -> None:
    """Firmware reads the first option 43 only, so RFC 3396 does not help."""
    assert len(encode(Options({64: bytes(252)}))) == 255
    with pytest.raises(ValueError, match="do not fit"):
        encode(Options({64: bytes(253)}))


# Real firmware and a real server


def test_what_edk2_asks_a_boot_server_is_read() -> None:
    """PXE 2.1 §2.2.5, from a capture: type 1, layer 0."""
    vendor = decode_message(payload_of(EDK2_DISCOVERY)).options[VENDOR_SPECIFIC.code]
    tags = decode(vendor)
    assert tags.get(BOOT_ITEM) == BootItem(1, 0)
    assert encode(tags) == vendor


def test_a_menu_that_both_firmwares_understood_is_read() -> None:
    """Firmware: probe-efi-unicast.pcap."""
    offer = captured("probe-efi-unicast.pcap")[1]
    vendor = decode_message(offer.payload).options[VENDOR_SPECIFIC.code]
    tags = decode(vendor)

    assert tags.get(DISCOVERY_CONTROL) == DiscoveryControl.NO_BROADCAST | DiscoveryControl.NO_MULTICAST
    assert tags.get(BOOT_SERVERS) == (BootServers(1, (SERVER,)),)
    assert tags.get(BOOT_MENU) == (MenuItem(1, "Lab-01"),)
    assert tags.get(MENU_PROMPT) == MenuPrompt(0, "Boo")
    assert encode(tags) == vendor
