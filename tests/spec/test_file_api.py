"""iPXE's FILE API, as PXELINUX and GRUB4DOS call it. No paper has it: what stands here is what they rely on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.frames import PEER, pattern
from tests.support.pxe_network import SILENT
from tests.support.pxe_stack import StackAtASite, cached_packets
from wireboot.endpoint import SocketAddress
from wireboot.protocols.dhcp4 import message as dhcp4
from wireboot.protocols.dhcp4.options import SERVER_IDENTIFIER
from wireboot.protocols.tftp.packet import ReadRequest
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.calls.file import HANDLES_MAX, URL_BYTES_MAX
from wireboot.pxe_api.memory import NULL, SegOff16
from wireboot.pxe_api.opcodes import Service
from wireboot.pxe_api.status import Status
from wireboot.pxe_api.structures import FileOpen
from wireboot.wire.addresses import UNSPECIFIED

CACHED = cached_packets()
CONFIG = pattern(5000)
URL = f"tftp://{PEER}/pxelinux.cfg/default".encode()
EVERY_SERVICE: list[Service[Any]] = [opcodes.SERVICES[opcode] for opcode in range(0xE0, 0xE9)]
# PXELINUX looks for OPEN, CLOSE, READ and API_CHECK among the bits.
NEEDED = 0x4B


def machine(file_api: bool = True) -> StackAtASite:
    return StackAtASite({"pxelinux.cfg/default": CONFIG, "empty": b"", "a b": b"spaced"}, file_api=file_api)


def open_file(at: StackAtASite, url: bytes) -> FileOpen:
    return at.program.call(opcodes.FILE_OPEN, file_name=at.program.place(url + b"\0"))


def names_asked(at: StackAtASite) -> list[str]:
    return [each.file for each in at.site.server.programs.heard if isinstance(each, ReadRequest)]


def read(at: StackAtASite, handle: int, size: int) -> bytes:
    buffer = at.program.place(bytes(size))
    block = at.program.call(opcodes.FILE_READ, file_handle=handle, buffer=buffer, buffer_size=size)
    assert block.status == Status.SUCCESS
    return at.program.read(buffer, block.buffer_size)


# FILE_API_CHECK


def test_the_api_is_known_by_its_magic_numbers() -> None:
    """Firmware: asked with one number it answers with another, its provider and a bit for each service."""
    block = machine().program.call(opcodes.FILE_API_CHECK, size=0x14, magic=0x91D447B2)
    assert (block.magic, block.provider, block.flags, block.size) == (0xE9C17B20, 0x45585067, 0, 0x14)
    assert block.api_mask & NEEDED == NEEDED


def test_a_bit_stands_for_a_service_that_is_there() -> None:
    """Firmware: programs call what has its bit set, and nothing else."""
    at = machine()
    mask = at.program.call(opcodes.FILE_API_CHECK, size=0x14, magic=0x91D447B2).api_mask
    for bit, service in enumerate(EVERY_SERVICE):
        is_there = at.program.status(service) is not Status.UNSUPPORTED
        assert is_there == bool(mask >> bit & 1), service.name


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"size": 0x14, "magic": 0}, Status.BAD_FUNC),
        ({"size": 0x13, "magic": 0x91D447B2}, Status.OUT_OF_RESOURCES),
    ],
)
def test_another_question_is_not_answered(fields: dict[str, int], status: Status) -> None:
    """Firmware: as iPXE refuses another number and a block that is too small."""
    block = machine().program.call(opcodes.FILE_API_CHECK, **fields)
    assert (block.status, block.magic, block.provider) == (status, fields["magic"], 0)


@pytest.mark.parametrize("service", EVERY_SERVICE, ids=lambda service: service.name)
def test_a_stack_that_is_not_ipxes_has_none_of_it(service: Service[Any]) -> None:
    """Firmware: PXELINUX then does without; other ROMs have no such services."""
    assert machine(file_api=False).program.status(service) is Status.UNSUPPORTED


# FILE_OPEN


@pytest.mark.parametrize("url", [URL, URL.replace(b"tftp", b"TFTP"), URL.replace(b"0.1/", b"0.1:69/"),
                                 b"pxelinux.cfg/default"])  # fmt: skip
def test_a_file_is_opened_by_its_url_or_by_its_name_on_the_boot_server(url: bytes) -> None:
    """Firmware: the slash after the host is none of the name's, as in iPXE."""
    at = machine()
    block = open_file(at, url)
    assert block.status == Status.SUCCESS
    assert block.file_handle != 0
    assert names_asked(at) == ["pxelinux.cfg/default"]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"tftp://{PEER}/missing".encode(), Status.TFTP_FILE_NOT_FOUND),
        (f"tftp://{PEER}/".encode(), Status.TFTP_FILE_NOT_FOUND),
        (b"", Status.TFTP_FILE_NOT_FOUND),
        (b"nul%00inside", Status.TFTP_FILE_NOT_FOUND),
        (f"tftp://{SILENT}/file".encode(), Status.TFTP_CANNOT_ARP_ADDRESS),
        (b"tftp://0.0.0.0/file", Status.TFTP_CANNOT_OPEN_CONNECTION),
        (b"tftp://239.1.2.3/file", Status.TFTP_CANNOT_OPEN_CONNECTION),
        (f"tftp://{PEER}:0/file".encode(), Status.TFTP_CANNOT_OPEN_CONNECTION),
        (f"tftp://{PEER}:65536/file".encode(), Status.TFTP_CANNOT_OPEN_CONNECTION),
        (b"http://10.77.0.1/file", Status.UNSUPPORTED),
        (b"tftp://server.example/file", Status.UNSUPPORTED),
        (b"tftp://1.2.3/file", Status.UNSUPPORTED),
        (b"tftp://10.77.0.1", Status.UNSUPPORTED),
    ],
)
def test_what_cannot_be_opened_says_why(url: bytes, status: Status) -> None:
    """Firmware: PXELINUX takes a failed OPEN for a missing file; a failed READ would end it."""
    at = machine()
    assert open_file(at, url).status == status


