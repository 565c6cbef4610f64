"""Where a reply goes: RFC 2131 §4.1, and the source port rule that PXE adds."""

from __future__ import annotations

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import SERVER_IDENTIFIER, MessageType
from wireboot.wire.addresses import LIMITED_BROADCAST
from wireboot.wire.iana import Port

_ETHERNET_ADDRESS_SIZE = 6


def addressed_reply(received: Datagram, reply: Message, payload: bytes) -> Datagram:
    """The datagram that carries `reply` to whoever sent `received`."""
    peer, link_address = _destination(received, reply)
    server = reply.options.get(SERVER_IDENTIFIER)
    local = received.local
    if server is not None and reply.giaddr.is_unspecified:
        # Clients compare a reply's source with the server identifier in it. A relay may have named itself there.
        local = local._replace(host=server)
    return Datagram(payload, peer, local, received.interface, link_address=link_address)


def _destination(received: Datagram, reply: Message) -> tuple[SocketAddress, bytes | None]:
    if received.local.port != Port.DHCP_SERVER and not received.peer.host.is_unspecified:
        # Boot Server discovery: PXE firmware listens where it sent from, port 4011 or 68 (PXE 2.1 §2.2.5).
        return received.peer, None
    if not reply.giaddr.is_unspecified:
        return SocketAddress(reply.giaddr, Port.DHCP_SERVER), None
    if reply.message_type is MessageType.NAK:
        # The client's address is just what is wrong (RFC 2131 §4.3.2).
        return SocketAddress(LIMITED_BROADCAST, Port.DHCP_CLIENT), None
    if not reply.ciaddr.is_unspecified:
        return SocketAddress(reply.ciaddr, _client_port(received)), None
    if reply.wants_broadcast or reply.yiaddr.is_unspecified or len(reply.chaddr) != _ETHERNET_ADDRESS_SIZE:
        return SocketAddress(LIMITED_BROADCAST, Port.DHCP_CLIENT), None
    return SocketAddress(reply.yiaddr, Port.DHCP_CLIENT), reply.chaddr


def _client_port(received: Datagram) -> int:
    return received.peer.port if not received.peer.host.is_unspecified else Port.DHCP_CLIENT
