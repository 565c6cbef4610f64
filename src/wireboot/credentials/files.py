"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from wireboot.errors import OperatorError

PRIVATE = 0o600
PUBLIC = 0o644


def write_whole(path: Path, content: bytes, mode: int, *, replace: bool) -> None:
    """Readers see the old file or the new one, also after a loss of power. Raises OperatorError.

    Without `replace` a file that is there is left as it is, which is an OperatorError too.
    """
    try:
        _write(path, content, mode, replace=replace)
    except FileExistsError:
        raise already_there(path) from None
    except OSError as problem:
        raise OperatorError(
            f"cannot write {path}: {problem.strerror}", hint="the folder must be there and writable"
        ) from None


def already_there(path: Path) -> OperatorError:
    return OperatorError(f"{path} is there already", hint="choose another folder, or overwrite it with --force")


def _write(path: Path, content: bytes, mode: int, *, replace: bool) -> None:
    # mkstemp gives mode 0600: a private key is never readable by others, not even for a moment.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            # Unlike a rename, a link never takes the place of a file that came in the meantime.
            os.link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
