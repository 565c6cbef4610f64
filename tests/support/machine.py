"""A machine that runs boot programs on the imagined link of `pxe_network`, where waiting takes no time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

from tests.support.pxe_network import Link, Site
from tests.support.pxe_stack import cached_packets
from wireboot.pxe_api.cpu.account import Account
from wireboot.pxe_api.cpu.keyboard import Keyboard
from wireboot.pxe_api.cpu.machine import Machine
from wireboot.pxe_api.cpu.screen import TextScreen
from wireboot.pxe_api.dispatcher import CallMade

MEMORY_BYTES = 32 << 20


class PassingTime:
    """Runs on while a program computes, and skips what is only waited for. A `Surroundings`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ahead = link.now - monotonic()

    def now(self) -> float:
        now = monotonic() + self._ahead
        while self._link.now < now:
            self._link.wait(now)
        return self._link.now

    def wait(self, until: float) -> None:
        self.now()
        self._link.wait(until)
        self._ahead = max(self._ahead, self._link.now - monotonic())


class Bench:
    """What a test puts a program on, and what it finds out about its run."""

    def __init__(self, files: Mapping[str, bytes] | None = None, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self.site = Site(files)
        self.keyboard = Keyboard()
        self.calls: list[CallMade] = []
        self.see: Callable[[TextScreen], None] = lambda _: None
        self._memory_bytes = memory_bytes

    def run(self, program: bytes | str, *, seconds: float = 10.0) -> Account:
        """`program` in hexadecimal, or as it is."""
        base = self.site.base
        base.surroundings = PassingTime(self.site.link)
        machine = Machine(
            base,
            cached_packets(),
            file_api=False,
            keyboard=self.keyboard,
            screen_changed=self._look,
            on_call=self.calls.append,
            memory_bytes=self._memory_bytes,
        )
        content = bytes.fromhex(program) if isinstance(program, str) else program
        return machine.run(content, ends_at=base.surroundings.now() + seconds)

    def _look(self, screen: TextScreen) -> None:
        self.see(screen)
