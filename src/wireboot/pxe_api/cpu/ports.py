"""The port bus: which device answers at which port. Where none does, all ones are read and writes are lost.

So there is no PCI bus to be found at CF8h, no second serial line, no power management timer.
"""

from __future__ import annotations

from collections.abc import Callable

from wireboot.pxe_api.cpu.devices import cmos, keyboard_controller, pic, reset_control, timer, uart, vga
from wireboot.pxe_api.cpu.devices.device import ALL_ONES, Device

_PORTS = 0x10000


class PortBus:
    """`memory_bytes` is all there is from address 0 on; `reset` is told how a program restarts the machine;
    `serial` gets what it sends on the first serial line, which is not there without.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        memory_bytes: int,
        reset: Callable[[str], None],
        serial: Callable[[int], None] | None = None,
    ) -> None:
        self.accesses = 0
        """So far: a program that waits for a device is not one that does nothing."""
        self.interrupt_controllers = pic.InterruptControllers()
        the_timer, the_cmos = timer.Timer(now), cmos.Cmos(now, memory_bytes)
        controller = keyboard_controller.KeyboardController(reset)
        # fmt: off
        self._devices: dict[int, Device] = {
            **dict.fromkeys((pic.COMMAND_1, pic.DATA_1, pic.COMMAND_2, pic.DATA_2), self.interrupt_controllers),
            **dict.fromkeys((*range(timer.CHANNEL_0, timer.CONTROL + 1), timer.PORT_B), the_timer),
            **dict.fromkeys((keyboard_controller.DATA, keyboard_controller.COMMAND), controller),
            **dict.fromkeys((keyboard_controller.FAST_A20,), controller),
            **dict.fromkeys((cmos.INDEX, cmos.DATA), the_cmos),
            **dict.fromkeys(vga.PORTS, vga.Vga()),
            **dict.fromkeys((reset_control.PORT,), reset_control.ResetControl(reset)),
        }
        # fmt: on
        if serial is not None:
            self._devices |= dict.fromkeys(range(uart.BASE, uart.BASE + 8), uart.Uart(serial))

    def read(self, port: int, size: int) -> int:
        """1, 2 or 4 bytes."""
        self.accesses += 1
        devices = self._parts(port, size)
        content = (device.read(each) if device else ALL_ONES for each, device in devices)
        return int.from_bytes(bytes(content), "little")

    def write(self, port: int, size: int, value: int) -> None:
        self.accesses += 1
        content = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        for (each, device), byte in zip(self._parts(port, size), content, strict=True):
            if device:
                device.write(each, byte)

    def _parts(self, port: int, size: int) -> list[tuple[int, Device | None]]:
        """Nothing answers to the rest of an access that nothing answers to: an address for PCI, 4 bytes at CF8h, is
        not meant for the reset line at CF9h.
        """
        ports = [(port + offset) % _PORTS for offset in range(size)]
        if ports[0] not in self._devices:
            return [(each, None) for each in ports]
        return [(each, self._devices.get(each)) for each in ports]
