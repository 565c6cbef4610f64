"""The Boot Server: answers who asks it for the boot file, on 4011 or by broadcast on 67 (PXE 2.1 §2.2.5)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, DatagramDropped
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.endpoint import Answer
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import VENDOR_SPECIFIC, MessageType
from wireboot.protocols.dhcp4.reply import start_reply
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_file import Decide, NoBootFile, with_boot_file
from wireboot.protocols.pxe.events import BootFileNamed, NothingToBoot
from wireboot.protocols.pxe.identity import identify
from wireboot.protocols.pxe.vendor_options import BOOT_ITEM, BootItem
from wireboot.wire.iana import Port
from wireboot.wire.option_table import Options

BOOTSTRAP_TYPE = 0
"""The Boot Server type served until menus name others."""
_FIRST_LAYER = 0


class BootServer:
    """A `Dhcp4Service` for ports 4011 and 67."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide

    def answer(self, request: Message, received: Datagram, now: float) -> Answer | None:  # noqa: ARG002  # the service's form
        if request.message_type is not MessageType.REQUEST:
            return None
        asked_here = received.local.port != Port.DHCP_SERVER
        item = _boot_item(request, strict=asked_here)
        if item is None and not asked_here:
            # Without a boot item it asks a DHCP server for an address.
            return None
        client = identify(request)
        if client is None:
            return None
        if item not in (None, BootItem(BOOTSTRAP_TYPE, _FIRST_LAYER)):
            reason = "asks for a Boot Server type or layer not served"
            return Answer(None, (DatagramDropped("boot server", reason, received.peer, received.interface),))
        decision = self._decide(client)
        if isinstance(decision, NoBootFile):
            return Answer(None, (NothingToBoot(client, decision.rule),))
        server = received.local.host
        assert isinstance(server, IPv4Address), server
        reply = with_boot_file(start_reply(request, MessageType.ACK, server), decision, server)
        if item is not None:
            tags = Options().with_option(BOOT_ITEM, item)
            reply = reply.with_option(VENDOR_SPECIFIC, vendor_options.encode(tags))
        event = BootFileNamed(client, decision, server, "Boot Server", request.ciaddr)
        return Answer(replace(reply, ciaddr=request.ciaddr), (event,))


def _boot_item(request: Message, *, strict: bool) -> BootItem | None:
    """Raises DecodeError for a malformed one where `strict`; elsewhere that is as good as none."""
    vendor = request.options.get(VENDOR_SPECIFIC)
    try:
        return None if vendor is None else vendor_options.decode(vendor).get(BOOT_ITEM)
    except DecodeError:
        if strict:
            raise
        # On port 67 other vendors' clients have an option 43 of their own making.
        return None
