"""Ctrl-C, SIGTERM and SIGHUP end a boot where it waits, and what it has changed is put back: the terminal, a TAP."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from wireboot.client.session import AlsoRead

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_signals() -> Iterator[AlsoRead]:
    """What the stack is to read besides: once a signal has come, that raises KeyboardInterrupt.

    At the end the process ends by that signal, as whoever sent it expects. A second one is not waited for.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are the main thread's.
        yield {}
        return
    reader, writer = os.pipe()
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        # Not raised here: in the middle of a callback of the emulated processor it would be lost.
        came.append(number)
        put_back()
        os.write(writer, b"\0")

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop() -> bool:
        raise KeyboardInterrupt

    # What is ignored, as SIGHUP is below nohup, stays so.
    before = {
        number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
    for number in before:
        signal.signal(number, note)
    try:
        yield {reader: stop}
    finally:
        put_back()
        os.close(reader)
        os.close(writer)
        if came:
            signal.raise_signal(came[0])
