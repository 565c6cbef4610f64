"""INT 18h (nothing to boot here) and INT 19h (boot again)."""

from __future__ import annotations

from collections.abc import Callable

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.service import Interrupt


def services(vector: int, boot_other: Callable[[int], None]) -> Interrupt:
    def give_up(_: BiosCall) -> None:
        boot_other(vector)

    return Interrupt(others=give_up)
