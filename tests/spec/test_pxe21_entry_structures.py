"""PXE 2.1 §3: the structures that a boot program finds the API by, read as a program reads them."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from wireboot.pxe_api.entry import Segment, StackPlaces, bang_pxe, pxenv_plus
from wireboot.pxe_api.memory import NULL, SegOff16

PLACES = StackPlaces(
    bang_pxe=SegOff16(0x9000, 0x0030),
    pxenv_entry=SegOff16(0x9100, 0x0000),
    entry=SegOff16(0x9100, 0x0010),
    stack=Segment(0x8F00, 0x0800),
    undi_data=Segment(0x9000, 0x1000),
    undi_code=Segment(0x9100, 0x0200),
    bc_data=Segment(0x9200, 0x1800),
    bc_code=Segment(0x9400, 0x0300),
)


def word(structure: bytes, at: int) -> int:
    return int.from_bytes(structure[at : at + 2], "little")


def far(structure: bytes, at: int) -> SegOff16:
    return SegOff16(segment=word(structure, at + 2), offset=word(structure, at))


# PXENV+


def test_pxenv_is_known_by_its_signature_its_length_and_its_sum() -> None:
    """PXE 2.1 §3: 2Ch bytes whose sum is 0 modulo 256."""
    structure = pxenv_plus(PLACES)
    assert structure[:6] == b"PXENV+"
    assert structure[0x08] == len(structure) == 0x2C
    assert sum(structure) % 256 == 0


def test_pxenv_says_version_2_1_and_leads_to_bang_pxe() -> None:
    """PXE 2.1 §3: version 0201h, in which alone the pointer at 28h counts."""
    structure = pxenv_plus(PLACES)
    assert word(structure, 0x06) == 0x0201
    assert far(structure, 0x28) == PLACES.bang_pxe


def test_pxenv_has_the_entry_by_registers_and_none_for_protected_mode() -> None:
    """PXE 2.1 §3: RMEntry at 0Ah; the protected mode entry of 1.x is obsolete."""
    structure = pxenv_plus(PLACES)
    assert far(structure, 0x0A) == PLACES.pxenv_entry
    assert structure[0x0E:0x14] == bytes(6)


def test_pxenv_tells_where_the_stack_lies() -> None:
    """PXE 2.1 §3: segments and sizes of stack, base code (code, data) and UNDI (data, code)."""
    assert struct.unpack_from("<10H", pxenv_plus(PLACES), 0x14) == (
        *(0x8F00, 0x0800),
        *(0x9400, 0x0300),
        *(0x9200, 0x1800),
        *(0x9000, 0x1000),
        *(0x9100, 0x0200),
    )


# !PXE


def test_bang_pxe_is_known_by_its_signature_its_length_and_its_sum() -> None:
    """PXE 2.1 §3: 58h bytes with seven descriptors, revision 0, whose sum is 0 modulo 256."""
    structure = bang_pxe(PLACES)
    assert structure[:4] == b"!PXE"
    assert structure[0x04] == len(structure) == 0x58
    assert structure[0x06:0x08] == bytes(2)
    assert sum(structure) % 256 == 0


def test_bang_pxe_has_the_entry_by_the_stack() -> None:
    """PXE 2.1 §3: EntryPointSP at 10h; the one for a 32-bit stack may be zero."""
    assert far(bang_pxe(PLACES), 0x10) == PLACES.entry
    assert far(bang_pxe(PLACES), 0x14) == NULL
    entry_esp = SegOff16(0x9100, 0x0020)
    assert far(bang_pxe(replace(PLACES, entry_esp=entry_esp)), 0x14) == entry_esp


def test_there_are_no_option_roms() -> None:
    """PXE 2.1 §3: both ROM IDs are 0:0 where there is no such ROM."""
    assert far(bang_pxe(PLACES), 0x08) == far(bang_pxe(PLACES), 0x0C) == NULL


def test_nobody_is_called_while_a_service_waits() -> None:
    """PXE 2.1 §3: a status call-out of -1; 0 would refuse waiting services in protected mode."""
    assert bang_pxe(PLACES)[0x18:0x1C] == b"\xff\xff\xff\xff"


def test_seven_descriptors_have_physical_bases() -> None:
    """PXE 2.1 §3: stack, UNDI data, code and writable code, base code data, code and writable code, from 20h on."""
    structure = bang_pxe(PLACES)
    assert structure[0x1D] == 7
    assert list(struct.iter_unpack("<HIH", structure[0x20:])) == [
        (0x8F00, 0x8F000, 0x0800),
        (0x9000, 0x90000, 0x1000),
        (0x9100, 0x91000, 0x0200),
        (0x9100, 0x91000, 0x0200),
        (0x9200, 0x92000, 0x1800),
        (0x9400, 0x94000, 0x0300),
        (0x9400, 0x94000, 0x0300),
    ]


def test_the_first_selector_is_the_callers_to_set() -> None:
    """PXE 2.1 §3: FirstSelector is written before protected mode, and 0 until then."""
    assert word(bang_pxe(PLACES), 0x1E) == 0


def test_an_entry_is_never_at_offset_0() -> None:
    """PXE 2.1 §3: neither entry of !PXE may be at CS:0000."""
    with pytest.raises(AssertionError):
        replace(PLACES, entry=SegOff16(0x9100, 0))
    with pytest.raises(AssertionError):
        replace(PLACES, entry_esp=SegOff16(0x9100, 0))
