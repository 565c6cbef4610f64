"""A configuration file becomes typed values, or every fault in it is told at once."""

from __future__ import annotations

import os
import tomllib
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_config_positions import TomlTable, any_documents, toml_texts
from wireboot.boot.loaders import FoundLoaders
from wireboot.config.check import check
from wireboot.config.findings import ConfigurationError, Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.keys import KEYS, Key
from wireboot.config.load import LoadedConfig, load, parse
from wireboot.config.model import Configuration
from wireboot.errors import OperatorError
from wireboot.wire.addresses import AddressRange

FILE = Path("wireboot.toml")

# The contract's own example, whole.
EXAMPLE = """\
state_dir = "/var/lib/wireboot"
boot_dir  = "/srv/boot"

[network]
interfaces = ["eth0"]

[dhcp4]
mode = "server"
[[dhcp4.subnets]]
network = "10.77.0.0/24"
pools = ["10.77.0.100-10.77.0.200", "10.77.0.50", "10.77.0.64/30"]
lease_time_s = 3600
options = { routers = ["10.77.0.1"], domain-name-servers = ["10.77.0.1"] }
[[dhcp4.subnets.reservations]]
mac = "52:54:00:77:00:10"
address = "10.77.0.50"
hostname = "node-1"

[dhcp6]
mode = "off"
router_advertisements = false
[[dhcp6.subnets]]
network = "fd77::/64"
pools = ["fd77::100-fd77::1ff"]

[tftp]
port = 69
[http]
port = 8080
[admin]
listen = "127.0.0.1:8081"
[database]
url = "sqlite:////var/lib/wireboot/wireboot.sqlite"

[boot]
default_profile = "rescue"

[[profiles]]
name = "rescue"
boot_program = { "x86-bios" = "pxelinux.0", "x86_64-uefi" = "grubx64.efi" }
[[profiles]]
name = "debian-12"
kernel = "debian/linux"
initrd = ["debian/initrd.gz"]
cmdline = "auto=true url={{ http_url }}/files/preseed.cfg hostname={{ machine.name }}"
loader = "auto"
[[machines]]
name = "node-1"
mac = "52-54-00-77-00-1F"
profile = "debian-12"
[[machines]]
name = "node-2"
uuid = "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"
"""


def read(text: str) -> LoadedConfig:
    return parse(text.encode(), FILE)


def faults(text: str) -> list[Finding]:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert caught.value.exit_code == 2
    return list(caught.value.findings)


def test_the_contracts_example_becomes_typed_values() -> None:
    config = read(EXAMPLE).config
    (subnet,) = config.dhcp4.subnets
    (reservation,) = subnet.reservations
    first, second = config.machines

    assert (config.state_dir, config.boot_dir) == (Path("/var/lib/wireboot"), Path("/srv/boot"))
    assert subnet.network == IPv4Network("10.77.0.0/24")
    assert [(str(pool.first), str(pool.last), pool.size) for pool in subnet.pools] == [
        ("10.77.0.100", "10.77.0.200", 101),
        ("10.77.0.50", "10.77.0.50", 1),
        ("10.77.0.64", "10.77.0.67", 4),
    ]
    assert (reservation.mac, reservation.address) == (bytes.fromhex("525400770010"), IPv4Address("10.77.0.50"))
    assert config.dhcp6.subnets[0].pools == (AddressRange(IPv6Address("fd77::100"), IPv6Address("fd77::1ff")),)
    assert str(config.admin.listen) == "127.0.0.1:8081"
    assert config.profiles[0].boot_program == {"x86-bios": ("pxelinux.0",), "x86_64-uefi": ("grubx64.efi",)}
    assert first.mac == bytes.fromhex("52540077001f")
    assert second.uuid == UUID("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")


def test_an_empty_file_means_the_defaults() -> None:
    config = read("").config
    assert config == Configuration()
    assert (config.dhcp4.mode, config.dhcp6.mode, config.tftp.port) == ("proxy", "off", 69)
    assert config.boot.default_profile is None
    assert str(config.database_url) == "sqlite:////var/lib/wireboot/wireboot.sqlite"


