"""Checks of what machines boot: profiles, the files they name, and the machines themselves."""

from __future__ import annotations

from collections.abc import Iterator

from wireboot.boot.loaders import ARCHITECTURES, LOADERS, Loader, LoaderFile, LoaderKind, known_boot_file
from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.keys import near
from wireboot.config.load import LoadedConfig
from wireboot.config.model import IGNORE, Configuration, Profile
from wireboot.config.positions import KeyPath
from wireboot.wire.addresses import format_link_address
from wireboot.wire.iana import ARCHITECTURE_NAMES, architecture_code

ERROR, WARNING, NOTE = Severity


def boot_dir(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    folder = loaded.config.boot_dir
    if host.boot_dir_exists:
        return
    if ("boot_dir",) in loaded.positions or folder != Configuration().boot_dir:
        remedy = f"make it with `mkdir -p {folder}`, or name the folder of your boot files as boot_dir"
        yield loaded.finding(ERROR, ("boot_dir",), f"boot_dir {folder} is not there", remedy)
    else:
        # Nobody asked for the default folder, and without it the loaders of the distribution still boot machines.
        remedy = "`wireboot serve` makes it; put your boot files there"
        yield loaded.finding(NOTE, ("boot_dir",), f"boot_dir {folder} is not there yet", remedy)


def something_to_boot(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    elsewhere = any(entry.servers for menu in loaded.config.menus for entry in menu.entries)
    named = elsewhere or any(profile.boot_program for profile in loaded.config.profiles)
    if not named and not any(host.loaders.best(architecture) for architecture in ARCHITECTURES):
        what = "there is nothing to boot: no profile has a boot_program, and no boot loader is on this machine"
        best = known_boot_file("pxelinux.0")
        assert best is not None
        yield loaded.finding(WARNING, ("profiles",), what, f"install one, for example {best.packages}")


def profiles(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    lines_by_name: dict[str, int | None] = {}
    for index, profile in enumerate(loaded.config.profiles):
        where = ("profiles", index)
        name = profile.name
        if name == IGNORE:
            what = f'a profile cannot be called "{IGNORE}": the name means that wireboot stays silent'
            yield loaded.finding(ERROR, (*where, "name"), what, "choose another name")
        if name in lines_by_name:
            what = f'there is a profile "{name}" already, on line {lines_by_name[name]}'
            yield loaded.finding(ERROR, (*where, "name"), what, "choose another name")
        lines_by_name.setdefault(name, loaded.line(*where, "name"))
        if profile.menu is not None and (profile.boot_program or profile.kernel is not None):
            what = f'profile "{name}" is a menu, and has a boot program or kernel beside it'
            yield loaded.finding(ERROR, (*where, "menu"), what, "keep one of the two; a menu leads to other profiles")
        elif not profile.boot_program and profile.kernel is None and profile.menu is None:
            what = f'profile "{name}" has neither boot_program, kernel nor menu: it boots nothing'
            yield loaded.finding(ERROR, (*where, "name"), what, 'add `boot_program = { "x86-bios" = "pxelinux.0" }`')
        if profile.kernel is None and profile.initrd:
            what = f'profile "{name}" has an initrd and no kernel'
            yield loaded.finding(ERROR, (*where, "initrd"), what, 'add `kernel = "…"`, or take initrd out')
        yield from _boot_programs(loaded, host, where, profile)
        yield from _kernel_files(loaded, host, where, profile)


def _boot_programs(loaded: LoadedConfig, host: HostFacts, where: KeyPath, profile: Profile) -> Iterator[Finding]:
    for architecture, layers in profile.boot_program.items():
        at = (*where, "boot_program", architecture)
        if architecture_code(architecture) is None:
            meant = near(architecture, ARCHITECTURE_NAMES)
            remedy = f'did you mean "{meant}"?' if meant else f"use one of {', '.join(ARCHITECTURE_NAMES)} or arch-N"
            yield loaded.finding(ERROR, at, f'no client architecture is called "{architecture}"', remedy)
        if architecture.endswith("-http"):
            what = f'"{architecture}" has no effect in this version: firmware that boots by HTTP is not answered yet'
            yield loaded.finding(NOTE, at, what, "leave it for a later version, or take it out")
        for file in layers:
            yield from _boot_program_file(loaded, host, at, file)


def _boot_program_file(loaded: LoadedConfig, host: HostFacts, at: KeyPath, file: str) -> Iterator[Finding]:
    if not is_offered(file, host):
        what = f"boot program {file} is not in {loaded.config.boot_dir}"
        yield loaded.finding(ERROR, at, what, bring(file, loaded))
        return
    loader = known_boot_file(file)
    for needed in loader.needs if isinstance(loader, Loader) else ():
        if not is_offered(needed, host):
            what = f"boot program {file} needs {needed} beside it, which is not in {loaded.config.boot_dir}"
            yield loaded.finding(ERROR, at, what, bring(needed, loaded))


def grub_beside_dhcp(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    """GRUB before 2.12 looks for its files on the server that the DHCPACK names, and in proxy mode that is not us."""
    if loaded.config.dhcp4.mode != "proxy":
        return
    what = "GRUB older than 2.12 fetches its configuration from the DHCP server's host, not from a proxy's"
    remedy = 'use mode = "server", newer GRUB, an image that names this server, or run both on one host'
    for index, profile in enumerate(loaded.config.profiles):
        for architecture, (first, *_) in profile.boot_program.items():
            if _is_grub(known_boot_file(first)):
                yield loaded.finding(NOTE, ("profiles", index, "boot_program", architecture), what, remedy)
    for index, menu in enumerate(loaded.config.menus):
        if menu.style == "grub":
            yield loaded.finding(NOTE, ("menus", index, "style"), what, remedy)
    if loaded.config.boot.default_profile is None and any(map(_is_grub, map(host.loaders.best, ARCHITECTURES))):
        yield loaded.finding(NOTE, ("dhcp4", "mode"), what, remedy)


def _is_grub(row: LoaderFile | None) -> bool:
    return isinstance(row, Loader) and row.kind in (LoaderKind.GRUB, LoaderKind.SHIM_GRUB)


def is_offered(file: str, host: HostFacts) -> bool:
    return host.boot_file_exists(file) or file in host.loaders.files


def bring(file: str, loaded: LoadedConfig) -> str:
    put = f"put it at {loaded.config.boot_dir / file}"
    row: LoaderFile | None = known_boot_file(file)
    if row is not None:
        return f"{put}, or install {row.packages}"
    meant = near(file, [loader.served_name for loader in LOADERS])
    return f"{put}; did you mean {meant}?" if meant else put


def _kernel_files(loaded: LoadedConfig, host: HostFacts, where: KeyPath, profile: Profile) -> Iterator[Finding]:
    named: list[tuple[KeyPath, str]] = [((*where, "kernel"), profile.kernel)] if profile.kernel else []
    named += [((*where, "initrd", number), file) for number, file in enumerate(profile.initrd)]
    for at, file in named:
        if not host.boot_file_exists(file):
            what = f"{file} is not in {loaded.config.boot_dir}"
            yield loaded.finding(ERROR, at, what, f"put it at {loaded.config.boot_dir / file}")


def machines(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    lines: dict[tuple[str, object], int | None] = {}
    for index, machine in enumerate(loaded.config.machines):
        where = ("machines", index)
        if machine.mac is None and machine.uuid is None:
            what = f'machine "{machine.name}" has neither mac nor uuid: it cannot be recognised'
            yield loaded.finding(ERROR, (*where, "name"), what, 'add `mac = "52:54:00:77:00:10"`, or uuid')
        if machine.mac is not None and machine.uuid is not None:
            what = f'machine "{machine.name}" has both mac and uuid'
            yield loaded.finding(ERROR, (*where, "uuid"), what, "keep the one that stays when a part is replaced")
        shown = {"name": machine.name, "mac": machine.mac and format_link_address(machine.mac), "uuid": machine.uuid}
        for key, value in shown.items():
            if value is not None and (key, value) in lines:
                what = f"{key} {value} belongs to another machine already, on line {lines[key, value]}"
                yield loaded.finding(ERROR, (*where, key), what, f"give each machine its own {key}")
            lines.setdefault((key, value), loaded.line(*where, key))


def profile_references(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    config = loaded.config
    named: list[tuple[KeyPath, str]] = []
    if config.boot.default_profile not in (None, IGNORE):
        named.append((("boot", "default_profile"), str(config.boot.default_profile)))
    named += [
        (("machines", index, "profile"), machine.profile)
        for index, machine in enumerate(config.machines)
        if machine.profile is not None
    ]
    named += [
        (("menus", index, "entries", number, "profile"), entry.profile)
        for index, menu in enumerate(config.menus)
        for number, entry in enumerate(menu.entries)
        if entry.profile is not None
    ]
    known = [profile.name for profile in config.profiles]
    for where, name in named:
        if name not in known:
            meant = near(name, known)
            remedy = f'did you mean "{meant}"?' if meant else f'add [[profiles]] with `name = "{name}"`'
            yield loaded.finding(ERROR, where, f'there is no profile "{name}"', remedy)


BOOT_CHECKS = (boot_dir, something_to_boot, profiles, machines, profile_references, grub_beside_dhcp)
