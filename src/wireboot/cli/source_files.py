"""Other servers' files, as they lie on this machine's disk."""

from __future__ import annotations

from pathlib import Path

from wireboot.errors import OperatorError
from wireboot.migrate.sources import SourceText, SourceUnreadableError

SIZE_MAX = 64 << 20
"""Bytes; a lease file of a very large site has some tens of MiB."""


def read_source(file: Path) -> SourceText:
    """A file that was named on the command line. Raises OperatorError."""
    try:
        return SourceText(str(file), _text(file))
    except SourceUnreadableError as problem:
        raise OperatorError(str(problem), hint="name a file that this user may read", exit_code=2) from None


class FilesOnDisk:
    """Included files; relative names count from `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> SourceText:
        """Raises SourceUnreadableError."""
        file = self._folder / name
        return SourceText(str(file), _text(file))

    def names_in(self, folder: str) -> list[str]:
        """The files in a folder, by name. Raises SourceUnreadableError."""
        try:
            return sorted(str(file) for file in (self._folder / folder).iterdir() if file.is_file())
        except (OSError, ValueError) as problem:
            raise SourceUnreadableError(f"cannot read {folder}: {_reason(problem)}") from None


def _text(file: Path) -> str:
    """UTF-8 or, where it is not that, Latin-1, which old files are in."""
    try:
        # A pipe or a device would be waited for, or read, for ever.
        if file.exists() and not file.is_file():
            raise SourceUnreadableError(f"cannot read {file}: it is not a regular file")
        if file.stat().st_size > SIZE_MAX:
            raise SourceUnreadableError(f"cannot read {file}: it is larger than {SIZE_MAX >> 20} MiB")
        content = file.read_bytes()
    except (OSError, ValueError) as problem:
        raise SourceUnreadableError(f"cannot read {file}: {_reason(problem)}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _reason(problem: Exception) -> str:
    return (problem.strerror or str(problem)) if isinstance(problem, OSError) else str(problem)
