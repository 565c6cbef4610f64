"""Network boot programs of others, unmodified, run by `wireboot boot --execute` against `wireboot serve`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.boot_client import ClientBoot, boot_client
from tests.support.lab.boot_programs import (
    FIRST,
    PROGRAMS,
    SECOND,
    boot_programs_configuration,
    fill_boot_dir,
    number_of,
)
from tests.support.lab.conversation import Conversation
from tests.support.lab.machine import FIRMWARE, VirtualMachine, machine_mac, machine_uuid
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.payload import PayloadError
from tests.support.lab.server import start_wireboot
from tests.support.requirements import BOOT_PROGRAMS, VIRTUAL_MACHINE, cannot_run, require

KERNEL_WITHIN_S = 90.0
KERNEL_SPOKE = "Linux version"

Execution = dict[str, Any]


class Lab:
    """A server with all the programs, and a client beside it."""

    def __init__(self, segment: Segment, client: Host, boot_dir: Path) -> None:
        self.segment, self.client, self.boot_dir = segment, client, boot_dir

    def execute(self, name: str, *options: str, run_for_s: float = 60.0) -> ClientBoot:
        number = number_of(PROGRAMS[name])
        who = ("--arch", "x86-bios", "--mac", machine_mac(number), "--uuid", str(machine_uuid(number)))
        return boot_client(
            self.client, *who, "--execute", "--run-for", str(run_for_s), *options, timeout_s=run_for_s + 60.0
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    require(*BOOT_PROGRAMS)
    boot_dir = tmp_path_factory.mktemp("boot")
    try:
        fill_boot_dir(boot_dir)
    except PayloadError as failure:
        cannot_run(f"needs something to boot: {failure}")
    with Network(tmp_path_factory.mktemp("lab")) as network:
        segment = network.segment("lan")
        server = network.host("server").join(segment, LAN.at(SERVER))
        client = network.host("client").join(segment)
        start_wireboot(server, boot_programs_configuration(server, boot_dir))
        yield Lab(segment, client, boot_dir)


@pytest.fixture(scope="module")
def execution(lab: Lab) -> Callable[..., Execution]:
    """How a program ran; run once for all the tests that ask."""

    @cache
    def run(name: str, *options: str) -> Execution:
        boot = lab.execute(name, *options)
        assert boot.document["outcome"] == "booted", boot
        found = boot.document["execution"]
        assert isinstance(found, dict), boot
        return found

    return run


# Each program, what is typed to lead it to its kernel, and who the kernel is told that it was. The modules that load it
# for PXELINUX leave open which member of the family they belong to.
# fmt: off
TO_THE_KERNEL = [
    pytest.param("pxelinux",  (),                                          "Syslinux", id="pxelinux"),
    pytest.param("prompt",    ("--type", "boot:=>linux<enter>"),           "Syslinux", id="pxelinux-prompt"),
    pytest.param("menu",      ("--type", f"{SECOND}=><down><enter>"),      "Syslinux", id="menu.c32"),
    pytest.param("vesamenu",  ("--type", f"{SECOND}=><down><enter>"),      "Syslinux", id="vesamenu.c32"),
    pytest.param("lpxelinux", (),                                          "Syslinux", id="lpxelinux"),
    pytest.param("grub",      (),                                          "GRUB",     id="grub"),
    pytest.param("chain",     (),                                          "GRUB",     id="pxelinux-then-grub"),
    pytest.param("ipxe",      (),                                          "iPXE",     id="undionly"),
]
# fmt: on


@pytest.mark.parametrize(("name", "keys", "loader"), TO_THE_KERNEL)
def test_a_program_hands_over_to_linux(
    lab: Lab, execution: Callable[..., Execution], name: str, keys: tuple[str, ...], loader: str
) -> None:
    """With the kernel, the command line and the initial ramdisk that its configuration names, all of them whole."""
    run = execution(name, *keys)
    folder = lab.boot_dir / name
    initrd = (folder / "initrd.gz").read_bytes()

    assert run["ending"] == "linux", run
    assert PROGRAMS[name].command_line in run["command_line"]
    assert run["loader"] == loader
    # GRUB enters the kernel in protected mode, and does not load the part that has its version.
    assert (run["version"] == "") is (loader == "GRUB")
    assert run["version"].partition(" ")[0].encode() in (folder / "linux").read_bytes()
    assert run["initrd"] == {"size_bytes": len(initrd), "sha256": sha256(initrd).hexdigest()}


# fmt: off
SHOWN = [
    ("pxelinux",  (),                                     "PXELINUX 6.04"),
    ("prompt",    ("--type", "boot:=>linux<enter>"),      "boot: linux"),
    ("menu",      ("--type", f"{SECOND}=><down><enter>"), FIRST),
    ("vesamenu",  ("--type", f"{SECOND}=><down><enter>"), FIRST),
    ("lpxelinux", (),                                     "PXELINUX 6.04 lwIP"),
    ("ipxe",      (),                                     "iPXE"),
]
# fmt: on


@pytest.mark.parametrize(("name", "keys", "text"), SHOWN, ids=[row[0] for row in SHOWN])
def test_its_screen_is_in_the_account(
    execution: Callable[..., Execution], name: str, keys: tuple[str, ...], text: str
) -> None:
    assert text in execution(name, *keys)["screen"]


def test_the_local_disk_gets_the_machine_back(execution: Callable[..., Execution]) -> None:
    """PXE 2.1, the NBP's return: the BIOS goes on with its next device."""
    run = execution("local")
    assert (run["ending"], run.get("code", 0)) in {("returned", 0), ("next-device", 0)}, run


