"""The parameter blocks' table against the papers' numbers, here a second time; and how a field lies in memory."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest

from wireboot.pxe_api import opcodes, structures
from wireboot.pxe_api.memory import ByteMemory, MemoryFault, SegOff16
from wireboot.pxe_api.structures import (
    DataBlock,
    Field,
    GetCachedInfo,
    ParameterBlock,
    TftpGetFsize,
    TftpReadFile,
    TransmitBufferDescriptor,
    UdpWrite,
    UndiGetIfaceInfo,
)

# Size, then where each field begins.
# fmt: off
LAYOUT = {
    "ParameterBlock":           (0x02, "00"),
    "UnloadStack":              (0x0C, "00 02"),
    "GetCachedInfo":            (0x0C, "00 02 04 06 0A"),
    "StartUndi":                (0x0C, "00 02 04 06 08 0A"),
    "TftpOpen":                 (0x8E, "00 02 06 0A 8A 8C"),
    "TftpRead":                 (0x0A, "00 02 04 06"),
    "TftpReadFile":             (0x9E, "00 02 82 86 8A 8E 92 96 98 9A 9C"),
    "TftpGetFsize":             (0x8E, "00 02 06 0A 8A"),
    "UdpOpen":                  (0x06, "00 02"),
    "UdpRead":                  (0x14, "00 02 06 0A 0C 0E 10"),
    "UdpWrite":                 (0x14, "00 02 06 0A 0C 0E 10"),
    "UndiInitialize":           (0x0E, "00 02 06"),
    "UndiMulticastList":        (0x84, "00 02 04"),
    "UndiOpen":                 (0x88, "00 02 04 06 08"),
    "UndiTransmit":             (0x14, "00 02 03 04 08 0C"),
    "UndiSetStationAddress":    (0x12, "00 02"),
    "UndiSetPacketFilter":      (0x03, "00 02"),
    "UndiGetInformation":       (0x32, "00 02 04 06 08 0A 0C 1C 2C 2E 30"),
    "UndiGetStatistics":        (0x12, "00 02 06 0A 0E"),
    "UndiGetMcastAddress":      (0x16, "00 02 06"),
    "UndiGetNicType":           (0x11, "00 02 03 05 07 08 09 0A 0B 0D 0F"),
    "UndiGetIfaceInfo":         (0x2A, "00 02 12 16 1A"),
    "UndiIsr":                  (0x10, "00 02 04 06 08 0A 0E 0F"),
    "TransmitBufferDescriptor": (0x48, "00 02 06"),
    "DataBlock":                (0x08, "00 02 04"),
    "FileOpen":                 (0x0C, "00 02 04 08"),
    "FileClose":                (0x04, "00 02"),
    "FileSelect":               (0x06, "00 02 04"),
    "FileRead":                 (0x0A, "00 02 04 06"),
    "GetFileSize":              (0x08, "00 02 04"),
    "FileExec":                 (0x06, "00 02"),
    "FileApiCheck":             (0x14, "00 02 04 08 0C 10"),
    "FileExitHook":             (0x06, "00 02"),
    "FileCmdline":              (0x08, "00 02 04"),
}
# fmt: on
BLOCKS = {
    each.__name__: each
    for each in vars(structures).values()
    if isinstance(each, type) and issubclass(each, ParameterBlock)
}
WITHOUT_STATUS: set[type[ParameterBlock]] = {TransmitBufferDescriptor, DataBlock}
BEHIND_THE_FIELDS: dict[type[ParameterBlock], int] = {TransmitBufferDescriptor: 8 * DataBlock.SIZE}
RESERVED_BETWEEN_THEM: dict[type[ParameterBlock], int] = {DataBlock: 1}


def fields_of(block: type[ParameterBlock]) -> list[Field[Any]]:
    return [each for each in block.fields() if block not in WITHOUT_STATUS or each is not ParameterBlock.status]


def test_every_block_has_a_row_here() -> None:
    assert set(LAYOUT) == set(BLOCKS)


@pytest.mark.parametrize("name", LAYOUT)
def test_a_blocks_size_and_its_fields_offsets_are_the_papers(name: str) -> None:
    size, offsets = LAYOUT[name]
    block = BLOCKS[name]
    assert size == block.SIZE
    assert [f"{each.offset:02X}" for each in fields_of(block)] == offsets.split()


@pytest.mark.parametrize("name", LAYOUT)
def test_fields_fill_their_block_without_overlap(name: str) -> None:
    block = BLOCKS[name]
    fields = fields_of(block)
    ends = [each.offset + each.kind.size for each in fields]
    gaps = [field.offset - end for field, end in zip(fields[1:], ends[:-1], strict=True)]
    assert all(gap >= 0 for gap in gaps)
    assert sum(gaps) == RESERVED_BETWEEN_THEM.get(block, 0)
    assert ends[-1] + BEHIND_THE_FIELDS.get(block, 0) == block.SIZE


def test_a_number_means_one_service() -> None:
    rows = [each for each in vars(opcodes).values() if isinstance(each, opcodes.Service)]
    assert len(rows) == len(opcodes.SERVICES) == len({each.name for each in rows})


# How fields lie in memory


def test_a_field_is_read_and_written_where_it_lies_and_nowhere_else() -> None:
    memory = ByteMemory(0x40)
    memory.write(0, b"\xcc" * 0x40)
    block = GetCachedInfo(memory, 0x10)

    block.buffer = SegOff16(0x1234, 0x5678)

    assert block.buffer == SegOff16(0x1234, 0x5678)
    assert memory.read(0x16, 4) == bytes.fromhex("78563412"), "offset first"
    assert memory.read(0, 0x16) == b"\xcc" * 0x16
    assert memory.read(0x1A, 0x26) == b"\xcc" * 0x26


def test_addresses_and_ports_are_in_network_order_and_sizes_are_not() -> None:
    memory = ByteMemory(0x14)
    block = UdpWrite(memory, 0)
    block.ip, block.dest_port, block.buffer_size = IPv4Address("10.1.2.3"), 69, 0x1234
    assert memory.read(0x02, 4) == bytes([10, 1, 2, 3])
    assert memory.read(0x0C, 4) == bytes.fromhex("0045 3412")
    assert (block.ip, block.dest_port, block.buffer_size) == (IPv4Address("10.1.2.3"), 69, 0x1234)


def test_a_number_that_does_not_fit_is_cut() -> None:
    memory = ByteMemory(TftpGetFsize.SIZE)
    block = TftpGetFsize(memory, 0)
    block.file_size = 0x1_2345_6789
    assert block.file_size == 0x2345_6789


def test_a_name_ends_at_its_first_nul_or_with_its_field() -> None:
    memory = ByteMemory(TftpReadFile.SIZE)
    block = TftpReadFile(memory, 0)
    memory.write(0x02, b"pxelinux.0\0old rest")
    assert block.file_name == b"pxelinux.0"
    memory.write(0x02, b"x" * 128)
    memory.write(0x82, b"yyyy")
    assert block.file_name == b"x" * 128


def test_a_text_is_written_with_a_nul_at_its_end() -> None:
    memory = ByteMemory(UndiGetIfaceInfo.SIZE)
    block = UndiGetIfaceInfo(memory, 0)
    block.iface_type = b"a name of more than 16 letters"
    assert memory.read(0x02, 16) == b"a name of more \0"


def test_a_field_past_the_end_of_memory_is_a_fault() -> None:
    block = GetCachedInfo(ByteMemory(0x0A), 0)
    assert block.buffer == SegOff16(0, 0)
    with pytest.raises(MemoryFault):
        _ = block.buffer_limit
    with pytest.raises(MemoryFault):
        block.buffer_limit = 1