def test_values_can_be_given_as_what_they_stand_for() -> None:
    written = read('[[machines]]\nname = "a"\nmac = "52:54:00:00:00:01"\n').config.machines
    assert Configuration.model_validate({"machines": [{"name": "a", "mac": b"\x52\x54\0\0\0\1"}]}).machines == written


def test_relative_paths_count_from_the_folder_of_the_file() -> None:
    loaded = parse(b'boot_dir = "boot"\nstate_dir = "/state"\n', Path("/etc/lab/wireboot.toml"))
    assert loaded.config.boot_dir == Path("/etc/lab/boot")
    assert str(loaded.config.database_url) == "sqlite:////state/wireboot.sqlite"


def test_a_finding_names_file_line_fault_and_remedy() -> None:
    (fault,) = faults('[dhcp4]\nmode = "prxy"\n')
    assert str(fault) == (
        'wireboot.toml:2: error: `dhcp4.mode`: "prxy" does not fit\n'
        '  hint: did you mean "proxy"? Expected one of "server", "proxy" and "off"'
    )


def test_many_faults_are_told_at_once_each_at_its_line() -> None:
    text = """\
state_dri = "/x"
port = 7
[network]
interfaces = "eth0"
[[dhcp4.subnets]]
network = "10.77.0.1/24"
pools = [
    "10.77.0.100 - 10.77.0.200",
    "10.77.0.9-10.77.0.1",
]
lease_time = 3600
[[dhcp4.subnets.reservations]]
mac = "52:54:00:77:00"
[tftp]
port = "69"
[[profiles]]
name = "x"
boot_program = { "x86-bios" = "../../etc/passwd" }
"""
    told = [(fault.line, fault.what, fault.remedy) for fault in faults(text)]
    assert [(line, what) for line, what, _ in told] == [
        (1, "`state_dri` is no key at the top of the file"),
        (2, "`port` is no key at the top of the file"),
        (4, '`network.interfaces`: "eth0" does not fit'),
        (6, '`dhcp4.subnets.network`: "10.77.0.1/24" is an address in a network: the network is "10.77.0.0/24"'),
        (9, '`dhcp4.subnets.pools`: "10.77.0.9-10.77.0.1" ends before it begins'),
        (11, "`lease_time` is no key in [[dhcp4.subnets]]"),
        (13, '`dhcp4.subnets.reservations.mac`: "52:54:00:77:00" is not a MAC address of six bytes'),
        (15, '`tftp.port`: "69" does not fit'),
        (18, '`profiles.boot_program.x86-bios`: "../../etc/passwd" does not name a file below boot_dir'),
    ]
    remedies = [remedy for _, _, remedy in told]
    assert remedies[0] == "did you mean `state_dir`?"
    assert remedies[1] == "`port` belongs in [http] or in [tftp]"
    assert remedies[2] == 'expected a list of network interfaces, such as `interfaces = ["eth0"]`'
    assert remedies[5] == "did you mean `lease_time_s`?"
    assert remedies[7] == "expected a UDP port from 1 to 65535, such as `port = 69`"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('mac = "01:00:5e:00:00:01"', "is not the address of one machine"),
        ('mac = "52:54-00:77:00:10"', "is not a MAC address of six bytes"),
        ("mac = 525400770010", "is not text in quotation marks"),
        ('uuid = "0f1e2d3c"', "is not a UUID"),
        ('name = " "', "the name is empty"),
        ('name = "a\\u0000b"', "has a control character in it"),
    ],
)
def test_a_value_that_is_none_of_its_kind_is_refused(line: str, reason: str) -> None:
    text = f"[[machines]]\n{line}\n" + ("" if line.startswith("name") else 'name = "a"\n')
    (fault,) = faults(text)
    assert fault.line == 2
    assert reason in fault.what


