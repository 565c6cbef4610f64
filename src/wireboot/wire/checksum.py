"""The Internet checksum of IPv4, UDP, ICMP and IGMP (RFC 1071)."""

from __future__ import annotations


def internet_checksum(data: bytes) -> int:
    """What makes the ones' complement sum of `data` all ones. Over data that holds its checksum already: 0."""
    padded = data + b"\0" * (len(data) % 2)
    number = int.from_bytes(padded, "big")
    # Modulo FFFFh, 10000h is 1: the remainder of the whole is the sum of its words with the carries added back in.
    # Zero and FFFFh are one there; only zeros add up to zero.
    total = number % 0xFFFF or (0xFFFF if number else 0)
    return 0xFFFF - total
