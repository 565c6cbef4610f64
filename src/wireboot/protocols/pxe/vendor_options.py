"""Option 43 as PXE uses it: tags of its own inside one DHCP option (PXE 2.1 §2.2.4, table 2-1)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntFlag
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.errors import DecodeError
from wireboot.protocols.wire.option_table import Option, Shape, ipv4, list_of, uint8, uint16_le, uint32

_PAD, _END = 0, 255
_SIZE_MAX = 255
_TAG_SIZE_MAX = _SIZE_MAX - 3


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
    """One entry of tag 9. Type 0 boots from the local disk."""

    server_type: int
    text: str


class MenuPrompt(NamedTuple):
    """Tag 10. Seconds: 0 takes the first item at once, 255 shows the menu and waits."""

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


def _not_configured(value: object) -> None:
    raise ValueError(f"{value!r}: PXE tags follow from menus and profiles, they are not set one by one")


def _encode_boot_item(value: BootItem) -> bytes:
    return value.server_type.to_bytes(2, "big") + value.layer.to_bytes(2, "big")


def _encode_prompt(value: MenuPrompt) -> bytes:
    return bytes([value.timeout_s]) + value.text.encode("latin-1")


def _encode_control(value: DiscoveryControl) -> bytes:
    return bytes([value])


# Tags 2 and 3 are little-endian ("Intel order"): both Intel's headers and its reference client read them so.
# fmt: off
TAGS = {
    "multicast_address":    Option(1,  "mtftp-address",        ipv4,                 rfc="PXE 2.1 table 2-1"),
    "client_port":          Option(2,  "mtftp-client-port",    uint16_le,            rfc="PXE 2.1 table 2-1"),
    "server_port":          Option(3,  "mtftp-server-port",    uint16_le,            rfc="PXE 2.1 table 2-1"),
    "listen_timeout_s":     Option(4,  "mtftp-timeout",        uint8,                rfc="PXE 2.1 table 2-1"),
    "transmit_timeout_s":   Option(5,  "mtftp-delay",          uint8,                rfc="PXE 2.1 table 2-1"),
    "discovery_control":    Option(6,  "discovery-control",    Shape("bits", lambda v: DiscoveryControl(uint8.decode(v)), _encode_control, _not_configured),  # noqa: E501  # one row
                                                                                     rfc="PXE 2.1 table 2-1"),
    "discovery_address":    Option(7,  "discovery-address",    ipv4,                 rfc="PXE 2.1 table 2-1"),
    "boot_servers":         Option(8,  "boot-servers",         Shape("boot servers", _decode_boot_servers, _encode_boot_servers, _not_configured),  # noqa: E501  # one row
                                                                                     rfc="PXE 2.1 table 2-1"),
    "boot_menu":            Option(9,  "boot-menu",            Shape("menu", _decode_menu, _encode_menu, _not_configured),  # noqa: E501  # one row
                                                                                     rfc="PXE 2.1 table 2-1"),
    "menu_prompt":          Option(10, "menu-prompt",          Shape("prompt", _decode_prompt, _encode_prompt, _not_configured),  # noqa: E501  # one row
                                                                                     rfc="PXE 2.1 table 2-1"),
}
# fmt: on
