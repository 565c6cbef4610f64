"""The BIOS: which file serves which software interrupt."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from wireboot.pxe_api.cpu.bios import boot, disk, equipment, keyboard, printer, serial, system, video
from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.clock import Clock
from wireboot.pxe_api.cpu.bios.service import Callouts, Interrupt, refuse
from wireboot.pxe_api.cpu.keyboard import Keyboard
from wireboot.pxe_api.cpu.screen import TextScreen
from wireboot.pxe_api.memory import Memory, MemoryFault, SegOff16

_UNKNOWN_KINDS_MAX = 256


class Bios:
    """A PC's, as far as boot programs go: a text screen, a keyboard, a clock, memory, APM to switch it off; no drives.

    `memory_bytes` is all there is from address 0 on; `pxenv` is where PXENV+ lies.
    """

    def __init__(
        self,
        memory: Memory,
        *,
        memory_bytes: int,
        screen: TextScreen,
        keys: Keyboard,
        pxenv: SegOff16,
        callouts: Callouts,
    ) -> None:
        self._clock = Clock(memory, callouts.now, pxenv)
        # fmt: off
        self._interrupts: dict[int, Interrupt] = {
            0x08: self._clock.timer(),
            0x10: video.services(screen, memory),
            0x11: equipment.equipment_list(memory),
            0x12: equipment.base_memory(memory),
            0x13: disk.services(),
            0x14: serial.services(callouts.serial),
            0x15: system.services(memory, memory_bytes, callouts),
            0x16: keyboard.services(keys, memory, callouts),
            0x17: printer.services(),
            0x18: boot.services(0x18, callouts.boot_other),
            0x19: boot.services(0x19, callouts.boot_other),
            0x1A: self._clock.services(),
        }
        # fmt: on
        self.unknown: Counter[str] = Counter()
        """What was called and is not there, or had a pointer that leads out of memory."""

    def tick(self) -> None:
        """Count the timer ticks since the last time in the BIOS data area, where programs read them by themselves."""
        self._clock.tick()

    def handle(self, vector: int, call: BiosCall) -> None:
        """Whatever the registers hold, this raises nothing."""
        # A program may have set SS:SP so that not even its flags can be reached.
        with suppress(MemoryFault):
            self._handle(vector, call)

    def _handle(self, vector: int, call: BiosCall) -> None:
        ax = call.registers.ax
        interrupt = self._interrupts.get(vector)
        service = interrupt.find(ax) if interrupt else None
        try:
            if service is not None:
                service(call)
                return
        except MemoryFault:
            pass
        self._count(f"INT {vector:02X}h AX={ax:04X}h")
        refuse(call)

    def _count(self, name: str) -> None:
        if name in self.unknown or len(self.unknown) < _UNKNOWN_KINDS_MAX:
            self.unknown[name] += 1
