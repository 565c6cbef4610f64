"""What a configuration cannot mean, or cannot mean on this machine, is told with its line and a remedy."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest

from wireboot.boot.loaders import FoundLoaders
from wireboot.config.check import check
from wireboot.config.dhcp4_options import EXPECTED, NOT_BY_HAND, parse_dhcp4_option, parse_dhcp4_options
from wireboot.config.findings import ConfigurationError, Severity
from wireboot.config.host import HostFacts
from wireboot.config.keys import KEYS
from wireboot.config.load import LoadedConfig, parse
from wireboot.config.model import Configuration
from wireboot.config.not_yet import NOT_YET
from wireboot.endpoint import Interface
from wireboot.protocols.dhcp4.options import OPTIONS


def interface(name: str, *addresses: str) -> Interface:
    return Interface(name, 2, bytes(6), 1500, tuple(map(ip_interface, addresses)))


BOOT_FILES = {"pxelinux.0", "ldlinux.c32", "grubx64.efi", "debian/linux", "debian/initrd.gz"}
HOST = HostFacts(
    interfaces=(interface("lo", "127.0.0.1/8"), interface("eth0", "10.77.0.1/24"), interface("eth1", "fe80::1/64")),
    interfaces_down=frozenset({"eth2"}),
    boot_file_exists=BOOT_FILES.__contains__,
    loaders=FoundLoaders({"undionly.kpxe": "/usr/lib/ipxe/undionly.kpxe"}),
    boot_dir_exists=True,
)

Told = list[tuple[int | None, str, str]]


def told(text: str, host: HostFacts = HOST) -> Told:
    """The line, severity and text of each finding."""
    loaded = parse(text.encode(), Path("wireboot.toml"))
    return [(finding.line, str(finding.severity), finding.what) for finding in check(loaded, host)]


def remedy(text: str, host: HostFacts = HOST) -> str:
    (finding,) = check(parse(text.encode(), Path("wireboot.toml")), host)
    return finding.remedy


SERVER = '[dhcp4]\nmode = "server"\n'


def subnet(*lines: str, network: str = "10.77.0.0/24", pools: str = '["10.77.0.100-10.77.0.200"]') -> str:
    """Five lines, after the two of SERVER: the header is on line 3, network on 4, pools on 5."""
    return "\n".join(("[[dhcp4.subnets]]", f'network = "{network}"', f"pools = {pools}", *lines, ""))


def test_the_defaults_are_in_order() -> None:
    assert told("") == []
    assert check(LoadedConfig(Configuration()), HOST) == []


def test_a_sound_configuration_has_no_findings() -> None:
    text = (
        SERVER
        + subnet(
            'options = { routers = ["10.77.0.1"], 42 = ["10.77.0.2"], "224" = "01:ff" }',
            "[[dhcp4.subnets.reservations]]",
            'mac = "52:54:00:77:00:10"',
            'address = "10.77.0.150"',
        )
        + """
[boot]
default_profile = "ignore"
[[profiles]]
name = "rescue"
boot_program = { "x86-bios" = "pxelinux.0", "x86_64-uefi" = "grubx64.efi", "arch-77" = "undionly.kpxe" }
[[machines]]
name = "a"
mac = "52:54:00:77:00:10"
profile = "rescue"
"""
    )
    assert told(text) == []


def test_findings_come_in_the_files_order_and_none_hides_another() -> None:
    text = """\
