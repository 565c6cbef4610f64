"""What a boot program finds in memory before its first instruction."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest

from wireboot.pxe_api.cpu.image import FRAME_BUFFER_SIZE, TRAP_PORT, Image, Trap, build_image
from wireboot.pxe_api.memory import ByteMemory, SegOff16, real_mode_address

MEMORY_SIZE = 0x100000
PACKET_SIZE = 1260
OUT, IRET, RETF, INT = b"\xe6" + bytes([TRAP_PORT]), 0xCF, 0xCB, 0xCD
UNDEFINED = 0xFF


@pytest.fixture(scope="module")
def memory() -> ByteMemory:
    """One for all: nothing here writes to it."""
    return ByteMemory(MEMORY_SIZE)


@pytest.fixture(scope="module")
def image(memory: ByteMemory) -> Image:
    return build_image(memory, memory_bytes=MEMORY_SIZE)


def word(memory: ByteMemory, address: int) -> int:
    return int.from_bytes(memory.read(address, 2), "little")


def far(memory: ByteMemory, address: int) -> SegOff16:
    return SegOff16(word(memory, address + 2), word(memory, address))


def vector(memory: ByteMemory, number: int) -> int:
    return real_mode_address(far(memory, number * 4))


def test_each_trap_begins_with_the_out_that_the_machine_catches(memory: ByteMemory, image: Image) -> None:
    assert sorted(image.traps.values(), key=str) == sorted(Trap, key=str)
    assert all(memory.read(address, 2) == OUT for address in image.traps)


def test_the_services_interrupts_lead_to_their_traps(memory: ByteMemory, image: Image) -> None:
    for number in (0x08, *range(0x10, 0x1B)):
        assert image.traps[vector(memory, number)].vector == number


@pytest.mark.usefixtures("image")
def test_every_other_interrupt_goes_straight_back(memory: ByteMemory) -> None:
    """Those of devices (09h, 0Bh-0Fh, 70h-77h), of spurious requests, and INT 1Ch, which is there to be hooked."""
    for number in set(range(0x100)) - {0x08, *range(0x10, 0x1B)}:
        assert memory.read(vector(memory, number), 1)[0] == IRET


@pytest.mark.usefixtures("image")
def test_the_timers_interrupt_calls_the_users_and_keeps_the_registers(memory: ByteMemory) -> None:
    """INT 08h: after the trap AX, DX and DS are saved, INT 1Ch called, and the same restored."""
    code = memory.read(vector(memory, 0x08), 11)
    assert code == OUT + bytes([0x50, 0x52, 0x1E, INT, 0x1C, 0x1F, 0x5A, 0x58, IRET])


@pytest.mark.parametrize("number", range(0x10, 0x1B))
def test_a_service_delivers_the_pending_tick_before_it_returns(memory: ByteMemory, image: Image, number: int) -> None:
    segment = far(memory, number * 4).segment
    offset = struct.pack("<H", image.tick_pending - segment * 16)
    compare, clear = b"\x2e\x80\x3e" + offset + b"\0", b"\x2e\xc6\x06" + offset + b"\0"
    jump_over = bytes([0x74, len(clear) + 2])
    expected = OUT + compare + jump_over + clear + bytes([INT, 0x08, IRET])
    assert memory.read(vector(memory, number), len(expected)) == expected


def test_no_tick_is_pending_at_first(memory: ByteMemory, image: Image) -> None:
    assert memory.read(image.tick_pending, 1) == b"\0"


def test_the_apis_entries_trap_and_return_far(memory: ByteMemory, image: Image) -> None:
    """They use no address of their own, so that they also serve a 16-bit code segment of protected mode."""
    entries = {
        Trap.PXENV_ENTRY: far(memory, real_mode_address(image.pxenv) + 0x0A),
        Trap.PXE_ENTRY: far(memory, real_mode_address(image.bang_pxe) + 0x10),
    }
    for trap, entry in entries.items():
        assert image.traps[real_mode_address(entry)] is trap
        assert memory.read(real_mode_address(entry), 3) == OUT + bytes([RETF])


def test_the_entries_are_where_old_and_new_callers_take_them_for_granted(memory: ByteMemory, image: Image) -> None:
    """PXE 2.1, !PXE: no entry at offset 0, which is where some callers of PXENV+ expect theirs."""
    assert far(memory, real_mode_address(image.pxenv) + 0x0A).offset == 0
    assert far(memory, real_mode_address(image.bang_pxe) + 0x10).offset != 0


def test_the_structures_are_found_from_each_other_and_by_a_search(memory: ByteMemory, image: Image) -> None:
    """PXE 2.1, !PXE and PXENV+: on a paragraph above the free base memory, with signature, length and checksum.

    PXELINUX looks at every second paragraph only.
    """
    searched = range(image.free_base_end, 0xA0000, 32)
    for signature, length_at, found in ((b"!PXE", 4, image.bang_pxe), (b"PXENV+", 8, image.pxenv)):
        addresses = [at for at in searched if memory.read(at, len(signature)) == signature]
        assert addresses == [real_mode_address(found)]
        length = memory.read(addresses[0] + length_at, 1)[0]
        assert sum(memory.read(addresses[0], length)) % 256 == 0
    assert far(memory, real_mode_address(image.pxenv) + 0x28) == image.bang_pxe


def descriptors(memory: ByteMemory, image: Image) -> list[tuple[int, int]]:
    """Base and size of each of !PXE's segments."""
    table = memory.read(real_mode_address(image.bang_pxe) + 0x20, 7 * 8)
    return [(base, size) for _, base, size in struct.iter_unpack("<HIH", table)]


