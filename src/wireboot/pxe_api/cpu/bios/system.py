"""INT 15h: all that found no interrupt of its own."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios import memory as memory_services
from wireboot.pxe_api.cpu.bios import power
from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.bios.service import Callouts, Interrupt, Service, refuse, succeed
from wireboot.pxe_api.memory import Memory, SegOff16, real_mode_address

_CONFIGURATION_AT = SegOff16(0xC000, 0x0000)
"""Where a video BIOS would begin: nothing else of ours lies there."""
_CONFIGURATION = bytes.fromhex("0800 FC 00 01 74 40 00 00 00")
"""Its length, a PC AT (FCh), and that it has a second PIC, a real time clock, the keyboard intercept and an EBDA."""


def services(memory: Memory, memory_bytes: int, callouts: Callouts) -> Interrupt:
    def wait(call: BiosCall) -> None:
        """CX:DX microseconds."""
        callouts.wait((call.registers.cx << 16 | call.registers.dx) / 1e6)
        succeed(call)

    def configuration(call: BiosCall) -> None:
        memory.write(real_mode_address(_CONFIGURATION_AT), _CONFIGURATION)
        call.registers.es, call.registers.bx = _CONFIGURATION_AT
        succeed(call)

    def ebda(call: BiosCall) -> None:
        call.registers.es = BiosDataArea(memory).ebda_segment
        call.carry = False

    # fmt: off
    others: dict[int, Service] = {
        0x41:   refuse,         # wait for an event outside
        0x4F:   _keep_key,
        0x86:   wait,
        0x90:   succeed,        # a device is busy: go on waiting
        0x91:   succeed,        # it no longer is
        0xC0:   configuration,
        0xC1:   ebda,
        0xC2:   refuse,         # a pointing device
        0xE980: refuse,         # SpeedStep, which Linux asks for
        0xEC00: refuse,         # whether it is going to be long mode, which GRUB and Linux tell
    }
    # fmt: on
    return Interrupt({**others, **memory_services.services(memory, memory_bytes), **power.services(callouts.power_off)})


def _keep_key(call: BiosCall) -> None:
    """The scan code in AL is as good as before."""
    call.carry = True
