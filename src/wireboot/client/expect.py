"""What `--type` says: keys that wait until something stands on the screen."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from wireboot.errors import OperatorError

# As terminals send them.
# fmt: off
_NAMED = {
    "enter": b"\r",       "esc":   b"\x1b",     "tab":  b"\t",       "space": b" ",        "backspace": b"\x7f",
    "up":    b"\x1b[A",   "down":  b"\x1b[B",   "right": b"\x1b[C",  "left":  b"\x1b[D",
    "home":  b"\x1b[H",   "end":   b"\x1b[F",   "pgup": b"\x1b[5~",  "pgdn":  b"\x1b[6~",
    "ins":   b"\x1b[2~",  "del":   b"\x1b[3~",
    "f1":    b"\x1bOP",   "f2":    b"\x1bOQ",   "f3":   b"\x1bOR",   "f4":    b"\x1bOS",
    "f5":    b"\x1b[15~", "f6":    b"\x1b[17~", "f7":   b"\x1b[18~", "f8":    b"\x1b[19~",
    "f9":    b"\x1b[20~", "f10":   b"\x1b[21~", "f11":  b"\x1b[23~", "f12":   b"\x1b[24~",
}
_ESCAPED = {"r": b"\r", "n": b"\r", "t": b"\t", "e": b"\x1b", "\\": b"\\", "<": b"<"}
# fmt: on
_KEY = re.compile(r"\\x(?P<hex>[0-9A-Fa-f]{2})|\\(?P<escaped>.?)|<(?P<named>[A-Za-z0-9]+)>|(?P<plain>.)", re.DOTALL)
_WAITS = "=>"


@dataclass(frozen=True, slots=True)
class Typing:
    """Keys, and what they wait for."""

    seen: str
    """A part of a line of the screen. Empty: they wait until the program looks for a key at all."""
    keys: tuple[bytes, ...]
    """One by one, each as a terminal sends it: Escape and a letter after it are no arrow key."""


def parse_typing(text: str) -> Typing:
    """`SEEN=>KEYS`, or `KEYS` alone. Raises OperatorError."""
    seen, waits, keys = text.partition(_WAITS)
    if not waits:
        seen, keys = "", text
    typing = Typing(seen, tuple(_key(match) for match in _KEY.finditer(keys)))
    if not typing.keys:
        raise OperatorError(f'--type "{text}" names no key', hint='write --type "SEEN=>KEYS"', exit_code=2)
    return typing


class Typist:
    """Types what it is told, in that order, each when its time has come."""

    def __init__(self, typings: Iterable[Typing] = ()) -> None:
        self._waiting = deque(typings)

    @property
    def waiting(self) -> tuple[Typing, ...]:
        """What has not been typed yet."""
        return tuple(self._waiting)

    def look(self, rows: Iterable[str], *, key_wanted: bool) -> tuple[bytes, ...]:
        """The keys to type now that this is on the screen.

        One typing at a time: what it brings about has to show before the next looks for its words.
        """
        if not self._waiting:
            return ()
        seen = self._waiting[0].seen
        due = any(seen in row for row in rows) if seen else key_wanted
        return self._waiting.popleft().keys if due else ()


def _key(match: re.Match[str]) -> bytes:
    found = match.groupdict()
    if found["hex"] is not None:
        return bytes.fromhex(found["hex"])
    if found["escaped"] is not None:
        return _look_up(_ESCAPED, found["escaped"], match[0], r"\r \n \t \e \xNN \\ \<")
    if found["named"] is not None:
        names = " ".join(f"<{name}>" for name in _NAMED)
        return _look_up(_NAMED, found["named"].lower(), match[0], rf"{names}; a plain < is written \<")
    return match[0].encode()


def _look_up(table: dict[str, bytes], name: str, written: str, known: str) -> bytes:
    if name not in table:
        raise OperatorError(f"--type: there is no key {written}", hint=f"there are {known}", exit_code=2)
    return table[name]
