"""RFC 2132 and the RFCs that added options: every option between bytes, typed value and configuration."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

import pytest

from tests.support.dhcp import VECTORS, captured, combined, discover, ip
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4 import options as o
from wireboot.protocols.dhcp4.message import Message, decode, encode
from wireboot.protocols.dhcp4.options import OPTIONS, MessageType
from wireboot.wire.addresses import format_link_address
from wireboot.wire.option_table import Option, Options


class Example(NamedTuple):
    code: int
    name: str
    wire: str
    """Hexadecimal."""
    value: object
    configured: object = None
    """As TOML says it; None where it is the value itself."""


A, B = ip(1), ip(2)
A_B = "0a4d0001 0a4d0002"
PAIR = "0a4e0000 0a4d0001"
PAIR_VALUE = ((IPv4Address("10.78.0.0"), A),)
PAIR_TOML = [["10.78.0.0", "10.77.0.1"]]
TEXT = "6c616231"  # lab1
LAB_ORG = "03 6c6162 03 6f7267 00"


def _addresses(code: int, name: str) -> Example:
    return Example(code, name, A_B, (A, B), ["10.77.0.1", "10.77.0.2"])


def _address(code: int, name: str) -> Example:
    return Example(code, name, "0a4d0001", A, "10.77.0.1")


def _text(code: int, name: str) -> Example:
    return Example(code, name, TEXT, "lab1")


def _flag(code: int, name: str) -> Example:
    return Example(code, name, "01", True)


def _seconds(code: int, name: str) -> Example:
    return Example(code, name, "00000e10", 3600)


def _opaque(code: int, name: str) -> Example:
    return Example(code, name, "0102ff", b"\x01\x02\xff", "01:02:ff")


# Numbers and names are written here a second time, from IANA's registry, so that a slip in the table shows.
EXAMPLES = (
    Example(1, "subnet-mask", "ffffff00", IPv4Address("255.255.255.0"), "255.255.255.0"),
    Example(2, "time-offset", "fffff1f0", -3600),
    _addresses(3, "routers"),
    _addresses(4, "time-servers"),
    _addresses(5, "name-servers"),
    _addresses(6, "domain-name-servers"),
    _addresses(7, "log-servers"),
    _addresses(8, "cookie-servers"),
    _addresses(9, "lpr-servers"),
    _addresses(10, "impress-servers"),
    _addresses(11, "resource-location-servers"),
    _text(12, "host-name"),
    Example(13, "boot-file-size", "1000", 4096),
    _text(14, "merit-dump-file"),
    _text(15, "domain-name"),
    _address(16, "swap-server"),
    _text(17, "root-path"),
    _text(18, "extensions-path"),
    _flag(19, "ip-forwarding"),
    _flag(20, "source-routing"),
    Example(21, "policy-filter", PAIR, PAIR_VALUE, PAIR_TOML),
    Example(22, "maximum-reassembly-size", "0240", 576),
    Example(23, "default-ttl", "40", 64),
    _seconds(24, "path-mtu-timeout"),
    Example(25, "path-mtu-plateaus", "0044 0128", (68, 296), [68, 296]),
    Example(26, "interface-mtu", "05dc", 1500),
    _flag(27, "all-subnets-local"),
    _address(28, "broadcast-address"),
    _flag(29, "perform-mask-discovery"),
    _flag(30, "mask-supplier"),
    _flag(31, "perform-router-discovery"),
    _address(32, "router-solicitation-address"),
    Example(33, "static-routes", PAIR, PAIR_VALUE, PAIR_TOML),
    _flag(34, "trailer-encapsulation"),
    _seconds(35, "arp-cache-timeout"),
    Example(36, "ethernet-encapsulation", "00", False),
    Example(37, "default-tcp-ttl", "40", 64),
    _seconds(38, "tcp-keepalive-interval"),
    _flag(39, "tcp-keepalive-garbage"),
    _text(40, "nis-domain"),
    _addresses(41, "nis-servers"),
    _addresses(42, "ntp-servers"),
    Example(43, "vendor-specific-information", "060108ff", b"\x06\x01\x08\xff", "06:01:08:ff"),
    _addresses(44, "netbios-name-servers"),
    _addresses(45, "netbios-dd-servers"),
    Example(46, "netbios-node-type", "08", 8),
    _text(47, "netbios-scope"),
    _addresses(48, "x-font-servers"),
    _addresses(49, "x-display-managers"),
    _address(50, "requested-address"),
    _seconds(51, "lease-time"),
    Example(52, "option-overload", "03", 3),
    Example(53, "message-type", "05", MessageType.ACK, 5),
    _address(54, "server-identifier"),
    Example(55, "parameter-request-list", "010306", (1, 3, 6), [1, 3, 6]),
    _text(56, "message"),
    Example(57, "maximum-message-size", "05c0", 1472),
    _seconds(58, "renewal-time"),
    _seconds(59, "rebinding-time"),
    Example(60, "class-identifier", "505845436c69656e74", "PXEClient"),
    Example(61, "client-identifier", "01525400770010", b"\x01RT\x00w\x00\x10", "01:52:54:00:77:00:10"),
    _text(62, "netware-ip-domain"),
    _opaque(63, "netware-ip-information"),
    _text(64, "nisplus-domain"),
    _addresses(65, "nisplus-servers"),
    _text(66, "tftp-server-name"),
    Example(67, "boot-file-name", "7078656c696e75782e30", "pxelinux.0"),
    _opaque(68, "mobile-ip-home-agents"),
    _addresses(69, "smtp-servers"),
    _addresses(70, "pop3-servers"),
    _addresses(71, "nntp-servers"),
    _addresses(72, "www-servers"),
    _addresses(73, "finger-servers"),
    _addresses(74, "irc-servers"),
    _addresses(75, "streettalk-servers"),
    _addresses(76, "streettalk-directory-servers"),
    Example(77, "user-class", "69505845", b"iPXE", "69:50:58:45"),
    Example(78, "slp-directory-agents", "00 " + A_B, (False, (A, B)), [False, "10.77.0.1", "10.77.0.2"]),
    Example(79, "slp-service-scope", "01" + TEXT, (True, "lab1"), "lab1"),
    Example(80, "rapid-commit", "", True),
    _opaque(81, "client-fqdn"),
    _opaque(82, "relay-agent-information"),
    _opaque(83, "isns"),
    _addresses(85, "nds-servers"),
    _text(86, "nds-tree-name"),
    _text(87, "nds-context"),
    Example(88, "bcmcs-controller-names", LAB_ORG, ("lab.org",), ["lab.org"]),
    _addresses(89, "bcmcs-controller-addresses"),
    _opaque(90, "authentication"),
    _seconds(91, "client-last-transaction-time"),
    _addresses(92, "associated-addresses"),
    Example(93, "client-architecture", "0007 0000", (7, 0), [7, 0]),
    Example(94, "client-interface", "010300", b"\x01\x03\x00", "01:03:00"),
    _text(95, "ldap"),
    _opaque(97, "client-machine-id"),
    _text(98, "user-authentication"),
    _opaque(99, "civic-location"),
    _text(100, "posix-timezone"),
    _text(101, "tzdb-timezone"),
    _seconds(108, "ipv6-only-preferred"),
    _opaque(109, "dhcp4o6-source-address"),
    _addresses(112, "netinfo-addresses"),
    _text(113, "netinfo-tag"),
    _text(114, "captive-portal"),
    Example(116, "auto-configure", "01", 1),
    Example(117, "name-service-search", "0006 002c", (6, 44), [6, 44]),
    _address(118, "subnet-selection"),
    Example(119, "domain-search", "036c6162 00 0161 03 6c6162 00", ("lab", "a.lab"), ["lab", "a.lab"]),
    Example(120, "sip-servers", "01 " + A_B, (A, B), ["10.77.0.1", "10.77.0.2"]),
    Example(
        121,
        "classless-static-routes",
        "08 0a 0a4d0001 00 0a4d0002",
        ((IPv4Network("10.0.0.0/8"), A), (IPv4Network("0.0.0.0/0"), B)),
        ["10.0.0.0/8 via 10.77.0.1", "0.0.0.0/0 via 10.77.0.2"],
    ),
    _opaque(122, "cablelabs-configuration"),
    _opaque(123, "geo-configuration"),
    _opaque(124, "vendor-identifying-class"),
    _opaque(125, "vendor-identifying-options"),
    _addresses(136, "pana-agents"),
    Example(137, "lost-server", LAB_ORG, "lab.org"),
    _addresses(138, "capwap-controllers"),
    _opaque(139, "mos-addresses"),
    _opaque(140, "mos-names"),
    Example(141, "sip-ua-domains", LAB_ORG, ("lab.org",), ["lab.org"]),
    _addresses(142, "andsf-servers"),
    Example(143, "sztp-redirect", "0004" + TEXT + "0001 61", ("lab1", "a"), ["lab1", "a"]),
    _opaque(144, "geo-location"),
    Example(145, "forcerenew-nonce-capable", "01", (1,), [1]),
    _opaque(146, "rdnss-selection"),
    Example(147, "dots-name", LAB_ORG, "lab.org"),
    _addresses(148, "dots-addresses"),
    _addresses(150, "tftp-server-address"),
    _opaque(151, "status-code"),
    _seconds(152, "base-time"),
    _seconds(153, "start-time-of-state"),
    _seconds(154, "query-start-time"),
    _seconds(155, "query-end-time"),
    Example(156, "dhcp-state", "02", 2),
    Example(157, "data-source", "01", 1),
    Example(158, "pcp-servers", "08" + A_B + "04 0a4d0001", ((A, B), (A,)), [["10.77.0.1", "10.77.0.2"], "10.77.0.1"]),
    _opaque(159, "port-parameters"),
    _text(161, "mud-url"),
    _opaque(162, "encrypted-dns"),
    _opaque(175, "ipxe-encapsulated"),
    Example(208, "pxelinux-magic", "f100747e", b"\xf1\x00\x74\x7e", "f1:00:74:7e"),
    _text(209, "pxelinux-config-file"),
    _text(210, "pxelinux-path-prefix"),
    _seconds(211, "pxelinux-reboot-time"),
    _opaque(212, "ipv6-rapid-deployment"),
    Example(213, "access-network-domain", LAB_ORG, "lab.org"),
    _opaque(220, "subnet-allocation"),
    _opaque(221, "virtual-subnet-selection"),
)


def _row(example: Example) -> Option[object]:
    row = OPTIONS.by_code(example.code)
    assert row is not None
    return row


def test_every_option_has_an_example_and_every_example_an_option() -> None:
    """RFC 2132 §3.3 to §9.14 and later RFCs: each option's number."""
    assert [(row.code, row.name) for row in OPTIONS] == [(each.code, each.name) for each in EXAMPLES]


