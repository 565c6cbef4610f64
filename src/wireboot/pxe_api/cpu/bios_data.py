"""The BIOS data area and its extension, as the machine's self-test leaves them."""

from __future__ import annotations

import struct

from wireboot.pxe_api.cpu.bios.data_area import BiosDataArea
from wireboot.pxe_api.memory import Memory

EXTENDED_SIZE_KIB = 1

_BIOS_DATA, _SIZE = 0x400, 0x100
_EQUIPMENT = 1 << 1 | 2 << 4 | 1 << 9
"""A coprocessor, a colour screen of 80 columns, one serial port, no disk drives."""
_NO_KEY, _KEYS_END = 0x1E, 0x3E
"""The ring buffer of 16 keys, as offsets in segment 0040h."""

# What no service keeps, but programs look up.
# fmt: off
_BYTE, _WORD = "<B", "<H"
_OTHERS: tuple[tuple[int, str, int], ...] = (
    (0x400, _WORD, 0x3F8),              # COM1
    (0x41A, _WORD, _NO_KEY),            # the next key to take …
    (0x41C, _WORD, _NO_KEY),            # … and where the next one goes
    (0x465, _BYTE, 0x29),               # the CRT controller's mode: 80 columns that may blink
    (0x466, _BYTE, 0x30),               # and its palette
    (0x47C, _BYTE, 1),                  # COM1's timeout
    (0x480, _WORD, _NO_KEY),
    (0x482, _WORD, _KEYS_END),
    (0x487, _BYTE, 0x60),               # a VGA with 256 KiB …
    (0x488, _BYTE, 0xF9),               # … a colour screen …
    (0x489, _BYTE, 0x11),               # … and 400 lines
    (0x496, _BYTE, 0x10),               # a keyboard of 101 keys
)
# fmt: on


def write_bios_data(memory: Memory, *, extended_segment: int, free_base_kib: int) -> None:
    """`free_base_kib` is what INT 12h tells."""
    memory.write(_BIOS_DATA, bytes(_SIZE))
    for address, format_, value in _OTHERS:
        memory.write(address, struct.pack(format_, value))
    area = BiosDataArea(memory)
    area.ebda_segment = extended_segment
    area.equipment = _EQUIPMENT
    area.base_memory_kib = free_base_kib
    area.video_mode, area.video_columns, area.video_last_row = 3, 80, 24
    area.video_page_bytes, area.character_height = 0x1000, 16
    area.cursor_shape, area.crtc_port = 0x0607, 0x3D4
    # The extension begins with its own size.
    memory.write(extended_segment * 16, bytes([EXTENDED_SIZE_KIB]).ljust(EXTENDED_SIZE_KIB * 1024, b"\0"))
