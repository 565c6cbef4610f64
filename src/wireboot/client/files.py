"""Keeps what was downloaded."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePosixPath

from wireboot.errors import OperatorError


def save_boot_file(folder: Path, boot_file: str, content: bytes) -> Path:
    """Write `content` into `folder` under the last part of the name the server gave. Raises OperatorError."""
    # A server's name may lead anywhere; only what is no path is used of it.
    name = PurePosixPath(boot_file.replace("\\", "/")).name
    if name in ("", "..") or "\0" in name:
        name = "boot-file"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as unfinished:
            unfinished.write(content)
        os.replace(unfinished.name, folder / name)
    except OSError as problem:
        raise OperatorError(
            f"cannot save {name} in {folder}: {problem.strerror}", hint="name a folder that this user may write to"
        ) from None
    return folder / name
