"""The `multicast` option of TFTP (RFC 2090): one transfer for all who ask for a file at about the same time."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from wireboot.protocols.tftp.packet import Options
from wireboot.wire.addresses import AddressRange

MULTICAST = "multicast"
GROUP_PORT = 1758
"""Registered for the blocks of such transfers (RFC 2090)."""
BLOCKS_MAX = 65535
"""Numbers do not start over, or a request for a missing block could mean several."""


@dataclass(frozen=True, slots=True)
class MulticastLimits:
    """What multicast transfers may take up. Whoever finds no room gets a transfer of its own."""

    groups: AddressRange[IPv4Address]
    """Each transfer under way has one of these to itself."""
    port: int = GROUP_PORT
    """Where clients receive blocks."""
    clients_max: int = 4096
    """Of all transfers together."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The value of the option in an OACK."""

    group: IPv4Address | None
    """Where the blocks come. None: as before."""
    port: int | None
    master: bool
    """This client's ACKs set the pace."""

    def __str__(self) -> str:
        return f"{self.group or ''},{self.port or ''},{self.master:d}"


def is_wanted(options: Options) -> bool:
    """A read request with these options asks for multicast. The value has to be empty (RFC 2090)."""
    return any(name.lower() == MULTICAST and value == "" for name, value in options)


def parse_assignment(value: str) -> Assignment:
    """Read the value of the option in an OACK. Raises ValueError."""
    fields = value.split(",")
    if len(fields) != 3:
        raise ValueError(f"{value!r} is not address, port and master")
    address, port, master = fields
    if master not in ("0", "1"):
        raise ValueError(f"the last of {value!r} is neither 0 nor 1")
    return Assignment(_group(address) if address else None, _port(port) if port else None, master == "1")


def _group(text: str) -> IPv4Address:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise ValueError(f"{text!r} is not an IPv4 address") from None
    if not address.is_multicast:
        raise ValueError(f"{text!r} is not a multicast address")
    return address


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 0 < port < 65536:
        raise ValueError(f"{text!r} is not a port")
    return port
