"""Kea's configuration as wireboot's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from wireboot.config.values import parse_ipv4_range, parse_name
from wireboot.migrate.assemble import lending, tell_files_of_another_program
from wireboot.migrate.boot import boot_plan
from wireboot.migrate.clients import UnsayableError
from wireboot.migrate.draft import Draft, Pool
from wireboot.migrate.kea.classes import Classes
from wireboot.migrate.kea.json_text import Node, parse
from wireboot.migrate.kea.other_keys import Section
from wireboot.migrate.kea.reservations import read_reservation
from wireboot.migrate.kea.scope import Found, Scope
from wireboot.migrate.lease_times import LeaseTime, LeaseTimes, lease_time
from wireboot.migrate.reasons import AUTHORITATIVE, AUTHORITATIVE_REMEDY, POOL_OF_KNOWN_REMEDY, POOL_SETTINGS
from wireboot.migrate.report import Report
from wireboot.migrate.sources import SourceFiles, SourceText
from wireboot.migrate.subnet_builder import SubnetBuilder
from wireboot.wire.addresses import AddressRange

LEASE_TIME_S = 7200
"""Kea's own."""
_TIMES = {
    "valid-lifetime": "lease",
    "min-valid-lifetime": "least",
    "max-valid-lifetime": "most",
    "renew-timer": "renewal",
    "rebind-timer": "rebinding",
}


def from_kea(files: Sequence[SourceText], sources: SourceFiles, own: Sequence[IPv4Interface], report: Report) -> Draft:
    """`own`: this machine's addresses. Raises SourceSyntaxError."""
    return _Translation(own, report).draft([parse(file, sources) for file in files])


