"""What a translation amounts to: wireboot's configuration, each part with the place that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from wireboot.migrate.lease_times import LeaseTimes
from wireboot.migrate.marks import Mark
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
class ClassMatch:
    """What members of a class say: of each key one of the values, and all of the options."""

    values: Mapping[str, tuple[str, ...]]
    options: Mapping[str, OptionValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientClass:
    name: str
    place: Place
    match: ClassMatch
    options: tuple[OptionSetting, ...] = ()
    lease_time_s: int | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    range: AddressRange[IPv4Address]
    place: Place
    classes: tuple[str, ...] = ()
    not_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    mark: Mark
    """Whom it is for."""
    address: IPv4Address | None
    hostname: str | None
    place: Place
    options: tuple[OptionSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class Subnet:
    network: IPv4Network
    place: Place
    times: LeaseTimes
    pools: tuple[Pool, ...] = ()
    options: tuple[OptionSetting, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    shared_network: str | None = None


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
    authoritative: bool | None = None
    rapid_commit: bool = False
    bootp: bool = False
    options: tuple[OptionSetting, ...] = ()
    """Of all subnets."""
    classes: tuple[ClientClass, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    default_profile: str | None = None
    profiles: tuple[Profile, ...] = ()
    menus: tuple[Menu, ...] = ()
    machines: tuple[Machine, ...] = ()
    origins: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    """Where boot_dir, interfaces and what is said of all of DHCP come from."""
