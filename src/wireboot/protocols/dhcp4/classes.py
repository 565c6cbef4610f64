"""Classes of clients, told by what a request says: for settings of their own, and for pools that only they use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLASS_IDENTIFIER, CLIENT_ARCHITECTURE, CLIENT_MACHINE_ID, USER_CLASS
from wireboot.protocols.dhcp4.relay import RelayInformation
from wireboot.protocols.dhcp4.user_class import user_classes
from wireboot.wire.option_table import Options

_UUID_TYPE = b"\0"
_UUID_SIZE = 16
_NEVER_PROGRAMMED = (bytes(_UUID_SIZE), b"\xff" * _UUID_SIZE)


@dataclass(frozen=True, slots=True)
class Match:
    """What a request must say. Of each thing given one of the values must be there; what is empty does not matter."""

    architectures: frozenset[int] = frozenset()
    vendor_classes: tuple[str, ...] = ()
    """Whole, or with a `*` at the end how it begins."""
    user_classes: frozenset[str] = frozenset()
    mac_prefixes: tuple[bytes, ...] = ()
    relays: frozenset[IPv4Address] = frozenset()
    circuit_ids: frozenset[bytes] = frozenset()
    remote_ids: frozenset[bytes] = frozenset()
    uuids: frozenset[bytes] = frozenset()
    """In the byte order of option 97."""
    options: Mapping[int, bytes] = field(default_factory=dict)

    def fits(self, request: Message, relay: RelayInformation) -> bool:
        options = request.options
        return (
            (not self.architectures or not self.architectures.isdisjoint(_architectures(options)))
            and (not self.vendor_classes or self._fits_vendor_class(options))
            and (not self.user_classes or not self.user_classes.isdisjoint(_user_classes(options)))
            and (not self.mac_prefixes or request.chaddr.startswith(self.mac_prefixes))
            and (not self.relays or request.giaddr in self.relays)
            and (not self.circuit_ids or relay.circuit_id in self.circuit_ids)
            and (not self.remote_ids or relay.remote_id in self.remote_ids)
            and (not self.uuids or machine_uuid(request) in self.uuids)
            and all(code in options and options[code] == value for code, value in self.options.items())
        )

    def _fits_vendor_class(self, options: Options) -> bool:
        vendor_class = options.get(CLASS_IDENTIFIER)
        return vendor_class is not None and any(
            vendor_class.startswith(each[:-1]) if each.endswith("*") else vendor_class == each
            for each in self.vendor_classes
        )


@dataclass(frozen=True, slots=True)
class ClientClass:
    """Clients with something in common."""

    name: str
    match: Match
    options: Options = field(default_factory=Options)
    lease_time_s: int | None = None
    """None: the subnet's."""


def machine_uuid(message: Message) -> bytes:
    """The SMBIOS UUID of option 97 as it stands there; empty where there is none that is one machine's."""
    return read_machine_uuid(message.options.get(CLIENT_MACHINE_ID))


def read_machine_uuid(value: bytes | None) -> bytes:
    """The same from the value of option 97."""
    if value is None or len(value) != 1 + _UUID_SIZE or value[:1] != _UUID_TYPE or value[1:] in _NEVER_PROGRAMMED:
        return b""
    return value[1:]


def _architectures(options: Options) -> tuple[int, ...]:
    try:
        return options.get(CLIENT_ARCHITECTURE) or ()
    except DecodeError:
        # An address is no reason to be strict about what is for booting only.
        return ()


def _user_classes(options: Options) -> tuple[str, ...]:
    return user_classes(options.get(USER_CLASS))
