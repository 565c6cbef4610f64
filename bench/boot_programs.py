"""How fast boot programs come to their kernel on `wireboot boot --execute`, and on a virtual PC beside it.

`python -m bench.boot_programs` boots each program twice from the same wireboot server on a private network: once by
`wireboot boot --execute`, once by QEMU without hardware acceleration, SeaBIOS and iPXE's ROM. The clock runs from the
read request for the program itself, so that no firmware's start is counted, to the one for the initial ramdisk and, for
wireboot's own, to the entry of the kernel. A program of our own that only computes tells the speed of both processors.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.boot_client import boot_client
from tests.support.lab.boot_programs import PROGRAMS, boot_programs_configuration, fill_boot_dir, number_of
from tests.support.lab.conversation import Conversation
from tests.support.lab.machine import FIRMWARE, VirtualMachine, machine_mac, machine_uuid
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.server import start_wireboot
from tests.support.nbp import ASSEMBLER, LINKER, boot_program
from tests.support.requirements import BOOT_PROGRAMS, VIRTUAL_MACHINE, missing
from wireboot.protocols.tftp.packet import ReadRequest

COMPARED = ("pxelinux", "lpxelinux", "grub", "ipxe")
LOOP = "loop"
LOOP_INSTRUCTIONS = 5 * 20_000_000
LOOP_BEGINS, LOOP_ENDS = "loop begins", "loop ends"
WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Way:
    """Seconds since the request for the program."""

    to_initrd_s: float
    to_kernel_s: float | None = None
    """None: a virtual PC does not say when."""


class Lab:
    def __init__(self, segment: Segment, client: Host) -> None:
        self._segment, self._client = segment, client

    def execute(self, name: str) -> tuple[Way, dict[str, Any]]:
        recording = self._segment.capture()
        run = self._run(number_of(PROGRAMS[name]))
        recording.end()
        assert run["ending"] == "linux", run
        to_initrd_s = between_requests(recording.path, machine_mac(number_of(PROGRAMS[name])))
        return Way(to_initrd_s, run["seconds"]), run

    def virtual_machine(self, name: str) -> Way:
        recording = self._segment.capture()
        machine = VirtualMachine(self._segment, FIRMWARE["bios-virtio"], number_of(PROGRAMS[name]))
        machine.power_on()
        machine.wait_for("Linux version", WITHIN_S)
        machine.power_off()
        recording.end()
        return Way(between_requests(recording.path, machine.mac))

    def loop(self) -> float:
        run = self._run(len(PROGRAMS))
        assert run["ending"] == "returned", run
        seconds: float = run["seconds"]
        return seconds

    def loop_in_virtual_machine(self) -> float:
        machine = VirtualMachine(self._segment, FIRMWARE["bios-virtio"], len(PROGRAMS))
        machine.power_on()
        begun_at_s = machine.wait_for(LOOP_BEGINS, WITHIN_S)
        ended_at_s = machine.wait_for(LOOP_ENDS, WITHIN_S)
        machine.power_off()
        return ended_at_s - begun_at_s

    def _run(self, number: int) -> dict[str, Any]:
        who = ("--arch", "x86-bios", "--mac", machine_mac(number), "--uuid", str(machine_uuid(number)))
        boot = boot_client(self._client, *who, "--execute", "--run-for", str(WITHIN_S), timeout_s=2 * WITHIN_S)
        run = boot.document["execution"]
        assert isinstance(run, dict), boot
        return run


def between_requests(capture: Path, mac: str) -> float:
    """From the first read request, for the program, to the last, for the initial ramdisk."""
    requests = [line for line in Conversation(capture, mac).lines if isinstance(line.said, ReadRequest)]
    return requests[-1].at_s - requests[0].at_s


def main() -> int:
    arguments = parse_arguments()
    if reasons := missing(*BOOT_PROGRAMS, *VIRTUAL_MACHINE, ASSEMBLER, LINKER):
        sys.stderr.write(f"error: this bench needs {', '.join(reasons)}\n")
        return 1
    with laboratory() as lab:
        show_speed(lab, arguments.times)
        show_programs(lab, arguments.times)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.boot_programs", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="how often each is run; medians are shown")
    return parser.parse_args()


@contextmanager
def laboratory() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory() as work_dir, Network(Path(work_dir)) as network:
        boot_dir = Path(work_dir, "boot")
        boot_dir.mkdir()
        fill_boot_dir(boot_dir)
        (boot_dir / "loop.0").write_bytes(boot_program(LOOP))
        lan = network.segment("lan")
        server = network.host("server").join(lan, LAN.at(SERVER))
        client = network.host("client").join(lan)
        start_wireboot(server, boot_programs_configuration(server, boot_dir) + loop_machine())
        yield Lab(lan, client)


def loop_machine() -> str:
    profile = f'[[profiles]]\nname = "{LOOP}"\nboot_program = {{ "x86-bios" = "loop.0" }}\n'
    return f'{profile}[[machines]]\nname = "{LOOP}"\nmac = "{machine_mac(len(PROGRAMS))}"\nprofile = "{LOOP}"\n'


def show_speed(lab: Lab, times: int) -> None:
    rows = {
        "wireboot": median(lab.loop() for _ in range(times)),
        "QEMU": median(lab.loop_in_virtual_machine() for _ in range(times)),
    }
    table = Table("processor", "million instructions a second", title=f"a loop of {LOOP_INSTRUCTIONS} instructions")
    for name, seconds in rows.items():
        table.add_row(name, f"{LOOP_INSTRUCTIONS / seconds / 1e6:.0f}")
    Console().print(table)


def show_programs(lab: Lab, times: int) -> None:
    table = Table(
        "program",
        "wireboot: initrd asked for",
        "QEMU: initrd asked for",
        "QEMU takes times as long",
        "wireboot: kernel entered",
        "calls of the PXE API",
        title=f"seconds since the program was asked for, medians of {times}",
    )
    for name in COMPARED:
        runs = [lab.execute(name) for _ in range(times)]
        ours = median(way.to_initrd_s for way, _ in runs)
        kernel = median(way.to_kernel_s or 0.0 for way, _ in runs)
        calls = sum(runs[0][1]["calls"].values())
        theirs = median(lab.virtual_machine(name).to_initrd_s for _ in range(times))
        cells = (f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.2f}", f"{kernel:.2f}", str(calls))
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
