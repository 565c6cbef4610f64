"""Says that a link has no address left, and does not say it for every client that hears of it."""

from __future__ import annotations

from wireboot.endpoint import Event
from wireboot.protocols.dhcp4.events import NoAddressLeft, RequestIgnored
from wireboot.protocols.dhcp4.exchange import Exchange

TOLD_EVERY_S = 60.0


class Exhaustion:
    """What was told of each link, and how many clients were turned away since."""

    def __init__(self) -> None:
        self._told_at: dict[str, float] = {}
        self._turned_away: dict[str, int] = {}

    def turned_away(self, exchange: Exchange, *, known: bool) -> Event:
        """The event of one more client that gets nothing."""
        link, now = str(exchange.link), exchange.now
        self._turned_away[link] = self._turned_away.get(link, 0) + 1
        if now - self._told_at.get(link, -TOLD_EVERY_S) < TOLD_EVERY_S:
            return RequestIgnored(exchange.request.chaddr, "no address is left")
        self._told_at[link] = now
        shares = any(subnet.reserved_share for subnet in exchange.link.subnets)
        return NoAddressLeft(
            exchange.request.chaddr,
            link,
            clients=self._turned_away.pop(link),
            kept_for_known_machines=shares and not known,
        )
