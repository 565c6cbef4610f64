"""The search for the highest rate that a server holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

from bench.dhcp_point import Point

RATE_MIN_PER_S = 10
RATE_MAX_PER_S = 40_000
"""More than perfdhcp asks for."""


def sweep(measure: Callable[[int], Point], likely_per_s: float, precision: float) -> list[Point]:
    """Points, in the order of their measurement, up to one held with one not held at most `precision` times its rate.

    Begins at `likely_per_s`, doubles or halves until there is one of each, and halves the way between them.
    """
    points: list[Point] = []
    held_per_s: float | None = None
    not_held_per_s: float | None = None
    rate = likely_per_s
    while RATE_MIN_PER_S <= rate <= RATE_MAX_PER_S:
        points.append(measure(round(rate)))
        if points[-1].held:
            held_per_s = rate
        else:
            not_held_per_s = rate
        if held_per_s is None:
            rate /= 2
        elif not_held_per_s is None:
            rate *= 2
        elif not_held_per_s / held_per_s <= precision:
            break
        else:
            rate = sqrt(held_per_s * not_held_per_s)
    return points


def best_held(points: Sequence[Point]) -> Point | None:
    """None where the server held no rate at all.

    Not always the one of the highest rate: what waits in its sockets at the end is answered late, and still counts.
    """
    return max((point for point in points if point.held), key=lambda point: point.reached_per_s, default=None)
