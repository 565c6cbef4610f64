"""The signed text that binds names, sizes and digests of boot files to a Boot Server's type, to layers and to a time.

It is JSON in one fixed spelling, so that `openssl cms -verify` shows it readably and no two readers can differ on it:
decoding refuses whatever encoding would not have written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from wireboot.errors import DecodeError
from wireboot.protocols.pxe.credentials import boot_file_path

SCHEMA = "wireboot-manifest-1"
FILES_MAX = 1000
MANIFEST_SUFFIX = ".manifest.p7m"
"""What the name of a boot file gets for its credential's."""
_OPENING = b'{\n  "files": ['
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SHA256 = re.compile("[0-9a-f]{64}")
_TYPE_MAX = 0xFFFF
_LAYER_MAX = 0x7FFF
_SERIAL_MAX = 2**63 - 1
_KEYS = {"files", "not_after", "not_before", "schema", "serial", "server_type"}
_FILE_KEYS = {"layer", "name", "sha256", "size_bytes"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ManifestFile:
    name: str
    """The path that `boot_file_path` makes of what a Boot Server calls it."""
    layer: int
    """Without bit 15."""
    size_bytes: int
    sha256: str
    """Hexadecimal, lower case."""

    def __post_init__(self) -> None:
        if boot_file_path(self.name) != self.name:
            raise ValueError(f"{self.name!r} is not the plain path of a boot file")
        _require(0 <= self.layer <= _LAYER_MAX, f"layer {self.layer} is not between 0 and {_LAYER_MAX}")
        _require(self.size_bytes >= 0, f"a size of {self.size_bytes} bytes")
        _require(_SHA256.fullmatch(self.sha256) is not None, f"{self.sha256!r} is no SHA-256 in lower-case hexadecimal")


@dataclass(frozen=True, slots=True)
class Manifest:
    server_type: int
    files: tuple[ManifestFile, ...]
    not_before: datetime
    not_after: datetime
    serial: int
    """Grows with each signing: a client that remembers can refuse what is older."""

    def __post_init__(self) -> None:
        _require(0 <= self.server_type <= _TYPE_MAX, f"type {self.server_type} is not between 0 and {_TYPE_MAX}")
        _require(0 <= self.serial <= _SERIAL_MAX, f"serial {self.serial} is not between 0 and {_SERIAL_MAX}")
        _require(self.not_before <= self.not_after, "the time of validity ends before it begins")
        _require(0 < len(self.files) <= FILES_MAX, f"{len(self.files)} files, where 1 to {FILES_MAX} are allowed")
        _require(len({file.name for file in self.files}) == len(self.files), "one name stands for two files")

    def file(self, name: str) -> ManifestFile | None:
        return next((file for file in self.files if file.name == name), None)


def describe_file(name: str, content: bytes, layer: int = 0) -> ManifestFile:
    """Raises ValueError for a name that is no path or a layer out of range."""
    return ManifestFile(name, layer, len(content), hashlib.sha256(content).hexdigest())


def encode(manifest: Manifest) -> bytes:
    document = {
        "files": [_file_document(file) for file in manifest.files],
        "not_after": _time_text(manifest.not_after),
        "not_before": _time_text(manifest.not_before),
        "schema": SCHEMA,
        "serial": manifest.serial,
        "server_type": manifest.server_type,
    }
    return json.dumps(document, indent=2, sort_keys=True).encode("ascii") + b"\n"


def decode(content: bytes) -> Manifest:
    """Raises DecodeError."""
    try:
        # RecursionError: brackets nested deeper than Python's stack.
        document: object = json.loads(content)
        manifest = _manifest(document)
    except (ValueError, RecursionError) as problem:
        raise DecodeError("manifest", 0, str(problem)) from None
    if encode(manifest) != content:
        raise DecodeError("manifest", 0, "not in the one spelling that is allowed")
    return manifest


def is_manifest(content: bytes) -> bool:
    """Whether these bytes open as every manifest does, and no boot program."""
    return content.startswith(_OPENING)


def _manifest(document: object) -> Manifest:
    table = _table(document, _KEYS)
    if (schema := _value(table, "schema", str)) != SCHEMA:
        raise ValueError(f"schema {schema!r} is unknown")
    files: Sequence[object] = _value(table, "files", list)
    return Manifest(
        server_type=_value(table, "server_type", int),
        files=tuple(map(_file, files)),
        not_before=_time(_value(table, "not_before", str)),
        not_after=_time(_value(table, "not_after", str)),
        serial=_value(table, "serial", int),
    )


def _file(document: object) -> ManifestFile:
    table = _table(document, _FILE_KEYS)
    return ManifestFile(
        name=_value(table, "name", str),
        layer=_value(table, "layer", int),
        size_bytes=_value(table, "size_bytes", int),
        sha256=_value(table, "sha256", str),
    )


def _file_document(file: ManifestFile) -> dict[str, str | int]:
    return {"layer": file.layer, "name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes}


def _table(document: object, keys: set[str]) -> dict[str, object]:
    _require(isinstance(document, dict) and document.keys() == keys, f"a table must have the keys {sorted(keys)}")
    assert isinstance(document, dict)
    return document


def _value(table: dict[str, object], key: str, kind: type[T]) -> T:
    value = table[key]
    # Not isinstance: to Python, true is a number.
    if type(value) is not kind:
        raise ValueError(f"{key} is not of type {kind.__name__}")
    return value


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _time_text(time: datetime) -> str:
    # strftime leaves years before 1000 without their zeros.
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def _require(holds: bool, what_is_wrong: str) -> None:
    if not holds:
        raise ValueError(what_is_wrong)
