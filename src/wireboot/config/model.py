"""What wireboot.toml may say: every table and key with its type, default, meaning and an example.

`docs/reference/configuration.md` explains the same keys to people; findings quote the examples as remedies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict, StrictBool, StrictInt, ValidationInfo
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from wireboot.config.values import (
    QUIRK_EFFECTS,
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
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.quirks import Effect
from wireboot.wire.addresses import AddressRange

T = TypeVar("T")

IGNORE = "ignore"
"""The profile that is no profile: wireboot does not answer."""


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


class Network(Table):
    interfaces: tuple[Name, ...] = Field(
        default=(), description="a list of network interfaces; none: every usable one", examples=['["eth0"]']
    )


class Dhcp4Reservation(Table):
    """For one client, told by one mark of its own: `mac`, `client_id`, `uuid`, or a port of a switch."""

    mac: Mac | None = Field(default=None, description="the machine's MAC address", examples=['"52:54:00:77:00:10"'])
    client_id: Identifier | None = Field(
        default=None,
        description="the client identifier (option 61), as text or in hexadecimal after 0x",
        examples=['"0xff:00:00:00:01"'],
    )
    uuid: Uuid | None = Field(
        default=None, description="the machine's SMBIOS UUID", examples=['"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"']
    )
    circuit_id: Identifier | None = Field(
        default=None,
        description="the port of a switch as the switch calls it, as text or in hexadecimal after 0x",
        examples=['"eth0/7"'],
    )
    remote_id: Identifier | None = Field(
        default=None,
        description="the switch as it calls itself, as text or in hexadecimal after 0x",
        examples=['"0x0012:3456:789a"'],
    )
    relay: Ipv4 | None = Field(default=None, description="the relay of that port", examples=['"10.77.1.254"'])
    address: Ipv4 | None = Field(
        default=None,
        description="the IPv4 address kept for it; none: one of the pools",
        examples=['"10.77.0.50"'],
    )
    hostname: HostName | None = Field(default=None, description="the host name it is told", examples=['"node-1"'])
    options: Mapping[Text, object] = Field(
        default={},
        description="a table of DHCP options by IANA's name or number",
        examples=['{ root-path = "10.77.0.2:/srv/node-1" }'],
    )


class LentAddresses(Table):
    """Addresses of one network, and what goes with them."""

    network: Ipv4Net = Field(description="an IPv4 network", examples=['"10.77.0.0/24"'])
    pools: tuple[Ipv4Pool, ...] = Field(
        default=(),
        description=(
            "a list of ranges, each a first and a last address, one address or a network, or a table with `range`, "
            "`classes` and `not_classes`"
        ),
        examples=['["10.77.0.100-10.77.0.200"]'],
    )
    lease_time_s: LeaseTime = Field(
        default=3600, description="for how many whole seconds an address is lent", examples=["3600"]
    )
    options: Mapping[Text, object] = Field(
        default={},
        description="a table of DHCP options by IANA's name or number",
        examples=['{ routers = ["10.77.0.1"] }'],
    )


class Dhcp4Subnet(LentAddresses):
    shared_network: Name | None = Field(
        default=None, description="a name that all subnets of one link have in common", examples=['"hall"']
    )
    lease_time_min_s: LeaseTime | None = Field(
        default=None,
        description="the shortest lease that a client may ask for, in whole seconds; none: its wish does not matter",
        examples=["600"],
    )
    lease_time_max_s: LeaseTime | None = Field(
        default=None,
        description="the longest lease that a client may ask for, in whole seconds; none: its wish does not matter",
        examples=["86400"],
    )
    renewal_time_s: LeaseTime | None = Field(
        default=None,
        description="after how many whole seconds a client renews its lease; none: half of the lease",
        examples=["1800"],
    )
    rebinding_time_s: LeaseTime | None = Field(
        default=None,
        description="after how many whole seconds it asks any server; none: seven eighths of the lease",
        examples=["3150"],
    )
    reservations: tuple[Dhcp4Reservation, ...] = Field(
        default=(),
        description="tables, one for each client with an address or options of its own",
        examples=["[[dhcp4.subnets.reservations]]"],
    )


class Dhcp4ClassMatch(Table):
    """What all members of a class say: of each key given one of the values."""

    architecture: Architectures = Field(
        default=(), description="a client architecture, or a list of them", examples=['["x86_64-uefi"]']
    )
    vendor_class: Names = Field(
        default=(),
        description="the vendor class (option 60), with a * at the end how it begins, or a list of them",
        examples=['"PXEClient*"'],
    )
    user_class: Names = Field(
        default=(), description="a user class (option 77), or a list of them", examples=['"iPXE"']
    )
    mac: MacPrefixes = Field(
        default=(), description="how the MAC address begins, or a list of that", examples=['"52:54:00"']
    )
    relay: Ipv4s = Field(
        default=(), description="the address of a relay, or a list of them", examples=['"10.77.1.254"']
    )
    circuit_id: Identifiers = Field(
        default=(),
        description="the port of a switch as the switch calls it, as text or in hexadecimal after 0x, or a list",
        examples=['"eth0/7"'],
    )
    remote_id: Identifiers = Field(
        default=(),
        description="the switch as it calls itself, as text or in hexadecimal after 0x, or a list of them",
        examples=['"switch-3"'],
    )
    uuid: Uuids = Field(
        default=(),
        description="a machine's SMBIOS UUID, or a list of them",
        examples=['"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"'],
    )
    option: Mapping[Text, object] = Field(
        default={},
        description="a table of DHCP options that the client sends, by IANA's name or number",
        examples=['{ client-interface = "01:03:10" }'],
    )


class Dhcp4Class(Table):
    name: Name = Field(description="a name of your choice", examples=['"uefi"'])
    options: Mapping[Text, object] = Field(
        default={},
        description="a table of DHCP options by IANA's name or number",
        examples=['{ domain-name = "lab.example" }'],
    )
    lease_time_s: LeaseTime | None = Field(
        default=None,
        description="for how many whole seconds an address is lent; none: the subnet's lease_time_s",
        examples=["600"],
    )
    match: Dhcp4ClassMatch = Field(default=Dhcp4ClassMatch(), description="a table", examples=["[dhcp4.classes.match]"])


class Dhcp4ProxyFallback(LentAddresses):
    """What firmware gets that takes no offer but a complete one."""

    lease_time_s: LeaseTime = Field(
        default=300, description="for how many whole seconds an address is lent", examples=["300"]
    )


class Dhcp4(Table):
    mode: Literal["server", "proxy", "off"] = Field(
        default="proxy", description='one of "server", "proxy" and "off"', examples=['"proxy"']
    )
    authoritative: StrictBool = Field(default=True, description="true or false", examples=["true"])
    rapid_commit: StrictBool = Field(default=False, description="true or false", examples=["false"])
    bootp: StrictBool = Field(default=False, description="true or false", examples=["false"])
    reserved_share: Share = Field(
        default=0.1, description="a share of every pool, from 0% to 100%", examples=['"10%"']
    )
    options: Mapping[Text, object] = Field(
        default={},
        description="a table of DHCP options by IANA's name or number, for all subnets",
        examples=['{ domain-name-servers = ["10.77.0.1"] }'],
    )
    classes: tuple[Dhcp4Class, ...] = Field(
        default=(), description="tables, one for each class of clients", examples=["[[dhcp4.classes]]"]
    )
    subnets: tuple[Dhcp4Subnet, ...] = Field(
        default=(),
        description="tables, one for each network whose addresses are handed out",
        examples=["[[dhcp4.subnets]]"],
    )
    proxy_fallback: Dhcp4ProxyFallback | None = Field(
        default=None, description="a table; none: a proxy never gives an address", examples=["[dhcp4.proxy_fallback]"]
    )


class Dhcp6Subnet(Table):
    network: Ipv6Net = Field(description="an IPv6 network", examples=['"fd77::/64"'])
    pools: tuple[Ipv6Range, ...] = Field(
        default=(),
        description="a list of ranges, each a first and a last address, one address or a network",
        examples=['["fd77::100-fd77::1ff"]'],
    )


class Dhcp6(Table):
    mode: Literal["server", "stateless", "off"] = Field(
        default="off", description='one of "server", "stateless" and "off"', examples=['"off"']
    )
    router_advertisements: StrictBool = Field(default=False, description="true or false", examples=["false"])
    subnets: tuple[Dhcp6Subnet, ...] = Field(
        default=(),
        description="tables, one for each network whose addresses are handed out",
        examples=["[[dhcp6.subnets]]"],
    )


class Tftp(Table):
    port: Port = Field(default=69, description="a UDP port from 1 to 65535", examples=["69"])
    multicast_groups: MulticastRange | None = Field(
        default=None,
        description="a range of multicast addresses; none: every client gets a transfer of its own",
        examples=['"239.255.69.0/24"'],
    )
    multicast_port: Port = Field(default=1758, description="a UDP port from 1 to 65535", examples=["1758"])


class MtftpFile(Table):
    file: BootFileName = Field(description="a file below boot_dir", examples=['"pxelinux.0"'])
    group: Multicast = Field(description="a multicast address of its own", examples=['"239.255.77.1"'])


class Mtftp(Table):
    server_port: Port = Field(default=1759, description="a UDP port from 1 to 65535", examples=["1759"])
    client_port: Port = Field(default=1760, description="a UDP port from 1 to 65535", examples=["1760"])
    listen_timeout_s: TagSeconds = Field(
        default=1, description="how many whole seconds clients listen before they ask, from 0 to 255", examples=["1"]
    )
    transmit_timeout_s: TagSeconds = Field(
        default=2, description="after how many whole seconds a packet is repeated, from 0 to 255", examples=["2"]
    )
    files: tuple[MtftpFile, ...] = Field(
        default=(), description="tables, one for each file sent by multicast", examples=["[[mtftp.files]]"]
    )


class PxeDiscovery(Table):
    broadcast: StrictBool = Field(default=False, description="true or false", examples=["false"])
    multicast: StrictBool = Field(default=False, description="true or false", examples=["false"])
    group: Multicast = Field(
        default=IPv4Address("224.0.1.2"), description="a multicast address", examples=['"224.0.1.2"']
    )
    only_listed: StrictBool = Field(default=True, description="true or false", examples=["true"])


class Pxe(Table):
    discovery: PxeDiscovery = Field(default=PxeDiscovery(), description="a table", examples=["[pxe.discovery]"])


class Http(Table):
    port: Port = Field(default=8080, description="a TCP port from 1 to 65535", examples=["8080"])


class Admin(Table):
    listen: Listen = Field(
        default=parse_listen_address("127.0.0.1:8081"),
        description="an IP address and a TCP port",
        examples=['"127.0.0.1:8081"'],
    )


class Database(Table):
    url: Name | None = Field(
        default=None,
        description="a database URL; none: a SQLite file in state_dir",
        examples=['"sqlite:////var/lib/wireboot/wireboot.sqlite"'],
    )


class Boot(Table):
    default_profile: Name | None = Field(
        default=None,
        description='the name of a profile, or "ignore"; none: the loaders found on this machine',
        examples=['"rescue"'],
    )


class Profile(Table):
    name: Name = Field(description="a name of your choice", examples=['"rescue"'])
    boot_program: Mapping[Text, Layers] = Field(
        default={},
        description="a table with a file below boot_dir, or a list of them, for each client architecture",
        examples=['{ "x86-bios" = "pxelinux.0", "x86_64-uefi" = "grubx64.efi" }'],
    )
    menu: Name | None = Field(default=None, description="the name of a menu", examples=['"main"'])
    kernel: BootFileName | None = Field(default=None, description="a file below boot_dir", examples=['"debian/linux"'])
    initrd: tuple[BootFileName, ...] = Field(
        default=(), description="a list of files below boot_dir", examples=['["debian/initrd.gz"]']
    )
    cmdline: Text = Field(default="", description="the kernel's command line", examples=['"auto=true"'])
    loader: Literal["auto", "ipxe", "grub", "pxelinux", "shim-grub"] = Field(
        default="auto", description='one of "auto", "ipxe", "grub", "pxelinux" and "shim-grub"', examples=['"auto"']
    )


class MenuEntry(Table):
    text: MenuText = Field(description="what the line says, in ASCII", examples=['"Rescue system"'])
    profile: Name | None = Field(default=None, description="the name of a profile", examples=['"rescue"'])
    servers: tuple[Ipv4, ...] = Field(
        default=(), description="a list of IPv4 addresses of other Boot Servers", examples=['["10.77.0.9"]']
    )
    local: StrictBool = Field(default=False, description="true or false", examples=["true"])
    type: BootServerType | None = Field(
        default=None,
        description="a Boot Server type from 1 to 65535; none: a number of its own, from 32768 on",
        examples=["32768"],
    )
    file: BootFileName | None = Field(
        default=None, description="a file on the other server, for loaders", examples=['"wdsnbp.com"']
    )


class Menu(Table):
    name: Name = Field(description="a name of your choice", examples=['"main"'])
    prompt: MenuText = Field(
        default="Press F8 for the boot menu",
        description="what the machine shows while it waits, in ASCII",
        examples=['"Press F8 for the boot menu"'],
    )
    timeout_s: TagSeconds = Field(
        default=10,
        description="whole seconds: 0 takes the first entry at once, 255 shows the menu and waits",
        examples=["10"],
    )
    style: Literal["auto", "pxe", "ipxe", "grub"] = Field(
        default="auto", description='one of "auto", "pxe", "ipxe" and "grub"', examples=['"auto"']
    )
    entries: tuple[MenuEntry, ...] = Field(
        default=(), description="tables, one for each line of the menu", examples=["[[menus.entries]]"]
    )


class Credential(Table):
    boot_file: BootFileName = Field(description="a file below boot_dir", examples=['"pxelinux.0"'])
    file: BootFileName | None = Field(
        default=None,
        description="a file below boot_dir that vouches for it; none: the boot file's name and .manifest.p7m",
        examples=['"pxelinux.0.manifest.p7m"'],
    )
    trust: FolderPath = Field(description="the file of the anchor's certificate", examples=['"anchor.pem"'])


class Quirk(Table):
    name: Name = Field(description="a name of your choice", examples=['"old server boards"'])
    effects: tuple[QuirkEffect, ...] = Field(
        description=f"a list of {', '.join(map(repr, QUIRK_EFFECTS))}", examples=['["discovery-control-8"]']
    )
    vendor_class: Name = Field(
        default="PXEClient", description="how the vendor class begins", examples=['"PXEClient:Arch:00007"']
    )
    architectures: tuple[ArchitectureCodes, ...] = Field(
        default=(), description="a list of client architectures; none: all", examples=['["x86_64-uefi"]']
    )
    undi_versions: tuple[UndiVersion, ...] = Field(
        default=(), description="a list of UNDI versions; none: all", examples=['["3.16"]']
    )
    mac_prefixes: tuple[MacPrefix, ...] = Field(
        default=(), description="a list of beginnings of MAC addresses; none: all", examples=['["3c:ec:ef"]']
    )


class Machine(Table):
    name: Name = Field(description="a name of your choice", examples=['"node-1"'])
    mac: Mac | None = Field(default=None, description="the machine's MAC address", examples=['"52:54:00:77:00:10"'])
    uuid: Uuid | None = Field(
        default=None, description="the machine's SMBIOS UUID", examples=['"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"']
    )
    profile: Name | None = Field(
        default=None, description="the name of a profile; none: default_profile", examples=['"debian-12"']
    )


class Configuration(Table):
    """The whole file. `Configuration()` is what runs without one."""

    state_dir: FolderPath = Field(
        default=Path("/var/lib/wireboot"), description="a folder, made if absent", examples=['"/var/lib/wireboot"']
    )
    boot_dir: FolderPath = Field(default=Path("/srv/boot"), description="a folder", examples=['"/srv/boot"'])
    network: Network = Field(default=Network(), description="a table", examples=["[network]"])
    dhcp4: Dhcp4 = Field(default=Dhcp4(), description="a table", examples=["[dhcp4]"])
    dhcp6: Dhcp6 = Field(default=Dhcp6(), description="a table", examples=["[dhcp6]"])
    tftp: Tftp = Field(default=Tftp(), description="a table", examples=["[tftp]"])
    mtftp: Mtftp = Field(default=Mtftp(), description="a table", examples=["[mtftp]"])
    pxe: Pxe = Field(default=Pxe(), description="a table", examples=["[pxe]"])
    http: Http = Field(default=Http(), description="a table", examples=["[http]"])
    admin: Admin = Field(default=Admin(), description="a table", examples=["[admin]"])
    database: Database = Field(default=Database(), description="a table", examples=["[database]"])
    boot: Boot = Field(default=Boot(), description="a table", examples=["[boot]"])
    profiles: tuple[Profile, ...] = Field(
        default=(), description="tables, one for each profile", examples=["[[profiles]]"]
    )
    menus: tuple[Menu, ...] = Field(default=(), description="tables, one for each menu", examples=["[[menus]]"])
    credentials: tuple[Credential, ...] = Field(
        default=(), description="tables, one for each credential of a boot file", examples=["[[credentials]]"]
    )
    quirks: tuple[Quirk, ...] = Field(
        default=(), description="tables, one for each kind of firmware that needs it", examples=["[[quirks]]"]
    )
    machines: tuple[Machine, ...] = Field(
        default=(), description="tables, one for each machine", examples=["[[machines]]"]
    )

    @property
    def database_url(self) -> URL:
        """Raises OperatorError for what `wireboot check` finds to be none."""
        if self.database.url is not None:
            try:
                return make_url(self.database.url)
            except (ArgumentError, ValueError):
                # Without the text: there may be a password in it.
                raise OperatorError(
                    "`database.url` in the configuration is no URL of a database",
                    hint="`wireboot check` tells how to write it",
                    exit_code=2,
                ) from None
        return URL.create("sqlite", database=str((self.state_dir / "wireboot.sqlite").absolute()))
