"""The short way for what comes by the thousand: a DHCPDISCOVER, and the DHCPREQUEST that takes our offer.

Machines that start together send the same message but for who they are, and get the same reply but for that and the
address. So the reply to one such kind of message is made once, by the plain path (server.py), and kept as bytes; for
each client what is its own is written into a copy. That takes a sixth of the time.

Nothing is decided here. Which address, and whether there is one, is the allocator's decision as ever. Where anything
but those values could make a difference (a reservation, a menu to boot from, a class told by MAC address, a refusal)
the message is left to the plain path, and nothing has happened to it yet. That both ways come to the same datagrams
and events is what tests/properties/test_dhcp4_fast_path.py proves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.endpoint import Datagram, Event, Interface, SocketAddress
from wireboot.errors import DecodeError
from wireboot.leases.allocator import Allocator
from wireboot.leases.link import Link, Links
from wireboot.leases.requester import Requester
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.classes import ClientClass, read_machine_uuid
from wireboot.protocols.dhcp4.events import AddressOffered, LeaseGranted, OfferTakenBack
from wireboot.protocols.dhcp4.exchange import Exchange, IsKnown, begin_exchange
from wireboot.protocols.dhcp4.host_name import shown_name
from wireboot.protocols.dhcp4.lease_reply import check_wishes, lease_reply, times_for
from wireboot.protocols.dhcp4.message import COOKIE, OPTIONS_AT, Message, decode, encode
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_FQDN,
    CLIENT_IDENTIFIER,
    CLIENT_MACHINE_ID,
    END,
    HOST_NAME,
    OVERLOAD,
    PAD,
    RAPID_COMMIT,
    RELAY_AGENT_INFORMATION,
    REQUESTED_ADDRESS,
    SERVER_IDENTIFIER,
    MessageType,
)
from wireboot.protocols.dhcp4.relay import NOTHING_SAID, RelayInformation, read_relay_information
from wireboot.protocols.dhcp4.reply import reply_size_max
from wireboot.protocols.dhcp4.reply_address import addressed_reply
from wireboot.protocols.dhcp4.rules import Rules
from wireboot.wire.iana import Port

KINDS_MAX = 1024
"""Of messages, kept in mind: beyond these the oldest is forgotten."""
_SIZE_MAX = 1500
"""Of a message, in bytes: what is kept in mind must be bounded. Clients send 300 to 600."""

_CLIENTS_OWN = frozenset(
    row.code for row in (HOST_NAME, REQUESTED_ADDRESS, CLIENT_IDENTIFIER, RELAY_AGENT_INFORMATION, CLIENT_MACHINE_ID)
)
"""Options in which messages of one kind may differ."""
_ECHOED = (CLIENT_IDENTIFIER.code, CLIENT_MACHINE_ID.code, RELAY_AGENT_INFORMATION.code)
"""Those of them that come back in the reply (reply.py)."""
_PLAIN = frozenset((OVERLOAD, CLIENT_FQDN.code))
"""Options with which nothing goes this way: what they say would have to be looked into."""

_ETHERNET_REQUEST = b"\x01\x01\x06"
"""A BOOTREQUEST from a hardware address of Ethernet's type and length."""
_XID, _FLAGS, _CIADDR, _YIADDR, _GIADDR = slice(4, 8), slice(10, 12), slice(12, 16), slice(16, 20), slice(24, 28)
_CHADDR = slice(28, 34)
_COOKIE = slice(OPTIONS_AT - len(COOKIE), OPTIONS_AT)
_NO_ADDRESS = bytes(4)


class Quick(NamedTuple):
    """What the plain path would have answered."""

    reply: Datagram
    events: tuple[Event, ...]


