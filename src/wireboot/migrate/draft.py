"""What a translation amounts to: wireboot's configuration, each part with the place that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from wireboot.migrate.option_values import OptionValue
from wireboot.migrate.report import Place
from wireboot.wire.addresses import AddressRange


@dataclass(frozen=True, slots=True)
class OptionSetting:
    """`name = value` in a table of DHCP options."""

    code: int
    name: str
    value: OptionValue
    place: Place


@dataclass(frozen=True, slots=True)
class Pool:
    range: AddressRange[IPv4Address]
    place: Place


@dataclass(frozen=True, slots=True)
class Reservation:
    mac: bytes
    address: IPv4Address
    hostname: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Subnet:
    network: IPv4Network
    place: Place
    lease_time_s: int
    pools: tuple[Pool, ...] = ()
    options: tuple[OptionSetting, ...] = ()
    reservations: tuple[Reservation, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A boot program for each architecture, or a menu."""

    name: str
    places: tuple[Place, ...]
    boot_program: Mapping[str, str] = field(default_factory=dict)
    menu: str | None = None


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Leads to a profile, to other Boot Servers by their type, or to the local disk where neither is given."""

    text: str
    places: tuple[Place, ...]
    profile: str | None = None
    servers: tuple[IPv4Address, ...] = ()
    type: int | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    name: str
    place: Place
    prompt: str | None
    timeout_s: int
    entries: tuple[MenuEntry, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    mac: bytes
    profile: str
    place: Place


@dataclass(frozen=True, slots=True)
class Draft:
    """None and empty stand for what the file is to leave to its default."""

    boot_dir: str | None = None
    interfaces: tuple[str, ...] = ()
    mode: Literal["server", "proxy"] | None = None
    subnets: tuple[Subnet, ...] = ()
    default_profile: str | None = None
    profiles: tuple[Profile, ...] = ()
    menus: tuple[Menu, ...] = ()
    machines: tuple[Machine, ...] = ()
    origins: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    """Where boot_dir, interfaces and mode come from."""
