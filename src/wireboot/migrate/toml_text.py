"""A draft as the text of a wireboot.toml, written for people: in the order of the reference, with its origins.

A library would add nothing: tomli-w writes no comments, and tomlkit wants the layout spelled out all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from wireboot.migrate.draft import (
    ClientClass,
    Draft,
    Machine,
    Menu,
    MenuEntry,
    OptionSetting,
    Pool,
    Profile,
    Reservation,
    Subnet,
)
from wireboot.migrate.option_values import OptionValue
from wireboot.migrate.report import Place
from wireboot.wire.addresses import format_link_address

_WIDTH = 120
_PLACES_MAX = 6


def as_toml(draft: Draft, origin: str) -> str:
    """`origin`: the files it was made of, for the first line."""
    parts = [[f"# Made by `wireboot import-config` from {_comment(origin)}. Keys: docs/reference/configuration.md"]]
    if draft.boot_dir is not None:
        parts.append([*_origin_of("boot_dir", draft), _line("boot_dir", draft.boot_dir)])
    if draft.interfaces:
        parts.append([*_origin_of("interfaces", draft), "[network]", _line("interfaces", list(draft.interfaces))])
    parts.extend(filter(None, [list(_dhcp4(draft))]))
    parts.extend(list(_class(each)) for each in draft.classes)
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


def _dhcp4(draft: Draft) -> Iterator[str]:
    if draft.mode is None:
        return
    places = [*draft.origins.get("mode", ()), *draft.origins.get("dhcp4", ()), *(each.place for each in draft.options)]
    if places:
        yield _origin(places)
    yield "[dhcp4]"
    yield _line("mode", draft.mode)
    if draft.authoritative is not None:
        yield _line("authoritative", draft.authoritative)
    if draft.rapid_commit:
        yield _line("rapid_commit", True)
    if draft.bootp:
        yield _line("bootp", True)
    yield from _options(draft.options, "dhcp4")


def _class(each: ClientClass) -> Iterator[str]:
    yield _origin([each.place, *(option.place for option in each.options)])
    yield "[[dhcp4.classes]]"
    yield _line("name", each.name)
    if each.lease_time_s is not None:
        yield _line("lease_time_s", each.lease_time_s)
    lines = [
        _line(key, values[0] if len(values) == 1 else list[OptionValue](values))
        for key, values in each.match.values.items()
    ]
    if each.match.options:
        lines.append(f"option = {_inline(each.match.options)}")
    match = f"match = {{ {', '.join(lines)} }}"
    if len(match) <= _WIDTH:
        yield match
    yield from _options(each.options, "dhcp4.classes")
    if len(match) > _WIDTH:
        yield "[dhcp4.classes.match]"
        yield from lines


def _subnet(subnet: Subnet) -> Iterator[str]:
    yield _origin([subnet.place, *(pool.place for pool in subnet.pools), *(each.place for each in subnet.options)])
    yield "[[dhcp4.subnets]]"
    yield _line("network", str(subnet.network))
    if subnet.shared_network is not None:
        yield _line("shared_network", subnet.shared_network)
    yield from _pools(subnet.pools)
    times = subnet.times
    for key, time in (
        ("lease_time_s", times.lease),
        ("lease_time_min_s", times.least),
        ("lease_time_max_s", times.most),
        ("renewal_time_s", times.renewal),
        ("rebinding_time_s", times.rebinding),
    ):
        if time is not None:
            yield _line(key, time.seconds)
    yield from _options(subnet.options, "dhcp4.subnets")


def _pools(pools: Sequence[Pool]) -> Iterator[str]:
    """One line for each where they have classes."""
    if any(pool.classes or pool.not_classes for pool in pools):
        yield "pools = ["
        yield from (f"    {_pool(pool)}," for pool in pools)
        yield "]"
    elif pools:
        yield f"pools = [{', '.join(map(_pool, pools))}]"


def _pool(pool: Pool) -> str:
    within = pool.range
    shown = str(within.first) if within.first == within.last else str(within)
    limits = {"classes": pool.classes, "not_classes": pool.not_classes}
    said = [_line(key, list[OptionValue](names)) for key, names in limits.items() if names]
    return f"{{ {', '.join([_line('range', shown), *said])} }}" if said else _value(shown)


def _options(options: Sequence[OptionSetting], table: str) -> Iterator[str]:
    """On one line where there is room; a long table is easier to read under a header of its own."""
    if not options:
        return
    values = {option.name: option.value for option in options}
    line = f"options = {_inline(values)}"
    if len(line) <= _WIDTH:
        yield line
    else:
        yield f"[{table}.options]"
        yield from (_line(name, value) for name, value in values.items())


def _reservation(reservation: Reservation) -> Iterator[str]:
    yield _origin([reservation.place, *(option.place for option in reservation.options)])
    yield "[[dhcp4.subnets.reservations]]"
    yield _line(reservation.mark.key, reservation.mark.shown)
    if reservation.address is not None:
        yield _line("address", str(reservation.address))
    if reservation.hostname is not None:
        yield _line("hostname", reservation.hostname)
    yield from _options(reservation.options, "dhcp4.subnets.reservations")


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
