"""The VGA's registers: remembered, so that programs find what they have written. The screen heeds none of them."""

from __future__ import annotations

PORTS = range(0x3C0, 0x3E0)

_ATTRIBUTE, _ATTRIBUTE_READ, _MISCELLANEOUS, _MISCELLANEOUS_READ = 0x3C0, 0x3C1, 0x3C2, 0x3CC
_DAC_READ_INDEX, _DAC_INDEX, _DAC_DATA = 0x3C7, 0x3C8, 0x3C9
_STATUS = 0x3DA
_INDEXED = {0x3C5: 0x3C4, 0x3CF: 0x3CE, 0x3D5: 0x3D4}
"""Data ports, and the index port of each."""
_IN_RETRACE = 0x09
_COLOUR_80_COLUMNS = 0x67


class Vga:
    def __init__(self) -> None:
        self._plain = {_MISCELLANEOUS: _COLOUR_80_COLUMNS}
        self._indexed: dict[tuple[int, int], int] = {}
        self._attribute_index: int | None = None
        """None: the next write to the attribute port is an index."""
        self._attribute_shown = 0
        self._palette = bytearray(256 * 3)
        self._palette_at = 0
        self._retrace = False

    def read(self, port: int) -> int:
        if port == _STATUS:
            self._attribute_index = None
            self._retrace = not self._retrace
            return _IN_RETRACE if self._retrace else 0
        if port in _INDEXED:
            return self._indexed.get(self._register(port), 0)
        if port == _ATTRIBUTE_READ:
            return self._indexed.get((_ATTRIBUTE, self._attribute_shown), 0)
        if port == _DAC_DATA:
            return self._palette[self._next_in_palette()]
        return self._plain.get(_MISCELLANEOUS if port == _MISCELLANEOUS_READ else port, 0)

    def write(self, port: int, value: int) -> None:
        if port == _ATTRIBUTE:
            self._write_attribute(value)
        elif port in _INDEXED:
            self._indexed[self._register(port)] = value
        elif port == _DAC_DATA:
            self._palette[self._next_in_palette()] = value
        else:
            if port in (_DAC_INDEX, _DAC_READ_INDEX):
                self._palette_at = value * 3
            self._plain[port] = value

    def _write_attribute(self, value: int) -> None:
        """Index and value come by the same port in turn."""
        if self._attribute_index is None:
            self._attribute_index = self._attribute_shown = value & 0x1F
        else:
            self._indexed[_ATTRIBUTE, self._attribute_index] = value
            self._attribute_index = None

    def _register(self, data_port: int) -> tuple[int, int]:
        index_port = _INDEXED[data_port]
        return index_port, self._plain.get(index_port, 0)

    def _next_in_palette(self) -> int:
        at = self._palette_at
        self._palette_at = (at + 1) % len(self._palette)
        return at
