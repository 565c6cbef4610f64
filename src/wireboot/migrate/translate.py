"""From another server's configuration to the text of a wireboot.toml, and to all that is not in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Interface

from wireboot.config.findings import Finding
from wireboot.migrate.dnsmasq.translate import from_dnsmasq
from wireboot.migrate.draft import Draft
from wireboot.migrate.isc.translate import from_isc
from wireboot.migrate.kea.translate import from_kea
from wireboot.migrate.report import Report
from wireboot.migrate.sources import SourceFiles, SourceText
from wireboot.migrate.toml_text import as_toml


class Origin(StrEnum):
    """Whose configuration it is."""

    DNSMASQ = "dnsmasq"
    ISC = "isc"
    KEA = "kea"


@dataclass(frozen=True, slots=True)
class Translated:
    """What a configuration amounts to."""

    toml: str
    draft: Draft
    findings: tuple[Finding, ...]
    """Warnings for what is not translated, or means something else; notes for what nothing is to be done about."""


_TRANSLATE: dict[Origin, Callable[[Sequence[SourceText], SourceFiles, Sequence[IPv4Interface], Report], Draft]] = {
    Origin.DNSMASQ: from_dnsmasq,
    Origin.ISC: from_isc,
    Origin.KEA: from_kea,
}
_COMMENTS = re.compile(r"\s+|#[^\n]*\n?|//[^\n]*\n?|/\*.*?\*/|<\?.*?\?>", re.DOTALL)
_ISC = re.compile(r"^[^#\n]*[;{}]\s*(#.*)?$", re.MULTILINE)


def translate(
    files: Sequence[SourceText], origin: Origin | None, sources: SourceFiles, own: Sequence[IPv4Interface] = ()
) -> Translated:
    """`origin` None: told by the looks of the first file. `own`: this machine's addresses. Raises SourceSyntaxError."""
    report = Report()
    draft = _TRANSLATE[origin or origin_of(files[0].text)](files, sources, own, report)
    return Translated(as_toml(draft, ", ".join(file.name for file in files)), draft, report.findings)


def origin_of(text: str) -> Origin:
    """Kea's files begin with a brace, and the lines of ISC's end with a semicolon or a brace."""
    at = 0
    while (skipped := _COMMENTS.match(text, at)) is not None and skipped.end() > at:
        at = skipped.end()
    if text[at : at + 1] == "{":
        return Origin.KEA
    return Origin.ISC if _ISC.search(text) else Origin.DNSMASQ
