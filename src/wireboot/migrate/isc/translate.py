"""ISC's configuration as wireboot's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from wireboot.config.values import parse_host_name, parse_mac
from wireboot.migrate.boot import BootFile, KnownMachine, boot_plan
from wireboot.migrate.clients import EVERYBODY, NOBODY, Condition, UnsayableError, both, either, other_than
from wireboot.migrate.consistent import consistent
from wireboot.migrate.draft import Draft, OptionSetting, Pool, Reservation
from wireboot.migrate.expressions import Word, condition_of
from wireboot.migrate.isc.options import IscOptions
from wireboot.migrate.isc.other_statements import is_harmless_permission, tell_other
from wireboot.migrate.isc.statements import Statement, Token, read
from wireboot.migrate.next_server import tell_next_server
from wireboot.migrate.reasons import (
    BY_MAC,
    FILES_BY_CLASS_REMEDY,
    INSIDE_OPTIONS,
    NOTHING_FOR_PXE,
    ONE_LINK,
    OPTIONS_BY_CLASS,
    OPTIONS_BY_CLASS_REMEDY,
    POOLS_BY_CLASS,
    POOLS_BY_CLASS_REMEDY,
)
from wireboot.migrate.report import Report
from wireboot.migrate.sources import SourceFiles, SourceText
from wireboot.migrate.subnet_builder import SubnetBuilder, lease_time_s
from wireboot.wire.addresses import AddressRange

LEASE_TIME_S = 43200
"""dhcpd's own."""
VENDOR_CLASS, TFTP_SERVER_NAME, BOOT_FILE_NAME, HOST_NAME = 60, 66, 67, 12
_BLOCKS = ("subnet", "shared-network", "group", "pool", "host", "class", "subclass", "if", "elsif", "else")


def from_isc(files: Sequence[SourceText], sources: SourceFiles, own: Sequence[IPv4Interface], report: Report) -> Draft:
    """`own`: this machine's addresses. Raises SourceSyntaxError."""
    return _Translation(own, report).draft(read(files, sources, report))


@dataclass(frozen=True)
class _Scope:
    """What holds for the statements of a block."""

    options: Mapping[int, OptionSetting] = field(default_factory=dict)
    lease_time_s: int = LEASE_TIME_S
    condition: Condition | None = EVERYBODY
    """Whom boot files are for; None where wireboot has no words for them."""
    conditional: bool = False
    """Inside an `if` or a class: options there are not for the whole subnet."""
    subnet: SubnetBuilder | None = None
    host: str | None = None
    host_names: bool = False
    """`use-host-decl-names`."""
    narrow: bool = False
    """Inside a pool, or a group of hosts: options there are not for a whole subnet."""
    group_files: tuple[BootFile, ...] = ()
    """What the groups around a host name for each of their hosts."""
    collected: list[BootFile] | None = None
    """Where a group of hosts keeps its boot files until its hosts are read."""


