"""The story of one boot: all nine steps with their packets, as Wireshark's tshark reads them off a real capture.

`python -m tests.support.story` boots and writes docs/concepts/one-boot.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.boot_client import ClientBoot, boot_client
from tests.support.lab.network import Host, Network
from tests.support.lab.process import ENVIRONMENT
from tests.support.lab.server import start_wireboot, subnet_table

PAGE = Path(__file__).parents[2] / "docs/concepts/one-boot.md"
MAC = "52:54:00:77:00:10"
UUID = "77777777-0000-4000-8000-000000000010"
BOOT_FILE = "rescue.0"
MTFTP_PORTS = ("1759", "1760")
KNOWN_PORTS = {"67", "68", "69", "4011", *MTFTP_PORTS}

_COLUMNS = ("ip.src", "ip.dst", "udp.srcport", "udp.dstport", "_ws.col.Protocol", "_ws.col.Info")
_TRANSACTION = re.compile(r"\s*- Transaction ID 0x[0-9a-f]+")
_CREDENTIAL_SIZE = re.compile(r"(?<=tsize=)[1-9]\d*")

# fmt: off
STEPS = {
    1: "The client broadcasts DHCPDISCOVER with PXE tags",
    2: "A DHCP service, here with PXE tags of its own, offers",
    3: "The client records its address and the Boot Servers",
    4: "It completes DHCP",
    5: "It asks for the Boot Server of the menu entry that was chosen",
    6: "The Boot Server names the boot file and its multicast group",
    7: "The client downloads the boot file, here by MTFTP",
    8: "The authenticity test: the credential is asked for, downloaded and tested",
    9: "The downloaded code runs",
}
WITHOUT_PACKETS = {
    3: "No packet: what is recorded stood in the offer, in option 43: a menu, a list of Boot Servers, and the group at "
       "which they are looked for.",
    9: "No packet: `wireboot boot` hands over the verified image.",
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the story."""

    source: str
    destination: str
    protocol: str
    info: str

    def __str__(self) -> str:
        return f"| {self.source} | {self.destination} | {self.protocol} | {self.info} |"


def configuration(host: Host, boot_dir: Path, anchor: Path) -> str:
    """A server with everything that a boot can have: a menu, discovery by multicast, MTFTP and a credential."""
    return f"""\
state_dir = "{host.work_dir / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
{subnet_table(LAN)}
[pxe.discovery]
multicast = true
[[mtftp.files]]
file = "{BOOT_FILE}"
group = "239.255.77.1"
[boot]
default_profile = "choice"
[[profiles]]
name = "choice"
menu = "main"
[[profiles]]
name = "rescue"
boot_program = {{ "x86-bios" = "{BOOT_FILE}" }}
[[menus]]
name = "main"
style = "pxe"
[[menus.entries]]
text = "Local disk"
local = true
[[menus.entries]]
text = "Rescue"
profile = "rescue"
[[credentials]]
boot_file = "{BOOT_FILE}"
trust = "{anchor}"
"""


def record(work_dir: Path) -> tuple[ClientBoot, Path]:
    """Boot once; how it went, and the client's own capture of it."""
    boot_dir, keys, capture = work_dir / "boot", work_dir / "keys", work_dir / "boot.pcapng"
    boot_dir.mkdir()
    (boot_dir / BOOT_FILE).write_bytes(bytes(3000))
    with Network(work_dir) as network:
        lan = network.segment("lan")
        server, client = network.host("server").join(lan, LAN.at(SERVER)), network.host("client").join(lan)
        command = (sys.executable, "-m", "wireboot", "credential")
        server.run(*command, "keygen", keys)
        signer = ("--key", keys / "signer.key", "--certificate", keys / "signer.pem")
        server.run(*command, "sign", boot_dir / BOOT_FILE, *signer, "--profile", "rescue")
        start_wireboot(server, configuration(server, boot_dir, keys / "anchor.pem"))
        who, how = ("--mac", MAC, "--uuid", UUID), ("--menu-item", "1", "--multicast", "--trust", keys / "anchor.pem")
        return boot_client(client, *who, *how, "--pcap", capture), capture


