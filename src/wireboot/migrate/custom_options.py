"""Options that a configuration defines for itself: from words to bytes by the type it gave them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import cycle

_INTEGER = re.compile(r"(u?)int(8|16|32)")
KINDS = ("boolean", "uint8", "uint16", "uint32", "int8", "int16", "int32", "ipv4", "text", "hex")


@dataclass(frozen=True, slots=True)
class CustomOption:
    """One definition. `kinds` are of KINDS: what stands in the option, one after the other."""

    code: int
    kinds: tuple[str, ...]
    repeated: bool = False
    """The kinds may come again and again."""

    def encode(self, texts: Sequence[str]) -> bytes:
        """Raises ValueError where the words are not of these kinds."""
        if len(texts) != len(self.kinds) and not (self.repeated and texts and len(texts) % len(self.kinds) == 0):
            raise ValueError(f"{len(texts)} values do not fit the {len(self.kinds)} of the definition")
        return b"".join(encode(kind, text) for kind, text in zip(cycle(self.kinds), texts, strict=False))


def encode(kind: str, text: str) -> bytes:
    """The bytes of one word. Raises ValueError."""
    if (integer := _INTEGER.fullmatch(kind)) is not None:
        return _integer(text, int(integer[2]) // 8, signed=not integer[1])
    if kind == "ipv4":
        return IPv4Address(text).packed
    if kind == "boolean":
        if text.lower() not in ("true", "false", "on", "off", "1", "0"):
            raise ValueError(f"{text!r} is neither true nor false")
        return bytes([text.lower() in ("true", "on", "1")])
    if kind == "hex":
        return hex_bytes(text)
    return text.encode()


def hex_bytes(text: str) -> bytes:
    """Such as `01:2:ff`, `0102ff`, `0x0102FF`. Raises ValueError."""
    digits = text.removeprefix("0x")
    if ":" in digits:
        digits = "".join(part.rjust(2, "0") for part in digits.split(":"))
    return bytes.fromhex(digits)


def bytes_of_word(text: str, quoted: bool) -> bytes:
    """A text in quotation marks, or bytes in hexadecimal. Raises ValueError, also where there are none."""
    content = text.encode("utf-8", "replace") if quoted else hex_bytes(text)
    if not content:
        raise ValueError("it is empty")
    return content


def _integer(text: str, size: int, signed: bool) -> bytes:
    number = int(text, 0)
    try:
        return number.to_bytes(size, "big", signed=signed)
    except OverflowError:
        raise ValueError(f"{text} does not fit {size} bytes") from None
