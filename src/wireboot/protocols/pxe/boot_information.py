"""Makes a DHCP server a combined one: its own replies name the boot file (PXE 2.1 §2.2.3)."""

from __future__ import annotations

from ipaddress import IPv4Address

from wireboot.endpoint import Event
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.protocols.pxe.boot_file import Decide, NoBootFile, with_boot_file
from wireboot.protocols.pxe.events import BootFileNamed, BootNamer, BootOptionMalformed, NothingToBoot
from wireboot.protocols.pxe.identity import identify


class BootInformation:
    """An `AddBootInformation` for `dhcp4.server`."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide

    def __call__(self, request: Message, reply: Message, server: IPv4Address) -> tuple[Message, tuple[Event, ...]]:
        try:
            client = identify(request)
        except DecodeError as problem:
            # An address is no reason to be strict about what is for booting only.
            return reply, (BootOptionMalformed(request.chaddr, str(problem)),)
        if client is None:
            return reply, ()
        decision = self._decide(client)
        if isinstance(decision, NoBootFile):
            return reply, (NothingToBoot(client, decision.rule),)
        by: BootNamer = "DHCPOFFER" if reply.message_type is MessageType.OFFER else "DHCPACK"
        return with_boot_file(reply, decision, server), (
            BootFileNamed(client, decision, server, by, client_address=reply.yiaddr),
        )