class FastPath:
    """Stands before the services of a DHCP server's port 67."""

    def __init__(
        self,
        allocator: Allocator,
        interfaces: Mapping[str, Interface],
        rules: Callable[[], Rules],
        is_known: IsKnown,
        *,
        not_for_class: str,
    ) -> None:
        """All of it as the `Dhcp4Server` behind has it.

        `not_for_class`: how the class identifier (option 60) of those begins whose replies have boot information.
        """
        self._allocator = allocator
        self._interfaces = interfaces
        self._rules = rules
        self._is_known = is_known
        self._not_for_class = not_for_class
        self._start_anew(rules(), allocator.links)

    def answer(self, received: Datagram, now: float) -> Quick | None:
        """None: it is the plain path's. Raises nothing."""
        rules, links = self._rules(), self._allocator.links
        if rules is not self._made_with_rules or links is not self._made_with_links:
            self._start_anew(rules, links)
        message = _read(received.payload)
        if message is None or _has_wishes(message.relay) or not self._all_alike:
            return None
        kind = self._kind_of(message, received, now)
        if kind is None:
            return None
        requester = self._requester(message, kind)
        if kind.link.reservation_of(requester) is not None:
            return None
        answer = self._grant if kind.granting else self._offer
        return answer(message, kind, requester, now)

    def _offer(self, message: _Read, kind: _Kind, requester: Requester, now: float) -> Quick | None:
        wish = message.own.get(REQUESTED_ADDRESS.code)
        offer = self._allocator.offer(requester, kind.link, None if wish is None else IPv4Address(wish), now)
        if offer is None:
            # The plain path will find the same, and knows when to say so.
            return None
        lease = offer.lease
        packed = lease.address.packed
        template = kind.template_for(int.from_bytes(packed, "big"))
        assert template is not None, lease
        reply = template.filled(message, packed, lease.address)
        offered = AddressOffered(lease)
        return Quick(reply, (offered,) if offer.taken_back is None else (OfferTakenBack(offer.taken_back), offered))

    def _grant(self, message: _Read, kind: _Kind, requester: Requester, now: float) -> Quick | None:
        packed = message.own[REQUESTED_ADDRESS.code]
        template = kind.template_for(int.from_bytes(packed, "big"))
        if template is None:
            return None
        name = message.own.get(HOST_NAME.code)
        hostname = None if name is None else shown_name(HOST_NAME.decode(name))
        address = IPv4Address(packed)
        lease = self._allocator.bind(requester, kind.link, address, template.lease_time_s, hostname, now)
        if lease is None:
            return None
        return Quick(template.filled(message, packed, address), (LeaseGranted(lease),))

    def _requester(self, message: _Read, kind: _Kind) -> Requester:
        """As `begin_exchange` makes it."""
        own, link_address, relay = message.own, message.link_address, message.relay
        uuid = read_machine_uuid(own.get(CLIENT_MACHINE_ID.code))
        return Requester(
            own.get(CLIENT_IDENTIFIER.code) or _ETHERNET_REQUEST[1:2] + link_address,
            link_address,
            uuid,
            kind.giaddr,
            relay.circuit_id,
            relay.remote_id,
            kind.classes,
            self._is_known(link_address, uuid),
        )

    # Kinds of messages

    def _start_anew(self, rules: Rules, links: Links) -> None:
        self._made_with_rules, self._made_with_links = rules, links
        self._all_alike = not any(map(_tells_clients_apart, rules.classes))
        self._kinds: dict[_Key, _Kind | None] = {}
        """None: the plain path's. The oldest first."""
        self._heard: set[_Key] = set()
        """Once. Only what comes again is worth the work, so that a flood of odd messages causes none."""

    def _kind_of(self, message: _Read, received: Datagram, now: float) -> _Kind | None:
        host, port = received.local
        key = (message.common, received.interface, received.to_group, int(host), port)
        if key not in self._kinds:
            if key not in self._heard:
                self._heard = self._heard if len(self._heard) < KINDS_MAX else set()
                self._heard.add(key)
                return None
            if len(self._kinds) >= KINDS_MAX:
                del self._kinds[next(iter(self._kinds))]
            self._kinds[key] = self._make_kind(received, now)
            # The plain path has answered at least this one then, and done what it does once (server.py).
            return None
        kind = self._kinds[key]
        if kind is not None and kind.interface is not self._interfaces.get(received.interface):
            del self._kinds[key]
            return None
        return kind

    def _make_kind(self, received: Datagram, now: float) -> _Kind | None:
        try:
            request = decode(received.payload)
            check_wishes(request)
            exchange = begin_exchange(
                request,
                received,
                now,
                links=self._made_with_links,
                interfaces=self._interfaces,
                rules=self._made_with_rules,
                is_known=self._is_known,
            )
            if exchange is None or not self._is_for_here(exchange):
                return None
            granting = request.message_type is MessageType.REQUEST
            size_max = reply_size_max(request)
        except DecodeError:
            return None
        # This client may have a reservation; the kind has none.
        exchange = replace(exchange, reservation=None)
        templates = [_template(exchange, granting, subnet, size_max) for subnet in exchange.link.subnets]
        whole = tuple(each for each in templates if each is not None)
        if len(whole) < len(templates):
            return None
        classes = tuple(each.name for each in exchange.classes)
        interface = self._interfaces.get(received.interface)
        return _Kind(granting, exchange.link, classes, request.giaddr, interface, whole)

    def _is_for_here(self, exchange: Exchange) -> bool:
        """Raises DecodeError for a malformed option."""
        options = exchange.request.options
        if exchange.received.local.port != Port.DHCP_SERVER:
            return False
        if (options.get(CLASS_IDENTIFIER) or "").startswith(self._not_for_class):
            return False
        requested = options.get(REQUESTED_ADDRESS)
        match exchange.request.message_type:
            case MessageType.DISCOVER:
                return not (exchange.rules.rapid_commit and options.get(RAPID_COMMIT))
            case MessageType.REQUEST:
                return options.get(SERVER_IDENTIFIER) == exchange.server and requested is not None
            case _:
                return False


