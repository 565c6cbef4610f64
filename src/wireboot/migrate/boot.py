"""Boot files and whom they are for, as profiles and machines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from wireboot.config.values import parse_boot_file_name
from wireboot.migrate.clients import Clients, Condition
from wireboot.migrate.draft import Machine, Profile
from wireboot.migrate.reasons import FILES_BY_CLASS_REMEDY
from wireboot.migrate.report import Place, Report
from wireboot.wire.addresses import format_link_address
from wireboot.wire.iana import architecture_name

DEFAULT_PROFILE = "default"
_NOT_BY_HTTP = "boot files are not served by HTTP"
_IPXE_REMEDY = (
    "who runs iPXE already is never sent iPXE again; wireboot writes iPXE a script where the profile is a menu, "
    "see [[menus]]; any other script can be built into the iPXE program"
)
# What architecture a boot program is for, by its name; the first that fits.
# fmt: off
_BY_NAME = (
    (r"(aa64|arm64).*\.efi$",                  "arm64-uefi"),
    (r"(arm32|arm)\.efi$",                     "arm32-uefi"),
    (r"riscv64.*\.efi$",                       "riscv64-uefi"),
    (r"loongarch64.*\.efi$",                   "loongarch64-uefi"),
    (r"(ia32|i386|efi32).*",                   "x86-uefi"),
    (r"\.efi(\.signed)?$",                     "x86_64-uefi"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class BootFile:
    """A file for those clients."""

    condition: Condition
    file: str
    place: Place
    setting: str
    """As it stands in its file, for messages."""


_For: TypeAlias = tuple[Clients, BootFile]


@dataclass(frozen=True, slots=True)
class KnownMachine:
    """A machine that has boot files of its own; `tags` are the names by which Clients.machine means it."""

    name: str
    mac: bytes
    tags: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class BootPlan:
    profiles: tuple[Profile, ...]
    machines: tuple[Machine, ...]
    default_profile: str | None


def boot_plan(
    files: Sequence[BootFile],
    machines: Sequence[KnownMachine],
    report: Report,
    *,
    boot_dir: str = "",
    taken: Iterable[str] = (),
) -> BootPlan:
    """Of two files for the same clients the first counts. What cannot be said goes to the report.

    `taken`: names that other profiles have.
    """
    general: list[_For] = []
    own: dict[str, list[_For]] = {}
    for file in files:
        checked = _checked(file, report, boot_dir)
        for clients in () if checked is None else _sayable(checked, report):
            assert checked is not None
            (general if clients.machine is None else own.setdefault(clients.machine, [])).append((clients, checked))
    default = _profile(DEFAULT_PROFILE, general, report)
    profiles = [] if default is None else [default]
    names = {DEFAULT_PROFILE, "ignore", *taken}
    by_tag = _own_profiles(own, machines, profiles, names, report)
    return BootPlan(tuple(profiles), _machines(machines, by_tag, report), default.name if default else None)


def _own_profiles(
    own: Mapping[str, Sequence[_For]],
    machines: Sequence[KnownMachine],
    profiles: list[Profile],
    names: set[str],
    report: Report,
) -> dict[str, Profile]:
    """The profiles of single machines, by tag. They are added to `profiles`, which begins with the default one."""
    tags = dict.fromkeys(tag for machine in machines for tag in machine.tags)
    for tag in (each for each in own if each not in tags):
        for _, file in own[tag]:
            why = f"it is for {tag}, of which no MAC is known"
            report.untranslated(file.place, file.setting, why, "add [[machines]] with the MAC and a profile")
    default = dict(profiles[0].boot_program) if profiles else {}
    by_tag: dict[str, Profile] = {}
    # In the order of the machines, so that a profile of several is called after the first.
    for tag in tags:
        profile = _profile(tag, own.get(tag, ()), report)
        if profile is not None:
            overlaid = replace(profile, boot_program={**default, **profile.boot_program})
            by_tag[tag] = _shared(overlaid, profiles, names)
    return by_tag


def _machines(machines: Sequence[KnownMachine], by_tag: Mapping[str, Profile], report: Report) -> tuple[Machine, ...]:
    """Those that have a profile of their own."""
    planned: dict[bytes, Machine] = {}
    names: set[str] = set()
    for machine in machines:
        own = [by_tag[tag] for tag in machine.tags if tag in by_tag]
        if not own:
            continue
        if machine.mac in planned or len({profile.name for profile in own}) > 1:
            why = f"{format_link_address(machine.mac)} has two profiles of its own"
            report.untranslated(machine.place, machine.name, why, "look at its [[machines]], which names one of them")
        if machine.mac not in planned:
            planned[machine.mac] = Machine(unused_name(machine.name, names), machine.mac, own[0].name, machine.place)
    return tuple(planned.values())


def boot_file_name(text: str, boot_dir: str = "") -> str:
    """Below boot_dir, which TFTP servers take for the root. Raises ValueError."""
    if boot_dir and text.startswith(boot_dir.rstrip("/") + "/"):
        text = text[len(boot_dir.rstrip("/")) :]
    return parse_boot_file_name(text.lstrip("/"))


def likely_architecture(file: str) -> str:
    """What a boot program is for that its server sends to everybody."""
    return next((name for pattern, name in _BY_NAME if re.search(pattern, file, re.IGNORECASE)), "x86-bios")


def slug(text: str) -> str:
    """A name for a profile out of what people call it."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "entry"


