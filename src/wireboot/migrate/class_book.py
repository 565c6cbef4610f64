"""Classes of clients: as the other server names them, and as [[dhcp4.classes]]."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from wireboot.config.values import parse_name
from wireboot.migrate.boot import slug, unused_name
from wireboot.migrate.clients import Clients, Condition, UnsayableError
from wireboot.migrate.draft import ClassMatch, ClientClass, OptionSetting
from wireboot.migrate.marks import Mark, option_match
from wireboot.migrate.option_values import OptionValue
from wireboot.migrate.report import Place
from wireboot.wire.iana import architecture_name


@dataclass(slots=True)
class _Entry:
    """A class, which becomes several where one table cannot say who its members are."""

    classes: list[ClientClass]
    needed: bool
    """It has something for its members, or a pool names it: others decide boot files alone."""


class ClassBook:
    """In their order: of two classes that set the same option the first counts."""

    def __init__(self, macs_of: Callable[[str], Sequence[bytes]]) -> None:
        """`macs_of` the machines that Clients.machine means by a name."""
        self._macs_of = macs_of
        self._entries: dict[str, _Entry] = {}
        self._names: set[str] = set()

    @property
    def classes(self) -> tuple[ClientClass, ...]:
        return tuple(each for entry in self._entries.values() if entry.needed for each in entry.classes)

    def define(
        self,
        name: str,
        condition: Condition,
        place: Place,
        options: Sequence[OptionSetting] = (),
        lease_time_s: int | None = None,
    ) -> None:
        """Raises UnsayableError where wireboot could not tell the members. Pools mean the first of a name."""
        if name in self._entries and not options and lease_time_s is None:
            return
        classes = [
            ClientClass(unused_name(_name(name), self._names), place, match, tuple(options), lease_time_s)
            for match in self._matches(condition)
        ]
        key = unused_name(name, set(self._entries))
        self._entries[key] = _Entry(classes, bool(options) or lease_time_s is not None)

    def names_of(self, name: str) -> tuple[str, ...]:
        """The classes by which a pool is to mean that one. Raises UnsayableError where there is none."""
        entry = self._entries.get(name)
        if entry is None:
            raise UnsayableError(f"class {name!r} is not one that wireboot could tell")
        entry.needed = True
        return tuple(each.name for each in entry.classes)

    def _matches(self, condition: Condition) -> list[ClassMatch]:
        if not condition:
            raise UnsayableError("the condition fits no PXE client")
        matches: list[ClassMatch] = []
        for clients in condition:
            match = _match(clients, self._macs_of)
            for at, other in enumerate(matches):
                if (joined := _joined(other, match)) is not None:
                    matches[at] = joined
                    break
            else:
                matches.append(match)
        return matches


def _name(text: str) -> str:
    try:
        return parse_name(text)
    except ValueError:
        return slug(text)


def _match(clients: Clients, macs_of: Callable[[str], Sequence[bytes]]) -> ClassMatch:
    if clients.loose or clients.ipxe is False:
        raise UnsayableError("a class is of those who say something, not of those who do not")
    values: dict[str, tuple[str, ...]] = {}
    if clients.architectures is not None:
        values["architecture"] = tuple(dict.fromkeys(map(architecture_name, sorted(clients.architectures))))
    marks = set(clients.marks)
    if clients.ipxe:
        marks.add(Mark("user_class", "iPXE"))
    if clients.http:
        marks.add(Mark("vendor_class", "HTTPClient*"))
    if clients.machine is not None:
        macs = macs_of(clients.machine)
        if not macs or any(mark.key == "mac" for mark in marks):
            raise UnsayableError(f"no MAC is known of {clients.machine}")
        values["mac"] = tuple(Mark("mac", mac).shown for mac in macs)
    options = {mark.key: mark.value for mark in marks if mark.key.startswith("option:")}
    plain = [mark for mark in marks if mark.key not in options and not _is_implied(mark, marks)]
    for mark in sorted(plain, key=lambda each: each.key):
        if mark.key in values:
            raise UnsayableError(f"its members would need two values of `{mark.key}` at once")
        values[mark.key] = (mark.shown,)
    return ClassMatch(values, _options(options))


def _options(marks: Mapping[str, str | bytes]) -> dict[str, OptionValue]:
    contents = {int(key.partition(":")[2]): value for key, value in sorted(marks.items())}
    return dict(option_match(code, value) for code, value in contents.items() if isinstance(value, bytes))


def _is_implied(mark: Mark, marks: set[Mark]) -> bool:
    """The beginning of a vendor class where more of it is asked for as well."""
    if mark.key != "vendor_class" or not str(mark.value).endswith("*"):
        return False
    head = str(mark.value)[:-1]
    return any(each != mark and each.key == "vendor_class" and str(each.value).startswith(head) for each in marks)


def _joined(one: ClassMatch, other: ClassMatch) -> ClassMatch | None:
    """Those who are in either, where that is one table: it takes several values, but of one key only."""
    if one.options != other.options or one.values.keys() != other.values.keys():
        return None
    different = [key for key, values in one.values.items() if values != other.values[key]]
    if len(different) > 1:
        return None
    return replace(
        one, values={key: tuple(dict.fromkeys((*value, *other.values[key]))) for key, value in one.values.items()}
    )
