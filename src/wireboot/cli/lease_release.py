"""`wireboot lease release`."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Annotated

import typer
from sqlalchemy import URL, Engine

from wireboot.cli.options import ConfigOption
from wireboot.config.load import load
from wireboot.config.values import parse_ipv4
from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store.database import look_into_database, open_database
from wireboot.store.leases import LeaseStore, NotStoredError
from wireboot.wire.addresses import format_link_address

_SERVER_RUNS = (
    "a server that runs takes a release from the client alone (DHCPRELEASE, such as by `dhclient -r`); "
    "or stop it, release, and start it again"
)


def release_lease(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address that is to be free.")],
    config: ConfigOption = None,
) -> None:
    """Make an address free whose lease has not ended. `wireboot serve` must not be running; exit 1 where none stands.

    Example: wireboot lease release 10.77.0.101
    """
    wanted, location = _address(address), load(config).config.database_url
    # Where there is none yet it is not made: there is nothing to release in it.
    released = None if look_into_database(location) is None else _release(wanted, location)
    if released is None:
        print(f"no lease stands on {wanted}")
        raise typer.Exit(1)
    print(f"{wanted} is free; {format_link_address(released.link_address) or 'its client'} had it")


def _release(address: IPv4Address, location: URL) -> Lease | None:
    """The lease as it was, given back on disk on return; None where none stands. Raises OperatorError."""
    database = _open(location)
    try:
        store, now = LeaseStore(database), time.time()
        held = next((each for each in store.load() if each.address == address and each.is_held(now)), None)
        if held is not None:
            store.save([replace(held, state=LeaseState.RELEASED, expires_at=now)])
        return held
    except NotStoredError as problem:
        raise OperatorError(f"{address} was not released: {problem}", hint="nothing was written; try again") from None
    finally:
        database.dispose()


def _open(location: URL) -> Engine:
    """Raises OperatorError, also where a server has the database: it has its leases in memory, and would not notice."""
    try:
        return open_database(location)
    except OperatorError as problem:
        hint = "; ".join(filter(None, (problem.hint, _SERVER_RUNS)))
        raise OperatorError(str(problem), hint=hint, exit_code=problem.exit_code) from None


def _address(text: str) -> IPv4Address:
    try:
        return parse_ipv4(text)
    except ValueError as problem:
        raise OperatorError(
            str(problem), hint="such as 10.77.0.101; `wireboot lease list` has all", exit_code=2
        ) from None
