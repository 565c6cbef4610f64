"""Writes log lines from a thread of its own: who reads them slowly, or not at all, holds up no packet."""

from __future__ import annotations

import queue
import threading
from typing import TextIO

LINES_MAX = 10_000
"""Waiting to be written. What comes beyond is lost, and its number told."""
_FLUSH_WITHIN_S = 2.0


class LogWriter:
    """A file for structlog's PrintLogger."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lines: queue.Queue[str | None] = queue.Queue(LINES_MAX)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._lost += 1

    def flush(self) -> None:
        """Nothing to wait for: a line is on its way once it is queued."""

    def close(self) -> None:
        """Let what is waiting be written, for as long as somebody reads it."""
        try:
            self._lines.put(None, timeout=_FLUSH_WITHIN_S)
        except queue.Full:
            return
        self._thread.join(_FLUSH_WITHIN_S)

    def _run(self) -> None:
        while (text := self._lines.get()) is not None:
            lost, self._lost = self._lost, 0
            try:
                if lost:
                    self._file.write(f"{lost} log lines were lost, since nobody read them in time\n")
                self._file.write(text)
                if self._lines.empty():
                    self._file.flush()
            except (OSError, ValueError):
                # Whoever read the log is gone. Serving goes on.
                continue
        self._file.flush()