def test_letters_of_an_url_may_be_escaped() -> None:
    """Firmware: iPXE reads %20 as a space."""
    at = machine()
    assert read(at, open_file(at, f"tftp://{PEER}/a%20b".encode()).file_handle, 100) == b"spaced"


def test_a_name_that_is_not_utf_8_is_asked_for_too() -> None:
    """Ours: the longest name of such bytes still fits a request."""
    at = machine()
    assert open_file(at, b"\xff" * URL_BYTES_MAX).status == Status.TFTP_FILE_NOT_FOUND
    assert names_asked(at) == ["\xff" * URL_BYTES_MAX]


def test_a_name_past_the_end_of_memory_is_refused() -> None:
    """Ours: a pointer into nothing."""
    end = SegOff16(0xFFFF, 0x0010)
    assert machine().program.status(opcodes.FILE_OPEN, file_name=end) is Status.UNDI_INVALID_PARAMETER


def test_the_boot_server_may_be_named_by_option_54_alone() -> None:
    """Ours: as the client itself reads the packet that it booted by."""
    reply = replace(dhcp4.decode(CACHED.reply), siaddr=UNSPECIFIED).with_option(SERVER_IDENTIFIER, PEER)
    at = StackAtASite({"x": b"x"}, cached=replace(CACHED, reply=dhcp4.encode(reply)), file_api=True)
    assert open_file(at, b"x").status == Status.SUCCESS


@pytest.mark.parametrize("reply", [cached_packets(UNSPECIFIED).reply, b"no packet"])
def test_without_a_boot_server_a_name_leads_nowhere(reply: bytes) -> None:
    """Ours: the packet that names it may have none."""
    at = StackAtASite({"x": b"x"}, cached=replace(CACHED, reply=reply), file_api=True)
    assert open_file(at, b"x").status == Status.TFTP_CANNOT_OPEN_CONNECTION


# FILE_READ and the rest


def test_a_file_is_read_piece_by_piece_to_its_end() -> None:
    """Firmware: each piece is as long as asked for until the last; then 0 bytes, and no failure."""
    at = machine()
    handle = open_file(at, URL).file_handle
    pieces = [read(at, handle, 2048) for _ in range(5)]
    assert [len(each) for each in pieces] == [2048, 2048, 5000 - 4096, 0, 0]
    assert b"".join(pieces) == CONFIG


