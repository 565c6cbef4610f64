"""ISC's configuration as wireboot's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network

from wireboot.config.values import parse_name
from wireboot.migrate.assemble import lending, tell_files_of_another_program
from wireboot.migrate.boot import BootFile, boot_plan
from wireboot.migrate.clients import NOBODY, Condition
from wireboot.migrate.draft import Draft
from wireboot.migrate.isc.classes import Classes
from wireboot.migrate.isc.hosts import is_client_identifier, read_host
from wireboot.migrate.isc.options import is_definition
from wireboot.migrate.isc.other_statements import is_harmless_permission
from wireboot.migrate.isc.scope import Found, Scope
from wireboot.migrate.isc.settings import read_settings
from wireboot.migrate.isc.statements import Statement, read
from wireboot.migrate.lease_times import LeaseTime, LeaseTimes
from wireboot.migrate.reasons import POOL_SETTINGS
from wireboot.migrate.report import Report
from wireboot.migrate.sources import SourceFiles, SourceText
from wireboot.migrate.subnet_builder import SubnetBuilder

LEASE_TIME_S = 43200
"""dhcpd's own."""
_CLASSES = ("class", "subclass")
_BRANCHES = ("if", "elsif", "else")
_BLOCKS = ("subnet", "shared-network", "group", "pool", "host", *_CLASSES, *_BRANCHES)


def from_isc(files: Sequence[SourceText], sources: SourceFiles, own: Sequence[IPv4Interface], report: Report) -> Draft:
    """`own`: this machine's addresses. Raises SourceSyntaxError."""
    return _Translation(own, report).draft(read(files, sources, report))


