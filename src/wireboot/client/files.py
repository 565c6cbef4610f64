"""Keeps what was downloaded."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from wireboot.errors import OperatorError


def save_boot_file(folder: Path, boot_file: str, content: bytes) -> Path:
    """Write `content` into `folder` under the last part of the name the server gave. Raises OperatorError."""
    # A server's name may lead anywhere, or be that of a hidden file which a shell runs when it starts.
    name = PurePosixPath(boot_file.replace("\\", "/")).name.lstrip(".") or "boot-file"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as unfinished:
            part = Path(unfinished, "part")
            part.write_bytes(content)
            part.replace(folder / name)
    except OSError as problem:
        raise OperatorError(
            f"cannot save {name} in {folder}: {problem.strerror}", hint="name a folder that this user may write to"
        ) from None
    return folder / name
