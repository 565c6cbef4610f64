"""Single statements: options, lease times, boot files, ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.migrate.boot import BootFile
from wireboot.migrate.draft import Pool
from wireboot.migrate.isc.options import is_definition
from wireboot.migrate.isc.other_statements import tell_other
from wireboot.migrate.isc.scope import Found, Scope
from wireboot.migrate.isc.statements import Statement
from wireboot.migrate.lease_times import lease_time
from wireboot.migrate.next_server import tell_next_server
from wireboot.migrate.reasons import (
    AUTHORITATIVE,
    AUTHORITATIVE_REMEDY,
    FILES_BY_CLASS_REMEDY,
    INSIDE_OPTIONS,
    NOTHING_FOR_PXE,
)
from wireboot.wire.addresses import AddressRange

RENEWAL_TIME, REBINDING_TIME, VENDOR_CLASS, TFTP_SERVER_NAME, BOOT_FILE_NAME = 58, 59, 60, 66, 67
_TIMES = {"default-lease-time": "lease", "min-lease-time": "least", "max-lease-time": "most"}
_TIME_OPTIONS = {RENEWAL_TIME: "renewal", REBINDING_TIME: "rebinding"}


def read_settings(statements: Iterable[Statement], scope: Scope, found: Found) -> Scope:
    """The scope with what these statements set."""
    for statement in statements:
        scope = _setting(statement, scope, found)
    return scope


def _setting(statement: Statement, scope: Scope, found: Found) -> Scope:
    name, arguments = statement.name, statement.arguments
    if name == "option" and len(statement.words) > 1:
        return _option(statement, scope, found)
    if name in _TIMES and len(arguments) == 1:
        return _time(_TIMES[name], arguments[0], statement, scope, found)
    if name == "use-host-decl-names" and len(arguments) == 1:
        return replace(scope, host_names=arguments[0].lower() in ("on", "true"))
    if name == "filename" and len(arguments) == 1:
        _boot_file(arguments[0], statement, scope, found)
    elif name == "next-server" and arguments:
        tell_next_server(arguments[0], statement.place, str(statement), found.own, found.report)
    elif name == "authoritative" or statement.begins("not", "authoritative"):
        _authoritative(statement, scope, found)
    elif name == "range":
        _range(statement, scope, found)
    elif name in ("hardware", "fixed-address", "host-identifier") and scope.host is not None:
        pass  # read by the host
    elif name in ("match", "spawn", "lease") and scope.conditional:
        pass  # read, or told, by the class
    else:
        tell_other(statement, found.report)
    return scope


def _option(statement: Statement, scope: Scope, found: Found) -> Scope:
    if is_definition(statement):
        if found.depth > 1:
            found.untold(statement, "options are defined at the top of a file", "move it there")
        return scope
    if statement.words[1].text == "space":
        found.untold(statement, INSIDE_OPTIONS, NOTHING_FOR_PXE)
        return scope
    code, values = found.options.code(statement.words[1].text), statement.arguments[1:]
    if code in _TIME_OPTIONS and len(values) == 1:
        return _time(_TIME_OPTIONS[code], values[0], statement, scope, found)
    if code == BOOT_FILE_NAME and len(values) == 1:
        _boot_file(values[0], statement, scope, found)
    elif code == TFTP_SERVER_NAME and len(values) == 1:
        tell_next_server(values[0], statement.place, str(statement), found.own, found.report)
    elif code == VENDOR_CLASS:
        found.report.not_needed(statement.place, str(statement), "wireboot sets it for PXE clients")
    else:
        try:
            option = found.options.setting(statement)
            return replace(scope, options={**scope.options, option.code: option})
        except ValueError as problem:
            remedy = getattr(problem, "remedy", "set it in `options`, as docs/reference/configuration.md has it")
            found.untold(statement, str(problem), remedy)
    return scope


def _time(name: str, text: str, statement: Statement, scope: Scope, found: Found) -> Scope:
    time = lease_time(text, statement.place, str(statement), found.report)
    return scope if time is None else replace(scope, times={**scope.times, name: time})


def _boot_file(file: str, statement: Statement, scope: Scope, found: Found) -> None:
    if scope.condition is None:
        found.untold(statement, "it is for clients that wireboot has no words for", FILES_BY_CLASS_REMEDY)
        return
    if scope.subnet is not None and scope.host is None:
        what = f"`{statement}` is for one subnet there, and for all here"
        found.report.differs(statement.place, what, "machines that need another get it by [[machines]]")
    condition = scope.condition
    if scope.host is not None:
        condition = tuple(replace(each, machine=scope.host) for each in condition)
    boot_file = BootFile(condition, file, statement.place, str(statement))
    if scope.collected is not None:
        scope.collected.append(boot_file)
    else:
        found.files.append((found.depth, boot_file))


def _authoritative(statement: Statement, scope: Scope, found: Found) -> None:
    if not scope.everywhere or scope.conditional:
        found.untold(statement, AUTHORITATIVE, AUTHORITATIVE_REMEDY)
    else:
        # Of two at the top the later counts.
        found.authoritative[:] = [(statement.name == "authoritative", statement.place)]


def _range(statement: Statement, scope: Scope, found: Found) -> None:
    ends = [each for each in statement.arguments if each.lower() != "dynamic-bootp"]
    try:
        first, last = IPv4Address(ends[0] if ends else ""), IPv4Address(ends[-1] if ends else "")
        if len(ends) > 2 or last < first:
            raise ValueError("it is no range")
    except ValueError as problem:
        found.untold(statement, str(problem), "write it as `pools`")
        return
    pool = Pool(AddressRange(first, last), statement.place, scope.classes, scope.not_classes)
    if len(ends) < len(statement.arguments):
        found.bootp.append(statement.place)
    if scope.subnet is None:
        found.loose.append((statement, pool))
    else:
        scope.subnet.pools.append(pool)
