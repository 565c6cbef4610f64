"""perfdhcp, Kea's load generator, on a host of the lab: a DHCP relay with as many clients behind it as asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.lab.namespace import LabError
from tests.support.lab.network import Host

LATE_AFTER_S = 1.0
"""Its own default: what is answered later counts as dropped. It waits so long for the last answers as well."""

DISCOVER_OFFER = "DISCOVER-OFFER"
REQUEST_ACK = "REQUEST-ACK"
RENEWAL = "REQUEST-ACK (renewal)"
RELEASE = "RELEASE"
"""Never answered, so that perfdhcp reports each as dropped."""

_SECTION = re.compile(r"^\*\*\*Statistics for: (.+)\*\*\*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One kind of question and its answer, all clients together. Delays are None where nothing was answered."""

    sent: int
    received: int
    orphans: int
    """Answers to what perfdhcp did not ask, or no longer waited for."""
    delay_avg_ms: float | None
    delay_max_ms: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What perfdhcp says at its end."""

    exchanges: dict[str, Exchange]
    malformed: int
    rejected_leases: int
    duplicate_addresses: int
    """Counted with `-u` only."""


def run_perfdhcp(
    host: Host,
    server: str,
    relay: str,
    *options: str,
    rate_per_s: int,
    seconds: float,
    clients: int,
    before: Sequence[str] = (),
) -> Report:
    """Let it ask for leases at this rate. `relay`: the host's address that becomes giaddr.

    `options`: as on its command line. `before`: what stands before that (preload.py).
    Raises LabError where it does not come to a report.
    """
    load = (f"-r{rate_per_s}", f"-p{seconds:g}", f"-R{clients}", f"-W{LATE_AFTER_S * 1e6:.0f}")
    # Its exit code tells of any drop; the report tells more.
    command = (*before, "perfdhcp", "-4", "-l", relay, *load, *options, server)
    done = host.run(*command, timeout_s=seconds + LATE_AFTER_S + 20.0, check=False)
    if "***Rate statistics***" not in done.stdout:
        raise LabError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr or done.stdout}")
    return parse_report(done.stdout)


def parse_report(text: str) -> Report:
    head, *sections = _SECTION.split(text)
    exchanges = dict(zip(sections[::2], map(_exchange, sections[1::2]), strict=True))
    return Report(
        exchanges,
        malformed=int(_values(head, "Malformed packets")[-1]),
        rejected_leases=sum(map(int, _values(text, "rejected leases"))),
        duplicate_addresses=sum(map(int, _values(text, "non unique addresses"))),
    )


def _exchange(section: str) -> Exchange:
    return Exchange(
        sent=int(_values(section, "sent packets")[0]),
        received=int(_values(section, "received packets")[0]),
        orphans=int(_values(section, "orphans")[0]),
        delay_avg_ms=_delay(section, "avg delay"),
        delay_max_ms=_delay(section, "max delay"),
    )


def _delay(section: str, name: str) -> float | None:
    # Without answers the report has `n/a`, and some lines twice.
    (value,) = _values(section, name)[-1:]
    return None if value == "n/a" else float(value.removesuffix(" ms"))


def _values(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}: (.+)$", text, re.MULTILINE)
