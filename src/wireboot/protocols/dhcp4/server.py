"""The DHCPv4 server: which message asks for what, and what RFC 2131 §4.3 answers. Which address is `leases`' matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from ipaddress import IPv4Address
from typing import assert_never

from wireboot.endpoint import Datagram, Event, Interface
from wireboot.leases.allocator import Allocator
from wireboot.leases.lease import ClientKey, Lease
from wireboot.leases.subnet import Subnet, subnet_of_address, subnet_of_link
from wireboot.protocols.dhcp4.endpoint import Answer
from wireboot.protocols.dhcp4.events import (
    AddressDeclined,
    AddressOffered,
    AddressRefused,
    LeaseGranted,
    LeaseReleased,
    NoAddressLeft,
    RequestIgnored,
    SettingsGiven,
)
from wireboot.protocols.dhcp4.message import BROADCAST_FLAG, Message
from wireboot.protocols.dhcp4.options import (
    CLIENT_IDENTIFIER,
    HOST_NAME,
    LEASE_TIME,
    MESSAGE,
    PARAMETER_REQUEST_LIST,
    REBINDING_TIME,
    RENEWAL_TIME,
    REQUESTED_ADDRESS,
    SERVER_IDENTIFIER,
    SUBNET_MASK,
    MessageType,
)
from wireboot.protocols.dhcp4.reply import start_reply
from wireboot.wire.option_table import Options

AddBootInformation = Callable[[Message, Message, IPv4Address], tuple[Message, tuple[Event, ...]]]
"""Request, reply and server address to the reply with what its client is to boot, and the events of that."""


class ClientState(Enum):
    """Which of its four states a DHCPREQUEST shows its client in (RFC 2131 §4.3.2)."""

    SELECTING = "selecting"
    INIT_REBOOT = "init-reboot"
    RENEWING = "renewing"
    REBINDING = "rebinding"


class Dhcp4Server:
    """A `Dhcp4Service` that hands out addresses."""

    def __init__(
        self,
        allocator: Allocator,
        interfaces: Mapping[str, Interface],
        add_boot_information: AddBootInformation,
    ) -> None:
        self._allocator = allocator
        self._interfaces = interfaces
        self._add_boot_information = add_boot_information

    def answer(self, request: Message, received: Datagram, now: float) -> Answer | None:
        message_type = request.message_type
        if message_type is None:
            return _silence(request, "plain BOOTP is not served")
        if not request.chaddr and not request.options.get(CLIENT_IDENTIFIER):
            return _silence(request, "it does not say who it is")
        # Read before anything is promised: a malformed list must not leave a lease behind that nobody heard of.
        request.options.get(PARAMETER_REQUEST_LIST)
        subnet = self._subnet_of(request, received)
        if subnet is None:
            return _silence(request, "no subnet is configured for where it comes from")
        server = self._server_address(request, received, subnet)
        match message_type:
            case MessageType.DISCOVER:
                return self._discover(request, subnet, server, now)
            case MessageType.REQUEST:
                return self._request(request, received, subnet, server, now)
            case MessageType.DECLINE:
                return self._decline(request, now)
            case MessageType.RELEASE:
                return self._release(request, now)
            case MessageType.INFORM:
                return self._inform(request, subnet, server)
            case MessageType.OFFER | MessageType.ACK | MessageType.NAK:
                return _silence(request, f"a client does not send {message_type.name}")
            case _:
                assert_never(message_type)

    def _subnet_of(self, request: Message, received: Datagram) -> Subnet | None:
        if not request.giaddr.is_unspecified:
            return subnet_of_address(self._allocator.subnets, request.giaddr)
        if client_state(request, received) is ClientState.RENEWING:
            # It is routed: it may come from beyond this link with no relay in between.
            return subnet_of_address(self._allocator.subnets, request.ciaddr)
        return subnet_of_link(self._allocator.subnets, self._interfaces[received.interface].ipv4)

    def _server_address(self, request: Message, received: Datagram, subnet: Subnet) -> IPv4Address:
        """The address that the client knows us by, or will: of several on a link the one in the client's own subnet."""
        if received.to_group and request.giaddr.is_unspecified:
            for address in self._interfaces[received.interface].ipv4:
                if address.ip in subnet.network:
                    return address.ip
        server = received.local.host
        assert isinstance(server, IPv4Address), server
        return server

    def _discover(self, request: Message, subnet: Subnet, server: IPv4Address, now: float) -> Answer:
        requested = request.options.get(REQUESTED_ADDRESS)
        lease = self._allocator.offer(client_key(request), request.chaddr, subnet, requested, now)
        if lease is None:
            return Answer(None, (NoAddressLeft(request.chaddr, str(subnet.network)),))
        reply = self._leased(start_reply(request, MessageType.OFFER, server), request, subnet, lease)
        reply, boot_events = self._add_boot_information(request, reply, server)
        return Answer(reply, (AddressOffered(lease), *boot_events))

    def _request(self, request: Message, received: Datagram, subnet: Subnet, server: IPv4Address, now: float) -> Answer:
        state = client_state(request, received)
        chosen = request.options.get(SERVER_IDENTIFIER)
        if chosen is not None and not self._is_ours(chosen, server):
            self._allocator.withdraw_offer(client_key(request), subnet, now)
            return _silence(request, "it chose another server")
        address = request.ciaddr if not request.ciaddr.is_unspecified else request.options.get(REQUESTED_ADDRESS)
        if address is None:
            return _silence(request, "it asks for no address")
        if address not in subnet.network:
            return self._refuse(request, server, address, "the address is not of this network")
        known = self._allocator.lease_of(client_key(request), subnet)
        if state in (ClientState.INIT_REBOOT, ClientState.REBINDING) and known is None:
            # Another server may know this client (RFC 2131 §4.3.2).
            return _silence(request, "this server has no record of it")
        if state is ClientState.INIT_REBOOT and known is not None and known.address != address:
            return self._refuse(request, server, address, "the address is not the one this client had last")
        hostname = host_name(request)
        lease = self._allocator.bind(client_key(request), request.chaddr, subnet, address, hostname, now)
        if lease is None:
            return self._refuse(request, server, address, "the address is not this client's to have")
        reply = self._leased(start_reply(request, MessageType.ACK, server), request, subnet, lease)
        reply, boot_events = self._add_boot_information(request, reply, server)
        return Answer(replace(reply, ciaddr=request.ciaddr), (LeaseGranted(lease), *boot_events))

    def _decline(self, request: Message, now: float) -> Answer:
        address = request.options.get(REQUESTED_ADDRESS)
        lease = None if address is None else self._allocator.decline(client_key(request), address, now)
        if lease is None:
            return _silence(request, "it declines what it does not have")
        return Answer(None, (AddressDeclined(lease),))

    def _release(self, request: Message, now: float) -> Answer:
        lease = self._allocator.release(client_key(request), request.ciaddr, now)
        if lease is None:
            return _silence(request, "it releases what it does not have")
        return Answer(None, (LeaseReleased(lease),))

    def _inform(self, request: Message, subnet: Subnet, server: IPv4Address) -> Answer:
        reply = self._configured(start_reply(request, MessageType.ACK, server), request, subnet)
        reply, boot_events = self._add_boot_information(request, reply, server)
        return Answer(
            replace(reply, ciaddr=request.ciaddr), (SettingsGiven(request.chaddr, request.ciaddr), *boot_events)
        )

    def _refuse(self, request: Message, server: IPv4Address, address: IPv4Address, reason: str) -> Answer:
        reply = start_reply(request, MessageType.NAK, server).with_option(MESSAGE, reason)
        if not request.giaddr.is_unspecified:
            # Or the relay would send it to the address that the client must not use (RFC 2131 §4.3.2).
            reply = replace(reply, flags=reply.flags | BROADCAST_FLAG)
        return Answer(reply, (AddressRefused(request.chaddr, address, reason),))

    def _leased(self, reply: Message, request: Message, subnet: Subnet, lease: Lease) -> Message:
        """`reply` with the lease's address and times (RFC 2131 §4.4.5: T1 is half, T2 seven eighths)."""
        times = (
            Options()
            .with_option(LEASE_TIME, subnet.lease_time_s)
            .with_option(RENEWAL_TIME, subnet.lease_time_s // 2)
            .with_option(REBINDING_TIME, subnet.lease_time_s * 7 // 8)
        )
        reply = replace(reply, yiaddr=lease.address, options=Options({**reply.options, **times}))
        reply = self._configured(reply, request, subnet)
        reservation = subnet.reservation_of(request.chaddr)
        if reservation is not None and reservation.hostname is not None:
            reply = reply.with_option(HOST_NAME, reservation.hostname)
        return reply

    def _configured(self, reply: Message, request: Message, subnet: Subnet) -> Message:
        """`reply` with the subnet's settings: those asked for, in the order asked; all when the client does not say."""
        settings = {SUBNET_MASK.code: subnet.network.netmask.packed, **subnet.options}
        wanted = request.options.get(PARAMETER_REQUEST_LIST)
        codes = list(settings) if wanted is None else [code for code in wanted if code in settings]
        given = {code: settings[code] for code in (SUBNET_MASK.code, *codes)}
        return replace(reply, options=Options({**reply.options, **given}))

    def _is_ours(self, chosen: IPv4Address, server: IPv4Address) -> bool:
        own = (address.ip for interface in self._interfaces.values() for address in interface.ipv4)
        return chosen == server or chosen in own


def client_key(message: Message) -> ClientKey:
    """Whose lease it is. `01` and the MAC as client identifier is what clients without one amount to."""
    return message.options.get(CLIENT_IDENTIFIER) or bytes([message.htype]) + message.chaddr


def host_name(message: Message) -> str | None:
    """What the client calls itself, where that can be shown to people."""
    name = message.options.get(HOST_NAME)
    return name if name and name.isprintable() else None


def client_state(request: Message, received: Datagram) -> ClientState:
    """RFC 2131 §4.3.2, table 4. A relayed renewal counts as rebinding: only broadcasts pass a relay."""
    if not request.ciaddr.is_unspecified:
        broadcast = received.to_group or not request.giaddr.is_unspecified
        return ClientState.REBINDING if broadcast else ClientState.RENEWING
    return ClientState.SELECTING if SERVER_IDENTIFIER.code in request.options else ClientState.INIT_REBOOT


def _silence(request: Message, reason: str) -> Answer:
    return Answer(None, (RequestIgnored(request.chaddr, reason),))
