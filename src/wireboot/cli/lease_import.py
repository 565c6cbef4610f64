"""`wireboot lease import`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import URL

from wireboot.cli.options import ConfigOption, JsonOption
from wireboot.cli.source_files import read_source
from wireboot.config.load import load
from wireboot.config.model import Configuration
from wireboot.errors import OperatorError
from wireboot.migrate.leases.found import FoundLease, as_lease, importable, worth_taking
from wireboot.migrate.leases.read import LeaseOrigin, read_leases
from wireboot.store.database import open_database
from wireboot.store.leases import LeaseStore, NotStoredError


class From(StrEnum):
    """Whose leases they are."""

    AUTO = "auto"
    DNSMASQ = "dnsmasq"
    ISC = "isc"
    KEA = "kea"
    WIREBOOT = "wireboot"


def import_leases(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The other server's lease file, or an export.")],
    origin: Annotated[From, typer.Option("--from", help="Whose leases they are; auto: by their looks.")] = From.AUTO,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over another server's leases, so that machines keep their addresses. `wireboot serve` must not be running.

    Example: wireboot lease import /var/lib/misc/dnsmasq.leases
    """
    configuration = load(config).config
    source = read_source(file)
    now = time.time()
    found = importable(
        read_leases(source.name, source.text, None if origin is From.AUTO else LeaseOrigin(origin.value)), now
    )
    taken = _keep(found.leases, configuration.database_url, now)
    counts = {"imported": len(taken), "over": found.over, "on_record": len(found.leases) - len(taken)}
    remarks = [*_outside(taken, configuration), *_for_ever(taken)]
    if as_json:
        print(json.dumps({**counts, "remarks": remarks}, indent=2))
        return
    for remark in remarks:
        print(remark, file=sys.stderr)
    print("{imported} imported, {over} over already, {on_record} on record and newer".format(**counts))


def _keep(found: Sequence[FoundLease], location: URL, now: float) -> list[FoundLease]:
    """Those that are newer than what is on record, which are on disk on return.

    Raises OperatorError, also where a server has the database: it has its leases in memory, and would not see these.
    """
    database = open_database(location)
    try:
        store = LeaseStore(database)
        taken = worth_taking(found, store.load(), now)
        if taken:
            store.save([as_lease(each, now) for each in taken])
    except NotStoredError as problem:
        raise OperatorError(f"no lease was taken over: {problem}", hint="nothing was written; try again") from None
    finally:
        database.dispose()
    return taken


def _outside(taken: list[FoundLease], configuration: Configuration) -> list[str]:
    """They are kept, and do no harm; but the machines will not get these addresses again."""
    networks = [subnet.network for subnet in configuration.dhcp4.subnets]
    return [
        f"{each.place}: warning: {each.address} is in no subnet of the configuration\n"
        f"  hint: add [[dhcp4.subnets]] that has it, or the machine gets another address"
        for each in taken
        if not any(each.address in network for network in networks)
    ]


def _for_ever(taken: list[FoundLease]) -> list[str]:
    return [
        f"{each.place}: warning: the lease of {each.address} never ends; here it ends in a year\n"
        f"  hint: give the machine a reservation"
        for each in taken
        if each.expires_at is None
    ]
