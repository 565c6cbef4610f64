"""PXE 2.1 §3, preboot services: cached packets, a boot program that loads the next one, and the end of the stack."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest

from tests.support.frames import PEER
from tests.support.pxe_network import SILENT
from tests.support.pxe_stack import PLACES, StackAtASite, cached_packets
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.calls.preboot import PACKET_SIZE
from wireboot.pxe_api.memory import SegOff16
from wireboot.pxe_api.opcodes import Service
from wireboot.pxe_api.status import Status
from wireboot.pxe_api.structures import GetCachedInfo, ParameterBlock
from wireboot.pxe_api.undi import UndiState
from wireboot.wire.addresses import UNSPECIFIED

CACHED = cached_packets()
PACKETS = {1: CACHED.discover, 2: CACHED.ack, 3: CACHED.reply}
OWN_BUFFERS = {1: PLACES.discover, 2: PLACES.ack, 3: PLACES.reply}
OF_THE_BASE_CODE: list[Service[Any]] = [
    opcodes.TFTP_OPEN,
    opcodes.TFTP_CLOSE,
    opcodes.TFTP_READ,
    opcodes.TFTP_READ_FILE,
    opcodes.TFTP_GET_FSIZE,
    opcodes.UDP_OPEN,
    opcodes.UDP_CLOSE,
    opcodes.UDP_READ,
    opcodes.UDP_WRITE,
    opcodes.GET_CACHED_INFO,
    opcodes.RESTART_TFTP,
    opcodes.FILE_OPEN,
    opcodes.FILE_API_CHECK,
]

# GET_CACHED_INFO


@pytest.mark.parametrize("packet_type", PACKETS)
def test_without_a_buffer_the_stacks_own_is_named(packet_type: int) -> None:
    """PXE 2.1 §3: a size of 0 asks where the packet lies and how long it is."""
    program = StackAtASite().program
    block = program.call(opcodes.GET_CACHED_INFO, packet_type=packet_type)
    assert block.buffer == OWN_BUFFERS[packet_type]
    assert block.buffer_size == 1260
    assert program.read(block.buffer, 1260) == PACKETS[packet_type].ljust(1260, b"\0")


@pytest.mark.parametrize("packet_type", PACKETS)
def test_with_a_buffer_the_packet_is_copied(packet_type: int) -> None:
    """PXE 2.1 §3: at most 1260 bytes, however much room there is, and the size says how many."""
    program = StackAtASite().program
    buffer = program.place(b"\xee" * 8192)
    block = program.call(opcodes.GET_CACHED_INFO, packet_type=packet_type, buffer=buffer, buffer_size=8192)
    assert block.buffer_size == PACKET_SIZE
    assert program.read(buffer, 8192) == PACKETS[packet_type].ljust(1260, b"\0").ljust(8192, b"\xee")
    assert block.buffer == buffer


def test_a_buffer_that_is_too_short_gets_the_beginning() -> None:
    """PXE 2.1 §3: no more is copied than there is room for, and that is no failure."""
    program = StackAtASite().program
    buffer = program.place(b"\xee" * 400)
    block = program.call(opcodes.GET_CACHED_INFO, packet_type=2, buffer=buffer, buffer_size=236)
    assert block.buffer_size == 236
    assert program.read(buffer, 400) == CACHED.ack[:236] + b"\xee" * (400 - 236)


@pytest.mark.parametrize("packet_type", [0, 4, 0xFFFF])
def test_there_are_three_packets(packet_type: int) -> None:
    """PXE 2.1 §3: any other type is unsupported."""
    assert StackAtASite().program.status(opcodes.GET_CACHED_INFO, packet_type=packet_type) is Status.UNSUPPORTED


def test_the_stacks_own_packet_can_be_written_to() -> None:
    """PXE 2.1 §3: the buffer stays, and what a program writes there the next one reads."""
    program = StackAtASite().program
    place = program.call(opcodes.GET_CACHED_INFO, packet_type=3).buffer
    program.memory.write(program.memory.address_of(place) + 20, bytes([10, 9, 8, 7]))
    buffer = program.place(bytes(PACKET_SIZE))
    program.call(opcodes.GET_CACHED_INFO, packet_type=3, buffer=buffer, buffer_size=PACKET_SIZE)
    assert program.read(buffer, PACKET_SIZE)[20:24] == bytes([10, 9, 8, 7])


@pytest.mark.parametrize("size", [0, 1260])
def test_the_buffer_limit_is_not_written(size: int) -> None:
    """Firmware: Altiris' program reserves the 10 bytes that the block had in PXE 1.x."""
    program = StackAtASite().program
    buffer = program.place(bytes(PACKET_SIZE))
    block = program.block(GetCachedInfo, packet_type=2, buffer=buffer, buffer_size=size, buffer_limit=0xBEEF)
    program.api.call(opcodes.GET_CACHED_INFO.opcode, block.address)
    assert block.buffer_limit == 0xBEEF
    assert block.status == Status.SUCCESS


