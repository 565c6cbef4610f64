"""Ranges of IP addresses, the two that are nobody's own, and link addresses as people write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Generic, TypeVar

Address = TypeVar("Address", IPv4Address, IPv6Address)

UNSPECIFIED = IPv4Address(0)
"""This host, while it has no address (RFC 1122 §3.2.1.3)."""
LIMITED_BROADCAST = IPv4Address("255.255.255.255")
"""Everybody on this link, and nobody beyond it (RFC 1122 §3.2.1.3)."""


@dataclass(frozen=True, slots=True)
class AddressRange(Generic[Address]):
    """The addresses from `first` to `last`, both included."""

    first: Address
    last: Address

    @property
    def size(self) -> int:
        return int(self.last) - int(self.first) + 1

    def __contains__(self, address: Address) -> bool:
        return self.first <= address <= self.last

    def __iter__(self) -> Iterator[Address]:
        family = type(self.first)
        return (family(number) for number in range(int(self.first), int(self.last) + 1))

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def overlaps(self, other: AddressRange[Address]) -> bool:
        return self.first <= other.last and other.first <= self.last


def format_link_address(link_address: bytes) -> str:
    """Such as 52:54:00:77:00:10."""
    return link_address.hex(":")
