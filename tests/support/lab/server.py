"""`wireboot serve` on a host of the lab, and what it says about itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.support.lab.addresses import Subnet
from tests.support.lab.network import Host
from tests.support.lab.payload import BOOT_PROGRAM
from tests.support.lab.process import Process

Event = dict[str, object]

READY_WITHIN_S = 20.0


class WirebootServer:
    """A running `wireboot serve`. Its log is a list of events, one JSON object a line."""

    def __init__(self, process: Process) -> None:
        self.process = process

    def wait_until_ready(self) -> None:
        self.process.transcript.wait_until(
            lambda log: any(event.get("event") == "ready" for event in read_events(log)),
            "that it is ready",
            READY_WITHIN_S,
        )

    def events(self) -> list[Event]:
        """All events so far."""
        return read_events(self.process.transcript.text())

    def events_not_seen_yet(self) -> list[Event]:
        """The events not yet told by this method."""
        return read_events("\n".join(self.process.transcript.new_lines()))

    def stop(self) -> int:
        return self.process.stop()


def start_wireboot(host: Host, configuration: str) -> WirebootServer:
    file = host.work_dir / f"{host.name}.wireboot.toml"
    file.write_text(configuration)
    command = (sys.executable, "-m", "wireboot", "serve", "--config", str(file), "--log-format", "json")
    server = WirebootServer(host.start(*command, log_name="wireboot"))
    server.wait_until_ready()
    return server


def wireboot_configuration(
    host: Host,
    boot_dir: Path,
    *,
    mode: str,
    subnets: Iterable[Subnet] = (),
    boot_program: Mapping[str, str] = BOOT_PROGRAM,
) -> str:
    """The configuration of a host that serves the lab's payload to every machine."""
    programs = ", ".join(f'"{architecture}" = "{file}"' for architecture, file in boot_program.items())
    return f"""\
state_dir = "{host.work_dir / f"{host.name}.state"}"
boot_dir = "{boot_dir}"

[network]
interfaces = {json.dumps(host.interfaces)}

[dhcp4]
mode = "{mode}"
{"".join(map(subnet_table, subnets))}
[boot]
default_profile = "lab"

[[profiles]]
name = "lab"
boot_program = {{ {programs} }}
"""


def subnet_table(subnet: Subnet) -> str:
    return f"""
[[dhcp4.subnets]]
network = "{subnet.network}"
pools = ["{subnet.first}-{subnet.last}"]
options = {{ routers = ["{subnet.router}"] }}
"""


def read_events(log: str) -> list[Event]:
    """The JSON objects of a log; other lines, such as a traceback, are for who reads the file."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}")]