def test_the_size_is_known_once_a_file_is_open() -> None:
    """Firmware: GRUB4DOS asks before it reads."""
    at = machine()
    for url, size in ((URL, 5000), (b"empty", 0)):
        handle = open_file(at, url).file_handle
        assert at.program.call(opcodes.GET_FILE_SIZE, file_handle=handle).file_size == size


def test_an_open_file_can_be_read_at_any_time() -> None:
    """Firmware: FILE_SELECT says whether READ would have to wait."""
    at = machine()
    handle = open_file(at, URL).file_handle
    assert at.program.call(opcodes.FILE_SELECT, file_handle=handle).ready == 1


def test_two_files_are_read_side_by_side() -> None:
    """Firmware: a configuration that includes another stays open meanwhile."""
    at = machine()
    first, second = (open_file(at, url).file_handle for url in (URL, b"a b"))
    assert first != second
    assert read(at, first, 10) + read(at, second, 3) + read(at, first, 10) == CONFIG[:10] + b"spa" + CONFIG[10:20]


def test_a_file_that_is_not_open_is_not_read() -> None:
    """Firmware: iPXE says TFTP_CLOSED; to close such a file is no failure."""
    at = machine()
    handle = open_file(at, URL).file_handle
    assert at.program.status(opcodes.FILE_CLOSE, file_handle=handle) is Status.SUCCESS
    for service in (opcodes.FILE_READ, opcodes.FILE_SELECT, opcodes.GET_FILE_SIZE):
        assert at.program.status(service, file_handle=handle) is Status.TFTP_CLOSED
    assert at.program.status(opcodes.FILE_CLOSE, file_handle=handle) is Status.SUCCESS


def test_a_buffer_outside_of_memory_loses_nothing() -> None:
    """Ours: the piece is still there for the next READ."""
    at = machine()
    handle = open_file(at, URL).file_handle
    nowhere = SegOff16(0xFFFF, 0x0008)
    status = at.program.status(opcodes.FILE_READ, file_handle=handle, buffer=nowhere, buffer_size=512)
    assert status is Status.UNDI_INVALID_PARAMETER
    assert read(at, handle, 512) == CONFIG[:512]


def test_so_many_files_are_open_and_no_more() -> None:
    """Ours: what a program forgets to close is bounded, and a closed one makes room."""
    at = machine()
    handles = [open_file(at, b"empty").file_handle for _ in range(HANDLES_MAX)]
    assert len(set(handles)) == HANDLES_MAX
    assert open_file(at, b"empty").status == Status.OUT_OF_RESOURCES
    at.program.call(opcodes.FILE_CLOSE, file_handle=handles[3])
    assert open_file(at, b"empty").file_handle == handles[3]


def test_udp_stays_open_while_a_file_is_fetched() -> None:
    """Firmware: PXELINUX 4 opens UDP once and files by URL in between."""
    at = machine()
    program = at.program
    program.call(opcodes.UDP_OPEN)
    assert open_file(at, URL).status == Status.SUCCESS
    port = 5000
    message, buffer = program.place(b"still there?"), program.place(bytes(64))
    program.call(opcodes.UDP_WRITE, ip=PEER, src_port=port, dest_port=7, buffer=message, buffer_size=12)
    at.site.link.run(0.1)
    assert at.site.server.programs.received[-1].payload == b"still there?"
    at.site.server.send(b"yes", SocketAddress(at.site.server.programs.received[-1].peer.host, port))
    at.site.link.run(0.1)
    block = program.call(opcodes.UDP_READ, dest_port=port, buffer=buffer, buffer_size=64)
    assert program.read(buffer, block.buffer_size) == b"yes"


def test_a_null_pointer_is_a_name_like_any_other() -> None:
    """Ours: at 0:0 lie the interrupt vectors, and reading them for a name does no harm."""
    at = machine()
    assert at.program.status(opcodes.FILE_OPEN, file_name=NULL) is Status.TFTP_FILE_NOT_FOUND
