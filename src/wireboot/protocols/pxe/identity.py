"""Who a PXE client is, read from DHCP options 60, 77, 93, 94, 97 and 175."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    CLIENT_INTERFACE,
    CLIENT_MACHINE_ID,
    IPXE_ENCAPSULATED,
    USER_CLASS,
)
from wireboot.protocols.dhcp4.user_class import user_classes
from wireboot.wire.iana import X86_BIOS, architecture_name

PXE_CLASS = "PXEClient"
"""A server's option 60, and the first nine bytes of a client's (PXE 2.1 §2.2.1, table 2-1)."""

_CLASS_FORM = re.compile(r"PXEClient:Arch:(\d{5}):(.{4}):(\d{3})(\d{3})")
_UUID_TYPE = 0
_UUID_SIZE = 16


class NetworkInterface(NamedTuple):
    """Option 94 (RFC 4578 §2.2): 1 = UNDI, 2 = SNP, 3 = UNDI for UEFI; then its version."""

    kind: int
    major: int
    minor: int


@dataclass(frozen=True, slots=True)
class PxeClient:
    """What a PXE client says of itself in one message."""

    link_address: bytes
    architectures: tuple[int, ...]
    """IANA numbers, the most preferred first; never empty."""
    uuid: UUID | None
    network_interface: NetworkInterface | None
    user_classes: tuple[str, ...]
    ipxe: bool
    """Already runs iPXE, be it from the NIC's ROM or loaded."""
    class_identifier: str = PXE_CLASS
    """Option 60 as the client sent it."""

    @property
    def architecture(self) -> int:
        return self.architectures[0]

    @property
    def architecture_name(self) -> str:
        return architecture_name(self.architecture)


def identify(message: Message) -> PxeClient | None:
    """The PXE client that sent `message`, or None when it is none. Raises DecodeError for a malformed option."""
    class_identifier = message.options.get(CLASS_IDENTIFIER)
    if class_identifier is None or not class_identifier.startswith(PXE_CLASS):
        return None
    classes = user_classes(message.options.get(USER_CLASS))
    return PxeClient(
        link_address=message.chaddr,
        architectures=message.options.get(CLIENT_ARCHITECTURE) or (_architecture_in_class(class_identifier),),
        uuid=_uuid(message.options.get(CLIENT_MACHINE_ID)),
        network_interface=_network_interface(message.options.get(CLIENT_INTERFACE)),
        user_classes=classes,
        ipxe="iPXE" in classes or IPXE_ENCAPSULATED.code in message.options,
        class_identifier=class_identifier,
    )


def class_identifier(architecture: int, interface: NetworkInterface) -> str:
    """A client's option 60, 32 characters."""
    return f"PXEClient:Arch:{architecture:05}:UNDI:{interface.major:03}{interface.minor:03}"


def _architecture_in_class(class_identifier: str) -> int:
    """RFC 4578 §2.1 asks for option 93; old ROMs without it still write the number into option 60."""
    form = _CLASS_FORM.match(class_identifier)
    return int(form[1]) if form else X86_BIOS


def _uuid(value: bytes | None) -> UUID | None:
    """Option 97: a type byte and a UUID with its first three fields little-endian, as SMBIOS keeps it."""
    if value is None or not value or value[0] != _UUID_TYPE:
        return None
    if len(value) != 1 + _UUID_SIZE:
        raise DecodeError("option 97", 0, f"client-machine-id: {len(value)} bytes where a UUID has 17")
    if value[1:] in (bytes(_UUID_SIZE), b"\xff" * _UUID_SIZE):
        # Never programmed: every such board would pass for the same machine.
        return None
    return UUID(bytes_le=value[1:])


def _network_interface(value: bytes | None) -> NetworkInterface | None:
    if value is None:
        return None
    if len(value) != len(NetworkInterface._fields):
        raise DecodeError("option 94", 0, f"client-interface: {len(value)} bytes where it has 3")
    return NetworkInterface(*value)
