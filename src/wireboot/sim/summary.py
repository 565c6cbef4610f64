"""What a simulation came to: for people to read, and as one JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wireboot.protocols.pxe.client_events import Booted, Failed, LocalBoot
from wireboot.protocols.pxe.errors import PxeError
from wireboot.sim.machine import Boot, Machine
from wireboot.sim.world import World
from wireboot.wire.addresses import format_link_address
from wireboot.wire.iana import architecture_name

PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class Summary:
    """Boots, counted."""

    boots: int
    booted: int
    local: int
    """Led back to the local disk by a menu."""
    failed: Counter[str]
    """By PXE's code."""
    errors: dict[str, PxeError]
    """One of each code."""
    seconds: dict[int, float]
    """Percentile to the virtual seconds from power on to the whole boot file."""


def summarise(world: World) -> Summary:
    outcomes = [boot.outcome for boot in world.boots]
    errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    return Summary(
        boots=len(outcomes),
        booted=sum(isinstance(outcome, Booted) for outcome in outcomes),
        local=sum(isinstance(outcome, LocalBoot) for outcome in outcomes),
        failed=Counter(sorted(error.code for error in errors)),
        errors={error.code: error for error in reversed(errors)},
        seconds=_percentiles([boot.seconds for boot in world.boots if isinstance(boot.outcome, Booted)]),
    )


def typical(world: World) -> list[Machine]:
    """A few machines to tell of: of each firmware the one in the middle, the slowest of all, and one for each error."""
    booted = sorted(
        (machine for machine in world.machines if isinstance(machine.outcome, Booted)),
        key=lambda machine: machine.boots[-1].seconds,
    )
    chosen: dict[str, Machine] = {}
    for firmware in dict.fromkeys(machine.firmware.name for machine in world.machines):
        of_kind = [machine for machine in booted if machine.firmware.name == firmware]
        if of_kind:
            middle = of_kind[len(of_kind) // 2]
            chosen[middle.name] = middle
    if booted:
        chosen[booted[-1].name] = booted[-1]
    first_with: dict[str, Machine] = {}
    for machine in world.machines:
        if (code := _error_code(machine.boots[-1])) is not None:
            first_with.setdefault(code, machine)
    return [*chosen.values(), *first_with.values()]


def story(machine: Machine) -> Iterator[str]:
    """The last boot of a machine, a line for each step."""
    boot, identity = machine.boots[-1], machine.identity
    yield (
        f"{machine.name}  {format_link_address(machine.link_address)}  {architecture_name(identity.architectures[0])}, "
        f"{machine.firmware.name} firmware"
    )
    for step in boot.steps:
        detail = ", ".join(f"{key.replace('_', ' ')}: {_short(value)}" for key, value in step.detail.items())
        yield f"  {step.at_s:8.3f} s  {step.step}  {step.name}" + (f"  ({detail})" if detail else "")
    for reason in boot.restarts:
        yield f"              began all over again: {reason}"
    packets = f"it sent {boot.asked} DHCP packets and {boot.sent - boot.asked} others"
    yield f"  {boot.seconds:8.3f} s  {_ending(boot)}; {packets}"


def document(world: World, repeat: str) -> dict[str, object]:
    """All of it, for programs. `repeat`: the command that runs the same again."""
    summary, traffic = summarise(world), world.network.traffic
    return {
        "seed": world.seed,
        "repeat": repeat,
        "machines": len(world.machines),
        "boots": summary.boots,
        "booted": summary.booted,
        "local": summary.local,
        "failed": dict(summary.failed),
        "seconds": {f"p{percent}": round(seconds, 3) for percent, seconds in summary.seconds.items()},
        "virtual_seconds": round(world.clock.elapsed_s, 3),
        "datagrams": {
            "sent": traffic.sent,
            "delivered": traffic.delivered,
            "lost": traffic.lost,
            "duplicated": traffic.duplicated,
        },
        "crashes": world.server.crashes,
        "told": dict(world.told.most_common()),
        "files": [
            {"name": note.name, "size_bytes": note.size_bytes, "stand_in": note.stand_in}
            for note in world.site.files.notes
        ],
        "outcomes": [_outcome(machine, boot) for machine in world.machines for boot in machine.boots],
    }


def _outcome(machine: Machine, boot: Boot) -> dict[str, object]:
    booted = boot.outcome if isinstance(boot.outcome, Booted) else None
    return {
        "machine": machine.name,
        "mac": format_link_address(machine.link_address),
        "arch": architecture_name(machine.identity.architectures[0]),
        "firmware": machine.firmware.name,
        "outcome": "booted" if booted else "local" if isinstance(boot.outcome, LocalBoot) else "failed",
        "error": _error_code(boot),
        "boot_file": booted.boot_file if booted else None,
        "size_bytes": booted.size_bytes if booted else None,
        "transport": booted.transport if booted else None,
        "seconds": round(boot.seconds, 3),
        "step": boot.steps[-1].step if boot.steps else 0,
    }


def _ending(boot: Boot) -> str:
    match boot.outcome:
        case Booted() as booted:
            return f"booted {booted.boot_file}, {booted.size_bytes} bytes"
        case LocalBoot():
            return "led back to the local disk"
        case Failed(error=error):
            return f"{error.code} {error.text}" + (f" ({error.detail})" if error.detail else "")
        case None:
            return "has not ended"


def _error_code(boot: Boot) -> str | None:
    return boot.outcome.error.code if isinstance(boot.outcome, Failed) else None


def _percentiles(seconds: Sequence[float]) -> dict[int, float]:
    ordered = sorted(seconds)
    return {each: ordered[max(0, -(-len(ordered) * each // 100) - 1)] for each in PERCENTILES} if ordered else {}


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
