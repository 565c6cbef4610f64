"""What a server tells that somebody who reads a simulation wants to know of."""

from __future__ import annotations

from wireboot.endpoint import DatagramDropped, Event
from wireboot.protocols.dhcp4.events import NoAddressLeft, RequestIgnored
from wireboot.protocols.pxe.events import MenuCutShort, NothingToBoot
from wireboot.protocols.tftp.events import RequestRefused


def remark(event: Event) -> str | None:
    """In few words, so that it can be counted; None for what belongs to every good boot."""
    match event:
        case NothingToBoot(reason=reason) | RequestIgnored(reason=reason):
            return reason
        case NoAddressLeft(subnet=subnet):
            return f"no address left in {subnet}"
        case MenuCutShort(menu=menu, left_out=left_out):
            return f"menu {menu} is too long, left out: {', '.join(left_out)}"
        case RequestRefused(file=file, reason=reason):
            return f"{file}: {reason}" if file else reason
        case DatagramDropped(service=service, reason=reason):
            return f"{service}: {reason}"
        case _:
            return None
