"""What one row of a document's list of demands says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How strongly it is asked for (RFC 2119). Papers older than those words: by what they mean."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True, slots=True)
class Demand:
    """One sentence of a paper in our words. It is held by tests, or is a gap."""

    level: Level
    section: str
    """As the tests cite it, "§4.3.1" or "table 2-1"; empty where the paper has no numbers."""
    text: str
    held_by: tuple[str, ...] = ()
    """Names of tests in tests/spec; "file.py::name" where several files have a test of that name."""
    gap: str = ""
    """Why nothing holds it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A paper's demands in its own order."""

    name: str
    """As the tests cite it."""
    title: str
    demands: tuple[Demand, ...]


def must(section: str, text: str, *held_by: str, gap: str = "") -> Demand:
    return Demand(Level.MUST, section, text, held_by, gap)


def should(section: str, text: str, *held_by: str, gap: str = "") -> Demand:
    return Demand(Level.SHOULD, section, text, held_by, gap)


def may(section: str, text: str, *held_by: str, gap: str = "") -> Demand:
    return Demand(Level.MAY, section, text, held_by, gap)
