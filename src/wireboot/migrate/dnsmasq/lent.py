"""`dhcp-range` and `dhcp-host`: which addresses dnsmasq lends, and to whom it keeps some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from wireboot.config.values import parse_host_name, parse_mac
from wireboot.migrate.custom_options import bytes_of_word
from wireboot.migrate.dnsmasq.reader import Setting
from wireboot.migrate.dnsmasq.tags import tagged
from wireboot.migrate.lease_times import LEASE_TIME_S_MAX, LeaseTime, tell_for_ever
from wireboot.migrate.marks import Mark
from wireboot.migrate.reasons import NOBODY_IS_IGNORED, NOBODY_IS_IGNORED_REMEDY, SEE_LEASE_TIME
from wireboot.migrate.report import Report

LEASE_TIME_S = 3600
"""dnsmasq's own, for IPv4."""
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_HEX = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+")
_TIME = re.compile(r"([0-9]{1,9})([smhdw]?)", re.IGNORECASE)
_NOT_V6 = "DHCPv6 and router advertisements are not served"
_V6_REMEDY = "leave dnsmasq to do it, without its IPv4 ranges"


@dataclass(frozen=True, slots=True)
class Range:
    """A `dhcp-range` of IPv4."""

    setting: Setting
    network: IPv4Network
    first: IPv4Address
    last: IPv4Address | None
    """None: only machines with a reservation get an address there."""
    lease_time: LeaseTime
    tags: tuple[str, ...]
    """Set for clients of this network."""
    for_tags: tuple[str, ...]
    """Only clients with these get an address of it."""


@dataclass(frozen=True, slots=True)
class HostLine:
    """A `dhcp-host`."""

    setting: Setting
    marks: tuple[Mark, ...]
    """By any of them the machine is told."""
    address: IPv4Address | None
    name: str | None
    tags: tuple[str, ...]

    @property
    def macs(self) -> tuple[bytes, ...]:
        return tuple(mark.value for mark in self.marks if mark.key == "mac" and isinstance(mark.value, bytes))


