"""Leases as they stand in a file, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

from wireboot.leases.lease import ClientKey, Lease, LeaseState
from wireboot.migrate.report import Place, SourceSyntaxError
from wireboot.wire.iana import ETHERNET

FOR_EVER_S = 365 * 24 * 3600.0
"""A lease without an end is kept for a year: then its address can be lent to others."""
COPY_AGAIN = "stop the other server and copy its lease file again, or name the server with --from"
_LINK_ADDRESS_MAX = 16
_CLIENT_MAX = 255
_HOST_NAME_MAX = 255


class Held(StrEnum):
    """What a file says of an address."""

    LENT = "lent"
    DECLINED = "declined"
    """Something else answers there."""
    FREE = "free"


@dataclass(frozen=True, slots=True)
class FoundLease:
    """Times are seconds since the epoch."""

    address: IPv4Address
    client: ClientKey
    link_address: bytes
    held: Held
    place: Place
    expires_at: float | None
    """None: never."""
    granted_at: float | None = None
    """None: the file does not say."""
    hostname: str | None = None


@dataclass(frozen=True, slots=True)
class Importable:
    """What is to be kept of a file."""

    leases: tuple[FoundLease, ...]
    """They are held now; each address once."""
    over: int
    """How many have ended, or were given back."""


def latest(found: Iterable[FoundLease]) -> list[FoundLease]:
    """Lease files are journals: of an address the last entry counts."""
    return list({lease.address: lease for lease in found}.values())


def importable(found: Iterable[FoundLease], now: float) -> Importable:
    last = latest(found)
    held = tuple(each for each in last if each.held is not Held.FREE and not _is_over(each, now))
    return Importable(held, len(last) - len(held))


def _is_over(found: FoundLease, now: float) -> bool:
    return found.expires_at is not None and found.expires_at <= now


def as_lease(found: FoundLease, now: float) -> Lease:
    expires_at = now + FOR_EVER_S if found.expires_at is None else found.expires_at
    granted_at = now if found.granted_at is None else min(now, found.granted_at)
    state = LeaseState.DECLINED if found.held is Held.DECLINED else LeaseState.BOUND
    return Lease(found.address, found.client, found.link_address, state, granted_at, expires_at, found.hostname)


def worth_taking(found: Sequence[FoundLease], on_record: Iterable[Lease], now: float) -> list[FoundLease]:
    """Those that are newer than what is on record of their addresses."""
    known = {lease.address: lease for lease in on_record}
    return [each for each in found if each.address not in known or _is_newer(each, known[each.address], now)]


def _is_newer(found: FoundLease, record: Lease, now: float) -> bool:
    # A time to come tells of a clock that is wrong, and of nothing else.
    if found.granted_at is not None and found.granted_at <= now:
        return found.granted_at > record.granted_at
    if not record.is_held(now):
        return True
    # Of one client the lease that ends later is the later one; between two a file without times decides nothing.
    # One without an end is written anew when half of its year is gone.
    ends_at = now + FOR_EVER_S / 2 if found.expires_at is None else found.expires_at
    return found.client == record.client and found.held is Held.LENT and ends_at > record.expires_at


def client_of(client_id: bytes, link_address: bytes, htype: int = ETHERNET) -> ClientKey:
    """As the server names a client: by option 61 or, without one, by hardware type and address."""
    return client_id or (bytes([htype]) + link_address if link_address else b"")


def shown_name(text: str) -> str | None:
    """A host name that can be shown to people."""
    name = text.rstrip(".")
    return name if name and name.isprintable() and len(name) <= _HOST_NAME_MAX else None


def address_in(text: str, place: Place) -> IPv4Address:
    """Raises SourceSyntaxError."""
    try:
        return IPv4Address(text)
    except ValueError:
        raise SourceSyntaxError(place, f"{text!r} is no IPv4 address", COPY_AGAIN) from None


def link_address_in(text: str, place: Place) -> bytes:
    """Raises SourceSyntaxError."""
    return _bytes_in(text, place, _LINK_ADDRESS_MAX, "link address")


def client_id_in(text: str, place: Place) -> bytes:
    """Raises SourceSyntaxError."""
    return _bytes_in(text, place, _CLIENT_MAX, "client identifier")


def time_in(text: str, place: Place) -> float:
    """Seconds since the epoch. Raises SourceSyntaxError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise SourceSyntaxError(place, f"{text!r} is no time in seconds", COPY_AGAIN)
    return float(text)


def _bytes_in(text: str, place: Place, size_max: int, what: str) -> bytes:
    try:
        content = bytes.fromhex("".join(part.rjust(2, "0") for part in text.split(":"))) if text else b""
    except ValueError:
        content = None
    if content is None or len(content) > size_max:
        raise SourceSyntaxError(place, f"{text!r} is no {what}", COPY_AGAIN)
    return content


ReadLeases = Callable[[str, str], list[FoundLease]]
"""From a file's name and its text. Raises SourceSyntaxError."""
