"""Offers as a PXE client sorts them, and which of them it takes (PXE 2.1 §2.2.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    IPXE_ENCAPSULATED,
    SERVER_IDENTIFIER,
    VENDOR_SPECIFIC,
)
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_target import boot_file_of
from wireboot.protocols.pxe.firmware import OfferRules, TagChecks
from wireboot.protocols.pxe.identity import PXE_CLASS
from wireboot.protocols.pxe.offer_tags import OfferTags, has_discovery_tags, read_mtftp, read_offer_tags
from wireboot.protocols.pxe.vendor_options import DiscoveryControl
from wireboot.wire.option_table import Options

OFFERS_MAX = 16
"""Kept of one round of DHCPDISCOVERs."""

_IPXE_PRIORITY = 1
_END = 255


class OfferKind(Enum):
    """What an offer has to say of booting."""

    BOOTP = auto()
    """A reply of RFC 951, without option 53."""
    PLAIN = auto()
    """DHCP without a class: perhaps a boot file."""
    PXE = auto()
    """PXE 2.1: tags that say how to go on."""
    WFM = auto()
    """WfM 1.1a: MTFTP parameters only."""
    BINL = auto()
    """The class `PXEClient` and no tags: port 4011 knows more."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A DHCPOFFER, or the DHCPACK of a DHCP server or ProxyDHCP service, as a PXE client reads it."""

    message: Message
    payload: bytes
    """As it came over the wire."""
    kind: OfferKind
    server: IPv4Address
    """Option 54 or, in BOOTP, `siaddr`."""
    boot_file: str
    """Empty where none is named."""
    tags: OfferTags | None = None
    """Of kind PXE only."""
    vendor_tags: Options = field(default_factory=Options)
    """Option 43 whole."""

    @property
    def is_proxy(self) -> bool:
        return self.message.yiaddr.is_unspecified

    @property
    def loads_at_once(self) -> bool:
        """Discovery control bit 3: no prompt, no menu, no discovery."""
        return self.tags is not None and bool(self.tags.control & DiscoveryControl.USE_BOOT_FILE and self.boot_file)


@dataclass(frozen=True, slots=True)
class Choice:
    """The offers that are taken: one of an address, and who says how to boot."""

    dhcp: Offer
    sources: tuple[Offer, ...]
    """The same one or a ProxyDHCP service's; of kind BINL perhaps several, to be asked in turn."""

    @property
    def kind(self) -> OfferKind:
        return self.sources[0].kind

    @property
    def is_complete(self) -> bool:
        """Nothing better is worth waiting for."""
        return self.kind is OfferKind.PXE

    @property
    def is_plain(self) -> bool:
        return self.kind in (OfferKind.PLAIN, OfferKind.BOOTP)


# What says how to boot, and whether it is a ProxyDHCP service beside a plain DHCP server.
_PRECEDENCE = (
    (OfferKind.PXE, False),
    (OfferKind.WFM, False),
    (OfferKind.PXE, True),
    (OfferKind.WFM, True),
    (OfferKind.BINL, False),
    (OfferKind.BINL, True),
)


