"""The files to translate, and those that they include, as whoever called provides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

INCLUDED_MAX = 1000
"""More files than any configuration has: a file that includes itself ends here."""


class SourceUnreadableError(Exception):
    """A file that another one names cannot be read; the text says why."""


class SourceFiles(Protocol):
    """How included files are read. Names are as the including file has them."""

    def read(self, name: str) -> SourceText:
        """Raises SourceUnreadableError."""

    def names_in(self, folder: str) -> Sequence[str]:
        """The files in a folder, each name to be given to `read`. Raises SourceUnreadableError."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's name, for people, and what stands in it."""

    name: str
    text: str


class NoSourceFiles:
    """For text that stands alone."""

    def read(self, name: str) -> SourceText:
        raise SourceUnreadableError(f"{name} is not at hand")

    def names_in(self, folder: str) -> Sequence[str]:
        raise SourceUnreadableError(f"{folder} is not at hand")
