"""What the files of this package have in common: services by number, and what the machine does for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wireboot.pxe_api.cpu.bios.call import BiosCall

Service = Callable[[BiosCall], None]
NOT_SUPPORTED = 0x86
"""In AH, with the carry flag: the function is not there."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The services behind one vector."""

    by_number: Mapping[int, Service] = field(default_factory=dict)
    """By AH; by AX where the number has four digits (none of these has AH 0)."""
    others: Service | None = None
    """Serves every other number. None: they are unknown."""

    def find(self, ax: int) -> Service | None:
        by_ax = self.by_number.get(ax) if ax > 0xFF else None
        return by_ax or self.by_number.get(ax >> 8) or self.others


@dataclass(frozen=True, slots=True)
class Callouts:
    """What the machine does for its BIOS. Each returns; what ends a run stops the machine from going on after that."""

    now: Callable[[], float]
    """Seconds since the epoch."""
    wait: Callable[[float], None]
    """Let so many seconds pass."""
    wait_for_key: Callable[[], bool]
    """Let time pass until the keyboard has a key. False: the run is over before that."""
    no_key: Callable[[], None]
    """A program looked for a key, found none, and is going to look again."""
    boot_other: Callable[[int], None]
    """INT 18h or 19h: boot from something else."""
    power_off: Callable[[], None]
    serial: Callable[[int], None] | None = None
    """A byte for the first serial line; None where there is no line."""


def succeed(call: BiosCall) -> None:
    call.registers.ah = 0
    call.carry = False


def fail(call: BiosCall, code: int) -> None:
    call.registers.ah = code
    call.carry = True


def refuse(call: BiosCall) -> None:
    fail(call, NOT_SUPPORTED)


def leave_alone(_: BiosCall) -> None:
    """The registers as they came are the answer."""