_Key = tuple[bytes, str, bool, int, int]
"""All of a message that is not the client's own, and how it came: interface, to a group, address and port."""


class _Read(NamedTuple):
    common: bytes
    """What all messages of the kind have."""
    own: dict[int, bytes]
    """The client's own options."""
    relay: RelayInformation
    xid: bytes
    link_address: bytes


def _read(payload: bytes) -> _Read | None:
    """None where it is no request of a client without an address, or not quite well-formed."""
    if len(payload) > _SIZE_MAX:
        return None
    if payload[:3] != _ETHERNET_REQUEST or payload[_CIADDR] != _NO_ADDRESS or payload[_COOKIE] != COOKIE:
        return None
    own: dict[int, bytes] = {}
    common = [payload[_FLAGS], payload[_GIADDR]]
    at = start = OPTIONS_AT
    try:
        while (code := payload[at]) != END:
            if code == PAD:
                at += 1
                continue
            value_at = at + 2
            at = value_at + payload[at + 1]
            if code in _CLIENTS_OWN:
                if code in own:
                    return None
                own[code] = payload[value_at:at]
                # With its length: where the reply has it, all replies are laid out alike.
                common.append(payload[start:value_at])
                start = at
            elif code in _PLAIN:
                return None
    except IndexError:
        return None
    common.append(payload[start:at])
    information = own.get(RELAY_AGENT_INFORMATION.code)
    relay = NOTHING_SAID
    if information is not None:
        relay = read_relay_information(information, relayed=payload[_GIADDR] != _NO_ADDRESS)
    return _Read(b"".join(common), own, relay, payload[_XID], payload[_CHADDR])


def _has_wishes(relay: RelayInformation) -> bool:
    """The relay says more than where the client is plugged in."""
    return (relay.link_selection, relay.unicast, relay.server_identifier) != (None, None, None)


def _tells_clients_apart(client_class: ClientClass) -> bool:
    match = client_class.match
    marks = (match.mac_prefixes, match.circuit_ids, match.remote_ids, match.uuids)
    return any(marks) or not _CLIENTS_OWN.isdisjoint(match.options)


@dataclass(frozen=True, slots=True)
class _Template:
    """A whole reply of the plain path's, and where the client's own stands in it."""

    network: int
    netmask: int
    lease_time_s: int
    payload: bytes
    way: Datagram
    echoed: tuple[tuple[int, int, int], ...]
    """Option, and where its value begins and ends."""

    def filled(self, request: _Read, packed_address: bytes, address: IPv4Address) -> Datagram:
        """The reply to `request` that gives it this address."""
        payload = bytearray(self.payload)
        payload[_XID] = request.xid
        payload[_YIADDR] = packed_address
        payload[_CHADDR] = request.link_address
        for code, start, end in self.echoed:
            payload[start:end] = request.own[code]
        way = self.way
        if way.link_address is None:
            return Datagram(bytes(payload), way.peer, way.local, way.interface)
        peer = SocketAddress(address, way.peer.port)
        return Datagram(bytes(payload), peer, way.local, way.interface, link_address=request.link_address)


@dataclass(frozen=True, slots=True)
class _Kind:
    granting: bool
    """It is a DHCPREQUEST that takes our offer; else a DHCPDISCOVER."""
    link: Link
    classes: tuple[str, ...]
    giaddr: IPv4Address
    interface: Interface | None
    templates: tuple[_Template, ...]
    """One for each subnet of the link."""

    def template_for(self, address: int) -> _Template | None:
        for template in self.templates:
            if address & template.netmask == template.network:
                return template
        return None


def _template(exchange: Exchange, granting: bool, subnet: Subnet, size_max: int) -> _Template | None:
    """None where the reply has no room for what is echoed."""
    network = subnet.network
    message_type = MessageType.ACK if granting else MessageType.OFFER
    reply = lease_reply(exchange, message_type, network.network_address, subnet)
    payload = encode(reply, size_max)
    echoed = _echoed(reply, payload)
    if echoed is None:
        return None
    way = addressed_reply(exchange.received, reply, payload)
    lease_time_s = times_for(exchange, subnet).lease_s
    return _Template(int(network.network_address), int(network.netmask), lease_time_s, payload, way, echoed)


def _echoed(reply: Message, payload: bytes) -> tuple[tuple[int, int, int], ...] | None:
    places: dict[int, tuple[int, int]] = {}
    at = OPTIONS_AT
    while (code := payload[at]) != END:
        places[code] = at + 2, at + 2 + payload[at + 1]
        at = places[code][1]
    wanted = [code for code in _ECHOED if code in reply.options]
    if any(code not in places for code in wanted):
        return None
    return tuple((code, *places[code]) for code in wanted)