def test_every_option_is_found_by_its_name_and_says_where_it_is_defined() -> None:
    """Ours: the table is the one place for it."""
    for row in OPTIONS:
        assert OPTIONS.by_name(row.name) is row
        assert row.rfc.startswith(("RFC ", "IANA")), row


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_option_is_read_and_written_and_configured(example: Example) -> None:
    """RFC 2132 §3.3 to §9.14 and later RFCs: each option's shape and unit."""
    row, wire = _row(example), bytes.fromhex(example.wire)

    assert row.decode(wire) == example.value
    assert row.encode(example.value) == wire
    assert row.parse(example.value if example.configured is None else example.configured) == wire


@pytest.mark.parametrize(
    ("option", "wire"),
    [
        (o.SUBNET_MASK, "ffffff"),
        (o.SUBNET_MASK, ""),
        (o.TIME_OFFSET, "00"),
        (o.ROUTERS, ""),
        (o.ROUTERS, "0a4d000102"),
        (o.IP_FORWARDING, "02"),
        (o.IP_FORWARDING, ""),
        (o.POLICY_FILTER, "0a4d0001"),
        (o.MESSAGE_TYPE, "00"),
        (o.MESSAGE_TYPE, "09"),
        (o.MESSAGE_TYPE, "0101"),
        (o.MAXIMUM_MESSAGE_SIZE, "05"),
        (o.PARAMETER_REQUEST_LIST, ""),
        (o.RAPID_COMMIT, "00"),
        (o.CLIENT_ARCHITECTURE, "000700"),
        (o.DOMAIN_SEARCH, ""),
        (o.DOMAIN_SEARCH, "036c61"),  # a label that runs past the end
        (o.DOMAIN_SEARCH, "036c6162"),  # no root label
        (o.DOMAIN_SEARCH, "c000"),  # a pointer to itself
        (o.DOMAIN_SEARCH, "0161c000"),  # a pointer into the name it ends
        (o.DOMAIN_SEARCH, "c0"),  # half a pointer
        (o.DOMAIN_SEARCH, "40"),  # a label type that was never assigned
        (o.CLASSLESS_STATIC_ROUTES, ""),
        (o.CLASSLESS_STATIC_ROUTES, "080a0a4d00"),
        (o.CLASSLESS_STATIC_ROUTES, "21000000000a4d0001"),  # a mask of 33 bits
        (o.LOST_SERVER, "0161000162 00"),  # two names
        (o.SIP_SERVERS, "02 0a4d0001"),  # neither names nor addresses
        (o.SIP_SERVERS, "01"),
        (o.SLP_DIRECTORY_AGENTS, "02 0a4d0001"),
        (o.SLP_SERVICE_SCOPE, ""),
        (o.PCP_SERVERS, ""),
        (o.PCP_SERVERS, "08 0a4d0001"),  # half a list
        (o.SZTP_REDIRECT, "00"),
        (o.SZTP_REDIRECT, "0002 61"),
    ],
)
def test_a_malformed_value_is_an_error_and_never_none(option: Option[object], wire: str) -> None:
    """RFC 2132 §3.3 to §9.14: lengths are fixed, or multiples."""
    with pytest.raises(DecodeError) as caught:
        Options({option.code: bytes.fromhex(wire)}).get(option)

    assert caught.value.field == f"option {option.code}"
    assert caught.value.reason


