"""Where a reply says that the boot file lies (PXE 2.1 §2.2.5, RFC 2132 §9.5)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import BOOT_FILE_NAME, SERVER_IDENTIFIER
from wireboot.protocols.pxe.errors import NO_BOOT_FILE, SERVER_ADDRESS_MISSING, TFTP_CANNOT_OPEN, PxeError
from wireboot.protocols.tftp.mtftp import MtftpParameters

_NAME_BYTES_MAX = 255


@dataclass(frozen=True, slots=True)
class BootTarget:
    """A file and how to come by it."""

    file: str
    server: IPv4Address
    mtftp: MtftpParameters | None = None


def boot_file_of(message: Message) -> str:
    """Option 67 or, without it, the header's `file`; empty where neither names one. Raises DecodeError."""
    name = message.options.get(BOOT_FILE_NAME)
    raw = message.file if not name else name.encode("latin-1")
    raw = raw.partition(b"\0")[0]
    if len(raw) > _NAME_BYTES_MAX or any(byte < 0x20 or byte == 0x7F for byte in raw):
        raise DecodeError("boot file name", 0, "too long for a read request, or with control characters in it")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def find_target(
    message: Message, *, first_listed: IPv4Address | None = None, mtftp: MtftpParameters | None = None
) -> BootTarget | PxeError:
    """`first_listed`: the first server of tag 8, where the packet's own boot file is loaded at once."""
    file = boot_file_of(message)
    if not file:
        return NO_BOOT_FILE
    siaddr = None if message.siaddr.is_unspecified else message.siaddr
    server = first_listed or siaddr or message.options.get(SERVER_IDENTIFIER)
    if server is None or server.is_unspecified:
        return SERVER_ADDRESS_MISSING
    if server.is_multicast or server.is_reserved:
        return TFTP_CANNOT_OPEN.because(f"the server is said to be {server}")
    return BootTarget(file, server, mtftp)
