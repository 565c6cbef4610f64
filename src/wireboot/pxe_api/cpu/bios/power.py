"""INT 15h, AH 53h: as much of Advanced Power Management 1.2 as it takes to switch the machine off in real mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.service import Service, fail, refuse, succeed

_VERSION = 0x0102
_SIGNATURE = 0x504D
"""`PM`, in BX."""
_NO_PROTECTED_MODE = 0x0000
_ALL_DEVICES, _OFF = 0x0001, 0x0003
_MODE_NOT_SUPPORTED, _UNRECOGNISED_DEVICE = 0x06, 0x09


def services(power_off: Callable[[], None]) -> Mapping[int, Service]:
    def set_state(call: BiosCall) -> None:
        if call.registers.bx != _ALL_DEVICES:
            fail(call, _UNRECOGNISED_DEVICE)
            return
        succeed(call)
        if call.registers.cx == _OFF:
            power_off()

    # fmt: off
    return {
        0x5300: _installation_check,
        0x5301: succeed,                  # connect in real mode
        0x5302: _real_mode_only,          # connect in 16-bit protected mode
        0x5303: _real_mode_only,          # ... and in 32-bit
        0x5304: succeed,                  # disconnect
        0x5305: succeed,                  # the processor has nothing to do
        0x5306: succeed,                  # ... or has
        0x5307: set_state,
        0x5308: succeed,                  # power management on or off
        0x530D: succeed,                  # ... for a device
        0x530E: _driver_version,
        0x530F: succeed,                  # ... left to the BIOS or not
        0x53:   refuse,
    }
    # fmt: on


def _installation_check(call: BiosCall) -> None:
    call.registers.ax, call.registers.bx, call.registers.cx = _VERSION, _SIGNATURE, _NO_PROTECTED_MODE
    call.carry = False


def _driver_version(call: BiosCall) -> None:
    call.registers.ax = _VERSION
    call.carry = False


def _real_mode_only(call: BiosCall) -> None:
    fail(call, _MODE_NOT_SUPPORTED)
