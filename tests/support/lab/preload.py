"""A machine as one program is to see it, by a preloaded library: how slow its disk is, how roomy its sockets are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.lab.namespace import LabError

SOURCES = [Path(__file__).parents[3] / "bench" / name for name in ("slow_disk.c", "roomy_sockets.c")]
COMPILER = "gcc"


class Preload:
    """Compiled once into a folder. Raises LabError where that fails."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "preload.so"
        command = (COMPILER, "-O2", "-Wall", "-shared", "-fPIC", "-o", str(self._library), *map(str, SOURCES), "-ldl")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60.0, check=False)
        if done.returncode:
            raise LabError(f"{COMPILER} ended with {done.returncode}: {done.stderr}")

    def before(self, *, sync_delay_s: float = 0.0, receive_buffer_bytes: int = 0) -> tuple[str, ...]:
        """What to write before a program's command line.

        `sync_delay_s`: how much longer each fsync and fdatasync takes; `receive_buffer_bytes`: of each socket bound.
        """
        # env becomes the program, so the process id stays the program's own.
        return (
            "env",
            f"LD_PRELOAD={self._library}",
            f"SLOW_DISK_US={sync_delay_s * 1e6:.0f}",
            f"ROOMY_SOCKETS_BYTES={receive_buffer_bytes}",
        )


def can_compile() -> bool:
    return shutil.which(COMPILER) is not None
