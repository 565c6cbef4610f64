"""What is said about a configuration: how bad, where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wireboot.errors import OperatorError


class Severity(StrEnum):
    """An error keeps wireboot from starting; a warning is probably not meant; a note is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    severity: Severity
    file: str
    line: int | None
    """Counted from 1; None for what stands nowhere in the file."""
    what: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.severity}: {self.what}\n  hint: {self.remedy}"


class ConfigurationError(OperatorError):
    """The configuration cannot be used. Its text is every finding, one below the other."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        count = "1 error" if errors == 1 else f"{errors} errors"
        super().__init__("\n".join((f"{count} in the configuration", *map(str, findings))), exit_code=2)
        self.findings = tuple(findings)


def sorted_by_place(findings: Sequence[Finding]) -> list[Finding]:
    """In the file's order; on one line the worst first."""
    severities = list(Severity)
    return sorted(findings, key=lambda each: (each.line or 0, severities.index(each.severity), each.what))
