"""Seconds since the epoch as a calendar shows them, in UTC, and as a real time clock writes them."""

from __future__ import annotations

import calendar
from typing import NamedTuple

_DAY_S = 86_400
_THURSDAY = 4
"""1 January 1970, Sunday being 0."""


class CalendarTime(NamedTuple):
    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    weekday: int
    """Sunday is 1, as in a PC's clock."""


def calendar_time(now: float) -> CalendarTime:
    days, seconds = divmod(int(now), _DAY_S)
    weekday = (days + _THURSDAY) % 7 + 1
    year, month = 1970, 1
    while days >= (length := 366 if calendar.isleap(year) else 365):
        days, year = days - length, year + 1
    while days >= (length := calendar.monthrange(year, month)[1]):
        days, month = days - length, month + 1
    return CalendarTime(year, month, days + 1, seconds // 3600, seconds // 60 % 60, seconds % 60, weekday)


def bcd(number: int) -> int:
    """Two decimal digits, four bits each."""
    return number // 10 << 4 | number % 10