def _checked(file: BootFile, report: Report, boot_dir: str) -> BootFile | None:
    if "://" in file.file:
        report.untranslated(
            file.place, file.setting, _NOT_BY_HTTP, "name a boot program in boot_dir, which is served by TFTP"
        )
        return None
    try:
        return replace(file, file=boot_file_name(file.file, boot_dir))
    except ValueError as problem:
        report.untranslated(
            file.place, file.setting, str(problem), "put the file below boot_dir and name it from there"
        )
        return None


def _sayable(file: BootFile, report: Report) -> list[Clients]:
    sayable: list[Clients] = []
    if not file.condition:
        report.untranslated(file.place, file.setting, "its condition fits no client", "take it out")
    for clients in (each.booting for each in file.condition):
        if clients.marks:
            keys = " and ".join(sorted({mark.key for mark in clients.marks}))
            why = f"boot files are chosen by architecture and by machine, not by {keys}"
            report.untranslated(file.place, file.setting, why, FILES_BY_CLASS_REMEDY)
        elif clients.http:
            report.untranslated(file.place, file.setting, f"for firmware that boots by HTTP: {_NOT_BY_HTTP}",
                                "such firmware boots by PXE as well, where its setup allows it")  # fmt: skip
        elif clients.ipxe:
            report.untranslated(file.place, file.setting, "what runs iPXE already gets no other file", _IPXE_REMEDY)
        else:
            sayable.append(clients)
    return sayable


def _profile(name: str, files: Sequence[tuple[Clients, BootFile]], report: Report) -> Profile | None:
    """The files for some architectures first, and then those for all others."""
    program: dict[str, str] = {}
    places: list[Place] = []
    special = [(clients.architectures, file) for clients, file in files if clients.architectures is not None]
    for architectures, file in special:
        for architecture in dict.fromkeys(map(architecture_name, sorted(architectures))):
            _add(program, places, architecture, file, report)
    for clients, file in files:
        if clients.architectures is None:
            architecture = likely_architecture(file.file)
            if program.get(architecture) == file.file:
                places.append(file.place)
            elif _add(program, places, architecture, file, report):
                report.good_to_know(
                    file.place,
                    f"`{file.file}` goes to every other client there, and to {architecture} here",
                    "other architectures get a loader found on this machine; name theirs in the profile's boot_program",
                )
    return Profile(name, tuple(dict.fromkeys(places)), program) if program else None


def _add(program: dict[str, str], places: list[Place], architecture: str, file: BootFile, report: Report) -> bool:
    if program.get(architecture, file.file) != file.file:
        report.untranslated(
            file.place, file.setting, f"{architecture} gets {program[architecture]}",
            "add a profile of its own, and name it for the machines that are to have it",
        )  # fmt: skip
        return False
    program[architecture] = file.file
    places.append(file.place)
    return True


def _shared(profile: Profile, profiles: list[Profile], names: set[str]) -> Profile:
    """One with the same programs where there is one, or this one under a name of its own."""
    same = next((each for each in profiles if each.boot_program == profile.boot_program), None)
    if same is not None:
        return same
    named = replace(profile, name=unused_name(profile.name, names))
    profiles.append(named)
    return named


def unused_name(name: str, taken: set[str]) -> str:
    """`name`, or that with a number; it is taken from now on."""
    number, unused = 1, name
    while unused in taken:
        number += 1
        unused = f"{name}-{number}"
    taken.add(unused)
    return unused
