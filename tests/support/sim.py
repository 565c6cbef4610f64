"""Sites of every kind, drawn from a seed: what the suite runs two hundred of, and the soak thousands."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from random import Random

from wireboot.config.load import parse
from wireboot.config.model import Configuration
from wireboot.protocols.pxe.firmware import FIRMWARE
from wireboot.sim.disk import DiskFaults
from wireboot.sim.population import populate
from wireboot.sim.site import site_of
from wireboot.sim.world import Crash, World

SIZE_BYTES_MAX = 50_000
"""Of a boot file: enough for several windows."""

PROFILES = """
[[profiles]]
name = "rescue"
boot_program = { "x86-bios" = "rescue/bios.0", "x86_64-uefi" = "rescue/x64.efi" }
"""
MENU = """
[[profiles]]
name = "choice"
menu = "main"
[[menus]]
name = "main"
timeout_s = 255
[[menus.entries]]
text = "Rescue"
profile = "rescue"
[[menus.entries]]
text = "Another Boot Server"
servers = ["10.77.0.9"]
[[menus.entries]]
text = "Local disk"
local = true
"""
SERVER = """
[dhcp4]
mode = "server"
[[dhcp4.subnets]]
network = "10.77.0.0/24"
pools = ["10.77.0.100-10.77.0.200"]
lease_time_s = 3600
"""
CROWDED = """
[dhcp4]
mode = "server"
reserved_share = "0%"
[[dhcp4.subnets]]
network = "10.77.0.0/24"
pools = ["10.77.0.100-10.77.0.103"]
lease_time_s = 60
[[dhcp4.subnets]]
network = "10.78.0.0/24"
pools = ["10.78.0.100-10.78.0.103"]
lease_time_s = 60
[[dhcp4.subnets.reservations]]
mac = "52:54:00:00:00:01"
address = "10.78.0.50"
[[machines]]
name = "unnamed-until-now"
mac = "52:54:00:00:00:77"
profile = "rescue"
[[machines]]
name = "reserved"
mac = "52:54:00:00:00:01"
"""
MTFTP = """
[[mtftp.files]]
file = "rescue/bios.0"
group = "239.255.77.1"
"""
DISCOVERY = """
[pxe.discovery]
multicast = true
broadcast = true
only_listed = false
"""
FALLBACK = """
[dhcp4.proxy_fallback]
network = "10.77.0.0/24"
pools = ["10.77.0.240-10.77.0.247"]
"""


def default(profile: str) -> str:
    return f'[boot]\ndefault_profile = "{profile}"\n'


# fmt: off
CONFIGURATIONS = {
    "server":         SERVER  + default("rescue") + PROFILES,
    "proxy":          default("rescue") + PROFILES,
    "fallback":       FALLBACK + default("rescue") + PROFILES,
    "menu":           SERVER  + default("choice") + PROFILES + MENU,
    "menu by proxy":  default("choice") + PROFILES + MENU + DISCOVERY,
    "multicast":      SERVER  + default("rescue") + PROFILES + MTFTP,
    "crowded":        CROWDED + default("rescue") + PROFILES,
    "everything":     SERVER  + default("choice") + PROFILES + MENU + MTFTP + DISCOVERY,
}
# fmt: on
KINDS = tuple(CONFIGURATIONS)


def configuration(toml: str) -> Configuration:
    return parse(toml.encode(), Path("wireboot.toml")).config


def world_of(seed: int) -> World:
    """The site and the misfortunes of this seed, machines included."""
    random = Random(f"site {seed}")
    kind = KINDS[seed % len(KINDS)]
    machines = random.randrange(2, 13)
    site = site_of(configuration(CONFIGURATIONS[kind]), machines, size_bytes_max=random.randrange(SIZE_BYTES_MAX))
    world = World(
        seed,
        site,
        loss=random.choice((0.0, 0.05, 0.1, 0.25)),
        duplication=random.choice((0.0, 0.02, 0.2)),
        reordering=random.choice((0.0, 0.05, 0.5)),
        delay_s=(0.0005, random.choice((0.01, 0.5))),
        crashes=_crashes(random),
        disk=_disk(random),
    )
    populate(
        world,
        machines,
        tuple(FIRMWARE.values()),
        multicast=random.random() < 0.8,
        boots=random.randrange(1, 4),
        within_s=random.choice((0.01, 10.0, 60.0)),
    )
    if kind == "crowded":
        for _ in range(random.randrange(2)):
            world.add_squatter(IPv4Address("10.77.0.100") + random.randrange(4))
    if random.random() < 0.3:
        world.add_stranger(IPv4Address("10.77.0.250"), packets=random.randrange(60), within_s=40.0)
    if random.random() < 0.2:
        world.cut_off(random.choice(world.machines), at_s=random.random() * 30, for_s=random.random() * 60)
    return world


def quiet_world(toml: str, machines: int, *, loss: float = 0.0) -> World:
    """A site on which nothing goes wrong but what is asked for."""
    world = World(1, site_of(configuration(toml), machines, size_bytes_max=SIZE_BYTES_MAX), loss=loss)
    populate(world, machines, tuple(FIRMWARE.values()), multicast=False)
    return world


def _crashes(random: Random) -> tuple[Crash, ...]:
    if random.random() < 0.5:
        return ()
    return tuple(Crash(random.random() * 40, random.random() * 10) for _ in range(random.randrange(1, 4)))


def _disk(random: Random) -> DiskFaults:
    slow = random.choice(((0.001, 0.01), (0.05, 1.5)))
    refuses_at = random.random() * 30
    return DiskFaults(slow, refuses=((refuses_at, refuses_at + 8),) if random.random() < 0.3 else ())
