"""Settings that one can do without: a malformed one is as good as none."""

from __future__ import annotations

from typing import TypeVar

from wireboot.errors import DecodeError
from wireboot.wire.option_table import Option, Options

T = TypeVar("T")


def get_if_sound(options: Options, row: Option[T]) -> T | None:
    """The value, or None where it is missing or malformed."""
    try:
        return options.get(row)
    except DecodeError:
        return None
