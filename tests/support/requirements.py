"""What tests need beyond Python's packages, and what happens where it is missing.

Run as a program, it prints the Debian packages that bring all of it, one a line; it then needs nothing but Python.
"""

from __future__ import annotations

import os
import shutil
from glob import glob
from pathlib import Path
from typing import NoReturn

ROOT = "root"
"""The one need that is no file: network namespaces are root's to make."""

LIBWRAP = "/usr/lib/x86_64-linux-gnu/libwrap.so.0"
"""What tftpd-hpa needs, which is unpacked and not installed (lab/packages.py)."""

POSTGRES = next(iter(sorted(glob("/usr/lib/postgresql/*/bin/postgres"))), "/usr/lib/postgresql/15/bin/postgres")
"""PostgreSQL's server itself: of whichever version, it is not in PATH."""

# The package that brings what tests may ask for: a program by name, or a file by path.
# fmt: off
PACKAGES = {
    "qemu-system-x86_64":                         "qemu-system-x86",
    "/usr/lib/ipxe/qemu/efi-virtio.rom":          "ipxe-qemu",
    "/usr/share/seabios/bios-256k.bin":           "seabios",
    "/usr/share/OVMF/OVMF_CODE_4M.fd":            "ovmf",
    "/usr/lib/PXELINUX/pxelinux.0":               "pxelinux",
    "/usr/lib/syslinux/modules/bios/ldlinux.c32": "syslinux-common",
    "/usr/lib/ipxe/undionly.kpxe":                "ipxe",
    "/boot/memtest86+x64.bin":                    "memtest86+",
    "as":                                         "binutils",
    "grub-mkimage":                               "grub-common",
    "/usr/lib/grub/x86_64-efi/tftp.mod":          "grub-efi-amd64-bin",
    "/usr/lib/grub/i386-pc/pxe.mod":              "grub-pc-bin",
    "/usr/lib/shim/shimx64.efi.signed":           "shim-signed",
    "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed": "grub-efi-amd64-signed",
    "/bin/busybox":                               "busybox-static",
    "ip":                                         "iproute2",
    "nsenter":                                    "util-linux",
    "sysctl":                                     "procps",
    "dnsmasq":                                    "dnsmasq-base",
    "dhcrelay":                                   "isc-dhcp-relay",
    "tcpdump":                                    "tcpdump",
    "udhcpc":                                     "udhcpc",
    "dhclient":                                   "isc-dhcp-client",
    "perfdhcp":                                   "kea-admin",  # starts no daemon; its kea-common has Kea's libraries
    "tftp":                                       "tftp-hpa",
    "atftp":                                      "atftp",
    "/etc/services":                              "netbase",  # atftp looks its port up there
    "curl":                                       "curl",
    LIBWRAP:                                      "libwrap0",
    "openssl":                                    "openssl",
    "tshark":                                     "tshark",
    POSTGRES:                                     "postgresql",
}
# fmt: on

LAB = (ROOT, "ip", "nsenter", "sysctl", "tcpdump", "dnsmasq", "/dev/net/tun")
"""What `tests.support.lab` needs to make a network and to look at it."""

VIRTUAL_MACHINE = (
    *LAB,
    "qemu-system-x86_64",
    "/usr/lib/ipxe/qemu/efi-virtio.rom",
    "/usr/share/seabios/bios-256k.bin",
    "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "/usr/lib/PXELINUX/pxelinux.0",
    "/usr/lib/syslinux/modules/bios/ldlinux.c32",
    "grub-mkimage",
    "/usr/lib/grub/x86_64-efi/tftp.mod",
    "/bin/busybox",
)
"""What it needs to boot virtual PCs in that network. The kernel comes from Debian's archive by itself."""

POSTGRESQL = (ROOT, POSTGRES)
"""What it needs to run a database server of its own."""

BOOT_PROGRAMS = (
    *LAB,
    "/usr/lib/PXELINUX/pxelinux.0",
    "/usr/lib/syslinux/modules/bios/ldlinux.c32",
    "/usr/lib/ipxe/undionly.kpxe",
    "/usr/lib/grub/i386-pc/pxe.mod",
    "/boot/memtest86+x64.bin",
    "grub-mkimage",
    "/bin/busybox",
)
"""What the network boot programs need that the client executes."""


def require(*needs: str | Path) -> None:
    """Skip the test where something it needs is missing. In CI it fails: there, everything is to be there."""
    if reasons := missing(*needs):
        cannot_run(f"needs {', '.join(reasons)}")


def cannot_run(reason: str) -> NoReturn:
    """Skip the test for this reason, or fail it in CI."""
    import pytest  # not needed to print the packages

    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def missing(*needs: str | Path) -> list[str]:
    """What of the needs is not here, each with the package that would bring it."""
    return [describe(str(need)) for need in needs if not is_here(str(need))]


def is_here(need: str) -> bool:
    if need == ROOT:
        return os.geteuid() == 0
    return os.path.exists(need) if need.startswith("/") else shutil.which(need, path=search_path()) is not None


def search_path() -> str:
    """PATH and the administrator's folders, which the PATH of an ordinary user leaves out."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def describe(need: str) -> str:
    return f"{need} (package {PACKAGES[need]})" if need in PACKAGES else need


if __name__ == "__main__":
    print("\n".join(dict.fromkeys(PACKAGES.values())))
