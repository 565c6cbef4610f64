"""The parameter blocks of the PXE API: each field's place and kind, once (PXE 2.1, chapter 3).

A block is a view of the caller's memory: to read a field reads there, to set it writes there and nowhere else, since
old callers reserve less room than the whole block takes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, ClassVar, Generic, TypeVar, overload

from wireboot.pxe_api.memory import Memory, SegOff16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How a value lies in memory."""

    size: int
    load: Callable[[bytes], T]
    store: Callable[[T], bytes]


def _number(format_: str) -> Kind[int]:
    layout = struct.Struct(format_)
    # What does not fit is cut, as a processor would.
    mask = (1 << 8 * layout.size) - 1
    return Kind(layout.size, lambda data: int(layout.unpack(data)[0]), lambda value: layout.pack(value & mask))


def _bytes(size: int) -> Kind[bytes]:
    return Kind(size, bytes, lambda value: value[:size].ljust(size, b"\0"))


def _text(size: int) -> Kind[bytes]:
    """Up to the first NUL; written with one."""
    return Kind(size, lambda data: data.partition(b"\0")[0], lambda value: value[: size - 1].ljust(size, b"\0"))


_FAR = struct.Struct("<HH")
# fmt: off
BYTE     = _number("<B")
WORD     = _number("<H")
DWORD    = _number("<I")
UDP_PORT = _number(">H")
"""In network order, as IP4 is."""
IP4      = Kind(4, IPv4Address, lambda value: value.packed)
SEGOFF16 = Kind(4, lambda data: SegOff16(*reversed(_FAR.unpack(data))), lambda far: _FAR.pack(far.offset, far.segment))
# fmt: on


class Field(Generic[T]):
    """A row of a block's table."""

    def __init__(self, offset: int, kind: Kind[T]) -> None:
        self.offset, self.kind = offset, kind

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, block: None, owner: type) -> Field[T]: ...
    @overload
    def __get__(self, block: ParameterBlock, owner: type) -> T: ...
    def __get__(self, block: ParameterBlock | None, owner: type) -> T | Field[T]:
        if block is None:
            return self
        return self.kind.load(block.memory.read(block.address + self.offset, self.kind.size))

    def __set__(self, block: ParameterBlock, value: T) -> None:
        block.memory.write(block.address + self.offset, self.kind.store(value))


class ParameterBlock:
    """Reading and setting a field raises MemoryFault where the caller's memory ends before it."""

    __slots__ = ("address", "memory")

    SIZE: ClassVar[int] = 0x02

    status = Field(0x00, WORD)

    def __init__(self, memory: Memory, address: int) -> None:
        self.memory = memory
        self.address = address

    @classmethod
    def fields(cls) -> list[Field[Any]]:
        """In the order of the table."""
        found = (each for base in reversed(cls.__mro__) for each in vars(base).values())
        return [each for each in found if isinstance(each, Field)]


# fmt: off

# Preboot services

class UnloadStack(ParameterBlock):
    SIZE = 0x0C
    reserved     = Field(0x02, _bytes(10))


class GetCachedInfo(ParameterBlock):
    SIZE = 0x0C
    packet_type  = Field(0x02, WORD)
    buffer_size  = Field(0x04, WORD)
    buffer       = Field(0x06, SEGOFF16)
    buffer_limit = Field(0x0A, WORD)


class StartUndi(ParameterBlock):
    """The registers that the BIOS gave the option ROM."""

    SIZE = 0x0C
    ax           = Field(0x02, WORD)
    bx           = Field(0x04, WORD)
    dx           = Field(0x06, WORD)
    di           = Field(0x08, WORD)
    es           = Field(0x0A, WORD)


# TFTP

class TftpOpen(ParameterBlock):
    SIZE = 0x8E
    server_ip    = Field(0x02, IP4)
    gateway_ip   = Field(0x06, IP4)
    file_name    = Field(0x0A, _text(128))
    tftp_port    = Field(0x8A, UDP_PORT)
    packet_size  = Field(0x8C, WORD)


