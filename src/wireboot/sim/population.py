"""The machines of a site: those that the configuration names, and strangers."""

from __future__ import annotations

from collections.abc import Sequence

from wireboot.protocols.pxe.firmware import FIRMWARE, Firmware
from wireboot.sim.site import Site, subnets_by_link
from wireboot.sim.world import World

SWITCHED_ON_WITHIN_S = 10.0
"""A room full of machines after a power cut, or the start of a lesson."""


def populate(
    world: World,
    machines: int,
    firmware: Sequence[Firmware],
    *,
    multicast: bool,
    boots: int = 1,
    within_s: float = SWITCHED_ON_WITHIN_S,
) -> None:
    """Add so many machines: first those of the inventory, then strangers. Kinds of firmware take turns.

    `multicast`: those that can use MTFTP do. They are switched on within so many seconds.
    """
    homes = reserved_segments(world.site)
    named = world.site.config.machines[:machines]
    for number in range(machines):
        known = named[number] if number < len(named) else None
        world.add_machine(
            firmware[number % len(firmware)],
            name=None if known is None else known.name,
            link_address=None if known is None else known.mac,
            uuid=None if known is None else known.uuid,
            segment=None if known is None or known.mac is None else homes.get(known.mac),
            on_at_s=within_s * number / machines,
            multicast=multicast,
            boots=boots,
        )


def firmware_named(name: str) -> tuple[Firmware, ...]:
    """One kind, or all of them for "all"."""
    return tuple(FIRMWARE.values()) if name == "all" else (FIRMWARE[name],)


def reserved_segments(site: Site) -> dict[bytes, str]:
    """Where the machines with a reservation stand."""
    segments: dict[bytes, str] = {}
    for segment, subnets in zip(site.segments, subnets_by_link(site.config), strict=False):
        reserved = (each.mac for subnet in subnets for each in subnet.reservations)
        segments.update({mac: segment for mac in reserved if mac is not None})
    return segments
