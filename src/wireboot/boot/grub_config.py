"""A menu as a configuration for GRUB."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from wireboot.boot.loader_menu import LoaderFileAt, LoaderMenu, LoaderMenuLine, Platform
from wireboot.protocols.pxe.vendor_options import AT_ONCE, FOR_EVER

_WAIT_FOR_EVER = -1
_PAUSE_S = 5


def grub_configuration(menu: LoaderMenu) -> str:
    """The configuration. Whatever texts and names hold, it does nothing but show them and load the files."""
    return "".join(line + "\n" for line in _lines(menu))


def grub_start(server: IPv4Address) -> str:
    """Leads a GRUB that looks for one configuration only, as Debian's signed one does, to that of its machine."""
    return f"configfile (tftp,{server})/grub/grub.cfg-01-${{net_default_mac}}\n"


def _lines(menu: LoaderMenu) -> Iterator[str]:
    yield "set default=0"
    yield f"set timeout={_WAIT_FOR_EVER if menu.timeout_s == FOR_EVER else menu.timeout_s}"
    if menu.timeout_s != AT_ONCE:
        yield "set timeout_style=menu"
    for line in menu.lines:
        yield f"menuentry {_quoted(line.text)} {{"
        yield from (f"  {command}" for command in _commands(line))
        yield "}"


def _commands(line: LoaderMenuLine) -> Iterator[str]:
    if not line.files:
        # Where GRUB heeds the status, UEFI firmware goes on to its next boot option.
        yield "exit 1"
        return
    word = "if"
    for platform, file in line.files.items():
        yield f'{word} [ "${{grub_cpu}}-${{grub_platform}}" = {_quoted(platform.grub)} ]; then'
        yield from (f"  {command}" for command in _load(platform, file))
        word = "elif"
    yield "else"
    yield "  echo 'There is nothing here for this platform.'"
    yield f"  sleep {_PAUSE_S}"
    yield "fi"


def _load(platform: Platform, file: LoaderFileAt) -> Iterator[str]:
    # Said in full: after HTTP boot GRUB has no root, and beside another DHCP server it takes that one for its own.
    device = f"tftp,{file.server}"
    yield f"set net_default_server={file.server}"
    yield f"set root={_quoted(device)}"
    command = "pxechainloader" if platform.is_bios else "chainloader"
    yield f"{command} {_quoted(f'({device})/' + file.name.lstrip('/'))}"


def _quoted(text: str) -> str:
    """Between single quotes every letter means itself; a quote stands outside of them."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return "'" + shown.replace("'", "'\\''") + "'"
