"""An address lent to a client for a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from typing import ClassVar

from wireboot.endpoint import Event

ClientKey = bytes
"""Whom a lease belongs to: the client identifier (option 61) or, without one, hardware type and address."""


FOREVER_S = 0xFFFFFFFF
"""The lease time that means for ever (RFC 2131 §3.3); by the clock 136 years."""


class LeaseState(StrEnum):
    OFFERED = "offered"
    """Held for a client that may yet choose another server; never stored."""
    BOUND = "bound"
    RELEASED = "released"
    """Given back, and kept in mind so that the client gets the same address again."""
    DECLINED = "declined"
    """Something else answers at this address: out of use until `expires_at`."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One address's story at one moment. Times are seconds since the epoch."""

    address: IPv4Address
    client: ClientKey
    link_address: bytes
    state: LeaseState
    granted_at: float
    expires_at: float
    hostname: str | None = None

    def is_held(self, now: float) -> bool:
        """Nobody but `client` may be given the address now."""
        return self.state is not LeaseState.RELEASED and now < self.expires_at


@dataclass(frozen=True, slots=True)
class LeaseChanged(Event):
    """A lease is not what it was. Kept on disk before any client hears of it (RFC 2131 §3.1 step 4)."""

    durable: ClassVar[bool] = True
    lease: Lease
