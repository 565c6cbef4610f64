"""The values that strings in the configuration stand for: MAC addresses, address ranges, names of files and hosts.

Each parser takes whatever TOML can say and raises ValueError with what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar
from uuid import UUID

from wireboot.protocols.pxe.decision import NAME_SIZE_MAX
from wireboot.protocols.pxe.quirks import Effect
from wireboot.wire.addresses import AddressRange
from wireboot.wire.iana import architecture_codes

T = TypeVar("T")

_PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")
"""In a URL."""
_MAC = re.compile(r"[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}", re.IGNORECASE)
_MAC_PREFIX = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){0,5}", re.IGNORECASE)
QUIRK_EFFECTS = {str(effect.name).lower().replace("_", "-"): effect for effect in Effect if effect.value}
_HOST_NAME_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


def parse_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not text in quotation marks")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError(f"{shown(value)} has a control character in it")
    return value


def parse_name(value: object) -> str:
    if not parse_text(value).strip():
        raise ValueError("the name is empty")
    return parse_text(value)


def parse_mac(value: object) -> bytes:
    """Six bytes. Group addresses are refused: no machine sends from one."""
    text = parse_text(value)
    if not _MAC.fullmatch(text):
        raise ValueError(f"{shown(value)} is not a MAC address of six bytes")
    mac = bytes.fromhex(re.sub("[:-]", "", text))
    if mac[0] & 1 or not any(mac):
        raise ValueError(f"{shown(value)} is not the address of one machine")
    return mac


def parse_uuid(value: object) -> UUID:
    try:
        return UUID(parse_text(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is not a UUID") from None


def parse_ipv4(value: object) -> IPv4Address:
    address = _parse_address(value)
    if not isinstance(address, IPv4Address):
        raise ValueError(f"{shown(value)} is not an IPv4 address")
    return address


def parse_ipv4_network(value: object) -> IPv4Network:
    network = _parse_network(value)
    if not isinstance(network, IPv4Network):
        raise ValueError(f"{shown(value)} is not an IPv4 network")
    return network


def parse_ipv6_network(value: object) -> IPv6Network:
    network = _parse_network(value)
    if not isinstance(network, IPv6Network):
        raise ValueError(f"{shown(value)} is not an IPv6 network")
    return network


def parse_ipv4_range(value: object) -> AddressRange[IPv4Address]:
    first, last = _parse_ends(value)
    if not isinstance(first, IPv4Address) or not isinstance(last, IPv4Address):
        raise ValueError(f"{shown(value)} is not a range of IPv4 addresses")
    return AddressRange(first, last)


@dataclass(frozen=True, slots=True)
class AddressPool(AddressRange[IPv4Address]):
    """A range of addresses to lend and, by the names of their classes, to whom."""

    classes: tuple[str, ...] = ()
    not_classes: tuple[str, ...] = ()


def parse_ipv4_pool(value: object) -> AddressPool:
    """A range, or a table with a range and the classes of clients that may use it."""
    table = value if isinstance(value, dict) else {"range": value}
    unknown = [key for key in table if key not in ("range", "classes", "not_classes")]
    if unknown or "range" not in table:
        raise ValueError(f"{shown(unknown[0])} is no key of a pool" if unknown else "the pool has no range")
    within = parse_ipv4_range(table["range"])
    names = {key: parse_each(parse_name)(table.get(key, [])) for key in ("classes", "not_classes")}
    return AddressPool(within.first, within.last, **names)


def parse_each(parse: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """One value, or a list of them."""

    def parse_one_or_more(value: object) -> tuple[T, ...]:
        return tuple(map(parse, value)) if isinstance(value, list | tuple) else (parse(value),)

    return parse_one_or_more


def parse_share(value: object) -> float:
    """A part of a whole, from 0 to 1, written in per cent."""
    match = re.fullmatch(r"(\d{1,3}) ?%", parse_text(value))
    if match is None or int(match[1]) > 100:
        raise ValueError(f"{shown(value)} is not a share from 0% to 100%")
    return int(match[1]) / 100


def parse_identifier(value: object) -> bytes:
    """Bytes as DHCP carries them: text as it stands, or hexadecimal after 0x."""
    text = parse_name(value)
    if not text.startswith("0x"):
        if not text.isascii():
            raise ValueError(f"{shown(value)} has letters beyond ASCII: write its bytes in hexadecimal after 0x")
        return text.encode("ascii")
    try:
        identifier = bytes.fromhex(text[2:].replace(":", " "))
    except ValueError:
        raise ValueError(f"{shown(value)} is not hexadecimal") from None
    if not identifier:
        raise ValueError("the identifier is empty")
    return identifier


def parse_ipv6_range(value: object) -> AddressRange[IPv6Address]:
    first, last = _parse_ends(value)
    if not isinstance(first, IPv6Address) or not isinstance(last, IPv6Address):
        raise ValueError(f"{shown(value)} is not a range of IPv6 addresses")
    return AddressRange(first, last)


def parse_host_name(value: object) -> str:
    """A name that a client can take for its own (RFC 1123 §2.1)."""
    text = parse_text(value)
    if len(text) > 253 or not all(_HOST_NAME_LABEL.fullmatch(label) for label in text.split(".")):
        raise ValueError(f"{shown(value)} is not a host name")
    return text


def parse_boot_file_name(value: object) -> str:
    """The name of a file below `boot_dir`, with forward slashes."""
    text = parse_text(value)
    if not text or text.startswith("/") or "\\" in text or ".." in text.split("/"):
        raise ValueError(f"{shown(value)} does not name a file below boot_dir")
    if not text.isascii():
        raise ValueError(f"{shown(value)} has letters beyond ASCII, which DHCP cannot carry to firmware")
    if len(text) > NAME_SIZE_MAX:
        raise ValueError(f"{shown(value)} is longer than the {NAME_SIZE_MAX} bytes that DHCP can carry")
    return text


def parse_layers(value: object) -> tuple[str, ...]:
    """A boot program in one file, or in several that are asked for one after the other (PXE 2.1 table 2-1, tag 71)."""
    files = (value,) if isinstance(value, str) else value
    if not isinstance(files, list | tuple) or not files:
        raise ValueError(f"{shown(value)} is neither a file nor a list of files")
    return tuple(map(parse_boot_file_name, files))


def parse_menu_text(value: object) -> str:
    text = parse_name(value)
    if not text.isascii():
        raise ValueError(f"{shown(value)} has letters beyond ASCII, which firmware cannot show")
    return text


def parse_multicast(value: object) -> IPv4Address:
    address = parse_ipv4(value)
    if not address.is_multicast:
        raise ValueError(f"{shown(value)} is not a multicast address, which are 224.0.0.0-239.255.255.255")
    return address


def parse_multicast_range(value: object) -> AddressRange[IPv4Address]:
    groups = parse_ipv4_range(value)
    if not groups.first.is_multicast or not groups.last.is_multicast:
        raise ValueError(f"{shown(value)} is not a range of multicast addresses, which are 224.0.0.0-239.255.255.255")
    return groups


def parse_architecture(value: object) -> tuple[int, ...]:
    """IANA's numbers of a client architecture: x86-64 firmware says 7 or 9."""
    codes = architecture_codes(parse_text(value))
    if not codes:
        raise ValueError(f"{shown(value)} is no client architecture")
    return codes