def read_offer(message: Message, payload: bytes, checks: TagChecks) -> Offer:
    """Raises DecodeError for a malformed offer and OfferInvalid for one whose tags make no sense."""
    boot_file = boot_file_of(message)
    server = message.options.get(SERVER_IDENTIFIER)
    if not message.yiaddr.is_unspecified and not _is_host(message.yiaddr):
        raise DecodeError("yiaddr", 16, f"{message.yiaddr} is no host's address")
    if message.message_type is None:
        if message.yiaddr.is_unspecified or not boot_file:
            raise DecodeError("yiaddr", 16, "a BOOTP reply without an address or a boot file")
        return Offer(message, payload, OfferKind.BOOTP, message.siaddr, boot_file)
    if server is None:
        raise DecodeError("option 54", 0, "server-identifier: missing")
    if not (message.options.get(CLASS_IDENTIFIER) or "").startswith(PXE_CLASS):
        if message.yiaddr.is_unspecified:
            raise DecodeError("yiaddr", 16, "neither an address nor a boot service is offered")
        return Offer(message, payload, OfferKind.PLAIN, server, boot_file)
    vendor_tags = vendor_options.decode(message.options.get(VENDOR_SPECIFIC) or b"")
    if has_discovery_tags(vendor_tags):
        tags = read_offer_tags(vendor_tags, checks, names_boot_file=bool(boot_file))
        return Offer(message, payload, OfferKind.PXE, server, boot_file, tags, vendor_tags)
    kind = OfferKind.BINL if read_mtftp(vendor_tags) is None else OfferKind.WFM
    return Offer(message, payload, kind, server, boot_file, None, vendor_tags)


def has_room(kept: Sequence[Offer], offer: Offer, rules: OfferRules) -> bool:
    """Whether one more offer of this sort is worth keeping: by class, of some only the first counts."""
    first_only = offer.kind is OfferKind.BOOTP or (offer.is_proxy and offer.kind in (OfferKind.PXE, OfferKind.WFM))
    if (
        rules is OfferRules.REFERENCE
        and first_only
        and any((each.kind, each.is_proxy) == (offer.kind, offer.is_proxy) for each in kept)
    ):
        return False
    return len(kept) < OFFERS_MAX


def choose(offers: Sequence[Offer], rules: OfferRules) -> Choice | None:
    """The best of what came so far, or None where an address is missing."""
    return _choose_as_ipxe(offers) if rules is OfferRules.IPXE else _choose_by_class(offers)


def _choose_by_class(offers: Sequence[Offer]) -> Choice | None:
    """In the order of PXE 2.1 and of the reference client; within a class the first to come."""

    def find(kind: OfferKind, *, proxy: bool = False) -> tuple[Offer, ...]:
        return tuple(each for each in offers if each.kind is kind and each.is_proxy is proxy)

    plain = find(OfferKind.PLAIN)
    for kind, beside_plain in _PRECEDENCE:
        if not beside_plain and (combined := find(kind)):
            return Choice(combined[0], combined[:1])
        if beside_plain and plain and (proxies := find(kind, proxy=True)):
            return Choice(plain[0], proxies)
    with_file = tuple(each for each in plain if each.boot_file)
    for addresses in (with_file, find(OfferKind.BOOTP), plain):
        if addresses:
            return Choice(addresses[0], addresses[:1])
    return None


def _choose_as_ipxe(offers: Sequence[Offer]) -> Choice | None:
    """Any address, any boot service; of several the one with the highest priority in option 175, tag 1."""
    addresses = [each for each in offers if not each.is_proxy]
    services = [each for each in offers if each.kind not in (OfferKind.PLAIN, OfferKind.BOOTP)]
    if not addresses:
        return None
    dhcp = max(addresses, key=_ipxe_priority)
    # One with tags saves the question to port 4011.
    service = max(services, key=lambda each: (_ipxe_priority(each), each.kind is OfferKind.PXE), default=dhcp)
    return Choice(dhcp, (service,))


def _ipxe_priority(offer: Offer) -> int:
    """A signed byte; 0 where none is set. `max` keeps the first of equals."""
    encapsulated = offer.message.options.get(IPXE_ENCAPSULATED) or b""
    at = 0
    while at + 2 <= len(encapsulated) and encapsulated[at] != _END:
        value = encapsulated[at + 2 : at + 2 + encapsulated[at + 1]]
        if encapsulated[at] == _IPXE_PRIORITY and len(value) == 1:
            return int.from_bytes(value, "big", signed=True)
        at += 2 + encapsulated[at + 1]
    return 0


def _is_host(address: IPv4Address) -> bool:
    return not (address.is_multicast or address.is_unspecified or address.is_loopback or address.is_reserved)