def test_a_longer_packet_is_cut() -> None:
    """Firmware: Windows PE asks for as much as there is, and has room for 1260 bytes."""
    long = bytes(range(256)) * 6
    program = StackAtASite(cached=replace(CACHED, ack=long)).program
    block = program.call(opcodes.GET_CACHED_INFO, packet_type=2)
    assert block.buffer_size == 1260
    assert program.read(block.buffer, 1260) == long[:1260]
    assert program.read(PLACES.reply, 4) == CACHED.reply[:4]


def test_a_buffer_outside_of_memory_is_refused() -> None:
    """PXE 2.1 §3: nothing is written where there is no room for all of it."""
    program = StackAtASite().program
    end = SegOff16(0xFFFF, 0x0000)
    status = program.status(opcodes.GET_CACHED_INFO, packet_type=2, buffer=end, buffer_size=1260)
    assert status is Status.UNDI_INVALID_PARAMETER
    assert program.read(end, 16) == b"\xa5" * 16


# RESTART_TFTP


def test_the_next_boot_program_is_fetched_and_handed_over() -> None:
    """PXE 2.1 §3: the file goes where the first one went, whatever buffer the block names."""
    program = bytes(range(256)) * 100
    machine = StackAtASite({"next.0": program})
    before = bytes(machine.memory.content[:0x10000])
    block = machine.program.call(
        opcodes.RESTART_TFTP, file_name=b"next.0", server_ip=PEER, buffer=0x123456, buffer_size=1
    )
    assert machine.loaded == [program]
    assert block.status == Status.SUCCESS
    assert bytes(machine.memory.content[:0x10000]) == before, "the caller is still in place"


@pytest.mark.parametrize(
    ("file", "server", "status"),
    [
        (b"missing.0", PEER, Status.TFTP_FILE_NOT_FOUND),
        (b"next.0", SILENT, Status.TFTP_CANNOT_ARP_ADDRESS),
        (b"next.0", UNSPECIFIED, Status.TFTP_CANNOT_OPEN_CONNECTION),
    ],
)
def test_a_caller_goes_on_where_the_next_program_cannot_be_had(
    file: bytes, server: IPv4Address, status: Status
) -> None:
    """PXE 2.1 §3: the call returns, and says why."""
    machine = StackAtASite({"next.0": b"program"})
    assert machine.program.status(opcodes.RESTART_TFTP, file_name=file, server_ip=server) is status
    assert machine.loaded == []


@pytest.mark.parametrize(
    ("kib", "size", "status"),
    [
        (64, 0x10000 - 0x7C00, Status.SUCCESS),
        (64, 0x10000 - 0x7C00 + 1, Status.BSTRAP_FILE_TOO_BIG),
        (0, 1, Status.BSTRAP_FILE_TOO_BIG),
        # Above 640 KiB there is the screen, whatever 40:13 says.
        (0xFFFF, 0xA0000 - 0x7C00, Status.SUCCESS),
        (0xFFFF, 0xA0000 - 0x7C00 + 1, Status.BSTRAP_FILE_TOO_BIG),
    ],
)
def test_the_next_program_fits_into_free_base_memory(kib: int, size: int, status: Status) -> None:
    """PXE 2.1 §3: from 7C00h up to where base memory is somebody's."""
    machine = StackAtASite({"next.0": bytes(size)})
    machine.has_base_memory(kib)
    assert machine.program.status(opcodes.RESTART_TFTP, file_name=b"next.0", server_ip=PEER) is status
    assert [len(each) for each in machine.loaded] == ([size] if status is Status.SUCCESS else [])


# START_UNDI, STOP_UNDI


def test_undi_starts_and_stops() -> None:
    """PXE 2.1 §3: STOP_UNDI undoes START_UNDI."""
    machine = StackAtASite()
    machine.program.call(opcodes.UNDI_SHUTDOWN)
    assert machine.program.status(opcodes.STOP_UNDI) is Status.SUCCESS
    assert machine.undi.state is UndiState.UNLOADED
    assert machine.program.status(opcodes.UNDI_STARTUP) is Status.UNDI_INVALID_STATE
    block = machine.program.call(opcodes.START_UNDI, ax=0x0018, bx=0xFFFF, dx=0xFFFF)
    assert block.status == Status.SUCCESS
    assert machine.program.status(opcodes.UNDI_STARTUP) is Status.SUCCESS


