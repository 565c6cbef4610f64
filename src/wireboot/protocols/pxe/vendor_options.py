"""Option 43 as PXE uses it: tags of its own inside one DHCP option (PXE 2.1 §2.2.4, table 2-1)."""

from __future__ import annotations

from enum import IntFlag
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.errors import DecodeError
from wireboot.wire.option_table import (
    Option,
    Options,
    OptionTable,
    Shape,
    ipv4,
    list_of,
    uint8,
    uint16_le,
    uint32,
)

SIZE_MAX = 255
"""Bytes in option 43, PXE_END included."""
CREDENTIAL_BIT = 0x8000
"""Of the layer in tag 71: a credential is wanted, or named (PXE 2.1 §2.2.6)."""

LOCAL_DISK = 0
"""The type of a menu's line that boots from the local disk (tag 9)."""
AT_ONCE, FOR_EVER = 0, 255
"""Timeouts of a menu that are no seconds (tag 10): the first line without a question, the menu until one is chosen."""

_PAD, _END = 0, 255


class DiscoveryControl(IntFlag):
    """Tag 6: how the client may look for Boot Servers."""

    NO_BROADCAST = 1
    NO_MULTICAST = 2
    ONLY_LISTED = 4
    USE_BOOT_FILE = 8
    """Download the boot file this packet names: no prompt, no menu, no discovery."""


class BootServers(NamedTuple):
    """One entry of tag 8. No addresses: any server of this type will do."""

    server_type: int
    addresses: tuple[IPv4Address, ...]


class MenuItem(NamedTuple):
    """One entry of tag 9."""

    server_type: int
    text: str


class MenuPrompt(NamedTuple):
    """Tag 10."""

    timeout_s: int
    text: str


class MulticastAllocation(NamedTuple):
    """Tag 11, for Boot Servers: a range of addresses to give out. Clients ignore it."""

    base: IPv4Address
    block: int
    range: int


class BootItem(NamedTuple):
    """Tag 71: which Boot Server type, and which layer of its program. Bit 15 of the layer asks for credentials."""

    server_type: int
    layer: int


def decode(value: bytes) -> Options:
    """The tags inside option 43; of a repeated one the first counts. Raises DecodeError where a length lies."""
    tags: dict[int, bytes] = {}
    at = 0
    while at < len(value) and value[at] != _END:
        if value[at] == _PAD:
            at += 1
            continue
        end = at + 2 + value[at + 1] if at + 1 < len(value) else len(value) + 1
        if end > len(value):
            raise DecodeError(f"option 43 tag {value[at]}", at, "runs past the end of the option")
        tags.setdefault(value[at], value[at + 2 : end])
        at = end
    return Options(tags)


def encode(tags: Options) -> bytes:
    """The value of option 43, closed by PXE_END as EDK2 expects it. Raises ValueError above 255 bytes."""
    value = b"".join(bytes([tag, len(content)]) + content for tag, content in tags.items()) + bytes([_END])
    if len(value) > SIZE_MAX:
        # Firmware reads the first option 43 only: it cannot be split (RFC 3396 does not apply).
        raise ValueError(f"{len(value)} bytes of PXE tags do not fit into option 43, which holds {SIZE_MAX}")
    return value


def _decode_boot_servers(value: bytes) -> tuple[BootServers, ...]:
    entries: list[BootServers] = []
    at = 0
    while at < len(value):
        addresses_at = at + 3
        end = addresses_at + 4 * value[at + 2] if addresses_at <= len(value) else len(value) + 1
        if end > len(value):
            raise ValueError("an entry runs past the end")
        addresses = tuple(IPv4Address(value[each : each + 4]) for each in range(addresses_at, end, 4))
        entries.append(BootServers(int.from_bytes(value[at : at + 2], "big"), addresses))
        at = end
    return tuple(entries)


def _encode_boot_servers(entries: tuple[BootServers, ...]) -> bytes:
    return b"".join(
        entry.server_type.to_bytes(2, "big")
        + bytes([len(entry.addresses)])
        + b"".join(address.packed for address in entry.addresses)
        for entry in entries
    )


def _decode_menu(value: bytes) -> tuple[MenuItem, ...]:
    items: list[MenuItem] = []
    at = 0
    while at < len(value):
        text_at = at + 3
        end = text_at + value[at + 2] if text_at <= len(value) else len(value) + 1
        if end > len(value):
            raise ValueError("an entry runs past the end")
        items.append(MenuItem(int.from_bytes(value[at : at + 2], "big"), value[text_at:end].decode("latin-1")))
        at = end
    return tuple(items)


