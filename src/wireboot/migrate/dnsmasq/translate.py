"""dnsmasq's configuration as wireboot's."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Interface
from typing import Literal

from wireboot.config.values import parse_name, parse_text
from wireboot.migrate.boot import BootFile, KnownMachine, boot_plan
from wireboot.migrate.clients import UnsayableError
from wireboot.migrate.consistent import consistent
from wireboot.migrate.dnsmasq.lent import HostLine, Lent, Range
from wireboot.migrate.dnsmasq.options import EncapsulatedError, OptionLine, option_line
from wireboot.migrate.dnsmasq.other_settings import tell_other
from wireboot.migrate.dnsmasq.reader import Setting, read
from wireboot.migrate.dnsmasq.services import MENU, MENU_PROFILE, services
from wireboot.migrate.dnsmasq.tags import SETTING_TAGS, Tags, tagged
from wireboot.migrate.draft import Draft, OptionSetting, Pool, Profile, Reservation
from wireboot.migrate.next_server import tell_next_server
from wireboot.migrate.option_values import option_name, value_of_texts
from wireboot.migrate.reasons import (
    FILES_BY_CLASS_REMEDY,
    INSIDE_OPTIONS,
    OPTIONS_BY_CLASS,
    OPTIONS_BY_CLASS_REMEDY,
    POOLS_BY_CLASS,
    POOLS_BY_CLASS_REMEDY,
)
from wireboot.migrate.report import Report
from wireboot.migrate.sources import SourceFiles, SourceText
from wireboot.migrate.subnet_builder import SubnetBuilder
from wireboot.wire.addresses import AddressRange, format_link_address

ROUTERS, DNS_SERVERS, DOMAIN_NAME, TFTP_SERVER_NAME, BOOT_FILE_NAME = 3, 6, 15, 66, 67
_TRANSLATED = frozenset(
    ("dhcp-range", "dhcp-host", "dhcp-option", "dhcp-option-force", "dhcp-boot", "pxe-service", "pxe-prompt")
)


def from_dnsmasq(
    files: Sequence[SourceText], sources: SourceFiles, own: Sequence[IPv4Interface], report: Report
) -> Draft:
    """`own`: this machine's addresses. Raises SourceSyntaxError."""
    return _Translation(read(files, sources, report), own, report).draft()


