"""What a value in wireboot.toml may be, and what all of its tables have in common."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict, StrictInt, ValidationInfo

from wireboot.config.values import (
    AddressPool,
    ListenAddress,
    parse_architecture,
    parse_boot_file_name,
    parse_each,
    parse_host_name,
    parse_identifier,
    parse_ipv4,
    parse_ipv4_network,
    parse_ipv4_pool,
    parse_ipv6_network,
    parse_ipv6_range,
    parse_layers,
    parse_listen_address,
    parse_mac,
    parse_mac_prefix,
    parse_menu_text,
    parse_multicast,
    parse_multicast_range,
    parse_name,
    parse_quirk_effect,
    parse_share,
    parse_text,
    parse_undi_version,
    parse_uuid,
)
from wireboot.protocols.pxe.quirks import Effect
from wireboot.wire.addresses import AddressRange

T = TypeVar("T")


def _written_as_text(kind: type[T], parse: Callable[[object], T]) -> PlainValidator:
    """Text in the file; in the program also the value itself."""
    return PlainValidator(lambda value: value if isinstance(value, kind) else parse(value))


def _parse_path(value: object, info: ValidationInfo) -> Path:
    """A relative path counts from the folder of the configuration file, which the context carries."""
    if isinstance(value, Path):
        return value
    if not parse_text(value):
        raise ValueError("the path is empty")
    folder = info.context["folder"] if isinstance(info.context, dict) else Path()
    assert isinstance(folder, Path)
    return folder / parse_text(value)


Text: TypeAlias = Annotated[str, PlainValidator(parse_text)]
Name: TypeAlias = Annotated[str, PlainValidator(parse_name)]
HostName: TypeAlias = Annotated[str, PlainValidator(parse_host_name)]
BootFileName: TypeAlias = Annotated[str, PlainValidator(parse_boot_file_name)]
FolderPath: TypeAlias = Annotated[Path, PlainValidator(_parse_path)]
Mac: TypeAlias = Annotated[bytes, _written_as_text(bytes, parse_mac)]
Uuid: TypeAlias = Annotated[UUID, _written_as_text(UUID, parse_uuid)]
Ipv4: TypeAlias = Annotated[IPv4Address, _written_as_text(IPv4Address, parse_ipv4)]
Ipv4Net: TypeAlias = Annotated[IPv4Network, _written_as_text(IPv4Network, parse_ipv4_network)]
Ipv6Net: TypeAlias = Annotated[IPv6Network, _written_as_text(IPv6Network, parse_ipv6_network)]
Ipv4Pool: TypeAlias = Annotated[AddressPool, _written_as_text(AddressPool, parse_ipv4_pool)]
Ipv6Range: TypeAlias = Annotated[AddressRange[IPv6Address], _written_as_text(AddressRange, parse_ipv6_range)]
Listen: TypeAlias = Annotated[ListenAddress, _written_as_text(ListenAddress, parse_listen_address)]
Multicast: TypeAlias = Annotated[IPv4Address, _written_as_text(IPv4Address, parse_multicast)]
MulticastRange: TypeAlias = Annotated[AddressRange[IPv4Address], _written_as_text(AddressRange, parse_multicast_range)]
MenuText: TypeAlias = Annotated[str, PlainValidator(parse_menu_text)]
Layers: TypeAlias = Annotated[tuple[str, ...], PlainValidator(parse_layers)]
QuirkEffect: TypeAlias = Annotated[Effect, _written_as_text(Effect, parse_quirk_effect)]
ArchitectureCodes: TypeAlias = Annotated[tuple[int, ...], _written_as_text(tuple, parse_architecture)]
UndiVersion: TypeAlias = Annotated[tuple[int, int], _written_as_text(tuple, parse_undi_version)]
MacPrefix: TypeAlias = Annotated[bytes, _written_as_text(bytes, parse_mac_prefix)]
Identifier: TypeAlias = Annotated[bytes, _written_as_text(bytes, parse_identifier)]
Share: TypeAlias = Annotated[float, _written_as_text(float, parse_share)]
TagSeconds: TypeAlias = Annotated[StrictInt, Field(ge=0, le=255)]
# 0 stands for the local disk (PXE 2.1 table 2-1, tag 9).
BootServerType: TypeAlias = Annotated[StrictInt, Field(ge=1, le=0xFFFF)]
Port: TypeAlias = Annotated[int, Strict(), Field(ge=1, le=0xFFFF)]
# 0xFFFFFFFF would be a lease for ever (RFC 2131 §3.3): no address would ever come back.
LeaseTime: TypeAlias = Annotated[StrictInt, Field(ge=1, lt=0xFFFFFFFF)]


def _one_or_more(parse: Callable[[object], object]) -> PlainValidator:
    """One value in the file, or a list of them."""
    return PlainValidator(parse_each(parse))


Names: TypeAlias = Annotated[tuple[str, ...], _one_or_more(parse_name)]
Architectures: TypeAlias = Annotated[tuple[tuple[int, ...], ...], _one_or_more(parse_architecture)]
MacPrefixes: TypeAlias = Annotated[tuple[bytes, ...], _one_or_more(parse_mac_prefix)]
Ipv4s: TypeAlias = Annotated[tuple[IPv4Address, ...], _one_or_more(parse_ipv4)]
Identifiers: TypeAlias = Annotated[tuple[bytes, ...], _one_or_more(parse_identifier)]
Uuids: TypeAlias = Annotated[tuple[UUID, ...], _one_or_more(parse_uuid)]


class Table(BaseModel):
    """A table of the file. Frozen; a key that the contract does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