def parse_mac_prefix(value: object) -> bytes:
    text = parse_text(value)
    if not _MAC_PREFIX.fullmatch(text):
        raise ValueError(f"{shown(value)} is not the beginning of a MAC address")
    return bytes.fromhex(re.sub("[:-]", "", text))


def parse_undi_version(value: object) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})", parse_text(value))
    if match is None or int(match[1]) > 255 or int(match[2]) > 255:
        raise ValueError(f"{shown(value)} is not a version such as 3.16")
    return int(match[1]), int(match[2])


def parse_quirk_effect(value: object) -> Effect:
    effect = QUIRK_EFFECTS.get(parse_text(value))
    if effect is None:
        raise ValueError(f"{shown(value)} is none of {', '.join(QUIRK_EFFECTS)}")
    return effect


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where a service listens."""

    host: IPv4Address | IPv6Address
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.host.version == 6 else f"{self.host}:{self.port}"


def parse_listen_address(value: object) -> ListenAddress:
    host, colon, port = parse_text(value).rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) <= 0xFFFF:
        raise ValueError(f"{shown(value)} is not an address with a port from 1 to 65535")
    return ListenAddress(_parse_address(host.removeprefix("[").removesuffix("]")), int(port))


def shown(value: object) -> str:
    """A value as TOML would write it, cut short: it may be a whole table."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        # Python's quoting is TOML's but for the kind of quotation mark.
        text = '"' + repr(value)[1:-1] + '"'
    elif isinstance(value, int) and abs(value) >= 1 << 64:
        # Python refuses to write out the longest numbers.
        text = "a number beyond 64 bits"
    elif isinstance(value, dict):
        text = "a table"
    elif isinstance(value, list):
        text = "[" + ", ".join(map(shown, value[:4])) + (", …]" if len(value) > 4 else "]")
    else:
        text = str(value)
    text = _PASSWORD.sub(r"\1…@", text)
    return text if len(text) <= 60 else text[:59] + "…"


def _parse_address(value: object) -> IPv4Address | IPv6Address:
    text = parse_text(value)
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError(f"{shown(value)} is not an IP address") from None


def _parse_network(value: object) -> IPv4Network | IPv6Network:
    text = parse_text(value)
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{shown(value)} is not a network") from None
    raise ValueError(f'{shown(value)} is an address in a network: the network is "{meant}"')


def _parse_ends(value: object) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]:
    text = parse_text(value)
    if "/" in text:
        network = _parse_network(text)
        return network[0], network[-1]
    start, dash, end = (part.strip() for part in text.partition("-"))
    first = _parse_address(start)
    last = _parse_address(end) if dash else first
    if first.version != last.version:
        raise ValueError(f"{shown(value)} begins and ends in two kinds of address")
    if int(first) > int(last):
        raise ValueError(f"{shown(value)} ends before it begins")
    return first, last
