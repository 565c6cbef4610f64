"""The machine that boots, and the DHCP messages that it sends (RFC 2131 §4.4, PXE 2.1 §2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.dhcp4.message import BOOTREQUEST, BROADCAST_FLAG, Message, encode
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_IDENTIFIER,
    MESSAGE_TYPE,
    REQUESTED_ADDRESS,
    SERVER_IDENTIFIER,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.client_identity import ClientIdentity
from wireboot.protocols.pxe.firmware import FirmwareBehaviour
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED
from wireboot.wire.iana import Port
from wireboot.wire.option_table import Options

EVERY_DHCP_SERVER = SocketAddress(LIMITED_BROADCAST, Port.DHCP_SERVER)


@dataclass(frozen=True, slots=True)
class Station:
    """Who asks, in which manner, and through which interface."""

    identity: ClientIdentity
    behaviour: FirmwareBehaviour
    interface: str
    random: Callable[[], float]

    def new_xid(self) -> int:
        """A transaction ID that nobody can guess who does not hear the request."""
        return int(self.random() * (1 << 32)) & 0xFFFFFFFF

    def boot_server_xid(self) -> int:
        fixed = self.behaviour.boot_server_xid
        return self.new_xid() if fixed is None else fixed

    # The first three are sent by broadcast, without an address.

    def discover(self, xid: int, secs: int) -> Datagram:
        return self._broadcast(self._message(MessageType.DISCOVER, xid, secs, Options()))

    def request(self, xid: int, secs: int, address: IPv4Address, server: IPv4Address) -> Datagram:
        """Takes an offer (RFC 2131 §4.3.2, the SELECTING state)."""
        options = Options().with_option(SERVER_IDENTIFIER, server).with_option(REQUESTED_ADDRESS, address)
        return self._broadcast(self._message(MessageType.REQUEST, xid, secs, options))

    def decline(self, xid: int, address: IPv4Address, server: IPv4Address) -> Datagram:
        """Somebody else has the address (RFC 2131 §4.4.4, table 5: of what identifies the client only option 61)."""
        message = Message(BOOTREQUEST, xid, self.identity.link_address)
        message = (
            message.with_option(MESSAGE_TYPE, MessageType.DECLINE)
            .with_option(SERVER_IDENTIFIER, server)
            .with_option(REQUESTED_ADDRESS, address)
        )
        if self.identity.client_identifier:
            message = message.with_option(CLIENT_IDENTIFIER, self.identity.client_identifier)
        return self._broadcast(message)

    def boot_server_request(
        self, xid: int, secs: int, address: IPv4Address, to: SocketAddress, tags: Options | None = None
    ) -> Datagram:
        """Asks a ProxyDHCP service or, with tags, a Boot Server. `address` is the station's own."""
        behaviour = self.behaviour
        options = Options()
        if behaviour.boot_server_class is not None:
            options = options.with_option(CLASS_IDENTIFIER, behaviour.boot_server_class)
        if tags is not None:
            options = options.with_option(VENDOR_SPECIFIC, vendor_options.encode(tags))
        message = self._message(
            MessageType.REQUEST, xid, secs, options, order=behaviour.boot_server_option_order, ciaddr=address
        )
        by_broadcast = to == EVERY_DHCP_SERVER
        if not by_broadcast:
            message = replace(message, flags=BROADCAST_FLAG if behaviour.boot_server_broadcast else 0)
        port = Port.DHCP_CLIENT if by_broadcast else behaviour.boot_server_port
        return Datagram(encode(message), to, SocketAddress(address, port), self.interface)

    def _message(
        self,
        message_type: MessageType,
        xid: int,
        secs: int,
        options: Options,
        *,
        order: tuple[int, ...] | None = None,
        ciaddr: IPv4Address = UNSPECIFIED,
    ) -> Message:
        everything = {**Options().with_option(MESSAGE_TYPE, message_type), **self.identity.options(), **options}
        order = order or self.behaviour.option_order
        codes = [code for code in order if code in everything]
        codes += [code for code in everything if code not in order]
        return Message(
            op=BOOTREQUEST,
            xid=xid,
            secs=secs,
            flags=BROADCAST_FLAG if self.behaviour.broadcast else 0,
            chaddr=self.identity.link_address,
            ciaddr=ciaddr,
            options=Options({code: everything[code] for code in codes}),
        )

    def _broadcast(self, message: Message) -> Datagram:
        local = SocketAddress(UNSPECIFIED, Port.DHCP_CLIENT)
        return Datagram(encode(message), EVERY_DHCP_SERVER, local, self.interface)
