"""Thousands of seeds: `python -m tests.simulation.soak --seeds 5000`. Exit code 1 when any of them fails."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.support.sim import KINDS, world_of
from wireboot.sim.summary import summarise
from wireboot.sim.world import WorldBroken

_TOLD_EVERY = 100


class Result(NamedTuple):
    seed: int
    boots: int
    booted: int
    what: str
    """Empty where all was well."""
    transcript: str = ""


def run(seed: int) -> Result:
    world = world_of(seed)
    try:
        world.run()
    except WorldBroken as broken:
        return Result(seed, 0, 0, broken.what, broken.transcript)
    summary = summarise(world)
    return Result(seed, summary.boots, summary.booted, "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="a folder for the transcripts of seeds that failed")
    options = parser.parse_args()
    failed, boots, booted = 0, 0, 0
    for number, result in enumerate(_results(options.first, options.seeds, options.processes), start=1):
        boots, booted = boots + result.boots, booted + result.booted
        if result.what:
            failed += 1
            print(f"seed {result.seed} ({KINDS[result.seed % len(KINDS)]}): {result.what}", flush=True)
            _keep(options.keep, result)
        if number % _TOLD_EVERY == 0:
            print(f"{number} of {options.seeds} seeds, {failed} failed", file=sys.stderr, flush=True)
    print(f"{options.seeds} seeds, {failed} failed; {booted} of {boots} boots came to their boot file")
    return 1 if failed else 0


def _results(first: int, seeds: int, processes: int) -> Iterator[Result]:
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(run, range(first, first + seeds), chunksize=4)


def _keep(folder: Path | None, result: Result) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"seed-{result.seed}.txt").write_text(f"{result.what}\n{result.transcript}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
