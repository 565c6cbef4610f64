"""The services of the PXE API, a row each: number, name, parameter block (PXE 2.1, chapter 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from wireboot.pxe_api import structures as block
from wireboot.pxe_api.structures import ParameterBlock

B = TypeVar("B", bound=ParameterBlock)


@dataclass(frozen=True, slots=True)
class Service(Generic[B]):
    opcode: int
    name: str
    block: type[B]


# fmt: off
UNLOAD_STACK             = Service(0x0070, "PXENV_UNLOAD_STACK",             block.UnloadStack)
GET_CACHED_INFO          = Service(0x0071, "PXENV_GET_CACHED_INFO",          block.GetCachedInfo)
RESTART_TFTP             = Service(0x0073, "PXENV_RESTART_TFTP",             block.TftpReadFile)
START_UNDI               = Service(0x0000, "PXENV_START_UNDI",               block.StartUndi)
STOP_UNDI                = Service(0x0015, "PXENV_STOP_UNDI",                block.ParameterBlock)
START_BASE               = Service(0x0075, "PXENV_START_BASE",               block.ParameterBlock)
STOP_BASE                = Service(0x0076, "PXENV_STOP_BASE",                block.ParameterBlock)

TFTP_OPEN                = Service(0x0020, "PXENV_TFTP_OPEN",                block.TftpOpen)
TFTP_CLOSE               = Service(0x0021, "PXENV_TFTP_CLOSE",               block.ParameterBlock)
TFTP_READ                = Service(0x0022, "PXENV_TFTP_READ",                block.TftpRead)
TFTP_READ_FILE           = Service(0x0023, "PXENV_TFTP_READ_FILE",           block.TftpReadFile)
TFTP_READ_FILE_PMODE     = Service(0x0024, "PXENV_TFTP_READ_FILE_PMODE",     block.ParameterBlock)
TFTP_GET_FSIZE           = Service(0x0025, "PXENV_TFTP_GET_FSIZE",           block.TftpGetFsize)

UDP_OPEN                 = Service(0x0030, "PXENV_UDP_OPEN",                 block.UdpOpen)
UDP_CLOSE                = Service(0x0031, "PXENV_UDP_CLOSE",                block.ParameterBlock)
UDP_READ                 = Service(0x0032, "PXENV_UDP_READ",                 block.UdpRead)
UDP_WRITE                = Service(0x0033, "PXENV_UDP_WRITE",                block.UdpWrite)

UNDI_STARTUP             = Service(0x0001, "PXENV_UNDI_STARTUP",             block.ParameterBlock)
UNDI_CLEANUP             = Service(0x0002, "PXENV_UNDI_CLEANUP",             block.ParameterBlock)
UNDI_INITIALIZE          = Service(0x0003, "PXENV_UNDI_INITIALIZE",          block.UndiInitialize)
UNDI_RESET_ADAPTER       = Service(0x0004, "PXENV_UNDI_RESET_ADAPTER",       block.UndiMulticastList)
UNDI_SHUTDOWN            = Service(0x0005, "PXENV_UNDI_SHUTDOWN",            block.ParameterBlock)
UNDI_OPEN                = Service(0x0006, "PXENV_UNDI_OPEN",                block.UndiOpen)
UNDI_CLOSE               = Service(0x0007, "PXENV_UNDI_CLOSE",               block.ParameterBlock)
UNDI_TRANSMIT            = Service(0x0008, "PXENV_UNDI_TRANSMIT",            block.UndiTransmit)
UNDI_SET_MCAST_ADDRESS   = Service(0x0009, "PXENV_UNDI_SET_MCAST_ADDRESS",   block.UndiMulticastList)
UNDI_SET_STATION_ADDRESS = Service(0x000A, "PXENV_UNDI_SET_STATION_ADDRESS", block.UndiSetStationAddress)
UNDI_SET_PACKET_FILTER   = Service(0x000B, "PXENV_UNDI_SET_PACKET_FILTER",   block.UndiSetPacketFilter)
UNDI_GET_INFORMATION     = Service(0x000C, "PXENV_UNDI_GET_INFORMATION",     block.UndiGetInformation)
UNDI_GET_STATISTICS      = Service(0x000D, "PXENV_UNDI_GET_STATISTICS",      block.UndiGetStatistics)
UNDI_CLEAR_STATISTICS    = Service(0x000E, "PXENV_UNDI_CLEAR_STATISTICS",    block.ParameterBlock)
UNDI_INITIATE_DIAGS      = Service(0x000F, "PXENV_UNDI_INITIATE_DIAGS",      block.ParameterBlock)
UNDI_FORCE_INTERRUPT     = Service(0x0010, "PXENV_UNDI_FORCE_INTERRUPT",     block.ParameterBlock)
UNDI_GET_MCAST_ADDRESS   = Service(0x0011, "PXENV_UNDI_GET_MCAST_ADDRESS",   block.UndiGetMcastAddress)
UNDI_GET_NIC_TYPE        = Service(0x0012, "PXENV_UNDI_GET_NIC_TYPE",        block.UndiGetNicType)
UNDI_GET_IFACE_INFO      = Service(0x0013, "PXENV_UNDI_GET_IFACE_INFO",      block.UndiGetIfaceInfo)
UNDI_ISR                 = Service(0x0014, "PXENV_UNDI_ISR",                 block.UndiIsr)
# UNDI_GET_STATE has the number of STOP_UNDI, which boot programs call and need.

FILE_OPEN                = Service(0x00E0, "PXENV_FILE_OPEN",                block.FileOpen)
FILE_CLOSE               = Service(0x00E1, "PXENV_FILE_CLOSE",               block.FileClose)
FILE_SELECT              = Service(0x00E2, "PXENV_FILE_SELECT",              block.FileSelect)
FILE_READ                = Service(0x00E3, "PXENV_FILE_READ",                block.FileRead)
GET_FILE_SIZE            = Service(0x00E4, "PXENV_GET_FILE_SIZE",            block.GetFileSize)
FILE_EXEC                = Service(0x00E5, "PXENV_FILE_EXEC",                block.FileExec)
FILE_API_CHECK           = Service(0x00E6, "PXENV_FILE_API_CHECK",           block.FileApiCheck)
FILE_EXIT_HOOK           = Service(0x00E7, "PXENV_FILE_EXIT_HOOK",           block.FileExitHook)
FILE_CMDLINE             = Service(0x00E8, "PXENV_FILE_CMDLINE",             block.FileCmdline)
# fmt: on

SERVICES: dict[int, Service[Any]] = {
    each.opcode: each for each in tuple(globals().values()) if isinstance(each, Service)
}


def service_name(opcode: int) -> str:
    return SERVICES[opcode].name if opcode in SERVICES else f"service {opcode:#06x}"
