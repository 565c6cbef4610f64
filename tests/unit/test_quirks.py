"""Firmware that wants its replies different (protocols/pxe/quirks.py), and what each effect changes."""

from __future__ import annotations

import pytest

from tests.support.dhcp import (
    MAC,
    SERVER,
    Conversation,
    combined,
    discover,
    from_client,
    ip,
    on_unicast,
    pxe_options,
)
from tests.support.inventory import snapshot_of, with_menu
from wireboot.boot.inventory import Inventory
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLASS_IDENTIFIER, MessageType
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.events import MenuOffered
from wireboot.protocols.pxe.identity import PxeClient, identify
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.pxe.quirks import QUIRKS, Effect, Quirk, effect_for
from wireboot.protocols.pxe.vendor_options import BootItem
from wireboot.wire.iana import architecture_name

EVERYBODY = Quirk("everybody", Effect.NO_VENDOR_OPTIONS, seen="a test")


def client(*, mac: bytes = MAC, architecture: int = 7) -> PxeClient:
    """As `pxe_options` describes it: class PXEClient:Arch:…:UNDI:003000, option 94 version 3.0."""
    found = identify(discover(mac=mac, options=pxe_options(architecture)))
    assert found is not None
    return found


def a_quirk(effect: Effect, default_profile: str = "rescue") -> Inventory:
    return with_menu(default_profile=default_profile, quirks=(Quirk("all", effect, seen="a test"),))


def offer(effect: Effect, default_profile: str = "rescue") -> Message:
    return combined(a_quirk(effect, default_profile)).ask(discover(options=pxe_options()))


def at_4011(inventory: Inventory, item: BootItem | None = None) -> Message:
    port = Conversation(BootServer(snapshot_of(inventory)))
    request = from_client(MessageType.REQUEST, ciaddr=ip(150), options=pxe_options(item=item))
    return port.ask(request, on_unicast(ip(150), 4011, port=4011))


# Which row


def test_most_firmware_has_no_quirk() -> None:
    assert effect_for(client()) is Effect.NONE


@pytest.mark.parametrize(
    ("quirk", "fits"),
    [
        (Quirk("class", Effect.NONE, "", class_prefix="PXEClient:Arch:00007:UNDI:003"), True),
        (Quirk("class", Effect.NONE, "", class_prefix="PXEClient:Arch:00000"), False),
        (Quirk("architecture", Effect.NONE, "", architectures=(6, 7)), True),
        (Quirk("architecture", Effect.NONE, "", architectures=(0,)), False),
        (Quirk("version", Effect.NONE, "", undi_versions=((3, 0),)), True),
        (Quirk("version", Effect.NONE, "", undi_versions=((2, 1),)), False),
        (Quirk("MAC", Effect.NONE, "", mac_prefixes=(b"\x00\x01\x02", MAC[:3])), True),
        (Quirk("MAC", Effect.NONE, "", mac_prefixes=(b"\x00\x01\x02",)), False),
        (Quirk("UUID", Effect.NONE, "", uuid=True), True),
        (Quirk("UUID", Effect.NONE, "", uuid=False), False),
        (Quirk("two", Effect.NONE, "", architectures=(7,), mac_prefixes=(b"\x00\x01\x02",)), False),
    ],
)
def test_a_row_fits_where_all_that_it_says_fits(quirk: Quirk, fits: bool) -> None:
    assert quirk.fits(client()) is fits


def test_the_first_row_that_fits_speaks() -> None:
    special = Quirk("special", Effect.NAME_WITHOUT_NUL, seen="a test", mac_prefixes=(MAC,))
    assert effect_for(client(), (special, EVERYBODY)) is Effect.NAME_WITHOUT_NUL
    assert effect_for(client(mac=bytes(6)), (special, EVERYBODY)) is Effect.NO_VENDOR_OPTIONS


def test_what_is_configured_comes_before_what_is_built_in() -> None:
    assert effect_for(client(architecture=9)) is Effect.ARCHITECTURE_9_IS_X64
    assert effect_for(client(architecture=9), (EVERYBODY,)) is Effect.NO_VENDOR_OPTIONS


def test_every_row_says_where_it_was_seen() -> None:
    assert all(quirk.seen and quirk.name for quirk in QUIRKS)
    assert len({quirk.name for quirk in QUIRKS}) == len(QUIRKS)


# What it changes


def test_without_vendor_options_the_offer_has_no_option_43() -> None:
    """Firmware: option 60 alone sends EDK2 to port 4011 (probe-efi-siaddr-only.pcap)."""
    reply = offer(Effect.NO_VENDOR_OPTIONS)
    assert 43 not in reply.options
    assert (reply.options.get(CLASS_IDENTIFIER), reply.siaddr, reply.file) == ("PXEClient", SERVER, b"rescue.efi")


def test_without_vendor_options_a_menu_waits_on_port_4011() -> None:
    inventory = a_quirk(Effect.NO_VENDOR_OPTIONS, "choice")
    snapshot = snapshot_of(inventory)
    port = Conversation(BootServer(snapshot), ProxyDhcp(snapshot))
    reply = port.ask(discover(options=pxe_options()))
    assert (43 in reply.options, reply.options.get(CLASS_IDENTIFIER), reply.siaddr) == (False, "PXEClient", SERVER)
    assert port.event(MenuOffered)

    assert 43 in at_4011(inventory).options


def test_without_vendor_options_a_boot_item_is_still_returned() -> None:
    """PXE 2.1 §2.2.5: the client compares it."""
    assert at_4011(a_quirk(Effect.NO_VENDOR_OPTIONS), BootItem(0, 0)).options[43] == bytes.fromhex("470400000000ff")


def test_discovery_control_8_is_exactly_that() -> None:
    """Firmware: taken by EDK2 and iPXE (probe-efi-bit3file.pcap, probe-ipxe-bit3file.pcap)."""
    assert offer(Effect.DISCOVERY_CONTROL_8).options[43] == bytes.fromhex("060108ff")
    assert offer(Effect.NONE).options[43] == bytes.fromhex("06010aff")


@pytest.mark.parametrize(
    ("effect", "name"),
    [
        (Effect.NONE, b"rescue.efi\0"),
        (Effect.NUL_TERMINATED, b"rescue.efi\0"),
        (Effect.NAME_WITHOUT_NUL, b"rescue.efi"),
    ],
)
def test_a_name_ends_with_a_nul_except_where_firmware_minds(effect: Effect, name: bytes) -> None:
    """RFC 2132 §9.5, and ROMs that read on until they find one (netboot.xyz issue 1198)."""
    assert offer(effect).options[67] == name
    assert at_4011(a_quirk(effect), BootItem(0, 0)).options[67] == name


def test_architecture_9_is_served_as_x64_without_further_ado() -> None:
    """RFC 4578 erratum 4624."""
    assert architecture_name(9) == architecture_name(7)
