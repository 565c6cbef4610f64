"""Which demand of which paper is held by which test.

`python -m tests.support.conformance` writes docs/reference/conformance.md.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.spec.demands import DOCUMENTS
from tests.spec.demands.demand import Demand, Document

SPEC = Path(__file__).parents[1] / "spec"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"

# Papers whose parts have names at best; facts that stand in no paper; and what we ask of ourselves.
_WITHOUT_SECTIONS = {"RFC 768", "RFC 792", "RFC 826", "RFC 894", "RFC 2090", "RFC 2347", "RFC 2348", "RFC 2349",
                     "RFC 3442", "Firmware", "Ours"}  # fmt: skip
_CITATION = re.compile(
    r"(?P<document>RFC \d+|PXE 2\.1|UEFI 2\.\d+|X\.\d+|Firmware|Ours)"
    r"(?:,? (?P<section>§\d+(?:\.\d+)*|table \d+-\d+|appendix(?: [A-Z]+)?))?"
    r"(?![\w§])"
)


class SpecTest(NamedTuple):
    """A test of tests/spec, as its source has it."""

    name: str
    file: str
    docstring: str

    def __str__(self) -> str:
        return f"{self.file}::{self.name}"


class Citation(NamedTuple):
    """Where a test's rule comes from. No section: the document has none with a number."""

    document: str
    section: str


def spec_tests() -> list[SpecTest]:
    """Every test of tests/spec, by file and in the file's order."""
    return [test for path in sorted(SPEC.glob("test_*.py")) for test in _tests_of(path)]


def _tests_of(path: Path) -> list[SpecTest]:
    functions = (each for each in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(each, ast.FunctionDef))
    return [
        SpecTest(each.name, path.name, ast.get_docstring(each) or "")
        for each in functions
        if each.name.startswith("test_")
    ]


def citation(docstring: str) -> Citation | None:
    """What the first words of a docstring cite; None where they cite nothing, or a paper without the section."""
    found = _CITATION.match(docstring)
    if found is None:
        return None
    document, section = found["document"], found["section"] or ""
    return Citation(document, section) if section or document in _WITHOUT_SECTIONS else None


def holder(name: str, tests: Iterable[SpecTest]) -> SpecTest:
    """The test that a demand names. Raises LookupError where there is none, or more than one."""
    found = [test for test in tests if name in (test.name, str(test))]
    if len(found) != 1:
        raise LookupError(f"{name}: {len(found)} tests are called so")
    return found[0]


def every_demand() -> list[tuple[Document, Demand]]:
    return [(document, each) for document in DOCUMENTS for each in document.demands]


# The page

_HEAD = """\
# Conformance

What the papers ask of a network boot server and client, and the test that holds each demand. A demand that nothing
holds is a gap, and says why. The words are ours: what is meant is in the paper.

This page is generated: `python -m tests.support.conformance` writes it from the lists in `tests/spec/demands/`.

| document | demands | held | gaps |
|---|---:|---:|---:|
"""


def page() -> str:
    tests = spec_tests()
    return _HEAD + _summary() + "".join(_chapter(document, tests) for document in DOCUMENTS)


def _summary() -> str:
    rows, total = "", Counter[str]()
    for document in DOCUMENTS:
        counted = Counter(_state(each) for each in document.demands)
        total += counted
        rows += _summary_row(f"[{document.name}](#{_anchor(document)})", counted)
    return rows + _summary_row("all", total)


def _summary_row(name: str, counted: Counter[str]) -> str:
    return f"| {name} | {counted.total()} | {counted['held']} | {counted['gap']} |\n"


def _state(demand: Demand) -> str:
    return "gap" if demand.gap else "held"


def _heading(document: Document) -> str:
    return f"{document.name}: {document.title}"


def _anchor(document: Document) -> str:
    """As GitHub makes it of the heading."""
    return re.sub(r"[^\w-]", "", _heading(document).lower().replace(" ", "-"))


def _chapter(document: Document, tests: list[SpecTest]) -> str:
    rows = "".join(
        f"| {each.section} | {each.level} | {each.text} | {_held_by(each, tests)} |\n" for each in document.demands
    )
    return f"\n## {_heading(document)}\n\n| section | level | demand | held by |\n|---|---|---|---|\n{rows}"


def _held_by(demand: Demand, tests: list[SpecTest]) -> str:
    if demand.gap:
        return f"**gap**: {demand.gap}"
    return "<br>".join(_link(holder(name, tests)) for name in demand.held_by)


def _link(test: SpecTest) -> str:
    words = test.name.removeprefix("test_").replace("_", " ")
    return f"[{words}](../../tests/spec/{test.file})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
