"""Keys of a terminal, as the prompt and the menu know them."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from wireboot.protocols.pxe.menu import Key

# What terminals send for them; the longest first, since some begin like others.
# fmt: off
_SEQUENCES = (
    (b"\x1b[19~", Key.F8),
    (b"\x1b[5~",  Key.PAGE_UP),
    (b"\x1b[6~",  Key.PAGE_DOWN),
    (b"\x1b[1~",  Key.HOME),
    (b"\x1b[4~",  Key.END),
    (b"\x1b[A",   Key.UP),
    (b"\x1b[B",   Key.DOWN),
    (b"\x1b[H",   Key.HOME),
    (b"\x1b[F",   Key.END),
    (b"\x1b",     Key.ESCAPE),
    (b"\x03",     Key.CTRL_C),
    (b"\x08",     Key.BACKSPACE),
    (b"\x7f",     Key.BACKSPACE),
    (b"\t",       Key.TAB),
    (b"\r",       Key.ENTER),
    (b"\n",       Key.ENTER),
    (b" ",        Key.SPACE),
    (b"m",        Key.M),
    (b"M",        Key.M),
    (b"u",        Key.U),
    (b"d",        Key.D),
)
# fmt: on
_READ_BYTES = 64


def keys_in(typed: bytes) -> Iterator[Key]:
    """The keys in what a terminal sent; bytes that stand for none are passed over."""
    while typed:
        sequence, key = next(((each, key) for each, key in _SEQUENCES if typed.startswith(each)), (typed[:1], None))
        if key is not None:
            yield key
        typed = typed[len(sequence) :]


@contextmanager
def keyboard() -> Iterator[int | None]:
    """The descriptor of a terminal that hands over each key as it is pressed; None where stdin is no terminal."""
    if not sys.stdin.isatty():
        yield None
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        # Ctrl-C keeps its meaning: it ends the program, menu or not.
        tty.setcbreak(descriptor)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def read_keys(descriptor: int) -> list[Key] | None:
    """The keys pressed since; None once the terminal is gone."""
    typed = os.read(descriptor, _READ_BYTES)
    return list(keys_in(typed)) if typed else None
