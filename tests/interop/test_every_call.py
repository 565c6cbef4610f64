"""A boot program of our own calls every service of the PXE API, in an emulated machine, over a real network.

What it shows was read against PXE 2.1 line by line: name, AX, status, and what the service told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.support.lab.addresses import LAN, SERVER
from tests.support.lab.boot_client import boot_client
from tests.support.lab.network import Host, Network
from tests.support.lab.server import start_wireboot
from tests.support.nbp import ASSEMBLER, LINKER, boot_program
from tests.support.requirements import LAB, require

SMALL_FILE = bytes(range(250)) * 4

DISCOVERY = """\
PXENV+ by ES:BX: valid
PXENV+ by EDX: the same
!PXE by SS:[SP+4]: valid
PXENV+ by INT 1Ah: the same
!PXE by PXENV+: the same
PXENV+ by search: the same
!PXE by search: the same
"""

SCRIPT = """
--- by {way}
GET_CACHED_INFO 0000 0000 type=0001 size=04EC message=01
GET_CACHED_INFO 0000 0000 type=0002 size=04EC message=05
GET_CACHED_INFO 0000 0000 type=0003 size=04EC message=05
GET_CACHED_INFO copied 0000 0000 size=04EC siaddr={server}
GET_CACHED_INFO copied 0000 0000 size=04EC yiaddr={client} chaddr={client_mac}
GET_CACHED_INFO 9 0001 0003
UNDI_GET_INFORMATION 0000 0000 mtu=05DC hw=0001 address={client_mac}
UNDI_GET_NIC_TYPE 0000 0000 type=02 vendor=1AF4
UNDI_GET_IFACE_INFO 0000 0000 DIX+802.3 flags=00000C1B
UNDI_GET_STATISTICS 0000 0000
UNDI_CLEAR_STATISTICS 0000 0000
UNDI_GET_STATISTICS 0000 0000 sent=00000000
UNDI_GET_MCAST_ADDRESS 0000 0000 address=01005E000102
UNDI_SET_STATION_ADDRESS 0000 0000
UNDI_SET_STATION_ADDRESS 0001 006C
UNDI_INITIATE_DIAGS 0001 0003
UNDI_FORCE_INTERRUPT 0001 0003
UNDI_CLOSE 0001 006A
UNDI_SET_PACKET_FILTER 0001 006A
UNDI_ISR 0000 0000 function=0001
UNDI_TRANSMIT 0001 006A
UNDI_OPEN 0000 0000
UNDI_SET_PACKET_FILTER 0000 0000
UNDI_SET_MCAST_ADDRESS 0000 0000
UNDI_SET_MCAST_ADDRESS 0001 006C
UNDI_RESET_ADAPTER 0000 0000
UNDI_TRANSMIT 0000 0000
UNDI_ISR answered: sent=01 header=000E protocol=02 packet=00 from={server_mac}
UNDI_CLOSE 0000 0000
UNDI_SHUTDOWN 0000 0000
UNDI_OPEN 0001 006A
UNDI_CLEANUP 0000 0000
STOP_UNDI 0000 0000
UNDI_STARTUP 0001 006A
START_UNDI 0000 0000
UNDI_STARTUP 0000 0000
UNDI_INITIALIZE 0000 0000
UDP_WRITE 0001 0018
UDP_READ 0001 0018
UDP_CLOSE 0001 0018
UDP_OPEN 0000 0000
UDP_OPEN 0001 0019
TFTP_OPEN 0001 0019
UDP_READ 0001 0001
UDP_WRITE 0000 0000
UDP_READ answered: status=0000 to={client} port=07D0 error=00050001
UDP_CLOSE 0000 0000
TFTP_READ 0001 001A
TFTP_CLOSE 0001 001A
TFTP_OPEN missing.txt 0001 003B
TFTP_OPEN of 100 bytes 0001 003F
TFTP_OPEN 0000 0000 size=0200
UDP_OPEN 0001 001B
TFTP_READ 0000 0000 packet=0001 size=0200
TFTP_READ 0000 0000 packet=0002 size=01E8
TFTP_CLOSE 0000 0000
TFTP_READ 0001 001A
TFTP_READ_FILE 0000 0000 size=000003E8 sum={sum:04X}
TFTP_READ_FILE into 100 bytes 0001 003A
TFTP_READ_FILE missing.txt 0001 003B
TFTP_READ_FILE_PMODE 0001 0003
TFTP_GET_FSIZE 0000 0000 size=000003E8
TFTP_GET_FSIZE missing.txt 0001 003B
RESTART_TFTP missing.txt 0001 003B
FILE_OPEN 0001 0003
FILE_CLOSE 0001 0003
FILE_SELECT 0001 0003
FILE_READ 0001 0003
GET_FILE_SIZE 0001 0003
FILE_EXEC 0001 0003
FILE_API_CHECK 0001 0003
FILE_EXIT_HOOK 0001 0003
FILE_CMDLINE 0001 0003
no such service 0001 0003
START_BASE 0001 0003"""

THE_END = """
--- by !PXE in protected mode
GET_CACHED_INFO 2 0000 0000 size=04EC
UNDI_GET_INFORMATION 0000 0000 mtu=05DC
UDP_OPEN 0000 0000
UDP_CLOSE 0000 0000
no such service 0001 0003
--- the end
UNLOAD_STACK 0000 0000
UDP_OPEN 0001 0003
TFTP_CLOSE 0001 0003
STOP_BASE 0000 0000
UNDI_GET_INFORMATION 0000 0000
UNDI_SHUTDOWN 0000 0000
STOP_UNDI 0000 0000
every call made"""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    require(*LAB, ASSEMBLER, LINKER)
    with Network(tmp_path) as network:
        yield network


def link_address(host: Host) -> str:
    (interface,) = json.loads(host.run("ip", "-json", "link", "show", host.interfaces[0]).stdout)
    return str(interface["address"])


def in_hex(address: IPv4Address | str) -> str:
    """As the program shows an IP address, or the address of a card."""
    if isinstance(address, IPv4Address):
        return address.packed.hex().upper()
    return address.replace(":", "").upper()


def test_every_service_answers_as_pxe_has_it(network: Network, tmp_path: Path) -> None:
    boot_dir = tmp_path / "boot"
    boot_dir.mkdir()
    (boot_dir / "every_call.0").write_bytes(boot_program("every_call"))
    (boot_dir / "small.txt").write_bytes(SMALL_FILE)
    segment = network.segment("lan")
    server = network.host("server").join(segment, LAN.at(SERVER))
    start_wireboot(server, configuration(server, boot_dir))
    client = network.host("client").join(segment)

    boot = boot_client(client, "--execute")
    assert boot.document["outcome"] == "booted", boot

    facts = {
        "server": in_hex(IPv4Address(SERVER)),
        "client": in_hex(IPv4Address(boot.document["address"])),
        "server_mac": in_hex(link_address(server)),
        "client_mac": in_hex(boot.document["client"]["mac"]),
        "sum": sum(SMALL_FILE) % 0x10000,
    }
    execution = boot.document["execution"]
    expected = DISCOVERY + "".join(SCRIPT.format(way=way, **facts) for way in ("!PXE", "PXENV+")) + THE_END
    shown = [line.rstrip() for line in execution["screen"].strip().splitlines()]
    assert shown == expected.splitlines()
    assert (execution["ending"], execution["code"]) == ("returned", 0)


def configuration(host: Host, boot_dir: Path) -> str:
    return f"""
state_dir = "{host.work_dir / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0"]
[dhcp4]
mode = "server"
[[dhcp4.subnets]]
network = "{LAN.network}"
pools = ["{LAN.first}-{LAN.last}"]
[[profiles]]
name = "every-call"
boot_program = {{ x86-bios = "every_call.0" }}
[boot]
default_profile = "every-call"
"""
