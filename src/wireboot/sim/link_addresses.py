"""MAC addresses for those that nobody gave one."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    MACHINE = 0
    SERVER = 1
    NEIGHBOUR = 2
    """A server that is not wireboot's."""
    SQUATTER = 3
    STRANGER = 4


def made_up(kind: Kind, number: int) -> bytes:
    """A locally administered one (IEEE 802, bit 1 of the first byte), which no inventory names by accident."""
    return b"\x02\0\0" + bytes([kind]) + number.to_bytes(2, "big")