class _Translation:
    def __init__(self, own: Sequence[IPv4Interface], report: Report) -> None:
        self._own, self._report = own, report
        self._options = IscOptions()
        self._subnets: list[SubnetBuilder] = []
        self._reservations: list[Reservation] = []
        self._machines: list[KnownMachine] = []
        self._files: list[tuple[int, BootFile]] = []
        """With how deep each stands: what is nearer to the client goes first."""
        self._loose: list[tuple[Statement, Pool]] = []
        """Ranges that stand outside of a subnet: a pool of a shared network may have those of each."""
        self._depth = 0

    def draft(self, statements: Sequence[Statement]) -> Draft:
        self._define_options(statements)
        self._block(statements, _Scope())
        # Of two for the same clients the nearer counts and, side by side, the later.
        nearest = sorted(enumerate(self._files), key=lambda each: (each[1][0], each[0]), reverse=True)
        files = [file for _, (_, file) in nearest]
        plan = boot_plan(files, self._machines, self._report)
        if plan.profiles:
            self._report.differs(
                files[0].place,
                "dhcpd names boot files, and another program serves them: wireboot does both",
                "set `boot_dir` to the folder that the TFTP server has served, and stop that one",
            )
        for statement, pool in self._loose:
            home = next((each for each in self._subnets if pool.range.first in each.network), None)
            if home is None:
                self._untold(statement, "no subnet has these addresses", "add [[dhcp4.subnets]] that has")
            else:
                home.pools.append(pool)
        subnets = consistent([each.subnet() for each in self._subnets], self._reservations, self._report)
        return Draft(
            None, (), "server" if subnets else None, subnets, plan.default_profile, plan.profiles, (), plan.machines
        )

    def _define_options(self, statements: Sequence[Statement]) -> None:
        """First of all: a condition may stand before its option's definition in an included file."""
        for statement in statements:
            if _is_definition(statement):
                try:
                    self._options.define(statement)
                except ValueError as problem:
                    self._report.untranslated(
                        statement.place, str(statement), str(problem), "set the option by its number"
                    )

    def _block(self, statements: Sequence[Statement], scope: _Scope) -> _Scope:
        """What a block sets holds for all of it, also for what stands above the line. Gives what it sets."""
        self._depth += 1
        scope = self._settings(statements, scope)
        before: Condition | None = NOBODY
        for statement in statements:
            if statement.block is None or statement.name not in _BLOCKS:
                continue
            if statement.name in ("if", "elsif", "else"):
                before = self._branch(statement, scope, NOBODY if statement.name == "if" else before)
            else:
                self._declaration(statement, statement.block, scope)
        self._depth -= 1
        return scope

    # Settings

    def _settings(self, statements: Sequence[Statement], scope: _Scope) -> _Scope:
        for statement in statements:
            if statement.block is not None and statement.name in _BLOCKS:
                continue
            scope = self._setting(statement, scope)
        return scope

    def _setting(self, statement: Statement, scope: _Scope) -> _Scope:
        name, arguments = statement.name, statement.arguments
        if name == "option" and len(statement.words) > 1:
            return self._option(statement, scope)
        if name == "default-lease-time" and len(arguments) == 1 and not scope.conditional and not scope.narrow:
            seconds = lease_time_s(arguments[0], statement.place, str(statement), self._report)
            return scope if seconds is None else replace(scope, lease_time_s=seconds)
        if name == "filename" and len(arguments) == 1:
            self._boot_file(arguments[0], statement, scope)
        elif name == "next-server" and arguments:
            tell_next_server(arguments[0], statement.place, str(statement), self._own, self._report)
        elif name == "use-host-decl-names" and len(arguments) == 1:
            return replace(scope, host_names=arguments[0].lower() in ("on", "true"))
        elif name == "range":
            self._range(statement, scope.subnet)
        elif name in ("hardware", "fixed-address") and scope.host is not None:
            pass  # read by the host
        elif name in ("match", "spawn", "lease") and scope.conditional:
            pass  # read, or told, by the class
        else:
            tell_other(statement, self._report)
        return scope

    def _option(self, statement: Statement, scope: _Scope) -> _Scope:
        if _is_definition(statement):
            if self._depth > 1:
                self._untold(statement, "options are defined at the top of a file", "move it there")
            return scope
        if statement.words[1].text == "space":
            self._untold(statement, INSIDE_OPTIONS, NOTHING_FOR_PXE)
            return scope
        code = self._options.code(statement.words[1].text)
        if code == BOOT_FILE_NAME and len(statement.arguments) == 2:
            self._boot_file(statement.arguments[1], statement, scope)
            return scope
        if code == TFTP_SERVER_NAME and len(statement.arguments) == 2:
            tell_next_server(statement.arguments[1], statement.place, str(statement), self._own, self._report)
            return scope
        if code == VENDOR_CLASS:
            self._report.not_needed(statement.place, str(statement), "wireboot sets it for PXE clients")
            return scope
        if code == HOST_NAME and scope.host is not None and not scope.conditional:
            return scope  # read by the host
        if scope.host is not None or scope.conditional or scope.narrow:
            self._untold(statement, OPTIONS_BY_CLASS, OPTIONS_BY_CLASS_REMEDY)
            return scope
        return self._subnet_option(statement, scope)

    def _subnet_option(self, statement: Statement, scope: _Scope) -> _Scope:
        try:
            option = self._options.setting(statement)
        except ValueError as problem:
            remedy = getattr(
                problem, "remedy", "set it in the subnet's `options`, as docs/reference/configuration.md has it"
            )
            self._untold(statement, str(problem), remedy)
            return scope
        return replace(scope, options={**scope.options, option.code: option})

    def _boot_file(self, file: str, statement: Statement, scope: _Scope) -> None:
        if scope.condition is None:
            self._untold(statement, "it is for clients that wireboot has no words for yet", FILES_BY_CLASS_REMEDY)
            return
        if scope.subnet is not None and scope.host is None:
            what = f"`{statement}` is for one subnet there, and for all here"
            self._report.differs(statement.place, what, "machines that need another get it by [[machines]]")
        condition = scope.condition
        if scope.host is not None:
            condition = tuple(replace(each, machine=scope.host) for each in condition)
        boot_file = BootFile(condition, file, statement.place, str(statement))
        if scope.collected is not None:
            scope.collected.append(boot_file)
        else:
            self._files.append((self._depth, boot_file))

    def _range(self, statement: Statement, subnet: SubnetBuilder | None) -> None:
        ends = [each for each in statement.arguments if each.lower() != "dynamic-bootp"]
        try:
            first, last = IPv4Address(ends[0] if ends else ""), IPv4Address(ends[-1] if ends else "")
            if len(ends) > 2 or last < first:
                raise ValueError("it is no range")
        except ValueError as problem:
            self._untold(statement, str(problem), "write it as `pools`")
            return
        pool = Pool(AddressRange(first, last), statement.place)
        if subnet is None:
            self._loose.append((statement, pool))
        else:
            subnet.pools.append(pool)

    # Declarations

    def _declaration(self, statement: Statement, block: Sequence[Statement], scope: _Scope) -> None:
        if statement.name == "subnet":
            self._subnet(statement, block, scope)
        elif statement.name == "shared-network":
            self._shared_network(statement, block, scope)
        elif statement.name == "pool":
            self._pool(block, scope)
        elif statement.name == "host":
            self._host(statement, block, scope)
        elif statement.name == "class":
            self._class(statement, block, scope)
        elif statement.name == "subclass":
            self._untold(
                statement, "classes by a list of values are not known yet", "list the machines as [[machines]]"
            )
        else:
            self._group(block, scope)

    def _group(self, block: Sequence[Statement], scope: _Scope) -> None:
        """Of subnets: what it sets is theirs. Of hosts: its boot files are."""
        if any(each.name in ("subnet", "shared-network") and each.block is not None for each in block):
            self._block(block, scope)
            return
        hosts = [each for each in block if each.name in ("host", "group") and each.block is not None]
        collected: list[BootFile] = []
        inside = replace(scope, narrow=True, collected=collected)
        settled = self._block([each for each in block if each not in hosts], inside)
        files = (*reversed(collected), *scope.group_files)
        self._block(hosts, replace(settled, collected=None, group_files=files))

    def _subnet(self, statement: Statement, block: Sequence[Statement], scope: _Scope) -> None:
        arguments = statement.arguments
        try:
            if len(arguments) != 3 or arguments[1].lower() != "netmask":
                raise ValueError("it is not understood")
            network = IPv4Network(f"{arguments[0]}/{arguments[2]}")
        except ValueError as problem:
            self._untold(statement, str(problem), "write it as [[dhcp4.subnets]]")
            self._block(block, replace(scope, subnet=SubnetBuilder(IPv4Network("0.0.0.0/32"), statement.place, 1)))
            return
        builder = SubnetBuilder(network, statement.place, scope.lease_time_s)
        settled = self._block(block, replace(scope, subnet=builder))
        builder.lease_time_s, builder.options = settled.lease_time_s, dict(settled.options)
        self._subnets.append(builder)

    def _shared_network(self, statement: Statement, block: Sequence[Statement], scope: _Scope) -> None:
        subnets = [each for each in block if each.name == "subnet"]
        if len(subnets) > 1:
            self._untold(
                statement,
                f"{len(subnets)} subnets on one link are not one network yet",
                ONE_LINK,
            )
        self._block(block, scope)

    def _pool(self, block: Sequence[Statement], scope: _Scope) -> None:
        limits = [each for each in block if each.name in ("allow", "deny") and not is_harmless_permission(each)]
        if not limits:
            self._block(block, replace(scope, narrow=True))
            return
        for each in block:
            if each.name == "range":
                self._untold(each, POOLS_BY_CLASS, POOLS_BY_CLASS_REMEDY)
        self._block([each for each in block if each.name != "range"], replace(scope, narrow=True))

    def _host(self, statement: Statement, block: Sequence[Statement], scope: _Scope) -> None:
        name = statement.arguments[0] if statement.arguments else ""
        macs = [mac for each in block if each.name == "hardware" and (mac := self._mac(each)) is not None]
        addresses = [address for each in block if each.name == "fixed-address" for address in self._addresses(each)]
        self._block(block, replace(scope, host=name, subnet=None))
        for file in scope.group_files:
            condition = tuple(replace(each, machine=name) for each in file.condition)
            self._files.append((self._depth, replace(file, condition=condition)))
        if not macs:
            self._untold(statement, BY_MAC,
                         "write the machine's MAC instead")  # fmt: skip
            return
        self._machines += [KnownMachine(name or "host", mac, (name,), statement.place) for mac in macs]
        hostname = self._host_name(block, name if scope.host_names else None)
        self._reservations += [
            Reservation(mac, address, hostname, statement.place) for mac in macs for address in addresses
        ]

    def _mac(self, statement: Statement) -> bytes | None:
        try:
            if len(statement.arguments) != 2 or statement.arguments[0].lower() != "ethernet":
                raise ValueError("machines are known by an Ethernet address")
            return parse_mac(":".join(part.rjust(2, "0") for part in statement.arguments[1].split(":")))
        except ValueError as problem:
            self._untold(statement, str(problem), "write the machine's MAC")
            return None

    def _addresses(self, statement: Statement) -> Iterable[IPv4Address]:
        for text in statement.arguments:
            try:
                yield IPv4Address(text)
            except ValueError:
                self._untold(statement, f"{text!r} is a name: names are not looked up", "write the address itself")

    def _host_name(self, block: Sequence[Statement], otherwise: str | None) -> str | None:
        for each in block:
            if each.begins("option", "host-name") and len(each.words) == 3:
                try:
                    return parse_host_name(each.words[2].text)
                except ValueError as problem:
                    self._untold(each, str(problem), "use letters, digits and hyphens")
        try:
            return None if otherwise is None else parse_host_name(otherwise)
        except ValueError:
            return None

    # Conditions

    def _class(self, statement: Statement, block: Sequence[Statement], scope: _Scope) -> None:
        condition: Condition | None = None
        for match in (each for each in block if each.name == "match"):
            if match.begins("match", "if"):
                condition = self._condition(match, match.words[2:])
            else:
                self._untold(
                    match, "classes by a list of values are not known yet", "list the machines as [[machines]]"
                )
        for each in block:
            if each.name in ("spawn", "lease"):
                self._untold(each, "classes have no leases of their own yet", "nothing is to be done for PXE")
        if condition is None and not any(each.name == "match" for each in block):
            self._untold(
                statement, "classes by a list of values are not known yet", "list the machines as [[machines]]"
            )
        self._block(block, replace(self._narrowed(scope, condition), conditional=True))

    def _branch(self, statement: Statement, scope: _Scope, before: Condition | None) -> Condition | None:
        """`if`, `elsif` and `else`; gives those whom any of the branches so far means."""
        assert statement.block is not None
        words = statement.words[1:]
        if statement.name == "else" and words and not words[0].quoted and words[0].text.lower() == "if":
            words = words[1:]
        here: Condition | None = (
            EVERYBODY if statement.name == "else" and not words else self._condition(statement, words)
        )
        narrowed = self._narrowed(scope, here)
        if before is None:
            narrowed = replace(narrowed, condition=None)
        elif before != NOBODY and narrowed.condition is not None:
            narrowed = replace(narrowed, condition=self._rest(narrowed.condition, before, statement))
        self._block(statement.block, replace(narrowed, conditional=True))
        return None if before is None or here is None else either(before, here)

    def _rest(self, condition: Condition, before: Condition, statement: Statement) -> Condition | None:
        """Of those whom the branch means the ones that no branch before it does."""
        try:
            for each in before:
                condition = both(condition, other_than((each,)))
        except UnsayableError as problem:
            self._untold(statement, str(problem), "write the boot files as profiles")
            return None
        return condition

    def _condition(self, statement: Statement, words: Sequence[Token]) -> Condition | None:
        try:
            return condition_of([Word(each.text, each.quoted) for each in words], self._options.code)
        except UnsayableError as problem:
            self._untold(statement, str(problem), "see the boot files inside of it")
            return None

    def _narrowed(self, scope: _Scope, condition: Condition | None) -> _Scope:
        if scope.condition is None or condition is None:
            return replace(scope, condition=None)
        try:
            return replace(scope, condition=both(scope.condition, condition))
        except UnsayableError:
            return replace(scope, condition=None)

    def _untold(self, statement: Statement, why: str, remedy: str) -> None:
        self._report.untranslated(statement.place, str(statement), why, remedy)


def _is_definition(statement: Statement) -> bool:
    return statement.name == "option" and len(statement.words) > 3 and statement.words[2].text == "code"
