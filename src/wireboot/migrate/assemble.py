"""What was read of another server's configuration, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wireboot.migrate.boot import BootFile, BootPlan
from wireboot.migrate.consistent import consistent, said_of_all
from wireboot.migrate.draft import ClientClass, Draft, Reservation
from wireboot.migrate.report import Place, Report
from wireboot.migrate.subnet_builder import SubnetBuilder


def tell_files_of_another_program(server: str, files: Sequence[BootFile], plan: BootPlan, report: Report) -> None:
    """Servers that only name boot files have someone beside them who serves them."""
    if plan.profiles:
        report.differs(
            files[0].place,
            f"{server} names boot files, and another program serves them: wireboot does both",
            "set `boot_dir` to the folder that the TFTP server has served, and stop that one",
        )


def lending(
    subnets: Sequence[SubnetBuilder],
    reservations: Iterable[Reservation],
    classes: tuple[ClientClass, ...],
    authoritative: Sequence[tuple[bool, Place]],
    bootp: Sequence[Place],
    plan: BootPlan,
    report: Report,
    *,
    interfaces: Mapping[str, Place] | None = None,
) -> Draft:
    """The draft of a server that lends addresses. `authoritative`: where that is said, and what."""
    options, lent = said_of_all(consistent([each.subnet(report) for each in subnets], reservations, report))
    if not lent:
        for shown, place in (
            *(("authoritative", place) for _, place in authoritative),
            *(("BOOTP", place) for place in bootp),
            *((f"class {each.name}", each.place) for each in classes),
        ):
            report.untranslated(place, shown, "there is no subnet that it could be for", "add [[dhcp4.subnets]]")
    named = interfaces or {}
    said = any(value for value, _ in authoritative)
    return Draft(
        interfaces=tuple(named),
        mode="server" if lent else None,
        authoritative=said if lent else None,
        bootp=bool(bootp and lent),
        options=options,
        classes=classes if lent else (),
        subnets=lent,
        default_profile=plan.default_profile,
        profiles=plan.profiles,
        machines=plan.machines,
        origins={
            "interfaces": tuple(named.values()),
            "mode": tuple(each.place for each in lent),
            "dhcp4": (*(place for value, place in authoritative if value == said), *bootp),
        },
    )
