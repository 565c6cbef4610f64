"""A menu as a script for iPXE."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wireboot.boot.loader_menu import LoaderFileAt, LoaderMenu, LoaderMenuLine
from wireboot.protocols.pxe.vendor_options import AT_ONCE, FOR_EVER

_PAUSE_MS = 5000

# iPXE knows no quoting. What would end a command or begin another thing inside a line is spelled differently, in this
# order: the first two join commands, the third begins a comment, the last a setting.
_SPELLED = (
    (re.compile(r"&&+"), "&"),
    (re.compile(r"\|\|+"), "|"),
    (re.compile(r"(?<!\S)#+"), ""),
    (re.compile(r"\$+\{"), "{"),
    (re.compile(r"[^ -~]"), "?"),
)
_SAFE_IN_URI = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")


def ipxe_script(menu: LoaderMenu) -> str:
    """The script. Whatever texts and names hold, it does nothing but show them and load the files."""
    return "".join(line + "\n" for line in _lines(menu))


def _lines(menu: LoaderMenu) -> Iterator[str]:
    yield "#!ipxe"
    if menu.timeout_s == AT_ONCE and menu.lines:
        yield "goto line1"
    yield ":menu"
    # Behind "--" nothing is an option.
    yield f"menu -- {_shown(menu.prompt)}"
    for number, line in enumerate(menu.lines, start=1):
        yield f"item line{number} {_shown(line.text)}"
    timeout = "" if menu.timeout_s in (AT_ONCE, FOR_EVER) else f"--timeout {menu.timeout_s * 1000} "
    # A status other than 0 lets UEFI firmware go on to its next boot option instead of stopping at its own menu.
    yield f"choose {timeout}chosen || exit 1"
    yield "goto ${chosen}"
    for number, line in enumerate(menu.lines, start=1):
        yield from _branch(f"line{number}", line)
    yield ":failed"
    yield f"prompt --timeout {_PAUSE_MS} This could not be loaded. Press a key for the menu ||"
    yield "goto menu"


def _branch(label: str, line: LoaderMenuLine) -> Iterator[str]:
    yield f":{label}"
    if not line.files:
        yield "exit 1"
        return
    yield f"goto {label}-${{platform}}-${{buildarch}} || goto failed"
    for platform, file in line.files.items():
        for name in platform.ipxe:
            yield f":{label}-{name}"
        yield f"chain {_uri(file)} || goto failed"


def _uri(file: LoaderFileAt) -> str:
    path = "".join(
        chr(byte) if chr(byte) in _SAFE_IN_URI else f"%{byte:02X}" for byte in file.name.lstrip("/").encode()
    )
    return f"tftp://{file.server}/{path}"


def _shown(text: str) -> str:
    for form, spelling in _SPELLED:
        text = form.sub(spelling, text)
    return text.strip() or "-"
