"""What holds for a part of Kea's configuration, and what has been found so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface

from wireboot.migrate.boot import BootFile, KnownMachine
from wireboot.migrate.class_book import ClassBook
from wireboot.migrate.clients import EVERYBODY
from wireboot.migrate.draft import OptionSetting, Reservation
from wireboot.migrate.kea.json_text import Node
from wireboot.migrate.kea.options import KeaOptions
from wireboot.migrate.kea.other_keys import Section
from wireboot.migrate.lease_times import LeaseTime
from wireboot.migrate.next_server import tell_next_server
from wireboot.migrate.report import Place, Report
from wireboot.migrate.subnet_builder import SubnetBuilder

VENDOR_CLASS, TFTP_SERVER_NAME, BOOT_FILE_NAME = 60, 66, 67


@dataclass(frozen=True)
class Scope:
    """What holds for a subnet from around it."""

    options: Mapping[int, OptionSetting] = field(default_factory=dict)
    times: Mapping[str, LeaseTime] = field(default_factory=dict)
    """By the names of LeaseTimes."""
    limits: tuple[Node, ...] = ()
    """The classes that alone may use it."""
    shared_network: str | None = None
    in_subnet: bool = False


class Found:
    """Of all files."""

    def __init__(self, own: Sequence[IPv4Interface], report: Report) -> None:
        self.own, self.report = own, report
        self.options = KeaOptions(report)
        self.interfaces: dict[str, Place] = {}
        self.subnets: list[SubnetBuilder] = []
        self.reservations: list[Reservation] = []
        self.machines: list[KnownMachine] = []
        self.classes = ClassBook(lambda _: ())
        self.of_classes: list[BootFile] = []
        self.of_machines: list[BootFile] = []
        self.of_all: list[BootFile] = []
        self.authoritative: list[tuple[bool, Place]] = []
        self.bootp: list[Place] = []
        self.flex_id: str | None = None
        """The expression that reservations by `flex-id` compare with."""

    def told(self, section: Section) -> tuple[dict[int, OptionSetting], list[BootFile]]:
        """The options of a part of the configuration, and the boot files that it names."""
        node = section.take("next-server")
        if node is not None and node.value:
            tell_next_server(str(node.value), node.place, f'"next-server": {node}', self.own, self.report)
        files: list[BootFile] = []
        node = section.take("boot-file-name")
        if node is not None and node.value:
            files.append(BootFile(EVERYBODY, str(node.value), node.place, f'"boot-file-name": {node}'))
        options: dict[int, OptionSetting] = {}
        for item in section.take_list("option-data"):
            each, shown = Section(item, self.report), _shown_option(item)
            file = self._boot_option(each, shown)
            if file is not None:
                files += file
            elif (option := self.options.setting(each, shown)) is not None:
                options[option.code] = option
            each.tell_others()
        return options, files

    def _boot_option(self, section: Section, shown: str) -> list[BootFile] | None:
        """Boot files of option 67, and none where it names a server or is wireboot's to set; None for all others."""
        code = self.options.code_of(section)
        if code not in (VENDOR_CLASS, TFTP_SERVER_NAME, BOOT_FILE_NAME):
            return None
        text = section.take_text("data") or ""
        for key in ("name", "code", "space", "csv-format", "always-send"):
            section.take(key)
        if code == BOOT_FILE_NAME:
            return [BootFile(EVERYBODY, text, section.place, shown)]
        if code == TFTP_SERVER_NAME:
            tell_next_server(text, section.place, shown, self.own, self.report)
        else:
            self.report.not_needed(section.place, shown, "wireboot sets it for PXE clients")
        return []


def _shown_option(node: Node) -> str:
    name = node.members.get("name") or node.members.get("code")
    data = node.members.get("data")
    return f"option {name} {data}" if data is not None else f"option {name}"
