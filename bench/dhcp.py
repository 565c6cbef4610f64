"""How many machines a DHCP server serves in a second, how fast, and at what cost: wireboot beside Kea, ISC and dnsmasq.

`python -m bench.dhcp` puts each alone into fresh network namespaces and lets perfdhcp, as a relay, ask for leases: at
rates that close in on the highest held with under 0.1 % drops, and at 2,000 a second for the latency. Then machines on
the server's own segment ask, which perfdhcp does not know how to play. All of it again with 100,000 leases held before,
and again with 5 ms added to every sync of the disk. Three times each; the tables show medians. `--quick` looks once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from bench.dhcp_point import NETWORK, Point, Situation, measure_direct, measure_relayed
from bench.dhcp_result import Result
from bench.dhcp_search import best_held, sweep
from bench.dhcp_tables import show
from tests.support.lab.dhcp_servers import DNSMASQ, ISC, ISC_BEST, KEA, KEA_DHCP4, WIREBOOT, ServerKind, hold
from tests.support.lab.packages import DHCPD, unpacked
from tests.support.lab.preload import COMPILER, can_compile
from tests.support.requirements import LAB, missing

FIXED_RATE_PER_S = 2_000
HELD_BEFORE = 100_000
SYNC_DELAY_S = 0.005
TABLES_WIDTH = 120

# fmt: off
SERVERS = {
    "wireboot": WIREBOOT,
    "kea":      KEA,
    "isc-best": ISC_BEST,
    "isc":      ISC,
    "dnsmasq":  DNSMASQ,
}
# fmt: on


def main() -> int:
    arguments = parse_arguments()
    if reasons := [*missing(*LAB, "perfdhcp"), *([] if can_compile() else [COMPILER])]:
        sys.stderr.write(f"error: this bench needs {', '.join(reasons)}\n")
        return 1
    for package in (KEA_DHCP4, DHCPD):
        unpacked(*package)
    results = list(measure_all(arguments))
    # A file or a pipe has no width; the tables have.
    console = Console(width=None if sys.stdout.isatty() else TABLES_WIDTH)
    show(console, results, FIXED_RATE_PER_S)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=2))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dhcp", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, at fewer points, without leases held before")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS), metavar="NAME", help="only")
    parser.add_argument("--repeats", type=int, help="how often each is measured (3; quick: 1)")
    parser.add_argument("--seconds", type=float, help="how long a point lasts (6; quick: 2)")
    parser.add_argument("--held", action=argparse.BooleanOptionalAction, help="with 100,000 leases held before, too")
    parser.add_argument("--slow-disk", action=argparse.BooleanOptionalAction, default=True, help="on it, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    arguments = parser.parse_args()
    quick = arguments.quick
    arguments.repeats = arguments.repeats or (1 if quick else 3)
    arguments.seconds = arguments.seconds or (2.0 if quick else 6.0)
    arguments.held = not quick if arguments.held is None else arguments.held
    arguments.precision = 1.3 if quick else 1.1
    return arguments


def measure_all(arguments: argparse.Namespace) -> Iterator[Result]:
    held = hold(NETWORK, HELD_BEFORE) if arguments.held else ()
    for leases in ((), held) if held else ((),):
        for sync_delay_s in (0.0, SYNC_DELAY_S) if arguments.slow_disk else (0.0,):
            situation = Situation(leases, sync_delay_s)
            for name in arguments.servers:
                kind = SERVERS[name]
                if kind.pool_size_max is None or kind.pool_size_max > len(leases):
                    yield measure(kind, situation, arguments)


def measure(kind: ServerKind, situation: Situation, arguments: argparse.Namespace) -> Result:
    result = Result(kind.name, situation.name, [], [], [], [])
    likely_per_s = kind.likely_with_many_per_s if situation.held else kind.likely_per_s
    for repeat in range(arguments.repeats):
        say(f"{kind.name}, {situation.name}, {repeat + 1} of {arguments.repeats} (load {os.getloadavg()[0]:.1f})")

        def measure_at(rate_per_s: int) -> Point:
            point = measure_relayed(kind, situation, rate_per_s, arguments.seconds)
            say(f"  {rate_per_s:,}/s: {point.reached_per_s:,.0f} reached, {point.dropped:.2%} dropped")
            return point

        result.sweeps.append(sweep(measure_at, likely_per_s, arguments.precision))
        best = best_held(result.sweeps[-1])
        # The next time begins where this one ended.
        likely_per_s = best.rate_per_s if best else likely_per_s
        result.at_fixed_rate.append(measure_at(FIXED_RATE_PER_S))
        result.direct.append(measure_direct(kind, situation, arguments.seconds))
        if not arguments.quick:
            result.direct_broadcast.append(measure_direct(kind, situation, arguments.seconds, broadcast=True))
    return result


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