class _Translation:
    def __init__(self, own: Sequence[IPv4Interface], report: Report) -> None:
        self._report = report
        self._found = Found(own, report)
        self._classes = Classes(self._found)
        self._of_subnets: set[int] = set()
        """Options that a subnet, or a shared network, sets for itself."""

    def draft(self, documents: Sequence[Node]) -> Draft:
        found = self._found
        for document in documents:
            top = Section(document, self._report)
            served = top.take("Dhcp4")
            if served is not None:
                self._served(Section(served, self._report))
            top.tell_others()
        files = [*found.of_machines, *found.of_classes, *found.of_all]
        self._tell_precedence()
        plan = boot_plan(files, found.machines, self._report)
        tell_files_of_another_program("Kea", files, plan, self._report)
        return lending(
            found.subnets, found.reservations, found.classes.classes, found.authoritative, found.bootp, plan,
            self._report, interfaces=found.interfaces,
        )  # fmt: skip

    def _tell_precedence(self) -> None:
        for option in (option for each in self._found.classes.classes for option in each.options):
            if option.code in self._of_subnets:
                what = f"{option.name} of the class goes before the subnet's here, and behind it in Kea"
                self._report.differs(option.place, what, "take one of the two out")

    def _served(self, section: Section) -> None:
        interfaces = section.take("interfaces-config")
        if interfaces is not None:
            self._interface_names(Section(interfaces, self._report))
        database = section.take("lease-database")
        if database is not None:
            self._report.not_needed(database.place, "lease-database", "`wireboot lease import` reads Kea's lease file")
        for node in section.take_list("hooks-libraries"):
            self._library(Section(node, self._report))
        for node in section.take_list("option-def"):
            self._found.options.define(node)
        scope = self._settings(section, Scope())
        for node in section.take_list("client-classes"):
            self._classes.read(Section(node, self._report))
        for node in section.take_list("reservations"):
            read_reservation(Section(node, self._report), self._found)
        self._subnets_in(section, scope)
        for node in section.take_list("shared-networks"):
            self._shared_network(Section(node, self._report), scope)
        section.tell_others()

    def _interface_names(self, section: Section) -> None:
        for node in section.take_list("interfaces"):
            name, slash, _ = str(node.value).partition("/")
            try:
                if parse_name(name) == "*":
                    continue  # every usable one, as without any
            except ValueError as problem:
                section.untold("interfaces", node, str(problem), "list `interfaces` in [network]")
                continue
            if slash:
                section.untold(
                    "interfaces", node, "wireboot serves interfaces, not single addresses", "nothing is to be done"
                )
            self._found.interfaces.setdefault(name, node.place)
        section.tell_others()

    def _library(self, section: Section) -> None:
        """Of what libraries do two things can be said: BOOTP, and whom a `flex-id` means."""
        name, parameters = section.take_text("library") or "", section.take("parameters")
        if "dhcp_bootp" in name:
            self._found.bootp.append(section.place)
        elif "dhcp_flex_id" in name and parameters is not None:
            expression = parameters.members.get("identifier-expression")
            self._found.flex_id = str(expression.value) if expression is not None else None
            why = "reservations by `flex-id` are translated where wireboot knows what they look at"
            self._report.good_to_know(section.place, f"`{name}`: {why}", "see the reservations")
        else:
            self._report.untranslated(
                section.place, name, "libraries are not loaded", "leave out what it did, or tell what is missed"
            )
        section.tell_others()

    # What may stand at the top, in a shared network and in a subnet

    def _settings(self, section: Section, scope: Scope) -> Scope:
        times = {**scope.times, **self._times(section)}
        options, files = self._found.told(section)
        if scope.in_subnet:
            self._of_subnets.update(options)
        for file in files:
            if scope.in_subnet:
                self._report.differs(file.place, f"`{file.setting}` is for one subnet there, and for all here",
                                     "machines that need another get it by [[machines]]")  # fmt: skip
            self._found.of_all.append(file)
        authoritative = section.take("authoritative")
        if authoritative is not None and scope.in_subnet:
            section.untold("authoritative", authoritative, AUTHORITATIVE, AUTHORITATIVE_REMEDY)
        elif authoritative is not None:
            self._found.authoritative.append((authoritative.value is True, authoritative.place))
        limits = (*scope.limits, *_limits(section)) if scope.in_subnet else ()
        return replace(scope, options={**scope.options, **options}, times=times, limits=limits)

    def _times(self, section: Section) -> dict[str, LeaseTime]:
        times: dict[str, LeaseTime] = {}
        for key, name in _TIMES.items():
            node = section.take(key)
            if node is not None:
                time = lease_time(str(node.value), node.place, f'"{key}": {node}', self._report)
                times |= {} if time is None else {name: time}
        return times

    # Subnets

    def _subnets_in(self, section: Section, scope: Scope) -> None:
        for node in section.take_list("subnet4"):
            self._subnet(Section(node, self._report), scope)

    def _shared_network(self, section: Section, scope: Scope) -> None:
        """Of one subnet it is a network like any other."""
        name = section.take_text("name") or ""
        scope = self._settings(section, replace(scope, in_subnet=True))
        several = isinstance(subnets := section.peek("subnet4"), list) and len(subnets) > 1
        try:
            scope = replace(scope, shared_network=parse_name(name) if several else None)
        except ValueError as problem:
            self._report.untranslated(
                section.place, f"shared network {name}", str(problem), "give its subnets one `shared_network`"
            )
        self._subnets_in(section, scope)
        section.tell_others()

    def _subnet(self, section: Section, scope: Scope) -> None:
        text = section.take_text("subnet") or ""
        try:
            network = IPv4Network(text, strict=False)
        except ValueError as problem:
            self._report.untranslated(section.place, f"subnet {text}", str(problem), "write it as [[dhcp4.subnets]]")
            return
        scope = self._settings(section, replace(scope, in_subnet=True))
        default = LeaseTime(LEASE_TIME_S, section.place, f"subnet {text}")
        times = LeaseTimes(**{"lease": default, **scope.times})
        builder = SubnetBuilder(network, section.place, times, scope.shared_network, options=dict(scope.options))
        for node in section.take_list("pools"):
            self._pool(Section(node, self._report), builder, scope)
        for node in section.take_list("reservations"):
            read_reservation(Section(node, self._report), self._found)
        section.tell_others()
        self._found.subnets.append(builder)

    def _pool(self, section: Section, builder: SubnetBuilder, scope: Scope) -> None:
        text = section.take_text("pool") or ""
        limits = (*scope.limits, *_limits(section))
        options, files = self._found.told(section)
        told = [(each.place, f"option {each.name}") for each in options.values()]
        for place, shown in [*told, *((file.place, file.setting) for file in files)]:
            self._report.untranslated(place, shown, POOL_SETTINGS, "set it in the subnet, or in a class")
        remedy = "write it as `pools`"
        try:
            addresses: AddressRange[IPv4Address] = parse_ipv4_range(re.sub(r"\s*-\s*", "-", text.strip()))
            remedy = POOL_OF_KNOWN_REMEDY
            builder.pools.append(Pool(addresses, section.place, self._classes_of(limits)))
        except (ValueError, UnsayableError) as problem:
            self._report.untranslated(section.place, f"pool {text}", str(problem), remedy)
        section.tell_others()

    def _classes_of(self, limits: Sequence[Node]) -> tuple[str, ...]:
        """Raises UnsayableError."""
        if len(limits) > 1:
            raise UnsayableError("it is for who is in several classes at once")
        names = [each for node in limits for each in (node.items or (node,))]
        return tuple(dict.fromkeys(name for each in names for name in self._found.classes.names_of(str(each.value))))


def _limits(section: Section) -> list[Node]:
    """One class, or a list of which one is enough."""
    nodes = (section.take("client-class"), section.take("client-classes"))
    return [node for node in nodes if node is not None and node.value]
