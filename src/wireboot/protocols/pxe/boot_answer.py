"""What a client is told that asks for nothing in particular: one file to load, a menu, or nothing."""

from __future__ import annotations

from ipaddress import IPv4Address

from wireboot.endpoint import Event
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.pxe.boot_file import load_at_once, with_boot_file, with_vendor_tags
from wireboot.protocols.pxe.decision import BootFile, BootMenu, NoBootFile, Policy
from wireboot.protocols.pxe.events import BootFileNamed, BootNamer, MenuCutShort, MenuOffered, NothingToBoot
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.menu_tags import menu_tags
from wireboot.protocols.pxe.quirks import Effect
from wireboot.wire.option_table import Options


def told(
    reply: Message,
    client: PxeClient,
    policy: Policy,
    server: IPv4Address,
    by: BootNamer,
    client_address: IPv4Address,
) -> tuple[Message | None, tuple[Event, ...]]:
    """`reply` with what `policy` decides for the client, or None where it is to boot nothing; and the events."""
    decision = policy.decide(client)
    effect = policy.quirk_effect(client)
    match decision:
        case NoBootFile():
            return None, (NothingToBoot(client, decision.rule),)
        case BootFile():
            reply = with_boot_file(reply, decision.name, server, load_at_once(decision, client, effect), effect)
            return reply, (BootFileNamed(client, decision, server, by, client_address),)
        case BootMenu():
            return _with_menu(reply, client, decision, server, by, client_address, effect)


def _with_menu(
    reply: Message,
    client: PxeClient,
    menu: BootMenu,
    server: IPv4Address,
    by: BootNamer,
    client_address: IPv4Address,
    effect: Effect,
) -> tuple[Message, tuple[Event, ...]]:
    """No boot file goes with it: what a client that knows no menus would make of the file, nobody chose."""
    fitted = menu_tags(menu, server)
    # Without tags in the offer it comes to port 4011 for its menu.
    tags = Options() if Effect.NO_VENDOR_OPTIONS in effect and by != "Boot Server" else fitted.tags
    shown = menu.items[: len(menu.items) - len(fitted.left_out)]
    offered = MenuOffered(client, menu.name, menu.rule, tuple(item.text for item in shown), server, by, client_address)
    left_out = tuple(item.text for item in fitted.left_out)
    cut_short = (MenuCutShort(client, menu.name, left_out),) if left_out else ()
    return with_vendor_tags(reply, server, tags), (offered, *cut_short)
