"""From a file to a `Configuration`, or to every fault in it at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from wireboot.config.findings import ConfigurationError, Finding, Severity, sorted_by_place
from wireboot.config.keys import KEYS, keys_in, near, place_of, without_indices
from wireboot.config.model import Configuration
from wireboot.config.positions import KeyPath, line_of, positions
from wireboot.config.values import shown
from wireboot.errors import OperatorError

DEFAULT_PATH = Path("/etc/wireboot/wireboot.toml")
"""Read when no file is named and it exists."""

_UNREADABLE_HINT = "name a configuration file that this user may read, or leave --config out to run on the defaults"


@dataclass(frozen=True)
class LoadedConfig:
    """A configuration and where each part of it was written."""

    config: Configuration
    source: Path | None = None
    """None: no file, all defaults."""
    positions: Mapping[KeyPath, int] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file's name for messages."""
        return str(self.source) if self.source else "built-in defaults"

    def line(self, *path: str | int) -> int | None:
        """The line of a key or, when it is left to its default, of the nearest table around it."""
        return line_of(path, self.positions)

    def finding(self, severity: Severity, where: KeyPath, what: str, remedy: str) -> Finding:
        return Finding(severity, self.file, self.line(*where), what, remedy)

    def with_command_line(
        self,
        *,
        interfaces: Iterable[str] = (),
        boot_dir: Path | None = None,
        mode: Literal["server", "proxy", "off"] | None = None,
    ) -> LoadedConfig:
        """What was given on the command line takes the place of what the file says."""
        config = self.config
        if named := tuple(interfaces):
            config = config.model_copy(
                update={"network": config.network.model_copy(update={"interfaces": named})},
            )
        if boot_dir is not None:
            config = config.model_copy(update={"boot_dir": boot_dir})
        if mode is not None:
            config = config.model_copy(update={"dhcp4": config.dhcp4.model_copy(update={"mode": mode})})
        return replace(self, config=config)


def load(path: Path | None = None, *, default_path: Path = DEFAULT_PATH) -> LoadedConfig:
    """The configuration in `path`; without one that in `default_path`, or the defaults when that does not exist.

    Raises ConfigurationError with every fault of the file, OperatorError when it cannot be read; both exit with 2.
    """
    if path is None:
        if not _stands(default_path):
            return LoadedConfig(Configuration())
        path = default_path
    return parse(_read(path), path)


def parse(content: bytes, path: Path) -> LoadedConfig:
    """The configuration that `content` says; `path` is where relative paths in it count from. Raises as `load` does."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise _only(path, line, "this is not UTF-8 text", "save the file as UTF-8, as TOML asks") from None
    document = _parse_toml(text, path)
    lines = positions(text)
    try:
        config = Configuration.model_validate(document, context={"folder": path.absolute().parent})
    except ValidationError as problem:
        findings = (_finding(error, path, lines) for error in problem.errors(include_url=False))
        raise ConfigurationError(sorted_by_place(list(findings))) from None
    return LoadedConfig(config, path, lines)


def _stands(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # It may be there, behind a folder that this user may not enter: reading it will say so.
        return True


def _read(path: Path) -> bytes:
    try:
        # A pipe or a device would be waited for, or read, for ever.
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise OperatorError(
                f"cannot read the configuration {path}: it is {kind}", hint=_UNREADABLE_HINT, exit_code=2
            )
        return path.read_bytes()
    except (OSError, ValueError) as problem:
        reason = (problem.strerror or str(problem)) if isinstance(problem, OSError) else str(problem)
        raise OperatorError(
            f"cannot read the configuration {path}: {reason}", hint=_UNREADABLE_HINT, exit_code=2
        ) from None


def _parse_toml(text: str, path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _only(path, None, "lists or tables stand too deep inside each other", "flatten them") from None
    except ValueError as problem:
        # Until Python 3.14 the place is in the message only. Numbers too long for Python carry none.
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(problem))
        reason = str(problem)[: place.start()] if place else str(problem)
        line = int(place[1]) if place and place[1] else max(1, len(text.splitlines()))
        what = f"this is not TOML: {reason[:1].lower()}{reason[1:]}"
        remedy = 'look for a missing quotation mark, bracket or "=" on this line or the one before'
        raise _only(path, line if place else None, what, remedy) from None


def _only(path: Path, line: int | None, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([Finding(Severity.ERROR, str(path), line, what, remedy)])


def _finding(error: ErrorDetails, path: Path, lines: Mapping[KeyPath, int]) -> Finding:
    where: KeyPath = tuple(error["loc"])
    what, remedy = _explain(error, where)
    return Finding(Severity.ERROR, str(path), line_of(where, lines), what, remedy)


def _explain(error: ErrorDetails, where: KeyPath) -> tuple[str, str]:
    keys = without_indices(where)
    if error["type"] == "extra_forbidden":
        return f"`{keys[-1]}` is no key {place_of(where[:-1])}", _instead_of(keys)
    key = next(KEYS[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in KEYS)
    if error["type"] == "missing":
        return f"`{keys[-1]}` is missing {place_of(where[:-1])}", f"add `{key.as_toml}`"
    remedy = f"expected {key.expected}, such as `{key.as_toml}`"
    value: object = error["input"]
    if error["type"] == "literal_error" and isinstance(value, str):
        meant = near(value, re.findall(r'"([^"]+)"', key.expected))
        remedy = f'did you mean "{meant}"? Expected {key.expected}' if meant else remedy
    reason = error.get("ctx", {}).get("error") if error["type"] == "value_error" else f"{shown(value)} does not fit"
    return f"`{'.'.join(keys)}`: {reason}", remedy


def _instead_of(keys: tuple[str, ...]) -> str:
    siblings = keys_in(keys[:-1])
    if meant := near(keys[-1], siblings):
        return f"did you mean `{meant}`?"
    elsewhere = sorted({place_of(path[:-1]) for path in KEYS if path[-1] == keys[-1]})
    if elsewhere:
        return f"`{keys[-1]}` belongs {' or '.join(elsewhere)}"
    return f"take it out, or use one of: {', '.join(siblings)}"
