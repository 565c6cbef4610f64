"""dnsmasq's tags: what sets them, and so whom a line with `tag:` is for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wireboot.migrate.clients import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    EVERYBODY,
    Clients,
    Condition,
    UnsayableError,
    both,
    either,
    of_architecture,
    other_than,
    with_mark,
    with_option,
    with_option_value,
    with_user_class,
    with_vendor_class,
)
from wireboot.migrate.custom_options import bytes_of_word, hex_bytes
from wireboot.migrate.dnsmasq.reader import Setting
from wireboot.migrate.marks import Mark
from wireboot.migrate.option_names import option_code
from wireboot.migrate.report import Report

SETTING_TAGS = (
    "dhcp-match", "dhcp-vendorclass", "dhcp-userclass", "dhcp-circuitid", "dhcp-remoteid", "dhcp-mac", "tag-if",
)  # fmt: skip

_MARKS = {"dhcp-circuitid": "circuit_id", "dhcp-remoteid": "remote_id"}
_MAC_SIZE = 6
_HEX = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A line's fields without the tags before them."""

    sets: tuple[str, ...]
    needs: tuple[str, ...]
    """With `!` before those that must not be set."""
    rest: tuple[str, ...]


def tagged(fields: Sequence[str]) -> Tagged:
    """`set:`, `tag:` and its old form `net:` stand first."""
    sets, needs = [], []
    for at, field in enumerate(fields):
        kind, colon, tag = field.partition(":")
        if colon and kind == "set":
            sets.append(tag)
        elif colon and kind in ("tag", "net"):
            needs.append(tag.replace("#", "!", 1) if tag.startswith("#") else tag)
        else:
            return Tagged(tuple(sets), tuple(needs), tuple(fields[at:]))
    return Tagged(tuple(sets), tuple(needs), ())


class Tags:
    """Every tag that is set somewhere, and by whom."""

    def __init__(self, of_subnets: Iterable[str] = (), of_machines: Iterable[str] = ()) -> None:
        self.of_subnets = frozenset(of_subnets)
        self._meaning: dict[str, Condition] = {tag: (Clients(machine=tag),) for tag in of_machines}
        self._unsayable: dict[str, str] = dict.fromkeys(self.of_subnets, "boot files are not chosen by subnet")

    def learn(self, setting: Setting, report: Report) -> None:
        """One of SETTING_TAGS. What it says beyond wireboot's words is told once here, and where the tag is used."""
        told = tagged(setting.fields)
        sets, rest = told.sets, told.rest
        if not sets and rest and setting.name != "tag-if":
            # The old form, without `set:`.
            sets, rest = (rest[0],), rest[1:]
        try:
            condition = self._condition(setting, told.needs, rest)
        except UnsayableError as problem:
            report.untranslated(setting.place, setting.text, str(problem), "see the lines that use the tag")
            for tag in sets:
                self._unsayable.setdefault(tag, f"tag {tag}: {problem}")
            return
        for tag in sets:
            self._meaning[tag] = either(self._meaning.get(tag, ()), condition)

    def condition(self, needs: Sequence[str]) -> Condition:
        """Who has all of these tags. Raises UnsayableError."""
        condition = EVERYBODY
        for need in needs:
            tag = need.removeprefix("!")
            if tag == "known":
                raise UnsayableError("known machines are no class")
            if tag in self._unsayable and tag not in self._meaning:
                raise UnsayableError(self._unsayable[tag])
            if tag not in self._meaning:
                raise UnsayableError(f"nothing sets tag {tag} that wireboot could tell clients by")
            meaning = self._meaning[tag]
            condition = both(condition, other_than(meaning) if need.startswith("!") else meaning)
        return condition

    def _condition(self, setting: Setting, needs: Sequence[str], rest: Sequence[str]) -> Condition:
        if setting.name == "tag-if":
            return self.condition(needs)
        if needs:
            raise UnsayableError("it sets a tag for clients that have another one")
        text = ",".join(rest)
        if setting.name == "dhcp-vendorclass":
            return with_vendor_class(text)
        if setting.name == "dhcp-userclass":
            return with_user_class(text)
        if setting.name in _MARKS:
            return with_mark(Mark(_MARKS[setting.name], _content(text)))
        if setting.name == "dhcp-mac":
            return with_mark(Mark("mac", _mac_prefix(text)))
        return _with_option(rest)


def _content(text: str) -> bytes:
    """Bytes with colons between them, or text."""
    try:
        return bytes_of_word(text, quoted=not _HEX.fullmatch(text))
    except ValueError as problem:
        raise UnsayableError(str(problem)) from None


def _mac_prefix(text: str) -> bytes:
    """`01:23:45:*:*:*`: what may be anything stands at the end."""
    match = re.fullmatch(r"((?:[0-9a-fA-F]{1,2}:){0,5}[0-9a-fA-F]{1,2})((?::\*)*)", text)
    if match is None or text.count(":") != _MAC_SIZE - 1:
        raise UnsayableError("of a MAC address only its beginning is looked at")
    return hex_bytes(match[1] if ":" in match[1] else match[1].rjust(2, "0"))


def _with_option(rest: Sequence[str]) -> Condition:
    """`dhcp-match`: an option's name or number and, where it matters, its value."""
    code = option_code(rest[0].removeprefix("option:")) if rest else None
    if code is None:
        raise UnsayableError(f"nobody is told by {rest[0] if rest else 'nothing'}")
    values = rest[1:]
    text = ",".join(values)
    if not text:
        return with_option(code)
    if code == CLIENT_ARCHITECTURE:
        return _architectures(values)
    if code == CLASS_IDENTIFIER:
        return with_vendor_class(text.rstrip("*"))
    if text.endswith("*"):
        raise UnsayableError(f"of option {code} only the whole is looked at")
    return with_option_value(code, _content(text))


def _architectures(values: Sequence[str]) -> Condition:
    condition: Condition = ()
    for value in values:
        if re.fullmatch("[0-9]{1,5}", value):
            number = int(value)
        elif re.fullmatch("[0-9a-fA-F]{1,2}:[0-9a-fA-F]{1,2}", value):
            high, low = value.split(":")
            number = int(high, 16) << 8 | int(low, 16)
        else:
            raise UnsayableError(f"{value!r} is no client architecture")
        condition = either(condition, of_architecture(number))
    return condition
