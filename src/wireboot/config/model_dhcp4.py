"""What wireboot.toml may say of DHCPv4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, StrictBool

from wireboot.config.model_types import (
    Architectures,
    HostName,
    Identifier,
    Identifiers,
    Ipv4,
    Ipv4Net,
    Ipv4Pool,
    Ipv4s,
    LeaseTime,
    Mac,
    MacPrefixes,
    Name,
    Names,
    Share,
    Table,
    Text,
    Uuid,
    Uuids,
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
    reserved_share: Share = Field(default=0.1, description="a share of every pool, from 0% to 100%", examples=['"10%"'])
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
