"""`wireboot check`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import typer

from wireboot.boot.loaders import ARCHITECTURES, describe_loaders
from wireboot.cli.options import ConfigOption, JsonOption
from wireboot.config.check import check as check_config
from wireboot.config.findings import ConfigurationError, Finding, Severity
from wireboot.config.load import load
from wireboot.server.host import host_facts, loaders_on_this_machine


def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the configuration against this machine: exit 0, or 2 with every finding and its line.

    Example: wireboot check --config wireboot.toml
    """
    loaders = loaders_on_this_machine()
    try:
        loaded = load(config)
        findings = check_config(loaded, host_facts(loaded.config, loaders))
        source = loaded.file
    except ConfigurationError as problem:
        findings, source = list(problem.findings), problem.findings[0].file
    best = [loader for name in ARCHITECTURES if (loader := loaders.best(name)) is not None]
    errors = any(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        document = {"file": source, "ok": not errors, "findings": [asdict(each) for each in findings]}
        print(json.dumps({**document, "loaders": {each.architecture: each.kind for each in best}}, indent=2))
    else:
        _print(findings, source, describe_loaders(loaders), errors)
    if errors:
        raise typer.Exit(2)


def _print(findings: list[Finding], source: str, loaders: tuple[str, ...], errors: bool) -> None:
    for finding in findings:
        print(finding, file=sys.stderr)
    print("Loaders on this machine:", *(f"  {line}" for line in loaders), sep="\n")
    print(f"{source}: {'not usable' if errors else 'ok'}")
