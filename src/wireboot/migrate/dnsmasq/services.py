"""`pxe-prompt` and `pxe-service`: dnsmasq's menu, or its boot file for each architecture where that is no choice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.config.values import parse_menu_text
from wireboot.migrate.boot import DEFAULT_PROFILE, BootFile, boot_file_name, slug, unused_name
from wireboot.migrate.clients import of_architecture
from wireboot.migrate.dnsmasq.reader import Setting
from wireboot.migrate.dnsmasq.tags import tagged
from wireboot.migrate.draft import Menu, MenuEntry, Profile
from wireboot.migrate.report import Report
from wireboot.wire.iana import architecture_name

MENU, MENU_PROFILE = "main", "menu"
_FOREVER = 255
# dnsmasq(8), --pxe-service; its number 7 was called BC_EFI in some versions and x86-64_EFI in others.
_ARCHITECTURES = {
    "x86PC": 0, "PC98": 1, "IA64_EFI": 2, "Alpha": 3, "Arc_x86": 4, "Intel_Lean_Client": 5, "IA32_EFI": 6,
    "x86-64_EFI": 7, "X86-64_EFI": 7, "Xscale_EFI": 8, "BC_EFI": 9, "ARM32_EFI": 10, "ARM64_EFI": 11,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """A `pxe-service`: a line of the menu for one architecture. Neither file nor type: the local disk."""

    setting: Setting
    architecture: int
    text: str
    file: str | None = None
    type: int | None = None
    server: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """What they amount to."""

    files: tuple[BootFile, ...] = ()
    menu: Menu | None = None
    profiles: tuple[Profile, ...] = ()


def services(lines: Sequence[Setting], prompts: Sequence[Setting], boot_dir: str, report: Report) -> Services:
    """Without a prompt and with one line for each architecture there is nothing to choose."""
    read = [service for line in lines if (service := _service(line, report)) is not None]
    architectures = [service.architecture for service in read]
    boots = all(service.file is not None for service in read)
    if not prompts and boots and len(set(architectures)) == len(architectures):
        return Services(
            tuple(
                BootFile(of_architecture(each.architecture), each.file, each.setting.place, each.setting.text)
                for each in read
                if each.file is not None
            )
        )
    if not read:
        _untold_settings(prompts, "there is no menu to it", "add [[menus]] with entries", report)
        return Services()
    return _menu(read, prompts, boot_dir, report)


def _service(setting: Setting, report: Report) -> Service | None:
    try:
        told = tagged(setting.fields)
        if told.needs:
            raise ValueError("menu entries are the same for all clients")
        architecture, text, what, server = (*told.rest, "", "", "", "")[:4]
        number = _ARCHITECTURES.get(architecture)
        if number is None and not re.fullmatch("[0-9]{1,4}", architecture):
            raise ValueError(f"{architecture!r} is no client architecture")
        parse_menu_text(text)
        return _leading(setting, int(architecture) if number is None else number, text, what, server)
    except ValueError as problem:
        report.untranslated(setting.place, setting.text, str(problem), "write it as [[menus.entries]]")
        return None


def _leading(setting: Setting, architecture: int, text: str, what: str, server: str) -> Service:
    """Raises ValueError where wireboot cannot lead there."""
    if re.fullmatch("[0-9]{1,5}", what):
        number = int(what)
        if number == 0:
            return Service(setting, architecture, text)
        if number > 0xFFFF:
            raise ValueError(f"{number} is no Boot Server type")
        if not server:
            raise ValueError("it leads to Boot Servers that clients look for, and names none")
        address = IPv4Address(server)
        if address.is_unspecified or address.is_multicast:
            raise ValueError(f"{address} is no single Boot Server")
        return Service(setting, architecture, text, type=number, server=address)
    if not what:
        return Service(setting, architecture, text)
    if server and server != "0.0.0.0":  # noqa: S104  # dnsmasq's word for itself
        raise ValueError(f"its file is on another server, {server}")
    if "://" not in what:
        # The ".0" is the layer, which dnsmasq adds to names that have no suffix.
        what = what if "." in what else f"{what}.0"
    return Service(setting, architecture, text, file=what)


def _menu(read: Sequence[Service], prompts: Sequence[Setting], boot_dir: str, report: Report) -> Services:
    prompt, timeout_s = _prompt(prompts, report)
    entries: list[MenuEntry] = []
    profiles: list[Profile] = []
    names = {MENU_PROFILE, DEFAULT_PROFILE, "ignore"}
    for text in dict.fromkeys(service.text for service in read):
        lines = _leading_alike([service for service in read if service.text == text], report)
        first, places = lines[0], tuple(each.setting.place for each in lines)
        if first.file is not None:
            programs = _programs(lines, boot_dir, report)
            if programs:
                profiles.append(Profile(unused_name(slug(text), names), places, programs))
                entries.append(MenuEntry(text, places, profile=profiles[-1].name))
        elif first.server is None:
            entries.append(MenuEntry(text, places))
        elif any(entry.type == first.type for entry in entries):
            why = f"type {first.type} stands in the menu already"
            _untold(lines, why, "give both one list of `servers`", report)
        else:
            entries.append(MenuEntry(text, places, servers=(first.server,), type=first.type))
    if not entries:
        _untold_settings(prompts, "there is no menu to it", "add [[menus]] with entries", report)
        return Services()
    place = (prompts or [read[0].setting])[-1].place
    return Services((), Menu(MENU, place, prompt, timeout_s, tuple(entries)), tuple(profiles))


def _leading_alike(lines: Sequence[Service], report: Report) -> list[Service]:
    """Of the lines of one text those that lead where the first does: an entry is one for all architectures."""
    first = _way(lines[0])
    others = [each for each in lines if _way(each) != first]
    _untold(others, "an entry of this text leads elsewhere already", "give it a text of its own", report)
    return [each for each in lines if _way(each) == first]


def _way(service: Service) -> object:
    return "file" if service.file is not None else (service.type, service.server)


def _untold(lines: Sequence[Service], why: str, remedy: str, report: Report) -> None:
    _untold_settings([each.setting for each in lines], why, remedy, report)


def _untold_settings(settings: Sequence[Setting], why: str, remedy: str, report: Report) -> None:
    for setting in settings:
        report.untranslated(setting.place, setting.text, why, remedy)


def _programs(lines: Sequence[Service], boot_dir: str, report: Report) -> dict[str, str]:
    programs: dict[str, str] = {}
    for each in lines:
        if each.file is None:
            continue
        try:
            file = boot_file_name(each.file, boot_dir)
        except ValueError as problem:
            report.untranslated(each.setting.place, each.setting.text, str(problem), "name a file below boot_dir")
            continue
        architecture = architecture_name(each.architecture)
        if programs.setdefault(architecture, file) != file:
            why = f"{architecture} gets {programs[architecture]} by this entry"
            report.untranslated(each.setting.place, each.setting.text, why, "give it an entry of its own")
    return programs


def _prompt(prompts: Sequence[Setting], report: Report) -> tuple[str | None, int]:
    """The text, and after how many seconds the first entry is taken. The last prompt counts."""
    if not prompts:
        return None, _FOREVER
    setting = prompts[-1]
    _untold_settings(prompts[:-1], "a later prompt takes its place", "keep one of them", report)
    text, time = (*setting.fields, "", "")[:2]
    seconds = _FOREVER
    if re.fullmatch("[0-9]{1,9}", time):
        seconds = min(int(time), _FOREVER - 1)
        if int(time) > seconds:
            report.differs(setting.place, f"`{setting.text}` waits longer than firmware can: {seconds} s here",
                           "`timeout_s = 255` waits for ever")  # fmt: skip
    elif time:
        report.untranslated(setting.place, setting.text, f"{time!r} is no number of seconds", "set `timeout_s`")
    try:
        return parse_menu_text(text), seconds
    except ValueError as problem:
        report.untranslated(setting.place, setting.text, str(problem), "set `prompt`")
        return None, seconds
