"""What every DHCPv4 reply has, whichever service makes it."""

from __future__ import annotations

from dataclasses import replace
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
from wireboot.wire.option_table import Options

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
    options = Options().with_option(MESSAGE_TYPE, message_type).with_option(SERVER_IDENTIFIER, server_identifier)
    reply = start_bootreply(request)
    echoed = {row.code: request.options[row.code] for row in _ECHOED if row.code in request.options}
    return replace(reply, options=Options({**options, **echoed, **reply.options}))


def start_bootreply(request: Message) -> Message:
    """A reply with what RFC 951 §3 copies from the request, and the relay's own."""
    relay_information = request.options.get(RELAY_AGENT_INFORMATION)
    options = Options()
    if relay_information is not None and len(relay_information) <= _RELAY_INFORMATION_SIZE_MAX:
        options = options.with_option(RELAY_AGENT_INFORMATION, relay_information)  # RFC 3046 §2.2
    return Message(
        op=BOOTREPLY,
        htype=request.htype,
        xid=request.xid,
        flags=request.flags,
        giaddr=request.giaddr,
        chaddr=request.chaddr,
        options=options,
    )


def reply_size_max(request: Message) -> int:
    """How many bytes of UDP payload the client takes (option 57 counts the IP and UDP headers too)."""
    announced = request.options.get(MAXIMUM_MESSAGE_SIZE)
    if announced is None:
        # A BOOTP client takes 64 bytes of options (RFC 951 §3).
        return SIZE_DEFAULT_MAX if MESSAGE_TYPE.code in request.options else SIZE_MIN
    return max(SIZE_DEFAULT_MAX, min(announced - IP_UDP_HEADERS, _SIZE_ETHERNET_MAX))
