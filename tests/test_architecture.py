"""The shape of the house: which part may know of which, and that nothing pure touches the outside world."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[1] / "src"

# A row for each part and the parts it may import, besides itself.
# fmt: off
FOUNDATION = ("endpoint", "errors")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "endpoint":        (),
    "errors":          (),
    "wire":            ("errors",),
    "leases":          (*FOUNDATION, "wire"),
    "protocols.arp":   (*FOUNDATION, "leases"),
    "protocols.echo":  (*FOUNDATION, "wire", "leases", "protocols.arp"),
    "protocols.dhcp4": (*FOUNDATION, "wire", "leases"),
    "protocols.tftp":  (*FOUNDATION, "wire"),
    "protocols.pxe":   (*FOUNDATION, "wire", "protocols.dhcp4", "protocols.tftp"),
    "boot":            (*FOUNDATION, "wire", "protocols.dhcp4", "protocols.tftp", "protocols.pxe"),
    "pxe_api":         (*FOUNDATION, "wire", "protocols"),
    "net":             (*FOUNDATION, "wire"),
    "credentials":     (*FOUNDATION, "wire", "protocols.pxe"),
    "config":          (*FOUNDATION, "wire", "protocols.dhcp4", "protocols.pxe", "boot"),
    "store":           (*FOUNDATION, "leases", "protocols.tftp"),
    "migrate":         (*FOUNDATION, "wire", "protocols.dhcp4", "leases", "config"),
    "services":        (*FOUNDATION, "wire", "protocols", "leases", "boot", "config", "credentials"),
    "server":          (*FOUNDATION, "wire", "protocols", "leases", "boot", "net", "config", "store", "services"),
    "client":          (*FOUNDATION, "wire", "protocols", "pxe_api", "net"),
    "sim":             (*FOUNDATION, "wire", "protocols", "leases", "boot", "config", "store", "services", "pxe_api"),
    "cli":             (*FOUNDATION, "wire", "protocols", "leases", "boot", "config", "store", "services", "server",
                        "credentials", "client", "sim", "pxe_api", "migrate"),
}
PURE = ("endpoint", "errors", "wire", "protocols", "leases", "boot", "pxe_api", "migrate")
OPTIONAL = {"pxe_api.cpu.engine": "unicorn"}
"""A pure module that needs a package, and only one: it computes, and knows nothing of the outside world."""
NOT_PURE = {
    "asyncio", "datetime", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random", "secrets",
    "selectors", "shutil", "signal", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading",
    "time", "urllib",
}
# fmt: on


class Import(NamedTuple):
    importer: str
    line: int
    imported: str

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def _modules() -> dict[str, Path]:
    """Every module's dotted name below `wireboot`, "" for the package itself."""
    names: dict[str, Path] = {}
    for path in sorted((SOURCE / "wireboot").rglob("*.py")):
        parts = path.relative_to(SOURCE / "wireboot").with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


MODULES = _modules()


def _imports(module: str) -> Iterator[Import]:
    """Every import anywhere in a module: also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} is a relative import"
            assert node.module is not None
            for alias in node.names:
                # `from wireboot.protocols.arp import packet` imports a module, not a name inside one.
                whole = f"{node.module}.{alias.name}"
                is_module = whole.removeprefix("wireboot.") in MODULES
                yield Import(module, node.lineno, whole if is_module else node.module)


def _is_within(module: str, part: str) -> bool:
    return module == part or module.startswith(part + ".")


def _part_of(module: str) -> str | None:
    return next((part for part in MAY_IMPORT if _is_within(module, part)), None)


def _every_import(parts: tuple[str, ...]) -> Iterator[Import]:
    for module in MODULES:
        if any(_is_within(module, part) for part in parts):
            yield from _imports(module)


def test_every_module_belongs_to_a_part() -> None:
    outside = {module for module in MODULES if _part_of(module) is None}
    assert outside == {"", "__main__", "protocols"}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_go_one_way(part: str) -> None:
    allowed = (part, *MAY_IMPORT[part])
    ours = [each for each in _every_import((part,)) if _is_within(each.imported, "wireboot")]
    wrong = [
        str(each)
        for each in ours
        if not any(_is_within(each.imported.removeprefix("wireboot."), other) for other in allowed)
        and each.imported != "wireboot"  # its version
    ]
    assert not wrong


def test_no_two_parts_know_each_other() -> None:
    for part, others in MAY_IMPORT.items():
        for other in others:
            assert not any(_is_within(part, back) for back in MAY_IMPORT.get(other, ())), (part, other)


def test_nothing_pure_touches_the_outside_world() -> None:
    wrong = [str(each) for each in _every_import(PURE) if each.imported.partition(".")[0] in NOT_PURE]
    assert not wrong


def test_nothing_pure_needs_a_third_party_package() -> None:
    known = sys.stdlib_module_names | {"wireboot"}
    wrong = [
        str(each)
        for each in _every_import(PURE)
        if (package := each.imported.partition(".")[0]) not in known and OPTIONAL.get(each.importer) != package
    ]
    assert not wrong
