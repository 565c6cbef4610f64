"""A menu as tags 6 to 10 of option 43, made to fit (PXE 2.1 table 2-1)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.protocols.pxe.decision import BootMenu, BootMenuItem, Discovery
from wireboot.protocols.pxe.vendor_options import (
    BOOT_MENU,
    BOOT_SERVERS,
    DISCOVERY_ADDRESS,
    DISCOVERY_CONTROL,
    LOCAL_DISK,
    MENU_PROMPT,
    SIZE_MAX,
    BootServers,
    DiscoveryControl,
    MenuItem,
    MenuPrompt,
)
from wireboot.wire.option_table import Options

ITEMS_MAX = 24
"""Lines that EDK2 shows."""
TEXT_SIZE_MAX = 70
"""Letters of a line that EDK2 shows."""
TEXT_SIZE_MIN = 16
"""Letters to which a text may be cut before whole lines are left out."""
SERVERS_MAX = 8
"""Boot Servers listed for one type: with more of them not even one line might fit."""

_CUT = ".."
_CONTROL_SIZE, _ADDRESS_TAG_SIZE, _END_SIZE = 3, 6, 1
_TAG_HEAD = 2
_ENTRY_HEAD = 3
"""Of an entry in tags 8 and 9: a type and a count."""
_PROMPT_HEAD = _TAG_HEAD + 1
_ADDRESS_SIZE = 4


@dataclass(frozen=True, slots=True)
class MenuTags:
    """What fits of a menu."""

    tags: Options
    left_out: tuple[BootMenuItem, ...]
    """The lines for which there was no room, from the end of the menu."""


def menu_tags(menu: BootMenu, server: IPv4Address) -> MenuTags:
    """The tags that show `menu`; `server` is this server as the client knows it.

    Long texts are cut first, all to the same length, and only then are lines left out, the last ones first.
    """
    items = menu.items[:ITEMS_MAX]
    while not _fits(menu, items, server, TEXT_SIZE_MIN):
        items = items[:-1]
    text_size = next(size for size in range(TEXT_SIZE_MAX, 0, -1) if _fits(menu, items, server, size))

    tags = Options().with_option(DISCOVERY_CONTROL, _control(menu.discovery))
    if menu.discovery.multicast is not None:
        tags = tags.with_option(DISCOVERY_ADDRESS, menu.discovery.multicast)
    tags = (
        tags.with_option(BOOT_SERVERS, _boot_servers(items, server))
        .with_option(BOOT_MENU, tuple(MenuItem(item.server_type, _cut(item.text, text_size)) for item in items))
        .with_option(MENU_PROMPT, MenuPrompt(menu.timeout_s, _cut(menu.prompt, text_size)))
    )
    return MenuTags(tags, menu.items[len(items) :])


def _fits(menu: BootMenu, items: tuple[BootMenuItem, ...], server: IPv4Address, text_size: int) -> bool:
    fixed = _CONTROL_SIZE + (_ADDRESS_TAG_SIZE if menu.discovery.multicast else 0) + _END_SIZE
    servers = sum(_ENTRY_HEAD + _ADDRESS_SIZE * len(entry.addresses) for entry in _boot_servers(items, server))
    lines = sum(_ENTRY_HEAD + min(len(item.text), text_size) for item in items)
    prompt = _PROMPT_HEAD + min(len(menu.prompt), text_size)
    return fixed + _TAG_HEAD + servers + _TAG_HEAD + lines + prompt <= SIZE_MAX


def _control(discovery: Discovery) -> DiscoveryControl:
    control = DiscoveryControl(0)
    if not discovery.broadcast:
        control |= DiscoveryControl.NO_BROADCAST
    if discovery.multicast is None:
        control |= DiscoveryControl.NO_MULTICAST
    if discovery.only_listed:
        control |= DiscoveryControl.ONLY_LISTED
    return control


def _boot_servers(items: tuple[BootMenuItem, ...], server: IPv4Address) -> tuple[BootServers, ...]:
    """One entry for each type. Where there is none, this server stands for all: strict ROMs want a list (PXE-E77)."""
    by_type = {
        item.server_type: BootServers(item.server_type, item.servers[:SERVERS_MAX] or (server,))
        for item in items
        if item.server_type != LOCAL_DISK
    }
    return tuple(by_type.values()) or (BootServers(LOCAL_DISK, (server,)),)


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - len(_CUT)] + _CUT
