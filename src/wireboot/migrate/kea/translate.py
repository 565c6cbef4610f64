"""Kea's configuration as wireboot's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from wireboot.config.values import parse_host_name, parse_ipv4_range, parse_mac, parse_name
from wireboot.migrate.boot import BootFile, KnownMachine, boot_plan
from wireboot.migrate.clients import EVERYBODY, Condition, UnsayableError
from wireboot.migrate.consistent import consistent
from wireboot.migrate.draft import Draft, OptionSetting, Pool, Reservation
from wireboot.migrate.expressions import condition_of, words_of
from wireboot.migrate.kea.json_text import Node, parse
from wireboot.migrate.kea.options import KeaOptions
from wireboot.migrate.kea.other_keys import Section
from wireboot.migrate.next_server import tell_next_server
from wireboot.migrate.reasons import (
    BY_MAC,
    FILES_BY_CLASS_REMEDY,
    ONE_LINK,
    OPTIONS_BY_CLASS,
    OPTIONS_BY_CLASS_REMEDY,
    POOLS_BY_CLASS,
)
from wireboot.migrate.report import Place, Report
from wireboot.migrate.sources import SourceFiles, SourceText
from wireboot.migrate.subnet_builder import SubnetBuilder, lease_time_s
from wireboot.wire.addresses import AddressRange, format_link_address

LEASE_TIME_S = 7200
"""Kea's own."""
VENDOR_CLASS, TFTP_SERVER_NAME, BOOT_FILE_NAME = 60, 66, 67


def from_kea(files: Sequence[SourceText], sources: SourceFiles, own: Sequence[IPv4Interface], report: Report) -> Draft:
    """`own`: this machine's addresses. Raises SourceSyntaxError."""
    return _Translation(own, report).draft([parse(file, sources) for file in files])


@dataclass(frozen=True)
class _Scope:
    """What holds for a subnet from around it."""

    options: Mapping[int, OptionSetting] = field(default_factory=dict)
    lease_time_s: int = LEASE_TIME_S
    in_subnet: bool = False


