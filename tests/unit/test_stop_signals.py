"""Ctrl-C and SIGTERM end a boot that is watched on a terminal, and leave that as it was (client/stop_signals.py)."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.sim import PROFILES, SERVER, default
from wireboot.client.stop_signals import stop_signals

ENDLESS = b"\xfb\xb4\x01\xcd\x16\xeb\xfa"
"""STI; AH=1, INT 16h, over and over: it is called back from the emulated processor most of the time."""
ENTERS, LEAVES = b"\x1b[?1049h", b"\x1b[?1049l"
WITHIN_S = 20.0


@contextmanager
def watched(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`wireboot try` with an endless program on a terminal of its own, and the end of that which a person sees."""
    (folder / "boot" / "rescue").mkdir(parents=True)
    for name in ("bios.0", "x64.efi"):
        (folder / "boot" / "rescue" / name).write_bytes(ENDLESS)
    (folder / "wireboot.toml").write_text('boot_dir = "boot"\n' + SERVER + default("rescue") + PROFILES)
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "wireboot", "try", "--config", folder / "wireboot.toml"],
        stdin=terminal, stdout=terminal, stderr=terminal, env={**os.environ, "TERM": "xterm"},
        # Its controlling terminal is that one, so that Ctrl-C is a signal for it.
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(terminal), os.O_RDWR)),
    )  # fmt: skip
    try:
        yield process, person
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
        os.close(person)


def read_until(person: int, what: bytes) -> None:
    seen, ends_at = b"", time.monotonic() + WITHIN_S
    while what not in seen:
        assert select.select([person], [], [], max(0.0, ends_at - time.monotonic()))[0], seen
        seen += os.read(person, 65536)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_puts_the_terminal_back_and_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    with watched(tmp_path) as (process, person):
        before = termios.tcgetattr(person)
        read_until(person, ENTERS)
        assert termios.tcgetattr(person) != before

        process.send_signal(number)
        read_until(person, LEAVES)

        assert process.wait(WITHIN_S) == -number
        assert termios.tcgetattr(person) == before


def test_ctrl_c_does_likewise_and_other_keys_are_the_programs(tmp_path: Path) -> None:
    """Ctrl-Z, Ctrl-\\ and Ctrl-S have no meaning to the terminal while a program may want them."""
    with watched(tmp_path) as (process, person):
        before = termios.tcgetattr(person)
        read_until(person, ENTERS)
        os.write(person, b"\x1a\x1c\x13")
        time.sleep(0.3)
        assert process.poll() is None

        os.write(person, b"\x03")
        read_until(person, LEAVES)

        assert process.wait(WITHIN_S) == 130
        assert termios.tcgetattr(person) == before


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as read:
        assert len(read) == 1
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_only_the_main_thread_has_signals() -> None:
    found: list[int] = []

    def look() -> None:
        with stop_signals() as read:
            found.append(len(read))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [0]
