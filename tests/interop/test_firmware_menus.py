"""Real firmware shows our menus, keeps to our prompts and discovery control, and boots the entry that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.choices import LabMenu, chosen, make_programs, menus_configuration
from tests.support.lab.conversation import Conversation, Line
from tests.support.lab.machine import DOWN, ENTER, F8, FIRMWARE, VirtualMachine
from tests.support.lab.network import Network
from tests.support.lab.peers import add_router
from tests.support.lab.process import NeverSeenError
from tests.support.lab.server import Event, start_wireboot
from tests.support.requirements import VIRTUAL_MACHINE, require
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import VENDOR_SPECIFIC, MessageType
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.vendor_options import BOOT_ITEM

SHIM = "/usr/lib/shim/shimx64.efi.signed"
SIGNED_GRUB = "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"
BOOT_WITHIN_S = 60.0
AT_A_TIME = 3
"""Machines. Firmware counts seconds while it is emulated: too many at once would never come to a key."""
AT_ONCE, COUNTS_DOWN, COUNTS_LONG, WAITS = 0, 2, 60, 255


@dataclass(frozen=True, slots=True)
class Case:
    """One machine before one menu."""

    name: str
    firmware: str
    timeout_s: int
    boots: str
    shows: str = ""
    """What the machine shows before it wants keys."""
    keys: tuple[str, ...] = ()
    style: str = "pxe"
    """Who shows the menu."""


# fmt: off
# M is EDK2's other way into its menu: how F8 comes over a serial line is a matter of its terminal type.
UNICAST = (
    Case("bios-at-once",     "bios-virtio", AT_ONCE,     "first"),
    Case("bios-counts-down", "bios-virtio", COUNTS_DOWN, "first"),
    Case("bios-menu",        "bios-virtio", WAITS,       "other", "disk",  (DOWN, ENTER)),
    Case("bios-key",         "bios-virtio", COUNTS_LONG, "other", "Menu?", (F8, DOWN, ENTER)),
    Case("uefi-at-once",     "uefi-x64",    AT_ONCE,     "first"),
    Case("uefi-counts-down", "uefi-x64",    COUNTS_DOWN, "first"),
    Case("uefi-menu",        "uefi-x64",    WAITS,       "other", "disk",  (DOWN, ENTER)),
    Case("uefi-key",         "uefi-x64",    COUNTS_LONG, "other", "Menu?", ("m", DOWN, ENTER)),
)
MULTICAST = (
    Case("bios-multicast",   "bios-virtio", AT_ONCE,     "first"),
    Case("uefi-multicast",   "uefi-x64",    AT_ONCE,     "first"),
)
BROADCAST = (
    Case("bios-broadcast",   "bios-virtio", AT_ONCE,     "first"),
    Case("uefi-broadcast",   "uefi-x64",    AT_ONCE,     "first"),
)
LOADERS = (
    Case("ipxe-menu",        "bios-virtio", WAITS,       "other", "disk",  (DOWN, ENTER), style="auto"),
    Case("ipxe-at-once",     "bios-virtio", AT_ONCE,     "first", style="ipxe"),
    Case("grub-menu",        "uefi-x64",    WAITS,       "other", "disk",  (DOWN, ENTER), style="grub"),
    Case("grub-counts-down", "uefi-x64",    COUNTS_DOWN, "first", style="grub"),
)
SITES = {
    "unicast":   (UNICAST,   f"{SERVER}:4011",       ""),
    "multicast": (MULTICAST, "224.0.1.2:4011",       "[pxe.discovery]\nmulticast = true\nonly_listed = false\n"),
    "broadcast": (BROADCAST, "255.255.255.255:67",   "[pxe.discovery]\nbroadcast = true\nonly_listed = false\n"),
    "loaders":   (LOADERS,   "",                     ""),
}
# fmt: on
EVERY_CASE = [
    pytest.param(site, case, id=f"{site}-{case.name}") for site, (cases, _, _) in SITES.items() for case in cases
]
CASES = EVERY_CASE[: -len(LOADERS)]
"""Those in which firmware itself shows the menu."""


@dataclass(frozen=True, slots=True)
class Outcome:
    never_seen: NeverSeenError | None
    conversation: Conversation
    server_log: list[Event]
    mac: str

    def asked_boot_server(self) -> list[Line]:
        """The requests with a boot item in them."""
        return [line for line in self.conversation.lines if _boot_item(line) is not None and line.is_request]


def _boot_item(line: Line) -> vendor_options.BootItem | None:
    if not isinstance(line.said, Message):
        return None
    vendor = line.said.options.get(VENDOR_SPECIFIC)
    return None if vendor is None else vendor_options.decode(vendor).get(BOOT_ITEM)


Boots = Callable[[str, Case], Outcome]


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Boots:
    require(*VIRTUAL_MACHINE, "/usr/lib/grub/i386-pc/pxe.mod", SIGNED_GRUB, SHIM)
    boot_dir = tmp_path_factory.mktemp("choices")
    make_programs(boot_dir)

    @cache
    def boots_at(site: str) -> dict[str, Outcome]:
        with Network(tmp_path_factory.mktemp(site)) as network:
            return boot_all(site, network, boot_dir)

    return lambda site, case: boots_at(site)[case.name]


def boot_all(site: str, network: Network, boot_dir: Path) -> dict[str, Outcome]:
    cases, _, more = SITES[site]
    lan = network.segment("lan")
    add_router(network, lan)
    host = network.host("server").join(lan, LAN.at(SERVER))
    machines = [VirtualMachine(lan, FIRMWARE[case.firmware], number) for number, case in enumerate(cases)]
    menus = {machine.mac: LabMenu(case.timeout_s, case.style) for machine, case in zip(machines, cases, strict=True)}
    server = start_wireboot(host, menus_configuration(host, boot_dir, menus, more))
    recording = lan.capture()
    with ThreadPoolExecutor(AT_A_TIME) as side_by_side:
        seen = list(side_by_side.map(never_seen_in, cases, machines))
    server.stop()
    recording.end()
    return {
        case.name: Outcome(never_seen, Conversation(recording.path, machine.mac), server.events(), machine.mac)
        for case, machine, never_seen in zip(cases, machines, seen, strict=True)
    }


def never_seen_in(case: Case, machine: VirtualMachine) -> NeverSeenError | None:
    machine.power_on()
    try:
        if case.shows:
            machine.wait_for(case.shows, BOOT_WITHIN_S)
        for key in case.keys:
            machine.press(key)
        machine.wait_for(chosen(case.boots), BOOT_WITHIN_S)
    except NeverSeenError as failure:
        return failure
    finally:
        machine.power_off()
    return None


@pytest.mark.parametrize(("site", "case"), EVERY_CASE)
def test_the_entry_chosen_boots(boots: Boots, site: str, case: Case) -> None:
    """PXE 2.1 §2.2.4: prompt and menu, with all meanings of the timeout."""
    outcome = boots(site, case)
    if outcome.never_seen is not None:
        raise NeverSeenError(f"{outcome.never_seen}\n\nThe conversation:\n{outcome.conversation}")


@pytest.mark.parametrize(("site", "case"), CASES)
def test_the_boot_server_is_asked_in_the_way_allowed(boots: Boots, site: str, case: Case) -> None:
    """PXE 2.1 table 2-1, tag 6: each bit, as firmware takes it."""
    asked = boots(site, case).asked_boot_server()
    assert {str(line.destination) for line in asked} == {SITES[site][1]}


@pytest.mark.parametrize(("site", "case"), CASES)
def test_the_server_tells_the_steps_of_the_boot_in_order(boots: Boots, site: str, case: Case) -> None:
    outcome = boots(site, case)
    steps = [
        event["step"] for event in outcome.server_log if event["event"] == "boot_step" and event["mac"] == outcome.mac
    ]
    assert steps[:8] == list(range(1, 9))


@pytest.mark.parametrize(("site", "case"), CASES)
def test_answers_go_to_where_the_question_came_from(boots: Boots, site: str, case: Case) -> None:
    """PXE 2.1 §2.2.5: unicast, to the source port."""
    outcome = boots(site, case)
    asked = outcome.asked_boot_server()[0]
    answer = next(
        line for line in outcome.conversation.lines if line.at_s > asked.at_s and line.is_dhcp(MessageType.ACK)
    )
    assert str(answer.source.host) == SERVER
    assert answer.destination == asked.source
