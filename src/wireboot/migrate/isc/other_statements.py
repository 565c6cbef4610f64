"""ISC's statements that no key of wireboot.toml stands for, and why."""

from __future__ import annotations

from typing import NamedTuple

from wireboot.migrate.isc.statements import Statement
from wireboot.migrate.reasons import (
    NOBODY_IS_IGNORED,
    NOBODY_IS_IGNORED_REMEDY,
    NOTHING_FOR_PXE,
    NOTHING_TO_DO,
)
from wireboot.migrate.report import Report


class _Row(NamedTuple):
    names: str
    why: str
    remedy: str


# fmt: off
_NOT_TRANSLATED = (
    _Row("ddns-update-style ddns-updates ddns-domainname ddns-rev-domainname ddns-hostname ddns-ttl "
         "do-forward-updates update-optimization update-static-leases update-conflict-detection zone key "
         "ddns-guard-id-must-match ddns-local-address4 ddns-other-guard-is-dynamic",
         "DNS is not updated", "let clients do it, or leave it out"),
    _Row("failover load-balance max-response-delay max-unacked-updates mclt split hba",
         "there is no second server that shares the leases", "run one server, or give two of them pools apart"),
    _Row("adaptive-lease-time-threshold", "leases do not get shorter as addresses do",
         "set a `lease_time_s` that leaves room"),
    _Row("dynamic-bootp-lease-length dynamic-bootp-lease-cutoff", "a BOOTP client keeps its address for ever",
         "reserve addresses for BOOTP clients, and leave `bootp` off"),
    _Row("default-lease-time min-lease-time max-lease-time", "it is not understood", "set `lease_time_s`"),
    _Row("dhcp-cache-threshold", "every renewal is a new lease, on disk before it is told", NOTHING_TO_DO),
    _Row("server-name", "wireboot tells clients no name of a server", NOTHING_FOR_PXE),
    _Row("omapi-port omapi-key", "leases are not changed over the network", "see `wireboot lease --help`"),
    _Row("on execute set unset log switch eval return parse-vendor-option vendor-option-space site-option-space define",
         "conditions and actions are not part of the configuration", "name options, boot files and machines instead"),
    _Row("subnet6 dhcpv6-lease-file-name prefix6 range6 fixed-address6 fixed-prefix6 authoritative6",
         "DHCPv6 is not served", "leave ISC's server to do it with `dhcpd -6`"),
    _Row("server-identifier", "the server is known by the address that it answers from", NOTHING_TO_DO),
    _Row("always-broadcast", "replies are broadcast to clients that ask for it",
         "where one needs more, please report it"),
    _Row("min-secs delayed-ack max-ack-delay", "clients are answered at once", NOTHING_TO_DO),
    _Row("boot-unknown-clients", NOBODY_IS_IGNORED, NOBODY_IS_IGNORED_REMEDY),
    _Row("local-port remote-port local-address", "DHCP's ports are fixed", "name the interface in [network]"),
    _Row("infinite-is-reserved ignore-client-uids", "leases are by client identifier, or by MAC without one",
         "a reservation by MAC is for the machine whatever identifier it sends"),
    _Row("interface", "interfaces are named in [network]", "list it there as `interfaces`"),
    _Row("get-lease-hostnames", "names are not looked up in DNS", "give `hostname` in a reservation"),
)
_NOT_NEEDED = (
    _Row("lease-file-name db-time-format", "`wireboot lease import` reads that file", ""),
    _Row("pid-file-name log-facility", "the service manager does that", ""),
    _Row("ping-check ping-timeout ping-timeout-ms ping-cltt-secs", "addresses are probed by ARP ahead of need", ""),
    _Row("one-lease-per-client", "a client has one lease in each subnet", ""),
    _Row("stash-agent-options use-lease-addr-for-default-route", "relay agents are answered as they ask", ""),
    _Row("always-reply-rfc1048", "a BOOTP reply has its options in any case", ""),
)
# fmt: on
_ROWS = {
    name: (row, needed)
    for needed, rows in ((True, _NOT_TRANSLATED), (False, _NOT_NEEDED))
    for row in rows
    for name in row.names.split()
}  # fmt: skip
_PERMISSIONS = frozenset(
    (
        "allow all clients", "allow booting", "allow bootp", "allow client-updates", "allow declines",
        "allow duplicates", "allow dynamic bootp clients", "allow unknown clients", "allow unknown-clients",
        "deny client-updates", "deny declines", "deny duplicates", "deny dynamic bootp clients", "deny leasequery",
        "ignore client-updates", "ignore declines",
    )
)  # fmt: skip


def is_harmless_permission(statement: Statement) -> bool:
    """`allow` and `deny` that leave everybody their address."""
    return str(statement).lower() in _PERMISSIONS


def tell_other(statement: Statement, report: Report) -> None:
    """Why the statement is not in the result."""
    name = statement.name
    if name in ("allow", "deny", "ignore"):
        if is_harmless_permission(statement):
            report.not_needed(statement.place, str(statement), "whoever asks is answered")
        else:
            report.untranslated(statement.place, str(statement), NOBODY_IS_IGNORED, NOBODY_IS_IGNORED_REMEDY)
    elif name in _ROWS:
        row, needed = _ROWS[name]
        if needed:
            report.untranslated(statement.place, str(statement), row.why, row.remedy)
        else:
            report.not_needed(statement.place, str(statement), row.why)
    else:
        report.untranslated(statement.place, str(statement), "it is not known", "see dhcpd.conf(5) for what it does")
