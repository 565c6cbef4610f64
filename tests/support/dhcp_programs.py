"""The DHCP clients that people have: udhcpc and ISC dhclient, on a host of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.lab.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.lab.network import Host

BOUND_WITHIN_S = 20.0

Told = dict[str, str]
"""What a client hands to its script, by the client's own names."""

# Both clients tell a script what happened and leave it to that to set up the interface.
SCRIPT = """\
#!/bin/sh
{ echo "what=${1:-$reason}"; env; echo; } >>"%(record)s"
case "${1:-$reason}" in
%(bound)s)
    ip address replace "$%(address)s/%(mask)s" dev "$interface" ;;
%(unbound)s)
    ip -4 address flush dev "$interface" ;;
esac
"""


class DhcpProgram:
    """A running client and what it has told its script so far."""

    def __init__(self, process: Process, record: Path) -> None:
        self.process = process
        self._record = record

    def told(self, *what: str) -> list[Told]:
        """What it has told, of these kinds only when any are named."""
        paragraphs = self._record.read_text().split("\n\n")[:-1] if self._record.exists() else []
        all_told = [dict(line.split("=", 1) for line in each.splitlines() if "=" in line) for each in paragraphs]
        return [told for told in all_told if not what or told["what"] in what]

    def wait_until_told(self, *what: str, times: int = 1) -> Told:
        """Wait until it has told one of these for the so-manieth time."""
        self.process.transcript.wait_until(
            lambda _: len(self.told(*what)) >= times, " or ".join(what) + f" for the {times}. time", BOUND_WITHIN_S
        )
        return self.told(*what)[times - 1]


def start_udhcpc(host: Host, *options: str) -> DhcpProgram:
    """BusyBox's client. It tells `deconfig`, `bound`, `renew`, `nak` and `leasefail`."""
    record, script = _write_script(
        host, "udhcpc", {"bound": "bound|renew", "unbound": "deconfig", "address": "ip", "mask": "$mask"}
    )
    # -f: in the foreground; -t, -T: so many tries, so many seconds apart; -O: ask for these as well.
    how = ("-f", "-i", "eth0", "-s", str(script), "-t", "5", "-T", "2", "-A", "1", "-O", "router", "-O", "dns")
    return DhcpProgram(host.start("udhcpc", *how, *options, log_name="udhcpc"), record)


def start_dhclient(host: Host, *options: str) -> DhcpProgram:
    """ISC's client. It tells `BOUND`, `REBOOT`, `RENEW`, `REBIND`, `EXPIRE`, `RELEASE` and others."""
    names = {"bound": "BOUND|REBOOT|RENEW|REBIND", "unbound": "EXPIRE|RELEASE|FAIL|STOP"}
    record, script = _write_script(host, "dhclient", names | {"address": "new_ip_address", "mask": "$new_subnet_mask"})
    command = ("dhclient", "-4", "-d", "-v", *_dhclient_files(host), "-sf", str(script), *options, "eth0")
    return DhcpProgram(host.start(*command, log_name="dhclient"), record)


def release_with_dhclient(host: Host) -> None:
    """Give back what the client on this host has; it ends with that."""
    script = host.work_dir / f"{host.name}.dhclient.script"
    host.run("dhclient", "-4", "-r", "-v", *_dhclient_files(host), "-sf", str(script), "eth0")


def _dhclient_files(host: Host) -> tuple[str, ...]:
    configuration = host.work_dir / f"{host.name}.dhclient.conf"
    # It draws a random pause of up to `initial-interval` before its first word.
    configuration.write_text("initial-interval 1;\nreboot 3;\nretry 2;\n")
    own = host.work_dir / f"{host.name}.dhclient"
    return ("-lf", f"{own}.leases", "-pf", f"{own}.pid", "-cf", str(configuration))


def _write_script(host: Host, program: str, names: Mapping[str, str]) -> tuple[Path, Path]:
    record = host.work_dir / f"{host.name}.{program}.record"
    script = host.work_dir / f"{host.name}.{program}.script"
    script.write_text(SCRIPT % {**names, "record": record})
    script.chmod(0o755)
    return record, script
