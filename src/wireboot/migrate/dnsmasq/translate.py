"""dnsmasq's configuration as wireboot's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Interface

from wireboot.config.values import parse_name, parse_text
from wireboot.migrate.assemble import lending
from wireboot.migrate.boot import BootFile, BootPlan, KnownMachine, boot_plan
from wireboot.migrate.class_book import ClassBook
from wireboot.migrate.clients import UnsayableError
from wireboot.migrate.dnsmasq.lent import HostLine, Lent
from wireboot.migrate.dnsmasq.options import OptionLine
from wireboot.migrate.dnsmasq.other_settings import tell_other
from wireboot.migrate.dnsmasq.reader import Setting, read
from wireboot.migrate.dnsmasq.services import MENU, MENU_PROFILE, services
from wireboot.migrate.dnsmasq.subnets import BOOT_FILE_NAME, TFTP_SERVER_NAME, Subnets, option_lines
from wireboot.migrate.dnsmasq.tags import SETTING_TAGS, Tags, tagged
from wireboot.migrate.draft import Draft, Profile, Reservation
from wireboot.migrate.next_server import tell_next_server
from wireboot.migrate.reasons import FILES_BY_CLASS_REMEDY, KEEPS_NOTHING, WRITE_RESERVATION
from wireboot.migrate.report import Report
from wireboot.migrate.sources import SourceFiles, SourceText
from wireboot.wire.addresses import format_link_address

_OPTIONS = ("dhcp-option", "dhcp-option-force")
_OF_DHCP = ("dhcp-authoritative", "dhcp-rapid-commit", "bootp-dynamic")
_TRANSLATED = frozenset((
    "dhcp-range", "dhcp-host", "dhcp-boot", "pxe-service", "pxe-prompt", "interface", "tftp-root", "domain",
    "shared-network", *_OPTIONS, *_OF_DHCP, *SETTING_TAGS,
))  # fmt: skip


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
        self._classes = ClassBook(self._macs_of)

    def draft(self) -> Draft:
        boot_dir = self._boot_dir()
        subnets = self._subnets()
        plan, draft = self._boot_plan(boot_dir or "")
        self._tell_hosts({machine.mac for machine in plan.machines})
        for setting in self._settings:
            if setting.name not in _TRANSLATED:
                tell_other(setting, self._report)
        said = {name: [each.place for each in self._named(name)] for name in _OF_DHCP}
        authoritative = [(True, place) for place in said["dhcp-authoritative"]]
        lent = lending(
            subnets.builders,
            self._reservations(),
            self._classes.classes,
            authoritative,
            said["bootp-dynamic"],
            plan,
            self._report,
        )
        lends = lent.mode is not None
        for setting in self._lent.proxied if lends else self._named("dhcp-rapid-commit"):
            why = "wireboot either lends addresses or stands beside who does"
            self._report.untranslated(setting.place, setting.text, why, "choose one mode")
        modes = self._lent.ranges if lends else ()
        return replace(
            lent,
            boot_dir=boot_dir,
            interfaces=self._interfaces(),
            mode="server" if lends else "proxy" if self._lent.proxied else None,
            rapid_commit=bool(said["dhcp-rapid-commit"]) and lends,
            default_profile=draft.default_profile or plan.default_profile,
            profiles=(*plan.profiles, *draft.profiles),
            menus=draft.menus,
            origins={
                "boot_dir": tuple(each.place for each in self._named("tftp-root")),
                "interfaces": tuple(each.place for each in self._named("interface")),
                "mode": tuple(each.setting.place for each in modes) or tuple(each.place for each in self._lent.proxied),
                "dhcp4": (*lent.origins.get("dhcp4", ()), *said["dhcp-rapid-commit"]) if lends else (),
            },
        )

    def _named(self, *names: str) -> list[Setting]:
        return [setting for setting in self._settings if setting.name in names]

    def _untold(self, setting: Setting, why: str, remedy: str) -> None:
        self._report.untranslated(setting.place, setting.text, why, remedy)

    # Where and what

    def _boot_dir(self) -> str | None:
        boot_dir = None
        for setting in self._named("tftp-root"):
            try:
                parse_text(setting.fields[0] if setting.fields else "")
                if len(setting.fields) > 1 or boot_dir is not None or not setting.value:
                    raise ValueError("boot files lie in one folder for all interfaces")
                boot_dir = setting.value
            except ValueError as problem:
                self._untold(setting, str(problem), "put them into `boot_dir`")
        return boot_dir

    def _interfaces(self) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for setting in self._named("interface"):
            for name in setting.fields:
                try:
                    if "*" in parse_name(name):
                        raise ValueError("interfaces are named one by one")
                except ValueError as problem:
                    self._untold(setting, str(problem), "list `interfaces` in [network]")
                    continue
                if name == "lo":
                    self._report.not_needed(setting.place, setting.text, "no machine boots by the loopback interface")
                else:
                    names.setdefault(name)
        return tuple(names)

    # Addresses

    def _subnets(self) -> Subnets:
        own = [each.ip for each in self._own]
        subnets = Subnets(self._lent, self._tags, self._classes, own, self._report)
        for setting in self._named("shared-network"):
            subnets.join(setting)
        lines = option_lines(self._named(*_OPTIONS), self._take_boot_option, self._report)
        dns = not any(setting.value == "0" for setting in self._named("port"))
        subnets.fill(lines, self._named("domain"), dns=dns)
        return subnets

    def _macs_of(self, tag: str) -> list[bytes]:
        return [mac for host in self._lent.hosts if tag in host.tags for mac in host.macs]

    def _reservations(self) -> list[Reservation]:
        return [
            Reservation(mark, host.address, host.name, host.setting.place)
            for host in self._lent.hosts
            if host.address is not None or host.name is not None
            for mark in host.marks
        ]

    def _tell_hosts(self, machines: set[bytes]) -> None:
        """Those that have become neither a reservation nor one of the machines, nor members of a class."""
        named = {mac for each in self._classes.classes for mac in each.match.values.get("mac", ())}
        for host in self._lent.hosts:
            if not host.marks:
                self._untold(host.setting, "it does not say by what the machine is told", WRITE_RESERVATION)
            elif host.address is None and host.name is None:
                used = all(mac in machines or format_link_address(mac) in named for mac in host.macs)
                if not host.macs or not used:
                    self._untold(host.setting, KEEPS_NOTHING, WRITE_RESERVATION)

    # Boot files

    def _boot_plan(self, boot_dir: str) -> tuple[BootPlan, Draft]:
        """Also a draft with the menu, where there is one."""
        found = services(self._named("pxe-service"), self._named("pxe-prompt"), boot_dir, self._report)
        for setting in self._named("dhcp-boot"):
            self._boot(setting)
        files = [*found.files, *reversed(self._files)]
        if found.menu is not None:
            files = self._beside_menu(files)
        taken = (MENU_PROFILE, *(profile.name for profile in found.profiles))
        plan = boot_plan(files, self._machines(), self._report, boot_dir=boot_dir, taken=taken)
        if found.menu is None:
            return plan, Draft(profiles=found.profiles)
        menu = Profile(MENU_PROFILE, (found.menu.place,), menu=MENU)
        return plan, Draft(default_profile=MENU_PROFILE, profiles=(*found.profiles, menu), menus=(found.menu,))

    def _boot(self, setting: Setting) -> None:
        told = tagged(setting.fields)
        file, name, address = (*told.rest, "", "", "")[:3]
        if address or name:
            tell_next_server(address or name, setting.place, setting.text, self._own, self._report)
        self._add_file(setting, told.needs, file)

    def _take_boot_option(self, line: OptionLine) -> bool:
        if not line.values or line.code not in (BOOT_FILE_NAME, TFTP_SERVER_NAME):
            return False
        setting = line.setting
        if line.code == BOOT_FILE_NAME:
            self._add_file(setting, line.needs, ",".join(line.values))
        else:
            tell_next_server(line.values[0], setting.place, setting.text, self._own, self._report)
        return True

    def _add_file(self, setting: Setting, needs: Sequence[str], file: str) -> None:
        try:
            condition = self._tags.condition(needs)
        except UnsayableError as problem:
            self._untold(setting, str(problem), FILES_BY_CLASS_REMEDY)
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
        return [_known(host, mac) for host in self._lent.hosts for mac in host.macs if host.tags]


def _known(host: HostLine, mac: bytes) -> KnownMachine:
    return KnownMachine(host.name or format_link_address(mac), mac, host.tags, host.setting.place)
