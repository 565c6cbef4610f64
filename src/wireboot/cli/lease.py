"""`wireboot lease`."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import URL

from wireboot.cli.lease_import import import_leases
from wireboot.cli.lease_release import release_lease
from wireboot.cli.options import ConfigOption, JsonOption
from wireboot.config.load import load
from wireboot.config.values import parse_mac
from wireboot.errors import OperatorError
from wireboot.leases.lease import Lease, LeaseState
from wireboot.migrate.leases.wireboot import COLUMNS
from wireboot.store.database import look_into_database
from wireboot.store.leases import LeaseStore
from wireboot.wire.addresses import format_link_address

_LISTED = ("address", "mac", "hostname", "state", "until")

app = typer.Typer(name="lease", help="Look at leases, bring them along, and end them.")
app.command("import")(import_leases)
app.command("release")(release_lease)


class ExportFormat(StrEnum):
    """How leases are written."""

    JSON = "json"
    CSV = "csv"


@app.callback()
def _group() -> None:
    """Look at leases, bring them along, and end them."""


@app.command("list")
def list_leases(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the leases, by address.

    Example: wireboot lease list --json
    """
    leases = _stored_leases(load(config).config.database_url)
    if as_json:
        print(json.dumps([_plain(lease) for lease in leases], indent=2))
        return
    table = Table(*_LISTED)
    for lease in leases:
        row = _plain(lease)
        table.add_row(*(row[column] or "" for column in _LISTED))
    Console().print(table if leases else "no leases")


@app.command("show")
def show_leases(
    which: Annotated[str, typer.Argument(metavar="ADDRESS|MAC", help="Whose lease.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that is on record of an address or of a machine; exit 1 where that is nothing.

    Example: wireboot lease show 52:54:00:77:00:10
    """
    wanted = _address_or_mac(which)
    stored = _stored_leases(load(config).config.database_url)
    leases = [_plain(lease) for lease in stored if wanted in (lease.address, lease.link_address)]
    if as_json:
        print(json.dumps(leases, indent=2))
    else:
        print("\n\n".join(_as_lines(lease) for lease in leases) or f"no lease of {which}")
    if not leases:
        raise typer.Exit(1)


@app.command("export")
def export_leases(
    as_format: Annotated[ExportFormat, typer.Option("--format", help="How they are written.")] = ExportFormat.JSON,
    config: ConfigOption = None,
) -> None:
    """Write the leases to stdout, for `wireboot lease import` on another machine or for a spreadsheet.

    Example: wireboot lease export --format csv
    """
    leases = [_plain(lease) for lease in _stored_leases(load(config).config.database_url)]
    if as_format is ExportFormat.JSON:
        print(json.dumps(leases, indent=2))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([[lease[column] or "" for column in COLUMNS] for lease in leases])


def _stored_leases(location: URL) -> list[Lease]:
    """By address. Empty where no server has made the database yet: looking must not make it."""
    database = look_into_database(location)
    stored = LeaseStore(database).load() if database is not None else []
    return sorted(stored, key=lambda lease: lease.address)


def _address_or_mac(text: str) -> IPv4Address | bytes:
    try:
        return IPv4Address(text)
    except ValueError:
        pass
    try:
        return parse_mac(text)
    except ValueError:
        raise OperatorError(
            f"{text!r} is neither an IPv4 address nor a MAC address",
            hint="such as 10.77.0.50 or 52:54:00:77:00:10; `wireboot lease show --help`",
            exit_code=2,
        ) from None


def _plain(lease: Lease) -> dict[str, str | None]:
    given_back = lease.state is LeaseState.RELEASED
    state = lease.state.value if given_back or lease.is_held(time.time()) else "expired"
    return {
        "address": str(lease.address),
        "mac": format_link_address(lease.link_address),
        "client": lease.client.hex(),
        "hostname": lease.hostname,
        "state": state,
        "since": _utc(lease.granted_at),
        "until": _utc(lease.expires_at),
    }


def _as_lines(lease: Mapping[str, str | None]) -> str:
    return "\n".join(f"{name:<9}{value or '-'}" for name, value in lease.items())


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
