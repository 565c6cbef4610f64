"""Every place in a configuration can be told by its line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from wireboot.config.positions import KeyPath, line_of, positions

TomlTable = dict[str, object]


def test_each_way_to_write_a_key_has_its_line() -> None:
    text = """\
top = 1
dotted."quoted key".last = 2

[table.below]
list = [
    1,  # a comment is no item
    { inline = "x", deep.er = true },
]
[[items]]
name = "first"
[items.sub]
x = 1
[[items]]
[[items.nested]]
y = 2
"""
    assert positions(text) == {
        ("top",): 1,
        ("dotted",): 2,
        ("dotted", "quoted key"): 2,
        ("dotted", "quoted key", "last"): 2,
        ("table",): 4,
        ("table", "below"): 4,
        ("table", "below", "list"): 5,
        ("table", "below", "list", 0): 6,
        ("table", "below", "list", 1): 7,
        ("table", "below", "list", 1, "inline"): 7,
        ("table", "below", "list", 1, "deep"): 7,
        ("table", "below", "list", 1, "deep", "er"): 7,
        ("items",): 9,
        ("items", 0): 9,
        ("items", 0, "name"): 10,
        ("items", 0, "sub"): 11,
        ("items", 0, "sub", "x"): 12,
        ("items", 1): 13,
        ("items", 1, "nested"): 14,
        ("items", 1, "nested", 0): 14,
        ("items", 1, "nested", 0, "y"): 15,
    }


def test_windows_line_ends_and_long_strings_do_not_shift_lines() -> None:
    assert positions('a = """\r\nx\r\ny"""\r\nb = 1\r\n') == {("a",): 1, ("b",): 4}


def test_what_the_text_does_not_have_is_placed_at_the_table_around_it() -> None:
    lines = positions("[tftp]\n")
    assert line_of(("tftp", "port"), lines) == 1
    assert line_of(("http", "port"), lines) is None


@st.composite
def toml_texts(draw: st.DrawFn, documents: st.SearchStrategy[TomlTable]) -> str:
    """A document in TOML, each of its tables written in one of the ways there are."""
    return "\n".join(_table_lines(draw, (), draw(documents))) + "\n"


def any_documents() -> st.SearchStrategy[TomlTable]:
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | text
    values: st.SearchStrategy[object] = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=12,
    )
    return st.dictionaries(text, values, max_size=5)


def _table_lines(draw: st.DrawFn, path: tuple[str, ...], table: TomlTable) -> Iterator[str]:
    """Plain keys first: after a header all keys belong to it."""
    headed: TomlTable = {}
    for key, value in table.items():
        if _is_table(value) and draw(st.booleans()):
            headed[key] = value
        elif isinstance(value, dict) and value and draw(st.booleans()):
            yield from (f"{_key(key)} . {_key(inner)} = {_value(draw, below)}" for inner, below in value.items())
        else:
            yield f"{_key(key)} = {_value(draw, value)}"
    for key, value in headed.items():
        here = (*path, key)
        name = ".".join(map(_key, here))
        for each in value if isinstance(value, list) else [value]:
            yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]  # a table"
            assert isinstance(each, dict)
            yield from _table_lines(draw, here, each)


def _is_table(value: object) -> bool:
    is_list = isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict) or is_list


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _value(draw: st.DrawFn, value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(draw, below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        gap = draw(st.sampled_from(["", "\n", " # list\n"]))
        return "[" + gap + f",{gap}".join(_value(draw, item) for item in value) + gap + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _paths(value: object, here: KeyPath = ()) -> Iterator[KeyPath]:
    if here:
        yield here
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _paths(below, (*here, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, (*here, index))


@given(toml_texts(any_documents()))
def test_everything_that_tomllib_reads_has_a_position(text: str) -> None:
    lines = positions(text)
    assert set(lines) == set(_paths(tomllib.loads(text)))
    assert all(1 <= line <= text.count("\n") for line in lines.values())
