"""A draft as the text of a wireboot.toml, written for people: in the order of the reference, with its origins.

A library would add nothing: tomli-w writes no comments, and tomlkit wants the layout spelled out all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address

from wireboot.migrate.draft import Draft, Machine, Menu, MenuEntry, Profile, Reservation, Subnet
from wireboot.migrate.option_values import OptionValue
from wireboot.migrate.report import Place
from wireboot.wire.addresses import AddressRange, format_link_address

_WIDTH = 120
_PLACES_MAX = 6


def as_toml(draft: Draft, origin: str) -> str:
    """`origin`: the files it was made of, for the first line."""
    parts = [[f"# Made by `wireboot import-config` from {_comment(origin)}. Keys: docs/reference/configuration.md"]]
    if draft.boot_dir is not None:
        parts.append([*_origin_of("boot_dir", draft), _line("boot_dir", draft.boot_dir)])
    if draft.interfaces:
        parts.append([*_origin_of("interfaces", draft), "[network]", _line("interfaces", list(draft.interfaces))])
    if draft.mode is not None:
        parts.append([*_origin_of("mode", draft), "[dhcp4]", _line("mode", draft.mode)])
    for subnet in draft.subnets:
        parts.append(list(_subnet(subnet)))
        parts.extend(list(_reservation(each)) for each in subnet.reservations)
    if draft.default_profile is not None:
        parts.append(["[boot]", _line("default_profile", draft.default_profile)])
    parts.extend(list(_profile(profile)) for profile in draft.profiles)
    for menu in draft.menus:
        parts.append(list(_menu(menu)))
        parts.extend(list(_menu_entry(entry)) for entry in menu.entries)
    parts.extend(list(_machine(machine)) for machine in draft.machines)
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _subnet(subnet: Subnet) -> Iterator[str]:
    yield _origin([subnet.place, *(pool.place for pool in subnet.pools), *(each.place for each in subnet.options)])
    yield "[[dhcp4.subnets]]"
    yield _line("network", str(subnet.network))
    if subnet.pools:
        yield _line("pools", [_range(pool.range) for pool in subnet.pools])
    yield _line("lease_time_s", subnet.lease_time_s)
    if subnet.options:
        yield from _options({option.name: option.value for option in subnet.options})


def _options(options: Mapping[str, OptionValue]) -> Iterator[str]:
    """On one line where there is room; a long table is easier to read under a header of its own."""
    line = f"options = {_inline(options)}"
    if len(line) <= _WIDTH:
        yield line
    else:
        yield "[dhcp4.subnets.options]"
        yield from (_line(name, value) for name, value in options.items())


def _reservation(reservation: Reservation) -> Iterator[str]:
    yield _origin([reservation.place])
    yield "[[dhcp4.subnets.reservations]]"
    yield _line("mac", format_link_address(reservation.mac))
    yield _line("address", str(reservation.address))
    if reservation.hostname is not None:
        yield _line("hostname", reservation.hostname)


def _profile(profile: Profile) -> Iterator[str]:
    yield _origin(profile.places)
    yield "[[profiles]]"
    yield _line("name", profile.name)
    if profile.menu is not None:
        yield _line("menu", profile.menu)
    else:
        yield f"boot_program = {_inline(profile.boot_program)}"


def _menu(menu: Menu) -> Iterator[str]:
    yield _origin([menu.place])
    yield "[[menus]]"
    yield _line("name", menu.name)
    if menu.prompt is not None:
        yield _line("prompt", menu.prompt)
    yield _line("timeout_s", menu.timeout_s)


def _menu_entry(entry: MenuEntry) -> Iterator[str]:
    yield _origin(entry.places)
    yield "[[menus.entries]]"
    yield _line("text", entry.text)
    if entry.profile is not None:
        yield _line("profile", entry.profile)
    elif entry.servers:
        yield _line("servers", [str(server) for server in entry.servers])
        if entry.type is not None:
            yield _line("type", entry.type)
    else:
        yield _line("local", True)


def _machine(machine: Machine) -> Iterator[str]:
    yield _origin([machine.place])
    yield "[[machines]]"
    yield _line("name", machine.name)
    yield _line("mac", format_link_address(machine.mac))
    yield _line("profile", machine.profile)


def _origin_of(key: str, draft: Draft) -> list[str]:
    return [_origin(draft.origins[key])] if draft.origins.get(key) else []


def _origin(places: Iterable[Place]) -> str:
    """The lines of each file, in their order: `# from dnsmasq.conf:3, 12`."""
    lines: dict[str, list[int]] = {}
    for place in sorted(set(places)):
        lines.setdefault(place.file, []).append(place.line)
    return "# from " + "; ".join(f"{_comment(file)}:{_numbers(numbers)}" for file, numbers in lines.items())


def _numbers(numbers: Sequence[int]) -> str:
    more = ", …" if len(numbers) > _PLACES_MAX else ""
    return ", ".join(map(str, numbers[:_PLACES_MAX])) + more


def _comment(text: str) -> str:
    """A file may be called anything, and a comment ends with the line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _range(addresses: AddressRange[IPv4Address]) -> str:
    return str(addresses.first) if addresses.first == addresses.last else str(addresses)


def _line(key: str, value: OptionValue) -> str:
    return f"{_key(key)} = {_value(value)}"


def _inline(table: Mapping[str, str] | Mapping[str, OptionValue]) -> str:
    return "{ " + ", ".join(_line(key, value) for key, value in table.items()) + " }"


def _key(key: str) -> str:
    bare = key.isascii() and key and all(letter.isalnum() or letter in "-_" for letter in key)
    return key if bare else _quoted(key)


def _value(value: OptionValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _quoted(value)


def _quoted(text: str) -> str:
    """A basic string. Half of a surrogate pair, which JSON can write and UTF-8 cannot, is a question mark."""
    escaped = text.encode("utf-8", "replace").decode().replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(letter if _stands(letter) else f"\\u{ord(letter):04x}" for letter in escaped) + '"'


def _stands(letter: str) -> bool:
    return ord(letter) >= 0x20 and ord(letter) != 0x7F
