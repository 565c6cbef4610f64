"""Which services of the PXE API a boot program has called, and which of them said no."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace

from wireboot.pxe_api import opcodes
from wireboot.pxe_api.cpu.account import FailedCall
from wireboot.pxe_api.dispatcher import CallMade
from wireboot.pxe_api.status import ExitCode

_FAILED_MAX = 16
_NO_NEWS = frozenset({opcodes.UDP_READ.opcode, opcodes.FILE_READ.opcode, opcodes.FILE_API_CHECK.opcode})
"""They say no where nothing has come yet, or to whoever asks whether this is iPXE."""
_KINDS_MAX = 256
"""The numbers of services that are none are the program's to invent."""


class CallRecord:
    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.last = ""
        self._failed: deque[FailedCall] = deque(maxlen=_FAILED_MAX)

    @property
    def failed(self) -> tuple[FailedCall, ...]:
        """The last of them, oldest first."""
        return tuple(self._failed)

    def note(self, call: CallMade) -> None:
        self.last = call.name
        if call.name in self.calls or len(self.calls) < _KINDS_MAX:
            self.calls[call.name] += 1
        if call.exit_code is not ExitCode.SUCCESS and call.opcode not in _NO_NEWS:
            self._note_failed(FailedCall(call.name, call.status.name, call.detail, times=1))

    def _note_failed(self, failed: FailedCall) -> None:
        if self._failed and replace(self._failed[-1], times=1) == failed:
            failed = replace(failed, times=self._failed[-1].times + 1)
            self._failed.pop()
        self._failed.append(failed)
