"""How much a server keeps: the entries of its tables, counted without looking into them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator


def entries(root: object) -> int:
    """Entries of every container that is an attribute of `root` or of one of wireboot's objects it holds.

    What stands in a container is counted and not entered: that is cheap, and each of those is bounded by itself.
    """
    total, seen, waiting = 0, {id(root)}, [root]
    while waiting:
        for value in _attributes(waiting.pop()):
            if isinstance(value, dict | list | set | deque):
                total += len(value)
            elif _is_wireboots(value) and id(value) not in seen:
                seen.add(id(value))
                waiting.append(value)
    return total


def _is_wireboots(value: object) -> bool:
    """And not the simulation's own."""
    module = type(value).__module__
    return module.startswith("wireboot.") and not module.startswith("wireboot.sim.")


def _attributes(thing: object) -> Iterator[object]:
    yield from getattr(thing, "__dict__", {}).values()
    for each in type(thing).__mro__:
        slots = each.__dict__.get("__slots__", ())
        yield from (getattr(thing, name) for name in slots if hasattr(thing, name) and not name.startswith("__"))
