"""Numbers that IANA assigns and several protocols share."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

ETHERNET = 1
"""Hardware type of Ethernet (IANA ARP parameters)."""


class Port(IntEnum):
    """UDP ports (IANA service names; 4011 is registered as altserviceboot)."""

    DHCP_SERVER = 67
    DHCP_CLIENT = 68
    TFTP = 69
    BOOT_SERVER = 4011


class _Row(NamedTuple):
    code: int
    name: str
    plain: int
    """The architecture whose boot program serves where this one has none of its own: HTTP boot runs the same files."""


# IANA "Processor Architecture Types" (RFC 5970 §3.3). RFC 4578 printed 7 and 9 the other way round (erratum 4624);
# some x86-64 firmware therefore says 9, which the registry calls EFI byte code. Both get the x86_64-uefi program.
# fmt: off
_ROWS = (
    _Row(0,  "x86-bios",              0),
    _Row(6,  "x86-uefi",              6),
    _Row(7,  "x86_64-uefi",           7),
    _Row(9,  "x86_64-uefi",           7),
    _Row(10, "arm32-uefi",           10),
    _Row(11, "arm64-uefi",           11),
    _Row(15, "x86-uefi-http",         6),
    _Row(16, "x86_64-uefi-http",      7),
    _Row(18, "arm32-uefi-http",      10),
    _Row(19, "arm64-uefi-http",      11),
    _Row(20, "x86-bios-http",         0),
    _Row(27, "riscv64-uefi",         27),
    _Row(28, "riscv64-uefi-http",    27),
    _Row(39, "loongarch64-uefi",     39),
    _Row(40, "loongarch64-uefi-http", 39),
)
# fmt: on
_BY_CODE = {row.code: row for row in _ROWS}
_CODE_BY_NAME = {row.name: row.code for row in reversed(_ROWS)}
_OTHER = re.compile(r"arch-(\d{1,5})")

ARCHITECTURE_NAMES = tuple(dict.fromkeys(row.name for row in _ROWS))
X86_BIOS = 0


def architecture_name(code: int) -> str:
    """The name of a client architecture (DHCPv4 option 93, DHCPv6 option 61); `arch-N` where it has none."""
    row = _BY_CODE.get(code)
    return row.name if row else f"arch-{code}"


def architecture_code(name: str) -> int | None:
    """The number of the architecture called `name`, or None when nothing is called so."""
    if (code := _CODE_BY_NAME.get(name)) is not None:
        return code
    other = _OTHER.fullmatch(name)
    return int(other[1]) if other and int(other[1]) <= 0xFFFF else None


def architecture_codes(name: str) -> tuple[int, ...]:
    """Every number that clients of the architecture called `name` send; empty when nothing is called so."""
    other = architecture_code(name)
    return tuple(row.code for row in _ROWS if row.name == name) or (() if other is None else (other,))


def architecture_names_tried(code: int) -> tuple[str, ...]:
    """The names under which a boot program for this architecture may be configured, best first."""
    row = _BY_CODE.get(code)
    if row is None:
        return (f"arch-{code}",)
    return tuple(dict.fromkeys((row.name, architecture_name(row.plain), f"arch-{code}")))
