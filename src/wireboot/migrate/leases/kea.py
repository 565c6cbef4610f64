"""kea-leases4.csv, the journal of Kea's memfile: a header, and a row for every change."""

from __future__ import annotations

from wireboot.migrate.leases.found import (
    COPY_AGAIN,
    FoundLease,
    Held,
    address_in,
    client_id_in,
    client_of,
    link_address_in,
    shown_name,
    time_in,
)
from wireboot.migrate.report import Place, SourceSyntaxError

_NEEDED = ("address", "hwaddr", "client_id", "valid_lifetime", "expire")
_FOR_EVER = 0xFFFFFFFF
_COMMA = "&#x2c"
_STATES = {"0": Held.LENT, "1": Held.DECLINED}
"""Reclaimed (2) and all later ones stand for addresses that nobody holds."""


def read_kea_leases(file: str, text: str) -> list[FoundLease]:
    """Raises SourceSyntaxError."""
    lines = text.split("\n")
    columns = lines[0].strip().split(",")
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise SourceSyntaxError(Place(file, 1), f"the header has no column {missing[0]!r}", COPY_AGAIN)
    found: list[FoundLease] = []
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            found.append(_lease(_row(columns, line.rstrip("\r"), Place(file, number)), Place(file, number)))
    return found


def _row(columns: list[str], line: str, place: Place) -> dict[str, str]:
    fields = line.split(",")
    # Columns may have been added by an upgrade since the row was written.
    row = dict(zip(columns, fields, strict=False))
    if any(name not in row for name in _NEEDED):
        raise SourceSyntaxError(place, f"{line!r} is cut short", COPY_AGAIN)
    return row


def _lease(row: dict[str, str], place: Place) -> FoundLease:
    link_address = link_address_in(row["hwaddr"], place)
    lifetime, expires_at = time_in(row["valid_lifetime"], place), time_in(row["expire"], place)
    held = _STATES.get(row.get("state") or "0", Held.FREE)
    return FoundLease(
        address_in(row["address"], place),
        client_of(client_id_in(row["client_id"], place), link_address),
        link_address,
        # A lease that was deleted has a last row that lasts for no time.
        Held.FREE if lifetime == 0 else held,
        place,
        None if lifetime == _FOR_EVER else expires_at,
        None if lifetime == _FOR_EVER else expires_at - lifetime,
        shown_name(row.get("hostname", "").replace(_COMMA, ",")),
    )