class TftpRead(ParameterBlock):
    SIZE = 0x0A
    packet_number = Field(0x02, WORD)
    buffer_size  = Field(0x04, WORD)
    buffer       = Field(0x06, SEGOFF16)


class TftpReadFile(ParameterBlock):
    SIZE = 0x9E
    file_name    = Field(0x02, _text(128))
    buffer_size  = Field(0x82, DWORD)
    buffer       = Field(0x86, DWORD)                        # a physical address
    server_ip    = Field(0x8A, IP4)
    gateway_ip   = Field(0x8E, IP4)
    mcast_ip     = Field(0x92, IP4)
    client_port  = Field(0x96, UDP_PORT)
    server_port  = Field(0x98, UDP_PORT)
    open_timeout_s = Field(0x9A, WORD)
    reopen_delay_s = Field(0x9C, WORD)


class TftpGetFsize(ParameterBlock):
    SIZE = 0x8E
    server_ip    = Field(0x02, IP4)
    gateway_ip   = Field(0x06, IP4)
    file_name    = Field(0x0A, _text(128))
    file_size    = Field(0x8A, DWORD)


# UDP

class UdpOpen(ParameterBlock):
    SIZE = 0x06
    src_ip       = Field(0x02, IP4)


class UdpRead(ParameterBlock):
    SIZE = 0x14
    src_ip       = Field(0x02, IP4)
    dest_ip      = Field(0x06, IP4)
    src_port     = Field(0x0A, UDP_PORT)
    dest_port    = Field(0x0C, UDP_PORT)
    buffer_size  = Field(0x0E, WORD)
    buffer       = Field(0x10, SEGOFF16)


class UdpWrite(ParameterBlock):
    SIZE = 0x14
    ip           = Field(0x02, IP4)
    gateway_ip   = Field(0x06, IP4)
    src_port     = Field(0x0A, UDP_PORT)
    dest_port    = Field(0x0C, UDP_PORT)
    buffer_size  = Field(0x0E, WORD)
    buffer       = Field(0x10, SEGOFF16)


# UNDI

class UndiInitialize(ParameterBlock):
    SIZE = 0x0E
    protocol_ini = Field(0x02, DWORD)
    reserved     = Field(0x06, _bytes(8))


class UndiMulticastList(ParameterBlock):
    """Of RESET_ADAPTER and SET_MCAST_ADDRESS."""

    SIZE = 0x84
    count        = Field(0x02, WORD)
    addresses    = Field(0x04, _bytes(8 * 16))


class UndiOpen(ParameterBlock):
    SIZE = 0x88
    open_flag    = Field(0x02, WORD)
    packet_filter = Field(0x04, WORD)
    count        = Field(0x06, WORD)
    addresses    = Field(0x08, _bytes(8 * 16))


class UndiTransmit(ParameterBlock):
    SIZE = 0x14
    protocol     = Field(0x02, BYTE)
    xmit_flag    = Field(0x03, BYTE)
    dest_addr    = Field(0x04, SEGOFF16)
    tbd          = Field(0x08, SEGOFF16)
    reserved     = Field(0x0C, _bytes(8))


class UndiSetStationAddress(ParameterBlock):
    SIZE = 0x12
    station_address = Field(0x02, _bytes(16))


class UndiSetPacketFilter(ParameterBlock):
    SIZE = 0x03
    packet_filter = Field(0x02, BYTE)


class UndiGetInformation(ParameterBlock):
    SIZE = 0x32
    base_io      = Field(0x02, WORD)
    int_number   = Field(0x04, WORD)
    max_tran_unit = Field(0x06, WORD)
    hw_type      = Field(0x08, WORD)
    hw_addr_len  = Field(0x0A, WORD)
    curr_node_address = Field(0x0C, _bytes(16))
    perm_node_address = Field(0x1C, _bytes(16))
    rom_address  = Field(0x2C, WORD)
    rx_buf_ct    = Field(0x2E, WORD)
    tx_buf_ct    = Field(0x30, WORD)


