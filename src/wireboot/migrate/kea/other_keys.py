"""Kea's keys that no key of wireboot.toml stands for, and why."""

from __future__ import annotations

from typing import NamedTuple

from wireboot.migrate.kea.json_text import Node
from wireboot.migrate.reasons import NOTHING_FOR_PXE, NOTHING_TO_DO, SEE_LEASE_TIME, WRITE_RESERVATION
from wireboot.migrate.report import Report


class _Row(NamedTuple):
    keys: str
    why: str
    remedy: str


# fmt: off
_NOT_TRANSLATED = (
    _Row("Dhcp6 DhcpDdns Control-agent Netconf Logging", "this is another of Kea's programs",
         "wireboot takes DHCPv4's place only"),
    _Row("dhcp-ddns ddns-send-updates ddns-override-no-update ddns-override-client-update "
         "ddns-replace-client-name ddns-generated-prefix ddns-qualifying-suffix ddns-update-on-renew "
         "ddns-use-conflict-resolution ddns-conflict-resolution-mode ddns-ttl ddns-ttl-percent ddns-ttl-min "
         "ddns-ttl-max hostname-char-set hostname-char-replacement",
         "DNS is not updated", "let clients do it, or leave it out"),
    _Row("valid-lifetime min-valid-lifetime max-valid-lifetime", "it has no lease time of its own", SEE_LEASE_TIME),
    _Row("offer-lifetime", "an offer is held for a minute, and not on record", NOTHING_TO_DO),
    _Row("cache-threshold cache-max-age", "every renewal is a new lease, on disk before it is told", NOTHING_TO_DO),
    _Row("hosts-database hosts-databases config-control", "reservations in a database are not read",
         WRITE_RESERVATION),
    _Row("server-hostname", "wireboot tells clients no name of a server", NOTHING_FOR_PXE),
    _Row("client-class client-classes", "classes of one client follow from what it says, not from a list",
         "see [dhcp4.classes.match]"),
    _Row("require-client-classes evaluate-additional-classes only-if-required only-in-additional-list",
         "a class counts wherever its members are", "name it in the pools that are to be for it"),
    _Row("template-test", "classes are not made while clients come", "write them as [[dhcp4.classes]]"),
    _Row("interface interface-id relay", "a subnet is found by the address of the interface or of the relay",
         "give the subnet of that address the same `shared_network`"),
    _Row("4o6-interface 4o6-interface-id 4o6-subnet", "DHCPv4 over DHCPv6 is not served", "leave Kea to do it"),
    _Row("match-client-id store-extended-info allocator pd-allocator "
         "reservation-mode reservations-global reservations-in-subnet reservations-out-of-pool "
         "reservations-lookup-first ip-reservations-unique host-reservation-identifiers "
         "early-global-reservations-lookup echo-client-id compatibility parked-packet-limit "
         "stash-agent-options adaptive-lease-time-threshold statistic-default-sample-count "
         "statistic-default-sample-age expired-leases-processing sanity-checks dhcp-queue-control "
         "decline-probation-period boot-unknown-clients",
         "leases are by client identifier, or MAC without one; reservations of every kind are looked for",
         "see docs/concepts/dhcp.md"),
    _Row("calculate-tee-times t1-percent t2-percent", "T1 and T2 are told as seconds",
         "set `renewal_time_s` and `rebinding_time_s`"),
    _Row("user-context comment", "remarks are not carried over", "write it as a comment, where it is of use"),
    _Row("outbound-interface service-sockets-require-all service-sockets-max-retries "
         "service-sockets-retry-wait-time re-detect",
         "wireboot answers by the interface that a question came by, and looks at interfaces every few seconds",
         NOTHING_TO_DO),
    _Row("always-send never-send csv-format space", "an option is sent to who asks for it",
         "nothing is to be done for PXE: what firmware needs is always sent"),
)
_NOT_NEEDED = (
    _Row("loggers control-socket control-sockets multi-threading server-tag",
         "the service manager and the log do that", ""),
    _Row("id pool-id", "subnets and pools are known by their addresses", ""),
    _Row("dhcp-socket-type", "clients without an address are always reached", ""),
)
# fmt: on
_ROWS = {
    name: (row, needed)
    for needed, rows in ((True, _NOT_TRANSLATED), (False, _NOT_NEEDED))
    for row in rows
    for name in row.keys.split()
}  # fmt: skip


class Section:
    """A map of the configuration: what is not taken from it is told at the end."""

    def __init__(self, node: Node, report: Report) -> None:
        self.place = node.place
        self._left, self._report = dict(node.members), report
        if not isinstance(node.value, dict):
            report.untranslated(node.place, str(node), "a map in braces is expected", "see Kea's reference manual")

    def take(self, key: str) -> Node | None:
        return self._left.pop(key, None)

    def take_text(self, key: str) -> str | None:
        """None and a finding where it is no text."""
        node = self._left.pop(key, None)
        if node is None or isinstance(node.value, str):
            return None if node is None else str(node.value)
        self.untold(key, node, "text in quotation marks is expected", "see Kea's reference manual")
        return None

    def peek(self, key: str) -> object:
        """Its value, left where it is."""
        node = self._left.get(key)
        return None if node is None else node.value

    def take_list(self, key: str) -> tuple[Node, ...]:
        """Empty and a finding where it is no list."""
        node = self._left.pop(key, None)
        if node is not None and not isinstance(node.value, list):
            self.untold(key, node, "a list is expected", "see Kea's reference manual")
        return () if node is None else tuple(node.items)

    def untold(self, key: str, node: Node, why: str, remedy: str) -> None:
        self._report.untranslated(node.place, f'"{key}": {node}', why, remedy)

    def tell_others(self) -> None:
        """Why the keys that are left are not in the result."""
        for key, node in self._left.items():
            row, needed = _ROWS.get(key, (None, True))
            if row is None:
                self.untold(key, node, "it is not known", "see Kea's reference manual for what it does")
            elif needed:
                self.untold(key, node, row.why, row.remedy)
            else:
                self._report.not_needed(node.place, f'"{key}": {node}', row.why)
        self._left = {}
