"""INT 11h and INT 12h: what the power-on self-test wrote down."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.bios.service import Interrupt
from wireboot.pxe_api.memory import Memory


def equipment_list(memory: Memory) -> Interrupt:
    def tell(call: BiosCall) -> None:
        call.registers.ax = BiosDataArea(memory).equipment

    return Interrupt(others=tell)


def base_memory(memory: Memory) -> Interrupt:
    """In KiB, as it stands now: programs lower and raise it, and PXE's own part lies above it."""

    def tell(call: BiosCall) -> None:
        call.registers.ax = BiosDataArea(memory).base_memory_kib

    return Interrupt(others=tell)
