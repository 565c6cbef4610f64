"""PXE 2.1 §2.2.4: a menu as tags 6 to 10 of option 43, and the packets that carry it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dhcp import (
    SERVER,
    Conversation,
    combined,
    discover,
    from_client,
    ip,
    on_broadcast,
    on_unicast,
    pxe_options,
    selecting,
)
from tests.support.inventory import snapshot_of, with_menu
from wireboot.boot.inventory import Inventory, MenuEntry
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLASS_IDENTIFIER, SERVER_IDENTIFIER, VENDOR_SPECIFIC, MessageType
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.decision import BootMenu, BootMenuItem, Discovery
from wireboot.protocols.pxe.events import MenuCutShort, MenuOffered, NothingToBoot
from wireboot.protocols.pxe.menu_tags import ITEMS_MAX, SERVERS_MAX, TEXT_SIZE_MIN, menu_tags
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.pxe.vendor_options import (
    BOOT_ITEM,
    BOOT_MENU,
    BOOT_SERVERS,
    MENU_PROMPT,
    BootServers,
    MenuItem,
    MenuPrompt,
)
from wireboot.wire.option_table import Options

ADDRESS = ip(150)
OTHER_BOOT_SERVER = IPv4Address("10.77.0.9")
GROUP = IPv4Address("224.0.1.2")
LOCAL = BootMenuItem(0, "Local disk")


def a_menu(
    *items: BootMenuItem, prompt: str = "Press F8", timeout_s: int = 10, discovery: Discovery | None = None
) -> BootMenu:
    return BootMenu("main", "a rule", prompt, timeout_s, items, discovery or Discovery())


def proxy(inventory: Inventory) -> Conversation:
    snapshot = snapshot_of(inventory)
    return Conversation(BootServer(snapshot), ProxyDhcp(snapshot))


def tags_of(reply: Message) -> Options:
    value = reply.options.get(VENDOR_SPECIFIC)
    assert value is not None
    return vendor_options.decode(value)


def boot_files_in(reply: Message) -> tuple[bytes, bool]:
    return reply.file, 67 in reply.options


# Option 43


@pytest.mark.parametrize(
    ("discovery", "wire"),
    [
        (Discovery(only_listed=False), "060103 0807 0001010a4d0001 0909 0001064c61622d3031 0a0400426f6f ff"),
        (
            Discovery(multicast=GROUP, only_listed=False),
            "060101 0704e0000102 0807 0001010a4d0001 0909 0001064c61622d3031 0a0400426f6f ff",
        ),
        (
            Discovery(broadcast=True, only_listed=False),
            "060102 0807 0001010a4d0001 0909 0001064c61622d3031 0a0400426f6f ff",
        ),
        (
            Discovery(broadcast=True, multicast=GROUP, only_listed=False),
            "060100 0704e0000102 0807 0001010a4d0001 0909 0001064c61622d3031 0a0400426f6f ff",
        ),
    ],
    ids=["unicast", "multicast", "broadcast", "all"],
)
def test_a_menu_is_written_as_firmware_was_seen_to_take_it(discovery: Discovery, wire: str) -> None:
    """Firmware: EDK2 and iPXE boot by these bytes (probe-efi-*.pcap, probe-ipxe-*.pcap)."""
    menu = a_menu(BootMenuItem(1, "Lab-01"), prompt="Boo", timeout_s=0, discovery=discovery)
    assert vendor_options.encode(menu_tags(menu, SERVER).tags) == bytes.fromhex(wire)


def test_only_listed_servers_count_where_the_operator_says_so() -> None:
    """PXE 2.1 table 2-1, tag 6 bit 2."""
    menu = a_menu(BootMenuItem(1, "Lab-01"), discovery=Discovery(only_listed=True))
    assert menu_tags(menu, SERVER).tags[6] == b"\x07"


@pytest.mark.parametrize("timeout_s", [0, 1, 254, 255])
def test_the_prompt_has_its_seconds_and_its_text(timeout_s: int) -> None:
    """PXE 2.1 table 2-1, tag 10: 0 takes the first item at once, 255 shows the menu and waits."""
    tags = menu_tags(a_menu(BootMenuItem(1, "Lab-01"), timeout_s=timeout_s), SERVER).tags
    assert tags.get(MENU_PROMPT) == MenuPrompt(timeout_s, "Press F8")


def test_the_menu_keeps_its_order_and_the_local_disk_needs_no_server() -> None:
    """PXE 2.1 table 2-1, tags 8 and 9: display order is the order of the tag; type 0 boots locally."""
    other = BootMenuItem(2, "Elsewhere", (OTHER_BOOT_SERVER,))
    tags = menu_tags(a_menu(BootMenuItem(40000, "Here"), LOCAL, other), SERVER).tags

    assert tags.get(BOOT_MENU) == (MenuItem(40000, "Here"), MenuItem(0, "Local disk"), MenuItem(2, "Elsewhere"))
    assert tags.get(BOOT_SERVERS) == (BootServers(40000, (SERVER,)), BootServers(2, (OTHER_BOOT_SERVER,)))


def test_two_lines_of_one_type_are_one_entry_in_the_list_of_servers() -> None:
    """PXE 2.1 table 2-1, tag 8: it lists types."""
    tags = menu_tags(a_menu(BootMenuItem(40000, "Here"), BootMenuItem(40000, "Here too")), SERVER).tags
    assert tags.get(BOOT_SERVERS) == (BootServers(40000, (SERVER,)),)


def test_a_menu_of_the_local_disk_alone_still_lists_a_server() -> None:
    """Firmware: strict ROMs want a list of servers where they may not broadcast (PXE-E77)."""
    assert menu_tags(a_menu(LOCAL), SERVER).tags.get(BOOT_SERVERS) == (BootServers(0, (SERVER,)),)


# Making it fit


def test_long_texts_are_cut_before_lines_are_left_out() -> None:
    """Firmware: EDK2 reads the first option 43 only, so a menu has 255 bytes and no more."""
    items = tuple(BootMenuItem(40000 + number, f"Line {number} " + "x" * 60) for number in range(6))
    fitted = menu_tags(a_menu(*items), SERVER)
    shown = fitted.tags.get(BOOT_MENU)

    assert shown is not None
    assert fitted.left_out == ()
    assert len(vendor_options.encode(fitted.tags)) > 240, "the room there is, is used"
    assert all(item.text.endswith("..") for item in shown)
    assert len({len(item.text) for item in shown}) == 1


def test_lines_are_left_out_from_the_end() -> None:
    """Ours: what stands first matters most."""
    items = tuple(BootMenuItem(40000 + number, f"Line number {number:3} of many") for number in range(20))
    fitted = menu_tags(a_menu(*items), SERVER)
    shown = fitted.tags.get(BOOT_MENU)

    assert shown is not None
    assert [item.server_type for item in shown] == [item.server_type for item in items[: len(shown)]]
    assert fitted.left_out == items[len(shown) :]
    assert len(fitted.left_out) > 0


def test_no_more_lines_than_firmware_shows() -> None:
    """Firmware: EDK2 shows 24."""
    items = tuple(BootMenuItem(0, "L") for _ in range(ITEMS_MAX + 1))
    assert len(menu_tags(a_menu(*items), SERVER).left_out) == 1


texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=90)
servers = st.lists(st.integers(1, 2**32 - 2).map(IPv4Address), max_size=SERVERS_MAX + 3).map(tuple)
menu_items = st.lists(st.builds(BootMenuItem, st.integers(0, 65535), texts, servers), min_size=1, max_size=30)
discoveries = st.builds(Discovery, st.booleans(), st.one_of(st.none(), st.just(GROUP)), st.booleans())


@given(menu_items, texts, st.integers(0, 255), discoveries)
def test_any_menu_fits_and_shows_its_first_line(
    items: list[BootMenuItem], prompt: str, timeout_s: int, discovery: Discovery
) -> None:
    """Firmware: a menu with an empty line, or one cut in the middle, is dropped as a whole (PXE-E74)."""
    fitted = menu_tags(a_menu(*items, prompt=prompt, timeout_s=timeout_s, discovery=discovery), SERVER)
    wire = vendor_options.encode(fitted.tags)
    shown = vendor_options.decode(wire).get(BOOT_MENU)

    assert len(wire) <= 255
    assert shown
    assert len(shown) + len(fitted.left_out) == len(items)
    for line, item in zip(shown, items, strict=False):
        assert line.server_type == item.server_type
        assert line.text == item.text or (line.text.endswith("..") and len(line.text) >= TEXT_SIZE_MIN)


# Which packets carry it


@pytest.mark.parametrize("architecture", [0, 7])
def test_a_combined_server_offers_the_menu_with_the_address(architecture: int) -> None:
    """PXE 2.1 §2.2.3: in the offer and, since the client uses that copy, in the acknowledgement."""
    port = combined(with_menu())
    offer = port.ask(discover(options=pxe_options(architecture)))
    in_offer = port.event(MenuOffered)
    ack = port.ask(selecting(offer.yiaddr, options=pxe_options(architecture)))

    for reply in (offer, ack):
        assert (reply.yiaddr, reply.siaddr, reply.options.get(SERVER_IDENTIFIER)) == (ip(100), SERVER, SERVER)
        assert reply.options.get(CLASS_IDENTIFIER) == "PXEClient"
        assert tags_of(reply).get(BOOT_MENU) is not None
    assert offer.options[43] == ack.options[43]
    assert (in_offer.by, port.event(MenuOffered).by) == ("DHCPOFFER", "DHCPACK")
    assert port.event(MenuOffered).client_address == ip(100)


def test_a_proxy_offers_the_menu_and_no_address() -> None:
    """PXE 2.1 §2.2.3."""
    port = proxy(with_menu())
    offer = port.ask(discover(options=pxe_options()))
    assert (offer.yiaddr, offer.siaddr, offer.wants_broadcast) == (IPv4Address(0), SERVER, True)
    assert tags_of(offer).get(BOOT_MENU) is not None
    assert port.event(MenuOffered).by == "ProxyDHCP offer"


def test_who_asks_port_4011_without_a_boot_item_gets_the_menu() -> None:
    """PXE 2.1 §2.2.5: the request that follows an offer with option 60 alone."""
    port = Conversation(BootServer(snapshot_of(with_menu())))
    request = from_client(MessageType.REQUEST, ciaddr=ADDRESS, options=pxe_options())
    ack = port.ask(request, on_unicast(ADDRESS, 4011, port=4011))

    assert (ack.message_type, ack.ciaddr, ack.siaddr) == (MessageType.ACK, ADDRESS, SERVER)
    assert tags_of(ack).get(BOOT_MENU) is not None
    assert BOOT_ITEM.code not in tags_of(ack)
    assert port.event(MenuOffered).by == "Boot Server"


def test_no_boot_file_goes_with_a_menu() -> None:
    """PXE 2.1 table 2-1, tag 6 bit 3: a file counts only with it, and nobody has chosen yet."""
    offer = combined(with_menu()).ask(discover(options=pxe_options()))
    assert boot_files_in(offer) == (b"", False)
    assert not tags_of(offer)[6][0] & 8


def test_a_menu_is_for_pxe_clients_only() -> None:
    """PXE 2.1 §2.2.1: others get no word of it."""
    offer = combined(with_menu()).ask(discover())
    assert not set(offer.options) & {43, 60, 66, 67}


def test_the_relay_gets_a_proxys_menu() -> None:
    """RFC 2131 §4.1: where giaddr stands, the answer goes there."""
    port = proxy(with_menu())
    port.ask(replace(discover(options=pxe_options()), giaddr=ip(254, "10.77.1")), on_unicast(ip(254, "10.77.1"), 67))
    assert port.datagram is not None
    assert str(port.datagram.peer) == "10.77.1.254:67"


def test_a_machine_sees_only_what_it_can_load() -> None:
    """Firmware: who chooses what is silent waits half a minute and ends with PXE-E78."""
    port = combined(with_menu())
    texts_by_architecture = {}
    for architecture in (0, 7):
        port.ask(discover(options=pxe_options(architecture)))
        texts_by_architecture[architecture] = port.event(MenuOffered).items

    assert texts_by_architecture[0] == ("Rescue system", "Installer", "Memory test", "Windows", "Local disk")
    assert texts_by_architecture[7] == ("Rescue system", "Installer", "Windows", "Local disk")


def test_a_menu_with_nothing_for_a_machine_leaves_it_alone() -> None:
    """Ours: it gets its address, and the operator hears why nothing else."""
    port = combined(with_menu(MenuEntry("Memory test", profile="memtest"), MenuEntry("Local disk", local=True)))
    offer = port.ask(discover(options=pxe_options(11)))
    assert not set(offer.options) & {43, 60, 66, 67}
    assert port.event(NothingToBoot).reason == "default profile, menu main: no entry has anything for arm64-uefi"


def test_a_menu_that_is_cut_short_is_told() -> None:
    """Ours: the operator hears which lines do not show."""
    entries = [
        MenuEntry(f"Rescue system number {number}", profile="rescue", server_type=40000 + number)
        for number in range(20)
    ]
    port = proxy(with_menu(*entries))
    port.ask(discover(options=pxe_options()), on_broadcast())

    left_out, shown = port.event(MenuCutShort).left_out, port.event(MenuOffered).items
    assert shown + left_out == tuple(entry.text for entry in entries)
    assert len(left_out) > 0
