"""`wireboot lease`."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import URL

from wireboot.cli.options import ConfigOption, JsonOption
from wireboot.config.load import load
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store.database import look_into_database
from wireboot.store.leases import LeaseStore
from wireboot.wire.addresses import format_link_address

_COLUMNS = ("address", "mac", "hostname", "state", "until")

app = typer.Typer(name="lease", help="Look at leases.")


@app.callback()
def _group() -> None:
    """Look at leases."""


@app.command("list")
def list_leases(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the leases, by address.

    Example: wireboot lease list --json
    """
    leases = sorted(_stored_leases(load(config).config.database_url), key=lambda lease: lease.address)
    if as_json:
        print(json.dumps([_plain(lease) for lease in leases], indent=2))
        return
    table = Table(*_COLUMNS)
    for lease in leases:
        row = _plain(lease)
        table.add_row(*(row[column] or "" for column in _COLUMNS))
    Console().print(table if leases else "no leases")


def _stored_leases(location: URL) -> list[Lease]:
    """Empty where no server has made the database yet: looking must not make it."""
    path = location.database
    return LeaseStore(look_into_database(location)).load() if path is not None and Path(path).exists() else []


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


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