CLASSES = """\
[dhcp4]
authoritative = false
rapid_commit = true
bootp = true
reserved_share = "10%"
options = { domain-name = "lab" }
[[dhcp4.classes]]
name = "pxe"
lease_time_s = 600
options = { root-path = "/srv" }
match = { architecture = ["x86_64-uefi", "arch-77"], vendor_class = "PXEClient*", mac = ["52:54:00", "3c"], \
circuit_id = "eth0/7", remote_id = ["0x00:ff", "switch"], option = { 94 = "01:03:00" } }
[[dhcp4.subnets]]
network = "10.77.0.0/24"
shared_network = "hall"
pools = ["10.77.0.10-10.77.0.20", { range = "10.77.0.64/28", classes = "pxe", not_classes = ["old", "slow"] }]
[[dhcp4.subnets.reservations]]
client_id = "0xff01"
options = { root-path = "/srv/1" }
"""


def test_classes_pools_and_reservations_become_typed_values() -> None:
    dhcp4 = read(CLASSES).config.dhcp4
    (subnet,), (each,) = dhcp4.subnets, dhcp4.classes
    plain, of_class = subnet.pools

    assert (dhcp4.authoritative, dhcp4.rapid_commit, dhcp4.bootp, dhcp4.reserved_share) == (False, True, True, 0.1)
    assert (each.name, each.lease_time_s, each.match.architecture) == ("pxe", 600, ((7, 9), (77,)))
    assert (each.match.vendor_class, each.match.mac) == (("PXEClient*",), (b"\x52\x54\x00", b"\x3c"))
    assert (each.match.circuit_id, each.match.remote_id) == ((b"eth0/7",), (b"\x00\xff", b"switch"))
    assert (plain.size, plain.classes, plain.not_classes) == (11, (), ())
    assert (of_class.size, of_class.classes, of_class.not_classes) == (16, ("pxe",), ("old", "slow"))
    assert (subnet.shared_network, subnet.reservations[0].client_id) == ("hall", b"\xff\x01")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('reserved_share = "101%"', '"101%" is not a share from 0% to 100%'),
        ('reserved_share = "1.5%"', "is not a share"),
        ("reserved_share = 25", "25 is not text in quotation marks"),
        ("subnets = [{ network = '10.0.0.0/8', pools = [{ range = '10.0.0.1', class = 'a' }] }]",
         '"class" is no key of a pool'),
        ("subnets = [{ network = '10.0.0.0/8', pools = [{ classes = ['a'] }] }]", "the pool has no range"),
        ("subnets = [{ network = '10.0.0.0/8', pools = [{ range = '10.0.0.1', classes = [1] }] }]",
         "1 is not text in quotation marks"),
        ("subnets = [{ network = '10.0.0.0/8', reservations = [{ client_id = '0xfg' }] }]", "is not hexadecimal"),
        ("subnets = [{ network = '10.0.0.0/8', reservations = [{ client_id = '0x' }] }]", "the identifier is empty"),
        ("subnets = [{ network = '10.0.0.0/8', reservations = [{ client_id = 'ä' }] }]", "beyond ASCII"),
        ("classes = [{ name = 'a', match = { architecture = 'pc' } }]", '"pc" is no client architecture'),
    ],
)  # fmt: skip
def test_a_value_of_dhcp_that_does_not_fit_is_refused(line: str, reason: str) -> None:
    (fault,) = faults(f"[dhcp4]\n{line}\n")
    assert fault.line == 2
    assert reason in fault.what


def test_numbers_are_not_guessed_from_other_types() -> None:
    for value in ("true", '"69"', "69.0", "0", "65536", "1" * 200):
        assert len(faults(f"[tftp]\nport = {value}\n")) == 1


def test_what_is_no_toml_is_told_with_its_line() -> None:
    (fault,) = faults("[tftp]\nport = 69\n[http\nport = 1\n")
    assert (fault.line, fault.file) == (3, "wireboot.toml")
    assert fault.what.startswith("this is not TOML: ")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a = [", "a = " + "1" * 5000, "a = 1\na = 2", "\0", "a." * 5000 + "a = 1"]
)
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(fault.remedy for fault in faults(text))


def test_bytes_that_are_not_utf_8_are_told_with_their_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(b'[boot]\ndefault_profile = "r\xe9sum\xe9"\n', FILE)
    assert (caught.value.findings[0].line, caught.value.exit_code) == (2, 2)


def test_a_byte_order_mark_is_no_fault() -> None:
    assert parse(b"\xef\xbb\xbf[tftp]\nport = 1069\n", FILE).config.tftp.port == 1069


