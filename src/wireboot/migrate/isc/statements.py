"""ISC's configuration language: words, and statements that end with a semicolon or hold others in braces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wireboot.migrate.report import Place, Report, SourceSyntaxError
from wireboot.migrate.sources import INCLUDED_MAX, SourceFiles, SourceText, SourceUnreadableError

DEPTH_MAX = 50
_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s{};,()="\#!~]+)|(?P<mark>!=|~=|~~|[{};,()=!~])""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a mark or, without its quotation marks, a text."""

    text: str
    place: Place
    quoted: bool = False

    def __str__(self) -> str:
        return f'"{self.text}"' if self.quoted else self.text


@dataclass(frozen=True, slots=True)
class Statement:
    """`words;` or `words { block }`."""

    words: tuple[Token, ...]
    place: Place
    block: tuple[Statement, ...] | None = None

    def begins(self, *words: str) -> bool:
        """With these words, in whatever case."""
        return tuple(word.text.lower() for word in self.words[: len(words)] if not word.quoted) == words

    @property
    def name(self) -> str:
        return self.words[0].text.lower() if self.words else ""

    @property
    def arguments(self) -> list[str]:
        """The words after the first, without commas."""
        return [word.text for word in self.words[1:] if word.quoted or word.text != ","]

    def __str__(self) -> str:
        return " ".join(map(str, self.words)).replace(" ,", ",").replace("( ", "(").replace(" )", ")")


def tokens(file: SourceText) -> Iterator[Token]:
    """Raises SourceSyntaxError for what is no word."""
    at, line = 0, 1
    while at < len(file.text):
        match = _TOKEN.match(file.text, at)
        place = Place(file.name, line)
        if match is None:
            raise SourceSyntaxError(place, "a quotation mark is missing", "close the text with a second one")
        if match["word"] is not None or match["mark"] is not None:
            yield Token(match[0], place)
        elif match["text"] is not None:
            yield Token(unescaped(match["text"]), place, quoted=True)
        line += match[0].count("\n")
        at = match.end()


def unescaped(text: str) -> str:
    """Text as dhcpd writes it, with marks and bytes behind a backslash; a byte is a letter of Latin-1."""
    return _ESCAPE.sub(_letter, text)


def _letter(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _LETTERS.get(code, code)


def read(files: Sequence[SourceText], sources: SourceFiles, report: Report) -> tuple[Statement, ...]:
    """Every statement, those of included files in their place. Raises SourceSyntaxError."""
    reader = _Reader(sources, report)
    return tuple(statement for file in files for statement in reader.statements(file, 0))


def _is_of_record(token: Token, words: Sequence[Token]) -> bool:
    """The braces of `option NAME code NUMBER = { TYPE, TYPE };` hold no statements."""
    if token.text == "{":
        return len(words) > 4 and words[0].text == "option" and words[-1].text in ("=", "of")
    return token.text == "}" and words[0].text == "option" and words_open(words) if words else False


def words_open(words: Sequence[Token]) -> bool:
    return any(word.text == "{" and not word.quoted for word in words) and words[-1].text != "}"


@dataclass(slots=True)
class _Open:
    """A block that is not closed yet."""

    words: tuple[Token, ...]
    place: Place
    statements: list[Statement] = field(default_factory=list)


class _Reader:
    def __init__(self, sources: SourceFiles, report: Report) -> None:
        self._sources, self._report = sources, report
        self._included = 0

    def statements(self, file: SourceText, depth: int) -> tuple[Statement, ...]:
        stack = [_Open((), Place(file.name, 1))]
        words: list[Token] = []
        for token in tokens(file):
            if token.quoted or token.text not in ("{", "}", ";") or _is_of_record(token, words):
                words.append(token)
            elif token.text == "{":
                stack.append(_Open(tuple(words), words[0].place if words else token.place))
                if len(stack) + depth > DEPTH_MAX:
                    raise SourceSyntaxError(token.place, "blocks stand too deep inside each other", "flatten them")
                words = []
            elif token.text == "}":
                self._no_words_left(words, "}")
                block = stack.pop()
                if not stack:
                    raise SourceSyntaxError(
                        token.place, "this brace closes nothing", "look for one that is missing above"
                    )
                stack[-1].statements.append(Statement(block.words, block.place, tuple(block.statements)))
            elif words:
                stack[-1].statements += self._complete(Statement(tuple(words), words[0].place), depth + len(stack))
                words = []
        self._no_words_left(words, "the end of the file")
        if len(stack) > 1:
            raise SourceSyntaxError(stack[-1].place, "this block is not closed", "look for a missing brace")
        return tuple(stack[0].statements)

    def _no_words_left(self, words: Sequence[Token], before: str) -> None:
        if words:
            what = f"a semicolon is missing after `{' '.join(map(str, words))}`"
            raise SourceSyntaxError(words[-1].place, what, f"each statement before {before} ends with one")

    def _complete(self, statement: Statement, depth: int) -> tuple[Statement, ...]:
        if statement.name != "include" or len(statement.words) != 2:
            return (statement,)
        self._included += 1
        if depth > DEPTH_MAX or self._included > INCLUDED_MAX:
            raise SourceSyntaxError(
                statement.place, "the files include each other without end", "take one of the lines out"
            )
        try:
            included = self._sources.read(statement.words[1].text)
        except SourceUnreadableError as problem:
            remedy = "name that file on the command line too"
            self._report.untranslated(statement.place, str(statement), str(problem), remedy)
            return ()
        return self.statements(included, depth)
