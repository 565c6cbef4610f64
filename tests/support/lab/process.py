"""A program that runs beside us, and what it has written so far."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.requirements import search_path

POLL_INTERVAL_S = 0.02

ENVIRONMENT = os.environ | {"PATH": search_path()}
"""Root's PATH may lack the folders of administrators' programs (after a plain `su`)."""

# SeaBIOS and EDK2 draw on the serial line as on a screen. Where the cursor moves or the screen is cleared, a reader
# sees a new line begin; what was rubbed out is gone; and the rest (colours, modes) says nothing here.
NEW_PLACE = re.compile(r"\x1b\[\d*;?\d*[Hf]|\x1b\[2J|\x1bc")
RUBBED_OUT = re.compile(r"([^\x08\n]*)((?:\x08 \x08)+)")
OTHER_CONTROL = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|[\x00\x08\r]")


class NeverSeenError(AssertionError):
    """A program did not write in time what was waited for."""


class Transcript:
    """What a program or a machine's serial line has written, in a file that grows."""

    def __init__(self, path: Path, still_written: Callable[[], bool]) -> None:
        self.path = path
        self._still_written = still_written
        self._lines_told = 0

    def text(self) -> str:
        try:
            return readable(self.path.read_bytes().decode(errors="replace"))
        except FileNotFoundError:
            return ""  # nothing has been written yet

    def tail(self, lines: int = 25) -> str:
        return "\n".join([line for line in self.text().splitlines() if line.strip()][-lines:])

    def new_lines(self) -> list[str]:
        """The finished lines not yet told by this method."""
        finished = self.text().split("\n")[:-1]
        new = finished[self._lines_told :]
        self._lines_told = len(finished)
        return new

    def wait_for(self, wanted: str, timeout_s: float) -> float:
        """Wait until `wanted` has been written; return the time (seconds since the epoch) at which it was seen."""
        return self.wait_until(lambda text: wanted in text, repr(wanted), timeout_s)

    def wait_until(self, holds: Callable[[str], bool], what: str, timeout_s: float) -> float:
        """Wait until `holds` is true of the text; `what` says for the error message what that would mean."""
        deadline = time.monotonic() + timeout_s
        while True:
            may_grow = self._still_written()  # asked first: the last words of a program that ends are read as well
            if holds(self.text()):
                return time.time()
            if not may_grow or time.monotonic() > deadline:
                reason = f"within {timeout_s:g} s" if may_grow else "before it ended"
                raise NeverSeenError(f"{self.path.name} did not show {what} {reason}; its last lines:\n{self.tail()}")
            time.sleep(POLL_INTERVAL_S)


class Process:
    """A started program, whose output goes to a file."""

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone, and the program can be ended with all it started
                env=ENVIRONMENT,
            )
        self.transcript = Transcript(log, self.is_running)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def is_running(self) -> bool:
        return self._popen.poll() is None

    def wait_for(self, wanted: str, timeout_s: float = 10.0) -> float:
        return self.transcript.wait_for(wanted, timeout_s)

    def wait(self, timeout_s: float) -> int:
        """Wait for the program's own end; return its exit code."""
        return self._popen.wait(timeout_s)

    def send_signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def stop(self, timeout_s: float = 5.0) -> int:
        """Ask it to end, insist after `timeout_s`; return its exit code (negative: the signal that ended it)."""
        self._popen.terminate()
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            # It has not ended, so its process group is still its own and what it started is in it.
            os.killpg(self._popen.pid, signal.SIGKILL)
            return self._popen.wait(timeout_s)


def readable(written: str) -> str:
    """What was written as lines of text, without the means by which a screen is drawn."""
    lines = NEW_PLACE.sub("\n", written)
    if "\x08" in lines:  # a long log has none, and would take minutes to search
        lines = RUBBED_OUT.sub(lambda match: match[1][: -len(match[2]) // len("\x08 \x08")], lines)
    return OTHER_CONTROL.sub("", lines)
