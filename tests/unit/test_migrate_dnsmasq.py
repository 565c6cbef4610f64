"""dnsmasq's configuration as wireboot's (dnsmasq(8)): what it becomes, and what is told of the rest."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from tests.support.migrate import SERVER, VECTORS, check_errors, config, lines, mac_of, told
from tests.support.migrate import translated as translate
from wireboot.config.model_dhcp4 import Dhcp4Subnet
from wireboot.migrate.report import SourceSyntaxError
from wireboot.migrate.translate import Origin, Translated

RANGE = "dhcp-range=set:lan,10.77.0.100,10.77.0.200,255.255.255.0,12h\n"
ROUTER_AND_DNS = "dhcp-option=3\ndhcp-option=6\n"
"""dnsmasq tells of itself as neither, so that nothing is to be remarked."""


def translated(text: str, own: tuple[IPv4Interface, ...] = (), files: dict[str, str] | None = None) -> Translated:
    return translate(text, Origin.DNSMASQ, own=own, files=files)


def subnet(text: str) -> Dhcp4Subnet:
    (only,) = config(translated(RANGE + ROUTER_AND_DNS + text)).dhcp4.subnets
    return only


def boot_program(text: str) -> dict[str, str]:
    (profile,) = config(translated(text)).profiles
    return {architecture: file for architecture, (file,) in profile.boot_program.items()}


# Addresses


def test_a_range_is_a_subnet_with_a_pool_and_a_lease_time() -> None:
    result = translated(RANGE + ROUTER_AND_DNS)

    (only,) = config(result).dhcp4.subnets
    assert config(result).dhcp4.mode == "server"
    assert (only.network, only.lease_time_s) == (IPv4Network("10.77.0.0/24"), 12 * 3600)
    assert [str(pool) for pool in only.pools] == ["10.77.0.100-10.77.0.200"]
    assert lines(result) == []


@pytest.mark.parametrize(
    ("time", "seconds"), [("90", 120), ("600", 600), ("45m", 2700), ("2d", 172800), ("1w", 604800), ("", 3600)]
)
def test_lease_times_have_units(time: str, seconds: int) -> None:
    """dnsmasq lends for two minutes at least, and for an hour where nothing is said."""
    text = f"dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0{',' if time else ''}{time}"
    assert config(translated(text)).dhcp4.subnets[0].lease_time_s == seconds


def test_a_lease_for_ever_is_a_year_and_told() -> None:
    result = translated("dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0,infinite\n" + ROUTER_AND_DNS)
    assert config(result).dhcp4.subnets[0].lease_time_s == 365 * 86400
    assert lines(result) == [1]


def test_a_netmask_that_is_not_given_is_that_of_the_interface() -> None:
    text = "dhcp-range=10.77.0.100,10.77.0.200\n" + ROUTER_AND_DNS
    here = translated(text, own=(IPv4Interface("10.77.0.1/22"),))
    elsewhere = translated(text)

    assert config(here).dhcp4.subnets[0].network == IPv4Network("10.77.0.0/22")
    assert lines(here) == []
    assert config(elsewhere).dhcp4.subnets[0].network == IPv4Network("10.77.0.0/24")
    assert lines(elsewhere) == [1]


def test_two_ranges_of_a_network_are_two_pools_and_a_static_range_is_none() -> None:
    text = (
        "dhcp-range=10.77.0.10,10.77.0.20,255.255.255.0\n"
        "dhcp-range=10.77.0.30,10.77.0.40,255.255.255.0\n"
        "dhcp-range=10.78.0.0,static,255.255.255.0\n"
    )
    first, second = config(translated(text)).dhcp4.subnets
    assert [str(pool) for pool in first.pools] == ["10.77.0.10-10.77.0.20", "10.77.0.30-10.77.0.40"]
    assert (second.network, second.pools) == (IPv4Network("10.78.0.0/24"), ())


@pytest.mark.parametrize(
    "text",
    [
        "dhcp-range=10.77.0.50,10.77.0.40,255.255.255.0",
        "dhcp-range=tag:voip,10.77.0.50,10.77.0.60,255.255.255.0\ndhcp-option=3\ndhcp-option=6",
        "dhcp-range=fd77::100,fd77::1ff,64",
        "dhcp-range=nonsense",
        "dhcp-range",
    ],
)
def test_a_range_that_cannot_be_said_is_told_and_no_pool(text: str) -> None:
    result = translated(text)
    assert 1 in lines(result)
    assert all(not each.pools for each in config(result).dhcp4.subnets)


def test_proxy_ranges_are_proxy_mode() -> None:
    """Nothing about addresses is left to say then."""
    result = translated("dhcp-range=10.77.0.0,proxy\ndhcp-option=3,10.77.0.1\n")
    assert config(result).dhcp4.mode == "proxy"
    assert config(result).dhcp4.subnets == ()
    assert lines(result) == [2]


def test_hosts_with_a_mac_and_an_address_are_reservations() -> None:
    reservation, other = subnet(
        "dhcp-host=52:54:00:77:00:10,10.77.0.50,node-1\ndhcp-host=10.77.0.51,set:x,1-52:54:00:77:00:11\n"
    ).reservations
    assert (mac_of(reservation), reservation.address, reservation.hostname) == (
        "52:54:00:77:00:10",
        IPv4Address("10.77.0.50"),
        "node-1",
    )
    assert (mac_of(other), other.hostname) == ("52:54:00:77:00:11", None)


@pytest.mark.parametrize(
    "host",
    [
        "id:01:02:03",
        "52:54:00:77:00:10,ignore",
        "52:54:00:77:*:*,10.77.0.50",
        "52:54:00:77:00:10,[fd77::50]",
        "tag:a,52:54:00:77:00:10,10.77.0.50",
        "node-1,10.77.0.50",
        "52:54:00:77:00:10,10.90.0.1",
        "52:54:00:77:00:10,10.77.0.255",
        "52:54:00:77:00:10,10.77.0.50,under_score",
    ],
)
def test_a_host_that_cannot_be_said_is_told(host: str) -> None:
    assert lines(translated(f"{RANGE}{ROUTER_AND_DNS}dhcp-host={host}\n")) == [4]


@pytest.mark.parametrize(("text", "client_id"), [("01:02:03", b"\1\2\3"), ("office", b"office")])
def test_a_reservation_may_be_by_client_identifier(text: str, client_id: bytes) -> None:
    (reservation,) = subnet(f"dhcp-host=id:{text},10.77.0.50\n").reservations
    assert (reservation.client_id, reservation.address) == (client_id, IPv4Address("10.77.0.50"))


def test_a_name_alone_is_the_machines_in_every_subnet() -> None:
    text = RANGE + "dhcp-range=10.78.0.50,10.78.0.60,255.255.255.0\ndhcp-host=52:54:00:77:00:10,id:*,node-1\n"
    for each in config(translated(text)).dhcp4.subnets:
        assert [(one.address, one.hostname) for one in each.reservations] == [(None, "node-1")]


@pytest.mark.parametrize(
    ("tags", "classes", "not_classes"),
    [("tag:voip", ("voip",), ()), ("tag:!voip", (), ("voip",)), ("tag:voip,tag:efi", ("efi and voip",), ())],
)
def test_ranges_are_for_tags(tags: str, classes: tuple[str, ...], not_classes: tuple[str, ...]) -> None:
    text = "dhcp-mac=set:voip,00:04:f2:*:*:*\ndhcp-match=set:efi,93,7\n"
    result = translated(f"{text}dhcp-range={tags},10.77.0.10,10.77.0.20,255.255.255.0\n{ROUTER_AND_DNS}")
    (pool,) = config(result).dhcp4.subnets[0].pools
    assert (pool.classes, pool.not_classes) == (classes, not_classes)
    assert (lines(result), check_errors(result)) == ([], [])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("dhcp-vendorclass=set:x,Polycom", {"vendor_class": ("Polycom*",)}),
        ("dhcp-userclass=set:x,lab", {"user_class": ("lab",)}),
        ("dhcp-circuitid=set:x,eth0/7", {"circuit_id": (b"eth0/7",)}),
        ("dhcp-remoteid=set:x,00:12", {"remote_id": (b"\0\x12",)}),
        ("dhcp-match=set:x,94,01:03:10", {"option": {"client-interface": "01:03:10"}}),
        ("dhcp-match=set:x,option:client-arch,11", {"architecture": ((11,),)}),
        ("dhcp-host=52:54:00:77:00:10,set:x", {"mac": (bytes.fromhex("525400770010"),)}),
    ],
)
def test_an_option_for_a_tag_is_of_a_class(text: str, match: dict[str, object]) -> None:
    result = translated(f"{RANGE}{ROUTER_AND_DNS}{text}\ndhcp-option=tag:x,option:root-path,/x\n")
    (only,) = config(result).dhcp4.classes
    assert (only.match.model_dump(exclude_defaults=True), only.options) == (match, {"root-path": "/x"})
    assert lines(result) == []


def test_networks_on_one_link_are_a_shared_network() -> None:
    ranges = "".join(f"dhcp-range=10.{each}.0.50,10.{each}.0.60,255.255.255.0\n" for each in (77, 78, 79))
    result = translated(ranges + "shared-network=10.77.0.1,10.79.0.0\n")
    first, second, third = (each.shared_network for each in config(result).dhcp4.subnets)
    assert first is not None
    assert (first, second) == (third, None)
    assert 4 in lines(translated(ranges + "shared-network=eth0,10.79.0.0\n"))


def test_what_is_said_of_all_of_dhcp() -> None:
    said = config(translated(RANGE + "dhcp-authoritative\ndhcp-rapid-commit\nbootp-dynamic\n")).dhcp4
    unsaid = config(translated(RANGE)).dhcp4
    assert (said.authoritative, said.rapid_commit, said.bootp) == (True, True, True)
    assert (unsaid.authoritative, unsaid.rapid_commit, unsaid.bootp) == (False, False, False)
    assert lines(translated("dhcp-authoritative\ndhcp-rapid-commit\nbootp-dynamic\n")) == [1, 2, 3]


def test_a_machine_with_two_macs_keeps_its_address_for_the_first() -> None:
    result = translated(RANGE + ROUTER_AND_DNS + "dhcp-host=52:54:00:77:00:10,52:54:00:77:00:11,10.77.0.50\n")
    (reservation,) = config(result).dhcp4.subnets[0].reservations
    assert mac_of(reservation) == "52:54:00:77:00:10"
    assert lines(result) == [4]


# Options


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("option:ntp-server,10.77.0.2,10.77.0.3", "ntp-servers", ["10.77.0.2", "10.77.0.3"]),
        ("42,10.77.0.2", "ntp-servers", ["10.77.0.2"]),
        ("option:mtu,1500", "interface-mtu", 1500),
        ("26,05:dc", "interface-mtu", 1500),
        ("option:domain-search,office.example,example", "domain-search", ["office.example", "example"]),
        ("option:ip-forward-enable,0", "ip-forwarding", False),
        ('option:root-path,"/exports/a,b"', "root-path", "/exports/a,b"),
        ("121,10.90.0.0/16,10.77.0.254", "classless-static-routes", ["10.90.0.0/16 via 10.77.0.254"]),
        ("224,01:02:ff", "224", "01:02:ff"),
        ("224,10.77.0.2,10.77.0.3", "224", "0a:4d:00:02:0a:4d:00:03"),
        ("224,300", "224", "01:2c"),
        ("224,7i", "224", "00:00:00:07"),
        ("224,text", "224", "74:65:78:74"),
        ("tag:lan,option:nis-domain,example", "nis-domain", "example"),
    ],
)
def test_options_have_ianas_name_and_their_own_type(option: str, name: str, value: object) -> None:
    assert subnet(f"dhcp-option={option}\n").options == {name: value}


def test_an_option_for_a_range_goes_before_the_one_for_all() -> None:
    text = (
        RANGE + ROUTER_AND_DNS + "dhcp-range=set:lab,10.78.0.50,10.78.0.60,255.255.255.0\n"
        "dhcp-option=tag:lab,42,10.78.0.1\ndhcp-option=42,10.77.0.1\ndhcp-option=tag:lan,42,10.77.0.9\n"
    )
    lan, lab = config(translated(text)).dhcp4.subnets
    assert (lan.options, lab.options) == ({"ntp-servers": ["10.77.0.9"]}, {"ntp-servers": ["10.78.0.1"]})


@pytest.mark.parametrize(
    "option",
    [
        "tag:phones,option:root-path,/x",
        "encap:175,176,1b",
        "vendor:PXEClient,6,2b",
        "option6:dns-server,fd77::1",
        "option:nonsense,1",
        "51,3600",
        "option:mtu,many",
        "option:mtu,70000",
        "option:ntp-server,0.0.0.0",
        "",
    ],
)
def test_an_option_that_cannot_be_said_is_told(option: str) -> None:
    result = translated(f"{RANGE}{ROUTER_AND_DNS}dhcp-option={option}\n")
    assert config(result).dhcp4.subnets[0].options == {}
    assert lines(result) == [4]


def test_dnsmasqs_own_address_is_written_out_where_it_is_known() -> None:
    """It tells itself as router and name server unless told otherwise, and 0.0.0.0 stands for it."""
    known = translated(RANGE + "dhcp-option=42,0.0.0.0\n", own=(SERVER,))
    unknown = translated(RANGE)

    assert config(known).dhcp4.subnets[0].options == {
        "routers": ["10.77.0.1"],
        "domain-name-servers": ["10.77.0.1"],
        "ntp-servers": ["10.77.0.1"],
    }
    assert config(unknown).dhcp4.subnets[0].options == {}
    assert [line for _, line, what in told(unknown) if "itself" in what] == [1]


def test_without_dns_dnsmasq_is_no_name_server() -> None:
    options = config(translated(RANGE + "port=0\n", own=(SERVER,))).dhcp4.subnets[0].options
    assert options == {"routers": ["10.77.0.1"]}


def test_the_domain_is_told_to_clients() -> None:
    assert subnet("domain=office.example\n").options == {"domain-name": "office.example"}
    assert lines(translated(RANGE + ROUTER_AND_DNS + "domain=office.example,10.77.0.0/24\n")) == [4]


# Boot files


def test_boot_files_by_architecture() -> None:
    """By option 93 or by the vendor class; 7 and 9 are both x86-64 firmware."""
    text = (
        "dhcp-match=set:efi64,option:client-arch,7\ndhcp-match=set:efi64,93,9\n"
        "dhcp-vendorclass=set:arm,PXEClient:Arch:00011\ndhcp-match=set:efi32,93,00:06\n"
        "dhcp-boot=pxelinux.0\ndhcp-boot=tag:efi64,grubx64.efi\n"
        "dhcp-boot=tag:arm,grubaa64.efi\ndhcp-boot=tag:efi32,i386/grub.efi\n"
    )
    assert boot_program(text) == {
        "x86-bios": "pxelinux.0",
        "x86_64-uefi": "grubx64.efi",
        "arm64-uefi": "grubaa64.efi",
        "x86-uefi": "i386/grub.efi",
    }
    assert lines(translated(text)) == []


def test_a_file_for_all_is_for_the_architecture_that_its_name_tells() -> None:
    result = translated("dhcp-boot=snponly.efi\n")
    assert boot_program("dhcp-boot=snponly.efi\n") == {"x86_64-uefi": "snponly.efi"}
    assert [(severity, line) for severity, line, _ in told(result)] == [("note", 1)]


def test_of_two_files_for_the_same_clients_the_last_counts_and_the_other_is_told() -> None:
    result = translated("dhcp-boot=one.0\ndhcp-boot=two.0\n")
    assert boot_program("dhcp-boot=one.0\ndhcp-boot=two.0\n") == {"x86-bios": "two.0"}
    assert lines(result) == [1]


def test_conditions_are_joined_and_negated() -> None:
    text = (
        "dhcp-match=set:efi,93,7\ndhcp-userclass=set:ipxe,iPXE\ntag-if=set:first,tag:efi,tag:!ipxe\n"
        "dhcp-boot=tag:first,shimx64.efi\ndhcp-boot=tag:!efi,tag:!ipxe,pxelinux.0\n"
    )
    assert boot_program(text) == {"x86_64-uefi": "shimx64.efi", "x86-bios": "pxelinux.0"}


@pytest.mark.parametrize(
    "boot",
    [
        "tag:ipxe,boot.ipxe",
        "http://10.77.0.2/boot.ipxe",
        "tag:unknown,pxelinux.0",
        "tag:lan,pxelinux.0",
        "../pxelinux.0",
        "boot\\x64\\wdsnbp.com",
        "",
    ],
)
def test_a_boot_file_that_cannot_be_said_is_told(boot: str) -> None:
    result = translated(f"{RANGE}{ROUTER_AND_DNS}dhcp-match=set:ipxe,175\ndhcp-boot={boot}\n")
    assert config(result).profiles == ()
    assert lines(result) == [5]


def test_a_boot_file_below_the_folder_of_tftp_is_named_from_there() -> None:
    result = translated("tftp-root=/srv/tftp\ndhcp-boot=/srv/tftp/a/pxelinux.0\n")
    assert str(config(result).boot_dir) == "/srv/tftp"
    assert config(result).profiles[0].boot_program == {"x86-bios": ("a/pxelinux.0",)}


def test_another_server_of_boot_files_is_told_and_this_one_is_no_trouble() -> None:
    assert lines(translated("dhcp-boot=pxelinux.0,other,10.77.0.9\n", own=(SERVER,))) == [1]
    assert lines(translated("dhcp-boot=pxelinux.0,this,10.77.0.1\n", own=(SERVER,))) == []


def test_a_machine_with_a_boot_file_of_its_own_has_a_profile() -> None:
    """For the architectures that it says nothing of it has what all have."""
    text = (
        RANGE + ROUTER_AND_DNS + "dhcp-match=set:efi,93,7\ndhcp-boot=pxelinux.0\ndhcp-boot=tag:efi,grubx64.efi\n"
        "dhcp-host=52:54:00:77:00:10,set:rescue,10.77.0.50,node-1\ndhcp-boot=tag:rescue,rescue.0\n"
    )
    result = config(translated(text))
    (machine,) = result.machines
    (profile,) = (each for each in result.profiles if each.name == machine.profile)
    assert (machine.name, machine.mac) == ("node-1", bytes.fromhex("525400770010"))
    assert profile.boot_program == {"x86-bios": ("rescue.0",), "x86_64-uefi": ("grubx64.efi",)}
    assert result.boot.default_profile == "default"


def test_a_tag_that_no_machine_of_a_known_mac_has_is_told_with_its_file() -> None:
    """Neither the host nor the file is left out without a word."""
    assert lines(translated("dhcp-host=node-1,set:rescue\ndhcp-boot=tag:rescue,rescue.0\n")) == [1, 2]
    assert lines(translated("dhcp-host=52:54:00:77:00:10,set:rescue\n")) == [1]


def test_a_machine_with_two_boot_files_of_its_own_has_one_and_is_told() -> None:
    text = "dhcp-host=52:54:00:77:00:10,set:a,set:b\ndhcp-boot=tag:a,a.0\ndhcp-boot=tag:b,b.0\n"
    assert len(config(translated(text)).machines) == 1
    assert lines(translated(text)) == [1]


# Menus


def test_services_without_a_prompt_and_without_a_choice_are_boot_files() -> None:
    text = 'pxe-service=x86PC,"Boot",pxelinux\npxe-service=x86-64_EFI,"Boot",grubx64.efi\n'
    assert boot_program(text) == {"x86-bios": "pxelinux.0", "x86_64-uefi": "grubx64.efi"}


def test_services_are_a_menu() -> None:
    result = config(translated((VECTORS / "dnsmasq-proxy.conf").read_text()))
    (menu,) = result.menus
    assert (menu.prompt, menu.timeout_s) == ("Press F8 for the boot menu", 5)
    assert [(each.text, each.profile, each.local, each.type) for each in menu.entries] == [
        ("Debian installer", "debian-installer", False, None),
        ("Windows deployment", None, False, 1),
        ("Boot from local disk", None, True, None),
    ]
    assert menu.entries[1].servers == (IPv4Address("192.168.1.9"),)
    assert result.boot.default_profile == "menu"


@pytest.mark.parametrize(("prompt", "timeout_s"), [('"F8",0', 0), ('"F8"', 255), ('"F8",999', 254)])
def test_the_prompts_time_is_the_menus(prompt: str, timeout_s: int) -> None:
    text = f"pxe-prompt={prompt}\npxe-service=x86PC,Local,0\n"
    assert config(translated(text)).menus[0].timeout_s == timeout_s


@pytest.mark.parametrize(
    "service",
    ["x86PC,Elsewhere,2", "x86PC,Elsewhere,file,10.77.0.9", "tag:x,x86PC,Local,0", "nonsense,Local,0", "x86PC,ß,0"],
)
def test_a_service_that_cannot_be_said_is_told(service: str) -> None:
    result = translated(f"pxe-prompt=F8\npxe-service={service}\npxe-service=x86PC,Local,0\n")
    assert len(config(result).menus[0].entries) == 1
    assert lines(result) == [2]


def test_an_entry_leads_to_one_place_for_all_architectures() -> None:
    text = "pxe-service=x86PC,Local,0\npxe-service=7,Local,0\npxe-service=6,Local,2,10.77.0.9\n"
    (entry,) = config(translated("pxe-prompt=F8\n" + text)).menus[0].entries
    assert entry.local
    assert lines(translated("pxe-prompt=F8\n" + text)) == [4]


def test_profiles_of_the_menu_and_of_machines_have_names_of_their_own() -> None:
    hosts = "dhcp-host=52:54:00:77:00:10,set:rescue\ndhcp-host=52:54:00:77:00:11,set:menu\n"
    files = "dhcp-boot=tag:rescue,b.0\ndhcp-boot=tag:menu,c.0\n"
    result = translated("pxe-prompt=F8\npxe-service=x86PC,rescue,a\n" + hosts + files)
    assert len({profile.name for profile in config(result).profiles}) == 4
    assert check_errors(result) == []


def test_beside_a_menu_a_boot_file_for_all_is_told() -> None:
    assert lines(translated("pxe-prompt=F8\npxe-service=x86PC,Local,0\ndhcp-boot=pxelinux.0\n")) == [3]


# Everything else


def test_a_setting_that_nobody_knows_is_told() -> None:
    assert told(translated("frobnicate=1\n")) == [("warning", 1, "`frobnicate=1` is not translated: it is not known")]


def test_comments_and_quotation_marks_are_as_dnsmasq_reads_them() -> None:
    result = translated('# all\n\n  interface = eth0 # the first\ninterface="e,th#1"\n')
    assert config(result).network.interfaces == ("eth0", "e,th#1")


def test_included_files_are_followed() -> None:
    files = {
        "more.conf": "dhcp-boot=pxelinux.0\n",
        "d/a.conf": "tftp-root=/srv/a\n",
        "d/b.bak": "tftp-root=/srv/b\n",
        "d/c~": "nonsense",
        "hosts": "52:54:00:77:00:10,10.77.0.50\n",
        "options": "option:ntp-server,10.77.0.2\n",
    }
    text = (
        RANGE + ROUTER_AND_DNS + "conf-file=more.conf\nconf-dir=d,.bak\ndhcp-hostsfile=hosts\ndhcp-optsfile=options\n"
    )
    result = translated(text, files=files)
    assert str(config(result).boot_dir) == "/srv/a"
    assert config(result).profiles[0].boot_program == {"x86-bios": ("pxelinux.0",)}
    (only,) = config(result).dhcp4.subnets
    assert (len(only.reservations), only.options) == (1, {"ntp-servers": ["10.77.0.2"]})
    assert "# from hosts:1" in result.toml


def test_an_included_file_that_is_not_there_is_told() -> None:
    assert lines(translated("conf-file=missing.conf\nconf-dir=missing\n")) == [1, 2]


def test_files_that_include_each_other_end() -> None:
    with pytest.raises(SourceSyntaxError, match="include each other"):
        translated("conf-file=a\n", files={"a": "conf-file=a\n"})


@pytest.mark.parametrize(("text", "line"), [('\ninterface="eth0\n', 2), ("interface=eth0\n=x\n", 2), ("{ }\n", 1)])
def test_what_dnsmasq_would_not_read_is_a_syntax_error_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        translated(text)
    assert str(refused.value).startswith(f"main.conf:{line}: ")


@pytest.mark.parametrize("name", ["dnsmasq.conf", "dnsmasq-proxy.conf"])
def test_the_samples_make_a_configuration_that_check_accepts(name: str) -> None:
    assert check_errors(translated((VECTORS / name).read_text())) == []


def test_sections_name_the_lines_that_they_come_from() -> None:
    toml = translated("# office\ninterface=eth0\n" + RANGE + ROUTER_AND_DNS).toml
    assert "# from main.conf:2\n[network]" in toml
    assert "# from main.conf:3\n[[dhcp4.subnets]]" in toml
