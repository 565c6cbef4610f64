"""A range of addresses that are lent, and to whom."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.wire.addresses import AddressRange


@dataclass(frozen=True, slots=True)
class Pool(AddressRange[IPv4Address]):
    """A range for members of certain classes. A plain `AddressRange` is a pool for anybody."""

    classes: frozenset[str] = frozenset()
    """Members of one of these are served; empty: everybody is."""
    not_classes: frozenset[str] = frozenset()
    """Members of any of these are not."""


def serves(pool: AddressRange[IPv4Address], classes: Collection[str]) -> bool:
    """Whether a client that is in these classes may have an address of `pool`."""
    if not isinstance(pool, Pool):
        return True
    return pool.not_classes.isdisjoint(classes) and not (pool.classes and pool.classes.isdisjoint(classes))
