"""The many ways firmware writes a file name, brought to one relative path."""

from __future__ import annotations

import re

from wireboot.protocols.tftp.files import FileRefused
from wireboot.protocols.tftp.packet import ErrorCode

_SCHEME_AND_HOST = re.compile(r"^tftp://[^/]*/?", re.IGNORECASE)
_DRIVE_LETTER = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TRAILING_NOISE = " \xff"
"""Some ROMs copy DHCP option 67 with what stands behind it: padding spaces or the end option, FFh."""


def normalise(name: str) -> str:
    r"""The relative POSIX path that `name` means: `\Boot\BCD`, `//boot/./x`, `tftp://host/x` and the like.

    Percent signs are ordinary letters: nothing is unescaped here or later. Raises FileRefused for names that are empty
    or lead elsewhere.
    """
    # What follows a NUL is no part of the name (RFC 1350 §5).
    path = _SCHEME_AND_HOST.sub("", name.partition("\0")[0], count=1)
    segments = [segment for segment in path.replace("\\", "/").split("/") if segment not in ("", ".")]
    while segments and segments[-1].rstrip(_TRAILING_NOISE) in ("", "."):
        segments.pop()
    if segments:
        segments[-1] = segments[-1].rstrip(_TRAILING_NOISE)
    if not segments:
        raise FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found", "empty file name")
    # Checked last, on what remains: cleaning may have uncovered it.
    if ".." in segments or _DRIVE_LETTER.match(segments[0]) or any(map(_CONTROL.search, segments)):
        raise FileRefused(ErrorCode.ACCESS_VIOLATION, "file name not allowed")
    return "/".join(segments)
