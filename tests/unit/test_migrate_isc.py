"""ISC's configuration as wireboot's (dhcpd.conf(5)): what it becomes, and what is told of the rest."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

import pytest

from tests.support.migrate import SERVER, VECTORS, check_errors, config, lines, mac_of, told
from tests.support.migrate import translated as translate
from wireboot.config.model import Configuration
from wireboot.config.model_dhcp4 import Dhcp4Subnet
from wireboot.migrate.report import SourceSyntaxError
from wireboot.migrate.translate import Origin, Translated

SUBNET = "subnet 10.77.0.0 netmask 255.255.255.0 { }\n"
ARCH = "option arch code 93 = unsigned integer 16;\n"


def translated(text: str, files: dict[str, str] | None = None) -> Translated:
    return translate(text, Origin.ISC, own=(SERVER,), files=files)


def in_subnet(text: str, before: str = "") -> Dhcp4Subnet:
    (only,) = config(translated(f"{before}subnet 10.77.0.0 netmask 255.255.255.0 {{ {text} }}")).dhcp4.subnets
    return only


def boot_program(text: str) -> dict[str, str]:
    (profile,) = config(translated(ARCH + text)).profiles
    return {architecture: file for architecture, (file,) in profile.boot_program.items()}


def machine_programs(configuration: Configuration) -> dict[str, dict[str, tuple[str, ...]]]:
    programs = {profile.name: dict(profile.boot_program) for profile in configuration.profiles}
    return {machine.name: programs[str(machine.profile)] for machine in configuration.machines}


# Subnets


def test_a_subnet_with_its_ranges_and_lease_time() -> None:
    subnet = in_subnet("default-lease-time 600; range 10.77.0.100 10.77.0.150; range dynamic-bootp 10.77.0.160;")
    assert (subnet.network, subnet.lease_time_s) == (IPv4Network("10.77.0.0/24"), 600)
    assert [str(pool) for pool in subnet.pools] == ["10.77.0.100-10.77.0.150", "10.77.0.160-10.77.0.160"]


def test_what_is_set_around_a_subnet_holds_in_it_wherever_it_stands() -> None:
    text = "default-lease-time 600; subnet 10.77.0.0 netmask 255.255.255.0 { option routers 10.77.0.1; }"
    (subnet,) = config(translated(text + "option ntp-servers 10.77.0.2; option routers 10.77.0.9;")).dhcp4.subnets
    assert subnet.lease_time_s == 600
    assert subnet.options == {"routers": ["10.77.0.1"], "ntp-servers": ["10.77.0.2"]}


def test_without_a_word_dhcpd_lends_for_twelve_hours() -> None:
    assert in_subnet("").lease_time_s == 43200


def test_a_group_of_subnets_gives_them_what_it_sets() -> None:
    text = "group { option ntp-servers 10.77.0.2; subnet 10.77.0.0 netmask 255.255.255.0 { } }"
    assert config(translated(text)).dhcp4.subnets[0].options == {"ntp-servers": ["10.77.0.2"]}


def test_what_a_group_of_hosts_sets_is_the_hosts_and_not_the_subnets_around_it() -> None:
    host = "host a { hardware ethernet 52:54:00:77:00:10; option ntp-servers 10.77.0.3; }"
    text = f'group {{ option ntp-servers 10.77.0.2; option root-path "/a"; {host} }}'
    result = translated(f"subnet 10.77.0.0 netmask 255.255.255.0 {{ {text} }}")
    (only,) = config(result).dhcp4.subnets
    assert only.options == {}
    assert [each.options for each in only.reservations] == [{"ntp-servers": ["10.77.0.3"], "root-path": "/a"}]
    assert lines(result) == []


def test_what_all_subnets_have_from_one_line_is_said_once() -> None:
    text = "option ntp-servers 10.77.0.2;" + "".join(
        f"subnet 10.{number}.0.0 netmask 255.255.255.0 {{ option routers 10.{number}.0.1; }}" for number in (77, 78)
    )
    dhcp4 = config(translated(text)).dhcp4
    assert dhcp4.options == {"ntp-servers": ["10.77.0.2"]}
    assert [each.options for each in dhcp4.subnets] == [{"routers": ["10.77.0.1"]}, {"routers": ["10.78.0.1"]}]


def test_the_pool_of_a_shared_network_goes_to_the_subnet_of_each_range() -> None:
    text = (
        "shared-network lab {\nsubnet 10.77.0.0 netmask 255.255.255.0 { }\nsubnet 10.78.0.0 netmask 255.255.255.0 { }\n"
        "pool { range 10.77.0.10 10.77.0.20; range 10.78.0.10 10.78.0.20; range 10.79.0.1 10.79.0.2; } }"
    )
    result = translated(text)
    assert [str(subnet.pools[0]) for subnet in config(result).dhcp4.subnets] == [
        "10.77.0.10-10.77.0.20",
        "10.78.0.10-10.78.0.20",
    ]
    assert [subnet.shared_network for subnet in config(result).dhcp4.subnets] == ["lab", "lab"]
    assert lines(result) == [4]  # the range that is nowhere


def test_a_shared_network_of_one_subnet_is_none() -> None:
    result = translated("shared-network lab { subnet 10.77.0.0 netmask 255.255.255.0 { } }")
    assert config(result).dhcp4.subnets[0].shared_network is None


def test_lease_times_have_limits_and_clients_are_told_when_to_renew() -> None:
    """The lease is between its limits, also where it is not said to be."""
    subnet = in_subnet(
        "default-lease-time 600; min-lease-time 900; max-lease-time 7200;"
        "option dhcp-renewal-time 300; option dhcp-rebinding-time 500;"
    )
    assert (subnet.lease_time_s, subnet.lease_time_min_s, subnet.lease_time_max_s) == (900, 900, 7200)
    assert (subnet.renewal_time_s, subnet.rebinding_time_s) == (300, 500)


@pytest.mark.parametrize(
    "times",
    [
        "default-lease-time 600;\nmin-lease-time 900; max-lease-time 300;",
        "default-lease-time 600;\noption dhcp-renewal-time 600;",
        "default-lease-time 600;\noption dhcp-renewal-time 500; option dhcp-rebinding-time 400;",
        "\nmax-lease-time x;",
        "pool {\nmax-lease-time 600; }",
    ],
)
def test_lease_times_that_do_not_fit_each_other_are_told(times: str) -> None:
    result = translated(f"subnet 10.77.0.0 netmask 255.255.255.0 {{ {times} }}")
    assert check_errors(result) == []
    assert lines(result) == [2]


@pytest.mark.parametrize(
    ("limits", "classes", "not_classes"),
    [
        ('allow members of "voip";', ("voip",), ()),
        ('deny members of "voip";', (), ("voip",)),
        ('allow members of "uefi"; allow members of "voip"; deny members of "voip";', ("uefi",), ("voip",)),
        ("allow unknown-clients;", (), ()),
    ],
)
def test_pools_are_for_classes(limits: str, classes: tuple[str, ...], not_classes: tuple[str, ...]) -> None:
    declared = (
        'class "voip" { match if substring(hardware, 1, 3) = 00:04:f2; }\n'
        f'{ARCH}class "uefi" {{ match if option arch = 00:07; }}\n'
    )
    (pool,) = in_subnet(f"pool {{ {limits} range 10.77.0.100 10.77.0.110; }}", before=declared).pools
    assert (pool.classes, pool.not_classes) == (classes, not_classes)


def test_bootp_and_authority_are_for_all() -> None:
    text = "{}subnet 10.77.0.0 netmask 255.255.255.0 {{ range {} 10.77.0.100 10.77.0.110; }}"
    as_asked = config(translated(text.format("authoritative;", "dynamic-bootp"))).dhcp4
    without = config(translated(text.format("", ""))).dhcp4
    withdrawn = config(translated(text.format("authoritative; not authoritative;", ""))).dhcp4
    assert (as_asked.authoritative, as_asked.bootp) == (True, True)
    assert (without.authoritative, without.bootp) == (False, False)
    assert not withdrawn.authoritative
    assert lines(translated(SUBNET.replace("}", "authoritative; }"))) == [1]


@pytest.mark.parametrize(
    "pool",
    [
        'pool { allow members of "voip"; range 10.77.0.100 10.77.0.110; }',
        "pool { deny unknown-clients; range 10.77.0.100 10.77.0.110; }",
        "range 10.77.0.110 10.77.0.100;",
        "range 10.78.0.100 10.78.0.110;",
        "range name;",
    ],
)
def test_a_pool_that_cannot_be_said_is_told_and_left_out(pool: str) -> None:
    result = translated(f"subnet 10.77.0.0 netmask 255.255.255.0 {{\n{pool} }}")
    assert config(result).dhcp4.subnets[0].pools == ()
    assert set(lines(result)) == {2}


def test_the_ends_of_a_subnet_are_left_out_of_a_pool_and_told() -> None:
    result = translated("subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.0 10.77.0.255; }")
    assert [str(pool) for pool in config(result).dhcp4.subnets[0].pools] == ["10.77.0.1-10.77.0.254"]
    assert lines(result) == [1]


# Options


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ("option domain-name-servers 10.77.0.2, 10.77.0.3;", {"domain-name-servers": ["10.77.0.2", "10.77.0.3"]}),
        ('option domain-name "office.example";', {"domain-name": "office.example"}),
        ('option domain-search "office.example", "example";', {"domain-search": ["office.example", "example"]}),
        ("option ip-forwarding off;", {"ip-forwarding": False}),
        ("option default-ip-ttl 64;", {"default-ttl": 64}),
        ("option time-offset -3600;", {"time-offset": -3600}),
        ("option static-routes 10.90.0.1 10.77.0.254;", {"static-routes": [["10.90.0.1", "10.77.0.254"]]}),
        ("option unknown-224 01:02:ff;", {"224": "01:02:ff"}),
        ('option option-224 "office";', {"224": "6f:66:66:69:63:65"}),
    ],
)
def test_options_have_ianas_name_and_their_own_type(option: str, options: dict[str, object]) -> None:
    assert in_subnet(option).options == options


@pytest.mark.parametrize(
    ("kind", "value", "content"),
    [
        ("text", '"office"', "6f:66:66:69:63:65"),
        ("string", "1:2:ff", "01:02:ff"),
        ("boolean", "true", "01"),
        ("integer 32", "-2", "ff:ff:ff:fe"),
        ("signed integer 8", "-1", "ff"),
        ("unsigned integer 16", "0x102", "01:02"),
        ("array of ip-address", "10.77.0.2, 10.77.0.3", "0a:4d:00:02:0a:4d:00:03"),
        ("{ unsigned integer 8, ip-address }", "7, 10.77.0.2", "07:0a:4d:00:02"),
        ("array of { unsigned integer 8, unsigned integer 8 }", "1, 2, 3, 4", "01:02:03:04"),
    ],
)
def test_options_of_a_definition_of_its_own_are_their_bytes(kind: str, value: str, content: str) -> None:
    options = in_subnet(f"option site {value};", before=f"option site code 224 = {kind};\n").options
    assert options == {"224": content}


def test_a_definition_by_another_name_is_still_the_option_that_it_is() -> None:
    define = "option rfc3442-routes code 121 = array of unsigned integer 8;\n"
    options = in_subnet("option rfc3442-routes 16, 10, 90, 10, 77, 0, 254;", before=define).options
    assert options == {"classless-static-routes": ["10.90.0.0/16 via 10.77.0.254"]}


@pytest.mark.parametrize(
    "option",
    [
        "option nonsense 1;",
        "option interface-mtu many;",
        "option interface-mtu 70000;",
        "option routers router.office.example;",
        'option domain-name = concat("a", "b");',
        "option domain-name office;",
        "option dhcp-lease-time 600;",
        'option pxelinux.configfile "x";',
        "option space pxelinux;",
        "option broken code 300 = text;",
        "option broken code 224 = encapsulate x;",
    ],
)
def test_an_option_that_cannot_be_said_is_told(option: str) -> None:
    result = translated(f"subnet 10.77.0.0 netmask 255.255.255.0 {{ }}\n{option}\n")
    assert config(result).dhcp4.subnets[0].options == {}
    assert lines(result) == [2]


# Hosts


def test_hosts_are_reservations() -> None:
    """A MAC may leave out leading zeros."""
    text = SUBNET + 'host a { hardware ethernet 52:54:0:77:0:10; fixed-address 10.77.0.50; option host-name "node-1"; }'
    (reservation,) = config(translated(text)).dhcp4.subnets[0].reservations
    assert (mac_of(reservation), reservation.address, reservation.hostname) == (
        "52:54:00:77:00:10",
        IPv4Address("10.77.0.50"),
        "node-1",
    )


@pytest.mark.parametrize(
    ("mark", "key", "value"),
    [
        ('option dhcp-client-identifier "x";', "client_id", b"x"),
        ("option dhcp-client-identifier 1:2:ff;", "client_id", b"\1\2\xff"),
        ("host-identifier option dhcp-client-identifier ff:00;", "client_id", b"\xff\0"),
        ('host-identifier option agent.circuit-id "eth0/7";', "circuit_id", b"eth0/7"),
        ("host-identifier option agent.remote-id 00:12;", "remote_id", b"\0\x12"),
        (
            "host-identifier option pxe-client-id 00:4b:3c:2d:1e:5a:4b:6a:69:78:89:a5:b4:c3:d2:e1:f0;",
            "uuid",
            UUID("1e2d3c4b-4b5a-696a-7889-a5b4c3d2e1f0"),
        ),
    ],
)
def test_a_host_is_told_by_other_marks_as_well(mark: str, key: str, value: object) -> None:
    result = translated(f"{SUBNET}host a {{ {mark} fixed-address 10.77.0.50; }}")
    (reservation,) = config(result).dhcp4.subnets[0].reservations
    assert (getattr(reservation, key), reservation.mac) == (value, None)
    assert lines(result) == []


def test_a_host_with_two_marks_keeps_its_mac_and_is_told() -> None:
    text = 'option dhcp-client-identifier "x"; hardware ethernet 52:54:00:77:00:10; fixed-address 10.77.0.50;'
    result = translated(f"{SUBNET}host a {{ {text} }}")
    assert [mac_of(each) for each in config(result).dhcp4.subnets[0].reservations] == ["52:54:00:77:00:10"]
    assert lines(result) == [2]


def test_a_host_without_an_address_has_its_name_and_options_in_every_subnet() -> None:
    text = SUBNET + "subnet 10.78.0.0 netmask 255.255.255.0 { }\n"
    host = 'host a { hardware ethernet 52:54:00:77:00:10; option host-name "a"; option root-path "/a"; }'
    for subnet in config(translated(text + host)).dhcp4.subnets:
        (reservation,) = subnet.reservations
        assert (reservation.address, reservation.hostname, reservation.options) == (None, "a", {"root-path": "/a"})


@pytest.mark.parametrize(("names", "hostname"), [("on", "node-1"), ("off", None)])
def test_a_host_is_told_its_declarations_name_where_that_is_asked_for(names: str, hostname: str | None) -> None:
    text = f"use-host-decl-names {names}; {SUBNET}"
    result = translated(text + "host node-1 { hardware ethernet 52:54:00:77:00:10; fixed-address 10.77.0.50; }")
    assert config(result).dhcp4.subnets[0].reservations[0].hostname == hostname


@pytest.mark.parametrize(
    "host",
    [
        "fixed-address 10.77.0.50;",
        'host-identifier option vendor-class-identifier "x"; fixed-address 10.77.0.50;',
        "host-identifier option pxe-client-id 00:01:02; fixed-address 10.77.0.50;",
        'option dhcp-client-identifier ""; fixed-address 10.77.0.50;',
        "hardware ethernet 52:54:00:77:00:10;",
        "hardware ethernet 52:54:00:77:00:10; fixed-address node.office.example;",
        "hardware ethernet 52:54:00:77:00:10; fixed-address 10.90.0.1;",
        "hardware token-ring 52:54:00:77:00:10; fixed-address 10.77.0.50;",
        "hardware ethernet 01:00:5e:00:00:01; fixed-address 10.77.0.50;",
    ],
)
def test_a_host_that_cannot_be_said_is_told(host: str) -> None:
    result = translated(f"{SUBNET}host a {{ {host} }}")
    assert config(result).dhcp4.subnets[0].reservations == ()
    assert set(lines(result)) == {2}


def test_hosts_of_a_group_boot_what_the_group_says_and_nobody_else_does() -> None:
    """What stands in the host goes before it; and for other architectures they boot what all do."""
    text = (
        ARCH + 'if option arch = 00:07 { filename "grubx64.efi"; }\n'
        'group {\n filename "rescue.0";\n'
        " host node-1 { hardware ethernet 52:54:00:77:00:10; }\n"
        " host node-2 { hardware ethernet 52:54:00:77:00:11; }\n"
        ' host node-3 { hardware ethernet 52:54:00:77:00:12; filename "own.0"; }\n}\n'
    )
    result = config(translated(text))
    rescue = {"x86_64-uefi": ("grubx64.efi",), "x86-bios": ("rescue.0",)}
    assert machine_programs(result) == {
        "node-1": rescue,
        "node-2": rescue,
        "node-3": {"x86_64-uefi": ("grubx64.efi",), "x86-bios": ("own.0",)},
    }
    assert [profile.name for profile in result.profiles] == ["default", "node-1", "node-3"]


def test_a_boot_file_of_a_host_without_a_mac_is_told() -> None:
    assert lines(translated('host a {\noption dhcp-client-identifier "x";\nfilename "x.0"; }')) == [3]


# Boot files


@pytest.mark.parametrize(
    "condition",
    [
        "option arch = 00:07",
        "option arch = 0:7",
        "option pxe-system-type = 00:07",
        "(option arch = 00:07) or (option arch = 00:09)",
        'substring (option vendor-class-identifier, 0, 20) = "PXEClient:Arch:00007"',
        'substring (option vendor-class-identifier, 15, 5) = "00007"',
        'substring (option vendor-class-identifier, 10, 10) = "Arch:00007"',
        'substring (option vendor-class-identifier, 0, 9) = "PXEClient" and option arch = 00:07',
        'not (exists user-class and option user-class = "iPXE") and option arch = 00:07',
        "not exists gpxe.bus-id and option arch = 00:07",
        "exists arch and option arch = 00:07",
    ],
)
def test_conditions_that_name_an_architecture(condition: str) -> None:
    text = f'if {condition} {{ filename "grubx64.efi"; }} else {{ filename "pxelinux.0"; }}'
    assert boot_program(text) == {"x86_64-uefi": "grubx64.efi", "x86-bios": "pxelinux.0"}


def test_a_chain_of_conditions() -> None:
    """`else if` is `elsif`; what iPXE itself would get is told, and the rest is for who does not run it."""
    text = (
        'if exists user-class and option user-class = "iPXE" { filename "boot.ipxe"; }\n'
        'elsif option arch = 00:06 { filename "ia32.efi"; }\n'
        'else if option arch = 00:0b { filename "arm64.efi"; }\n'
        'else { filename "undionly.kpxe"; }'
    )
    assert boot_program(text) == {"x86-uefi": "ia32.efi", "arm64-uefi": "arm64.efi", "x86-bios": "undionly.kpxe"}
    warned = [what for severity, _, what in told(translated(ARCH + text)) if severity == "warning"]
    assert [what for what in warned if "boot.ipxe" in what]
    assert [what for what in warned if ".efi" in what] == []


def test_a_class_of_pxe_clients_is_everybody() -> None:
    text = (
        'class "pxe" { match if substring (option vendor-class-identifier, 0, 9) = "PXEClient";\n'
        'option vendor-class-identifier "PXEClient"; filename "pxelinux.0"; }'
    )
    assert boot_program(text) == {"x86-bios": "pxelinux.0"}


# Classes


def classes(text: str) -> dict[str, tuple[dict[str, object], dict[str, object], int | None]]:
    """What members of each class say, and what they are told."""
    result = translated(ARCH + SUBNET + text)
    assert check_errors(result) == []
    return {
        each.name: (each.match.model_dump(exclude_defaults=True), dict(each.options), each.lease_time_s)
        for each in config(result).dhcp4.classes
    }


@pytest.mark.parametrize(
    ("condition", "match"),
    [
        ("substring(hardware, 1, 3) = 00:04:f2", {"mac": (b"\0\4\xf2",)}),
        ("hardware = 1:52:54:00:77:00:10", {"mac": (bytes.fromhex("525400770010"),)}),
        ('option vendor-class-identifier = "MSFT 5.0"', {"vendor_class": ("MSFT 5.0",)}),
        ('substring(option vendor-class-identifier, 0, 9) = "PXEClient"', {"vendor_class": ("PXEClient*",)}),
        ('option user-class = "iPXE"', {"user_class": ("iPXE",)}),
        ('option agent.circuit-id = "eth0/7"', {"circuit_id": (b"eth0/7",)}),
        ("option agent.remote-id = 00:12", {"remote_id": (b"\0\x12",)}),
        ("option client-interface-id = 01:03:10", {"option": {"client-interface": "01:03:10"}}),
        ("option arch = 00:07 or option arch = 00:0b", {"architecture": ((7, 9), (11,))}),
        (
            'option arch = 00:00 and substring(option vendor-class-identifier, 0, 9) = "PXEClient"',
            {"architecture": ((0,),), "vendor_class": ("PXEClient*",)},
        ),
    ],
)
def test_a_class_is_of_who_says_so(condition: str, match: dict[str, object]) -> None:
    text = f'class "x" {{ match if {condition}; option root-path "/x"; default-lease-time 600; }}'
    assert classes(text) == {"x": (match, {"root-path": "/x"}, 600)}


def test_a_class_by_one_thing_or_another_is_two() -> None:
    text = 'class "x" { match if option arch = 00:07 or option user-class = "lab"; option root-path "/x"; }'
    assert [(name, list(match)) for name, (match, _, _) in classes(text).items()] == [
        ("x", ["architecture"]),
        ("x-2", ["user_class"]),
    ]


def test_a_class_by_a_list_of_values_has_them_as_members() -> None:
    """A subclass with settings of its own goes before its class."""
    text = (
        'class "x" { match hardware; option root-path "/x"; }\n'
        'subclass "x" 1:52:54:00:77:00:10;\nsubclass "x" 1:52:54:00:77:00:11 { option root-path "/y"; }\n'
    )
    first, second = bytes.fromhex("525400770010"), bytes.fromhex("525400770011")
    assert list(classes(text).values()) == [
        ({"mac": (second,)}, {"root-path": "/y"}, None),
        ({"mac": (first, second)}, {"root-path": "/x"}, None),
    ]


def test_options_under_a_condition_are_a_class() -> None:
    assert list(classes('if option arch = 00:07 { option root-path "/x"; }').values()) == [
        ({"architecture": ((7, 9),)}, {"root-path": "/x"}, None)
    ]


def test_a_chain_of_conditions_is_a_class_for_each_that_nobody_else_could_be_in() -> None:
    text = (
        'if option arch = 00:07 { option root-path "/x"; }\n'
        'elsif option arch = 00:00 { option root-path "/y"; }\n'
        'else {\noption root-path "/z"; }'
    )
    assert [options["root-path"] for _, options, _ in classes(text).values()] == ["/x", "/y"]
    assert lines(translated(ARCH + SUBNET + text)) == [6]


def test_conditions_on_the_same_line_of_two_files_are_two_classes() -> None:
    files = {name: f'if option arch = 00:0{name} {{ option root-path "/{name}"; }}' for name in ("6", "7")}
    result = translated(ARCH + SUBNET + 'include "6"; include "7";', files=files)
    assert [each.options["root-path"] for each in config(result).dhcp4.classes] == ["/6", "/7"]


@pytest.mark.parametrize(
    "text",
    [
        'class "x" { match if known;\noption root-path "/x"; }',
        'class "x" { match if not (option arch = 00:07);\noption root-path "/x"; }',
        'class "x" { match if substring(hardware, 2, 3) = 00:04:f2;\noption root-path "/x"; }',
        'class "x" {\noption root-path "/x"; }',
        'subclass "nowhere" 1:52:54:00:77:00:10 {\noption root-path "/x"; }',
        'if known { }\nelse { option root-path "/x"; }',
        'subnet 10.78.0.0 netmask 255.255.255.0 { if option arch = 00:07 {\noption root-path "/x"; } }',
    ],
)
def test_settings_of_a_class_that_cannot_be_said_are_told(text: str) -> None:
    result = translated(ARCH + text)
    assert config(result).dhcp4.classes == ()
    assert 3 in lines(result)


def test_a_boot_file_of_a_class_is_told_where_machines_of_it_cannot_be_told() -> None:
    text = 'class "voip" {\nmatch if substring (hardware, 1, 3) = 00:04:f2;\noption root-path "/x";\nfilename "x.0";\n}'
    result = translated(SUBNET + text)
    assert [each.name for each in config(result).dhcp4.classes] == ["voip"]
    assert (config(result).profiles, lines(result)) == ((), [5])


@pytest.mark.parametrize(
    "text",
    [
        'if known { filename "x.0"; }',
        'if option arch = "text" { filename "x.0"; }',
        'if binary-to-ascii(16, 8, ":", hardware) = "1:2" { filename "x.0"; }',
        'if option user-class = "other" { filename "x.0"; }',
        'if { filename "x.0"; }',
        'class "x" { match hardware; filename "x.0"; }',
        'filename "http://10.77.0.2/x";',
        'filename "../x.0";',
        'if substring(option vendor-class-identifier, 0, 10) = "HTTPClient" { filename "x.efi"; }',
        'subclass "x" 1:52:54:00:77:00:10 { filename "x.0"; }',
    ],
)
def test_a_boot_file_that_cannot_be_said_is_told(text: str) -> None:
    result = translated(ARCH + text)
    assert config(result).profiles == ()
    assert 2 in lines(result)


def test_another_server_of_boot_files_is_told_and_this_one_is_no_trouble() -> None:
    assert lines(translated("next-server 10.77.0.9;")) == [1]
    assert lines(translated("next-server boot.office.example;")) == [1]
    assert lines(translated("next-server 10.77.0.1;")) == []


def test_a_boot_file_of_one_subnet_is_for_all_and_told() -> None:
    result = translated('subnet 10.77.0.0 netmask 255.255.255.0 {\nfilename "pxelinux.0"; }')
    assert len(config(result).profiles) == 1
    assert [what for _, line, what in told(result) if line == 2 and "for all here" in what]


# Everything else


def test_statements_that_nobody_knows_are_told() -> None:
    assert told(translated("frobnicate 1;\n")) == [("warning", 1, "`frobnicate 1` is not translated: it is not known")]


@pytest.mark.parametrize("statement", ["one-lease-per-client true;", "allow booting;", "ping-check true;"])
def test_statements_that_ask_for_nothing_are_noted(statement: str) -> None:
    assert [(severity, line) for severity, line, _ in told(translated(statement))] == [("note", 1)]


def test_included_files_are_read_in_their_place_and_told_where_they_are_missing() -> None:
    result = translated('include "hosts.conf";\n' + SUBNET, files={
        "hosts.conf": "host a { hardware ethernet 52:54:00:77:00:10; fixed-address 10.77.0.50; }"
    })  # fmt: skip
    assert len(config(result).dhcp4.subnets[0].reservations) == 1
    assert lines(translated('include "missing.conf";')) == [1]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("subnet 10.77.0.0 netmask 255.255.255.0 {\n", 1),
        ("\n}\n", 2),
        ("authoritative;\ndefault-lease-time 600\n", 2),
        ("subnet x {\n option routers 10.77.0.1\n}", 2),
        ('filename "pxelinux.0;\n', 1),
        ("{" * 60, 1),
    ],
)
def test_what_dhcpd_would_not_read_is_a_syntax_error_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        translated(text)
    assert str(refused.value).startswith(f"main.conf:{line}: ")


def test_files_that_include_each_other_end() -> None:
    with pytest.raises(SourceSyntaxError, match="include each other"):
        translated('include "a";', files={"a": 'include "a";'})


def test_the_sample_makes_a_configuration_that_check_accepts() -> None:
    assert check_errors(translated((VECTORS / "dhcpd.conf").read_text())) == []