def _encode_menu(items: tuple[MenuItem, ...]) -> bytes:
    return b"".join(
        item.server_type.to_bytes(2, "big") + bytes([len(item.text)]) + item.text.encode("latin-1") for item in items
    )


def _decode_prompt(value: bytes) -> MenuPrompt:
    if not value:
        raise ValueError("the timeout is missing")
    return MenuPrompt(value[0], value[1:].rstrip(b"\0").decode("latin-1"))


def _decode_allocation(value: bytes) -> MulticastAllocation:
    if len(value) != 8:
        raise ValueError(f"{len(value)} bytes where it has 8")
    return MulticastAllocation(
        IPv4Address(value[:4]), int.from_bytes(value[4:6], "big"), int.from_bytes(value[6:], "big")
    )


def _encode_allocation(value: MulticastAllocation) -> bytes:
    return value.base.packed + value.block.to_bytes(2, "big") + value.range.to_bytes(2, "big")


def _decode_boot_item(value: bytes) -> BootItem:
    # Servers older than PXE 2.1 send the layer as one byte.
    if len(value) not in (3, 4):
        raise ValueError(f"{len(value)} bytes where it has 4")
    return BootItem(int.from_bytes(value[:2], "big"), int.from_bytes(value[2:], "big"))


def _encode_boot_item(value: BootItem) -> bytes:
    return value.server_type.to_bytes(2, "big") + value.layer.to_bytes(2, "big")


def _encode_prompt(value: MenuPrompt) -> bytes:
    return bytes([value.timeout_s]) + value.text.encode("latin-1")


def _decode_control(value: bytes) -> DiscoveryControl:
    return DiscoveryControl(uint8.decode(value))


def _encode_control(value: DiscoveryControl) -> bytes:
    return bytes([value])


# fmt: off
_control          = Shape("discovery control",    _decode_control,      _encode_control)
_boot_servers     = Shape("boot servers",         _decode_boot_servers, _encode_boot_servers)
_menu             = Shape("menu",                 _decode_menu,         _encode_menu)
_prompt           = Shape("prompt",               _decode_prompt,       _encode_prompt)
_allocation       = Shape("multicast allocation", _decode_allocation,   _encode_allocation)
_boot_item        = Shape("boot item",            _decode_boot_item,    _encode_boot_item)
_credential_types = list_of(uint32, 4)

# The ports are little-endian ("Intel order"): both Intel's headers and its reference client read them so.
_TABLE = "PXE 2.1 table 2-1"
MTFTP_ADDRESS          = Option(1,  "mtftp-address",          ipv4,              rfc=_TABLE)
MTFTP_CLIENT_PORT      = Option(2,  "mtftp-client-port",      uint16_le,         rfc=_TABLE)
MTFTP_SERVER_PORT      = Option(3,  "mtftp-server-port",      uint16_le,         rfc=_TABLE)
MTFTP_LISTEN_TIMEOUT   = Option(4,  "mtftp-listen-timeout",   uint8,             rfc=_TABLE)
MTFTP_TRANSMIT_TIMEOUT = Option(5,  "mtftp-transmit-timeout", uint8,             rfc=_TABLE)
DISCOVERY_CONTROL      = Option(6,  "discovery-control",      _control,          rfc=_TABLE)
DISCOVERY_ADDRESS      = Option(7,  "discovery-address",      ipv4,              rfc=_TABLE)
BOOT_SERVERS           = Option(8,  "boot-servers",           _boot_servers,     rfc=_TABLE)
BOOT_MENU              = Option(9,  "boot-menu",              _menu,             rfc=_TABLE)
MENU_PROMPT            = Option(10, "menu-prompt",            _prompt,           rfc=_TABLE)
MULTICAST_ALLOCATION   = Option(11, "multicast-allocation",   _allocation,       rfc=_TABLE)
CREDENTIAL_TYPES       = Option(12, "credential-types",       _credential_types, rfc=_TABLE)
BOOT_ITEM              = Option(71, "boot-item",              _boot_item,        rfc=_TABLE)
# fmt: on

TAGS = OptionTable(row for row in list(globals().values()) if isinstance(row, Option))
