"""The keyboard: what a terminal sends, as the keys of a PC."""

from __future__ import annotations

import codecs
import re
from collections import deque
from typing import NamedTuple


class Key(NamedTuple):
    """As INT 16h tells of it."""

    scan_code: int
    character: int
    """In code page 437; 0 or E0h where the key stands for none."""


ESCAPE, BACKSPACE, TAB, ENTER = Key(0x01, 0x1B), Key(0x0E, 0x08), Key(0x0F, 0x09), Key(0x1C, 0x0D)

_KEYS_MAX = 4_096
_GREY = 0xE0
"""The character of the cursor keys that stand by themselves, beside the numeric pad."""

# The rows of a US keyboard: scan code of the first key, the keys, the same with Shift.
# fmt: off
_KEY_ROWS = (
    (0x02, "1234567890-=",  "!@#$%^&*()_+"),
    (0x10, "qwertyuiop[]",  "QWERTYUIOP{}"),
    (0x1E, "asdfghjkl;'`",  'ASDFGHJKL:"~'),
    (0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
)
# What terminals send after ESC; `O` for `[` where the keypad is in application mode.
_SEQUENCES = {
    "[A":   Key(0x48, _GREY), "[B":   Key(0x50, _GREY), "[C":   Key(0x4D, _GREY), "[D":   Key(0x4B, _GREY),
    "[H":   Key(0x47, _GREY), "[1~":  Key(0x47, _GREY), "[7~":  Key(0x47, _GREY),
    "[F":   Key(0x4F, _GREY), "[4~":  Key(0x4F, _GREY), "[8~":  Key(0x4F, _GREY),
    "[2~":  Key(0x52, _GREY), "[3~":  Key(0x53, _GREY), "[5~":  Key(0x49, _GREY), "[6~":  Key(0x51, _GREY),
    "[P":   Key(0x3B, 0),     "[Q":   Key(0x3C, 0),     "[R":   Key(0x3D, 0),     "[S":   Key(0x3E, 0),
    "[11~": Key(0x3B, 0),     "[12~": Key(0x3C, 0),     "[13~": Key(0x3D, 0),     "[14~": Key(0x3E, 0),
    "[15~": Key(0x3F, 0),     "[17~": Key(0x40, 0),     "[18~": Key(0x41, 0),     "[19~": Key(0x42, 0),
    "[20~": Key(0x43, 0),     "[21~": Key(0x44, 0),     "[23~": Key(0x85, 0),     "[24~": Key(0x86, 0),
    "[[A":  Key(0x3B, 0),     "[[B":  Key(0x3C, 0),     "[[C":  Key(0x3D, 0),     "[[D":  Key(0x3E, 0),
    "[[E":  Key(0x3F, 0),  # the Linux console's own F1 to F5
    "[Z":   Key(0x0F, 0),  # Shift and Tab
}
# fmt: on
_ONE_KEY = re.compile(r"\x1b(\[\[[A-E]|\[[0-9;]*[@-~]|O[@-~])|(.)", re.DOTALL)


def _characters() -> dict[str, Key]:
    keys = {" ": Key(0x39, 0x20), "\x00": Key(0x03, 0), "\x1e": Key(0x07, 0x1E), "\x1f": Key(0x0C, 0x1F)}
    for first, *shifts in _KEY_ROWS:
        for row in shifts:
            keys |= {character: Key(first + place, ord(character)) for place, character in enumerate(row)}
    with_control = {
        chr(ord(each) & 0x1F): Key(keys[each].scan_code, ord(each) & 0x1F) for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZ\\]"
    }
    # A terminal's line feed is the Enter key (ICRNL), and its DEL the one above it.
    special = {"\x1b": ESCAPE, "\x08": BACKSPACE, "\x7f": BACKSPACE, "\t": TAB, "\r": ENTER, "\n": ENTER}
    return keys | with_control | special


_CHARACTERS = _characters()


class Keyboard:
    """Keys that were typed and that no program has taken yet."""

    def __init__(self) -> None:
        self._keys: deque[Key] = deque()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.closed = False
        """Nobody will type any more."""
        self.asked_in_vain = 0
        """How often a program has looked for a key since the last one came to it."""

    def type(self, data: bytes) -> None:
        """What a terminal sends, UTF-8. Control sequences have to be whole; what no key stands for is passed over."""
        for sequence, character in _ONE_KEY.findall(self._decoder.decode(data)):
            key = _SEQUENCES.get("[" + sequence[1:]) if sequence else _key_of(character)
            if key is not None:
                self.press(key)

    def press(self, key: Key) -> bool:
        """False if there are too many already."""
        if len(self._keys) >= _KEYS_MAX:
            return False
        self._keys.append(key)
        return True

    def close(self) -> None:
        self.closed = True

    def peek(self) -> Key | None:
        """The next key, which stays."""
        if not self._keys:
            self.asked_in_vain += 1
            return None
        return self._keys[0]

    def take(self) -> Key | None:
        key = self.peek()
        if key is not None:
            self._keys.popleft()
            self.asked_in_vain = 0
        return key

    def __len__(self) -> int:
        return len(self._keys)


def _key_of(character: str) -> Key | None:
    if character in _CHARACTERS:
        return _CHARACTERS[character]
    # As with Alt and its number on the numeric pad: a character without a key.
    encoded = character.encode("cp437", "ignore")
    return Key(0, encoded[0]) if encoded else None
