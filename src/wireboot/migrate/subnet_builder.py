"""A subnet while the lines that speak of it are still being read."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network

from wireboot.migrate.draft import OptionSetting, Pool, Subnet
from wireboot.migrate.report import Place, Report

LEASE_TIME_S_MAX = 365 * 24 * 3600
"""What stands for ever is lent for a year: an address that is never given back would never come back."""


@dataclass(slots=True)
class SubnetBuilder:
    network: IPv4Network
    place: Place
    lease_time_s: int
    pools: list[Pool] = field(default_factory=list)
    options: dict[int, OptionSetting] = field(default_factory=dict)
    without: set[int] = field(default_factory=set)
    """Options that are not sent, although the other server would of its own accord."""

    def subnet(self) -> Subnet:
        options = tuple(self.options[code] for code in sorted(self.options))
        return Subnet(self.network, self.place, self.lease_time_s, tuple(self.pools), options)


def lease_time_s(text: str, place: Place, setting: str, report: Report) -> int | None:
    """Whole seconds; None, and a finding, for what is none. For ever is a year."""
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    if text in ("infinite", "-1") or seconds >= 0xFFFFFFFF:
        report.differs(
            place,
            f"`{setting}` lends addresses for ever, wireboot for a year",
            "a machine that always comes back needs a reservation, not an endless lease",
        )
        return LEASE_TIME_S_MAX
    if seconds < 1:
        report.untranslated(place, setting, f"{text} is no number of seconds", "set `lease_time_s`")
        return None
    return seconds
