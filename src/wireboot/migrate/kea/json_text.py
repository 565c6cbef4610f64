"""JSON as Kea takes it, with comments and included files, and the line of everything in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder

from wireboot.migrate.report import Place, SourceSyntaxError
from wireboot.migrate.sources import INCLUDED_MAX, SourceFiles, SourceText, SourceUnreadableError

DEPTH_MAX = 50
_BLANK = re.compile(r"(\s+|#[^\n]*|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_INCLUDE = re.compile(r'<\?\s*include\s+"([^"\n]*)"\s*\?>')
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STRINGS = JSONDecoder(strict=False)
"""It takes line breaks in text, as Kea does."""
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: text, a number, true, false, null, a list of nodes or a map of them."""

    value: str | float | bool | list[Node] | dict[str, Node] | None
    place: Place

    def __str__(self) -> str:
        if isinstance(self.value, dict):
            return "{…}"
        if isinstance(self.value, list):
            return "[" + ", ".join(map(str, self.value[:4])) + (", …]" if len(self.value) > 4 else "]")
        if isinstance(self.value, bool) or self.value is None:
            return str(self.value).lower().replace("none", "null")
        return f'"{self.value}"' if isinstance(self.value, str) else str(self.value)

    @property
    def members(self) -> dict[str, Node]:
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> Sequence[Node]:
        return self.value if isinstance(self.value, list) else ()


def parse(file: SourceText, sources: SourceFiles) -> Node:
    """Raises SourceSyntaxError."""
    reader = _Reader(file, sources, _Budget())
    node = reader.value(0)
    reader.expect_end()
    return node


class _Budget:
    """How many files have been included, all in all."""

    def __init__(self) -> None:
        self.included = 0


class _Reader:
    def __init__(self, file: SourceText, sources: SourceFiles, budget: _Budget) -> None:
        self._file, self._text, self._sources, self._budget = file, file.text, sources, budget
        self._at, self._line, self._counted = 0, 1, 0

    def value(self, depth: int) -> Node:
        self._skip_blank()
        place = self._place()
        if depth > DEPTH_MAX:
            raise SourceSyntaxError(place, "lists or maps stand too deep inside each other", "flatten them")
        included = _INCLUDE.match(self._text, self._at)
        if included is not None:
            self._at = included.end()
            reader = self._included(included[1], place)
            node = reader.value(depth + 1)
            reader.expect_end()
            return node
        if self._take("{"):
            return Node(self._members("}", depth), place)
        if self._take("["):
            return Node(list(self._items("]", depth)), place)
        return Node(self._scalar(), place)

    def _members(self, end: str | None, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        for _ in self._separated(end):
            included = _INCLUDE.match(self._text, self._at)
            if included is not None:
                # A file may hold some of the members of a map.
                place, self._at = self._place(), included.end()
                if depth > DEPTH_MAX:
                    raise SourceSyntaxError(place, "files include each other too deep", "flatten them")
                members.update(self._included(included[1], place)._members(None, depth + 1))
                continue
            if not self._text.startswith('"', self._at):
                raise self._fault("a name in quotation marks is expected")
            name = self._string()
            self._skip_blank()
            if not self._take(":"):
                raise self._fault(f'a colon is expected after "{name}"')
            members[name] = self.value(depth + 1)
        return members

    def _items(self, end: str, depth: int) -> Iterator[Node]:
        for _ in self._separated(end):
            yield self.value(depth + 1)

    def _separated(self, end: str | None) -> Iterator[None]:
        """Once for each thing between commas; Kea takes a comma before the end as well."""
        while True:
            self._skip_blank()
            if self._ends(end):
                return
            yield None
            self._skip_blank()
            if not self._take(","):
                if not self._ends(end):
                    raise self._fault(f"a comma or {end or 'the end'} is expected")
                return

    def _ends(self, end: str | None) -> bool:
        return self._at >= len(self._text) if end is None else self._take(end)

    def _scalar(self) -> str | float | bool | None:
        if self._text.startswith('"', self._at):
            return self._string()
        for word, value in _WORDS.items():
            if self._take(word):
                return value
        number = _NUMBER.match(self._text, self._at)
        if number is None or len(number[0]) > 30:
            raise self._fault("a value is expected")
        self._at = number.end()
        return float(number[0]) if number[1] or number[2] else int(number[0])

    def _string(self) -> str:
        try:
            text, self._at = _STRINGS.raw_decode(self._text, self._at)
        except JSONDecodeError as problem:
            raise self._fault(problem.msg[:1].lower() + problem.msg[1:]) from None
        assert isinstance(text, str)
        return text

    def _included(self, name: str, place: Place) -> _Reader:
        self._budget.included += 1
        if self._budget.included > INCLUDED_MAX:
            raise SourceSyntaxError(place, "the files include each other without end", "take one of the lines out")
        try:
            return _Reader(self._sources.read(name), self._sources, self._budget)
        except SourceUnreadableError as problem:
            # What a value would have been cannot be guessed, and Kea would not start either.
            raise SourceSyntaxError(place, str(problem), "put the file where Kea finds it") from None

    def expect_end(self) -> None:
        self._skip_blank()
        if self._at < len(self._text):
            raise self._fault("nothing is expected after the end")

    def _skip_blank(self) -> None:
        if (blank := _BLANK.match(self._text, self._at)) is not None:
            self._at = blank.end()

    def _take(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _place(self) -> Place:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return Place(self._file.name, self._line)

    def _fault(self, what: str) -> SourceSyntaxError:
        return SourceSyntaxError(self._place(), f"this is not JSON: {what}", "look on this line or the one before")
