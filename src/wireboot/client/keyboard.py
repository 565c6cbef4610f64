"""What is typed into this process: keys of a terminal, as the prompt and the menu know them, or a pipe's bytes."""

from __future__ import annotations

import os
import re
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wireboot.protocols.pxe.menu import Key

# What terminals send for them.
# fmt: off
_KEYS = {
    b"\x1b[19~": Key.F8,
    b"\x1b[5~":  Key.PAGE_UP,
    b"\x1b[6~":  Key.PAGE_DOWN,
    b"\x1b[1~":  Key.HOME,
    b"\x1b[4~":  Key.END,
    b"\x1b[A":   Key.UP,
    b"\x1b[B":   Key.DOWN,
    b"\x1b[H":   Key.HOME,
    b"\x1b[F":   Key.END,
    b"\x1b":     Key.ESCAPE,
    b"\x03":     Key.CTRL_C,
    b"\x08":     Key.BACKSPACE,
    b"\x7f":     Key.BACKSPACE,
    b"\t":       Key.TAB,
    b"\r":       Key.ENTER,
    b"\n":       Key.ENTER,
    b" ":        Key.SPACE,
    b"m":        Key.M,
    b"M":        Key.M,
    b"u":        Key.U,
    b"U":        Key.U,
    b"d":        Key.D,
    b"D":        Key.D,
}
# fmt: on
_SEQUENCE = re.compile(rb"\x1b\[[0-9;]*[@-~]|\x1bO[@-~]|.", re.DOTALL)
"""One key: a control sequence of ECMA-48, the same as some terminals are set to send it, or a single byte."""
_READ_BYTES = 64
_NO_CHARACTER = b"\0"
"""In the place of a terminal's special character: POSIX's _POSIX_VDISABLE, as Linux has it."""


def keys_in(typed: bytes) -> Iterator[Key]:
    """The keys in what a terminal sent; what stands for none is passed over, even if it begins like Escape."""
    for sequence in _SEQUENCE.findall(typed):
        key = _KEYS.get(sequence.replace(b"\x1bO", b"\x1b["))
        if key is not None:
            yield key


@contextmanager
def keyboard() -> Iterator[int | None]:
    """The descriptor of a terminal that hands over each key as it is pressed; None where stdin is no terminal."""
    if not stdin_is_terminal():
        yield None
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, _key_by_key(before))
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def stdin_is_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def stdin_descriptor() -> int | None:
    """Of stdin that is a pipe or a file; None where it is a terminal, or closed."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return None
    return sys.stdin.fileno()


def _key_by_key(mode: list[Any]) -> list[Any]:
    """The terminal's mode in which it keeps nothing to itself but Ctrl-C, which ends wireboot.

    Boot programs know Ctrl-V, Ctrl-X and others; stopped by Ctrl-Z they would lose their time and connections.
    """
    iflag, oflag, cflag, lflag, input_speed, output_speed, characters = mode
    characters = list(characters)
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    for unwanted in (termios.VSUSP, termios.VQUIT):
        characters[unwanted] = _NO_CHARACTER
    iflag &= ~termios.IXON
    lflag &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    return [iflag, oflag, cflag, lflag, input_speed, output_speed, characters]


def read_typed(descriptor: int) -> bytes | None:
    """What was typed since, at least a byte of it; None at the end."""
    try:
        return os.read(descriptor, _READ_BYTES) or None
    except OSError:  # its window was closed
        return None