class _Translation:
    def __init__(self, own: Sequence[IPv4Interface], report: Report) -> None:
        self._own, self._report = own, report
        self._options = KeaOptions(report)
        self._interfaces: dict[str, Place] = {}
        self._subnets: list[SubnetBuilder] = []
        self._reservations: list[Reservation] = []
        self._machines: list[KnownMachine] = []
        self._classes: dict[str, Condition] = {}
        self._of_classes: list[BootFile] = []
        self._of_machines: list[BootFile] = []
        self._of_all: list[BootFile] = []

    def draft(self, documents: Sequence[Node]) -> Draft:
        for document in documents:
            top = Section(document, self._report)
            served = top.take("Dhcp4")
            if served is not None:
                self._served(Section(served, self._report))
            top.tell_others()
        files = [*self._of_machines, *self._of_classes, *self._of_all]
        plan = boot_plan(files, self._machines, self._report)
        if plan.profiles:
            self._report.differs(
                files[0].place,
                "Kea names boot files, and another program serves them: wireboot does both",
                "set `boot_dir` to the folder that the TFTP server has served, and stop that one",
            )
        subnets = consistent([each.subnet() for each in self._subnets], self._reservations, self._report)
        return Draft(
            None, tuple(self._interfaces), "server" if subnets else None, subnets,
            plan.default_profile, plan.profiles, (), plan.machines,
            {"interfaces": tuple(self._interfaces.values()), "mode": tuple(each.place for each in subnets)},
        )  # fmt: skip

    def _served(self, section: Section) -> None:
        interfaces = section.take("interfaces-config")
        if interfaces is not None:
            self._interface_names(Section(interfaces, self._report))
        database = section.take("lease-database")
        if database is not None:
            self._report.not_needed(database.place, "lease-database", "`wireboot lease import` reads Kea's lease file")
        for node in section.take_list("option-def"):
            self._options.define(node)
        scope = self._settings(section, _Scope())
        for node in section.take_list("client-classes"):
            self._client_class(Section(node, self._report))
        for node in section.take_list("reservations"):
            self._reservation(Section(node, self._report))
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
            self._interfaces.setdefault(name, node.place)
        section.tell_others()

    # What may stand at the top, in a shared network and in a subnet

    def _settings(self, section: Section, scope: _Scope) -> _Scope:
        lifetime = section.take("valid-lifetime")
        if lifetime is not None:
            seconds = lease_time_s(str(lifetime.value), lifetime.place, f'"valid-lifetime": {lifetime}', self._report)
            scope = scope if seconds is None else replace(scope, lease_time_s=seconds)
        options, files = self._option_data(section)
        self._next_server(section)
        for file in [*self._boot_file_name(section, EVERYBODY), *files]:
            if scope.in_subnet:
                self._report.differs(file.place, f"`{file.setting}` is for one subnet there, and for all here",
                                     "machines that need another get it by [[machines]]")  # fmt: skip
            self._of_all.append(file)
        return replace(scope, options={**scope.options, **options})

    def _option_data(self, section: Section) -> tuple[dict[int, OptionSetting], list[BootFile]]:
        """Options of a whole subnet, and the boot files among them."""
        options: dict[int, OptionSetting] = {}
        files: list[BootFile] = []
        for node in section.take_list("option-data"):
            each = Section(node, self._report)
            shown = _shown_option(node)
            file = self._boot_option(each, shown)
            if file is not None:
                files += file
            elif (option := self._options.setting(each, shown)) is not None:
                options[option.code] = option
            each.tell_others()
        return options, files

    def _boot_option(self, section: Section, shown: str) -> list[BootFile] | None:
        """Boot files of option 67, and none where it names a server or is wireboot's to set; None for all others."""
        code = self._options.code_of(section)
        if code not in (VENDOR_CLASS, TFTP_SERVER_NAME, BOOT_FILE_NAME):
            return None
        text = section.take_text("data") or ""
        for key in ("name", "code", "space", "csv-format", "always-send"):
            section.take(key)
        if code == BOOT_FILE_NAME:
            return [BootFile(EVERYBODY, text, section.place, shown)]
        if code == TFTP_SERVER_NAME:
            tell_next_server(text, section.place, shown, self._own, self._report)
        else:
            self._report.not_needed(section.place, shown, "wireboot sets it for PXE clients")
        return []

    def _class_options(self, section: Section) -> list[BootFile]:
        """Of a class or a reservation: of its options only the boot file can be said."""
        options, files = self._option_data(section)
        for option in options.values():
            self._report.untranslated(option.place, f"option {option.name}", OPTIONS_BY_CLASS, OPTIONS_BY_CLASS_REMEDY)
        return files

    def _next_server(self, section: Section) -> None:
        node = section.take("next-server")
        if node is not None and node.value:
            tell_next_server(str(node.value), node.place, f'"next-server": {node}', self._own, self._report)

    def _boot_file_name(self, section: Section, condition: Condition) -> list[BootFile]:
        node = section.take("boot-file-name")
        if node is None or not node.value:
            return []
        return [BootFile(condition, str(node.value), node.place, f'"boot-file-name": {node}')]

    # Subnets

    def _subnets_in(self, section: Section, scope: _Scope) -> None:
        for node in section.take_list("subnet4"):
            self._subnet(Section(node, self._report), scope)

    def _shared_network(self, section: Section, scope: _Scope) -> None:
        name = section.take_text("name")
        scope = self._settings(section, replace(scope, in_subnet=True))
        before = len(self._subnets)
        self._subnets_in(section, scope)
        if len(self._subnets) - before > 1:
            self._report.untranslated(
                section.place,
                f"shared network {name}",
                f"{len(self._subnets) - before} subnets on one link are not one network yet",
                ONE_LINK,
            )
        section.tell_others()

    def _subnet(self, section: Section, scope: _Scope) -> None:
        text = section.take_text("subnet") or ""
        try:
            network = IPv4Network(text, strict=False)
        except ValueError as problem:
            self._report.untranslated(section.place, f"subnet {text}", str(problem), "write it as [[dhcp4.subnets]]")
            return
        scope = self._settings(section, replace(scope, in_subnet=True))
        builder = SubnetBuilder(network, section.place, scope.lease_time_s, options=dict(scope.options))
        for node in section.take_list("pools"):
            self._pool(Section(node, self._report), builder)
        for node in section.take_list("reservations"):
            self._reservation(Section(node, self._report))
        section.tell_others()
        self._subnets.append(builder)

    def _pool(self, section: Section, builder: SubnetBuilder) -> None:
        text = section.take_text("pool") or ""
        limits = [key for key in ("client-class", "client-classes") if section.take(key) is not None]
        self._class_options(section)
        try:
            if limits:
                raise ValueError(POOLS_BY_CLASS)
            addresses: AddressRange[IPv4Address] = parse_ipv4_range(re.sub(r"\s*-\s*", "-", text.strip()))
            builder.pools.append(Pool(addresses, section.place))
        except ValueError as problem:
            self._report.untranslated(
                section.place, f"pool {text}", str(problem), "write it as `pools`, or reserve addresses"
            )
        section.tell_others()

    def _reservation(self, section: Section) -> None:
        mac, address, name = (section.take_text(key) for key in ("hw-address", "ip-address", "hostname"))
        tag = name or mac or ""
        files = [*self._boot_file_name(section, EVERYBODY), *self._class_options(section)]
        self._next_server(section)
        try:
            if mac is None:
                raise ValueError(BY_MAC)
            link_address = parse_mac(mac)
            hostname = parse_host_name(name) if name else None
            if address is None and not files:
                raise ValueError("a reservation has a MAC and an address")
            if address is not None:
                self._reservations.append(Reservation(link_address, IPv4Address(address), hostname, section.place))
        except ValueError as problem:
            remedy = "write it as [[dhcp4.subnets.reservations]]"
            self._report.untranslated(section.place, f"reservation {mac or ''} {address or ''}", str(problem), remedy)
        else:
            shown = hostname or format_link_address(link_address)
            self._machines.append(KnownMachine(shown, link_address, (tag,), section.place))
            self._of_machines += [
                replace(file, condition=tuple(replace(each, machine=tag) for each in file.condition)) for file in files
            ]
        section.tell_others()

    # Classes

    def _client_class(self, section: Section) -> None:
        name, test = section.take_text("name") or "", section.take("test")
        files = [*self._boot_file_name(section, EVERYBODY), *self._class_options(section)]
        self._next_server(section)
        try:
            if test is None or not isinstance(test.value, str):
                raise UnsayableError("it has no test")
            condition = condition_of(words_of(test.value), self._options.code, self._member_of)
            self._classes[name] = condition
            # Of several classes that fit a client the first that is evaluated counts.
            self._of_classes += [replace(file, condition=condition) for file in files]
        except UnsayableError as problem:
            shown = f"client class {name}"
            remedy = FILES_BY_CLASS_REMEDY
            self._report.untranslated(section.place, shown, str(problem), remedy)
            for file in files:
                self._report.untranslated(file.place, file.setting, f"its class, {name}, is not translated", remedy)
        section.tell_others()

    def _member_of(self, name: str) -> Condition:
        if name == "ALL":
            return EVERYBODY
        if name.startswith("VENDOR_CLASS_PXEClient"):
            return EVERYBODY
        if name not in self._classes:
            raise UnsayableError(f"class {name!r} has no condition that wireboot has words for")
        return self._classes[name]


def _shown_option(node: Node) -> str:
    name = node.members.get("name") or node.members.get("code")
    data = node.members.get("data")
    return f"option {name} {data}" if data is not None else f"option {name}"
