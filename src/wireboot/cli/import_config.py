"""`wireboot import-config`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Annotated

import typer

from wireboot.boot.loaders import FoundLoaders
from wireboot.cli.options import JsonOption
from wireboot.cli.source_files import FilesOnDisk, read_source
from wireboot.config.findings import Severity
from wireboot.config.load import parse
from wireboot.config.model import Configuration
from wireboot.errors import OperatorError
from wireboot.migrate.translate import Origin, Translated, translate
from wireboot.server.host import host_facts


class From(StrEnum):
    """Whose configuration it is."""

    AUTO = "auto"
    DNSMASQ = "dnsmasq"
    ISC = "isc"
    KEA = "kea"


def import_config(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The other server's configuration.")],
    origin: Annotated[From, typer.Option("--from", help="Whose configuration it is; auto: by its looks.")] = From.AUTO,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write a new file there. Without it: to stdout.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a wireboot.toml of another DHCP server's configuration, and tell what could not be carried over.

    Example: wireboot import-config /etc/dnsmasq.conf --output wireboot.toml
    """
    translated = translate(
        [read_source(file) for file in files],
        None if origin is From.AUTO else Origin(origin.value),
        FilesOnDisk(files[0].parent),
        _own_addresses(),
    )
    # Whatever the other file says, the result is one that wireboot can read.
    parse(translated.toml.encode(), output or Path("wireboot.toml"))
    if output is not None:
        _write(translated.toml, output)
    if as_json:
        untranslated = [asdict(finding) for finding in translated.findings]
        print(json.dumps({"toml": translated.toml, "untranslated": untranslated}, indent=2))
        return
    if output is None:
        print(translated.toml, end="")
    _tell(translated, output)


def _own_addresses() -> Sequence[IPv4Interface]:
    up = host_facts(Configuration(), FoundLoaders({})).interfaces
    return [address for interface in up for address in interface.ipv4 if not address.is_loopback]


def _write(toml: str, file: Path) -> None:
    """Raises OperatorError, also where the file is there: it may be somebody's work."""
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(toml)
    except FileExistsError:
        raise OperatorError(
            f"{file} is there already", hint="name another file, or move that one away", exit_code=2
        ) from None
    except (OSError, ValueError) as problem:
        reason = (problem.strerror or str(problem)) if isinstance(problem, OSError) else str(problem)
        raise OperatorError(f"cannot write {file}: {reason}", hint="name a file in a folder of yours") from None


def _tell(translated: Translated, output: Path | None) -> None:
    for finding in translated.findings:
        print(finding, file=sys.stderr)
    lost = sum(finding.severity is Severity.WARNING for finding in translated.findings)
    name = "wireboot.toml" if output is None else str(output)
    told = "everything was carried over" if lost == 0 else f"{lost} to look at above"
    print(f"{told}; `wireboot check --config {name}` and `wireboot try` go on from here", file=sys.stderr)
