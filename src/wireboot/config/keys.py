"""Every key that the model knows, as one flat table: what it is, an example, and what stands beside it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from pydantic import BaseModel

from wireboot.config.model import Configuration
from wireboot.config.positions import KeyPath


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `path` leaves out the indices of lists: `("dhcp4", "subnets", "pools")`."""

    path: tuple[str, ...]
    expected: str
    """What its value is, for people."""
    example: str
    """A value in TOML, or the header where the value is a table."""
    is_table: bool
    default: object

    @property
    def as_toml(self) -> str:
        """The example as it would stand in the file."""
        return self.example if self.is_table else f"{self.path[-1]} = {self.example}"


def without_indices(path: KeyPath) -> tuple[str, ...]:
    return tuple(part for part in path if isinstance(part, str))


def table_header(path: KeyPath) -> str:
    """How the table at `path` is headed in the file."""
    keys = without_indices(path)
    key = KEYS.get(keys)
    return key.example if key and key.is_table else f"`{'.'.join(keys)}`"


def place_of(table: KeyPath) -> str:
    """Where the keys of a table stand, for a sentence."""
    return f"in {table_header(table)}" if table else "at the top of the file"


def keys_in(table: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that the table may have."""
    return tuple(path[-1] for path in KEYS if path[:-1] == table)


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def _walk(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        example = next(iter(field.examples or ()))
        assert isinstance(example, str), name
        assert field.description is not None, name
        tables = tuple(_tables(field.annotation))
        # After the semicolon the description says what the default means.
        expected = field.description.partition(";")[0]
        yield Key((*path, name), expected, example, bool(tables), field.default)
        for table in tables:
            yield from _walk(table, (*path, name))


def _tables(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _tables(argument)


KEYS: Mapping[tuple[str, ...], Key] = MappingProxyType({key.path: key for key in _walk(Configuration, ())})
