"""`reservations`: what Kea keeps for single clients."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.config.values import parse_host_name, parse_mac
from wireboot.migrate.boot import BootFile, KnownMachine
from wireboot.migrate.clients import MACHINE_ID, UnsayableError
from wireboot.migrate.custom_options import bytes_of_word
from wireboot.migrate.draft import Reservation
from wireboot.migrate.expressions import field_of, words_of
from wireboot.migrate.fields import CIRCUIT_ID, REMOTE_ID
from wireboot.migrate.kea.other_keys import Section
from wireboot.migrate.kea.scope import Found
from wireboot.migrate.marks import Mark, machine_mark
from wireboot.migrate.reasons import KEEPS_NOTHING, WRITE_RESERVATION

CLIENT_IDENTIFIER = 61
_MARKS = ("hw-address", "client-id", "circuit-id", "flex-id", "duid")


def read_reservation(section: Section, found: Found) -> None:
    given = {key: text for key in _MARKS if (text := section.take_text(key)) is not None}
    address, name = section.take_text("ip-address"), section.take_text("hostname")
    options, files = found.told(section)
    shown = f"reservation {' '.join(given.values())} {address or ''}".strip()
    try:
        if len(given) != 1:
            raise ValueError("it is to say by one thing whom it is for")
        mark = _mark(*next(iter(given.items())), found)
        hostname = parse_host_name(name) if name else None
        if not (address or hostname or options or files):
            raise ValueError(KEEPS_NOTHING)
        at = None if address is None else IPv4Address(address)
    except ValueError as problem:
        found.report.untranslated(section.place, shown, str(problem), WRITE_RESERVATION)
        for option in options.values():
            found.report.untranslated(option.place, f"option {option.name}", "so is its reservation", WRITE_RESERVATION)
    else:
        if at is not None or hostname or options:
            settings = tuple(options.values())
            found.reservations.append(Reservation(mark, at, hostname, section.place, settings))
        _boot(mark, hostname, files, section, found)
    section.tell_others()


def _boot(mark: Mark, hostname: str | None, files: list[BootFile], section: Section, found: Found) -> None:
    if isinstance(mark.value, bytes) and mark.key == "mac":
        name = hostname or mark.shown
        found.machines.append(KnownMachine(name, mark.value, (name,), section.place))
        found.of_machines += [
            replace(file, condition=tuple(replace(each, machine=name) for each in file.condition)) for file in files
        ]
        return
    for file in files:
        why = "boot files are chosen by architecture and by machine, which is told by its MAC"
        found.report.untranslated(file.place, file.setting, why, "add [[machines]] with `mac` or `uuid` and a profile")


def _mark(key: str, text: str, found: Found) -> Mark:
    """Raises ValueError."""
    if key == "hw-address":
        return Mark("mac", parse_mac(text))
    if key == "duid":
        raise ValueError("a DUID is DHCPv6's: DHCPv4 clients have it inside their client identifier (RFC 4361)")
    quoted = len(text) > 1 and text[0] == text[-1] == "'"
    content = bytes_of_word(text[1:-1] if quoted else text, quoted)
    if key == "client-id":
        return Mark("client_id", content)
    if key == "circuit-id":
        return Mark(CIRCUIT_ID, content)
    return _flexible_mark(content, found)


def _flexible_mark(content: bytes, found: Found) -> Mark:
    """By what the expression of the hook library looks at, where that is a thing of which wireboot knows."""
    try:
        field = field_of(words_of(found.flex_id or ""), found.options.code)
    except UnsayableError:
        field = None
    if field is not None and field.is_whole:
        if field.what in (CIRCUIT_ID, REMOTE_ID):
            return Mark(str(field.what), content)
        if field.what == CLIENT_IDENTIFIER:
            return Mark("client_id", content)
        if field.what == MACHINE_ID:
            return machine_mark(content)
    raise ValueError("reservations are by MAC, client identifier, UUID, circuit ID and remote ID")
