"""The firmware that the client can pass for: what each says of itself, and in which ways it differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from uuid import UUID

from wireboot.protocols.pxe import schedules
from wireboot.protocols.pxe.client_identity import ClientIdentity
from wireboot.protocols.pxe.identity import PXE_CLASS, NetworkInterface, class_identifier
from wireboot.protocols.pxe.schedules import Schedules
from wireboot.protocols.tftp import client_retry
from wireboot.protocols.tftp.client_retry import ClientRetry
from wireboot.protocols.tftp.packet import ErrorCode
from wireboot.protocols.tftp.requested_options import RequestedOptions
from wireboot.wire.iana import ETHERNET, X86_BIOS, Port

_X86_64_UEFI = 7


class OfferRules(Enum):
    """How a client comes to the offer that it takes."""

    REFERENCE = auto()
    """By class of offer, in the order of PXE 2.1 (`offers.choose`)."""
    IPXE = auto()
    """Any address will do, and beside it any offer of a boot service."""


class TagChecks(Enum):
    """How closely a client looks at an offer's tags before it counts."""

    ALL = auto()
    AS_NEEDED = auto()
    """Those that the boot depends on: none where the offer itself names the boot file (bit 3)."""
    NONE = auto()
    """What is malformed counts as missing."""


class DiscoveryRule(Enum):
    """By which methods Boot Servers are looked for."""

    ALL = auto()
    """Multicast, broadcast, then the servers listed, where the tags limit the client to those."""
    ALL_AND_LISTED = auto()
    """As before, but the servers listed are asked in any case."""
    ONE = auto()
    """Multicast where allowed, else broadcast where allowed, else the servers listed."""


