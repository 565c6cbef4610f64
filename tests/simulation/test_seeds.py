"""Whole sites under two hundred seeds. `python -m tests.simulation.soak` runs thousands."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from tests.support.sim import CONFIGURATIONS, KINDS, SIZE_BYTES_MAX, configuration, quiet_world, world_of
from wireboot.protocols.pxe.client_events import Booted, LocalBoot
from wireboot.protocols.pxe.firmware import FIRMWARE
from wireboot.sim.site import site_of
from wireboot.sim.world import World

SEEDS = 200


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_that_never_may_happen_happens(seed: int) -> None:
    """RFC 2131 §3.1, PXE 2.1 §2: leases, boot files and memory are right whatever network, disk and power do."""
    world_of(seed).run()


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_goes_wrong_every_machine_boots(kind: str) -> None:
    """PXE 2.1 §2.1: the nine steps, for each kind of firmware."""
    world = quiet_world(CONFIGURATIONS[kind], 8)

    world.run()

    assert all(isinstance(machine.outcome, Booted | LocalBoot) for machine in world.machines), world.transcript()


def test_most_machines_boot_over_a_network_that_loses_every_tenth_datagram() -> None:
    """RFC 2131 §4.1, RFC 1350 §2: what is lost is asked for again."""
    world = quiet_world(CONFIGURATIONS["server"], 60, loss=0.1)

    world.run()

    assert sum(isinstance(machine.outcome, Booted) for machine in world.machines) >= 59


def test_machines_that_ask_for_a_file_together_share_one_transmission() -> None:
    """PXE 2.1 §2.3: by multicast a file passes the cable about once for all who listen."""
    site = site_of(configuration(CONFIGURATIONS["multicast"]), 6, size_bytes_max=SIZE_BYTES_MAX)
    world = World(1, site)
    for number in range(6):
        world.add_machine(FIRMWARE["intel-rom"], on_at_s=number * 0.001, multicast=True)

    world.run()

    booted = [machine.outcome for machine in world.machines if isinstance(machine.outcome, Booted)]
    blocks = booted[0].size_bytes // 512 + 1
    to_group = [line for line in world.transcript().splitlines() if "> 239.255.77.1:" in line and "DATA" in line]
    assert [each.transport for each in booted] == ["mtftp"] * 6
    assert blocks <= len(to_group) < 2 * blocks


def test_one_seed_is_one_story() -> None:
    """Simulation: the seed is the bug report."""
    transcripts = [_transcript(seed) for seed in (7, 7, 8)]

    assert transcripts[0] == transcripts[1] != transcripts[2]


def test_one_seed_is_one_story_in_every_process() -> None:
    """Simulation: nothing may depend on the order of a set, which differs from process to process."""
    program = "from tests.simulation.test_seeds import digest; print(digest(15))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }

    assert len(digests) == 1


def digest(seed: int) -> str:
    return hashlib.sha256(_transcript(seed).encode()).hexdigest()


def _transcript(seed: int) -> str:
    world = world_of(seed)
    world.run()
    return world.transcript()
