"""Whatever stands in another server's file: a wireboot.toml that loads, or an error with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.migrate import SERVER, VECTORS, check_errors, translated
from wireboot.migrate.leases.found import as_lease, importable
from wireboot.migrate.leases.read import LeaseOrigin, read_leases
from wireboot.migrate.report import Place, SourceSyntaxError
from wireboot.migrate.translate import Origin, origin_of

SAMPLES = {
    Origin.DNSMASQ: ["dnsmasq.conf", "dnsmasq-proxy.conf"],
    Origin.ISC: ["dhcpd.conf"],
    Origin.KEA: ["kea-dhcp4.conf"],
}
LEASES = {LeaseOrigin.DNSMASQ: "dnsmasq.leases", LeaseOrigin.ISC: "dhcpd.leases", LeaseOrigin.KEA: "kea-leases4.csv"}
ADDRESSES = st.sampled_from(
    ["10.77.0.0", "10.77.0.1", "10.77.0.9", "10.77.0.100", "10.77.0.255", "10.78.0.7", "0.0.0.0", "255.255.255.0", "x"]
)
MACS = st.sampled_from(["52:54:00:77:00:10", "52:54:00:77:00:11", "01:00:5e:00:00:01", "52-54-00-77-00-10", "aa:bb"])
FILES = st.sampled_from(
    ["pxelinux.0", "/grubx64.efi", "../etc/passwd", "http://x/y", "a b", "grubaa64.efi", "", "ß.efi"]
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12)


def is_told_with_its_line(refused: SourceSyntaxError, text: str) -> None:
    assert refused.exit_code == 2
    assert str(refused).startswith(f"main.conf:{refused.place.line}: ")
    assert 1 <= refused.place.line <= text.count("\n") + 1


def is_answered(text: str, origin: Origin | None) -> None:
    try:
        result = translated(text, origin, own=[SERVER])
    except SourceSyntaxError as refused:
        is_told_with_its_line(refused, text)
        return
    assert check_errors(result) == []
    assert all(1 <= (finding.line or 0) <= text.count("\n") + 1 for finding in result.findings)


@given(st.text(max_size=300), st.sampled_from([None, *Origin]))
def test_any_text_is_answered(text: str, origin: Origin | None) -> None:
    is_answered(text, origin)


@settings(max_examples=300)
@given(st.data())
@pytest.mark.parametrize("origin", Origin)
def test_a_damaged_configuration_is_answered(origin: Origin, data: st.DataObject) -> None:
    """Any piece of a real file, with anything in the place of any other piece."""
    text = (VECTORS / data.draw(st.sampled_from(SAMPLES[origin]))).read_text()
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    source, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 40))
    middle = data.draw(st.one_of(st.text(max_size=20), st.just(text[source : source + length])))
    is_answered(text[:start] + middle + text[end:], origin)


RANGE_WORDS = st.sampled_from(
    [
        "12h",
        "static",
        "proxy",
        "set:a",
        "tag:a",
        "tag:e",
        "tag:!e",
        "tag:m",
        "infinite",
        "255.255.255.252",
        "255.255.0.0",
    ]
)
OPTION_WORDS = st.sampled_from(["option:router", "tag:a", "tag:e", "tag:m", "option:domain-search", "01:02"])


def setting(*names: str, words: st.SearchStrategy[str], count: int = 4) -> st.SearchStrategy[tuple[str, list[str]]]:
    return st.tuples(st.sampled_from(names), st.lists(words, max_size=count))


SETTINGS = st.one_of(
    setting("dhcp-range", words=st.one_of(ADDRESSES, RANGE_WORDS), count=5),
    setting("dhcp-host", words=st.one_of(ADDRESSES, MACS, WORDS, st.sampled_from(["set:m", "id:01:02", "id:x"]))),
    setting("dhcp-option", words=st.one_of(ADDRESSES, WORDS, OPTION_WORDS, st.integers(0, 300).map(str))),
    setting("dhcp-boot", words=st.one_of(FILES, st.sampled_from(["tag:e", "tag:!e", "tag:m"]))),
    setting("dhcp-match", words=st.sampled_from(["set:e", "option:client-arch", "7", "93", "x", "94", "01:03:10"])),
    setting("dhcp-mac", "dhcp-circuitid", words=st.one_of(WORDS, st.sampled_from(["set:e", "00:04:f2:*:*:*"]))),
    setting("dhcp-authoritative", "dhcp-rapid-commit", "bootp-dynamic", words=WORDS, count=0),
    setting("shared-network", words=ADDRESSES, count=2),
    st.tuples(
        st.just("pxe-service"),
        st.tuples(
            st.sampled_from(["x86PC", "x86-64_EFI", "7", "x"]),
            WORDS,
            st.one_of(FILES, st.sampled_from(["0", "1", "2"])),
            ADDRESSES,
        ).map(list),
    ),
    setting("pxe-prompt", "tftp-root", "interface", "domain", "nonsense", "tag-if", words=WORDS, count=2),
)


@settings(max_examples=300)
@given(st.lists(SETTINGS, max_size=8))
def test_any_settings_of_dnsmasq_make_a_configuration_that_check_accepts(drawn: list[tuple[str, list[str]]]) -> None:
    is_answered("\n".join(f"{name}={','.join(words)}" for name, words in drawn), Origin.DNSMASQ)


WITHOUT_A_TRACE = ("dhcp-match", "dhcp-mac", "dhcp-circuitid", "tag-if", "shared-network")
"""What they say shows in the lines that use their tags, and in the subnets that they join."""


def places_in(value: object) -> Iterator[Place]:
    """Every place that stands anywhere in a draft."""
    if isinstance(value, Place):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from places_in(getattr(value, each.name))
    elif isinstance(value, tuple | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from places_in(each)


@settings(max_examples=300)
@given(st.lists(SETTINGS, max_size=8))
def test_nothing_of_dnsmasq_is_dropped_without_a_word(drawn: list[tuple[str, list[str]]]) -> None:
    """Every line is the origin of something in the result, or there is a finding about it."""
    text = "".join(f"{name}={','.join(words)}\n" for name, words in drawn).replace('"', "")
    result = translated(text, Origin.DNSMASQ, own=[SERVER])

    accounted = {place.line for place in places_in(result.draft)} | {finding.line for finding in result.findings}
    for number, (name, words) in enumerate(drawn, 1):
        keeps_own_from_being_told = name == "dhcp-option" and len([word for word in words if "tag:" not in word]) < 2
        empty = not "".join(words).partition("#")[0].strip(", ")
        assert number in accounted or name in WITHOUT_A_TRACE or keeps_own_from_being_told or empty, (number, text)


SHOWN_ELSEWHERE = re.compile(
    r"dhcp-(match|vendorclass|userclass|mac|circuitid)=|shared-network|default-lease-time|option \S+ code|"
    r"(sub)?class|match|(allow|deny) members|(\} )?(els)?if |\} else|"
    r"pool|group|use-host-decl-names|hardware|fixed-address|option host-name|"
    r"\"Dhcp4\"|\"(valid-lifetime|subnet|[a-z4-]+\": \[)|"
    r"\{ \"name\": \"(site-name|numbers|efi64)\"|\"parameters\""
)
"""What opens a block, or says more of something that stands on another line."""


@pytest.mark.parametrize("name", ["dnsmasq.conf", "dnsmasq-proxy.conf", "dhcpd.conf", "kea-dhcp4.conf"])
def test_every_line_of_the_samples_is_accounted_for(name: str) -> None:
    text = (VECTORS / name).read_text()
    result = translated(text, None, own=[SERVER])
    accounted = {place.line for place in places_in(result.draft)} | {finding.line for finding in result.findings}
    rest = [line.strip() for number, line in enumerate(text.splitlines(), 1) if number not in accounted]
    said = [line for line in rest if re.match(r'[\w"{}].*\w', line) and not line.startswith(("#", "//"))]
    assert [line for line in said if not SHOWN_ELSEWHERE.match(line)] == []


RESERVATIONS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "hw-address": MACS,
            "client-id": WORDS,
            "ip-address": ADDRESSES,
            "hostname": WORDS,
            "boot-file-name": FILES,
        },
    ),
    max_size=3,
)
OPTIONS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"name": st.sampled_from(["routers", "domain-search", "mtu", "x"]), "code": st.integers(-1, 300),
                      "data": st.one_of(WORDS, ADDRESSES), "csv-format": st.booleans()}
    ),
    max_size=3,
)  # fmt: skip
POOLS = st.lists(
    st.fixed_dictionaries(
        {"pool": st.builds("{} - {}".format, ADDRESSES, ADDRESSES)},
        optional={"client-class": st.sampled_from(["a", "b", ""])},
    ),
    max_size=3,
)
TESTS = st.sampled_from(
    ["option[93].hex == 0x0007", "substring(pkt4.mac,0,3) == 0x0004f2", "not member('a')", "option[94].hex == 0x01",
     "member('a') and option[60].hex == 'x*'", "relay4[1].hex == 'x' or option[77].hex == 'y'", "x"]
)  # fmt: skip
CLASSES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b", "", "\n"]), "test": TESTS},
        optional={"option-data": OPTIONS, "valid-lifetime": st.integers(-1, 9)},
    ),
    max_size=3,
)
SUBNETS = st.lists(
    st.fixed_dictionaries(
        {"subnet": st.builds("{}/{}".format, ADDRESSES, st.sampled_from([8, 16, 24, 30, 31, 32]))},
        optional={
            "pools": POOLS,
            "reservations": RESERVATIONS,
            "option-data": OPTIONS,
            "valid-lifetime": st.integers(),
            "min-valid-lifetime": st.integers(0, 9),
            "max-valid-lifetime": st.integers(0, 9),
            "renew-timer": st.integers(0, 9),
            "rebind-timer": st.integers(0, 9),
            "client-class": st.sampled_from(["a", "b"]),
        },
    ),
    max_size=3,
)


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "client-classes": CLASSES,
            "subnet4": SUBNETS,
            "option-data": OPTIONS,
            "reservations": RESERVATIONS,
            "shared-networks": st.fixed_dictionaries({"name": WORDS, "subnet4": SUBNETS}).map(lambda each: [each]),
        },
    )
)
def test_any_subnets_of_kea_make_a_configuration_that_check_accepts(served: dict[str, object]) -> None:
    is_answered(json.dumps({"Dhcp4": served}), Origin.KEA)


@settings(max_examples=200)
@given(SUBNETS, st.lists(st.tuples(MACS, ADDRESSES, FILES), max_size=4))
def test_any_hosts_of_isc_make_a_configuration_that_check_accepts(
    subnets: list[dict[str, object]], hosts: list[tuple[str, str, str]]
) -> None:
    blocks = [f"subnet {str(each['subnet']).partition('/')[0]} netmask 255.255.255.0 {{ }}" for each in subnets]
    blocks += [
        f'host h{at} {{ hardware ethernet {mac}; fixed-address {address}; filename "{file}"; }}'
        for at, (mac, address, file) in enumerate(hosts)
    ]
    is_answered("\n".join(blocks), Origin.ISC)


@given(st.text(max_size=300), st.sampled_from([None, *LeaseOrigin]))
def test_any_text_is_leases_or_an_error_with_its_line(text: str, origin: LeaseOrigin | None) -> None:
    leases_are_answered(text, origin)


@settings(max_examples=200)
@given(st.data())
@pytest.mark.parametrize("origin", LEASES)
def test_damaged_leases_are_answered(origin: LeaseOrigin, data: st.DataObject) -> None:
    text = (VECTORS / LEASES[origin]).read_text()
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    leases_are_answered(text[:start] + data.draw(st.text(max_size=10)) + text[end:], origin)


def leases_are_answered(text: str, origin: LeaseOrigin | None) -> None:
    try:
        found = read_leases("x", text, origin)
    except SourceSyntaxError as problem:
        found, line = [], problem.place.line
    else:
        line = 1
    assert line >= 1
    assert all(as_lease(each, 0.0).granted_at <= 0.0 for each in importable(found, 0.0).leases)


def test_a_file_of_each_server_is_known_by_its_looks() -> None:
    for origin, names in SAMPLES.items():
        for name in names:
            assert origin_of((VECTORS / name).read_text()) is origin
