"""dhcpd.leases(5): a journal of `lease ADDRESS { … }`."""

from __future__ import annotations

import calendar
import re

from wireboot.migrate.isc.statements import Statement, Token, read
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
from wireboot.migrate.report import Place, Report, SourceSyntaxError
from wireboot.migrate.sources import NoSourceFiles, SourceText
from wireboot.wire.iana import ETHERNET

_HARDWARE_TYPES = {"ethernet": ETHERNET, "token-ring": 6, "fddi": 8, "infiniband": 32}
_STATES = {"active": Held.LENT, "abandoned": Held.DECLINED}
"""All others, such as `free`, `expired`, `released` and `backup`, stand for addresses that nobody holds."""
_DATE = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})")


def read_isc_leases(file: str, text: str) -> list[FoundLease]:
    """Raises SourceSyntaxError."""
    statements = read([SourceText(file, text)], NoSourceFiles(), Report())
    return [_lease(each, each.block) for each in statements if each.name == "lease" and each.block is not None]


def _lease(statement: Statement, block: tuple[Statement, ...]) -> FoundLease:
    place = statement.place
    address = address_in(statement.arguments[0] if statement.arguments else "", place)
    client_id, link_address, htype = b"", b"", ETHERNET
    starts: float | None = None
    ends: float | None = None
    held, name = Held.LENT, None
    for each in block:
        arguments = each.arguments
        if each.name == "starts":
            starts = _time(each)
        elif each.name == "ends":
            ends = _time(each)
        elif each.begins("binding", "state") and len(arguments) == 2:
            held = _STATES.get(arguments[1].lower(), Held.FREE)
        elif each.name == "hardware" and len(arguments) == 2:
            htype = _HARDWARE_TYPES.get(arguments[0].lower(), ETHERNET)
            link_address = link_address_in(arguments[1], each.place)
        elif each.name == "uid" and len(each.words) == 2:
            client_id = _client_id(each.words[1])
        elif each.name == "client-hostname" and len(arguments) == 1:
            name = shown_name(arguments[0])
        elif each.name == "abandoned":
            held = Held.DECLINED
    return FoundLease(address, client_of(client_id, link_address, htype), link_address, held, place, ends, starts, name)


def _client_id(token: Token) -> bytes:
    """In quotation marks with bytes in octal, or in hexadecimal."""
    if not token.quoted:
        return client_id_in(token.text, token.place)
    try:
        return token.text.encode("latin-1")[:255]
    except UnicodeEncodeError:
        raise SourceSyntaxError(token.place, f"{token.text!r} is no client identifier", COPY_AGAIN) from None


def _time(statement: Statement) -> float | None:
    """`never`, `epoch SECONDS`, or day of the week, date and time in UTC. None: never."""
    words = statement.arguments
    if words == ["never"]:
        return None
    if words[:1] == ["epoch"] and len(words) == 2:
        return time_in(words[1], statement.place)
    date, time = (_DATE.fullmatch(words[1]), _TIME.fullmatch(words[2])) if len(words) >= 3 else (None, None)
    if date is None or time is None:
        raise _no_time(statement.place, words)
    try:
        return float(calendar.timegm((*map(int, date.groups()), *map(int, time.groups()))))
    except ValueError:
        raise _no_time(statement.place, words) from None


def _no_time(place: Place, words: list[str]) -> SourceSyntaxError:
    return SourceSyntaxError(place, f"{' '.join(words)!r} is no time", COPY_AGAIN)
