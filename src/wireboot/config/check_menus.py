"""Checks of menus: that each line leads somewhere, and that firmware can show them."""

from __future__ import annotations

from collections.abc import Iterator

from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.keys import near
from wireboot.config.load import LoadedConfig
from wireboot.config.model import Menu, MenuEntry
from wireboot.config.positions import KeyPath
from wireboot.protocols.pxe.menu_tags import ITEMS_MAX, TEXT_SIZE_MAX
from wireboot.protocols.pxe.vendor_options import SIZE_MAX

ERROR, WARNING, NOTE = Severity

_LOADERS = {"ipxe": "iPXE", "grub": "GRUB"}
"""By the style of menus that they show, whatever the firmware."""
_TAGS_BESIDE_THE_LINES = 22
"""Bytes of option 43 that go to discovery control, group, the heads of list, menu and prompt, and the end."""


def menus(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    lines_by_name: dict[str, int | None] = {}
    for index, menu in enumerate(loaded.config.menus):
        where = ("menus", index)
        if menu.name in lines_by_name:
            what = f'there is a menu "{menu.name}" already, on line {lines_by_name[menu.name]}'
            yield loaded.finding(ERROR, (*where, "name"), what, "choose another name")
        lines_by_name.setdefault(menu.name, loaded.line(*where, "name"))
        if not menu.entries:
            what = f'menu "{menu.name}" has no entries'
            yield loaded.finding(ERROR, (*where, "name"), what, "add [[menus.entries]] with text and profile")
        for number, entry in enumerate(menu.entries):
            yield from _entry(loaded, (*where, "entries", number), entry)
            yield from _other_servers(loaded, (*where, "entries", number), menu, entry)
        yield from _same_types(loaded, where, menu)
        yield from _room(loaded, where, menu)


def _entry(loaded: LoadedConfig, where: KeyPath, entry: MenuEntry) -> Iterator[Finding]:
    ways = [name for name in ("profile", "servers", "local") if getattr(entry, name)]
    if len(ways) != 1:
        what = f'menu entry "{entry.text}" leads {"nowhere" if not ways else "to " + " and ".join(ways)}'
        yield loaded.finding(ERROR, (*where, "text"), what, "give it one of profile, servers and `local = true`")
    if any(address.is_multicast or address.is_unspecified for address in entry.servers):
        what = f'menu entry "{entry.text}" names a Boot Server that is no single host'
        yield loaded.finding(ERROR, (*where, "servers"), what, "list the addresses of the servers themselves")
    if entry.local and entry.type is not None:
        what = "the local disk has type 0, and takes no other"
        yield loaded.finding(ERROR, (*where, "type"), what, "take it out")
    if entry.file is not None and not entry.servers:
        what = f'menu entry "{entry.text}" names a file on another server, and no server'
        yield loaded.finding(ERROR, (*where, "file"), what, "add servers, or take file out")
    profile = next((each for each in loaded.config.profiles if each.name == entry.profile), None)
    if profile is not None and profile.menu is not None:
        what = f'menu entry "{entry.text}" leads to profile "{profile.name}", which is a menu itself'
        yield loaded.finding(ERROR, (*where, "profile"), what, "firmware shows one menu: name a profile that boots")


def _other_servers(loaded: LoadedConfig, where: KeyPath, menu: Menu, entry: MenuEntry) -> Iterator[Finding]:
    """They are other people's, and answer to their own number only."""
    if not entry.servers:
        return
    if entry.type is None:
        what = f'menu entry "{entry.text}" leads to other Boot Servers and does not say by which type'
        yield loaded.finding(WARNING, (*where, "servers"), what, "add the type that they answer to, such as `type = 1`")
    if entry.file is None and menu.style in _LOADERS:
        what = f'menu entry "{entry.text}" is not shown: {_LOADERS[menu.style]} cannot ask a Boot Server what to load'
        yield loaded.finding(WARNING, (*where, "servers"), what, "name the file on the first server with `file`")


def _same_types(loaded: LoadedConfig, where: KeyPath, menu: Menu) -> Iterator[Finding]:
    lines: dict[int, int | None] = {}
    for number, entry in enumerate(menu.entries):
        at = (*where, "entries", number, "type")
        if entry.type in lines:
            what = f"type {entry.type} stands in this menu already, on line {lines[entry.type]}"
            yield loaded.finding(ERROR, at, what, "give each entry a type of its own")
        if entry.type is not None:
            lines.setdefault(entry.type, loaded.line(*at))


def _room(loaded: LoadedConfig, where: KeyPath, menu: Menu) -> Iterator[Finding]:
    """Firmware reads one option 43, so a menu and all that belongs to it has 255 bytes."""
    for number, entry in enumerate(menu.entries):
        if len(entry.text) > TEXT_SIZE_MAX:
            what = f'menu entry "{entry.text}" has {len(entry.text)} letters: it is cut to {TEXT_SIZE_MAX}'
            yield loaded.finding(WARNING, (*where, "entries", number, "text"), what, "use a shorter text")
    if menu.style in _LOADERS:
        return
    texts = sum(3 + len(entry.text) for entry in menu.entries)
    servers = sum(3 + 4 * max(1, len(entry.servers)) for entry in menu.entries if not entry.local)
    size = _TAGS_BESIDE_THE_LINES + texts + servers + len(menu.prompt)
    if size > SIZE_MAX:
        what = f'menu "{menu.name}" needs {size} bytes, and firmware takes {SIZE_MAX}: it is cut short'
        yield loaded.finding(WARNING, (*where, "entries"), what, "use shorter texts, or fewer entries")
    if len(menu.entries) > ITEMS_MAX:
        what = f'menu "{menu.name}" has {len(menu.entries)} entries: UEFI firmware shows {ITEMS_MAX}'
        yield loaded.finding(WARNING, (*where, "entries"), what, "use fewer entries")


def menu_references(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    known = [menu.name for menu in loaded.config.menus]
    for index, profile in enumerate(loaded.config.profiles):
        if profile.menu is not None and profile.menu not in known:
            meant = near(profile.menu, known)
            remedy = f'did you mean "{meant}"?' if meant else f'add [[menus]] with `name = "{profile.menu}"`'
            yield loaded.finding(ERROR, ("profiles", index, "menu"), f'there is no menu "{profile.menu}"', remedy)


MENU_CHECKS = (menus, menu_references)
