"""What every DHCPv4 reply has, whichever service makes it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from wireboot.protocols.dhcp4.message import BOOTREPLY, IP_UDP_HEADERS, SIZE_DEFAULT_MAX, SIZE_MIN, Message
from wireboot.protocols.dhcp4.options import (
    CLIENT_IDENTIFIER,
    CLIENT_MACHINE_ID,
    MAXIMUM_MESSAGE_SIZE,
    MESSAGE_TYPE,
    RELAY_AGENT_INFORMATION,
    SERVER_IDENTIFIER,
    MessageType,
)
from wireboot.wire.option_table import Option, Options

_SIZE_ETHERNET_MAX = 1500 - IP_UDP_HEADERS
"""However much a client says it takes, a reply is never sent in fragments."""

_RELAY_INFORMATION_SIZE_MAX = 255
"""A longer one leaves no room for the reply: it goes back without (RFC 3046 §2.2)."""

_ECHOED = (
    CLIENT_IDENTIFIER,  # RFC 6842 §3
    CLIENT_MACHINE_ID,  # RFC 4578 §2.3; some PXE ROMs drop a reply without it
)


def start_reply(request: Message, message_type: MessageType, server_identifier: IPv4Address) -> Message:
    """A reply with what RFC 2131 §4.3.1, table 3, copies from the request, and no more."""
    first = {
        MESSAGE_TYPE.code: MESSAGE_TYPE.encode(message_type),
        SERVER_IDENTIFIER.code: SERVER_IDENTIFIER.encode(server_identifier),
    }
    return _reply(request, first, _ECHOED)


def start_bootreply(request: Message) -> Message:
    """A reply with what RFC 951 §3 copies from the request, and the relay's own."""
    return _reply(request, {}, ())


def _reply(request: Message, options: dict[int, bytes], echoed: Iterable[Option[bytes]]) -> Message:
    """With these options, then those of the request that are `echoed`, then the relay's (RFC 3046 §2.2)."""
    sent = request.options
    options.update({row.code: sent[row.code] for row in echoed if row.code in sent})
    relay_information = sent.get(RELAY_AGENT_INFORMATION)
    if relay_information is not None and len(relay_information) <= _RELAY_INFORMATION_SIZE_MAX:
        options[RELAY_AGENT_INFORMATION.code] = relay_information
    return Message(
        op=BOOTREPLY,
        htype=request.htype,
        xid=request.xid,
        flags=request.flags,
        giaddr=request.giaddr,
        chaddr=request.chaddr,
        options=Options(options),
    )


def reply_size_max(request: Message) -> int:
    """How many bytes of UDP payload the client takes (option 57 counts the IP and UDP headers too)."""
    announced = request.options.get(MAXIMUM_MESSAGE_SIZE)
    if announced is None:
        # A BOOTP client takes 64 bytes of options (RFC 951 §3).
        return SIZE_DEFAULT_MAX if MESSAGE_TYPE.code in request.options else SIZE_MIN
    return max(SIZE_DEFAULT_MAX, min(announced - IP_UDP_HEADERS, _SIZE_ETHERNET_MAX))
