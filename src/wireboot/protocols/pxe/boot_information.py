"""Makes a DHCP server a combined one: its own replies name the boot file or bring the menu (PXE 2.1 §2.2.3)."""

from __future__ import annotations

from ipaddress import IPv4Address

from wireboot.endpoint import Event
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.protocols.pxe.boot_answer import told
from wireboot.protocols.pxe.decision import Policy
from wireboot.protocols.pxe.events import BootNamer, BootOptionMalformed
from wireboot.protocols.pxe.identity import identify


class BootInformation:
    """An `AddBootInformation` for `dhcp4.server`."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self, request: Message, reply: Message, server: IPv4Address) -> tuple[Message, tuple[Event, ...]]:
        try:
            client = identify(request)
        except DecodeError as problem:
            # An address is no reason to be strict about what is for booting only.
            return reply, (BootOptionMalformed(request.chaddr, str(problem)),)
        if client is None:
            return reply, ()
        by: BootNamer = "DHCPOFFER" if reply.message_type is MessageType.OFFER else "DHCPACK"
        answer, events = told(reply, client, self._policy, server, by, client_address=reply.yiaddr)
        return answer or reply, events
