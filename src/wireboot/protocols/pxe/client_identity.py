"""What a PXE client says of itself in every request (PXE 2.1 §2.2.1, RFC 4578)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    CLIENT_IDENTIFIER,
    CLIENT_INTERFACE,
    CLIENT_MACHINE_ID,
    IPXE_ENCAPSULATED,
    MAXIMUM_MESSAGE_SIZE,
    PARAMETER_REQUEST_LIST,
    USER_CLASS,
)
from wireboot.protocols.pxe.identity import NetworkInterface
from wireboot.wire.option_table import Options

_UUID_TYPE = b"\0"


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """A machine, or what passes for one."""

    link_address: bytes
    uuid: UUID | None
    """None: never programmed, sent as all zero."""
    architectures: tuple[int, ...]
    """IANA numbers, the most preferred first; never empty."""
    network_interface: NetworkInterface
    class_identifier: str
    parameter_requests: tuple[int, ...]
    """Option 55."""
    message_size_max: int
    """Option 57: bytes, IP and UDP headers included."""
    user_class: bytes = b""
    """Option 77 as it stands on the wire; empty: left out. `user_class_items` makes one."""
    client_identifier: bytes = b""
    """Option 61; empty: left out."""
    ipxe_features: bytes = b""
    """Option 175; empty: left out."""

    def options(self) -> Options:
        """All that identifies the client; in no particular order."""
        uuid = bytes(16) if self.uuid is None else self.uuid.bytes_le
        options = (
            Options()
            .with_option(MAXIMUM_MESSAGE_SIZE, self.message_size_max)
            .with_option(PARAMETER_REQUEST_LIST, self.parameter_requests)
            .with_option(CLASS_IDENTIFIER, self.class_identifier)
            .with_option(CLIENT_ARCHITECTURE, self.architectures)
            .with_option(CLIENT_INTERFACE, bytes(self.network_interface))
            .with_option(CLIENT_MACHINE_ID, _UUID_TYPE + uuid)
        )
        for option, value in (
            (USER_CLASS, self.user_class),
            (CLIENT_IDENTIFIER, self.client_identifier),
            (IPXE_ENCAPSULATED, self.ipxe_features),
        ):
            if value:
                options = options.with_option(option, value)
        return options


def user_class_items(*names: str) -> bytes:
    """The value of option 77 in the form of RFC 3004 §4: items, each with its length before it."""
    items = [name.encode("latin-1") for name in names]
    return b"".join(bytes([len(item)]) + item for item in items)