class _Translation:
    def __init__(self, own: Sequence[IPv4Interface], report: Report) -> None:
        self._report = report
        self._found = Found(own, report)
        self._classes = Classes(self._found, self._block)

    def draft(self, statements: Sequence[Statement]) -> Draft:
        found = self._found
        self._define_options(statements)
        self._block(statements, Scope())
        # Of two for the same clients the nearer counts and, side by side, the later.
        nearest = sorted(enumerate(found.files), key=lambda each: (each[1][0], each[0]), reverse=True)
        files = [file for _, (_, file) in nearest]
        plan = boot_plan(files, found.machines, self._report)
        tell_files_of_another_program("dhcpd", files, plan, self._report)
        self._settle_loose()
        return lending(
            found.subnets,
            found.reservations,
            found.classes.classes,
            found.authoritative,
            found.bootp,
            plan,
            self._report,
        )

    def _define_options(self, statements: Sequence[Statement]) -> None:
        """First of all: a condition may stand before its option's definition in an included file."""
        for statement in filter(is_definition, statements):
            try:
                self._found.options.define(statement)
            except ValueError as problem:
                self._found.untold(statement, str(problem), "set the option by its number")

    def _settle_loose(self) -> None:
        for statement, pool in self._found.loose:
            home = next((each for each in self._found.subnets if pool.range.first in each.network), None)
            if home is None:
                self._found.untold(statement, "no subnet has these addresses", "add [[dhcp4.subnets]] that has")
            else:
                home.pools.append(pool)

    def _block(self, statements: Sequence[Statement], scope: Scope) -> Scope:
        """What a block sets holds for all of it, also for what stands above the line. Gives what it sets."""
        self._found.depth += 1
        blocks = [each for each in statements if _is_block(each)]
        settings = (each for each in statements if each.name not in _CLASSES and not _is_block(each))
        scope = read_settings(settings, scope, self._found)
        self._classes.read(statements, scope)
        before: Condition | None = NOBODY
        for statement in blocks:
            if statement.name in _BRANCHES:
                before = self._classes.branch(statement, scope, NOBODY if statement.name == "if" else before)
            elif statement.name not in _CLASSES and statement.block is not None:
                self._declaration(statement, statement.block, scope)
        self._found.depth -= 1
        return scope

    def _declaration(self, statement: Statement, block: Sequence[Statement], scope: Scope) -> None:
        if statement.name == "subnet":
            self._subnet(statement, block, scope)
        elif statement.name == "shared-network":
            self._shared_network(statement, block, scope)
        elif statement.name == "pool":
            self._pool(block, scope)
        elif statement.name == "host":
            self._host(statement, block, scope)
        else:
            self._group(block, scope)

    def _group(self, block: Sequence[Statement], scope: Scope) -> None:
        """Of subnets: what it sets is theirs. Of hosts: its options and boot files are."""
        if any(each.name in ("subnet", "shared-network") and each.block is not None for each in block):
            self._block(block, scope)
            return
        hosts = [each for each in block if _is_of_hosts(each)]
        collected: list[BootFile] = []
        settled = self._block(
            [each for each in block if not _is_of_hosts(each)], replace(scope.inside(), collected=collected)
        )
        of_group = {**scope.of_group, **settled.options}
        if not hosts:
            self._tell_settings(settled, "there is no host in the group")
            for file in collected:
                self._report.untranslated(file.place, file.setting, "there is no host in the group", "take it out")
        for time in settled.times.values():
            self._report.untranslated(time.place, time.setting, "a reservation has no lease time", "see `lease_time_s`")
        files: tuple[BootFile, ...] = (*reversed(collected), *scope.group_files)
        self._block(hosts, replace(settled.inside(), collected=None, of_group=of_group, group_files=files))

    def _subnet(self, statement: Statement, block: Sequence[Statement], scope: Scope) -> None:
        arguments = statement.arguments
        try:
            if len(arguments) != 3 or arguments[1].lower() != "netmask":
                raise ValueError("it is not understood")
            network = IPv4Network(f"{arguments[0]}/{arguments[2]}")
        except ValueError as problem:
            self._found.untold(statement, str(problem), "write it as [[dhcp4.subnets]]")
            network = None
        default = LeaseTime(LEASE_TIME_S, statement.place, str(statement))
        builder = SubnetBuilder(network or IPv4Network("0.0.0.0/32"), statement.place, LeaseTimes(default))
        settled = self._block(block, replace(scope, subnet=builder))
        builder.times, builder.options = LeaseTimes(**{"lease": default, **settled.times}), dict(settled.options)
        builder.shared_network = scope.shared_network
        if network is not None:
            self._found.subnets.append(builder)

    def _shared_network(self, statement: Statement, block: Sequence[Statement], scope: Scope) -> None:
        """Of one subnet it is a network like any other."""
        several = sum(each.name == "subnet" and each.block is not None for each in block) > 1
        name = statement.arguments[0] if statement.arguments else ""
        try:
            self._block(block, replace(scope, shared_network=parse_name(name) if several else None))
        except ValueError as problem:
            self._found.untold(statement, str(problem), "give its subnets one `shared_network`")
            self._block(block, scope)

    def _pool(self, block: Sequence[Statement], scope: Scope) -> None:
        permissions = [each for each in block if each.name in ("allow", "deny") and not is_harmless_permission(each)]
        limited = self._classes.limited(permissions, scope)
        inside: list[Statement] = []
        for each in block:
            if each.name == "range" and limited is None:
                self._found.untold(each, "who may use it cannot be said", "see `allow` and `deny` beside it")
            elif each.name not in ("allow", "deny") or is_harmless_permission(each):
                inside.append(each)
        self._tell_settings(self._block(inside, (limited or scope).inside()), POOL_SETTINGS)

    def _tell_settings(self, settled: Scope, why: str) -> None:
        for option in settled.options.values():
            self._report.untranslated(option.place, f"option {option.name}", why, "set it in the subnet, or in a class")
        for time in settled.times.values():
            self._report.untranslated(time.place, time.setting, why, "set it in the subnet, or in a class")

    def _host(self, statement: Statement, block: Sequence[Statement], scope: Scope) -> None:
        scope = replace(scope, host=statement.arguments[0] if statement.arguments else "", subnet=None)
        others = [each for each in block if not is_client_identifier(each, self._found)]
        read_host(statement, block, scope, self._block(others, scope.inside()), self._found)


def _is_block(statement: Statement) -> bool:
    return statement.block is not None and statement.name in _BLOCKS


def _is_of_hosts(statement: Statement) -> bool:
    return statement.block is not None and statement.name in ("host", "group")
