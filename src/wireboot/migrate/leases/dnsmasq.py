"""dnsmasq.leases: a line for each lease, `END MAC ADDRESS NAME CLIENT-ID`; IPv6 follows after a line `duid`."""

from __future__ import annotations

import re

from wireboot.migrate.leases.found import (
    COPY_AGAIN,
    FoundLease,
    Held,
    address_in,
    client_id_in,
    client_of,
    link_address_in,
    shown_name,
    time_in,
)
from wireboot.migrate.report import Place, SourceSyntaxError
from wireboot.wire.iana import ETHERNET

_NONE = "*"
_HARDWARE = re.compile(r"(?:([0-9a-fA-F]{2})-)?(.*)")
"""The hardware type stands before addresses that are not Ethernet's."""


def read_dnsmasq_leases(file: str, text: str) -> list[FoundLease]:
    """Raises SourceSyntaxError."""
    found: list[FoundLease] = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if words[:1] == ["duid"]:
            break
        if words:
            found.append(_lease(words, Place(file, number)))
    return found


def _lease(words: list[str], place: Place) -> FoundLease:
    if len(words) < 4:
        raise SourceSyntaxError(place, f"{' '.join(words)!r} is no lease of dnsmasq", COPY_AGAIN)
    end, hardware, address, name = words[:4]
    client_text = words[4] if len(words) > 4 else _NONE
    kind = _HARDWARE.fullmatch(hardware)
    htype, text = (kind[1], kind[2]) if kind is not None else (None, hardware)
    link_address = link_address_in(text, place)
    client_id = b"" if client_text == _NONE else client_id_in(client_text, place)
    client = client_of(client_id, link_address, int(htype, 16) if htype else ETHERNET)
    expires_at = time_in(end, place)
    return FoundLease(
        address_in(address, place),
        client,
        link_address,
        Held.LENT,
        place,
        # 0 stands for a lease without an end.
        expires_at or None,
        hostname=None if name == _NONE else shown_name(name),
    )
