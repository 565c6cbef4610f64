"""What holds for the statements of a block, and what has been found so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface

from wireboot.migrate.boot import BootFile, KnownMachine
from wireboot.migrate.class_book import ClassBook
from wireboot.migrate.clients import EVERYBODY, Condition
from wireboot.migrate.draft import OptionSetting, Pool, Reservation
from wireboot.migrate.isc.options import IscOptions
from wireboot.migrate.isc.statements import Statement
from wireboot.migrate.lease_times import LeaseTime
from wireboot.migrate.report import Place, Report
from wireboot.migrate.subnet_builder import SubnetBuilder


@dataclass(frozen=True)
class Scope:
    options: Mapping[int, OptionSetting] = field(default_factory=dict)
    times: Mapping[str, LeaseTime] = field(default_factory=dict)
    """By the names of LeaseTimes."""
    condition: Condition | None = EVERYBODY
    """Whom boot files are for; None where wireboot has no words for them."""
    conditional: bool = False
    """Inside an `if` or a class."""
    subnet: SubnetBuilder | None = None
    shared_network: str | None = None
    host: str | None = None
    host_names: bool = False
    """`use-host-decl-names`."""
    classes: tuple[str, ...] = ()
    not_classes: tuple[str, ...] = ()
    """Of the pool around."""
    of_group: Mapping[int, OptionSetting] = field(default_factory=dict)
    group_files: tuple[BootFile, ...] = ()
    """What the groups around a host set, and name, for each of their hosts."""
    collected: list[BootFile] | None = None
    """Where a group of hosts keeps its boot files until its hosts are read."""

    def inside(self) -> Scope:
        """For a block whose options and times are not those of the block around it."""
        return replace(self, options={}, times={})

    @property
    def everywhere(self) -> bool:
        """What stands here is not for one network, one pool or one machine."""
        return self.subnet is None and self.shared_network is None and self.host is None and self.collected is None


class Found:
    """Of all files."""

    def __init__(self, own: Sequence[IPv4Interface], report: Report) -> None:
        self.own, self.report = own, report
        self.options = IscOptions()
        self.subnets: list[SubnetBuilder] = []
        self.reservations: list[Reservation] = []
        self.machines: list[KnownMachine] = []
        self.classes = ClassBook(lambda _: ())
        self.files: list[tuple[int, BootFile]] = []
        """With how deep each stands: what is nearer to the client goes first."""
        self.loose: list[tuple[Statement, Pool]] = []
        """Ranges that stand outside of a subnet: a pool of a shared network may have those of each."""
        self.authoritative: list[tuple[bool, Place]] = []
        self.bootp: list[Place] = []
        self.depth = 0

    def untold(self, statement: Statement, why: str, remedy: str) -> None:
        self.report.untranslated(statement.place, str(statement), why, remedy)
