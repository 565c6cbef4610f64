"""Lease files of other servers: the last entry of an address counts, and what is over is left out."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.migrate import VECTORS
from wireboot.leases.lease import Lease, LeaseState
from wireboot.migrate.leases.found import FOR_EVER_S, FoundLease, Held, as_lease, importable, worth_taking
from wireboot.migrate.leases.read import LeaseOrigin, origin_of, read_leases
from wireboot.migrate.report import Place, SourceSyntaxError

NOW = 1_800_000_000.0
IN_2100 = 4102444800.0
ADDRESS = IPv4Address("10.77.0.101")
MAC = bytes.fromhex("525400770011")
FOUND = FoundLease(ADDRESS, b"\1" + MAC, MAC, Held.LENT, Place("x", 1), NOW + 600, NOW - 600)
RECORD = Lease(ADDRESS, b"\1" + MAC, MAC, LeaseState.BOUND, NOW - 1200, NOW + 300)


def sample(name: str) -> dict[str, FoundLease]:
    held = importable(read_leases(name, (VECTORS / name).read_text(), None), NOW)
    return {str(lease.address): lease for lease in held.leases}


def over(name: str) -> int:
    return importable(read_leases(name, (VECTORS / name).read_text(), None), NOW).over


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("dnsmasq.leases", LeaseOrigin.DNSMASQ),
        ("dhcpd.leases", LeaseOrigin.ISC),
        ("kea-leases4.csv", LeaseOrigin.KEA),
    ],
)
def test_each_is_known_by_its_looks(name: str, origin: LeaseOrigin) -> None:
    assert origin_of((VECTORS / name).read_text()) is origin


def test_dnsmasqs_leases() -> None:
    """A client without an identifier is known by hardware type and MAC; IPv6 stands behind `duid`."""
    leases = sample("dnsmasq.leases")
    assert set(leases) == {"10.77.0.50", "10.77.0.101", "10.77.0.102", "10.99.0.7"}
    assert (leases["10.77.0.50"].client.hex(), leases["10.77.0.50"].hostname) == ("01525400770010", "node-1")
    assert (leases["10.77.0.101"].client, leases["10.77.0.101"].hostname) == (b"\1" + MAC, None)
    assert leases["10.77.0.102"].client.hex() == "ff007700120001"
    assert leases["10.77.0.102"].expires_at is None
    assert leases["10.99.0.7"].client.hex() == "06000102030405"
    assert leases["10.77.0.50"].expires_at == IN_2100
    assert over("dnsmasq.leases") == 1


def test_iscs_leases() -> None:
    """Identifiers are text with bytes in octal; an abandoned address is one that something else answers at."""
    leases = sample("dhcpd.leases")
    assert set(leases) == {"10.77.0.101", "10.77.0.102", "10.77.0.103"}
    lease = leases["10.77.0.101"]
    assert (lease.client, lease.link_address, lease.hostname) == (b"\1" + MAC, MAC, "node-2")
    assert (lease.granted_at, lease.expires_at) == (1704251045.0, IN_2100)
    assert (leases["10.77.0.102"].granted_at, leases["10.77.0.102"].expires_at) == (1704250000.0, None)
    assert leases["10.77.0.102"].hostname == 'say "hello"'
    assert leases["10.77.0.103"].held is Held.DECLINED
    assert over("dhcpd.leases") == 1  # given back by its last entry


def test_keas_leases() -> None:
    """A last row that lasts for no time is a deletion; state 2 is reclaimed."""
    leases = sample("kea-leases4.csv")
    assert set(leases) == {"10.77.0.101", "10.77.0.102", "10.77.0.103"}
    lease = leases["10.77.0.101"]
    assert (lease.client, lease.hostname, lease.granted_at) == (b"\1" + MAC, "node-2.office.example", IN_2100 - 7200)
    assert (leases["10.77.0.102"].expires_at, leases["10.77.0.102"].hostname) == (None, "a,b")
    assert (leases["10.77.0.103"].held, leases["10.77.0.103"].client) == (Held.DECLINED, b"")
    assert over("kea-leases4.csv") == 2


@pytest.mark.parametrize(
    ("uid", "client"), [(r'"\001RT\000w\000\021"', "01525400770011"), ("1:52:54:0:77:0:11", "01525400770011"),
                        (r'"a\"\\b"', "61225c62"), (r'"\377"', "ff")],
)  # fmt: skip
def test_iscs_identifiers(uid: str, client: str) -> None:
    text = f"lease 10.77.0.101 {{ ends never; uid {uid}; }}"
    (lease,) = read_leases("x", text, LeaseOrigin.ISC)
    assert lease.client.hex() == client


@pytest.mark.parametrize(
    ("text", "origin", "line"),
    [
        ("4102444800 52:54:00:77:00:10 10.77.0.50 * *\n4102444800 52:54", LeaseOrigin.DNSMASQ, 2),
        ("soon 52:54:00:77:00:10 10.77.0.50 * *", LeaseOrigin.DNSMASQ, 1),
        ("1 52:54:00:77:00:10 10.77.0.500 * *", LeaseOrigin.DNSMASQ, 1),
        ("1 nonsense 10.77.0.50 * *", LeaseOrigin.DNSMASQ, 1),
        ("lease 10.77.0.50 {\n ends 1 2024/13/41 00:00:00; }", LeaseOrigin.ISC, 2),
        ("lease 10.77.0.50 {\n ends whenever; }", LeaseOrigin.ISC, 2),
        ("lease x { }", LeaseOrigin.ISC, 1),
        ("lease 10.77.0.50 {\n starts never;", LeaseOrigin.ISC, 1),
        ("address,hwaddr\n", LeaseOrigin.KEA, 1),
        ("address,hwaddr,client_id,valid_lifetime,expire\n10.77.0.50,52:54", LeaseOrigin.KEA, 2),
        ("address,hwaddr,client_id,valid_lifetime,expire\n10.77.0.50,,,x,1", LeaseOrigin.KEA, 2),
        ("[", LeaseOrigin.WIREBOOT, 1),
        ("[1]", LeaseOrigin.WIREBOOT, 1),
        ('[{"address": "10.77.0.50"}]', LeaseOrigin.WIREBOOT, 2),
        ('[{"address": 7}]', LeaseOrigin.WIREBOOT, 2),
        ("address\n", LeaseOrigin.WIREBOOT, 1),
    ],
)
def test_what_is_no_lease_is_an_error_with_its_line(text: str, origin: LeaseOrigin, line: int) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_leases("leases", text, origin)
    assert str(refused.value).startswith(f"leases:{line}: ")
    assert refused.value.exit_code == 2


# What becomes of them


def test_the_last_entry_of_an_address_counts() -> None:
    later = replace(FOUND, client=b"another")
    assert importable([FOUND, later], NOW).leases == (later,)


@pytest.mark.parametrize(
    "last", [replace(FOUND, expires_at=NOW), replace(FOUND, held=Held.FREE), replace(FOUND, expires_at=NOW - 1)]
)
def test_what_is_over_is_left_out_and_counted(last: FoundLease) -> None:
    assert importable([FOUND, last], NOW).leases == ()
    assert importable([FOUND, last], NOW).over == 1


def test_a_lease_as_it_is_kept() -> None:
    assert as_lease(FOUND, NOW) == Lease(ADDRESS, b"\1" + MAC, MAC, LeaseState.BOUND, NOW - 600, NOW + 600)
    assert as_lease(replace(FOUND, held=Held.DECLINED), NOW).state is LeaseState.DECLINED
    assert as_lease(replace(FOUND, expires_at=None, granted_at=None), NOW).expires_at == NOW + FOR_EVER_S
    # A clock that ran ahead must not make the lease newer than all that is to come.
    assert as_lease(replace(FOUND, granted_at=NOW + 99), NOW).granted_at == NOW


@pytest.mark.parametrize(
    ("found", "record", "taken"),
    [
        (FOUND, replace(RECORD, address=IPv4Address("10.77.0.1")), True),
        (FOUND, RECORD, True),
        (FOUND, replace(RECORD, granted_at=NOW - 600), False),
        (FOUND, replace(RECORD, granted_at=NOW), False),
        (FOUND, replace(RECORD, granted_at=NOW, state=LeaseState.RELEASED), False),
        # dnsmasq does not say since when.
        (replace(FOUND, granted_at=None), RECORD, True),
        (replace(FOUND, granted_at=None), replace(RECORD, expires_at=NOW + 600), False),
        (replace(FOUND, granted_at=None), replace(RECORD, client=b"another"), False),
        (replace(FOUND, granted_at=None), replace(RECORD, client=b"another", expires_at=NOW), True),
        (replace(FOUND, granted_at=None, expires_at=None), RECORD, True),
        (replace(FOUND, granted_at=None, expires_at=None), replace(RECORD, expires_at=NOW + FOR_EVER_S - 60), False),
        # Nor does a clock that is wrong.
        (replace(FOUND, granted_at=NOW + 60), replace(RECORD, expires_at=NOW + 600), False),
        (replace(FOUND, granted_at=NOW + 60), RECORD, True),
    ],
)
def test_what_is_on_record_and_newer_stays(found: FoundLease, record: Lease, taken: bool) -> None:
    assert worth_taking([found], [record], NOW) == ([found] if taken else [])
