"""The boot files on disk, and nothing else on disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.tftp import CLIENT
from wireboot.protocols.tftp.files import BootFiles, FileRefused
from wireboot.protocols.tftp.packet import ErrorCode
from wireboot.store.boot_files import BootFileStore

NOBODY = 65534


@pytest.fixture
def boot_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "boot"
    (folder / "Boot").mkdir(parents=True)
    (folder / "pxelinux.0").write_bytes(b"0123456789")
    (folder / "Boot" / "BCD").write_bytes(b"bcd")
    (tmp_path / "outside").write_bytes(b"secret")
    return folder


@contextmanager
def as_nobody_in(folder: Path) -> Iterator[Path]:
    """A folder in which this process is an ordinary user, even where the tests run as root, who may read everything."""
    if os.geteuid() != 0:
        yield folder
        return
    os.chown(folder, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(0)


def content(store: BootFileStore, name: str) -> bytes:
    files: BootFiles = store
    file = files.open(name, CLIENT)
    try:
        return file.read(0, file.size_bytes + 1)
    finally:
        file.close()


def refusal(store: BootFileStore, name: str) -> FileRefused:
    with pytest.raises(FileRefused) as raised:
        store.open(name)
    assert "/" not in raised.value.text
    assert not store.exists(name)
    assert store.size(name) is None
    return raised.value


def test_a_file_is_read_in_pieces(boot_dir: Path) -> None:
    file = BootFileStore(boot_dir).open("pxelinux.0", CLIENT)

    assert (file.size_bytes, file.read(2, 3), file.read(8, 5), file.read(10, 1)) == (10, b"234", b"89", b"")
    file.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.read(0, 1)


@pytest.mark.parametrize("name", ["Boot/BCD", "/Boot//BCD", "\\Boot\\BCD", "tftp://server/Boot/BCD"])
def test_names_are_normalised(boot_dir: Path, name: str) -> None:
    store = BootFileStore(boot_dir)

    assert content(store, name) == b"bcd"
    assert store.exists(name)
    assert store.size(name) == 3


def test_looking_leaves_nothing_open(boot_dir: Path) -> None:
    store = BootFileStore(boot_dir)
    before = os.listdir("/proc/self/fd")
    store.size("pxelinux.0")
    store.exists("Boot")
    store.exists("missing")

    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    "name", ["missing", "Boot/missing", "pxelinux.0/x", "x" * 300, "a/" * 3000 + "a", "\ud800", "boot/bcd", "", "Boot"]
)
def test_what_does_not_exist_is_not_found(boot_dir: Path, name: str) -> None:
    assert refusal(BootFileStore(boot_dir), name).code == ErrorCode.FILE_NOT_FOUND


@pytest.mark.parametrize("name", ["../outside", "Boot/../../outside", "..\\outside", "Boot/../pxelinux.0"])
def test_no_name_climbs_out(boot_dir: Path, name: str) -> None:
    assert refusal(BootFileStore(boot_dir), name).code == ErrorCode.ACCESS_VIOLATION


def test_an_absolute_name_is_taken_inside(boot_dir: Path) -> None:
    store = BootFileStore(boot_dir)

    assert refusal(store, str(boot_dir.parent / "outside")).code == ErrorCode.FILE_NOT_FOUND
    assert content(store, "/pxelinux.0\0/../../outside") == b"0123456789"


def test_links_that_stay_inside_are_followed(boot_dir: Path) -> None:
    (boot_dir / "default").symlink_to("pxelinux.0")
    (boot_dir / "x64").symlink_to(boot_dir / "Boot")

    assert content(BootFileStore(boot_dir), "default") == b"0123456789"
    assert content(BootFileStore(boot_dir), "x64/BCD") == b"bcd"


def test_links_that_lead_out_do_not_exist(boot_dir: Path, tmp_path: Path) -> None:
    (boot_dir / "file").symlink_to("../outside")
    (boot_dir / "folder").symlink_to(tmp_path)
    (boot_dir / "loop").symlink_to("loop")
    (tmp_path / "boot-2").mkdir()
    (tmp_path / "boot-2" / "x").write_bytes(b"a folder whose name begins like ours")
    (boot_dir / "near").symlink_to("../boot-2/x")

    for name in ("file", "folder/outside", "loop", "near", "folder/missing"):
        assert refusal(BootFileStore(boot_dir, ignore_case=True), name).code == ErrorCode.FILE_NOT_FOUND


def test_a_folder_that_is_itself_a_link_may_be_switched(boot_dir: Path, tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(boot_dir)
    store = BootFileStore(current)
    assert store.size("pxelinux.0") == 10

    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "pxelinux.0").write_bytes(b"new")
    current.unlink()
    current.symlink_to(tmp_path / "next")
    assert content(store, "pxelinux.0") == b"new"


def test_only_regular_files_are_opened(boot_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(boot_dir / "fifo")
    opened: list[str] = []
    monkeypatch.setattr(os, "open", lambda path, _flags: opened.append(path))

    assert refusal(BootFileStore(boot_dir), "fifo").code == ErrorCode.FILE_NOT_FOUND
    assert refusal(BootFileStore(boot_dir), "Boot").code == ErrorCode.FILE_NOT_FOUND
    assert opened == []


def test_a_fifo_that_takes_the_place_of_a_file_does_not_stop_the_server(
    boot_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(boot_dir / "fifo")
    regular = os.stat(boot_dir / "pxelinux.0")
    monkeypatch.setattr(os, "stat", lambda _path: regular)

    assert refusal(BootFileStore(boot_dir), "fifo").code == ErrorCode.FILE_NOT_FOUND


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, ErrorCode.ACCESS_VIOLATION),
        (errno.EPERM, ErrorCode.ACCESS_VIOLATION),
        (errno.EMFILE, ErrorCode.UNDEFINED),
        (errno.EIO, ErrorCode.UNDEFINED),
        (errno.ENOENT, ErrorCode.FILE_NOT_FOUND),
        (errno.ELOOP, ErrorCode.FILE_NOT_FOUND),
    ],
)
def test_what_the_system_refuses_is_told_by_its_code(
    boot_dir: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: ErrorCode
) -> None:
    def fail(path: str, _flags: int) -> int:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "open", fail)

    assert refusal(BootFileStore(boot_dir), "pxelinux.0").code == code


def test_an_unreadable_file_is_an_access_violation() -> None:
    with TemporaryDirectory() as folder, as_nobody_in(Path(folder)) as boot_dir:
        (boot_dir / "pxelinux.0").write_bytes(b"0123456789")
        (boot_dir / "pxelinux.0").chmod(0)

        assert refusal(BootFileStore(boot_dir), "pxelinux.0").code == ErrorCode.ACCESS_VIOLATION


def test_extra_files_stand_behind_the_folder(boot_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "ipxe.efi").write_bytes(b"from a package")
    (tmp_path / "link").symlink_to("ipxe.efi")
    extra = {"ipxe.efi": tmp_path / "ipxe.efi", "efi\\link": tmp_path / "link", "gone": tmp_path / "gone"}
    store = BootFileStore(boot_dir, {**extra, "pxelinux.0": tmp_path / "ipxe.efi"})

    assert content(store, "/ipxe.efi") == b"from a package"
    assert content(store, "efi/link") == b"from a package"
    assert content(store, "pxelinux.0") == b"0123456789"
    assert refusal(store, "gone").code == ErrorCode.FILE_NOT_FOUND


def test_a_missing_folder_has_no_files(tmp_path: Path) -> None:
    assert refusal(BootFileStore(tmp_path / "none"), "pxelinux.0").code == ErrorCode.FILE_NOT_FOUND


def test_case_may_be_ignored_but_the_exact_spelling_comes_first(boot_dir: Path, tmp_path: Path) -> None:
    (boot_dir / "boot").mkdir()
    (boot_dir / "boot" / "other").write_bytes(b"other")
    (boot_dir / "PXELINUX.0").write_bytes(b"upper")
    store = BootFileStore(boot_dir, {"Grub.EFI": tmp_path / "outside"}, ignore_case=True)

    assert content(store, "PXELINUX.0") == b"upper"
    assert content(store, "pxelinux.0") == b"0123456789"
    assert content(store, "Boot/bcd") == b"bcd"
    assert content(store, "boot/BCD") == b"bcd"
    assert content(store, "BOOT/OTHER") == b"other"
    assert content(store, "grub.efi") == b"secret"
    assert refusal(store, "boot/missing").code == ErrorCode.FILE_NOT_FOUND
