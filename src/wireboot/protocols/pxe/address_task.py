"""Steps 1 to 4 of a boot: offers are collected, one is taken, its address is acquired (RFC 2131 §3.1, PXE 2.1 §2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv4Address, IPv4Interface
from math import inf

from wireboot.endpoint import AddressAcquired, AddressProbed, Datagram
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import ROUTERS, SERVER_IDENTIFIER, SUBNET_MASK, MessageType
from wireboot.protocols.pxe.client_events import BootRestarted, StepReached
from wireboot.protocols.pxe.errors import NO_ADDRESS, NO_BOOT_FILE, NO_OFFERS, PxeError
from wireboot.protocols.pxe.lenient import get_if_sound
from wireboot.protocols.pxe.offer_tags import OfferInvalid
from wireboot.protocols.pxe.offers import Choice, Offer, OfferKind, choose, has_room, read_offer
from wireboot.protocols.pxe.schedules import Resends
from wireboot.protocols.pxe.station import Station
from wireboot.protocols.pxe.task import DhcpTask

RESTARTS_MAX = 3
"""Addresses that were refused or are somebody else's, before the boot is given up."""

AFTER_DECLINE_S = 10.0
"""RFC 2131 §3.1, point 5: a client that declined waits so long before it asks again."""

_NOT_CONFIRMED = "the DHCP server did not confirm its offer"


@dataclass(frozen=True, slots=True)
class Bound:
    """An address, and what came with it."""

    address: IPv4Interface
    dhcp_server: IPv4Address
    sources: tuple[Offer, ...]
    """Who says how to boot: the DHCP server in its DHCPACK, or ProxyDHCP services in their offers."""
    routers: tuple[IPv4Address, ...]
    discover: bytes
    """This and the DHCPACK as they passed the wire."""
    ack: bytes


class _Stage(Enum):
    SELECTING = auto()
    REQUESTING = auto()
    PROBING = auto()
    DECLINED = auto()