class _Translation:
    def __init__(self, settings: Sequence[Setting], own: Sequence[IPv4Interface], report: Report) -> None:
        self._settings, self._own, self._report = settings, own, report
        self._lent = Lent(own, report)
        for setting in self._named("dhcp-range"):
            self._lent.read_range(setting)
        for setting in self._named("dhcp-host"):
            self._lent.read_host(setting)
        self._tags = Tags(
            (tag for each in self._lent.ranges for tag in each.tags),
            (tag for each in self._lent.hosts for tag in each.tags),
        )
        for setting in self._named(*SETTING_TAGS):
            self._tags.learn(setting, report)
        self._files: list[BootFile] = []

    def draft(self) -> Draft:
        boot_dir = self._boot_dir()
        subnets = self._subnets()
        lend = bool(subnets)
        found = services(self._named("pxe-service"), self._named("pxe-prompt"), boot_dir or "", self._report)
        for setting in self._named("dhcp-boot"):
            self._boot(setting)
        files = [*found.files, *reversed(self._files)]
        if found.menu is not None:
            files = self._beside_menu(files)
        taken = (MENU_PROFILE, *(profile.name for profile in found.profiles))
        plan = boot_plan(files, self._machines(), self._report, boot_dir=boot_dir or "", taken=taken)
        self._tell_hosts({machine.mac for machine in plan.machines})
        menu_profile = [Profile(MENU_PROFILE, (found.menu.place,), menu=MENU)] if found.menu is not None else []
        interfaces = self._interfaces()
        self._tell_others()
        mode: Literal["server", "proxy"] | None = "server" if lend else "proxy" if self._lent.proxied else None
        if lend:
            for setting in self._lent.proxied:
                self._report.untranslated(
                    setting.place,
                    setting.text,
                    "wireboot either lends addresses or stands beside who does",
                    "choose one mode",
                )
        return Draft(
            boot_dir,
            interfaces,
            mode,
            consistent([each.subnet() for each in subnets], self._reservations(), self._report),
            MENU_PROFILE if menu_profile else plan.default_profile,
            (*plan.profiles, *found.profiles, *menu_profile),
            () if found.menu is None else (found.menu,),
            plan.machines,
            {
                "boot_dir": tuple(each.place for each in self._named("tftp-root")),
                "interfaces": tuple(each.place for each in self._named("interface")),
                "mode": tuple(each.setting.place for each in self._lent.ranges)
                if lend
                else tuple(each.place for each in self._lent.proxied),
            },
        )

    def _named(self, *names: str) -> list[Setting]:
        return [setting for setting in self._settings if setting.name in names]

    # Where and what

    def _boot_dir(self) -> str | None:
        boot_dir = None
        for setting in self._named("tftp-root"):
            try:
                parse_text(setting.fields[0] if setting.fields else "")
                if len(setting.fields) > 1 or boot_dir is not None or not setting.value:
                    raise ValueError("boot files lie in one folder for all interfaces yet")
                boot_dir = setting.value
            except ValueError as problem:
                self._report.untranslated(setting.place, setting.text, str(problem), "put them into `boot_dir`")
        return boot_dir

    def _interfaces(self) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for setting in self._named("interface"):
            for name in setting.fields:
                try:
                    if "*" in parse_name(name):
                        raise ValueError("interfaces are named one by one")
                except ValueError as problem:
                    self._report.untranslated(
                        setting.place, setting.text, str(problem), "list `interfaces` in [network]"
                    )
                    continue
                if name == "lo":
                    self._report.not_needed(setting.place, setting.text, "no machine boots by the loopback interface")
                else:
                    names.setdefault(name)
        return tuple(names)

    def _tell_others(self) -> None:
        known = {*_TRANSLATED, *SETTING_TAGS, "interface", "tftp-root", "domain"}
        for setting in self._settings:
            if setting.name not in known:
                tell_other(setting, self._report)

    # Addresses

    def _subnets(self) -> list[SubnetBuilder]:
        builders: dict[object, SubnetBuilder] = {}
        tags: dict[object, set[str]] = {}
        for each in self._lent.ranges:
            builder = builders.setdefault(
                each.network, SubnetBuilder(each.network, each.setting.place, each.lease_time_s)
            )
            tags.setdefault(each.network, set()).update(each.tags)
            self._add_pool(builder, each)
        if builders:
            for line in self._option_lines():
                self._set_option(line, [(builder, tags[network]) for network, builder in builders.items()])
            for builder in builders.values():
                self._set_own(builder)
        else:
            for setting in (*self._named("dhcp-option", "dhcp-option-force"), *self._named("domain")):
                self._report.untranslated(setting.place, setting.text, "there is no subnet that it could be for",
                                          "who lends the addresses tells their options")  # fmt: skip
        return list(builders.values())

    def _add_pool(self, builder: SubnetBuilder, each: Range) -> None:
        if each.for_tags:
            why = POOLS_BY_CLASS
            self._report.untranslated(each.setting.place, each.setting.text, why, POOLS_BY_CLASS_REMEDY)
        elif each.last is not None:
            builder.pools.append(Pool(AddressRange(each.first, each.last), each.setting.place))
        if each.lease_time_s != builder.lease_time_s:
            why = f"its lease time: the subnet has {builder.lease_time_s} s already ({builder.place})"
            self._report.untranslated(each.setting.place, each.setting.text, why, "set the subnet's `lease_time_s`")

    def _option_lines(self) -> Iterable[OptionLine]:
        for setting in self._named("dhcp-option", "dhcp-option-force"):
            try:
                line = option_line(setting)
            except EncapsulatedError as problem:
                why = "wireboot fills option 43 itself" if str(problem) == "vendor" else INSIDE_OPTIONS
                self._report.untranslated(setting.place, setting.text, why, "for PXE nothing is to be done")
                continue
            except ValueError as problem:
                self._report.untranslated(
                    setting.place, setting.text, str(problem), "see docs/reference/configuration.md"
                )
                continue
            if line.code == BOOT_FILE_NAME and line.values:
                self._add_file(setting, line.needs, ",".join(line.values))
            elif line.code == TFTP_SERVER_NAME and line.values:
                tell_next_server(line.values[0], setting.place, setting.text, self._own, self._report)
            else:
                yield line

    def _set_option(self, line: OptionLine, subnets: Sequence[tuple[SubnetBuilder, set[str]]]) -> None:
        meant = [builder for builder, tags in subnets if all(need in tags for need in line.needs)]
        setting = line.setting
        if not meant or any(need not in self._tags.of_subnets for need in line.needs):
            why = OPTIONS_BY_CLASS
            self._report.untranslated(setting.place, setting.text, why, OPTIONS_BY_CLASS_REMEDY)
            return
        for builder in meant:
            known = builder.options.get(line.code)
            if known is not None and not line.needs:
                # What is for a tag goes before what is for all, and of two alike the first is sent.
                if known.place != setting.place:
                    self._keep_first(known, setting)
                continue
            if not line.values:
                builder.without.add(line.code)
                continue
            own = next((each.ip for each in self._own if each.ip in builder.network), None)
            try:
                builder.options[line.code] = line.option(own)
            except ValueError as problem:
                remedy = getattr(problem, "remedy", "set it in the subnet's `options`")
                self._report.untranslated(setting.place, setting.text, str(problem), remedy)

    def _keep_first(self, known: OptionSetting, setting: Setting) -> None:
        self._report.untranslated(
            setting.place, setting.text, f"{known.name} is set already ({known.place})", "keep one of the two"
        )

    def _set_own(self, builder: SubnetBuilder) -> None:
        """What dnsmasq tells without being asked to: its domain, and itself as router and name server."""
        for setting in self._named("domain"):
            self._set_domain(builder, setting)
        dns_off = any(setting.value == "0" for setting in self._named("port"))
        missing = [
            code for code in (ROUTERS, DNS_SERVERS) if code not in builder.options and code not in builder.without
        ]
        missing = [code for code in missing if code != DNS_SERVERS or not dns_off]
        own = next((each.ip for each in self._own if each.ip in builder.network), None)
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
                raise ValueError("a domain of its own for some addresses is not told yet")
            value = value_of_texts(DOMAIN_NAME, setting.fields)
        except ValueError as problem:
            self._report.untranslated(
                setting.place, setting.text, str(problem), "set `domain-name` in the subnet's `options`"
            )
            return
        if (known := builder.options.get(DOMAIN_NAME)) is not None:
            self._keep_first(known, setting)
            return
        builder.options[DOMAIN_NAME] = OptionSetting(DOMAIN_NAME, "domain-name", value, setting.place)

    def _reservations(self) -> list[Reservation]:
        reservations: list[Reservation] = []
        for host in self._lent.hosts:
            if host.address is not None:
                reservations += [Reservation(mac, host.address, host.name, host.setting.place) for mac in host.macs]
        return reservations

    def _tell_hosts(self, machines: Container[bytes]) -> None:
        """Those that have neither become a reservation nor one of the machines."""
        for host in self._lent.hosts:
            if not host.macs or (host.address is None and not all(mac in machines for mac in host.macs)):
                why = "a reservation has a MAC and an address"
                self._report.untranslated(
                    host.setting.place, host.setting.text, why, "add what is missing, or leave it out"
                )

    # Boot files

    def _boot(self, setting: Setting) -> None:
        told = tagged(setting.fields)
        file, name, address = (*told.rest, "", "", "")[:3]
        if address or name:
            tell_next_server(address or name, setting.place, setting.text, self._own, self._report)
        self._add_file(setting, told.needs, file)

    def _add_file(self, setting: Setting, needs: Sequence[str], file: str) -> None:
        try:
            condition = self._tags.condition(needs)
        except UnsayableError as problem:
            remedy = FILES_BY_CLASS_REMEDY
            self._report.untranslated(setting.place, setting.text, str(problem), remedy)
            return
        self._files.append(BootFile(condition, file, setting.place, setting.text))

    def _beside_menu(self, files: Sequence[BootFile]) -> list[BootFile]:
        """PXE clients are shown the menu whatever their boot file is; only machines with files of their own are not."""
        kept: list[BootFile] = []
        for file in files:
            own = tuple(clients for clients in file.condition if clients.machine is not None)
            if own:
                kept.append(replace(file, condition=own))
            else:
                why = "the menu of pxe-service takes its place"
                self._report.untranslated(file.place, file.setting, why, "add an entry that leads to it")
        return kept

    def _machines(self) -> list[KnownMachine]:
        return [
            KnownMachine(_name(host, mac), mac, host.tags, host.setting.place)
            for host in self._lent.hosts
            for mac in host.macs
            if host.tags
        ]


def _name(host: HostLine, mac: bytes) -> str:
    return host.name or format_link_address(mac)
