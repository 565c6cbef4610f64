"""Boots a `PxeBootClient` on an interface of this machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

from wireboot.client.keyboard import keyboard, read_keys
from wireboot.client.session import pxe_stack
from wireboot.endpoint import Event
from wireboot.net.clock import now
from wireboot.net.pcap import PcapWriter
from wireboot.protocols.pxe.client import DEADLINE_S, PxeBootClient
from wireboot.protocols.pxe.client_events import StepReached
from wireboot.protocols.pxe.client_identity import ClientIdentity
from wireboot.protocols.pxe.credentials import Trust
from wireboot.protocols.pxe.firmware import FirmwareBehaviour

_LAST_WORDS_S = 5.0
"""Beyond the client's own deadline, which ends it with a reason."""


@dataclass(frozen=True, slots=True)
class BootWishes:
    """What is asked of a boot, besides who boots."""

    trust: Trust | None = None
    multicast: bool = False
    menu_item: int | None = None
    deadline_s: float = DEADLINE_S
    pcap: Path | None = None
    """Where to record every frame."""


def boot(
    interface: str,
    identity: ClientIdentity,
    behaviour: FirmwareBehaviour,
    wishes: BootWishes,
    on_event: Callable[[Event], None],
) -> None:
    """Boot, and tell all that happens. Keys typed on a terminal go to the menu. Raises OperatorError."""
    client = PxeBootClient(
        identity,
        behaviour,
        interface=interface,
        random=SystemRandom().random,
        trust=wishes.trust,
        multicast=wishes.multicast,
        menu_item=wishes.menu_item,
        deadline_s=wishes.deadline_s,
        now=now(),
    )
    with ExitStack() as opened:
        capture = None if wishes.pcap is None else opened.enter_context(PcapWriter(wishes.pcap, interface))
        keys = opened.enter_context(keyboard())

        def observe(event: Event) -> None:
            if capture is not None and isinstance(event, StepReached):
                capture.comment(f"step {event.step}: {event.name}")
            on_event(event)

        def press(descriptor: int) -> bool:
            typed = read_keys(descriptor)
            for key in typed or ():
                client.press(key, now())
            return typed is not None

        base = opened.enter_context(
            pxe_stack(
                interface,
                identity.link_address,
                on_event=observe,
                capture=capture,
                also_read={} if keys is None else {keys: lambda: press(keys)},
            )
        )
        base.run(client, finished=lambda: client.finished, ends_at=now() + wishes.deadline_s + _LAST_WORDS_S)
