"""What `--type` types, and when (client/expect.py, client/program_keys.py)."""

from __future__ import annotations

import pytest

from wireboot.client.expect import Typing, Typist, parse_typing
from wireboot.client.program_keys import TYPED_BYTES_MAX, ProgramKeys
from wireboot.errors import OperatorError

# fmt: off
TYPINGS = [
    ("boot:=>linux<enter>", Typing("boot:", (b"l", b"i", b"n", b"u", b"x", b"\r"))),
    ("Rescue=><down><F8>",  Typing("Rescue", (b"\x1b[B", b"\x1b[19~"))),
    (r"=>\e\t\r\n",         Typing("", (b"\x1b", b"\t", b"\r", b"\r"))),
    (r"\x03\\\<up>",        Typing("", (b"\x03", b"\\", b"<", b"u", b"p", b">"))),
    ("a=>b=>c",             Typing("a", (b"b", b"=", b">", b"c"))),
    ("1 < 2",               Typing("", (b"1", b" ", b"<", b" ", b"2"))),
    ("=>é",                 Typing("", ("é".encode(),))),
]
# fmt: on


@pytest.mark.parametrize(("text", "typing"), TYPINGS)
def test_what_to_type_is_read(text: str, typing: Typing) -> None:
    assert parse_typing(text) == typing


@pytest.mark.parametrize("text", ["", "boot:=>", "boot:=><return>", r"\q", r"\x1", "trailing\\"])
def test_a_key_that_is_none_is_the_operators_mistake(text: str) -> None:
    with pytest.raises(OperatorError) as refused:
        parse_typing(text)
    assert refused.value.exit_code == 2
    assert refused.value.hint


def typist(*texts: str) -> Typist:
    return Typist(parse_typing(text) for text in texts)


def test_keys_wait_for_their_words() -> None:
    waiting = typist("boot:=>a")
    assert waiting.look(["PXELINUX 6.04", ""], key_wanted=True) == ()
    assert waiting.look(["PXELINUX 6.04", "boot: "], key_wanted=False) == (b"a",)
    assert waiting.look(["boot: "], key_wanted=True) == ()


def test_keys_without_words_wait_until_a_key_is_wanted() -> None:
    """Many programs begin by throwing away what has been typed before."""
    waiting = typist("a")
    assert waiting.look(["boot:"], key_wanted=False) == ()
    assert waiting.look(["boot:"], key_wanted=True) == (b"a",)


def test_keys_keep_their_order() -> None:
    """The second has to wait, although its words are there already."""
    waiting = typist("first=>1", "second=>2")
    assert waiting.look(["second"], key_wanted=True) == ()
    assert waiting.look(["first", "second"], key_wanted=True) == (b"1",)
    assert waiting.waiting == (parse_typing("second=>2"),)
    assert waiting.look(["first", "second"], key_wanted=True) == (b"2",)


def test_the_keyboard_is_closed_when_nobody_is_left_to_type() -> None:
    keys = ProgramKeys([parse_typing("boot:=>a")], has_typist=True)
    keys.leave()
    assert not keys.keyboard.closed
    keys.look(["boot:"])
    assert keys.keyboard.closed
    assert len(keys.keyboard) == 1


def test_with_nobody_there_it_is_closed_from_the_beginning() -> None:
    assert ProgramKeys((), has_typist=False).keyboard.closed


def test_a_pipe_without_an_end_comes_to_one() -> None:
    keys = ProgramKeys((), has_typist=True)
    assert keys.type(b"y\n")
    assert not keys.type(b"y\n" * (TYPED_BYTES_MAX // 2))
    assert keys.keyboard.closed


def test_escape_and_a_letter_are_two_keys() -> None:
    keys = ProgramKeys([parse_typing("<esc>[A")], has_typist=False)
    keys.keyboard.take()
    keys.look([])
    assert len(keys.keyboard) == 3