[network]
interfaces = ["eth7"]
[dhcp4]
mode = "server"
[database]
url = "mysql://db/wireboot"
[boot]
default_profile = "rescu"
[[profiles]]
name = "rescue"
boot_program = { "x86-biso" = "pxelinux.0", "x86_64-uefi" = "shimx64.efi" }
"""
    assert told(text) == [
        (2, "error", "there is no interface eth7"),
        (4, "error", 'mode "server" hands out addresses, but there is no subnet to take them from'),
        (6, "error", "no database is known by 'mysql'"),
        (8, "error", 'there is no profile "rescu"'),
        (11, "error", "boot program shimx64.efi is not in /srv/boot"),
        (11, "error", 'no client architecture is called "x86-biso"'),
    ]
    loaded = parse(text.encode(), Path("wireboot.toml"))
    printed = str(ConfigurationError(check(loaded, HOST)))
    assert printed.startswith("6 errors in the configuration\nwireboot.toml:2: error: there is no interface eth7\n")
    assert '\n  hint: did you mean "rescue"?\n' in printed
    assert (
        "\n  hint: put it at /srv/boot/shimx64.efi, or install shim-signed and grub-efi-amd64-signed on Deb" in printed
    )


# Interfaces


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("eth7", "there is no interface eth7"),
        ("eth2", "interface eth2 is down"),
        ("eth1", "interface eth1 has no IPv4 address"),
    ],
)
def test_a_named_interface_must_be_there_and_up_and_have_an_address(name: str, what: str) -> None:
    assert told(f'[network]\ninterfaces = ["eth0",\n"{name}"]\n') == [(3, "error", what)]


def test_loopback_serves_only_when_named() -> None:
    alone = replace(HOST, interfaces=HOST.interfaces[:1])
    assert told("", alone) == [(None, "error", "no network interface is up and has an IPv4 address")]
    assert told('[network]\ninterfaces = ["lo"]\n', alone) == []


# Subnets


def test_subnets_must_not_overlap() -> None:
    text = SERVER + subnet() + subnet(network="10.77.0.128/25", pools='["10.77.0.201"]')
    assert (7, "error", "subnet 10.77.0.128/25 overlaps subnet 10.77.0.0/24 on line 4") in told(text)


@pytest.mark.parametrize(
    ("pools", "what"),
    [
        ('["10.78.0.1-10.78.0.9"]', "pool 10.78.0.1-10.78.0.9 is not inside subnet 10.77.0.0/24"),
        (
            '["10.77.0.5-10.77.0.9", "10.77.0.9-10.77.0.20"]',
            "pool 10.77.0.9-10.77.0.20 overlaps pool 10.77.0.5-10.77.0.9",
        ),
        (
            '["10.77.0.128/25"]',
            "pool 10.77.0.128-10.77.0.255 has 10.77.0.255 in it, which no machine can have in 10.77.0.0/24",
        ),
        (
            '["10.77.0.0"]',
            "pool 10.77.0.0-10.77.0.0 has 10.77.0.0 in it, which no machine can have in 10.77.0.0/24",
        ),
    ],
)
def test_a_pool_lies_inside_its_subnet_and_apart_from_others(pools: str, what: str) -> None:
    assert told(SERVER + subnet(pools=pools)) == [(5, "error", what)]


def test_a_link_of_two_has_no_broadcast_address() -> None:
    """RFC 3021 §2.1"""
    host = replace(HOST, interfaces=(interface("eth0", "10.77.0.0/31"),))
    assert told(SERVER + subnet(network="10.77.0.0/31", pools='["10.77.0.1"]'), host) == []


def test_the_servers_own_address_is_not_lent() -> None:
    what = "pool 10.77.0.1-10.77.0.9 has this server's own address 10.77.0.1 (eth0) in it"
    assert told(SERVER + subnet(pools='["10.77.0.1-10.77.0.9"]')) == [(5, "warning", what)]

    reserved = subnet("[[dhcp4.subnets.reservations]]", 'mac = "52:54:00:00:00:01"', 'address = "10.77.0.1"')
    assert told(SERVER + reserved) == [(8, "error", "10.77.0.1 is this server's own address (eth0)")]


def test_a_reservation_lies_inside_its_subnet() -> None:
    reservation = ("[[dhcp4.subnets.reservations]]", 'mac = "52:54:00:00:00:01"')
    other = subnet(network="10.78.0.0/24", pools='["10.78.0.9"]')
    text = SERVER + subnet(*reservation, 'address = "10.78.0.5"') + other
    assert told(text) == [(8, "error", "reserved address 10.78.0.5 is not inside subnet 10.77.0.0/24")]
    assert remedy(text) == "move it to subnet 10.78.0.0/24"

    text = SERVER + subnet(*reservation, 'address = "10.77.0.255"')
    assert told(text) == [(8, "error", "reserved address 10.77.0.255 is one that no machine can have in 10.77.0.0/24")]


def test_a_machine_and_an_address_are_reserved_once() -> None:
    def reserve(mac: int, address: int) -> str:
        return f'[[dhcp4.subnets.reservations]]\nmac = "52:54:00:00:00:{mac:02x}"\naddress = "10.77.0.{address}"'

    assert told(SERVER + subnet(reserve(1, 5), reserve(1, 6), reserve(2, 5))) == [
        (10, "error", "52:54:00:00:00:01 has a reservation in this subnet already, on line 7"),
        (14, "error", "10.77.0.5 is reserved already, on line 8"),
    ]


def test_a_subnet_gives_somebody_an_address() -> None:
    text = SERVER + subnet(pools="[]")
    assert told(text) == [
        (4, "warning", "subnet 10.77.0.0/24 has no pool and no reservation: nobody gets an address there")
    ]
    assert remedy(text) == 'add pools, such as `pools = ["10.77.0.1-10.77.0.254"]`'


def test_subnets_without_server_mode_have_no_effect() -> None:
    assert told(subnet()) == [(1, "note", 'mode "proxy" hands out no addresses: the subnets have no effect')]


def test_subnets_on_no_link_serve_relayed_clients_only() -> None:
    ((line, severity, what),) = told(SERVER + subnet(network="10.9.0.0/24", pools='["10.9.0.9"]'))
    assert (line, severity) == (3, "warning")
    assert what.endswith("10.77.0.1/24 (eth0): only clients behind a relay get addresses")


def test_subnet_and_interface_agree_on_the_prefix() -> None:
    what = "interface eth0 is in network 10.77.0.0/24, the subnet says 10.77.0.0/16"
    assert told(SERVER + subnet(network="10.77.0.0/16")) == [(4, "warning", what)]


@pytest.mark.parametrize("lease_time_s", [1, 59, 400 * 24 * 3600])
def test_a_lease_time_that_is_probably_a_slip(lease_time_s: int) -> None:
    ((line, severity, _),) = told(SERVER + subnet(f"lease_time_s = {lease_time_s}"))
    assert (line, severity) == (6, "warning")


def test_ipv6_pools_are_checked_as_well() -> None:
    text = '[[dhcp6.subnets]]\nnetwork = "fd77::/64"\npools = ["fd78::1"]\n'
    assert told(text) == [(3, "error", "pool fd78::1-fd78::1 is not inside subnet fd77::/64")]


# DHCP options


@pytest.mark.parametrize(
    ("option", "what", "hint"),
    [
        ('router = "10.77.0.1"', "no DHCP option is called 'router'", "did you mean `routers`?"),
        ("zzzz = 1", "no DHCP option is called 'zzzz'", "use IANA's name or number, such as `routers` or `3`"),
        ("256 = 1", "no DHCP option is called '256'", "use IANA's name or number, such as `routers` or `3`"),
        ("lease-time = 5", "option 'lease-time' is not set by hand", "take it out: set `lease_time_s` instead"),
        ("54 = 1", "option '54' is not set by hand", "take it out: it is the address the server answers from"),
        ('routers = ["x"]', "option 'routers': [\"x\"] does not fit",
         'expected a list of IPv4 addresses, such as `routers = ["10.77.0.1"]`'),
        ("224 = 5", "option '224': 5 does not fit", 'expected bytes in hexadecimal, such as `224 = "01:02:ff"`'),
        ("domain-name.x = 5", "option 'domain-name': a table does not fit",
         'expected ASCII text, such as `domain-name = "example"`'),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_sent(option: str, what: str, hint: str) -> None:
    text = SERVER + subnet("[dhcp4.subnets.options]", option)
    assert told(text) == [(7, "error", what)]
    assert remedy(text) == hint


def test_an_option_is_given_once() -> None:
    text = SERVER + subnet("[dhcp4.subnets.options]", 'routers = "10.77.0.1"', '3 = "10.77.0.1"')
    assert told(text) == [(8, "error", "option '3' is the same as 'routers'")]


def test_options_become_their_bytes() -> None:
    options = {"routers": ["10.77.0.1"], "15": "example.org", "interface-mtu": 1500, "224": "01:ff"}
    assert parse_dhcp4_options(options) == {3: b"\x0a\x4d\0\1", 15: b"example.org", 26: b"\x05\xdc", 224: b"\x01\xff"}


def test_every_option_has_an_example_that_fits_or_a_reason_to_leave_it_out() -> None:
    for option in OPTIONS:
        if option.code not in NOT_BY_HAND:
            example = tomllib.loads(f"x = {EXPECTED[option.shape.name][1]}")["x"]
            assert parse_dhcp4_option(option.name, example)[0] == option.code


def test_tables_however_deep_are_no_option() -> None:
    text = SERVER + subnet("[dhcp4.subnets.options]", "routers." + "a." * 5000 + "a = 1")
    assert told(text) == [(7, "error", "option 'routers': a table does not fit")]


# Ports and database


def test_ports_do_not_clash() -> None:
    assert told("[tftp]\nport = 67\n") == [(2, "error", "TFTP port 67 is the port of the DHCP server")]
    assert told('[tftp]\nport = 67\n[dhcp4]\nmode = "off"\n') == []
    assert (2, "error", "[admin] listens on TCP port 8080, and so does [http]") in told(
        '[admin]\nlisten = "127.0.0.1:8080"\n'
    )


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("mysql://db/wireboot", "no database is known by 'mysql'"),
        ("postgres://db/wireboot", "no database is known by 'postgres'"),
        ("sqlite://", "the URL does not name a file by its full path, so that leases may be lost"),
        ("sqlite:///wireboot.sqlite", "the URL does not name a file by its full path, so that leases may be lost"),
    ],
)
def test_a_database_is_a_file_by_its_full_path_or_a_postgresql_server(url: str, what: str) -> None:
    text = f'[database]\nurl = "{url}"\n'
    assert told(text) == [(2, "error", what)]
    assert 'url = "sqlite:////var/lib/wireboot/wireboot.sqlite"' in remedy(text)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_a_postgresql_database_is_named_by_its_url(scheme: str) -> None:
    assert told(f'[database]\nurl = "{scheme}://wireboot:hunter2@/wireboot?host=/run/postgresql"\n') == []


@pytest.mark.parametrize(
    ("rest", "what"),
    [
        ("wireboot:hunter2@db/", "the URL names no database"),
        ("wireboot:hunter2@db:port/wireboot", "this is no URL of a database"),
    ],
)
def test_a_finding_about_the_database_shows_no_password(rest: str, what: str) -> None:
    text = f'[database]\nurl = "postgresql+psycopg://{rest}"\n'
    assert told(text) == [(2, "error", what)]
    assert "hunter2" not in remedy(text)


# Boot


def test_a_boot_dir_that_was_asked_for_must_be_there() -> None:
    host = replace(HOST, boot_dir_exists=False)
    assert told('boot_dir = "/srv/boot"\n', host) == [(1, "error", "boot_dir /srv/boot is not there")]
    assert told("", host) == [(None, "note", "boot_dir /srv/boot is not there yet")]
    named = LoadedConfig(Configuration()).with_command_line(boot_dir=Path("/b"))
    assert [finding.severity for finding in check(named, host)] == [Severity.ERROR]


def test_without_any_loader_there_is_nothing_to_boot() -> None:
    ((_, severity, what),) = told("", replace(HOST, loaders=FoundLoaders({})))
    assert severity == "warning"
    assert what.startswith("there is nothing to boot")


def profile(boot_program: str, name: str = "p") -> str:
    return f'[[profiles]]\nname = "{name}"\nboot_program = {{ {boot_program} }}\n'


def test_a_boot_program_is_in_boot_dir_or_among_the_loaders() -> None:
    assert told(profile('"x86-bios" = "undionly.kpxe"')) == []
    text = profile('"x86-bios" = "pxelinx.0"')
    assert told(text) == [(3, "error", "boot program pxelinx.0 is not in /srv/boot")]
    assert remedy(text) == "put it at /srv/boot/pxelinx.0; did you mean pxelinux.0?"


def test_a_boot_program_has_beside_it_what_it_loads() -> None:
    host = replace(HOST, boot_file_exists={"pxelinux.0"}.__contains__)
    what = "boot program pxelinux.0 needs ldlinux.c32 beside it, which is not in /srv/boot"
    assert told(profile('"x86-bios" = "pxelinux.0"'), host) == [(3, "error", what)]


def test_an_unknown_architecture_is_told_with_near_ones() -> None:
    assert remedy(profile('"x86_64-efi" = "pxelinux.0"')) == 'did you mean "x86_64-uefi"?'
    assert "arch-N" in remedy(profile('"sparc" = "pxelinux.0"'))


def test_a_profile_boots_something_and_has_its_own_name() -> None:
    text = '[[profiles]]\nname = "a"\n' + profile('"x86-bios" = "pxelinux.0"', "a")
    assert told(text) == [
        (2, "error", 'profile "a" has neither boot_program, kernel nor menu: it boots nothing'),
        (4, "error", 'there is a profile "a" already, on line 2'),
    ]
    assert told(profile('"x86-bios" = "pxelinux.0"', "ignore"))[0][:2] == (2, "error")


def test_kernel_and_initrd_are_in_boot_dir() -> None:
    text = '[[profiles]]\nname = "a"\nkernel = "linux"\ninitrd = ["debian/initrd.gz",\n"more.gz"]\n'
    errors = [(line, what) for line, severity, what in told(text) if severity == "error"]
    assert errors == [(3, "linux is not in /srv/boot"), (5, "more.gz is not in /srv/boot")]


def test_a_machine_has_one_mark_of_its_own() -> None:
    uuid = 'uuid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"\n'
    mac = 'mac = "52:54:00:00:00:01"\n'
    text = "".join(
        f'[[machines]]\nname = "{name}"\n{marks}' for name, marks in (("a", ""), ("b", mac + uuid), ("b", mac))
    )
    assert told(text) == [
        (2, "error", 'machine "a" has neither mac nor uuid: it cannot be recognised'),
        (6, "error", 'machine "b" has both mac and uuid'),
        (8, "error", "name b belongs to another machine already, on line 4"),
        (9, "error", "mac 52:54:00:00:00:01 belongs to another machine already, on line 5"),
    ]


def test_a_machines_profile_is_defined() -> None:
    text = '[[machines]]\nname = "a"\nmac = "52:54:00:00:00:01"\nprofile = "p"\n'
    assert told(text) == [(4, "error", 'there is no profile "p"')]
    assert told(text + profile('"x86-bios" = "pxelinux.0"')) == []


# Not yet


def test_what_has_no_effect_yet_is_noted_where_it_is_set() -> None:
    text = """\
