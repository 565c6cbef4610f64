"""Programs out of Debian packages that are not installed: a server's package would start it on the host as well."""

from __future__ import annotations

from pathlib import Path

from tests.support.lab.payload import CACHE_DIR, made_once, unpack_package

DHCPD = ("isc-dhcp-server", "usr/sbin/dhcpd")
IN_TFTPD = ("tftpd-hpa", "usr/sbin/in.tftpd")


def unpacked(package: str, program: str) -> Path:
    """The program, from a copy of its package in the checkout's cache folder. Raises PayloadError."""
    return made_once(CACHE_DIR / package, lambda target: unpack_package(package, target)) / program
