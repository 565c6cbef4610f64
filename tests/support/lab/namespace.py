"""A network namespace of our own, and the programs in it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

from tests.support.lab.process import ENVIRONMENT, Process


class LabError(Exception):
    """The lab could not be set up as asked."""


# Runs in the namespace until its input ends; then it ends whatever else is in there and goes, the namespace with it.
KEEPER = """
ip link set lo up && echo ready && cat
own=$(stat --dereference --format=%i /proc/$$/ns/net)
for entry in $(find -L /proc/[0-9]*/ns/net -inum "$own" 2>/dev/null); do
    process=${entry#/proc/}
    process=${process%/ns/net}
    [ "$process" = $$ ] || kill -KILL "$process" 2>/dev/null
done
"""


class Namespace:
    """A network namespace without a name, so that runs side by side cannot collide.

    It is held by a keeper process that reads a pipe from us. When we end, in whatever way, the pipe closes, the keeper
    ends the programs in the namespace and then itself, and the kernel removes the namespace with every interface in
    it: nothing can be left behind, not even by `kill -9`.
    """

    def __init__(self, name: str, work_dir: Path) -> None:
        self.name = name
        self.work_dir = work_dir
        self._processes: list[Process] = []
        self._keeper = subprocess.Popen(
            ("unshare", "--net", "sh", "-c", KEEPER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; the keeper goes last
            env=ENVIRONMENT,
        )
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != b"ready\n":
            assert self._keeper.stderr is not None
            reason = self._keeper.stderr.readline().decode(errors="replace").strip()
            self.close()
            raise LabError(f"cannot make the network namespace of {name}: {reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process to name where a namespace is wanted: `nsenter --net --target PID` looks inside."""
        return self._keeper.pid

    def run(
        self, *argv: str | Path, timeout_s: float = 10.0, check: bool = True, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in here to its end. Unless `check` is off, a failure raises with the program's own words."""
        done = subprocess.run(
            self._inside(*argv),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            cwd=cwd,
            env=ENVIRONMENT,
        )
        if check and done.returncode:
            raise LabError(f"{self.name}: `{' '.join(map(str, argv))}` ended with {done.returncode}: {done.stderr}")
        return done

    def start(self, *argv: str | Path, log_name: str) -> Process:
        """Start a program in here that runs beside us until it is stopped or the namespace is closed."""
        process = Process(self._inside(*argv), self.work_dir / f"{self.name}.{log_name}.log")
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()
        for pipe in (self._keeper.stdin, self._keeper.stdout, self._keeper.stderr):
            if pipe is not None:
                pipe.close()
        self._keeper.wait(5.0)

    def _inside(self, *argv: str | Path) -> tuple[str, ...]:
        # nsenter becomes the program, so the process id that we hold is the program's own.
        return ("nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *map(str, argv))