def test_an_absent_option_is_none() -> None:
    """Ours: absent and malformed are two things."""
    assert Options().get(o.ROUTERS) is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (o.SUBNET_MASK, "255.255.255"),
        (o.SUBNET_MASK, 4294967040),
        (o.TIME_OFFSET, 1 << 31),
        (o.TIME_OFFSET, True),
        (o.ROUTERS, []),
        (o.ROUTERS, ["fd77::1"]),
        (o.HOST_NAME, "küche"),
        (o.HOST_NAME, 7),
        (o.BOOT_FILE_SIZE, 65536),
        (o.BOOT_FILE_SIZE, -1),
        (o.BOOT_FILE_SIZE, 1.5),
        (o.IP_FORWARDING, 1),
        (o.POLICY_FILTER, ["10.77.0.1"]),
        (o.CLIENT_IDENTIFIER, "1:2:3:4"),
        (o.CLIENT_IDENTIFIER, "0x01"),
        (o.CLIENT_IDENTIFIER, 1),
        (o.DOMAIN_SEARCH, []),
        (o.DOMAIN_SEARCH, ["a..lab"]),
        (o.DOMAIN_SEARCH, ["x" * 64]),
        (o.DOMAIN_SEARCH, [".".join(["x" * 63] * 4)]),
        (o.CLASSLESS_STATIC_ROUTES, "10.0.0.0/8 via 10.77.0.1"),
        (o.CLASSLESS_STATIC_ROUTES, ["10.0.0.0/8"]),
        (o.CLASSLESS_STATIC_ROUTES, ["10.0.0.1/8 via 10.77.0.1"]),
        (o.LOST_SERVER, ["lab.org"]),
        (o.SIP_SERVERS, [1]),
        (o.SLP_DIRECTORY_AGENTS, [True]),
        (o.PCP_SERVERS, []),
        (o.PCP_SERVERS, [["10.77.0.1"] * 64]),
        (o.SZTP_REDIRECT, []),
    ],
)
def test_a_configured_value_that_does_not_fit_is_refused(option: Option[object], value: object) -> None:
    """RFC 2132 §3.3 to §9.14: what cannot be sent cannot be configured."""
    with pytest.raises(ValueError, match=r"\S"):
        option.parse(value)


