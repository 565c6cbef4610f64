"""On which line each key, table and list item of a TOML text stands: `tomllib` gives the values, but not the places."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of tables and indices of lists, from the top."""

_TOML = Language(tree_sitter_toml.language())
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})


def positions(text: str) -> Mapping[KeyPath, int]:
    """The line, counted from 1, of everything in a text that `tomllib` accepts."""
    lines = _Lines()
    lines.read_document(Parser(_TOML).parse(text.encode()).root_node)
    return lines.by_path


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """The line of `path` or, when the text does not have it, of the nearest table around it that it has."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


class _Lines:
    def __init__(self) -> None:
        self.by_path: dict[KeyPath, int] = {}
        self._items: dict[KeyPath, int] = {}
        """How many items each array of tables has so far."""

    def read_document(self, document: Node) -> None:
        for node in document.named_children:
            if node.type == "pair":
                self._read_pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._read_table(node)

    def _read_table(self, table: Node) -> None:
        line = table.start_point[0] + 1
        keys = _keys_of(table)
        here: KeyPath = ()
        for key in keys[:-1]:
            here = self._latest_item(self._note((*here, key), line))
        here = self._note((*here, *keys[-1:]), line)
        if table.type == "table_array_element":
            index = self._items.get(here, 0)
            self._items[here] = index + 1
            here = self._note((*here, index), line)
        for node in table.named_children:
            if node.type == "pair":
                self._read_pair(node, here)

    def _latest_item(self, path: KeyPath) -> KeyPath:
        """A header that passes through an array of tables means its latest item."""
        return (*path, self._items[path] - 1) if path in self._items else path

    def _read_pair(self, pair: Node, table: KeyPath) -> None:
        here = table
        for key in _keys_of(pair):
            here = self._note((*here, key), pair.start_point[0] + 1)
        self._read_value(pair.named_children[-1], here)

    def _read_value(self, value: Node, here: KeyPath) -> None:
        if value.type == "inline_table":
            for pair in value.named_children:
                if pair.type == "pair":
                    self._read_pair(pair, here)
        elif value.type == "array":
            items = [node for node in value.named_children if node.type != "comment"]
            for index, item in enumerate(items):
                self._read_value(item, self._note((*here, index), item.start_point[0] + 1))

    def _note(self, path: KeyPath, line: int) -> KeyPath:
        # The first mention counts: a dotted key or a header may name the same table many times.
        self.by_path.setdefault(path, line)
        return path


def _keys_of(node: Node) -> tuple[str, ...]:
    """The key of a pair or of a header, taken apart at its dots."""
    text = next((child.text for child in node.named_children if child.type in _KEYS and child.text), b"")
    # tomllib decodes what quotes and escapes a key may have.
    table: object = tomllib.loads(f"{text.decode()} = 0")
    keys: list[str] = []
    while isinstance(table, dict):
        key, table = next(iter(table.items()))
        keys.append(key)
    return tuple(keys)
