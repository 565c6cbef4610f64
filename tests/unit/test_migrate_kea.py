"""Kea's configuration as wireboot's (its reference manual): what it becomes, and what is told of the rest."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network
from uuid import UUID

import pytest

from tests.support.migrate import SERVER, VECTORS, check_errors, config, lines, told
from tests.support.migrate import translated as translate
from wireboot.config.model_dhcp4 import Dhcp4Subnet
from wireboot.migrate.report import SourceSyntaxError
from wireboot.migrate.translate import Origin, Translated


def translated(text: str, files: dict[str, str] | None = None) -> Translated:
    return translate(text, Origin.KEA, own=(SERVER,), files=files)


def served(**keys: object) -> Translated:
    return translated(json.dumps({"Dhcp4": keys}))


def subnet(**keys: object) -> Dhcp4Subnet:
    (only,) = config(served(subnet4=[{"subnet": "10.77.0.0/24", **keys}])).dhcp4.subnets
    return only


def whats(result: Translated) -> list[str]:
    return [what for severity, _, what in told(result) if severity == "warning"]


def boot_program(*classes: dict[str, str]) -> dict[str, str]:
    (profile,) = config(served(**{"client-classes": list(classes)})).profiles
    return {architecture: file for architecture, (file,) in profile.boot_program.items()}


# Subnets


def test_a_subnet_with_its_pools_and_lease_time() -> None:
    only = subnet(**{"pools": [{"pool": "10.77.0.10 - 10.77.0.20"}, {"pool": "10.77.0.32/29"}], "valid-lifetime": 600})
    assert (only.network, only.lease_time_s) == (IPv4Network("10.77.0.0/24"), 600)
    assert [str(pool) for pool in only.pools] == ["10.77.0.10-10.77.0.20", "10.77.0.32-10.77.0.39"]


def test_what_is_set_around_a_subnet_holds_in_it() -> None:
    ntp, routers = {"name": "ntp-servers", "data": "10.77.0.2"}, {"name": "routers", "data": "10.77.0.9"}
    result = served(**{
        "valid-lifetime": 600,
        "option-data": [ntp, routers],
        "shared-networks": [
            {"name": "lab", "valid-lifetime": 900, "subnet4": [
                {"subnet": "10.77.0.0/24", "option-data": [{"name": "routers", "data": "10.77.0.1"}]}
            ]}
        ],
    })  # fmt: skip
    (only,) = config(result).dhcp4.subnets
    assert only.lease_time_s == 900
    assert only.options == {"routers": ["10.77.0.1"], "ntp-servers": ["10.77.0.2"]}
    assert whats(result) == []  # one subnet is a network like any other


def test_without_a_word_kea_lends_for_two_hours() -> None:
    assert subnet().lease_time_s == 7200


def test_reservations_of_a_subnet_and_of_all() -> None:
    own = {"hw-address": "52:54:00:77:00:10", "ip-address": "10.77.0.50", "hostname": "node-1"}
    of_all = {"hw-address": "52:54:00:77:00:11", "ip-address": "10.77.0.51"}
    result = served(subnet4=[{"subnet": "10.77.0.0/24", "reservations": [own]}], reservations=[of_all])
    reservations = {each.address: each for each in config(result).dhcp4.subnets[0].reservations}
    assert set(reservations) == {IPv4Address("10.77.0.50"), IPv4Address("10.77.0.51")}
    assert reservations[IPv4Address("10.77.0.50")].hostname == "node-1"


@pytest.mark.parametrize(
    "reservation",
    [
        {"duid": "01:02", "ip-address": "10.77.0.50"},
        {"flex-id": "01:02", "ip-address": "10.77.0.50"},
        {"client-id": "xyz", "ip-address": "10.77.0.50"},
        {"hw-address": "52:54:00:77:00:10", "client-id": "01:02", "ip-address": "10.77.0.50"},
        {"ip-address": "10.77.0.50"},
        {"hw-address": "52:54:00:77:00:10"},
        {"hw-address": "52:54:00:77:00:10", "ip-address": "10.90.0.1"},
        {"hw-address": "x", "ip-address": "10.77.0.50"},
    ],
)
def test_a_reservation_that_cannot_be_said_is_told(reservation: dict[str, str]) -> None:
    result = served(subnet4=[{"subnet": "10.77.0.0/24", "reservations": [reservation]}])
    assert config(result).dhcp4.subnets[0].reservations == ()
    assert whats(result)


@pytest.mark.parametrize(
    "pool",
    [{"pool": "10.77.0.10-10.77.0.20", "client-class": "KNOWN"}, {"pool": "10.78.0.1-10.78.0.2"}, {"pool": "x"}, {}],
)
def test_a_pool_that_cannot_be_said_is_told_and_left_out(pool: dict[str, str]) -> None:
    result = served(subnet4=[{"subnet": "10.77.0.0/24", "pools": [pool]}])
    assert config(result).dhcp4.subnets[0].pools == ()
    assert len(whats(result)) == 1


VOIP = {"name": "voip", "test": "substring(pkt4.mac,0,3) == 0x0004f2"}


def test_pools_subnets_and_networks_are_for_classes() -> None:
    """One of several classes is enough."""
    uefi = {"name": "uefi", "test": "option[93].hex == 0x0007"}
    networks = [
        {"name": "a", "client-class": "uefi", "subnet4": [
            {"subnet": "10.77.0.0/24", "pools": [{"pool": "10.77.0.9"}]},
        ]},
        {"name": "b", "subnet4": [
            {"subnet": "10.78.0.0/24", "pools": [{"pool": "10.78.0.9", "client-classes": ["voip", "uefi"]}]},
            {"subnet": "10.79.0.0/24", "pools": [{"pool": "10.79.0.9"}], "client-class": "voip"},
        ]},
    ]  # fmt: skip
    result = config(served(**{"client-classes": [VOIP, uefi], "shared-networks": networks}))
    assert [each.name for each in result.dhcp4.classes] == ["voip", "uefi"]
    assert [(each.shared_network, each.pools[0].classes) for each in result.dhcp4.subnets] == [
        (None, ("uefi",)),
        ("b", ("voip", "uefi")),
        ("b", ("voip",)),
    ]


def test_lease_times_have_limits_and_clients_are_told_when_to_renew() -> None:
    times = {
        "min-valid-lifetime": 300, "valid-lifetime": 600, "max-valid-lifetime": 900,
        "renew-timer": 200, "rebind-timer": 400,
    }  # fmt: skip
    only = subnet(**times)
    assert (only.lease_time_min_s, only.lease_time_s, only.lease_time_max_s) == (300, 600, 900)
    assert (only.renewal_time_s, only.rebinding_time_s) == (200, 400)


@pytest.mark.parametrize(("said", "authoritative"), [({}, False), ({"authoritative": True}, True)])
def test_authority_is_as_it_is_said(said: dict[str, object], authoritative: bool) -> None:
    assert config(served(subnet4=[{"subnet": "10.77.0.0/24"}], **said)).dhcp4.authoritative is authoritative
    assert whats(served(subnet4=[{"subnet": "10.77.0.0/24", **said}])) == (
        ['`"authoritative": true` is not translated: it is so for all networks here, or for none'] if said else []
    )


@pytest.mark.parametrize(
    ("identifier", "expression", "key", "value"),
    [
        ({"client-id": "01:02"}, None, "client_id", b"\1\2"),
        ({"circuit-id": "'eth0/7'"}, None, "circuit_id", b"eth0/7"),
        ({"flex-id": "'eth0/7'"}, "relay4[1].hex", "circuit_id", b"eth0/7"),
        ({"flex-id": "0x0012"}, "option[82].option[2].hex", "remote_id", b"\0\x12"),
        ({"flex-id": "01:02"}, "option[61].hex", "client_id", b"\1\2"),
        (
            {"flex-id": "00:4b:3c:2d:1e:5a:4b:6a:69:78:89:a5:b4:c3:d2:e1:f0"},
            "option[97].hex",
            "uuid",
            UUID("1e2d3c4b-4b5a-696a-7889-a5b4c3d2e1f0"),
        ),
    ],
)
def test_a_reservation_is_by_any_mark(
    identifier: dict[str, str], expression: str | None, key: str, value: object
) -> None:
    library = {"library": "/x/libdhcp_flex_id.so", "parameters": {"identifier-expression": expression}}
    result = served(
        subnet4=[{"subnet": "10.77.0.0/24", "reservations": [{**identifier, "ip-address": "10.77.0.50"}]}],
        **({"hooks-libraries": [library]} if expression else {}),
    )
    (reservation,) = config(result).dhcp4.subnets[0].reservations
    assert (getattr(reservation, key), reservation.mac) == (value, None)
    assert whats(result) == []


def test_a_reservation_has_options_of_its_own() -> None:
    option = {"name": "root-path", "data": "/a"}
    (reservation,) = subnet(reservations=[{"hw-address": "52:54:00:77:00:10", "option-data": [option]}]).reservations
    assert (reservation.address, reservation.options) == (None, {"root-path": "/a"})


def test_the_library_for_bootp_is_bootp() -> None:
    library = {"library": "/usr/lib/kea/hooks/libdhcp_bootp.so"}
    result = served(subnet4=[{"subnet": "10.77.0.0/24"}], **{"hooks-libraries": [library]})
    assert (config(result).dhcp4.bootp, whats(result)) == (True, [])


def test_a_class_has_options_and_a_lease_time() -> None:
    """Where the subnet sets the same option Kea sends that, which is told."""
    options = [{"name": "root-path", "data": "/x"}, {"name": "routers", "data": "10.77.0.9"}]
    result = served(**{
        "client-classes": [{**VOIP, "option-data": options, "valid-lifetime": 600}],
        "subnet4": [{"subnet": "10.77.0.0/24", "option-data": [{"name": "routers", "data": "10.77.0.1"}]}],
    })  # fmt: skip
    (only,) = config(result).dhcp4.classes
    assert (only.lease_time_s, only.options) == (600, {"root-path": "/x", "routers": ["10.77.0.9"]})
    assert whats(result) == ["routers of the class goes before the subnet's here, and behind it in Kea"]


@pytest.mark.parametrize(
    ("test", "match"),
    [
        ("pkt4.mac == 0x525400770010", {"mac": (bytes.fromhex("525400770010"),)}),
        ("pkt4.giaddr == 10.77.1.254", {"relay": (IPv4Address("10.77.1.254"),)}),
        ("relay4[1].hex == 'eth0/7'", {"circuit_id": (b"eth0/7",)}),
        ("option[77].hex == 'lab'", {"user_class": ("lab",)}),
        ("member('VENDOR_CLASS_MSFT 5.0')", {"vendor_class": ("MSFT 5.0",)}),
        ("option[94].hex == 0x010310", {"option": {"client-interface": "01:03:10"}}),
    ],
)
def test_a_class_is_of_who_says_so(test: str, match: dict[str, object]) -> None:
    each = {"name": "x", "test": test, "valid-lifetime": 600}
    (only,) = config(served(subnet4=[{"subnet": "10.77.0.0/24"}], **{"client-classes": [each]})).dhcp4.classes
    assert only.match.model_dump(exclude_defaults=True) == match


# Options


@pytest.mark.parametrize(
    ("option", "options"),
    [
        ({"name": "routers", "data": "10.77.0.1,10.77.0.2"}, {"routers": ["10.77.0.1", "10.77.0.2"]}),
        ({"code": 42, "data": "10.77.0.2"}, {"ntp-servers": ["10.77.0.2"]}),
        ({"name": "domain-search", "data": "a.example, b"}, {"domain-search": ["a.example", "b"]}),
        ({"name": "ip-forwarding", "data": "false"}, {"ip-forwarding": False}),
        ({"name": "interface-mtu", "data": "1500"}, {"interface-mtu": 1500}),
        ({"name": "interface-mtu", "csv-format": False, "data": "05DC"}, {"interface-mtu": 1500}),
        ({"name": "root-path", "data": "/a\\,b"}, {"root-path": "/a,b"}),
        ({"name": "classless-static-route", "data": "10.90.0.0/16 - 10.77.0.254"},
         {"classless-static-routes": ["10.90.0.0/16 via 10.77.0.254"]}),
        ({"code": 226, "csv-format": False, "data": "0x0102FF"}, {"226": "01:02:ff"}),
        ({"code": 226, "csv-format": False, "data": "'abc'"}, {"226": "61:62:63"}),
    ],
)  # fmt: skip
def test_options_have_ianas_name_and_their_own_type(option: dict[str, object], options: dict[str, object]) -> None:
    assert subnet(**{"option-data": [option]}).options == options


def test_options_of_a_definition_of_its_own_are_their_bytes() -> None:
    definitions = [
        {"name": "site", "code": 224, "type": "string"},
        {"name": "pair", "code": 225, "type": "record", "record-types": "uint8, ipv4-address"},
        {"name": "many", "code": 226, "type": "uint16", "array": True},
    ]
    data = {"site": "office", "pair": "7, 10.77.0.2", "many": "1, 2"}
    options = [{"name": name, "data": text} for name, text in data.items()]
    result = served(**{"option-def": definitions, "option-data": options, "subnet4": [{"subnet": "10.77.0.0/24"}]})
    assert config(result).dhcp4.subnets[0].options == {
        "224": "6f:66:66:69:63:65",
        "225": "07:0a:4d:00:02",
        "226": "00:01:00:02",
    }


@pytest.mark.parametrize(
    "option",
    [
        {"name": "nonsense", "data": "1"},
        {"name": "interface-mtu", "data": "many"},
        {"name": "routers"},
        {"name": "dhcp-lease-time", "data": "600"},
        {"name": "x", "code": 1, "space": "vendor-4491", "data": "1"},
        {"code": 300, "data": "1"},
        {"name": 7},
        {"code": 226, "csv-format": False, "data": "xyz"},
    ],
)
def test_an_option_that_cannot_be_said_is_told(option: dict[str, object]) -> None:
    result = served(subnet4=[{"subnet": "10.77.0.0/24", "option-data": [option]}])
    assert config(result).dhcp4.subnets[0].options == {}
    assert whats(result)


# Boot files

BIOS = {"name": "bios", "test": "option[93].hex == 0x0000", "boot-file-name": "pxelinux.0"}


@pytest.mark.parametrize(
    "test",
    [
        "option[93].hex == 0x0007",
        "option[client-system].hex == 0x0007",
        "option[93].hex == 0x0007 or option[93].hex == 0x0009",
        "(option[60].exists and (option[93].hex == 0x0007))",
        "substring(option[60].hex,0,20) == 'PXEClient:Arch:00007'",
        "substring(option[60].text,15,5) == '00007'",
        "not (option[77].hex == 'iPXE') and option[93].hex == 0x0007",
        "not option[175].exists and option[93].hex == 0x0007",
        "member('ALL') and option[93].hex == 0x0007",
    ],
)
def test_tests_that_name_an_architecture(test: str) -> None:
    efi = {"name": "efi", "test": test, "boot-file-name": "grubx64.efi"}
    assert boot_program(BIOS, efi) == {"x86-bios": "pxelinux.0", "x86_64-uefi": "grubx64.efi"}


def test_a_class_may_stand_on_another() -> None:
    efi = {"name": "efi", "test": "option[93].hex == 0x0007"}
    shim = {"name": "shim", "test": "member('efi')", "boot-file-name": "shimx64.efi"}
    assert boot_program(efi, shim) == {"x86_64-uefi": "shimx64.efi"}


@pytest.mark.parametrize(
    "test",
    ["pkt4.ciaddr == 10.77.0.1", "member('nowhere')", "option[93].hex == ", "option[93].hex ==0x0007 )", "'",
     "substring(option[77].hex,3,2) == 'x'", "relay4[9].hex == 'x'", "(" * 9999, "substring(" * 9999, "not " * 9999],
)  # fmt: skip
def test_a_class_that_cannot_be_said_is_told_with_what_is_in_it(test: str) -> None:
    result = served(**{"client-classes": [{"name": "x", "test": test, "boot-file-name": "x.0", "valid-lifetime": 5}]})
    assert config(result).profiles == ()
    assert [what for what in whats(result) if "client class x" in what]
    assert [what for what in whats(result) if "x.0" in what]
    assert [what for what in whats(result) if "valid-lifetime" in what]


def test_the_file_of_a_class_goes_before_the_one_for_all() -> None:
    efi = {"name": "efi", "test": "option[93].hex == 0x0007", "boot-file-name": "grubx64.efi"}
    result = served(**{"client-classes": [efi], "boot-file-name": "pxelinux.0"})
    assert config(result).profiles[0].boot_program == {"x86_64-uefi": ("grubx64.efi",), "x86-bios": ("pxelinux.0",)}


def test_a_machine_with_a_boot_file_of_its_own_has_a_profile() -> None:
    own = {"hw-address": "52:54:00:77:00:10", "hostname": "node-1", "boot-file-name": "rescue.0"}
    result = config(served(reservations=[own]))
    (machine,) = result.machines
    assert (machine.name, machine.profile) == ("node-1", "node-1")
    assert result.profiles[0].boot_program == {"x86-bios": ("rescue.0",)}


def test_another_server_of_boot_files_is_told_and_this_one_is_no_trouble() -> None:
    assert len(whats(served(**{"next-server": "10.77.0.9"}))) == 1
    assert whats(served(**{"next-server": "10.77.0.1"})) == []


# Everything else


def test_interfaces() -> None:
    result = served(**{"interfaces-config": {"interfaces": ["*", "eth0", "eth1/10.77.0.1"], "dhcp-socket-type": "raw"}})
    assert config(result).network.interfaces == ("eth0", "eth1")
    assert len(whats(result)) == 1


@pytest.mark.parametrize(
    "keys",
    [
        {"frobnicate": 1},
        {"hooks-libraries": [{"library": "x"}]},
        {"subnet4": 7},
        {"subnet4": [7]},
        {"option-data": {"x": 1}},
    ],
)
def test_keys_that_are_not_translated_are_told(keys: dict[str, object]) -> None:
    assert whats(served(**keys))


def test_comments_and_commas_at_the_end_are_as_kea_reads_them() -> None:
    text = '# one\n{ // two\n "Dhcp4": { /* three\n */ "server-tag": "x", "subnet4": [], }, }\n'
    assert told(translated(text)) == [("note", 4, '`"server-tag": "x"` needs no counterpart')]


def test_included_files_are_read_in_their_place() -> None:
    files = {"subnets": '[ { "subnet": "10.77.0.0/24", "id": "x" } ]', "members": '"subnet4": <?include "subnets"?>'}
    result = translated('{ "Dhcp4": { <?include "members"?> } }', files=files)
    assert config(result).dhcp4.subnets[0].network == IPv4Network("10.77.0.0/24")
    assert result.findings[0].file == "subnets"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("{\n", 2),
        ('{ "Dhcp4": {\n "x" 1 } }', 2),
        ('{ "x": 1 }\n}', 2),
        ('{ "x": 1\n "y": 2 }', 2),
        ("{ x: 1 }", 1),
        ('{ "x": "y }', 1),
        ('{ "x":\n <?include "missing"?> }', 2),
        ("[" * 99, 1),
    ],
)
def test_what_kea_would_not_read_is_a_syntax_error_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        translated(text)
    assert str(refused.value).startswith(f"main.conf:{line}: ")


@pytest.mark.parametrize("content", ['<?include "a"?>', '{ <?include "a"?> }', '"x": { <?include "a"?> }'])
def test_files_that_include_each_other_end(content: str) -> None:
    with pytest.raises(SourceSyntaxError):
        translated('{ <?include "a"?> }', files={"a": content})


def test_the_sample_makes_a_configuration_that_check_accepts() -> None:
    result = translated((VECTORS / "kea-dhcp4.conf").read_text())
    assert check_errors(result) == []
    assert 54 in lines(result)
