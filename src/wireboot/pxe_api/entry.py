"""The two structures by which a boot program finds the PXE API, as bytes: PXENV+ and !PXE (PXE 2.1, chapter 3).

Where they lie, and what lies where they point, is the matter of whoever builds the machine's memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from wireboot.pxe_api.memory import NULL, SegOff16

API_VERSION = 0x0201
PXENV_SIZE = 0x2C
BANG_PXE_SIZE = 0x58
NO_CALLOUT = SegOff16(0xFFFF, 0xFFFF)
"""Nobody is called while a service waits. Zero would mean a routine of our own, for real mode alone."""

_PXENV = struct.Struct("<6s H B B 4s I H 10H 4s")
_BANG_PXE = struct.Struct("<4s B B B B 4s 4s 4s 4s 4s B B H")
_DESCRIPTOR = struct.Struct("<H I H")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the PXE stack in memory."""

    segment: int
    size: int
    """In bytes."""

    @property
    def base(self) -> int:
        """Its physical address."""
        return self.segment * 16


@dataclass(frozen=True, slots=True)
class StackPlaces:
    """Where in the machine's memory the PXE stack is."""

    bang_pxe: SegOff16
    """Where the bytes of `bang_pxe` will lie."""
    pxenv_entry: SegOff16
    """Called with the service's number in BX and the block at ES:DI."""
    entry: SegOff16
    """Called with number and block on a 16-bit stack."""
    stack: Segment
    undi_data: Segment
    undi_code: Segment
    bc_data: Segment
    bc_code: Segment
    entry_esp: SegOff16 = NULL
    """Called with both on a 32-bit stack; NULL: cannot be."""

    def __post_init__(self) -> None:
        # A caller in protected mode is to tell an entry from an empty one.
        assert self.entry.offset != 0, self
        assert self.entry_esp == NULL or self.entry_esp.offset != 0, self


def pxenv_plus(places: StackPlaces) -> bytes:
    """The structure of PXE 1.x, which leads on to !PXE."""
    segments = (places.stack, places.bc_code, places.bc_data, places.undi_data, places.undi_code)
    layout = [word for each in segments for word in (each.segment, each.size)]
    entry, bang_pxe = _far(places.pxenv_entry), _far(places.bang_pxe)
    # The protected mode entry of 1.x is no more since 2.1.
    return _summed(_PXENV.pack(b"PXENV+", API_VERSION, PXENV_SIZE, 0, entry, 0, 0, *layout, bang_pxe), checksum_at=9)


def bang_pxe(places: StackPlaces) -> bytes:
    """The structure of PXE 2.x."""
    code, bc_code = places.undi_code, places.bc_code
    # Code that is written to needs a descriptor of its own in protected mode, and lies where the code lies.
    segments = (places.stack, places.undi_data, code, code, places.bc_data, bc_code, bc_code)
    head = _BANG_PXE.pack(
        b"!PXE",
        BANG_PXE_SIZE,
        0,  # the checksum
        0,  # the structure's revision
        0,
        _far(NULL),  # there is no UNDI option ROM …
        _far(NULL),  # … and none of the base code
        _far(places.entry),
        _far(places.entry_esp),
        _far(NO_CALLOUT),
        0,
        len(segments),
        0,  # the first selector: the caller's to set
    )
    return _summed(head + b"".join(map(_descriptor, segments)), checksum_at=5)


def _descriptor(segment: Segment) -> bytes:
    return _DESCRIPTOR.pack(segment.segment, segment.base, segment.size)


def _far(pointer: SegOff16) -> bytes:
    return struct.pack("<HH", pointer.offset, pointer.segment)


def _summed(structure: bytes, *, checksum_at: int) -> bytes:
    """With the byte that makes the sum of all bytes 0 modulo 256."""
    checksum = -sum(structure) & 0xFF
    return structure[:checksum_at] + bytes([checksum]) + structure[checksum_at + 1 :]
