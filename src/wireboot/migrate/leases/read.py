"""Lease files of every server that is known, told apart by their looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from wireboot.migrate.leases.dnsmasq import read_dnsmasq_leases
from wireboot.migrate.leases.found import FoundLease, ReadLeases
from wireboot.migrate.leases.isc import read_isc_leases
from wireboot.migrate.leases.kea import read_kea_leases
from wireboot.migrate.leases.wireboot import COLUMNS, read_csv_leases, read_json_leases

_ISC = re.compile(r"^\s*(lease\s+[0-9.]+\s*\{|server-duid\s|authoring-byte-order\s|failover\s)", re.MULTILINE)


class LeaseOrigin(StrEnum):
    """Whose leases they are."""

    DNSMASQ = "dnsmasq"
    ISC = "isc"
    KEA = "kea"
    WIREBOOT = "wireboot"


def read_leases(file: str, text: str, origin: LeaseOrigin | None) -> list[FoundLease]:
    """`origin` None: told by the looks. Raises SourceSyntaxError."""
    return _READ[origin or origin_of(text)](file, text)


def origin_of(text: str) -> LeaseOrigin:
    header = text.lstrip().partition("\n")[0].strip()
    if header.startswith("[") or header == ",".join(COLUMNS):
        return LeaseOrigin.WIREBOOT
    if header.startswith("address,"):
        return LeaseOrigin.KEA
    return LeaseOrigin.ISC if _ISC.search(text) else LeaseOrigin.DNSMASQ


def _read_export(file: str, text: str) -> list[FoundLease]:
    return (read_json_leases if text.lstrip().startswith("[") else read_csv_leases)(file, text)


_READ: Mapping[LeaseOrigin, ReadLeases] = {
    LeaseOrigin.DNSMASQ: read_dnsmasq_leases,
    LeaseOrigin.ISC: read_isc_leases,
    LeaseOrigin.KEA: read_kea_leases,
    LeaseOrigin.WIREBOOT: _read_export,
}