# UNLOAD_STACK, STOP_BASE, START_BASE


@pytest.mark.parametrize("end", [opcodes.UNLOAD_STACK, opcodes.STOP_BASE], ids=lambda service: service.name)
@pytest.mark.parametrize("file_api", [False, True])
def test_without_the_base_code_only_undi_is_left(end: Service[ParameterBlock], file_api: bool) -> None:
    """PXE 2.1 §3: no TFTP, no UDP, no cached packets after it; the card goes on."""
    program = StackAtASite(file_api=file_api).program
    assert program.status(end) is Status.SUCCESS
    for service in OF_THE_BASE_CODE:
        assert program.status(service) is Status.UNSUPPORTED, service.name
    assert program.status(opcodes.UNDI_OPEN, packet_filter=1) is Status.SUCCESS


def test_unloading_closes_what_is_open() -> None:
    """PXE 2.1 §3: the card is left as the base code found it, fit for UNDI_OPEN."""
    machine = StackAtASite()
    assert machine.program.status(opcodes.UDP_OPEN) is Status.SUCCESS
    machine.program.call(opcodes.UNLOAD_STACK)
    assert machine.undi.state is UndiState.INITIALIZED
    assert machine.program.status(opcodes.UNDI_OPEN, packet_filter=1) is Status.SUCCESS


def test_unloading_leaves_a_card_alone_that_the_program_has_opened() -> None:
    """PXE 2.1 §3: who goes on with UNDI alone keeps what it opened."""
    machine = StackAtASite()
    machine.program.call(opcodes.UNDI_OPEN, packet_filter=1)
    machine.program.call(opcodes.UNLOAD_STACK)
    assert machine.undi.state is UndiState.OPENED


def test_it_can_be_unloaded_twice() -> None:
    """Firmware: programs stop the base code and unload it as well."""
    program = StackAtASite().program
    for service in (opcodes.STOP_BASE, opcodes.UNLOAD_STACK, opcodes.UNLOAD_STACK):
        assert program.status(service) is Status.SUCCESS


def test_the_base_code_does_not_come_back() -> None:
    """PXE 2.1 §3: START_BASE is for a ROM to call; here it is unsupported, as in most."""
    program = StackAtASite().program
    assert program.status(opcodes.START_BASE) is Status.UNSUPPORTED
    program.call(opcodes.STOP_BASE)
    assert program.status(opcodes.START_BASE) is Status.UNSUPPORTED


@pytest.mark.parametrize(
    "sequence",
    [
        # PXELINUX, of which an older one closes UDP itself; one for PXE 1.x; iPXE.
        (opcodes.UDP_CLOSE, opcodes.UNDI_SHUTDOWN, opcodes.UNLOAD_STACK, opcodes.STOP_UNDI),
        (opcodes.UNDI_SHUTDOWN, opcodes.UNLOAD_STACK, opcodes.STOP_UNDI),
        (opcodes.UNDI_SHUTDOWN, opcodes.UNLOAD_STACK, opcodes.UNDI_CLEANUP),
        (opcodes.UNDI_SHUTDOWN, opcodes.UNDI_CLEANUP, opcodes.STOP_UNDI),
    ],
    ids=lambda sequence: " ".join(each.name.removeprefix("PXENV_") for each in sequence),
)
def test_boot_programs_leave_in_their_own_order(sequence: tuple[Service[ParameterBlock], ...]) -> None:
    """Firmware: PXELINUX keeps its hands off base memory if one of these fails."""
    program = StackAtASite().program
    program.call(opcodes.UDP_OPEN)
    assert [program.status(each) for each in sequence] == [Status.SUCCESS] * len(sequence)


@pytest.mark.parametrize("end", [opcodes.UNLOAD_STACK, opcodes.STOP_UNDI], ids=lambda service: service.name)
@pytest.mark.parametrize("before", [opcodes.UNDI_SHUTDOWN, opcodes.UNDI_CLOSE], ids=lambda service: service.name)
def test_a_file_left_open_is_in_nobodys_way(before: Service[ParameterBlock], end: Service[ParameterBlock]) -> None:
    """Ours: the card may be gone from under the connection when the stack ends."""
    machine = StackAtASite({"file": bytes(5000)})
    assert (
        machine.program.status(opcodes.TFTP_OPEN, server_ip=PEER, file_name=b"file", packet_size=512) is Status.SUCCESS
    )
    assert [machine.program.status(each) for each in (before, end)] == [Status.SUCCESS] * 2
