"""The conditions of ISC's `if` and `match if` and of Kea's `test`, as far as they say whom a boot file is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wireboot.migrate.clients import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    NOBODY,
    USER_CLASS,
    Condition,
    UnsayableError,
    both,
    either,
    of_architecture,
    other_than,
    with_option,
    with_user_class,
    with_vendor_class,
)
from wireboot.migrate.custom_options import hex_bytes

_DEPTH_MAX = 50
_TOO_DEEP = "the condition is nested too deep"
_TOKEN = re.compile(
    r"""\s+|(?P<string>'[^']*'|"[^"]*")|(?P<word>[^\s()\[\],='"!~.]+)|(?P<mark>==|!=|~=|[()\[\],=.])|(?P<bad>.)"""
)
_HEX = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or mark of a condition; `quoted` for text in quotation marks, which are gone."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class _Field:
    """An option of the client's packet, from its byte `start` on."""

    code: int
    start: int = 0
    size: int | None = None


def words_of(test: str) -> list[Word]:
    """The words of a Kea test. Raises UnsayableError."""
    words: list[Word] = []
    for match in _TOKEN.finditer(test):
        if match["bad"]:
            raise UnsayableError(f"{match['bad']!r} is not understood")
        if match["string"]:
            words.append(Word(match["string"][1:-1], quoted=True))
        elif match["word"] or match["mark"]:
            words.append(Word(match["word"] or match["mark"]))
    return words


def condition_of(
    words: Sequence[Word],
    option_code: Callable[[str], int | None],
    member_of: Callable[[str], Condition] | None = None,
) -> Condition:
    """Whom the condition means. `member_of`: those of another class, by its name. Raises UnsayableError."""
    parser = _Parser(words, option_code, member_of)
    condition = parser.alternatives(0)
    if parser.peek() is not None:
        raise UnsayableError(f"{parser.peek()!r} is not understood")
    return condition


class _Parser:
    def __init__(
        self,
        words: Sequence[Word],
        option_code: Callable[[str], int | None],
        member_of: Callable[[str], Condition] | None,
    ) -> None:
        self._words, self._at = words, 0
        self._option_code, self._member_of = option_code, member_of

    def peek(self) -> str | None:
        """The next word where it is one of the language."""
        if self._at >= len(self._words) or self._words[self._at].quoted:
            return None if self._at >= len(self._words) else '"'
        return self._words[self._at].text

    def alternatives(self, depth: int) -> Condition:
        condition = self._conjunction(depth)
        while self._skip("or"):
            condition = either(condition, self._conjunction(depth))
        return condition

    def _conjunction(self, depth: int) -> Condition:
        condition = self._negation(depth)
        while self._skip("and"):
            condition = both(condition, self._negation(depth))
        return condition

    def _negation(self, depth: int) -> Condition:
        if depth > _DEPTH_MAX:
            raise UnsayableError(_TOO_DEEP)
        if self._skip("not"):
            return other_than(self._negation(depth + 1))
        if self._skip("("):
            condition = self.alternatives(depth + 1)
            self._expect(")")
            return condition
        if self._skip("exists"):
            return with_option(self._code(self._next().text))
        if self._skip("member"):
            return self._member()
        return self._comparison()

    def _member(self) -> Condition:
        self._expect("(")
        name = self._next().text
        self._expect(")")
        if self._member_of is None:
            raise UnsayableError("membership in a class is not understood here")
        return self._member_of(name)

    def _comparison(self) -> Condition:
        field = self._field(0)
        if self._skip("exists"):
            return with_option(field.code)
        if self._skip("!="):
            return other_than(_having(field, self._next()))
        if self._skip("=") or self._skip("==") or self._skip("~="):
            return _having(field, self._next())
        raise UnsayableError(f"{self.peek() or 'the end'!r} is not understood")

    def _field(self, depth: int) -> _Field:
        if depth > _DEPTH_MAX:
            raise UnsayableError(_TOO_DEEP)
        if self._skip("substring"):
            self._expect("(")
            field = self._field(depth + 1)
            self._expect(",")
            start = self._number()
            self._expect(",")
            size = None if self._skip("all") else self._number()
            self._expect(")")
            return _Field(field.code, field.start + start, size)
        if not self._skip("option"):
            raise UnsayableError(f"{self.peek() or 'the end'!r} is not understood")
        if not self._skip("["):
            return _Field(self._code(self._next().text))
        code = self._code(self._next().text)
        self._expect("]")
        self._expect(".")
        if self.peek() != "exists" and self._next().text not in ("hex", "text"):
            raise UnsayableError("a part of an option is not understood")
        return _Field(code)

    def _code(self, name: str) -> int:
        code = self._option_code(name)
        if code is None:
            raise UnsayableError(f"no option is called {name!r}")
        return code

    def _number(self) -> int:
        text = self._next().text
        if not re.fullmatch("[0-9]{1,4}", text):
            raise UnsayableError(f"{text!r} is not a number")
        return int(text)

    def _skip(self, text: str) -> bool:
        if self.peek() != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise UnsayableError(f"{text!r} is missing")

    def _next(self) -> Word:
        if self._at >= len(self._words):
            raise UnsayableError("it ends too early")
        self._at += 1
        return self._words[self._at - 1]


def _having(field: _Field, value: Word) -> Condition:
    if field.code == CLIENT_ARCHITECTURE and field.start == 0:
        return of_architecture(_architecture(value))
    if field.code == CLASS_IDENTIFIER:
        text = _text(value)
        if field.size is not None and field.size < len(text):
            return NOBODY
        return with_vendor_class(text, field.start)
    if field.code == USER_CLASS and field.start <= 1:
        return with_user_class(_text(value))
    raise UnsayableError(f"boot files are not chosen by option {field.code} yet")


def _architecture(value: Word) -> int:
    if value.quoted:
        raise UnsayableError(f"{value.text!r} is no client architecture")
    try:
        return int.from_bytes(hex_bytes(value.text), "big") if _HEX.fullmatch(value.text) else int(value.text)
    except ValueError:
        raise UnsayableError(f"{value.text!r} is no client architecture") from None


def _text(value: Word) -> str:
    if value.quoted:
        return value.text
    if _HEX.fullmatch(value.text):
        try:
            return hex_bytes(value.text).decode("latin-1")
        except ValueError:
            pass
    raise UnsayableError(f"{value.text!r} is not understood")
