"""Which multicast groups a host is in, and what it tells routers and switches of it (RFC 1112 §7, RFC 2236)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.wire.igmp import ALL_ROUTERS, ALL_SYSTEMS, EVERY_GROUP, IgmpMessage, IgmpType

UNSOLICITED_REPORT_WITHIN_S = 10.0
V1_ROUTER_PRESENT_FOR_S = 400.0
V1_RESPONSE_WITHIN_S = 10.0
"""RFC 2236 §8.10, §8.11 and §4."""
RESPONSE_UNIT_S = 0.1


class IgmpToSend(NamedTuple):
    message: IgmpMessage
    destination: IPv4Address


@dataclass(slots=True)
class _Membership:
    joins: int = 1
    report_at: float | None = None
    reported_last: bool = False
    """Ours was the last report the link heard, so a leave is ours to send (RFC 2236 §3)."""


class GroupMemberships:
    """The host side of IGMPv2, and of version 1 where a router speaks that."""

    def __init__(self, random: Callable[[], float]) -> None:
        """`random` draws from 0 up to, not including, 1."""
        self._random = random
        self._memberships: dict[IPv4Address, _Membership] = {}
        self._v1_router_until = 0.0
        self._to_send: list[IgmpToSend] = []

    def __contains__(self, group: IPv4Address) -> bool:
        # Every host is in it, and says nothing of it (RFC 1112 §7.2, RFC 2236 §6).
        return group == ALL_SYSTEMS or group in self._memberships

    def groups(self) -> frozenset[IPv4Address]:
        """All those to be received."""
        return frozenset((ALL_SYSTEMS, *self._memberships))

    def join(self, group: IPv4Address, now: float) -> None:
        """Report at once, and once more soon, for the first may be lost (RFC 2236 §3). Joins of a group are counted."""
        if group == ALL_SYSTEMS:
            return
        if (membership := self._memberships.get(group)) is not None:
            membership.joins += 1
            return
        membership = self._memberships[group] = _Membership()
        self._report(group, membership, now)
        membership.report_at = now + self._random() * UNSOLICITED_REPORT_WITHIN_S

    def leave(self, group: IPv4Address, now: float) -> None:
        """As often left as joined, the group is received no more."""
        membership = self._memberships.get(group)
        if membership is None:
            return
        membership.joins -= 1
        if membership.joins == 0:
            del self._memberships[group]
            if membership.reported_last and not self._is_v1_router_present(now):
                self._to_send.append(IgmpToSend(IgmpMessage(IgmpType.LEAVE_GROUP, group), ALL_ROUTERS))

    def receive(self, message: IgmpMessage, now: float) -> None:
        """Take in what a router asks, or another host reports."""
        if message.kind == IgmpType.MEMBERSHIP_QUERY:
            self._take_query(message, now)
        elif message.kind in (IgmpType.V1_MEMBERSHIP_REPORT, IgmpType.V2_MEMBERSHIP_REPORT):
            membership = self._memberships.get(message.group)
            if membership is not None and membership.report_at is not None:
                # One report for each group is all that a router needs.
                membership.report_at, membership.reported_last = None, False

    def handle_timeout(self, now: float) -> None:
        for group, membership in self._memberships.items():
            if membership.report_at is not None and membership.report_at <= now:
                membership.report_at = None
                self._report(group, membership, now)

    def next_timeout(self) -> float | None:
        times = (each.report_at for each in self._memberships.values() if each.report_at is not None)
        return min(times, default=None)

    def messages_to_send(self) -> list[IgmpToSend]:
        ready, self._to_send = self._to_send, []
        return ready

    def _take_query(self, query: IgmpMessage, now: float) -> None:
        within_s = query.max_response_code * RESPONSE_UNIT_S
        if query.max_response_code == 0:
            self._v1_router_until = now + V1_ROUTER_PRESENT_FOR_S
            within_s = V1_RESPONSE_WITHIN_S
        for group, membership in self._memberships.items():
            if query.group not in (EVERY_GROUP, group):
                continue
            # A report already under way stands, unless it would come too late (RFC 2236 §3).
            if membership.report_at is None or membership.report_at > now + within_s:
                membership.report_at = now + self._random() * within_s

    def _report(self, group: IPv4Address, membership: _Membership, now: float) -> None:
        is_v1 = self._is_v1_router_present(now)
        kind = IgmpType.V1_MEMBERSHIP_REPORT if is_v1 else IgmpType.V2_MEMBERSHIP_REPORT
        membership.reported_last = True
        self._to_send.append(IgmpToSend(IgmpMessage(kind, group), group))

    def _is_v1_router_present(self, now: float) -> bool:
        return now < self._v1_router_until
