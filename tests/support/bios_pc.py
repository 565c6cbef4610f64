"""A PC without a processor: a test sets registers, calls an interrupt, and looks at what came of it."""

from __future__ import annotations

from wireboot.pxe_api.cpu.bios.bios import Bios
from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.cpu.bios.service import Callouts
from wireboot.pxe_api.cpu.keyboard import Keyboard
from wireboot.pxe_api.cpu.registers import PlainRegisterFile, Registers
from wireboot.pxe_api.cpu.screen import TextScreen
from wireboot.pxe_api.memory import ByteMemory, SegOff16

MIB = 1 << 20
PXENV = SegOff16(0x9A00, 0x0080)
BASE_KIB = 600


class Pc:
    def __init__(self, *, memory_bytes: int = 2 * MIB, real_bytes: int = 2 * MIB, serial: bool = True) -> None:
        """It may say to have more memory than it has."""
        self.now = 1_000_000_000.0  # 2001-09-09 01:46:40 UTC, a Sunday
        self.memory = ByteMemory(real_bytes)
        self.area = BiosDataArea(self.memory)
        self.area.base_memory_kib, self.area.equipment, self.area.ebda_segment = BASE_KIB, 0x0226, 0x9FC0
        self.screen, self.keys = TextScreen(self.memory), Keyboard()
        self.registers = Registers(PlainRegisterFile())
        self.registers.ss, self.registers.sp = 0x8000, 0x1000
        self.happened: list[str | float] = []
        """What the BIOS had the machine do."""
        self.sent = bytearray()
        self.typed_when_waited_for = b""
        callouts = Callouts(
            now=lambda: self.now,
            wait=self.happened.append,
            wait_for_key=self._wait_for_key,
            no_key=lambda: self.happened.append("no key"),
            boot_other=lambda vector: self.happened.append(f"INT {vector:02X}h"),
            power_off=lambda: self.happened.append("off"),
            serial=self.sent.append if serial else None,
        )
        self.bios = Bios(
            self.memory, memory_bytes=memory_bytes, screen=self.screen, keys=self.keys, pxenv=PXENV, callouts=callouts
        )

    @property
    def call(self) -> BiosCall:
        """With the flags as the last interrupt left them."""
        return BiosCall(self.registers, self.memory)

    def interrupt(self, vector: int, ax: int, **others: int) -> Registers:
        for name, value in {"ax": ax, **others}.items():
            setattr(self.registers, name, value)
        self.bios.handle(vector, self.call)
        return self.registers

    @property
    def failed(self) -> bool:
        return self.call.carry

    def _wait_for_key(self) -> bool:
        self.happened.append("waited")
        self.keys.type(self.typed_when_waited_for)
        return bool(self.typed_when_waited_for)