class UndiGetStatistics(ParameterBlock):
    SIZE = 0x12
    xmt_good_frames = Field(0x02, DWORD)
    rcv_good_frames = Field(0x06, DWORD)
    rcv_crc_errors  = Field(0x0A, DWORD)
    rcv_resource_errors = Field(0x0E, DWORD)


class UndiGetMcastAddress(ParameterBlock):
    SIZE = 0x16
    inet_addr    = Field(0x02, IP4)
    media_addr   = Field(0x06, _bytes(16))


class UndiGetNicType(ParameterBlock):
    """With what a PCI card says of itself; a card of another bus has other fields from 03h on."""

    SIZE = 0x11
    nic_type     = Field(0x02, BYTE)
    vendor_id    = Field(0x03, WORD)
    device_id    = Field(0x05, WORD)
    base_class   = Field(0x07, BYTE)
    sub_class    = Field(0x08, BYTE)
    prog_intf    = Field(0x09, BYTE)
    revision     = Field(0x0A, BYTE)
    bus_dev_func = Field(0x0B, WORD)
    sub_vendor_id = Field(0x0D, WORD)
    sub_device_id = Field(0x0F, WORD)


class UndiGetIfaceInfo(ParameterBlock):
    SIZE = 0x2A
    iface_type   = Field(0x02, _text(16))
    link_speed   = Field(0x12, DWORD)
    service_flags = Field(0x16, DWORD)
    reserved     = Field(0x1A, _bytes(16))


class UndiIsr(ParameterBlock):
    SIZE = 0x10
    func_flag    = Field(0x02, WORD)
    buffer_length = Field(0x04, WORD)
    frame_length = Field(0x06, WORD)
    frame_header_length = Field(0x08, WORD)
    frame        = Field(0x0A, SEGOFF16)
    prot_type    = Field(0x0E, BYTE)
    pkt_type     = Field(0x0F, BYTE)


class TransmitBufferDescriptor(ParameterBlock):
    """What UndiTransmit.tbd points to. It has no status: its first field stands there."""

    SIZE = 0x48
    immed_length = Field(0x00, WORD)
    xmit         = Field(0x02, SEGOFF16)
    data_blk_count = Field(0x06, WORD)


class DataBlock(ParameterBlock):
    """One of the up to 8 that follow a TransmitBufferDescriptor's fields."""

    SIZE = 0x08
    ptr_type     = Field(0x00, BYTE)
    data_len     = Field(0x02, WORD)
    data_ptr     = Field(0x04, SEGOFF16)


# iPXE's FILE API

class FileOpen(ParameterBlock):
    SIZE = 0x0C
    file_handle  = Field(0x02, WORD)
    file_name    = Field(0x04, SEGOFF16)
    reserved     = Field(0x08, DWORD)


class FileClose(ParameterBlock):
    SIZE = 0x04
    file_handle  = Field(0x02, WORD)


class FileSelect(ParameterBlock):
    SIZE = 0x06
    file_handle  = Field(0x02, WORD)
    ready        = Field(0x04, WORD)


class FileRead(ParameterBlock):
    SIZE = 0x0A
    file_handle  = Field(0x02, WORD)
    buffer_size  = Field(0x04, WORD)
    buffer       = Field(0x06, SEGOFF16)


class GetFileSize(ParameterBlock):
    SIZE = 0x08
    file_handle  = Field(0x02, WORD)
    file_size    = Field(0x04, DWORD)


class FileExec(ParameterBlock):
    SIZE = 0x06
    command      = Field(0x02, SEGOFF16)


class FileApiCheck(ParameterBlock):
    SIZE = 0x14
    size         = Field(0x02, WORD)
    magic        = Field(0x04, DWORD)
    provider     = Field(0x08, DWORD)
    api_mask     = Field(0x0C, DWORD)
    flags        = Field(0x10, DWORD)


class FileExitHook(ParameterBlock):
    SIZE = 0x06
    hook         = Field(0x02, SEGOFF16)


class FileCmdline(ParameterBlock):
    SIZE = 0x08
    buffer_size  = Field(0x02, WORD)
    buffer       = Field(0x04, SEGOFF16)
# fmt: on