def test_what_the_stack_hands_out_lies_in_the_segments_that_it_declares(memory: ByteMemory, image: Image) -> None:
    """PXE 2.1, !PXE: the descriptors say where the stack's code and data are."""
    stack, undi_data, undi_code, _, bc_data, _, _ = descriptors(memory, image)

    def lies_in(pointer: SegOff16, size: int, segment: tuple[int, int]) -> bool:
        address = real_mode_address(pointer)
        return segment[0] <= address and address + size <= sum(segment)

    assert lies_in(image.bang_pxe, 0x58, undi_code)
    assert lies_in(image.pxenv, 0x2C, undi_code)
    assert lies_in(image.places.frame_buffer, FRAME_BUFFER_SIZE, undi_data)
    for packet in (image.places.discover, image.places.ack, image.places.reply):
        assert lies_in(packet, PACKET_SIZE, bc_data)
    assert real_mode_address(image.stack) == sum(stack)


def test_what_the_stack_hands_out_does_not_overlap(image: Image) -> None:
    places = image.places
    taken = [
        (real_mode_address(image.bang_pxe), 0x58),
        (real_mode_address(image.pxenv), 0x2C),
        (real_mode_address(places.frame_buffer), FRAME_BUFFER_SIZE),
        *((real_mode_address(each), PACKET_SIZE) for each in (places.discover, places.ack, places.reply)),
        *((address, 3) for address, trap in image.traps.items() if trap in (Trap.PXE_ENTRY, Trap.PXENV_ENTRY)),
    ]
    taken.sort()
    assert all(start + size <= after for (start, size), (after, _) in pairwise(taken))


def test_a_program_that_unloads_pxe_gets_its_memory_and_keeps_the_way_back(memory: ByteMemory, image: Image) -> None:
    """iPXE frees what is between the free base memory and the end of UNDI, in KiB, if 0040:0013 is just below it."""
    stack, undi_data, _, _, bc_data, _, _ = descriptors(memory, image)
    assert word(memory, 0x413) * 1024 == bc_data[0] == image.free_base_end
    assert sum(bc_data) == undi_data[0]
    assert sum(undi_data) % 1024 == 0
    assert sum(undi_data) <= stack[0]
    assert real_mode_address(image.return_to) >= 0xA0000


def test_a_jumbo_frame_has_room() -> None:
    assert FRAME_BUFFER_SIZE >= 9000 + 14


def test_the_stack_has_the_room_that_pxe_promises(image: Image) -> None:
    """PXE 2.1, how a boot program is entered: at least 1.5 KiB are free."""
    assert image.stack.offset >= 0x600
    assert image.stack.offset % 2 == 0


def test_a_returning_program_and_a_reset_are_caught(image: Image) -> None:
    assert image.traps[real_mode_address(image.return_to)] is Trap.RETURNED
    assert image.traps[0xFFFF0] is Trap.RESET


@pytest.mark.usefixtures("image")
def test_a_jump_into_the_roms_nothing_ends_at_once(memory: ByteMemory) -> None:
    """FFh FFh is no instruction; zeros would be one, and lead through all of the memory."""
    assert set(memory.read(0xF0000, 0x8000)) == {UNDEFINED}


@pytest.mark.usefixtures("image")
def test_the_rom_says_what_machine_this_is(memory: ByteMemory) -> None:
    assert memory.read(0xFFFFE, 1) == b"\xfc"
    month, day, year = memory.read(0xFFFF5, 8).split(b"/")
    assert month.isdigit()
    assert day.isdigit()
    assert year.isdigit()


# fmt: off
BIOS_DATA = {
    0x400: 0x3F8,                       # COM1
    0x402: 0,                           # no COM2
    0x408: 0,                           # no printer
    0x40E: 0x9FC0,                      # the extended area
    0x410: 0x0222,                      # coprocessor, colour screen, one serial port, no drives
    0x413: 619,                         # KiB of free base memory
    0x41A: 0x1E, 0x41C: 0x1E,           # no key has come …
    0x480: 0x1E, 0x482: 0x3E,           # … and 16 have room
    0x44A: 80, 0x44C: 0x1000, 0x463: 0x3D4, 0x485: 16,
}
# fmt: on


@pytest.mark.usefixtures("image")
def test_the_bios_data_describe_the_machine(memory: ByteMemory) -> None:
    assert {address: word(memory, address) for address in BIOS_DATA} == BIOS_DATA


@pytest.mark.usefixtures("image")
def test_the_extended_bios_data_begin_with_their_size_and_end_base_memory(memory: ByteMemory) -> None:
    assert memory.read(0x9FC00, 1) == b"\x01"
    assert (word(memory, 0x40E) * 16 + 1024) == 0xA0000


def test_less_base_memory_moves_the_stack_down() -> None:
    memory = ByteMemory(MEMORY_SIZE)
    image = build_image(memory, memory_bytes=MEMORY_SIZE, base_memory_kib=512)
    assert image.free_base_end == 492 * 1024
    assert (word(memory, 0x413), word(memory, 0x40E)) == (492, 0x8000)
