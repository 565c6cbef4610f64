"""What a PXE service says of how it went (PXE 2.1, PXENV_EXIT and PXENV_STATUS)."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """In AX."""

    SUCCESS = 0
    FAILURE = 1


# fmt: off
class Status(IntEnum):
    """In the first two bytes of every parameter block."""

    SUCCESS                          = 0x00
    FAILURE                          = 0x01
    BAD_FUNC                         = 0x02
    UNSUPPORTED                      = 0x03
    KEEP_UNDI                        = 0x04
    KEEP_ALL                         = 0x05
    OUT_OF_RESOURCES                 = 0x06
    ARP_TIMEOUT                      = 0x11
    UDP_CLOSED                       = 0x18
    UDP_OPEN                         = 0x19
    TFTP_CLOSED                      = 0x1A
    TFTP_OPEN                        = 0x1B
    MCOPY_PROBLEM                    = 0x20
    BIS_INTEGRITY_FAILURE            = 0x21
    BIS_VALIDATE_FAILURE             = 0x22
    BIS_INIT_FAILURE                 = 0x23
    BIS_SHUTDOWN_FAILURE             = 0x24
    BIS_GBOA_FAILURE                 = 0x25
    BIS_FREE_FAILURE                 = 0x26
    BIS_GSI_FAILURE                  = 0x27
    BIS_BAD_CKSUM                    = 0x28
    TFTP_CANNOT_ARP_ADDRESS          = 0x30
    TFTP_OPEN_TIMEOUT                = 0x32
    TFTP_UNKNOWN_OPCODE              = 0x33
    TFTP_READ_TIMEOUT                = 0x35
    TFTP_ERROR_OPCODE                = 0x36
    TFTP_CANNOT_OPEN_CONNECTION      = 0x38
    TFTP_CANNOT_READ_FROM_CONNECTION = 0x39
    TFTP_TOO_MANY_PACKAGES           = 0x3A
    TFTP_FILE_NOT_FOUND              = 0x3B
    TFTP_ACCESS_VIOLATION            = 0x3C
    TFTP_NO_MCAST_ADDRESS            = 0x3D
    TFTP_NO_FILESIZE                 = 0x3E
    TFTP_INVALID_PACKET_SIZE         = 0x3F
    DHCP_TIMEOUT                     = 0x51
    DHCP_NO_IP_ADDRESS               = 0x52
    DHCP_NO_BOOTFILE_NAME            = 0x53
    DHCP_BAD_IP_ADDRESS              = 0x54
    UNDI_INVALID_FUNCTION            = 0x60
    UNDI_MEDIATEST_FAILED            = 0x61
    UNDI_CANNOT_INIT_NIC_FOR_MCAST   = 0x62
    UNDI_CANNOT_INITIALIZE_NIC       = 0x63
    UNDI_CANNOT_INITIALIZE_PHY       = 0x64
    UNDI_CANNOT_READ_CONFIG_DATA     = 0x65
    UNDI_CANNOT_READ_INIT_DATA       = 0x66
    UNDI_BAD_MAC_ADDRESS             = 0x67
    UNDI_BAD_EEPROM_CHECKSUM         = 0x68
    UNDI_ERROR_SETTING_ISR           = 0x69
    UNDI_INVALID_STATE               = 0x6A
    UNDI_TRANSMIT_ERROR              = 0x6B
    UNDI_INVALID_PARAMETER           = 0x6C
    BSTRAP_PROMPT_MENU               = 0x74
    BSTRAP_MCAST_ADDR                = 0x76
    BSTRAP_MISSING_LIST              = 0x77
    BSTRAP_NO_RESPONSE               = 0x78
    BSTRAP_FILE_TOO_BIG              = 0x79
    BINL_CANCELED_BY_KEYSTROKE       = 0xA0
    BINL_NO_PXE_SERVER               = 0xA1
    NOT_AVAILABLE_IN_PMODE           = 0xA2
    NOT_AVAILABLE_IN_RMODE           = 0xA3
    BUSD_DEVICE_NOT_SUPPORTED        = 0xB0
    LOADER_NO_FREE_BASE_MEMORY       = 0xC0
    LOADER_NO_BC_ROMID               = 0xC1
    LOADER_BAD_BC_ROMID              = 0xC2
    LOADER_BAD_BC_RUNTIME_IMAGE      = 0xC3
    LOADER_NO_UNDI_ROMID             = 0xC4
    LOADER_BAD_UNDI_ROMID            = 0xC5
    LOADER_BAD_UNDI_DRIVER_IMAGE     = 0xC6
    LOADER_NO_PXE_STRUCT             = 0xC8
    LOADER_NO_PXENV_STRUCT           = 0xC9
    LOADER_UNDI_START                = 0xCA
    LOADER_BC_START                  = 0xCB
# fmt: on


class ServiceFailed(Exception):  # noqa: N818  # an answer to the caller, not a fault
    """A service did not do what it was called for. `PxeApi.call` makes exit code 1 of it, and nothing worse."""

    def __init__(self, status: Status, detail: str = "") -> None:
        super().__init__(f"{status.name}: {detail}" if detail else status.name)
        self.status = status
        self.detail = detail
        """For people: who reads the account of a run."""
