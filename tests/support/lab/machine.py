"""A virtual PC that boots from the network: QEMU in software emulation, plugged into a segment's switch."""

from __future__ import annotations

import shutil
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from tests.support.lab.network import Segment
from tests.support.lab.process import Transcript


@dataclass(frozen=True, slots=True)
class Firmware:
    """A kind of PC, told apart by the firmware that does the network boot."""

    name: str
    architecture: str
    """What it calls itself in option 93, by wireboot's name for it."""
    board: str
    network_card: str
    code: Path | None = None
    """The firmware's image in flash, with `variables` beside it; None: QEMU's own SeaBIOS."""
    variables: Path | None = None


F8, DOWN, ENTER = "\x1b[19~", "\x1b[B", "\r"
"""Keys as a terminal sends them."""

OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")

# graphics=off makes SeaBIOS, and iPXE through it, speak on the serial line. The card's option ROM is iPXE, unless an
# empty romfile takes it away: then EDK2 drives the card with its own PXE code, as most real UEFI firmware does.
# fmt: off
FIRMWARE = {firmware.name: firmware for firmware in (
    Firmware("bios-virtio", "x86-bios",    "pc,graphics=off", "virtio-net-pci"),
    Firmware("bios-e1000",  "x86-bios",    "pc,graphics=off", "e1000"),
    Firmware("uefi-x64",    "x86_64-uefi", "q35",             "virtio-net-pci,romfile=", OVMF_CODE, OVMF_VARIABLES),
)}
# fmt: on


class VirtualMachine:
    """A PC of the given kind on the given segment, switched off at first. `number` makes its MAC and UUID."""

    def __init__(self, segment: Segment, firmware: Firmware, number: int = 0, memory_mib: int = 512) -> None:
        self.firmware = firmware
        self.name = f"{firmware.name}-{number}"
        self.mac, self.uuid = machine_mac(number), machine_uuid(number)
        self.memory_mib = memory_mib
        self._segment = segment
        self._console_path = segment.work_dir / f"{self.name}.console.log"
        self._keyboard_path = segment.work_dir / f"{self.name}.keyboard"

    def power_on(self) -> None:
        self._process = self._segment.start(*self._command(self._segment.add_tap()), log_name=f"{self.name}.qemu")
        self.powered_on_at_s = time.time()
        self.console = Transcript(self._console_path, self.is_on)

    def power_off(self) -> None:
        self._process.stop()

    def is_on(self) -> bool:
        return self._process.is_running()

    def wait_for(self, text: str, timeout_s: float) -> float:
        """Wait until the serial line has shown `text`; return the time (seconds since the epoch) it was seen at."""
        return self.console.wait_for(text, timeout_s)

    def press(self, keys: str) -> None:
        """Type on the serial line; special keys as a terminal sends them, such as `DOWN`."""
        with socket.socket(socket.AF_UNIX) as keyboard:
            keyboard.connect(str(self._keyboard_path))
            keyboard.sendall(keys.encode())
            # QEMU takes what was written before it sees the end; a second writer would have to wait for that.
            keyboard.shutdown(socket.SHUT_WR)
            keyboard.settimeout(1.0)
            with suppress(TimeoutError):
                while keyboard.recv(4096):
                    pass

    def _command(self, tap: str) -> list[str]:
        keyboard = f"path={self._keyboard_path},server=on,wait=off"
        return [
            "qemu-system-x86_64",
            *("-name", self.name),
            *("-machine", self.firmware.board),
            *("-accel", "tcg"),  # works everywhere, and takes the same way everywhere
            *("-m", f"{self.memory_mib}M"),
            *("-uuid", str(self.uuid)),
            *("-nodefaults", "-no-user-config", "-no-reboot"),
            *("-display", "none"),
            *("-chardev", f"socket,id=console,{keyboard},logfile={self._console_path}"),
            *("-serial", "chardev:console"),
            *("-netdev", f"tap,id=lan,ifname={tap},script=no,downscript=no"),
            *("-device", f"{self.firmware.network_card},netdev=lan,mac={self.mac},bootindex=1"),
            *self._flash(),
        ]

    def _flash(self) -> list[str]:
        if self.firmware.code is None or self.firmware.variables is None:
            return []
        # The machine writes to its variables, so it gets a copy.
        variables = self._segment.work_dir / f"{self.name}.variables.fd"
        shutil.copyfile(self.firmware.variables, variables)
        return [
            *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={self.firmware.code}"),
            *("-drive", f"if=pflash,unit=1,format=raw,file={variables}"),
        ]


def machine_mac(number: int) -> str:
    return f"52:54:00:77:00:{0x10 + number:02x}"


def machine_uuid(number: int) -> UUID:
    return UUID(f"77777777-0000-4000-8000-{number:012x}")
