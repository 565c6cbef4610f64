"""The BIOS data area from 400h on, as IBM laid it out: what services keep, and programs look up by themselves."""

from __future__ import annotations

from wireboot.pxe_api.memory import Memory


class _Field:
    def __init__(self, address: int, size_bytes: int) -> None:
        self._address, self._size_bytes = address, size_bytes

    def __get__(self, area: BiosDataArea, owner: type) -> int:
        return int.from_bytes(area.memory.read(self._address, self._size_bytes), "little")

    def __set__(self, area: BiosDataArea, value: int) -> None:
        cut = value & (1 << 8 * self._size_bytes) - 1
        area.memory.write(self._address, cut.to_bytes(self._size_bytes, "little"))


# fmt: off
class BiosDataArea:
    """By the names of its fields. What does not fit is cut; raises MemoryFault where there is no memory at 400h."""

    ebda_segment       = _Field(0x40E, 2)
    equipment          = _Field(0x410, 2)
    base_memory_kib    = _Field(0x413, 2)
    keyboard_flags     = _Field(0x417, 1)
    keyboard_flags_2   = _Field(0x418, 1)
    video_mode         = _Field(0x449, 1)
    video_columns      = _Field(0x44A, 2)
    video_page_bytes   = _Field(0x44C, 2)
    video_page_start   = _Field(0x44E, 2)
    cursor_column      = _Field(0x450, 1)
    cursor_row         = _Field(0x451, 1)
    cursor_shape       = _Field(0x460, 2)
    video_page         = _Field(0x462, 1)
    crtc_port          = _Field(0x463, 2)
    timer_ticks        = _Field(0x46C, 4)
    timer_midnight     = _Field(0x470, 1)
    video_last_row     = _Field(0x484, 1)
    character_height   = _Field(0x485, 2)

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
# fmt: on
