"""What `bench.dhcp` found of one server in one situation: medians of the repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from bench.dhcp_point import Drops, Point
from bench.dhcp_search import best_held
from tests.support.lab.dhcp_load import Outcome

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """A list has an entry for each repeat."""

    server: str
    situation: str
    sweeps: list[list[Point]]
    at_fixed_rate: list[Point]
    direct: list[Outcome]
    direct_broadcast: list[Outcome]

    @property
    def reached_per_s(self) -> float:
        """DORAs by a relay; 0 where no rate was held."""
        best = map(best_held, self.sweeps)
        return median(point.reached_per_s if point else 0.0 for point in best)

    @property
    def direct_per_s(self) -> float:
        return median(outcome.per_s for outcome in self.direct)

    @property
    def at_its_ease(self) -> list[Point]:
        """At the fixed rate, or at the best it held where that was too much: what a lease costs is asked there."""
        best = [point for point in map(best_held, self.sweeps) if point]
        return self.at_fixed_rate if not best or all(point.held for point in self.at_fixed_rate) else best

    @property
    def drops_in_sweeps(self) -> Drops:
        """All together: at the rates not held, they say who lost."""
        drops = [point.drops for points in self.sweeps for point in points]
        return Drops(
            sum(each.at_generator for each in drops),
            sum(each.at_server for each in drops),
            sum(each.in_between for each in drops),
        )


def median_of(measured: Sequence[T], value: Callable[[T], float | None]) -> float | None:
    """None where one of the values is missing."""
    values = [value(each) for each in measured]
    known = [each for each in values if each is not None]
    return median(known) if known and len(known) == len(values) else None
