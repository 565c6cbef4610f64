"""The conditions of ISC's `if` and `match if` and of Kea's `test`: whom they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from wireboot.migrate.clients import Condition, UnsayableError, both, either, other_than, with_option
from wireboot.migrate.fields import CIRCUIT_ID, MAC, RELAY, REMOTE_ID, SOME, Field, Word, having, option_of

_DEPTH_MAX = 50
_TOO_DEEP = "the condition is nested too deep"
_TOKEN = re.compile(
    r"""\s+|(?P<string>'[^']*'|"[^"]*")|(?P<word>[0-9]+(?:\.[0-9]+){3}|[^\s()\[\],='"!~.]+)|(?P<mark>==|!=|~=|[()\[\],=.])|(?P<bad>.)"""
)


_ISC_FIELDS = {"agent.circuit-id": CIRCUIT_ID, "agent.remote-id": REMOTE_ID}
_KEA_PACKET = {"mac": MAC, "giaddr": RELAY}
_KEA_RELAY = {"1": CIRCUIT_ID, "2": REMOTE_ID, "circuit-id": CIRCUIT_ID, "remote-id": REMOTE_ID}


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


def field_of(words: Sequence[Word], option_code: Callable[[str], int | None]) -> Field:
    """What is looked at, without a value to compare it with. Raises UnsayableError."""
    parser = _Parser(words, option_code, None)
    field = parser.field(0)
    if parser.peek() is not None:
        raise UnsayableError(f"{parser.peek()!r} is not understood")
    return field


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
        field = self.field(0)
        if self._skip("exists"):
            return with_option(option_of(field))
        if self._skip("!="):
            return other_than(having(field, self._next()))
        if self._skip("=") or self._skip("=="):
            return having(field, self._next())
        if self._skip("~="):
            # An expression that text is looked through for, which most often is the beginning of a vendor class.
            return having(replace(field, size=SOME), self._next())
        raise UnsayableError(f"{self.peek() or 'the end'!r} is not understood")

    def field(self, depth: int) -> Field:
        if depth > _DEPTH_MAX:
            raise UnsayableError(_TOO_DEEP)
        if self._skip("substring"):
            return self._substring(depth)
        if self._skip("hardware"):
            # Its first byte is the hardware type.
            return Field(MAC, -1)
        if self._skip("pkt4"):
            self._expect(".")
            return self._named(_KEA_PACKET)
        if self._skip("relay4"):
            return self._kea_option(_KEA_RELAY)
        if not self._skip("option"):
            raise UnsayableError(f"{self.peek() or 'the end'!r} is not understood")
        if self.peek() in _ISC_FIELDS:
            return self._named(_ISC_FIELDS)
        return self._kea_option() if self.peek() == "[" else Field(self._code(self._next().text))

    def _substring(self, depth: int) -> Field:
        self._expect("(")
        field = self.field(depth + 1)
        self._expect(",")
        start = self._number()
        self._expect(",")
        size = None if self._skip("all") else self._number()
        self._expect(")")
        return Field(field.what, field.start + start, size)

    def _kea_option(self, names: Mapping[str, str] | None = None) -> Field:
        """`[NUMBER].hex`, `[82].option[1].hex`. `names`: what is known by other than a number."""
        self._expect("[")
        name = self._next().text
        self._expect("]")
        self._expect(".")
        if names is None and name in ("82", "dhcp-agent-options") and self._skip("option"):
            return self._kea_option(_KEA_RELAY)
        if names is not None and name not in names:
            raise UnsayableError(f"relay information {name!r} is not looked at")
        if self.peek() != "exists" and self._next().text not in ("hex", "text"):
            raise UnsayableError("a part of an option is not understood")
        return Field(self._code(name) if names is None else names[name])

    def _named(self, names: Mapping[str, str]) -> Field:
        name = self._next().text
        if name not in names:
            raise UnsayableError(f"{name!r} of a packet is not looked at")
        return Field(names[name])

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
