"""The numbers that menu entries have on the cable, and which entry a number means."""

from __future__ import annotations

from zlib import crc32

from wireboot.boot.inventory import Menu, MenuEntry
from wireboot.protocols.pxe.vendor_options import LOCAL_DISK

_FIRST_TYPE, _LAST_TYPE = 32768, 65534
"""For vendors' own use; 65535 is PXE's API test (PXE 2.1 §2.2.4, Boot Server types)."""


def server_types(menu: Menu) -> tuple[int, ...]:
    """The Boot Server type of each entry, in the menu's order.

    It follows from what the entry leads to and not from its place, so that a number chosen from an older menu never
    boots something else. Entries that lead to the same profile have the same number.
    """
    given = {entry.server_type for entry in menu.entries if entry.server_type is not None}
    derived: dict[str, int] = {}
    # In the order of their names, or a changed order of entries would swap two numbers that collide.
    for key in sorted({_key(entry) for entry in menu.entries if _is_derived(entry)}):
        number = _hashed(key)
        while number in given or number in derived.values():
            number = _after(number)
        derived[key] = number
    return tuple(_type_of(entry, derived) for entry in menu.entries)


def entry_of_type(menu: Menu, server_type: int) -> MenuEntry | None:
    """The entry that a client means which asks for this type."""
    numbered = zip(server_types(menu), menu.entries, strict=True)
    return next((entry for number, entry in numbered if number == server_type), None)


def type_of_profile(profile: str) -> int:
    """The number of entries that lead to this profile, unless two numbers of one menu collide."""
    return _hashed(_profile_key(profile))


def _type_of(entry: MenuEntry, derived: dict[str, int]) -> int:
    if entry.local:
        return LOCAL_DISK
    return derived[_key(entry)] if entry.server_type is None else entry.server_type


def _is_derived(entry: MenuEntry) -> bool:
    return not entry.local and entry.server_type is None


def _key(entry: MenuEntry) -> str:
    return _profile_key(entry.profile) if entry.profile is not None else f"servers {entry.text}"


def _profile_key(profile: str) -> str:
    return f"profile {profile}"


def _hashed(key: str) -> int:
    return _FIRST_TYPE + crc32(key.encode()) % (_LAST_TYPE - _FIRST_TYPE + 1)


def _after(number: int) -> int:
    return number + 1 if number < _LAST_TYPE else _FIRST_TYPE
