"""What a condition looks at in a client's packet, and whom it means by a value there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.migrate.clients import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    MACHINE_ID,
    NOBODY,
    USER_CLASS,
    Condition,
    UnsayableError,
    of_architecture,
    with_mark,
    with_option_value,
    with_user_class,
    with_vendor_class,
)
from wireboot.migrate.custom_options import hex_bytes
from wireboot.migrate.marks import Mark, machine_mark
from wireboot.wire.iana import ETHERNET

MAC, RELAY, CIRCUIT_ID, REMOTE_ID = "mac", "relay", "circuit_id", "remote_id"
SOME = 1 << 16
"""A size that says: and it may go on."""
_MAC_SIZE = 6
_HEX = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or mark of a condition; `quoted` for text in quotation marks, which are gone."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """What is looked at in a client's packet: the option of that number or one of the names above, from `start` on."""

    what: int | str
    start: int = 0
    size: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.start == 0 and self.size is None


def option_of(field: Field) -> int:
    if isinstance(field.what, str):
        raise UnsayableError(f"what is in {_shown(field)} may matter, not whether it is sent")
    return field.what


def having(field: Field, value: Word) -> Condition:
    """Those with that value there. Raises UnsayableError."""
    if field.what == MAC:
        return with_mark(_mac_mark(field, _bytes(value)))
    if field.what == RELAY:
        return with_mark(Mark(RELAY, _relay(value)))
    if field.what == CLIENT_ARCHITECTURE and field.start == 0:
        return of_architecture(_architecture(value))
    if field.what == CLASS_IDENTIFIER:
        text = _text(value)
        if field.size is not None and field.size != SOME and field.size < len(text):
            return NOBODY
        return with_vendor_class(text, field.start, whole=field.is_whole)
    if field.what == USER_CLASS and field.start <= 1:
        return with_user_class(_text(value))
    if not field.is_whole:
        raise UnsayableError(f"of {_shown(field)} only the whole is looked at")
    return _with_whole(field.what, _bytes(value))


def _with_whole(what: int | str, content: bytes) -> Condition:
    if isinstance(what, str):
        return with_mark(Mark(what, content))
    if what != MACHINE_ID:
        return with_option_value(what, content)
    try:
        return with_mark(machine_mark(content))
    except ValueError as problem:
        raise UnsayableError(str(problem)) from None


def _mac_mark(field: Field, content: bytes) -> Mark:
    """How it begins. Raises UnsayableError."""
    start = field.start
    if start == -1 and content[:1] == bytes([ETHERNET]):
        content, start = content[1:], 0
    if start != 0 or not 0 < len(content) <= _MAC_SIZE or (field.size is None and len(content) < _MAC_SIZE):
        raise UnsayableError("of a MAC address only its beginning is looked at")
    return Mark(MAC, content)


def _shown(field: Field) -> str:
    return f"option {field.what}" if isinstance(field.what, int) else f"`{field.what}`"


def _relay(value: Word) -> str:
    try:
        return str(IPv4Address(value.text if "." in value.text else _bytes(value)))
    except ValueError:
        raise UnsayableError(f"{value.text!r} is no address of a relay") from None


def _bytes(value: Word) -> bytes:
    """Raises UnsayableError, also where there are none."""
    try:
        content = value.text.encode() if value.quoted else hex_bytes(value.text if _HEX.fullmatch(value.text) else "")
    except ValueError:
        content = b""
    if not content:
        raise UnsayableError(f"{value.text!r} is not understood")
    return content


def _architecture(value: Word) -> int:
    if value.quoted:
        raise UnsayableError(f"{value.text!r} is no client architecture")
    try:
        return int.from_bytes(hex_bytes(value.text), "big") if _HEX.fullmatch(value.text) else int(value.text)
    except ValueError:
        raise UnsayableError(f"{value.text!r} is no client architecture") from None


def _text(value: Word) -> str:
    return value.text if value.quoted else _bytes(value).decode("latin-1")
