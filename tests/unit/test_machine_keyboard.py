"""What a terminal sends, as keys of a PC's keyboard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wireboot.pxe_api.cpu.keyboard import Key, Keyboard

GREY = 0xE0


def typed(data: bytes) -> list[Key]:
    keyboard = Keyboard()
    keyboard.type(data)
    return _all(keyboard)


def _all(keyboard: Keyboard) -> list[Key]:
    keys = []
    while (key := keyboard.take()) is not None:
        keys.append(key)
    return keys


# fmt: off
KEYS: list[tuple[bytes, Key]] = [
    (b"a",        Key(0x1E, 0x61)),
    (b"A",        Key(0x1E, 0x41)),
    (b"1",        Key(0x02, 0x31)),
    (b"!",        Key(0x02, 0x21)),
    (b"=",        Key(0x0D, 0x3D)),
    (b"]",        Key(0x1B, 0x5D)),
    (b"`",        Key(0x29, 0x60)),
    (b"\\",       Key(0x2B, 0x5C)),
    (b"z",        Key(0x2C, 0x7A)),
    (b"/",        Key(0x35, 0x2F)),
    (b" ",        Key(0x39, 0x20)),
    (b"\x01",     Key(0x1E, 0x01)),
    (b"\x03",     Key(0x2E, 0x03)),
    (b"\x1c",     Key(0x2B, 0x1C)),
    (b"\r",       Key(0x1C, 0x0D)),
    (b"\n",       Key(0x1C, 0x0D)),
    (b"\t",       Key(0x0F, 0x09)),
    (b"\x08",     Key(0x0E, 0x08)),
    (b"\x7f",     Key(0x0E, 0x08)),
    (b"\x1b",     Key(0x01, 0x1B)),
    (b"\x1b[A",   Key(0x48, GREY)),
    (b"\x1bOB",   Key(0x50, GREY)),
    (b"\x1b[H",   Key(0x47, GREY)),
    (b"\x1b[4~",  Key(0x4F, GREY)),
    (b"\x1b[2~",  Key(0x52, GREY)),
    (b"\x1b[3~",  Key(0x53, GREY)),
    (b"\x1b[5~",  Key(0x49, GREY)),
    (b"\x1b[6~",  Key(0x51, GREY)),
    (b"\x1bOP",   Key(0x3B, 0)),
    (b"\x1b[[A",  Key(0x3B, 0)),
    (b"\x1b[15~", Key(0x3F, 0)),
    (b"\x1b[21~", Key(0x44, 0)),
    (b"\x1b[24~", Key(0x86, 0)),
    ("ü".encode(), Key(0, 0x81)),
]
# fmt: on


@pytest.mark.parametrize(("data", "key"), KEYS)
def test_a_key(data: bytes, key: Key) -> None:
    assert typed(data) == [key]


def test_every_printable_character_of_ascii_has_a_key_that_says_it() -> None:
    printable = bytes(range(0x20, 0x7F))
    keys = typed(printable)
    assert bytes(key.character for key in keys) == printable
    assert all(key.scan_code for key in keys)


def test_escape_before_another_key_is_a_key_of_its_own() -> None:
    assert typed(b"\x1bq\x1b\x1b[A") == [Key(1, 0x1B), Key(0x10, 0x71), Key(1, 0x1B), Key(0x48, GREY)]


def test_a_character_may_come_in_two_halves() -> None:
    keyboard = Keyboard()
    keyboard.type("é".encode()[:1])
    assert _all(keyboard) == []
    keyboard.type("é".encode()[1:])
    assert _all(keyboard) == [Key(0, 0x82)]


def test_what_no_key_stands_for_is_passed_over() -> None:
    assert typed(b"\x1b[200~" + "漢".encode() + b"\xffx") == [Key(0x2D, 0x78)]


def test_looking_at_a_key_leaves_it() -> None:
    keyboard = Keyboard()
    keyboard.type(b"x")
    assert keyboard.peek() == keyboard.peek() == keyboard.take()
    assert keyboard.peek() is None


def test_it_counts_how_often_a_program_looked_in_vain() -> None:
    keyboard = Keyboard()
    keyboard.peek()
    keyboard.take()
    assert keyboard.asked_in_vain == 2

    keyboard.type(b"x")
    keyboard.take()
    assert keyboard.asked_in_vain == 0


def test_keys_that_nobody_takes_do_not_pile_up_for_ever() -> None:
    keyboard = Keyboard()
    keyboard.type(b"x" * 10_000)
    assert len(keyboard) < 10_000
    assert keyboard.press(Key(1, 0x1B)) is False


def test_it_says_when_nobody_types_any_more() -> None:
    keyboard = Keyboard()
    keyboard.type(b"x")
    keyboard.close()
    assert keyboard.closed
    assert len(keyboard) == 1, "what was typed before is still there"


@given(st.binary(max_size=64))
def test_any_bytes_are_keys_or_nothing(data: bytes) -> None:
    assert all(0 <= key.scan_code <= 0xFF and 0 <= key.character <= 0xFF for key in typed(data))
