"""INT 17h: there is no printer."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.service import Interrupt

_TIMED_OUT = 0x01


def services() -> Interrupt:
    return Interrupt({0x00: _no_printer, 0x01: _no_printer, 0x02: _no_printer})


def _no_printer(call: BiosCall) -> None:
    call.registers.ah = _TIMED_OUT
