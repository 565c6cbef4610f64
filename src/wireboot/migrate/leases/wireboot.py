"""What `wireboot lease export` writes, as JSON and as CSV."""

from __future__ import annotations

import calendar
import csv
import json
import re
from collections.abc import Mapping

from wireboot.migrate.leases.found import (
    COPY_AGAIN,
    FoundLease,
    Held,
    address_in,
    client_id_in,
    link_address_in,
    shown_name,
)
from wireboot.migrate.report import Place, SourceSyntaxError

COLUMNS = ("address", "mac", "client", "hostname", "state", "since", "until")
_STATES = {"bound": Held.LENT, "declined": Held.DECLINED}
_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\+00:00")


def read_json_leases(file: str, text: str) -> list[FoundLease]:
    """Raises SourceSyntaxError."""
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as problem:
        line = getattr(problem, "lineno", 1)
        raise SourceSyntaxError(Place(file, line), "this is not JSON", COPY_AGAIN) from None
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise SourceSyntaxError(Place(file, 1), "a list of leases is expected", COPY_AGAIN)
    # JSON has no lines of its own; `lease export` writes nine for each lease.
    return [_lease(each, Place(file, 2 + at * (len(COLUMNS) + 2))) for at, each in enumerate(document)]


def read_csv_leases(file: str, text: str) -> list[FoundLease]:
    """Raises SourceSyntaxError."""
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        header = next(reader, [])
        if any(name not in header for name in COLUMNS):
            raise SourceSyntaxError(Place(file, 1), f"the header is not {','.join(COLUMNS)}", COPY_AGAIN)
        rows = ((dict(zip(header, fields, strict=False)), reader.line_num) for fields in reader if fields)
        return [_lease(row, Place(file, line)) for row, line in rows]
    except csv.Error as problem:
        raise SourceSyntaxError(Place(file, reader.line_num), f"this is not CSV: {problem}", COPY_AGAIN) from None


def _lease(row: Mapping[str, object], place: Place) -> FoundLease:
    text = {name: value for name in COLUMNS if isinstance(value := row.get(name) or "", str)}
    if len(text) < len(COLUMNS):
        raise SourceSyntaxError(place, "a lease has something else than text in it", COPY_AGAIN)
    return FoundLease(
        address_in(text["address"], place),
        client_id_in(text["client"], place),
        link_address_in(text["mac"], place),
        # What had expired by the time of the export is told by that state as well.
        _STATES.get(text["state"], Held.FREE),
        place,
        _time(text["until"], place),
        _time(text["since"], place),
        shown_name(text["hostname"]),
    )


def _time(text: str, place: Place) -> float:
    match = _TIME.fullmatch(text)
    try:
        return float(calendar.timegm(tuple(map(int, match.groups())))) if match is not None else _refuse(text, place)
    except ValueError:
        return _refuse(text, place)


def _refuse(text: str, place: Place) -> float:
    raise SourceSyntaxError(place, f"{text!r} is no time such as 2026-11-25T08:00:00+00:00", COPY_AGAIN)