class AddressTask(DhcpTask[Bound]):
    """From DHCPDISCOVER to an address in use."""

    def __init__(self, station: Station, now: float) -> None:
        super().__init__(station)
        self._behaviour = station.behaviour
        self._restarts = 0
        self._invalid: PxeError | None = None
        """Why the last offer of no use was of no use."""
        self._choice: Choice | None = None
        self._bound: Bound | None = None
        self._start_selecting(now)

    def late(self) -> PxeError:
        return self._no_offer_will_do() if self._stage is _Stage.SELECTING else NO_OFFERS.because(_NOT_CONFIRMED)

    def handle_timeout(self, now: float) -> None:
        if self.result is not None or now < self._wake_at:
            return
        match self._stage:
            case _Stage.SELECTING:
                self._end_waiting_for_offers(now)
            case _Stage.REQUESTING:
                self._request_again(now)
            case _Stage.PROBING:
                self._acquire()
            case _Stage.DECLINED:
                self._start_selecting(now)

    def next_timeout(self) -> float | None:
        return None if self.result is not None else self._wake_at

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None:
        if self._stage is not _Stage.PROBING or self._bound is None or address != self._bound.address.ip:
            return
        if link_address == self._station.identity.link_address:
            return
        self._send(self._station.decline(self._station.new_xid(), address, self._bound.dhcp_server))
        self._restart(f"{address} is in use by {link_address.hex(':')}", now, after_s=AFTER_DECLINE_S)

    def _take(self, reply: Message, datagram: Datagram, now: float) -> str:
        if self._stage is _Stage.SELECTING and reply.message_type in (MessageType.OFFER, None):
            return self._take_offer(reply, datagram, now)
        if self._stage is _Stage.REQUESTING and reply.message_type is MessageType.ACK:
            return self._take_ack(reply, datagram, now)
        if self._stage is _Stage.REQUESTING and reply.message_type is MessageType.NAK:
            return self._take_nak(reply, now)
        return "unexpected at this point of DHCP"

    # Selecting

    def _start_selecting(self, now: float) -> None:
        self._stage = _Stage.SELECTING
        self._offers: list[Offer] = []
        self._xid = self._station.new_xid()
        self._resends = Resends(self._behaviour.schedules.discover, self._station.random, now)
        self._offers_until: float | None = None
        """Set by the first offer of an address, where a client waits for ProxyDHCP offers by the clock."""
        self._discover(now)

    def _discover(self, now: float) -> None:
        self._wake_at = min(self._resends.due_at, self._offers_until or inf)
        self._secs = self._resends.elapsed_s(now)
        datagram = self._station.discover(self._xid, self._secs)
        self._discover_payload = datagram.payload
        self._send(datagram)
        self._tell(StepReached(1, {"client": self._station.identity.class_identifier}))

    def _take_offer(self, reply: Message, datagram: Datagram, now: float) -> str:
        try:
            offer = read_offer(reply, datagram.payload, self._behaviour.tag_checks)
        except OfferInvalid as problem:
            self._invalid = problem.error
            return f"offer with tags that make no sense ({problem.error.code})"
        if (offer.kind is OfferKind.WFM and not self._behaviour.takes_wfm) or (
            offer.is_proxy and not self._behaviour.takes_split
        ):
            return "offer of a kind that this firmware does not take"
        if not has_room(self._offers, offer, self._behaviour.offer_rules):
            return "more offers than are kept"
        self._offers.append(offer)
        self._see_whether_to_wait(now)
        return ""

    def _see_whether_to_wait(self, now: float) -> None:
        proxy_wait_s = self._behaviour.schedules.proxy_wait_s
        choice = self._best()
        if proxy_wait_s is None or choice is None:
            return
        if choice.is_complete:
            self._request(choice, now)
        elif self._offers_until is None:
            self._offers_until = now + proxy_wait_s
            self._wake_at = min(self._wake_at, self._offers_until)

    def _best(self) -> Choice | None:
        choice = choose(self._offers, self._behaviour.offer_rules)
        if choice is not None and choice.is_plain and not choice.dhcp.boot_file and not self._behaviour.takes_plain:
            return None
        return choice

    def _end_waiting_for_offers(self, now: float) -> None:
        choice = self._best()
        if choice is not None and self._has_waited_enough(choice, now):
            self._request(choice, now)
        elif self._resends.again(now):
            self._discover(now)
        elif choice is not None:
            self._request(choice, now)
        else:
            self.result = self._no_offer_will_do()

    def _has_waited_enough(self, choice: Choice, now: float) -> bool:
        if self._offers_until is not None:
            return now >= self._offers_until
        return not choice.is_plain or self._resends.tries >= self._behaviour.schedules.plain_rounds

    def _no_offer_will_do(self) -> PxeError:
        if any(not each.is_proxy for each in self._offers):
            return NO_BOOT_FILE
        if self._invalid is not None:
            return self._invalid
        return NO_ADDRESS if self._offers else NO_OFFERS

    # Requesting

    def _request(self, choice: Choice, now: float) -> None:
        self._choice = choice
        self._tell(_offered(choice))
        self._tell(_recorded(choice))
        if choice.dhcp.kind is OfferKind.BOOTP:
            # BOOTP has no request: the reply is the lease (RFC 951 §7).
            self._use(choice.dhcp.message, choice.dhcp.payload, now)
            return
        self._stage = _Stage.REQUESTING
        self._resends = Resends(self._behaviour.schedules.request, self._station.random, now)
        self._send_request()

    def _request_again(self, now: float) -> None:
        if self._resends.again(now):
            self._send_request()
        else:
            self._restart(_NOT_CONFIRMED, now)

    def _send_request(self) -> None:
        assert self._choice is not None
        offer = self._choice.dhcp
        self._wake_at = self._resends.due_at
        # The DISCOVER's transaction and `secs`, by which relays choose servers (RFC 2131 §4.4.1 and §3.1, point 3).
        self._send(self._station.request(self._xid, self._secs, offer.message.yiaddr, offer.server))

    def _take_ack(self, reply: Message, datagram: Datagram, now: float) -> str:
        assert self._choice is not None
        offer = self._choice.dhcp
        if reply.options.get(SERVER_IDENTIFIER) != offer.server or reply.yiaddr != offer.message.yiaddr:
            return "not for the offer that was taken"
        self._use(reply, datagram.payload, now)
        return ""

    def _take_nak(self, reply: Message, now: float) -> str:
        assert self._choice is not None
        if reply.options.get(SERVER_IDENTIFIER) != self._choice.dhcp.server:
            return "not for the offer that was taken"
        self._restart("the DHCP server took back its offer", now)
        return ""

    # Using the address

    def _use(self, ack: Message, payload: bytes, now: float) -> None:
        assert self._choice is not None
        self._bound = Bound(
            address=_interface(ack),
            dhcp_server=self._choice.dhcp.server,
            sources=self._sources(ack, payload),
            routers=get_if_sound(ack.options, ROUTERS) or (),
            discover=self._discover_payload,
            ack=payload,
        )
        if self._behaviour.probe_s is None:
            self._acquire()
            return
        self._stage = _Stage.PROBING
        self._wake_at = now + self._behaviour.probe_s
        self._tell(AddressProbed(self._bound.address.ip))

    def _sources(self, ack: Message, payload: bytes) -> tuple[Offer, ...]:
        """A combined server's last word is its DHCPACK; a ProxyDHCP service's is its offer (PXE 2.1 §2.2.3)."""
        assert self._choice is not None
        choice = self._choice
        if choice.sources[0] is not choice.dhcp:
            return choice.sources
        try:
            confirmed = read_offer(ack, payload, self._behaviour.tag_checks)
        except (OfferInvalid, DecodeError):
            return choice.sources
        # Some servers say in the offer only how to boot.
        said_less = confirmed.kind is OfferKind.BINL and choice.kind in (OfferKind.PXE, OfferKind.WFM)
        if said_less or (confirmed.kind is OfferKind.PLAIN and not (choice.is_plain and confirmed.boot_file)):
            return choice.sources
        return (confirmed,)

    def _acquire(self) -> None:
        assert self._bound is not None
        self._tell(AddressAcquired(self._bound.address, self._bound.routers))
        self._tell(StepReached(4, {"dhcp_server": str(self._bound.dhcp_server)}))
        self.result = self._bound

    def _restart(self, reason: str, now: float, after_s: float = 0.0) -> None:
        self._choice = self._bound = None
        self._offers = []
        self._restarts += 1
        if self._restarts > RESTARTS_MAX:
            self.result = NO_OFFERS.because(reason)
            return
        self._tell(BootRestarted(reason))
        if after_s:
            self._stage, self._wake_at = _Stage.DECLINED, now + after_s
        else:
            self._start_selecting(now)


