"""Boots a `PxeBootClient` on an interface of this machine, and runs what it brings where that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

from wireboot.client.execute import ExecuteWishes, execute
from wireboot.client.keyboard import keyboard, keys_in, read_typed, stdin_descriptor
from wireboot.client.program_keys import ProgramKeys
from wireboot.client.session import OpenStack, RecordedCard, pxe_stack
from wireboot.client.stop_signals import stop_signals
from wireboot.client.terminal import program_screen
from wireboot.endpoint import Event
from wireboot.net.pcap import PcapWriter
from wireboot.protocols.pxe.client import DEADLINE_S, PxeBootClient
from wireboot.protocols.pxe.client_events import BootImageReady, StepReached
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
    """Of the boot, not of the program that it brings."""
    pcap: Path | None = None
    """Where to record every frame."""
    execute: ExecuteWishes | None = None
    """None: the boot ends with the boot file."""
    show_program: bool = True
    """Its screen, on stderr."""


def boot(
    interface: str,
    identity: ClientIdentity,
    behaviour: FirmwareBehaviour,
    wishes: BootWishes,
    on_event: Callable[[Event], None],
    open_stack: OpenStack = pxe_stack,
) -> None:
    """Boot, and tell all that happens. Keys typed on a terminal go to the menu, then to the boot program.

    Raises OperatorError.
    """
    execution = wishes.execute or ExecuteWishes()
    images: list[BootImageReady] = []
    with ExitStack() as opened:
        stop = opened.enter_context(stop_signals())
        capture = None if wishes.pcap is None else opened.enter_context(PcapWriter(wishes.pcap, interface))
        terminal = opened.enter_context(keyboard())
        # A script that says what to type has nothing on stdin, and may not even know what that is.
        typist = stdin_descriptor() if terminal is None and wishes.execute and not execution.typings else terminal
        keys = ProgramKeys(execution.typings, has_typist=typist is not None)

        def observe(event: Event) -> None:
            if capture is not None and isinstance(event, StepReached):
                capture.comment(f"step {event.step}: {event.name}")
            if isinstance(event, BootImageReady):
                images.append(event)
            on_event(event)

        def read(descriptor: int) -> bool:
            typed = read_typed(descriptor)
            if typed is None:
                keys.leave()
                return False
            if descriptor != terminal or client.finished:
                return keys.type(typed)
            for key in keys_in(typed):
                client.press(key, base.surroundings.now())
            return True

        base = opened.enter_context(
            open_stack(
                interface,
                identity.link_address,
                on_event=observe,
                also_read=stop if typist is None else {**stop, typist: lambda: read(typist)},
            )
        )
        if capture is not None:
            base.undi.put_before_card(lambda card: RecordedCard(card, capture, base.surroundings.now))
        now = base.surroundings.now()
        client = PxeBootClient(
            identity,
            behaviour,
            interface=interface,
            random=SystemRandom().random,
            trust=wishes.trust,
            multicast=wishes.multicast,
            menu_item=wishes.menu_item,
            deadline_s=wishes.deadline_s,
            now=now,
        )
        base.run(client, finished=lambda: client.finished, ends_at=now + wishes.deadline_s + _LAST_WORDS_S)
        if wishes.execute is not None and images:
            with program_screen(visible=wishes.show_program) as show:
                ended = execute(base, images.pop(), wishes.execute, keys=keys, show=show)
            on_event(ended)
