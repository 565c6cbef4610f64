"""How long a subnet's addresses are lent, in the order that `wireboot check` wants the times in."""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.migrate.report import Place, Report

LEASE_TIME_S_MAX = 365 * 24 * 3600
"""What stands for ever is lent for a year: an address that is never given back would never come back."""
_SECONDS_MAX = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class LeaseTime:
    """One of the times, and where it stands."""

    seconds: int
    place: Place
    setting: str


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Of a subnet; None where the file does not say."""

    lease: LeaseTime
    least: LeaseTime | None = None
    most: LeaseTime | None = None
    renewal: LeaseTime | None = None
    rebinding: LeaseTime | None = None

    def in_order(self, report: Report) -> LeaseTimes:
        """The lease between its limits, as other servers see to it, and no T1 or T2 that comes too late to be told."""
        lease, least, most = self.lease, self.least, self.most
        if least is not None and most is not None and least.seconds > most.seconds:
            _untold(least, f"it is more than `{most.setting}`", report)
            least = None
        if least is not None and lease.seconds < least.seconds:
            lease = least
        if most is not None and lease.seconds > most.seconds:
            lease = most
        renewal = self._before(lease, self.renewal, report)
        rebinding = self._before(lease, self.rebinding, report)
        if renewal is not None and rebinding is not None and renewal.seconds >= rebinding.seconds:
            _untold(renewal, f"it is not before `{rebinding.setting}`", report)
            renewal = None
        return LeaseTimes(lease, least, most, renewal, rebinding)

    @staticmethod
    def _before(lease: LeaseTime, time: LeaseTime | None, report: Report) -> LeaseTime | None:
        if time is None or time.seconds < lease.seconds:
            return time
        _untold(time, f"the lease is over after {lease.seconds} s", report)
        return None


def lease_time(text: str, place: Place, setting: str, report: Report) -> LeaseTime | None:
    """Whole seconds; None, and a finding, for what is none. For ever is a year."""
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    if text in ("infinite", "-1") or seconds >= _SECONDS_MAX:
        tell_for_ever(place, setting, report)
        return LeaseTime(LEASE_TIME_S_MAX, place, setting)
    if seconds < 1:
        report.untranslated(place, setting, f"{text} is no number of seconds", "set `lease_time_s`")
        return None
    return LeaseTime(seconds, place, setting)


def tell_for_ever(place: Place, setting: str, report: Report) -> None:
    report.differs(
        place,
        f"`{setting}` lends addresses for ever, wireboot for a year",
        "a machine that always comes back needs a reservation, not an endless lease",
    )


def _untold(time: LeaseTime, why: str, report: Report) -> None:
    report.untranslated(time.place, time.setting, why, "make the lease longer, or that shorter")
