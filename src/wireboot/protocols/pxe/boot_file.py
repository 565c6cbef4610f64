"""How what a client is to load is written into a DHCP reply."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    BOOT_FILE_NAME,
    CLASS_IDENTIFIER,
    MESSAGE_TYPE,
    SERVER_IDENTIFIER,
    TFTP_SERVER_NAME,
    VENDOR_SPECIFIC,
)
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.decision import BootFile
from wireboot.protocols.pxe.identity import PXE_CLASS, PxeClient
from wireboot.protocols.pxe.quirks import Effect
from wireboot.protocols.pxe.vendor_options import (
    DISCOVERY_CONTROL,
    MTFTP_ADDRESS,
    MTFTP_CLIENT_PORT,
    MTFTP_LISTEN_TIMEOUT,
    MTFTP_SERVER_PORT,
    MTFTP_TRANSMIT_TIMEOUT,
    DiscoveryControl,
)
from wireboot.wire.iana import X86_BIOS
from wireboot.wire.option_table import Options

_LEADING = (MESSAGE_TYPE.code, SERVER_IDENTIFIER.code)


def with_boot_file(
    reply: Message, file: str, server: IPv4Address, tags: Options, effect: Effect = Effect.NONE
) -> Message:
    """`reply` naming `file` in every place that some firmware looks at.

    shim and U-Boot read the `file` field only, other loaders option 67 only; firmware takes the address from `siaddr`,
    loaders from option 66.
    """
    # Some ROMs copy the name as if it ended with a NUL, and others put theirs over the byte behind it.
    end = "" if Effect.NAME_WITHOUT_NUL in effect else "\0"
    reply = with_vendor_tags(
        reply,
        server,
        tags,
        Options().with_option(TFTP_SERVER_NAME, str(server)).with_option(BOOT_FILE_NAME, file + end),
    )
    return replace(reply, file=file.encode("ascii"))


def with_vendor_tags(reply: Message, server: IPv4Address, tags: Options, more: Options | None = None) -> Message:
    """`reply` as a PXE server's: class, tags and our address. Without tags it asks the client to come to port 4011."""
    named = Options().with_option(CLASS_IDENTIFIER, PXE_CLASS)
    if tags:
        named = named.with_option(VENDOR_SPECIFIC, vendor_options.encode(tags))
    named = Options({**named, **(more or {})})
    # Before the subnet's settings, and so the last to be left out of a reply that is too long.
    leading = {code: reply.options[code] for code in _LEADING if code in reply.options}
    others = {code: value for code, value in reply.options.items() if code not in named}
    # EDK2 compares a Boot Server's `siaddr` with the list it was given, others option 54: both are this address.
    return replace(reply, siaddr=server, options=Options({**leading, **named, **others}))


def load_at_once(boot_file: BootFile, client: PxeClient, effect: Effect) -> Options:
    """Tags that say to load the file in this packet: no prompt, no menu, no discovery (tag 6 bit 3).

    With them and option 60 in an offer, iPXE does not wait for a ProxyDHCP service, and EDK2 does not ask port 4011.
    """
    if Effect.NO_VENDOR_OPTIONS in effect:
        return Options()
    control = DiscoveryControl.USE_BOOT_FILE
    if Effect.DISCOVERY_CONTROL_8 not in effect:
        # Without this bit a multicast address would have to follow (PXE 2.1 §2.2.4; strict ROMs say PXE-E76).
        control |= DiscoveryControl.NO_MULTICAST
    return Options({**mtftp_tags(boot_file, client), **Options().with_option(DISCOVERY_CONTROL, control)})


def mtftp_tags(boot_file: BootFile, client: PxeClient) -> Options:
    """Tags 1 to 5, all or none. UEFI firmware cannot use them, and EDK2 drops an offer that has nothing besides."""
    mtftp = boot_file.mtftp
    if mtftp is None or client.architecture != X86_BIOS:
        return Options()
    return (
        Options()
        .with_option(MTFTP_ADDRESS, mtftp.group)
        .with_option(MTFTP_CLIENT_PORT, mtftp.client_port)
        .with_option(MTFTP_SERVER_PORT, mtftp.server_port)
        .with_option(MTFTP_LISTEN_TIMEOUT, mtftp.listen_timeout_s)
        .with_option(MTFTP_TRANSMIT_TIMEOUT, mtftp.transmit_timeout_s)
    )
