"""One request and everything known about it before an answer is thought of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Interface
from wireboot.leases.lease import ClientKey
from wireboot.leases.link import Link, Links
from wireboot.leases.requester import Requester
from wireboot.leases.reservation import Reservation
from wireboot.protocols.dhcp4.classes import ClientClass, machine_uuid
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLIENT_IDENTIFIER, SERVER_IDENTIFIER, SUBNET_SELECTION, MessageType
from wireboot.protocols.dhcp4.relay import RelayInformation, relay_information
from wireboot.protocols.dhcp4.rules import Rules

IsKnown = Callable[[bytes, bytes], bool]
"""Whether the inventory has a machine with this MAC, or with this UUID in the byte order of option 97."""


class ClientState(Enum):
    """Which of its four states a DHCPREQUEST shows its client in (RFC 2131 §4.3.2)."""

    SELECTING = "selecting"
    INIT_REBOOT = "init-reboot"
    RENEWING = "renewing"
    REBINDING = "rebinding"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that has come to this server. Made once, and handed to whoever answers that kind of message."""

    request: Message
    received: Datagram
    now: float
    rules: Rules
    relay: RelayInformation
    link: Link
    """Where the client is."""
    server: IPv4Address
    """The address that the client knows us by, or will: option 54."""
    requester: Requester
    classes: tuple[ClientClass, ...]
    """Those that the client is in."""
    reservation: Reservation | None

    @property
    def state(self) -> ClientState:
        return client_state(self.request, self.received, self.relay)


def begin_exchange(
    request: Message,
    received: Datagram,
    now: float,
    *,
    links: Links,
    interfaces: Mapping[str, Interface],
    rules: Rules,
    is_known: IsKnown,
) -> Exchange | None:
    """None when no subnet is configured for where the request comes from. Raises DecodeError for a malformed option."""
    relay = relay_information(request)
    link = _select_link(request, received, relay, links, interfaces)
    if link is None:
        return None
    classes = tuple(each for each in rules.classes if each.match.fits(request, relay))
    uuid = machine_uuid(request)
    requester = Requester(
        client_key(request),
        request.chaddr,
        uuid,
        request.giaddr,
        relay.circuit_id,
        relay.remote_id,
        tuple(each.name for each in classes),
        is_known(request.chaddr, uuid),
    )
    server = _server_address(request, received, relay, link, interfaces)
    reservation = link.reservation_of(requester)
    return Exchange(request, received, now, rules, relay, link, server, requester, classes, reservation)


def client_key(message: Message) -> ClientKey:
    """Whose lease it is. `01` and the MAC as client identifier is what clients without one amount to."""
    return message.options.get(CLIENT_IDENTIFIER) or bytes([message.htype]) + message.chaddr


def client_state(request: Message, received: Datagram, relay: RelayInformation) -> ClientState:
    """RFC 2131 §4.3.2, table 4. What comes through a relay was broadcast, unless that says otherwise (RFC 5010)."""
    if not request.ciaddr.is_unspecified:
        broadcast = received.to_group if request.giaddr.is_unspecified else not relay.unicast
        return ClientState.REBINDING if broadcast else ClientState.RENEWING
    return ClientState.SELECTING if SERVER_IDENTIFIER.code in request.options else ClientState.INIT_REBOOT


def _select_link(
    request: Message,
    received: Datagram,
    relay: RelayInformation,
    links: Links,
    interfaces: Mapping[str, Interface],
) -> Link | None:
    """The relay's word goes before the client's wish (RFC 3527 §3), and that before where the message came from.

    What is asked for so and not served here leads nowhere else: neither RFC lets a server give an address of another
    link then.
    """
    if relay.link_selection is not None:
        return links.link_of(relay.link_selection)
    subnet_selection = request.options.get(SUBNET_SELECTION)
    if subnet_selection is not None:
        return links.link_of(subnet_selection)
    if not request.giaddr.is_unspecified:
        return links.link_of(request.giaddr)
    here = links.link_of_interface(interfaces[received.interface].ipv4)
    if received.to_group or request.ciaddr.is_unspecified:
        return here
    # It is routed: it may come from beyond this link with no relay in between.
    there = links.link_of(request.ciaddr)
    return here if there is None and request.message_type is not MessageType.REQUEST else there


def _server_address(
    request: Message,
    received: Datagram,
    relay: RelayInformation,
    link: Link,
    interfaces: Mapping[str, Interface],
) -> IPv4Address:
    """Of several addresses on a link it is the one in the client's own subnet (RFC 2131 §4.1)."""
    if relay.server_identifier is not None:
        return relay.server_identifier
    if received.to_group and request.giaddr.is_unspecified:
        for address in interfaces[received.interface].ipv4:
            if link.subnet_of(address.ip) is not None:
                return address.ip
    server = received.local.host
    assert isinstance(server, IPv4Address), server
    return server
