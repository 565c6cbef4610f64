"""How long the same firmware waits for its address and for user space, served by dnsmasq and by wireboot.

`python -m bench.first_offer` boots one virtual PC from each, one after the other, on a private network of its own, and
prints both timelines. dnsmasq runs with its default settings, which check an address for 3 s before it is first
offered; `--no-ping` turns that off for a second look.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.conversation import Conversation
from tests.support.lab.machine import FIRMWARE, Firmware, VirtualMachine
from tests.support.lab.network import Host, Network
from tests.support.lab.payload import BOOT_PROGRAM, USER_SPACE_REACHED, boot_dir
from tests.support.lab.peers import add_router, start_boot_server
from tests.support.lab.server import start_wireboot, wireboot_configuration
from tests.support.requirements import VIRTUAL_MACHINE, missing
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.protocols.tftp.packet import ReadRequest

BOOT_WITHIN_S = 120.0

FIRST_DISCOVER, FIRST_OFFER, USER_SPACE = "first DISCOVER", "first OFFER", "user space"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point on the way of a boot, in seconds since power-on and since the first DISCOVER."""

    name: str
    since_power_on_s: float
    since_discover_s: float


def main() -> int:
    arguments = parse_arguments()
    if reasons := missing(*VIRTUAL_MACHINE):
        sys.stderr.write(f"error: this bench needs {', '.join(reasons)}\n")
        return 1
    dnsmasq_options = ["--no-ping"] if arguments.no_ping else []

    def start_dnsmasq(host: Host) -> None:
        start_boot_server(host, LAN, boot_dir(), BOOT_PROGRAM, *dnsmasq_options)

    firmware = FIRMWARE[arguments.firmware]
    timelines = {
        " ".join(("dnsmasq", *dnsmasq_options)): boot(firmware, start_dnsmasq),
        "wireboot": boot(firmware, start_wireboot_alone),
    }
    show(firmware, timelines)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.first_offer", description=__doc__)
    parser.add_argument("--firmware", choices=FIRMWARE, default="bios-virtio")
    parser.add_argument("--no-ping", action="store_true", help="run dnsmasq without its address check")
    return parser.parse_args()


def start_wireboot_alone(host: Host) -> None:
    start_wireboot(host, wireboot_configuration(host, boot_dir(), mode="server", subnets=[LAN]))


def boot(firmware: Firmware, start_server: Callable[[Host], None]) -> list[Milestone]:
    """Boot one machine, alone on a fresh network, from the server that `start_server` puts on its host."""
    with tempfile.TemporaryDirectory() as work_dir, Network(Path(work_dir)) as network:
        lan = network.segment("lan")
        add_router(network, lan)
        start_server(network.host("server").join(lan, LAN.at(SERVER)))
        recording = lan.capture()
        machine = VirtualMachine(lan, firmware)
        machine.power_on()
        user_space_at_s = machine.wait_for(USER_SPACE_REACHED, BOOT_WITHIN_S)
        recording.end()
        return milestones(machine.powered_on_at_s, Conversation(recording.path, machine.mac), user_space_at_s)


def milestones(powered_on_at_s: float, conversation: Conversation, user_space_at_s: float) -> list[Milestone]:
    discover_at_s = conversation.first_dhcp(MessageType.DISCOVER).at_s
    # fmt: off
    times = {
        FIRST_DISCOVER:       discover_at_s,
        FIRST_OFFER:          conversation.first_dhcp(MessageType.OFFER, SERVER).at_s,
        "first REQUEST":      conversation.first_dhcp(MessageType.REQUEST).at_s,
        "first ACK":          conversation.first_dhcp(MessageType.ACK, SERVER).at_s,
        "first TFTP request": conversation.first(lambda line: isinstance(line.said, ReadRequest)).at_s,
        USER_SPACE:           user_space_at_s,
    }
    # fmt: on
    return [Milestone(name, at_s - powered_on_at_s, at_s - discover_at_s) for name, at_s in times.items()]


def show(firmware: Firmware, timelines: dict[str, list[Milestone]]) -> None:
    table = Table(title=f"{firmware.name}: seconds since the first DISCOVER (since power-on)")
    table.add_column("")
    for server in timelines:
        table.add_column(server, justify="right")
    for rows in zip(*timelines.values(), strict=True):
        cells = [f"{row.since_discover_s:.3f} ({row.since_power_on_s:.1f})" for row in rows]
        table.add_row(rows[0].name, *cells)
    console = Console()
    console.print(table)
    dnsmasq, wireboot = ({row.name: row for row in timeline} for timeline in timelines.values())
    for name in (FIRST_OFFER, USER_SPACE):
        ratio = dnsmasq[name].since_discover_s / wireboot[name].since_discover_s
        console.print(f"{name}: dnsmasq takes {ratio:.2f} times as long as wireboot")


if __name__ == "__main__":
    sys.exit(main())
