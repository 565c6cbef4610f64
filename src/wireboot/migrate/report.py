"""Where something stands in another server's files, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.config.findings import Finding, Severity
from wireboot.errors import OperatorError

_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class SourceSyntaxError(OperatorError):
    """A file that its own server would not read either."""

    def __init__(self, place: Place, what: str, hint: str) -> None:
        super().__init__(f"{place}: {shortened(what)}", hint=hint, exit_code=2)
        self.place = place


class Report:
    """What is told about a translation: nothing that was read is left out of it or of the result."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Each once, in the order of the files and their lines."""
        files = list(dict.fromkeys(finding.file for finding in self._findings))
        return tuple(sorted(self._findings, key=lambda each: (files.index(each.file), each.line or 0)))

    def untranslated(self, place: Place, setting: str, why: str, remedy: str) -> None:
        """`setting`, as it stands in the file, has no counterpart in the result."""
        what = f"`{shortened(setting)}` is not translated: {shortened(why)}"
        self._add(Finding(Severity.WARNING, place.file, place.line, what, remedy))

    def differs(self, place: Place, what: str, remedy: str) -> None:
        """Something was translated, and does not mean quite the same."""
        self._add(Finding(Severity.WARNING, place.file, place.line, shortened(what), remedy))

    def good_to_know(self, place: Place, what: str, remedy: str) -> None:
        """Something was translated, and what it does not say is probably not missed."""
        self._add(Finding(Severity.NOTE, place.file, place.line, shortened(what), remedy))

    def not_needed(self, place: Place, setting: str, why: str) -> None:
        """`setting` asks for what wireboot does anyway."""
        what = f"`{shortened(setting)}` needs no counterpart"
        self._add(Finding(Severity.NOTE, place.file, place.line, what, why))

    def _add(self, finding: Finding) -> None:
        self._findings.setdefault(finding)


def shortened(text: str) -> str:
    """One line fit for a terminal, whatever stood in the file."""
    line = "".join(letter if letter.isprintable() else "?" for letter in text)
    return line if len(line) <= _SHOWN_MAX else line[: _SHOWN_MAX - 1] + "…"