def _offered(choice: Choice) -> StepReached:
    by = {str(each.server) for each in choice.sources}
    return StepReached(2, {"dhcp_server": str(choice.dhcp.server), "boot_service": ", ".join(sorted(by))})


def _recorded(choice: Choice) -> StepReached:
    detail: dict[str, object] = {"address": str(choice.dhcp.message.yiaddr), "kind": choice.kind.name.lower()}
    tags = choice.sources[0].tags
    if choice.sources[0].boot_file:
        detail["boot_file"] = choice.sources[0].boot_file
    if tags is not None:
        detail["discovery_control"] = int(tags.control)
        detail["menu_items"] = len(tags.menu)
    return StepReached(3, detail)


def _interface(message: Message) -> IPv4Interface:
    mask = get_if_sound(message.options, SUBNET_MASK)
    try:
        return IPv4Interface(f"{message.yiaddr}/{mask or _class_mask(message.yiaddr)}")
    except ValueError:  # a mask with holes
        return IPv4Interface(f"{message.yiaddr}/{_class_mask(message.yiaddr)}")


def _class_mask(address: IPv4Address) -> int:
    """The prefix length of RFC 791's classes, which holds where option 1 is not sent."""
    first = address.packed[0]
    return 8 if first < 128 else 16 if first < 192 else 24