def test_one_value_may_stand_for_a_list_of_one() -> None:
    """Ours: in TOML."""
    assert o.ROUTERS.parse("10.77.0.1") == A.packed


def test_text_may_end_in_a_nul() -> None:
    """RFC 2132 §2: a receiver must be prepared for trailing NULs."""
    assert o.HOST_NAME.decode(b"lab1\0\0") == "lab1"


def test_a_compressed_search_list_is_read() -> None:
    """RFC 3397 §2, its example: apple.com and, pointing into it, eng.apple.com."""
    wire = b"\x05apple\x03com\x00\x03eng\xc0\x00"
    assert o.DOMAIN_SEARCH.decode(wire) == ("apple.com", "eng.apple.com")


def test_a_route_is_as_long_as_its_mask_needs() -> None:
    """RFC 3442, its table of examples."""
    wire = bytes.fromhex("00 0a4d0001 19 0a0a0a80 0a4d0001 20 0a8102ff 0a4d0001")
    routes = tuple((IPv4Network(each), A) for each in ("0.0.0.0/0", "10.10.10.128/25", "10.129.2.255/32"))
    assert (o.CLASSLESS_STATIC_ROUTES.decode(wire), o.CLASSLESS_STATIC_ROUTES.encode(routes)) == (routes, wire)


