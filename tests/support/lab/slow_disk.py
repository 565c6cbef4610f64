"""A disk that takes its time: for one program, every fsync and fdatasync ends so much later."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.lab.namespace import LabError

SOURCE = Path(__file__).parents[3] / "bench" / "slow_disk.c"
COMPILER = "gcc"


def slow_disk(folder: Path, delay_s: float) -> tuple[str, ...]:
    """What to write before a program's command line. `folder` gets the library that is preloaded.

    Raises LabError where it cannot be compiled.
    """
    library = folder / "slow_disk.so"
    if not library.exists():
        command = (COMPILER, "-O2", "-Wall", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60.0, check=False)
        if done.returncode:
            raise LabError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr}")
    # env becomes the program, so the process id stays the program's own.
    return ("env", f"LD_PRELOAD={library}", f"SLOW_DISK_US={delay_s * 1e6:.0f}")
