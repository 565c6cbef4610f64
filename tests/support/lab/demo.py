"""`python -m tests.support.lab.demo`: a virtual PC boots from wireboot over a private network on this machine.

Its console and the nine steps of PXE are shown as they happen. Nothing outside the lab's own network is touched.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.conversation import Conversation
from tests.support.lab.machine import FIRMWARE, VirtualMachine
from tests.support.lab.namespace import LabError
from tests.support.lab.network import Network
from tests.support.lab.payload import USER_SPACE_REACHED, PayloadError, boot_dir, is_made
from tests.support.lab.peers import add_router
from tests.support.lab.process import NeverSeenError
from tests.support.lab.server import Event, WirebootServer, start_wireboot, wireboot_configuration
from tests.support.requirements import VIRTUAL_MACHINE, missing

BOOT_WITHIN_S = 120.0
LOOK_EVERY_S = 0.05
LAST_STEP = 9


class DemoError(Exception):
    """The boot did not come to its end; says why."""


def main() -> int:
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, end_as_after_an_error)
    screen = Screen()
    try:
        if reasons := missing(*VIRTUAL_MACHINE):
            raise DemoError(f"the demo needs {', '.join(reasons)}")
        with tempfile.TemporaryDirectory(prefix="wireboot-demo-") as work_dir, Network(Path(work_dir)) as network:
            boot(network, arguments.firmware, screen)
    except KeyboardInterrupt:
        screen.failed("stopped by Ctrl-C")
    except (DemoError, LabError, NeverSeenError, PayloadError) as error:
        screen.failed(str(error))
    else:
        return 0
    return 1


def end_as_after_an_error(*_: object) -> NoReturn:
    raise DemoError("stopped by SIGTERM")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run demo", description="Boot a virtual PC from wireboot and watch it.")
    parser.add_argument("--firmware", choices=FIRMWARE, default="bios-virtio", help="what kind of PC")
    return parser.parse_args()


def boot(network: Network, firmware: str, screen: Screen) -> None:
    if not is_made():
        screen.note("fetching a kernel from the distribution, this first time")
    files = boot_dir()
    lan = network.segment("lan")
    add_router(network, lan)
    host = network.host("server").join(lan, LAN.at(SERVER))
    server = start_wireboot(host, wireboot_configuration(host, files, mode="server", subnets=[LAN]))
    screen.note(f"wireboot is ready at {SERVER}")
    recording = lan.capture()
    machine = VirtualMachine(lan, FIRMWARE[firmware])
    machine.power_on()
    screen.powered_on(machine)
    try:
        watch(machine, server, screen)
    except DemoError as error:
        raise DemoError(f"{error}\nWhat was said:\n{Conversation(recording.path, machine.mac)}") from None


def watch(machine: VirtualMachine, server: WirebootServer, screen: Screen) -> None:
    """Show what happens until the machine has run its user space to the end."""
    while True:
        is_on, age_s = machine.is_on(), time.time() - machine.powered_on_at_s
        for event in server.events_not_seen_yet():
            if event.get("event") == "boot_step" and event.get("mac") == machine.mac:
                screen.step(event)
        for line in machine.console.new_lines():
            screen.console_line(line)
        if not is_on:
            break
        if not server.process.is_running():
            raise DemoError(f"wireboot ended; its last words:\n{server.process.transcript.tail()}")
        if age_s > BOOT_WITHIN_S:
            raise DemoError(f"the PC did not reach user space within {BOOT_WITHIN_S:g} s")
        time.sleep(LOOK_EVERY_S)
    if USER_SPACE_REACHED not in machine.console.text():
        raise DemoError("the PC switched itself off before it reached user space")
    if screen.last_step < LAST_STEP:
        raise DemoError(f"the PC booted, but wireboot told of {screen.last_step} of the {LAST_STEP} steps only")
    screen.note(f"the PC booted from power-on to user space in {age_s:.1f} s, and switched itself off")


class Screen:
    """What the person before the terminal sees; plain lines where there is no terminal."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._powered_on_at_s = time.time()
        self.last_step = 0

    def note(self, text: str) -> None:
        self._console.print(Text(text, style="bold"))

    def powered_on(self, machine: VirtualMachine) -> None:
        self._powered_on_at_s = machine.powered_on_at_s
        self.note(f"power on: {machine.firmware.name}, MAC {machine.mac}, UUID {machine.uuid}")

    def step(self, event: Event) -> None:
        number, detail = event["step"], event["detail"]
        assert isinstance(number, int)
        assert isinstance(detail, dict)
        self.last_step = number
        facts = ", ".join(f"{name}: {value}" for name, value in detail.items())
        self._console.print(
            Text.assemble(
                (f"{time.time() - self._powered_on_at_s:5.1f} s  step {number} of {LAST_STEP}: ", "bold green"),
                (str(event["name"]), "green"),
                f" ({facts})" if facts else "",
            )
        )

    def console_line(self, line: str) -> None:
        if line.strip():
            self._console.print(Text.assemble(("     PC | ", "cyan"), (line.rstrip(), "dim")))

    def failed(self, reason: str) -> None:
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"error: {reason}", style="red"))


if __name__ == "__main__":
    sys.exit(main())