def test_a_file_that_cannot_be_read_is_the_operators_to_mend(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "absent.toml", tmp_path, tmp_path / "pipe", Path("a\0b")):
        with pytest.raises(OperatorError) as caught:
            load(path)
        assert caught.value.exit_code == 2
        assert caught.value.hint


def test_without_a_named_file_the_default_one_is_read_where_it_exists(tmp_path: Path) -> None:
    path = tmp_path / "wireboot.toml"
    assert load(default_path=path) == LoadedConfig(Configuration())
    assert load(default_path=path).file == "built-in defaults"

    path.write_text("[tftp]\nport = 1069\n")
    loaded = load(default_path=path)
    assert (loaded.config.tftp.port, loaded.file, loaded.line("tftp", "port")) == (1069, str(path), 2)


def test_the_command_line_goes_before_the_file() -> None:
    loaded = read(EXAMPLE).with_command_line(interfaces=["eth1"], boot_dir=Path("/b"), mode="off")
    assert loaded.config.network.interfaces == ("eth1",)
    assert (loaded.config.boot_dir, loaded.config.dhcp4.mode) == (Path("/b"), "off")
    assert loaded.config.dhcp4.subnets == read(EXAMPLE).config.dhcp4.subnets


def test_the_reference_page_has_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/configuration.md").read_text(encoding="utf-8")
    sections: dict[str, str] = {}
    for section in page.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        sections[heading.strip("`")] = body
    for key in KEYS.values():
        if key.is_table:
            assert key.example in sections, key.path
        else:
            heading = KEYS[key.path[:-1]].example if key.path[:-1] else "Top of the file"
            assert f"\n| `{key.path[-1]}` " in sections[heading], key.path


def test_the_examples_of_all_keys_together_are_a_configuration() -> None:
    text = "\n".join(key.as_toml for key in KEYS.values())
    assert read(text).positions.keys() >= {key.path for key in KEYS.values() if len(key.path) == 1}


def documents_like_the_contracts(path: tuple[str, ...] = ()) -> st.SearchStrategy[TomlTable]:
    """Known keys in their places, now and then with a value that does not belong there."""
    junk = st.sampled_from([0, -1, "", "x", "10.77.0.0/24", "fd77::1", True, 1.5, [], [1], ["x"], {}, {"x": 1}])
    optional: dict[str, st.SearchStrategy[object]] = {"unknown": junk}
    for key in KEYS.values():
        if key.path[:-1] == path:
            optional[key.path[-1]] = st.one_of(_fitting(key), _fitting(key), _fitting(key), junk)
    return st.fixed_dictionaries({}, optional=optional)


def _fitting(key: Key) -> st.SearchStrategy[object]:
    if key.is_table:
        table = documents_like_the_contracts(key.path)
        return st.lists(table, max_size=3) if key.example.startswith("[[") else table
    return st.just(tomllib.loads(f"x = {key.example}")["x"])


HOST = HostFacts((), lambda _: False, FoundLoaders({}), boot_dir_exists=False)


@given(toml_texts(documents_like_the_contracts() | any_documents()))
def test_any_document_gives_a_configuration_or_findings(text: str) -> None:
    try:
        findings = check(read(text), HOST)
    except ConfigurationError as problem:
        findings = list(problem.findings)
        assert any(finding.severity is Severity.ERROR for finding in findings)
    lines = text.count("\n")
    assert findings
    assert all(finding.line is None or 1 <= finding.line <= lines for finding in findings)
    assert all(finding.what and finding.remedy for finding in findings)


def test_a_boot_program_has_a_name_that_dhcp_can_carry() -> None:
    with pytest.raises(ConfigurationError) as raised:
        read('[[profiles]]\nname = "a"\nboot_program = { "x86-bios" = "fée.0" }\n')
    assert "beyond ASCII" in str(raised.value)


def test_any_folder_may_hold_the_state(tmp_path: Path) -> None:
    loaded = read(f'state_dir = "{tmp_path}/st?ate#1"\n')
    assert loaded.config.database_url.database == f"{tmp_path}/st?ate#1/wireboot.sqlite"
