"""What the PXE client does with files, keys and words on this machine (client/)."""

from __future__ import annotations

import os
import pty
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.dhcp import MAC
from tests.support.pxe_client import MACHINE_UUID
from wireboot.client.files import save_boot_file
from wireboot.client.keyboard import keys_in, read_typed
from wireboot.client.report import BootReport
from wireboot.client.screen import Screen
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.client_events import BootEnded, Failed, MenuShown, StepReached
from wireboot.protocols.pxe.errors import FILE_NOT_FOUND
from wireboot.protocols.pxe.firmware import WIREBOOT
from wireboot.protocols.pxe.menu import Key
from wireboot.protocols.pxe.vendor_options import MenuItem
from wireboot.protocols.tftp.fetch import FetchProgressed


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("pxelinux.0", "pxelinux.0"),
        ("/boot/x64/grubx64.efi", "grubx64.efi"),
        (r"Boot\x64\wdsnbp.com", "wdsnbp.com"),
        ("../../etc/passwd", "passwd"),
        ("boot/..", "boot-file"),
        ("/", "boot-file"),
        ("home/.bashrc", "bashrc"),
    ],
)
def test_a_servers_name_leads_nowhere(tmp_path: Path, named: str, kept: str) -> None:
    """Security: the name is a stranger's; not even a hidden file in the folder itself is replaced by it."""
    folder = tmp_path / "kept"
    assert save_boot_file(folder, named, b"x") == folder / kept
    assert [path.relative_to(folder) for path in folder.rglob("*")] == [Path(kept)]


def test_a_file_that_cannot_be_saved_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    for name in ("taken", "x" * 300):
        with pytest.raises(OperatorError):
            save_boot_file(tmp_path, name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b"\x1b", [Key.ESCAPE]),
        (b"\x1b[A\x1b[B\r", [Key.UP, Key.DOWN, Key.ENTER]),
        (b"\x1bOA\x1bOF", [Key.UP, Key.END]),
        (b"\x1b[19~", [Key.F8]),
        (b"mMuUdD", [Key.M, Key.M, Key.U, Key.U, Key.D, Key.D]),
        (b"x\xff\x00\n", [Key.ENTER]),
    ],
)
def test_keys_are_told_apart(typed: bytes, keys: list[Key]) -> None:
    assert list(keys_in(typed)) == keys


@pytest.mark.parametrize("typed", [b"\x1b[D", b"\x1b[15~", b"\x1b[1;5C", b"\x1b[3~", b"\x1bOP"])
def test_a_key_that_means_nothing_does_not_cancel_the_boot(typed: bytes) -> None:
    """Firmware: Escape cancels. Arrows to the side, F5 and the like merely begin with it on a terminal."""
    assert list(keys_in(typed)) == []


def test_a_terminal_that_is_gone_is_read_no_more() -> None:
    ours, theirs = pty.openpty()
    os.close(ours)
    assert read_typed(theirs) is None
    os.close(theirs)


@pytest.mark.parametrize(("terminal", "shown"), [(True, "64 of 128 KiB\r"), (False, "")])
def test_progress_is_for_terminals(terminal: bool, shown: str) -> None:
    written = StringIO()
    screen = Screen(Console(file=written, force_terminal=terminal, color_system=None))
    screen.show(FetchProgressed("loader.efi", 65_536, 131_072))
    assert written.getvalue().lstrip() == shown


def test_what_servers_say_moves_no_cursor() -> None:
    """Security: names and texts are a stranger's."""
    written = StringIO()
    screen = Screen(Console(file=written, force_terminal=False))
    screen.show(StepReached(6, {"boot_file": "a\x9b2Jb"}))
    screen.show(MenuShown("\x1b[2J", (MenuItem(1, "\x1b]0;title"),), 0))
    screen.show(BootEnded(Failed(FILE_NOT_FOUND.because("\x1b[2J"))))
    assert not {"\x1b", "\x9b"} & set(written.getvalue())


def test_a_boot_that_failed_tells_how_far_it_came() -> None:
    report = BootReport(WIREBOOT.identity(MAC, MACHINE_UUID))
    report.observe(StepReached(3, {"address": "10.77.0.100"}))
    report.observe(StepReached(6, {"boot_file": "a", "boot_server": "10.77.0.1", "server": "10.77.0.2"}))
    report.observe(BootEnded(Failed(FILE_NOT_FOUND.because("a from 10.77.0.2"))))
    document = report.document()
    assert (document["address"], document["boot_file"], document["boot_server"]) == ("10.77.0.100", "a", "10.77.0.1")
    assert document["error"] == {
        "code": "PXE-E3B",
        "text": FILE_NOT_FOUND.text,
        "hint": FILE_NOT_FOUND.hint,
        "detail": "a from 10.77.0.2",
    }