# Classes


@pytest.mark.parametrize(
    "vendor", [{60: b"MSFT 5.0", 43: b"\xdc\x00"}, {43: b"\x47\xff"}, {60: b"\xff" * 255, 43: b""}]
)
def test_what_another_vendor_says_is_ignored(vendor: dict[int, bytes]) -> None:
    """RFC 2132 §8.4, §9.13: servers must ignore what they are not equipped to interpret."""
    port = combined()
    assert port.ask(discover(options=Options(vendor))) == combined().ask(discover())


# Packets of real firmware

READINGS: dict[str, list[dict[str, object]]] = json.loads((VECTORS / "dhcp4.json").read_text())


def _reading(message: Message) -> dict[str, object]:
    """In the form of dhcp4.json."""
    return {
        "op": message.op,
        "xid": f"0x{message.xid:08x}",
        "secs": message.secs,
        "flags": f"0x{message.flags:04x}",
        "ciaddr": str(message.ciaddr),
        "yiaddr": str(message.yiaddr),
        "siaddr": str(message.siaddr),
        "giaddr": str(message.giaddr),
        "chaddr": format_link_address(message.chaddr),
        "sname": message.sname.decode(),
        "file": message.file.decode(),
        "options": {str(code): value.hex() for code, value in message.options.items()},
    }


@pytest.mark.parametrize("file", READINGS)
def test_what_firmware_sent_is_read_as_wireshark_reads_it(file: str) -> None:
    """Firmware: packets of tests/vectors, and a second reader of them."""
    packets = captured(file)
    assert [{"from": str(each.source), "to": str(each.destination), **_reading(decode(each.payload))}
            for each in packets] == READINGS[file]  # fmt: skip
    # Options in their order, too.
    assert [list(decode(each.payload).options) for each in packets] == [
        [int(code) for code in _options(reading)] for reading in READINGS[file]
    ]


@pytest.mark.parametrize("file", READINGS)
def test_what_firmware_sent_is_written_back_as_an_equal_message(file: str) -> None:
    """Firmware: packets of tests/vectors."""
    for packet in captured(file):
        message = decode(packet.payload)
        assert decode(encode(message)) == message


def _options(reading: dict[str, object]) -> dict[str, str]:
    options = reading["options"]
    assert isinstance(options, dict)
    return options
