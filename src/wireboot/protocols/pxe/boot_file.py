"""What a client is told to load, and how that is written into a DHCP reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from wireboot.protocols.dhcp4.message import FILE_SIZE, Message
from wireboot.protocols.dhcp4.options import (
    BOOT_FILE_NAME,
    CLASS_IDENTIFIER,
    MESSAGE_TYPE,
    SERVER_IDENTIFIER,
    TFTP_SERVER_NAME,
    VENDOR_SPECIFIC,
)
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.identity import PXE_CLASS, PxeClient
from wireboot.protocols.pxe.vendor_options import DISCOVERY_CONTROL, DiscoveryControl
from wireboot.wire.option_table import Options

NAME_SIZE_MAX = FILE_SIZE - 1
"""Bytes: the header's `file` field and its NUL."""


@dataclass(frozen=True, slots=True)
class BootFile:
    """The decision for one client, and the rule that made it."""

    name: str
    """As the client is to ask for it by TFTP."""
    rule: str
    profile: str | None = None

    def __post_init__(self) -> None:
        assert self.name.isascii(), self.name
        assert 0 < len(self.name) <= NAME_SIZE_MAX, self.name


@dataclass(frozen=True, slots=True)
class NoBootFile:
    """The decision to leave a client alone, and why."""

    rule: str


_LEADING = (MESSAGE_TYPE.code, SERVER_IDENTIFIER.code)

Decide = Callable[[PxeClient], BootFile | NoBootFile]
"""Who is asking to what it gets: synchronous, over a snapshot (boot/policy.py)."""

# Without the second bit a multicast address would have to follow (PXE 2.1 §2.2.4; strict ROMs say PXE-E76).
_LOAD_AT_ONCE = vendor_options.encode(
    Options().with_option(DISCOVERY_CONTROL, DiscoveryControl.USE_BOOT_FILE | DiscoveryControl.NO_MULTICAST)
)


def with_boot_file(reply: Message, boot_file: BootFile, server: IPv4Address) -> Message:
    """`reply` naming `boot_file` in every place that some firmware looks at.

    shim reads the `file` field only, other loaders option 67 only; firmware takes the address from `siaddr`, loaders
    from option 66. Option 43 says to load the file at once (PXE 2.1 table 2-1, discovery control bit 3); with it and
    option 60 in an offer, iPXE does not wait for a ProxyDHCP service.
    """
    named = (
        Options()
        .with_option(CLASS_IDENTIFIER, PXE_CLASS)
        .with_option(VENDOR_SPECIFIC, _LOAD_AT_ONCE)
        .with_option(TFTP_SERVER_NAME, str(server))
        # Some ROMs copy the name as if it ended with a NUL, and others put theirs over the byte behind it.
        .with_option(BOOT_FILE_NAME, boot_file.name + "\0")
    )
    # Before the subnet's settings, and so the last to be left out of a reply that is too long.
    leading = {code: reply.options[code] for code in _LEADING if code in reply.options}
    others = {code: value for code, value in reply.options.items() if code not in named}
    options = Options({**leading, **named, **others})
    return replace(reply, siaddr=server, file=boot_file.name.encode("ascii"), options=options)