[dhcp6]
mode = "stateless"
router_advertisements = true
[http]
port = 8080
[admin]
listen = "127.0.0.1:8081"
[[profiles]]
name = "a"
kernel = "debian/linux"
loader = "grub"
"""
    notes = [(line, severity) for line, severity, what in told(text) if "has no effect in this version" in what]
    assert notes == [(2, "note"), (3, "note"), (5, "note"), (7, "note"), (10, "note"), (11, "note")]
    assert told('[dhcp6]\nmode = "off"\nrouter_advertisements = false\n') == []


def test_the_reference_page_marks_what_has_no_effect_yet() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/configuration.md").read_text(encoding="utf-8")
    assert all(row.path in KEYS for row in NOT_YET)
    assert page.count("` † |") == len(NOT_YET)
    assert all(f"\n| `{row.path[-1]}` † |" in page for row in NOT_YET)


def test_grub_beside_another_dhcp_server_is_warned_of() -> None:
    """GRUB 2.06 takes its server from the DHCPACK, and in proxy mode that is another's."""
    (finding,) = told(profile('"x86_64-uefi" = "grubx64.efi"'))
    assert finding[:2] == (3, "note")
    assert "GRUB older than 2.12" in finding[2]


def test_a_boot_program_for_http_firmware_is_told_to_wait() -> None:
    findings = told(profile('"x86_64-uefi-http" = "pxelinux.0"'))
    assert [(line, severity) for line, severity, what in findings if "HTTP" in what] == [(3, "note")]
