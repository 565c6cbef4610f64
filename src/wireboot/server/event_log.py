"""Hears every event of every service: counts what was dropped, joins boots into steps, and logs, within limits."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from wireboot.boot.timeline import Timeline
from wireboot.endpoint import DatagramDropped, Event
from wireboot.protocols.dhcp4.events import RequestIgnored
from wireboot.server.log import Logger, event_fields, event_name, level_of

LINES_MAX = 500
"""Of one kind of event in one period. What comes beyond is counted, and the number is told with the next line."""
PERIOD_S = 10.0


class EventLog:
    """`tell` is given to everything that has something to tell."""

    def __init__(self, log: Logger, now: Callable[[], float]) -> None:
        # What `wrap_logger` gives makes a logger for every line until it is bound once.
        self._log = log.bind()
        self._now = now
        self._timeline = Timeline()
        self._lines: Counter[str] = Counter()
        self._suppressed: Counter[str] = Counter()
        self._period_ends_at = 0.0
        self.drops: Counter[str] = Counter()
        """What met silence, by service and reason."""

    def tell(self, event: Event) -> None:
        level = level_of(event)
        if (reason := _why_silent(event)) is not None:
            self.drops[reason] += 1
            if self.drops[reason] == 1:
                # The first of each reason is told, since a silent server is hard to understand.
                level = logging.INFO
        self._write(event, level)
        for step in self._timeline.observe(event):
            self._write(step, level_of(step))

    def _write(self, event: Event, level: int) -> None:
        if not self._log.is_enabled_for(level):
            return
        if self._now() >= self._period_ends_at:
            self._period_ends_at = self._now() + PERIOD_S
            self._lines.clear()
        name = event_name(event)
        self._lines[name] += 1
        if self._lines[name] > LINES_MAX:
            # Strangers can cause most events at will. A flood of them must not fill the disk.
            self._suppressed[name] += 1
            return
        suppressed = self._suppressed.pop(name, 0)
        note = {"suppressed_before": suppressed} if suppressed else {}
        self._log.log(level, name, **event_fields(event), **note)


def _why_silent(event: Event) -> str | None:
    match event:
        case DatagramDropped():
            return f"{event.service}: {event.reason}"
        case RequestIgnored():
            return f"dhcp4: {event.reason}"
        case _:
            return None
