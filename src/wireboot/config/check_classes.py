"""Checks of classes of clients: that each has a name of its own, fits somebody, and is there where it is named."""

from __future__ import annotations

from collections.abc import Iterator

from wireboot.config.dhcp4_options import OptionError, parse_dhcp4_option
from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.keys import near
from wireboot.config.load import LoadedConfig
from wireboot.config.model_dhcp4 import Dhcp4ClassMatch
from wireboot.config.positions import KeyPath

ERROR, WARNING, NOTE = Severity


def classes(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    lines_by_name: dict[str, int | None] = {}
    used = {name for _, names in _named(loaded) for name in names}
    for index, each in enumerate(loaded.config.dhcp4.classes):
        where = ("dhcp4", "classes", index)
        if each.name in lines_by_name:
            what = f'there is a class "{each.name}" already, on line {lines_by_name[each.name]}'
            yield loaded.finding(ERROR, (*where, "name"), what, "choose another name")
        lines_by_name.setdefault(each.name, loaded.line(*where, "name"))
        if each.match == Dhcp4ClassMatch():
            what = f'class "{each.name}" has nothing in match: every client is in it'
            yield loaded.finding(WARNING, (*where, "name"), what, 'add `match = { vendor_class = "PXEClient*" }`')
        if not each.options and each.lease_time_s is None and each.name not in used:
            what = f'class "{each.name}" has neither options nor lease_time_s, and no pool names it'
            yield loaded.finding(NOTE, (*where, "name"), what, "give it one of them, or take it out")
        yield from _match_options(loaded, (*where, "match", "option"), each.match)


def _match_options(loaded: LoadedConfig, where: KeyPath, match: Dhcp4ClassMatch) -> Iterator[Finding]:
    for name, value in match.option.items():
        try:
            parse_dhcp4_option(name, value, sent_by_client=True)
        except OptionError as problem:
            yield loaded.finding(ERROR, (*where, name), str(problem), problem.remedy)


def class_references(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    known = [each.name for each in loaded.config.dhcp4.classes]
    for where, names in _named(loaded):
        for name in names:
            if name not in known:
                meant = near(name, known)
                remedy = f'did you mean "{meant}"?' if meant else f'add [[dhcp4.classes]] with `name = "{name}"`'
                yield loaded.finding(ERROR, where, f'there is no class "{name}"', remedy)


def pools_of_classes(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    for index, subnet in enumerate(loaded.config.dhcp4.subnets):
        for number, pool in enumerate(subnet.pools):
            both = sorted(set(pool.classes) & set(pool.not_classes))
            if both:
                what = f'pool {pool} is both for class "{both[0]}" and not for it: nobody gets its addresses'
                where = ("dhcp4", "subnets", index, "pools", number)
                yield loaded.finding(ERROR, where, what, "take it out of one of the two lists")
    if loaded.config.dhcp4.proxy_fallback is not None:
        for number, pool in enumerate(loaded.config.dhcp4.proxy_fallback.pools):
            if pool.classes or pool.not_classes:
                what = "the fallback's pools are for any firmware that needs them: they take no classes"
                yield loaded.finding(ERROR, ("dhcp4", "proxy_fallback", "pools", number), what, "name the range alone")


def _named(loaded: LoadedConfig) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    """Where pools name classes."""
    for index, subnet in enumerate(loaded.config.dhcp4.subnets):
        for number, pool in enumerate(subnet.pools):
            yield ("dhcp4", "subnets", index, "pools", number), (*pool.classes, *pool.not_classes)


CLASS_CHECKS = (classes, class_references, pools_of_classes)
