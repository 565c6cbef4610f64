"""The pages about errors, as the table of errors has them. `python -m tests.support.error_pages` writes them."""

from __future__ import annotations

from pathlib import Path

from wireboot.protocols.pxe.errors import ERRORS, PxeError

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "errors"

_INDEX_HEAD = """\
# Errors of a network boot

What ends a boot has a number, the one that PXE firmware shows for it. `wireboot boot` prints it with its reason and a
hint, and `wireboot boot --json` has it under `error`.

UEFI firmware built from EDK2 uses some of these numbers for other things: there E16 is what E51 to E53 are here, E18 a
server that does not answer, E21 a boot that was cancelled, E23 an error of the TFTP server.

| code | what happened |
|---|---|
"""
_WIDTH = 120


def page(error: PxeError) -> str:
    return f"# {error.code}: {error.text}\n\n## What to do\n\n{_wrapped(error.hint)}\n"


def index() -> str:
    rows = [f"| [{error.code}]({error.code}.md) | {error.text} |\n" for error in ERRORS]
    return _INDEX_HEAD + "".join(rows)


def pages() -> dict[str, str]:
    """Every file of the folder by its name."""
    return {"README.md": index(), **{f"{error.code}.md": page(error) for error in ERRORS}}


def _wrapped(text: str) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()
    return "\n".join(lines)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
