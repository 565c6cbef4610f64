"""Subnets of dnsmasq's ranges, with the options of its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from wireboot.migrate.class_book import ClassBook
from wireboot.migrate.clients import UnsayableError
from wireboot.migrate.dnsmasq.lent import Lent, Range
from wireboot.migrate.dnsmasq.options import EncapsulatedError, OptionLine, option_line
from wireboot.migrate.dnsmasq.reader import Setting
from wireboot.migrate.dnsmasq.tags import Tags
from wireboot.migrate.draft import OptionSetting, Pool
from wireboot.migrate.lease_times import LeaseTimes
from wireboot.migrate.option_values import option_name, value_of_texts
from wireboot.migrate.reasons import (
    CLASS_HOLDS_EVERYWHERE,
    INSIDE_OPTIONS,
    OPTIONS_OF_CLASS_REMEDY,
    POOL_OF_KNOWN_REMEDY,
)
from wireboot.migrate.report import Report
from wireboot.migrate.subnet_builder import SubnetBuilder
from wireboot.wire.addresses import AddressRange

ROUTERS, DNS_SERVERS, DOMAIN_NAME, TFTP_SERVER_NAME, BOOT_FILE_NAME = 3, 6, 15, 66, 67
_NO_SUBNET = "there is no subnet that it could be for"


@dataclass(slots=True)
class _Tagged:
    """A subnet and the tags that all of its clients have."""

    builder: SubnetBuilder
    tags: set[str] = field(default_factory=set)


class Subnets:
    def __init__(self, lent: Lent, tags: Tags, classes: ClassBook, own: Sequence[IPv4Address], report: Report) -> None:
        self._tags, self._classes, self._own, self._report = tags, classes, own, report
        self._ranges = lent.ranges
        self._subnets: dict[IPv4Network, _Tagged] = {}
        for each in lent.ranges:
            times = LeaseTimes(each.lease_time)
            subnet = self._subnets.setdefault(
                each.network, _Tagged(SubnetBuilder(each.network, each.setting.place, times))
            )
            subnet.tags.update(each.tags)

    @property
    def builders(self) -> list[SubnetBuilder]:
        return [each.builder for each in self._subnets.values()]

    def _add_pool(self, builder: SubnetBuilder, each: Range) -> None:
        """For clients with all of the tags: of a tag with `!`, for those without it."""
        if each.lease_time.seconds != builder.times.lease.seconds:
            why = f"its lease time: the subnet has {builder.times.lease.seconds} s already ({builder.place})"
            self._untold(each.setting, why, "set `lease_time_s` in the subnet, or in a class")
        if each.last is None:
            return
        positive = [tag for tag in each.for_tags if not tag.startswith("!")]
        try:
            not_classes = [
                name for tag in each.for_tags if tag not in positive for name in self._class([tag[1:]], each)
            ]
            classes = self._class(positive, each) if positive else ()
        except UnsayableError as problem:
            self._untold(each.setting, str(problem), POOL_OF_KNOWN_REMEDY)
            return
        allowed = tuple(name for name in classes if name not in not_classes)
        if classes and not allowed:
            self._untold(each.setting, "nobody may use it", "take it out")
            return
        addresses = AddressRange(each.first, each.last)
        builder.pools.append(Pool(addresses, each.setting.place, allowed, tuple(dict.fromkeys(not_classes))))

    def _class(self, tags: Sequence[str], each: Range) -> tuple[str, ...]:
        name = _class_name(tags)
        self._classes.define(name, self._tags.condition(tags), each.setting.place)
        return self._classes.names_of(name)

    def join(self, setting: Setting) -> None:
        """`shared-network`: the networks of two addresses are on one link."""
        try:
            addresses = [IPv4Address(each) for each in setting.fields]
            joined = [
                each.builder for each in self._subnets.values() if any(a in each.builder.network for a in addresses)
            ]
            if len(addresses) != 2 or len(joined) < 2:
                raise ValueError("it does not name addresses of two subnets")
        except ValueError as problem:
            self._untold(setting, str(problem), "give those subnets one `shared_network`")
            return
        names = {each.shared_network for each in joined} - {None}
        name = min(filter(None, names), default=f"link of {joined[0].network.network_address}")
        for builder in self.builders:
            if builder in joined or builder.shared_network in names:
                builder.shared_network = name

    # Options

    def fill(self, lines: Iterable[OptionLine], domains: Sequence[Setting], *, dns: bool) -> None:
        """With options, and with the pools that name their classes. `dns`: dnsmasq is a name server as well."""
        if not self._subnets:
            for setting in (*(line.setting for line in lines), *domains):
                self._untold(setting, _NO_SUBNET, "who lends the addresses tells their options")
            return
        of_classes: dict[tuple[str, ...], list[OptionSetting]] = {}
        for line in lines:
            self._set_option(line, of_classes)
        for needs, options in of_classes.items():
            self._define(needs, options)
        for builder in self.builders:
            for setting in domains:
                self._set_domain(builder, setting)
            self._set_itself(builder, dns)
        for each in self._ranges:
            self._add_pool(self._subnets[each.network].builder, each)

    def _set_option(self, line: OptionLine, of_classes: dict[tuple[str, ...], list[OptionSetting]]) -> None:
        of_subnets = [need for need in line.needs if need in self._tags.of_subnets]
        others = tuple(need for need in line.needs if need not in of_subnets)
        meant = [each.builder for each in self._subnets.values() if all(need in each.tags for need in of_subnets)]
        if not others:
            if not meant:
                self._untold(line.setting, _NO_SUBNET, OPTIONS_OF_CLASS_REMEDY)
            for builder in meant:
                self._set_in(builder, line)
        elif len(meant) < len(self._subnets):
            self._untold(line.setting, CLASS_HOLDS_EVERYWHERE, OPTIONS_OF_CLASS_REMEDY)
        elif not line.values:
            self._untold(line.setting, "a class does not keep an option from its members", OPTIONS_OF_CLASS_REMEDY)
        elif (option := self._option(line, self._own_in(meant[0]) if len(meant) == 1 else None)) is not None:
            known = next((each for each in of_classes.get(others, ()) if each.code == option.code), None)
            if known is None:
                of_classes.setdefault(others, []).append(option)
            else:
                self._keep_first(known, line.setting)

    def _define(self, needs: tuple[str, ...], options: Sequence[OptionSetting]) -> None:
        try:
            self._classes.define(_class_name(needs), self._tags.condition(needs), options[0].place, options)
        except UnsayableError as problem:
            for option in options:
                self._report.untranslated(
                    option.place, f"dhcp-option {option.name}", str(problem), OPTIONS_OF_CLASS_REMEDY
                )

    def _set_in(self, builder: SubnetBuilder, line: OptionLine) -> None:
        known = builder.options.get(line.code)
        if known is not None and not line.needs:
            # What is for a tag goes before what is for all, and of two alike the first is sent.
            if known.place != line.setting.place:
                self._keep_first(known, line.setting)
        elif not line.values:
            builder.without.add(line.code)
        elif (option := self._option(line, self._own_in(builder))) is not None:
            builder.options[line.code] = option

    def _option(self, line: OptionLine, own: IPv4Address | None) -> OptionSetting | None:
        try:
            return line.option(own)
        except ValueError as problem:
            self._untold(line.setting, str(problem), getattr(problem, "remedy", "set it in `options`"))
            return None

    def _own_in(self, builder: SubnetBuilder) -> IPv4Address | None:
        return next((each for each in self._own if each in builder.network), None)

    def _set_itself(self, builder: SubnetBuilder, dns: bool) -> None:
        """What dnsmasq tells without being asked to: itself as router and name server."""
        known = {*builder.options, *builder.without, *(() if dns else (DNS_SERVERS,))}
        missing = [code for code in (ROUTERS, DNS_SERVERS) if code not in known]
        own = self._own_in(builder)
        if own is not None:
            for code in missing:
                builder.options[code] = OptionSetting(code, option_name(code), [str(own)], builder.place)
        if missing:
            names = " and ".join(f"`{option_name(code)}`" for code in missing)
            itself = f"itself, {own}," if own is not None else "itself"
            self._report.differs(
                builder.place,
                f"dnsmasq tells {itself} as {names} in {builder.network}, for want of another",
                f"look at {names} in the subnet's `options`",
            )

    def _set_domain(self, builder: SubnetBuilder, setting: Setting) -> None:
        try:
            if len(setting.fields) != 1:
                raise ValueError("a domain is for whole subnets or for classes")
            value = value_of_texts(DOMAIN_NAME, setting.fields)
        except ValueError as problem:
            self._untold(setting, str(problem), "set `domain-name` in the subnet's `options`")
            return
        if (known := builder.options.get(DOMAIN_NAME)) is not None:
            self._keep_first(known, setting)
        else:
            builder.options[DOMAIN_NAME] = OptionSetting(DOMAIN_NAME, "domain-name", value, setting.place)

    def _keep_first(self, known: OptionSetting, setting: Setting) -> None:
        self._untold(setting, f"{known.name} is set already ({known.place})", "keep one of the two")

    def _untold(self, setting: Setting, why: str, remedy: str) -> None:
        self._report.untranslated(setting.place, setting.text, why, remedy)


def _class_name(tags: Sequence[str]) -> str:
    return " and ".join(sorted(tags))


def option_lines(settings: Iterable[Setting], boot: Callable[[OptionLine], bool], report: Report) -> list[OptionLine]:
    """The lines that set an option, without those that `boot` takes since they say what is loaded, and from where."""
    lines: list[OptionLine] = []
    for setting in settings:
        try:
            line = option_line(setting)
        except EncapsulatedError as problem:
            why = "wireboot fills option 43 itself" if str(problem) == "vendor" else INSIDE_OPTIONS
            report.untranslated(setting.place, setting.text, why, "for PXE nothing is to be done")
            continue
        except ValueError as problem:
            report.untranslated(setting.place, setting.text, str(problem), "see docs/reference/configuration.md")
            continue
        if not boot(line):
            lines.append(line)
    return lines