class Lent:
    """Ranges and hosts as they are read."""

    def __init__(self, own: Sequence[IPv4Interface], report: Report) -> None:
        self.ranges: list[Range] = []
        self.proxied: list[Setting] = []
        """Ranges whose addresses another server lends."""
        self.hosts: list[HostLine] = []
        self._own, self._report = own, report

    def read_range(self, setting: Setting) -> None:
        told = tagged(setting.fields)
        sets, rest = list(told.sets), list(told.rest)
        if any(":" in field for field in rest):
            self._report.untranslated(setting.place, setting.text, _NOT_V6, _V6_REMEDY)
            return
        if rest and not _is_address(rest[0]):
            # The old form, without `set:`.
            sets.append(rest.pop(0))
        try:
            if len(rest) > 1 and rest[1] == "proxy":
                IPv4Address(rest[0])
                self.proxied.append(setting)
                return
            self.ranges.append(self._range(setting, rest, tuple(sets), told.needs))
        except ValueError as problem:
            self._report.untranslated(
                setting.place, setting.text, str(problem), "write it as [[dhcp4.subnets]] with pools"
            )

    def _range(self, setting: Setting, rest: list[str], sets: tuple[str, ...], needs: tuple[str, ...]) -> Range:
        first = IPv4Address(rest.pop(0) if rest else "")
        last = None if rest and rest[0] == "static" else IPv4Address(rest[0] if rest else "")
        if last is not None and last < first:
            raise ValueError("the range ends before it begins")
        masks = [field for field in rest[1:] if _is_address(field)]
        time = next((field for field in rest[1:] if field and not _is_address(field)), None)
        network = self._network(setting, first, last, masks[0] if masks else None)
        return Range(setting, network, first, last, self._lease_time(setting, time), sets, needs)

    def _network(self, setting: Setting, first: IPv4Address, last: IPv4Address | None, mask: str | None) -> IPv4Network:
        """Without a netmask dnsmasq takes that of its interface."""
        if mask is not None:
            return IPv4Network(f"{first}/{mask}", strict=False)
        here = next((own.network for own in self._own if first in own.network), None)
        if here is not None:
            return here
        likely = IPv4Network(f"{first}/24", strict=False)
        if last is not None and last not in likely:
            raise ValueError("it has no netmask, and no interface of this machine is in its network")
        self._report.differs(
            setting.place,
            f"`{setting.text}` has no netmask, and no interface here is in its network: taken for {likely}",
            "put the network right, or run this on the machine where dnsmasq runs",
        )
        return likely

    def _lease_time(self, setting: Setting, time: str | None) -> LeaseTime:
        seconds = LEASE_TIME_S if time is None else _seconds(time)
        if seconds is None:
            tell_for_ever(setting.place, setting.text, self._report)
        # As dnsmasq, which lends for two minutes at least.
        return LeaseTime(LEASE_TIME_S_MAX if seconds is None else max(120, seconds), setting.place, setting.text)

    def read_host(self, setting: Setting) -> None:
        """Fields in any order: MACs, an address, a name, a time, tags."""
        marks: list[Mark] = []
        tags: list[str] = []
        address, name = None, None
        for field in filter(None, setting.fields):
            kind, colon, tag = field.partition(":")
            if colon and kind in ("set", "net"):
                tags.append(tag)
            elif field == "id:*":
                why = "a reservation by MAC is for the machine whatever client identifier it sends"
                self._report.not_needed(setting.place, field, why)
            elif colon and kind == "id" and tag:
                marks.append(Mark("client_id", bytes_of_word(tag, quoted=not _HEX.fullmatch(tag))))
            elif (colon and kind in ("id", "tag")) or field == "ignore" or "[" in field or "*" in field:
                self._report.untranslated(setting.place, setting.text, *_of_field(field))
                return
            elif _is_address(field):
                address = IPv4Address(field)
            elif (mac := _mac(field)) is not None:
                marks.append(Mark("mac", mac))
            elif field == "infinite" or _TIME.fullmatch(field):
                self._report.untranslated(setting.place, field, "a reservation has no lease time", SEE_LEASE_TIME)
            else:
                name = self._name(setting, field)
        self.hosts.append(HostLine(setting, tuple(marks), address, name, tuple(tags)))

    def _name(self, setting: Setting, text: str) -> str | None:
        try:
            return parse_host_name(text)
        except ValueError as problem:
            self._report.untranslated(setting.place, setting.text, str(problem), "use letters, digits and hyphens")
            return None


def _of_field(field: str) -> tuple[str, str]:
    """Why a host with it is left out, and what to do."""
    if field.startswith("tag:"):
        return "reservations do not depend on a class", "leave the tag out, where the MAC says enough"
    if field == "ignore":
        return NOBODY_IS_IGNORED, NOBODY_IS_IGNORED_REMEDY
    if "[" in field:
        return _NOT_V6, _V6_REMEDY
    return "a reservation is for one machine, not for many by a pattern", "write a reservation for each machine"


def _mac(field: str) -> bytes | None:
    """With `1-` before it, for Ethernet, or without."""
    text = re.sub(r"^0?1-(?=[0-9a-fA-F]{2}:)", "", field)
    try:
        return parse_mac(text)
    except ValueError:
        return None


def _is_address(field: str) -> bool:
    try:
        IPv4Address(field)
    except ValueError:
        return False
    return True


def _seconds(time: str) -> int | None:
    """None: for ever. Raises ValueError."""
    if time == "infinite":
        return None
    match = _TIME.fullmatch(time)
    if match is None:
        raise ValueError(f"{time!r} is no lease time")
    seconds = int(match[1]) * _SECONDS[match[2].lower()]
    return None if seconds >= 0xFFFFFFFF else seconds
