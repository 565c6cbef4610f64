"""What a server did for one machine, in few lines: what it named and by which rule, what it refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from wireboot.endpoint import Event
from wireboot.protocols.pxe.events import BootFileNamed, MenuOffered
from wireboot.protocols.tftp.events import RequestRefused
from wireboot.sim.remarks import remark

T = TypeVar("T")

REMARKS_MAX = 100
_LINES_MAX, _FILES_NAMED = 12, 20


class ServerAccount:
    """Takes in the server's events."""

    def __init__(self) -> None:
        self._named: dict[tuple[str, str, str], None] = {}
        """What, by which packet, by which rule; each once, in their order."""
        self._refused: Counter[tuple[str, str]] = Counter()
        self._remarks: Counter[str] = Counter()

    def observe(self, event: Event) -> None:
        match event:
            case BootFileNamed():
                self._named[event.boot_file.name, event.by, event.boot_file.rule] = None
            case MenuOffered():
                self._named[f"menu {event.menu}", event.by, event.rule] = None
            case RequestRefused():
                _count(self._refused, (event.file, event.reason))
            case _:
                what = remark(event)
                if what is not None:
                    _count(self._remarks, what)

    def document(self) -> dict[str, object]:
        return {
            "named": [{"what": what, "by": by, "rule": rule} for what, by, rule in self._named],
            "refused": [{"file": file, "reason": reason, "times": n} for (file, reason), n in self._refused.items()],
            "remarks": [{"what": what, "times": times} for what, times in self._remarks.items()],
        }

    def lines(self) -> Iterator[str]:
        """For people. Names that a machine has asked for may hold what moves a terminal's cursor."""
        for line in self._lines():
            yield "server: " + (line if line.isprintable() else line.encode("unicode_escape").decode("ascii"))

    def _lines(self) -> Iterator[str]:
        packets: dict[tuple[str, str], list[str]] = {}
        for what, by, rule in self._named:
            packets.setdefault((what, rule), []).append(by)
        for (what, rule), named_in in packets.items():
            yield f"named {what} by rule: {rule} ({', '.join(named_in)})"
        refused: dict[str, list[str]] = {}
        for file, reason in self._refused:
            refused.setdefault(reason, []).append(file or "a request")
        for reason, files in [*refused.items()][-_LINES_MAX:]:
            others = f"{len(files) - _FILES_NAMED} others, then " if len(files) > _FILES_NAMED else ""
            yield f"refused, {reason}: {others}{', '.join(files[-_FILES_NAMED:])}"
        for what in [*self._remarks][:_LINES_MAX]:
            yield what


def _count(counter: Counter[T], what: T) -> None:
    """A program that goes astray may ask for anything, for ever."""
    if what in counter or len(counter) < REMARKS_MAX:
        counter[what] += 1
