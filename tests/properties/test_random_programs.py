"""Whatever a boot program does, its run ends clearly and the process that runs it goes on as if nothing had been.

The programs run in processes of their own: the emulator below is not ours, and could fall over.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.machine import Bench
from wireboot.pxe_api.cpu.account import Crashed, Hung, OutOfTime, Rebooted

ROOT = Path(__file__).parents[2]
PROGRAMS = 1_000
AT_A_TIME = 500


def test_programs_of_random_bytes_end() -> None:
    """Random code, odd instructions, interrupts and PXE calls with anything in the registers, in both modes."""
    command = (sys.executable, "-m", "tests.support.random_programs")
    runs = [
        subprocess.Popen(
            [*command, str(first), str(first + AT_A_TIME)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for first in range(0, PROGRAMS, AT_A_TIME)
    ]
    said = [run.communicate()[0] for run in runs]
    for run, lines in zip(runs, said, strict=True):
        assert run.returncode == 0, f"exit code {run.returncode}: {lines[-4_000:]}"


HAND_MADE = {
    "jumps to itself": "ebfe",
    "halts with interrupts disabled": "fa f4",
    "calls into nothing": "9a00000020",
    "calls itself": "e8fdff",
    "calls every interrupt": "".join(f"cd{vector:02x}" for vector in range(0x20, 0x100)) + "ebfe",
    "has its stack at the end of memory": "b8ffff 8ed0 bc0100 60 cd10 e800fe",
    "writes its own code": "c606057c90 ebf9 ebfe",
    "writes over everything": "8ec0 31ff 31c0 b9ffff f3aa 8cc0 050010 ebf1",
    "writes over the BIOS": "b800f0 8ec0 31ff b9ffff f3aa cd10 ebfe",
    "writes over the interrupt vectors": "31c0 8ec0 31ff b90002 f3ab fb ebfe",
    "has no handler for a timer interrupt": "c70620000000 c70622000000 fb ebfe",
    "single steps": "9c 58 80cc01 50 9d 90 ebfe",
    "repeats a prefix without end": "66" * 40 + "90ebfe",
    "executes what no memory holds": "b8ffff 8ed8 8ec0 ff2e0000",
    "switches to protected mode without segments": "0f20c0 0c01 0f22c0 ea00001000",
    "turns paging on without tables": "0f20c0 660d01000080 0f22c0 ebfe",
    "asks for virtual 8086 mode": "669c 6658 660d00000200 6650 669d cd10 ebfe",
    "reads a port again and again": "e4e0 ebfc",
    "reads strings from a port": "b9ffff bae000 f36c ebf7",
    "fills the screen": "b8410e bb0700 cd10 ebf8",
    "scrolls without end": "b80a0e cd10 ebf9",
    "waits for an hour": "b486 b9ffff baffff cd15 ebf4",
    "moves 64 MiB by the BIOS": "b487 b9ffff be0000 cd15 ebf5",
    "sets every video mode": "b400 fec0 cd10 ebfa",
}


@pytest.mark.parametrize("program", HAND_MADE.values(), ids=HAND_MADE.keys())
def test_programs_of_bad_intent_end(program: str) -> None:
    account = Bench().run(program, seconds=0.2)
    assert isinstance(account.ending, (Crashed, Hung, OutOfTime, Rebooted)), account.ending


def test_a_program_leaves_the_next_one_alone() -> None:
    """On the same network, after one that has written over all it could reach."""
    bench = Bench()
    bench.run(HAND_MADE["writes over everything"], seconds=0.1)
    assert bench.run("b048 b40e bb0700 cd10 31c0 cb").transcript == "H"
