"""Settings that the contract has and this version does not act upon. A row goes when its work is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.keys import without_indices
from wireboot.config.load import LoadedConfig
from wireboot.config.positions import KeyPath


@dataclass(frozen=True, slots=True)
class _Row:
    path: tuple[str, ...]
    what: str
    unless: object = None
    """The value that asks for nothing."""


# fmt: off
NOT_YET = (
    _Row(("dhcp6", "mode"),                  "DHCPv6 is not served yet",              unless="off"),
    _Row(("dhcp6", "router_advertisements"), "router advertisements are not sent yet", unless=False),
    _Row(("http", "port"),                   "boot files are not served by HTTP yet"),
    _Row(("admin", "listen"),                "there is no API or web UI yet"),
    _Row(("profiles", "kernel"),             "kernels are not booted by name yet"),
    _Row(("profiles", "loader"),             "loaders are not chosen by kind yet",    unless="auto"),
)
# fmt: on
_ROWS = {row.path: row for row in NOT_YET}


def keys_without_effect(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    """A note for every such key that the file sets."""
    for path in loaded.positions:
        row = _ROWS.get(without_indices(path))
        if row is not None and isinstance(path[-1], str) and _value(loaded, path) != row.unless:
            yield loaded.finding(
                Severity.NOTE,
                path,
                f"`{'.'.join(row.path)}` has no effect in this version: {row.what}",
                "leave it for a later version, or take it out",
            )


def _value(loaded: LoadedConfig, path: KeyPath) -> object:
    value: object = loaded.config
    for part in path:
        if isinstance(part, str):
            value = getattr(value, part)
        else:
            assert isinstance(value, tuple)
            value = value[part]
    return value
