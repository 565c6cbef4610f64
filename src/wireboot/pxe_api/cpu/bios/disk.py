"""INT 13h: there are no drives."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.service import Interrupt, fail

_INVALID_DRIVE = 0x01


def services() -> Interrupt:
    return Interrupt(others=_no_drive)


def _no_drive(call: BiosCall) -> None:
    fail(call, _INVALID_DRIVE)
