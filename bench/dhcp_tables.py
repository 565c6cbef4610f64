"""The tables of `bench.dhcp`, and how wireboot stands to what is demanded of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.dhcp_result import Result, median_of
from tests.support.lab.dhcp_load import Outcome, Percentiles
from tests.support.lab.dhcp_servers import DNSMASQ, ISC, ISC_BEST, KEA, WIREBOOT


def show(console: Console, results: Sequence[Result], fixed_rate_per_s: int) -> None:
    for situation in dict.fromkeys(result.situation for result in results):
        these = [result for result in results if result.situation == situation]
        console.print(relayed_table(situation, these, fixed_rate_per_s))
        console.print(drops_table(situation, these))
        console.print(direct_table(situation, these))
        for line in demands(these):
            console.print(line)
    for line in slow_disk_demands(results):
        console.print(line)


def relayed_table(situation: str, results: Sequence[Result], fixed_rate_per_s: int) -> Table:
    table = Table(title=f"perfdhcp, as a relay: {situation}; mean / most ms, dropped: at {fixed_rate_per_s:,}/s")
    table.add_column("server")
    for column in ("DORA/s", "wireboot is", "OFFER ms", "ACK ms", "dropped", "CPU s per\n1,000", "RSS MB"):
        table.add_column(column, justify="right")
    for result in results:
        fixed, easy = result.at_fixed_rate, result.at_its_ease
        table.add_row(
            result.server,
            number(result.reached_per_s, 0),
            times(reached(results, WIREBOOT.name), result.reached_per_s),
            pair(median_of(fixed, lambda each: each.offer_avg_ms), median_of(fixed, lambda each: each.offer_max_ms)),
            pair(median_of(fixed, lambda each: each.ack_avg_ms), median_of(fixed, lambda each: each.ack_max_ms)),
            share(median_of(fixed, lambda each: each.dropped)),
            number(median_of(easy, lambda each: each.cpu_s_per_1000), 3),
            number(median_of(easy, lambda each: each.rss_bytes / 1e6), 0),
        )
    return table


def drops_table(situation: str, results: Sequence[Result]) -> Table:
    table = Table(title=f"where packets were lost, in all sweeps: {situation}")
    table.add_column("server")
    for column in ("asked", "no lease", "perfdhcp's\nsocket full", "a socket of the\nserver's full", "between", "load"):
        table.add_column(column, justify="right")
    for result in results:
        points = [point for points in result.sweeps for point in points]
        drops = result.drops_in_sweeps
        table.add_row(
            result.server,
            number(sum(point.discovers for point in points), 0),
            number(sum(point.discovers - point.acks for point in points), 0),
            number(drops.at_generator, 0),
            number(drops.at_server, 0),
            number(drops.in_between, 0),
            number(median_of(points, lambda each: each.load_average), 1),
        )
    return table


def direct_table(situation: str, results: Sequence[Result]) -> Table:
    table = Table(title=f"clients on the server's segment, without an address: {situation}")
    table.add_column("server")
    table.add_column("answers by")
    for column in ("DORA/s", "OFFER ms\np50 / p99", "ACK ms\np50 / p99", "asked again", "clients\nbusy"):
        table.add_column(column, justify="right")
    for result in results:
        for how, outcomes in (("unicast", result.direct), ("broadcast", result.direct_broadcast)):
            if outcomes:
                table.add_row(result.server, how, *direct_cells(outcomes))
    return table


def direct_cells(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return (
        number(median_of(outcomes, lambda each: each.per_s), 0),
        percentile_pair([each.offer_ms for each in outcomes]),
        percentile_pair([each.ack_ms for each in outcomes]),
        number(median_of(outcomes, lambda each: each.retries), 0),
        share(median_of(outcomes, lambda each: each.busy)),
    )


def demands(results: Sequence[Result]) -> list[str]:
    wireboot = reached(results, WIREBOOT.name)
    best_c = max((reached(results, each.name) or 0.0 for each in (KEA, ISC, ISC_BEST)), default=0.0)
    found = [
        ("wireboot to the best of Kea and ISC", best_c, 1.0),
        ("wireboot to dnsmasq", reached(results, DNSMASQ.name), 20.0),
    ]
    return [demand(what, wireboot, other, at_least) for what, other, at_least in found if wireboot and other]


def slow_disk_demands(results: Sequence[Result]) -> list[str]:
    lines = []
    for situation in dict.fromkeys(result.situation for result in results if "a sync" in result.situation):
        slow = [result for result in results if result.situation == situation]
        isc = max(reached(slow, each.name) or 0.0 for each in (ISC, ISC_BEST))
        if (wireboot := reached(slow, WIREBOOT.name)) and isc:
            lines.append(demand(f"{situation}: wireboot to ISC's best", wireboot, isc, 2.0))
        for result in results:
            if result.server == WIREBOOT.name and situation.startswith(result.situation):
                offer_ms = number(median_of(result.at_fixed_rate, lambda each: each.offer_avg_ms), 2)
                lines.append(
                    f"{result.situation}: wireboot's OFFER after {offer_ms} ms (demanded: untouched by the disk)"
                )
    return lines


def demand(what: str, wireboot: float, other: float, at_least: float) -> str:
    met = "met" if wireboot >= at_least * other else "not met"
    return f"{what}: {wireboot / other:.2f} times (demanded: {at_least:g}; {met})"


def reached(results: Sequence[Result], server: str) -> float | None:
    return next((result.reached_per_s for result in results if result.server == server), None)


def times(wireboot: float | None, other: float) -> str:
    return f"x {wireboot / other:.2f}" if wireboot and other else "-"


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def pair(first: float | None, second: float | None) -> str:
    return f"{number(first, 1)} / {number(second, 0)}"


def percentile_pair(percentiles: Sequence[Percentiles | None]) -> str:
    return pair(
        median_of(percentiles, lambda each: each.p50 if each else None),
        median_of(percentiles, lambda each: each.p99 if each else None),
    )
