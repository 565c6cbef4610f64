"""`host`: what is kept for one machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.config.values import parse_host_name, parse_mac
from wireboot.migrate.boot import KnownMachine
from wireboot.migrate.custom_options import bytes_of_word
from wireboot.migrate.draft import OptionSetting, Reservation
from wireboot.migrate.fields import CIRCUIT_ID, REMOTE_ID
from wireboot.migrate.isc.scope import Found, Scope
from wireboot.migrate.isc.statements import Statement
from wireboot.migrate.marks import Mark, machine_mark
from wireboot.migrate.reasons import KEEPS_NOTHING, SEE_LEASE_TIME, WRITE_RESERVATION

HOST_NAME, CLIENT_IDENTIFIER, MACHINE_ID = 12, 61, 97


def read_host(statement: Statement, block: Sequence[Statement], scope: Scope, settled: Scope, found: Found) -> None:
    """`settled`: what the block has set. What the groups around it set is the host's as well."""
    name = scope.host or ""
    own = {**scope.of_group, **settled.options}
    _files_of_group(name, scope, found)
    for time in settled.times.values():
        found.report.untranslated(time.place, time.setting, "a reservation has no lease time", SEE_LEASE_TIME)
    marks = _marks(block, found)
    if not marks:
        found.untold(statement, "it does not say by what the machine is told", WRITE_RESERVATION)
        return
    macs = [mark.value for mark in marks if isinstance(mark.value, bytes) and mark.key == "mac"]
    found.machines += [KnownMachine(name or "host", mac, (name,), statement.place) for mac in macs]
    hostname = _host_name(own.get(HOST_NAME), name if settled.host_names else None, found)
    options = tuple(option for code, option in own.items() if code != HOST_NAME)
    addresses = [address for each in block if each.name == "fixed-address" for address in _addresses(each, found)]
    reserved = Reservation(marks[0], None, hostname, statement.place, options)
    if addresses:
        found.reservations += [replace(reserved, address=address) for address in addresses]
    elif hostname or options:
        found.reservations.append(reserved)
    elif not any(each.name in ("filename", "fixed-address") for each in block) and not scope.group_files:
        found.untold(statement, KEEPS_NOTHING, WRITE_RESERVATION)
    for mark in marks[1:]:
        what = f"`{statement}` is also told by its {mark.key}, {mark.shown}: here by its {marks[0].key} alone"
        found.report.differs(statement.place, what, "a reservation of its own may give the other its own address")


def _files_of_group(name: str, scope: Scope, found: Found) -> None:
    for file in scope.group_files:
        condition = tuple(replace(each, machine=name) for each in file.condition)
        found.files.append((found.depth, replace(file, condition=condition)))


def _marks(block: Sequence[Statement], found: Found) -> list[Mark]:
    """By what the machine is told, its MAC first, which firmware and operating system share."""
    marks: list[Mark] = []
    for each in block:
        try:
            if each.name == "hardware":
                marks.insert(0, Mark("mac", _mac(each)))
            elif each.name == "host-identifier" and len(each.words) == 4 and each.begins("host-identifier", "option"):
                marks.append(_mark(each.words[2].text, each, found))
            elif each.name == "host-identifier":
                raise ValueError("it is not understood")
            elif is_client_identifier(each, found):
                marks.append(Mark("client_id", bytes_of_word(each.words[2].text, each.words[2].quoted)))
        except ValueError as problem:
            found.untold(each, str(problem), "write it as a key of [[dhcp4.subnets.reservations]]")
    return marks


def is_client_identifier(statement: Statement, found: Found) -> bool:
    """By which dhcpd tells a host: it is nothing to be sent to it."""
    words = statement.words
    return statement.name == "option" and len(words) == 3 and found.options.code(words[1].text) == CLIENT_IDENTIFIER


def _mark(name: str, statement: Statement, found: Found) -> Mark:
    """Raises ValueError."""
    content = bytes_of_word(statement.words[3].text, statement.words[3].quoted)
    if name in ("agent.circuit-id", "agent.remote-id"):
        return Mark(CIRCUIT_ID if name == "agent.circuit-id" else REMOTE_ID, content)
    code = found.options.code(name)
    if code == MACHINE_ID:
        return machine_mark(content)
    if code == CLIENT_IDENTIFIER:
        return Mark("client_id", content)
    raise ValueError(f"no reservation is by option {name}")


def _mac(statement: Statement) -> bytes:
    if len(statement.arguments) != 2 or statement.arguments[0].lower() != "ethernet":
        raise ValueError("machines are known by an Ethernet address")
    return parse_mac(":".join(part.rjust(2, "0") for part in statement.arguments[1].split(":")))


def _addresses(statement: Statement, found: Found) -> Iterable[IPv4Address]:
    for text in statement.arguments:
        try:
            yield IPv4Address(text)
        except ValueError:
            found.untold(statement, f"{text!r} is a name: names are not looked up", "write the address itself")


def _host_name(option: OptionSetting | None, otherwise: str | None, found: Found) -> str | None:
    if option is not None:
        try:
            return parse_host_name(option.value)
        except ValueError as problem:
            setting = f"option {option.name} {option.value}"
            found.report.untranslated(option.place, setting, str(problem), "use letters, digits and hyphens")
    try:
        return None if otherwise is None else parse_host_name(otherwise)
    except ValueError:
        return None
