"""What wireboot.toml may say: every table and key with its type, default, meaning and an example.

`docs/reference/configuration.md` explains the same keys to people; findings quote the examples as remedies.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from pydantic import Field, StrictBool
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from wireboot.config.model_dhcp4 import Dhcp4
from wireboot.config.model_types import (
    ArchitectureCodes,
    BootFileName,
    BootServerType,
    FolderPath,
    Ipv4,
    Ipv6Net,
    Ipv6Range,
    Layers,
    Listen,
    Mac,
    MacPrefix,
    MenuText,
    Multicast,
    MulticastRange,
    Name,
    Port,
    QuirkEffect,
    Table,
    TagSeconds,
    Text,
    UndiVersion,
    Uuid,
)
from wireboot.config.values import QUIRK_EFFECTS, parse_listen_address
from wireboot.errors import OperatorError

IGNORE = "ignore"
"""The profile that is no profile: wireboot does not answer."""


class Network(Table):
    interfaces: tuple[Name, ...] = Field(
        default=(), description="a list of network interfaces; none: every usable one", examples=['["eth0"]']
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
