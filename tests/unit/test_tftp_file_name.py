"""The many ways firmware writes a file name."""

from __future__ import annotations

import pytest

from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import FileRefused
from wireboot.protocols.tftp.packet import ErrorCode


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("pxelinux.0", "pxelinux.0"),
        ("/pxelinux.0", "pxelinux.0"),
        ("//boot//x", "boot/x"),
        ("\\Boot\\x64\\wdsnbp.com", "Boot/x64/wdsnbp.com"),
        ("Boot\\BCD", "Boot/BCD"),
        ("\\\\boot/x", "boot/x"),
        ("./boot/./x", "boot/x"),
        ("boot/x/", "boot/x"),
        ("pxelinux.0\xff", "pxelinux.0"),
        ("pxelinux.0\xff\xff \xff", "pxelinux.0"),
        ("pxelinux.0  ", "pxelinux.0"),
        ("pxelinux.0\0rest", "pxelinux.0"),
        ("tftp://10.77.0.1/boot/x", "boot/x"),
        ("TFTP://[fd77::1]:69//boot/x", "boot/x"),
        ("pxelinux.cfg/01-52-54-00-77-00-10", "pxelinux.cfg/01-52-54-00-77-00-10"),
        ("a..b/..c/d..", "a..b/..c/d.."),
        ("100%/%2e%2e/x", "100%/%2e%2e/x"),
        ("with space/é", "with space/é"),
        ("ab:cd", "ab:cd"),
    ],
)
def test_names_are_brought_to_one_form(asked: str, meant: str) -> None:
    assert normalise(asked) == meant


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../x",
        "boot/../x",
        "boot/..",
        "\\..\\x",
        "a/.. /.",
        "boot/..\xff",
        "tftp://host/../x",
        "C:\\x",
        "/c:/x",
        "c:x",
        "a\nb",
        "a\x7fb",
        "\x1b[31m/x",
        "a\x85b",
    ],
)
def test_names_that_lead_elsewhere_are_not_allowed(name: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        normalise(name)
    assert refusal.value.code == ErrorCode.ACCESS_VIOLATION


@pytest.mark.parametrize("name", ["", "/", "\\", ".", "./", "\xff", "  ", "\0x", "tftp://host", "tftp://host/"])
def test_an_empty_name_is_no_file(name: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        normalise(name)
    assert refusal.value.code == ErrorCode.FILE_NOT_FOUND
