"""Boot Server discovery: by which ways a server of a type is looked for, and which answer counts (PXE 2.1 §2.2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress, Unreachable
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLASS_IDENTIFIER, SERVER_IDENTIFIER, VENDOR_SPECIFIC, MessageType
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_target import boot_file_of
from wireboot.protocols.pxe.errors import NO_BOOT_SERVER, NO_CREDENTIALS, PxeError
from wireboot.protocols.pxe.firmware import DiscoveryRule
from wireboot.protocols.pxe.identity import PXE_CLASS
from wireboot.protocols.pxe.lenient import get_if_sound
from wireboot.protocols.pxe.offer_tags import OfferTags, needs_list
from wireboot.protocols.pxe.schedules import Resends
from wireboot.protocols.pxe.station import EVERY_DHCP_SERVER, Station
from wireboot.protocols.pxe.task import DhcpTask
from wireboot.protocols.pxe.vendor_options import (
    BOOT_ITEM,
    CREDENTIAL_BIT,
    CREDENTIAL_TYPES,
    BootItem,
    DiscoveryControl,
)
from wireboot.wire.iana import Port
from wireboot.wire.option_table import Options

FIRST_ITEM = BootItem(0, 0)
"""What a packet without tag 71 is about."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a Boot Server is asked for."""

    item: BootItem
    """Layer without bit 15."""
    servers: tuple[IPv4Address, ...] | None = None
    """The only ones whose answer counts; None: anybody's."""
    credential_types: tuple[int, ...] = ()
    """Not empty: a credential of one of these is wanted, not the boot file itself."""

    def tags(self) -> Options:
        """Option 43 of the request."""
        if not self.credential_types:
            return Options().with_option(BOOT_ITEM, self.item)
        item = BootItem(self.item.server_type, self.item.layer | CREDENTIAL_BIT)
        return Options().with_option(BOOT_ITEM, item).with_option(CREDENTIAL_TYPES, self.credential_types)


@dataclass(frozen=True, slots=True)
class BootServerReply:
    """A Boot Server's DHCPACK that counts."""

    message: Message
    payload: bytes
    server: IPv4Address
    """Option 54."""
    item: BootItem
    """What it serves; layer without bit 15."""
    vendor_tags: Options


def ways_to_servers(tags: OfferTags, server_type: int, rule: DiscoveryRule) -> tuple[SocketAddress, ...]:
    """Whom to ask for a server of this type, one after the other."""
    listed = tuple(SocketAddress(each, Port.BOOT_SERVER) for each in tags.listed(server_type) or ())
    multicast = () if tags.discovery_address is None else (SocketAddress(tags.discovery_address, Port.BOOT_SERVER),)
    broadcast = () if tags.control & DiscoveryControl.NO_BROADCAST else (EVERY_DHCP_SERVER,)
    match rule:
        case DiscoveryRule.ONE:
            return multicast or broadcast or listed
        case DiscoveryRule.ALL_AND_LISTED:
            return multicast + broadcast + listed
        case DiscoveryRule.ALL:
            return multicast + broadcast + (listed if needs_list(tags.control) else ())


def way_to(server: IPv4Address) -> tuple[SocketAddress, ...]:
    """To the server that has answered before."""
    return (SocketAddress(server, Port.BOOT_SERVER),)


class DiscoveryTask(DhcpTask[BootServerReply]):
    """Asks way after way until an answer counts."""

    def __init__(
        self, station: Station, address: IPv4Address, ways: Sequence[SocketAddress], wanted: Wanted, now: float
    ) -> None:
        super().__init__(station)
        self._address, self._wanted = address, wanted
        self._waiting = list(ways)
        self._peer: SocketAddress | None = None
        self._wake_at: float | None = None
        self._try_next_way(now)

    def late(self) -> PxeError:
        return NO_CREDENTIALS if self._wanted.credential_types else NO_BOOT_SERVER

    def handle_timeout(self, now: float) -> None:
        if self.result is not None or self._wake_at is None or now < self._wake_at:
            return
        if self._resends.again(now):
            self._ask(now)
        else:
            self._try_next_way(now)

    def next_timeout(self) -> float | None:
        return None if self.result is not None else self._wake_at

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:  # noqa: ARG002  # endpoint's form
        if self.result is None and peer == self._peer:
            self._try_next_way(now)

    def _try_next_way(self, now: float) -> None:
        if not self._waiting:
            self.result = self.late()
            return
        self._peer = self._waiting.pop(0)
        self._resends = Resends(self._station.behaviour.schedules.discovery, self._station.random, now)
        self._ask(now)

    def _ask(self, now: float) -> None:
        assert self._peer is not None
        self._wake_at = self._resends.due_at
        self._xid = self._station.boot_server_xid()
        secs = self._resends.elapsed_s(now)
        self._send(self._station.boot_server_request(self._xid, secs, self._address, self._peer, self._wanted.tags()))

    def _take(self, reply: Message, datagram: Datagram, now: float) -> str:  # noqa: ARG002  # as every answer is taken
        if self.result is not None or reply.message_type is not MessageType.ACK:
            return "unexpected while a Boot Server is looked for"
        server = reply.options.get(SERVER_IDENTIFIER)
        if server is None:
            return "a Boot Server's answer without option 54"
        if not (reply.options.get(CLASS_IDENTIFIER) or "").startswith(PXE_CLASS):
            return "not of class PXEClient"
        if not boot_file_of(reply):
            return "a Boot Server's answer without a boot file"
        known_by = reply.siaddr if self._station.behaviour.listed_by_siaddr else server
        if self._wanted.servers is not None and known_by not in self._wanted.servers:
            return "from a Boot Server that is not listed"
        vendor_tags = vendor_options.decode(reply.options.get(VENDOR_SPECIFIC) or b"")
        item = vendor_tags.get(BOOT_ITEM) or FIRST_ITEM
        if (reason := self._why_not_wanted(item, vendor_tags)) != "":
            return reason
        item = BootItem(item.server_type, item.layer & ~CREDENTIAL_BIT)
        self.result = BootServerReply(reply, datagram.payload, server, item, vendor_tags)
        return ""

    def _why_not_wanted(self, item: BootItem, vendor_tags: Options) -> str:
        wanted = self._wanted
        if item.server_type != wanted.item.server_type:
            return "of another Boot Server type than asked for"
        names_credential = bool(item.layer & CREDENTIAL_BIT)
        if not wanted.credential_types:
            return "a credential that was not asked for" if names_credential else ""
        if not names_credential:
            # Nor does a boot item of three bytes, the old form: its layer has no bit 15.
            return "no credential where one was asked for"
        if item.layer & ~CREDENTIAL_BIT != wanted.item.layer:
            return "a credential of another layer"
        offered = get_if_sound(vendor_tags, CREDENTIAL_TYPES) or ()
        if len(offered) != 1 or offered[0] not in wanted.credential_types:
            return "not exactly one of the credential types asked for"
        return ""
