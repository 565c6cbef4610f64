"""A few addresses of our own for firmware that takes no address from one server and its boot file from another.

Such firmware hears both offers of a DHCP server and a ProxyDHCP service, takes neither, and asks again until it gives
up. Only it is given an address, and only after it has shown what it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram
from wireboot.protocols.dhcp4.endpoint import Answer, Dhcp4Service
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import REQUESTED_ADDRESS, MessageType
from wireboot.protocols.pxe.decision import NoBootFile, Policy
from wireboot.protocols.pxe.events import SplitOfferRefused
from wireboot.protocols.pxe.identity import PxeClient, identify
from wireboot.protocols.pxe.quirks import Effect

DISCOVERS_UNANSWERED = 3
"""The DHCPDISCOVER that shows a client to refuse split offers. iPXE sends two before it takes one."""
WINDOW_S = 90.0
"""For how long a client's DHCPDISCOVERs belong together: PXE firmware gives up after 60 s (PXE 2.1 §2.2)."""
SAME_DISCOVER_S = 0.5
"""What comes again within this time came by two ways, as from two relays: nobody resends so soon."""
CLIENTS_MAX = 1000
"""The one heard of longest ago is forgotten first."""

LentTo = Callable[[Message], IPv4Address | None]
"""The address that the sender of this message was offered or lent here."""


@dataclass(slots=True)
class _Discovers:
    first_at: float
    last_at: float
    count: int = 1


class ProxyFallback:
    """A `Dhcp4Service` that stands before `ProxyDhcp` on port 67, and lets it answer whomever it does not serve."""

    def __init__(self, server: Dhcp4Service, lent_to: LentTo, policy: Policy) -> None:
        """`server` lends the addresses and names the boot file with them."""
        self._server = server
        self._lent_to = lent_to
        self._policy = policy
        self._waiting: OrderedDict[bytes, _Discovers] = OrderedDict()

    def answer(self, request: Message, received: Datagram, now: float) -> Answer | None:
        match request.message_type:
            case MessageType.DISCOVER:
                return self._discover(request, received, now)
            case MessageType.REQUEST:
                # Whosever offer it takes, it takes one.
                self._waiting.pop(request.chaddr, None)
                return self._from_lessee(request, received, now)
            case MessageType.DECLINE | MessageType.RELEASE:
                return self._from_lessee(request, received, now)
            case _:
                return None

    def _discover(self, request: Message, received: Datagram, now: float) -> Answer | None:
        client = identify(request)
        if client is None or isinstance(self._policy.decide(client), NoBootFile):
            return None
        count = self._count(request.chaddr, now)
        if count < DISCOVERS_UNANSWERED and not self._is_known_to_refuse(client):
            return None
        answer = self._server.answer(request, received, now)
        if answer is None or answer.reply is None:
            # No address is left: it may yet take the proxy's offer.
            return None
        return answer._replace(events=(*answer.events, SplitOfferRefused(client)))

    def _is_known_to_refuse(self, client: PxeClient) -> bool:
        return Effect.SPLIT_OFFER_IGNORED in self._policy.quirk_effect(client)

    def _count(self, link_address: bytes, now: float) -> int:
        """How often this client has asked in vain, this time included."""
        known = self._waiting.pop(link_address, None)
        if known is None or now - known.first_at > WINDOW_S:
            known = _Discovers(now, now)
        elif now - known.last_at >= SAME_DISCOVER_S:
            known.count += 1
            known.last_at = now
        self._waiting[link_address] = known
        if len(self._waiting) > CLIENTS_MAX:
            self._waiting.popitem(last=False)
        return known.count

    def _from_lessee(self, request: Message, received: Datagram, now: float) -> Answer | None:
        """What comes from others, or is about another server's address, is not for us to answer."""
        address = request.options.get(REQUESTED_ADDRESS) if request.ciaddr.is_unspecified else request.ciaddr
        if address is None or self._lent_to(request) != address:
            return None
        return self._server.answer(request, received, now)