def malformed(capture: Path) -> list[str]:
    """What tshark finds wrong with the frames."""
    return _tshark(capture, "-Y", "_ws.malformed || _ws.expert.severity == error")


def frames_by_step(capture: Path) -> dict[int, list[Frame]]:
    columns = [option for column in _COLUMNS for option in ("-e", column)]
    # Who asks for whose address, and when a group is confirmed, is as chance has it.
    shown = f"udp || (eth.src == {MAC} && (igmp || arp.isprobe == 1 || arp.isannouncement == 1))"
    rows = _tshark(capture, "-Y", shown, "-T", "fields", "-E", "separator=\t", *columns)
    steps: dict[int, list[Frame]] = {step: [] for step in STEPS}
    step = 1
    for row in rows:
        step = _step_of(row, step)
        steps[step].append(_frame(row))
    return {step: list(_shortened(frames)) for step, frames in steps.items()}


def page(capture: Path) -> str:
    """The page, the same for every boot."""
    parts = [
        "# One boot, packet by packet\n",
        "All nine steps of PXE 2.1 in one boot: `wireboot boot --menu-item 1 --multicast --trust anchor.pem` against",
        "`wireboot serve` with a menu, multicast discovery, MTFTP and a signed boot file. Recorded with `--pcap`, and",
        "read by tshark. This page is written by `python -m tests.support.story`; a test boots again and compares.",
        "Middle blocks of files are left out; `*` is a number that differs in every boot.",
    ]
    for step, frames in frames_by_step(capture).items():
        parts.append(f"\n## {step}. {STEPS[step]}\n")
        if frames:
            parts += ["| from | to | protocol | what |", "|---|---|---|---|", *map(str, frames)]
        else:
            parts.append(WITHOUT_PACKETS[step])
    return "\n".join(parts) + "\n"


def _step_of(row: str, before: int) -> int:
    """Steps go forward only; which packet begins one is what PXE 2.1 §2.1 says."""
    begins = {
        2: "DHCP Offer",
        4: "DHCP Request",
        5: "proxyDHCP Request",
        6: "proxyDHCP ACK",
        7: "Membership Report",
        8: "proxyDHCP Request",
    }
    return next(
        (step for step, sign in begins.items() if step > before and _follows(before, step) and sign in row), before
    )


def _follows(before: int, step: int) -> bool:
    return step - before == 1 or (before, step) == (2, 4)


def _frame(row: str) -> Frame:
    source, destination, source_port, destination_port, protocol, info = row.split("\t")
    what = _CREDENTIAL_SIZE.sub("*", _TRANSACTION.sub("", info))
    return Frame(_end(source, source_port), _end(destination, destination_port), protocol, what)


def _end(address: str, port: str) -> str:
    if not port:
        return address or "(link)"
    return f"{address}:{port if port in KNOWN_PORTS else '*'}"


def _shortened(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Without repetitions; of the blocks of a file the first, and the last."""
    for _, run in groupby(frames, key=lambda frame: frame.protocol == "TFTP" and "Block" in frame.info):
        kept = list(dict.fromkeys(run))
        blocks = [frame for frame in kept if "Block: 1" in frame.info or "Block: 0" in frame.info]
        end = next((at for at, frame in enumerate(kept) if "(last)" in frame.info), None)
        if end is None or len(kept) == len(blocks):
            yield from kept
        else:
            yield from dict.fromkeys((*blocks, *kept[end:]))


def _tshark(capture: Path, *options: str) -> list[str]:
    command = (
        "tshark",
        "-n",
        "-r",
        str(capture),
        "-d",
        "udp.port==1760,tftp",
        *options,
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=ENVIRONMENT)
    return done.stdout.splitlines()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(record(Path(folder))[1]), encoding="utf-8")