@dataclass(frozen=True, slots=True)
class FirmwareBehaviour:
    """In which ways one kind of client differs from others."""

    schedules: Schedules
    offer_rules: OfferRules
    tag_checks: TagChecks
    discovery: DiscoveryRule
    option_order: tuple[int, ...]
    """Options of DISCOVER and REQUEST: the order tells one firmware from another, and some servers look at it."""
    boot_server_option_order: tuple[int, ...]
    """Options of what goes to ProxyDHCP services and Boot Servers."""
    tftp_request: RequestedOptions
    tftp_retry: ClientRetry
    broadcast: bool = False
    """Asks DHCP servers to answer by broadcast (RFC 2131 §4.1)."""
    boot_server_port: int = Port.BOOT_SERVER
    """Where unicast and multicast requests to port 4011 leave from."""
    boot_server_broadcast: bool = False
    """Sets the broadcast flag there too."""
    boot_server_class: str | None = None
    """Option 60 there, where it differs."""
    boot_server_xid: int | None = None
    """None: a new random one each time."""
    takes_wfm: bool = True
    """Offers with MTFTP parameters and nothing else of PXE (WfM 1.1a)."""
    takes_plain: bool = True
    """An address without any boot information, where nothing better is offered."""
    takes_split: bool = True
    """An address from one server and a boot service from another."""
    proxy_must_answer: bool = True
    """Port 4011's silence ends the boot; otherwise what the offer says of a boot file is used."""
    listed_by_siaddr: bool = False
    """Compares the list of servers with `siaddr`; otherwise with option 54 (PXE 2.1 §2.2.5)."""
    probe_s: float | None = None
    """How long it listens whether somebody else has the address; None: it does not look."""
    credential_first: bool = False
    """Asks for the credential before the boot file, as the reference client for EFI did."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """One kind of client."""

    name: str
    description: str
    behaviour: FirmwareBehaviour
    architectures: tuple[int, ...]
    network_interface: NetworkInterface
    parameter_requests: tuple[int, ...]
    message_size_max: int
    user_class: bytes = b""
    sends_client_identifier: bool = False
    ipxe_features: bytes = b""

    def identity(
        self,
        link_address: bytes,
        uuid: UUID | None,
        *,
        architectures: tuple[int, ...] | None = None,
        vendor_class: str | None = None,
        user_class: bytes | None = None,
    ) -> ClientIdentity:
        """A machine with this firmware; what is given takes the place of what the firmware says by itself."""
        architectures = architectures or self.architectures
        return ClientIdentity(
            link_address=link_address,
            uuid=uuid,
            architectures=architectures,
            network_interface=self.network_interface,
            class_identifier=vendor_class or class_identifier(architectures[0], self.network_interface),
            parameter_requests=self.parameter_requests,
            message_size_max=self.message_size_max,
            user_class=self.user_class if user_class is None else user_class,
            client_identifier=bytes([ETHERNET]) + link_address if self.sends_client_identifier else b"",
            ipxe_features=self.ipxe_features,
        )


# fmt: off
_VENDOR_CODES = tuple(range(128, 136))
_UEFI_REQUESTS = (1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97,
                  *_VENDOR_CODES)
_IPXE_REQUESTS = (1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, *_VENDOR_CODES, 175, 203)
_INTEL_REQUESTS = (1, 2, 3, 5, 6, 11, 12, 13, 15, 16, 17, 18, 43, 54, 60, 67, *_VENDOR_CODES)

_UEFI_ORDER = (53, 54, 50, 57, 55, 97, 94, 93, 60)
_UEFI_BOOT_SERVER_ORDER = (43, 53, 55, 57, 60, 93, 94, 97)
_IPXE_ORDER = (53, 57, 93, 94, 60, 77, 55, 175, 61, 97, 54, 50, 43)
# fmt: on

# Version 1.0.0 for a virtio network card (PCI 1af4:1000), then a tag for each protocol and image format it knows.
_IPXE_FEATURES = bytes.fromhex(
    "b105011af41000eb03010000170101220101130101110101270101190101290101100102210101150101180101120101"
)

WIREBOOT = Firmware(
    name="wireboot",
    description="wireboot's own way: patient with servers, strict about what it is told",
    behaviour=FirmwareBehaviour(
        schedules=schedules.WIREBOOT,
        offer_rules=OfferRules.REFERENCE,
        tag_checks=TagChecks.AS_NEEDED,
        discovery=DiscoveryRule.ALL_AND_LISTED,
        option_order=_UEFI_ORDER,
        boot_server_option_order=_UEFI_BOOT_SERVER_ORDER,
        tftp_request=RequestedOptions(blksize=1468, windowsize=16, tsize=True),
        tftp_retry=client_retry.WIREBOOT,
        broadcast=True,
        proxy_must_answer=False,
        probe_s=0.5,
    ),
    architectures=(X86_BIOS,),
    network_interface=NetworkInterface(1, 2, 1),
    parameter_requests=_UEFI_REQUESTS,
    message_size_max=1472,
)
EDK2 = Firmware(
    name="edk2",
    description="UEFI firmware built from EDK2 2022.11, as OVMF",
    behaviour=FirmwareBehaviour(
        schedules=schedules.EDK2,
        offer_rules=OfferRules.REFERENCE,
        tag_checks=TagChecks.NONE,
        discovery=DiscoveryRule.ONE,
        option_order=_UEFI_ORDER,
        boot_server_option_order=_UEFI_BOOT_SERVER_ORDER,
        tftp_request=RequestedOptions(blksize=1468, windowsize=4, size_probe=True),
        tftp_retry=client_retry.EDK2,
        broadcast=True,
        takes_wfm=False,
        takes_plain=False,
        listed_by_siaddr=True,
    ),
    architectures=(_X86_64_UEFI,),
    network_interface=NetworkInterface(1, 3, 0),
    parameter_requests=_UEFI_REQUESTS,
    message_size_max=1472,
)
IPXE = Firmware(
    name="ipxe",
    description="the iPXE 1.0.0 option ROM of a BIOS machine",
    behaviour=FirmwareBehaviour(
        schedules=schedules.IPXE,
        offer_rules=OfferRules.IPXE,
        tag_checks=TagChecks.NONE,
        discovery=DiscoveryRule.ALL_AND_LISTED,
        option_order=_IPXE_ORDER,
        boot_server_option_order=_IPXE_ORDER,
        tftp_request=RequestedOptions(blksize=1432, tsize=True),
        tftp_retry=client_retry.IPXE,
        boot_server_port=Port.DHCP_CLIENT,
        boot_server_broadcast=True,
        boot_server_class=PXE_CLASS,
        boot_server_xid=0,
        proxy_must_answer=False,
    ),
    architectures=(X86_BIOS,),
    network_interface=NetworkInterface(1, 2, 1),
    parameter_requests=_IPXE_REQUESTS,
    message_size_max=1472,
    user_class=b"iPXE",  # bare, without RFC 3004's length
    sends_client_identifier=True,
    ipxe_features=_IPXE_FEATURES,
)
INTEL_ROM = Firmware(
    name="intel-rom",
    description="a BIOS boot ROM that keeps to PXE 2.1 to the letter",
    behaviour=FirmwareBehaviour(
        schedules=schedules.INTEL_ROM,
        offer_rules=OfferRules.REFERENCE,
        tag_checks=TagChecks.ALL,
        discovery=DiscoveryRule.ALL,
        option_order=(53, 54, 50, 55, 57, 61, 97, 93, 94, 60),
        boot_server_option_order=(53, 55, 57, 61, 97, 93, 94, 60, 43),
        # Above 1456 bytes these ROMs fail with PXE-E3F.
        tftp_request=RequestedOptions(blksize=1456, size_probe=True, size_probe_ended_with=ErrorCode.UNDEFINED),
        tftp_retry=client_retry.INTEL_ROM,
        broadcast=True,
        probe_s=1.0,
        credential_first=True,
    ),
    architectures=(X86_BIOS,),
    network_interface=NetworkInterface(1, 2, 1),
    parameter_requests=_INTEL_REQUESTS,
    message_size_max=1260,
)
UEFI_COMBINED = Firmware(
    name="uefi-combined",
    description="UEFI firmware that takes an address and a boot file from one server only",
    behaviour=replace(EDK2.behaviour, schedules=schedules.UEFI_COMBINED, takes_split=False),
    architectures=EDK2.architectures,
    network_interface=EDK2.network_interface,
    parameter_requests=EDK2.parameter_requests,
    message_size_max=EDK2.message_size_max,
)

FIRMWARE = {each.name: each for each in (WIREBOOT, EDK2, IPXE, INTEL_ROM)}
"""What boots wherever PXE 2.1 is kept to."""
EVERY_FIRMWARE = {**FIRMWARE, UEFI_COMBINED.name: UEFI_COMBINED}
"""With what needs more than that, as a proxy's fallback (proxy_fallback.py)."""
