"""ISC's configuration as wireboot's (dhcpd.conf(5)): what it becomes, and what is told of the rest."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.support.migrate import SERVER, VECTORS, check_errors, config, lines, mac_of, told
from tests.support.migrate import translated as translate
from wireboot.config.model import Configuration, Dhcp4Subnet
from wireboot.migrate.report import SourceSyntaxError
from wireboot.migrate.translate import Origin, Translated

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


def test_a_group_of_hosts_gives_the_subnet_around_it_nothing() -> None:
    text = "group { option ntp-servers 10.77.0.2; host a { hardware ethernet 52:54:00:77:00:10; } }"
    result = translated(f"subnet 10.77.0.0 netmask 255.255.255.0 {{ {text} }}")
    assert config(result).dhcp4.subnets[0].options == {}
    assert lines(result) == [1]


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
    assert lines(result) == [1, 4]  # two subnets on one link, and the range that is nowhere


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

SUBNET = "subnet 10.77.0.0 netmask 255.255.255.0 { }\n"


def test_hosts_are_reservations() -> None:
    """A MAC may leave out leading zeros."""
    text = SUBNET + 'host a { hardware ethernet 52:54:0:77:0:10; fixed-address 10.77.0.50; option host-name "node-1"; }'
    (reservation,) = config(translated(text)).dhcp4.subnets[0].reservations
    assert (mac_of(reservation), reservation.address, reservation.hostname) == (
        "52:54:00:77:00:10",
        IPv4Address("10.77.0.50"),
        "node-1",
    )


@pytest.mark.parametrize(("names", "hostname"), [("on", "node-1"), ("off", None)])
def test_a_host_is_told_its_declarations_name_where_that_is_asked_for(names: str, hostname: str | None) -> None:
    text = f"use-host-decl-names {names}; {SUBNET}"
    result = translated(text + "host node-1 { hardware ethernet 52:54:00:77:00:10; fixed-address 10.77.0.50; }")
    assert config(result).dhcp4.subnets[0].reservations[0].hostname == hostname


@pytest.mark.parametrize(
    "host",
    [
        'option dhcp-client-identifier "x"; fixed-address 10.77.0.50;',
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
    assert lines(translated('host a {\noption dhcp-client-identifier "x";\nfilename "x.0"; }')) == [1, 2, 3]


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


def test_options_and_files_of_a_class_that_cannot_be_said_are_told() -> None:
    text = 'class "voip" {\nmatch if substring (hardware, 1, 3) = 00:04:f2;\noption root-path "/x";\nfilename "x.0";\n}'
    result = translated(text)
    assert (config(result).profiles, lines(result)) == ((), [2, 3, 4])


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


@pytest.mark.parametrize("statement", ["authoritative;", "allow booting;", "ping-check true;"])
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