def test_what_needs_a_boot_loader_is_not_started(execution: Callable[..., Execution]) -> None:
    """memtest86+ has the form of a kernel. At 7C00h its boot sector would read the rest from a diskette for ever."""
    run = execution("memtest")
    assert run["ending"] == "not-runnable", run
    assert "Linux kernel (Memtest86+ v" in run["why"]
    assert "PXELINUX has to load" in run["why"]


def test_a_program_that_waits_for_a_key_says_so_at_the_end(lab: Lab) -> None:
    run = lab.execute("prompt", run_for_s=6.0).document["execution"]
    assert run["ending"] in {"waits-for-key", "out-of-time"}, run
    assert "key" in run.get("doing", "key")
    assert "boot:" in run["screen"]


@pytest.fixture(scope="module")
def asked_in_virtual_machine(lab: Lab) -> Callable[[str], list[str]]:
    """The files that a virtual PC, SeaBIOS with iPXE's ROM, asks for until the program's kernel speaks."""
    require(*VIRTUAL_MACHINE)

    def run(name: str) -> list[str]:
        recording = lab.segment.capture()
        machine = VirtualMachine(lab.segment, FIRMWARE["bios-virtio"], number_of(PROGRAMS[name]))
        machine.power_on()
        try:
            machine.wait_for(KERNEL_SPOKE, KERNEL_WITHIN_S)
        finally:
            machine.power_off()
        recording.end()
        return Conversation(recording.path, machine.mac).files_asked_for()

    return run


@pytest.mark.parametrize("name", ["pxelinux", "lpxelinux", "grub"])
def test_it_asks_for_the_same_files_as_in_a_virtual_machine(
    lab: Lab, asked_in_virtual_machine: Callable[[str], list[str]], name: str
) -> None:
    recording = lab.segment.capture()
    run = lab.execute(name).document["execution"]
    recording.end()
    ours = Conversation(recording.path, machine_mac(number_of(PROGRAMS[name]))).files_asked_for()

    assert without_slash(ours) == without_slash(asked_in_virtual_machine(name))
    assert without_slash(dict.fromkeys(run["files"])) == without_slash(ours)[1:]


def without_slash(names: Any) -> list[str]:
    return [name.lstrip("/") for name in names]
