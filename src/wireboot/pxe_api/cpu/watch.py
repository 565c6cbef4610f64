"""What a program is doing, as far as that can be seen from outside: at work, waiting for a key, or nothing any more."""

from __future__ import annotations

from wireboot.pxe_api.cpu.ticks import TICK_S
from wireboot.pxe_api.memory import Memory, MemoryFault

_HUNG_AFTER_S = 20.0
"""Of nothing but computing: to unpack a big initrd takes less."""
_RECENT_S = 2.0
_IDLE_POLLS = 50
"""So many within a tick leave no time for anything else."""
_JUMP_TO_ITSELF = b"\xeb\xfe"


class Watch:
    """Times are given as they pass for the program."""

    def __init__(self) -> None:
        self._seen: object = None
        self._computing_s = 0.0
        self._called_at = self._looked_for_key_at = self._frames_moved_at = self._halted_at = float("-inf")
        self._frames = 0
        self._last_call = ""

    def called(self, name: str, now: float) -> None:
        self._called_at, self._last_call = now, name

    def looked_for_key(self, now: float) -> None:
        self._looked_for_key_at = now

    def halted(self, now: float) -> None:
        self._halted_at = now

    def ran(self, seconds: float, signs_of_life: object) -> None:
        """It has run for so long. `signs_of_life` differ from the last ones if it has done something to be seen."""
        self._computing_s = self._computing_s + seconds if signs_of_life == self._seen else 0.0
        self._seen = signs_of_life

    def frames_moved(self, frames: int, now: float) -> None:
        """So many have been sent and received so far."""
        if frames != self._frames:
            self._frames, self._frames_moved_at = frames, now

    def why_hung(self) -> str | None:
        if self._computing_s >= _HUNG_AFTER_S:
            return f"nothing but computing for {_HUNG_AFTER_S:.0f} s"
        return None

    def doing(self, now: float) -> str:
        """In a few words."""
        recent = now - _RECENT_S
        if self._looked_for_key_at >= recent and self._frames_moved_at < recent:
            return "waits for a key"
        if self._called_at >= recent:
            return f"calls the network ({self._last_call})"
        return "waits for an interrupt" if self._halted_at >= recent else "computes"


class Idleness:
    """Whether a program that asks in vain, for a key or for a frame, does anything else."""

    def __init__(self) -> None:
        self._counts_until = float("-inf")
        self._polls = 0

    def polled(self, now: float) -> bool:
        """Once more. True where it does nothing else, and time may as well pass without it."""
        if now >= self._counts_until:
            self._counts_until, self._polls = now + TICK_S, 0
        self._polls += 1
        return self._polls >= _IDLE_POLLS


def jumps_to_itself(memory: Memory, address: int | None) -> bool:
    """Where nothing can interrupt it, it will do so for ever."""
    if address is None:
        return False
    try:
        return memory.read(address, len(_JUMP_TO_ITSELF)) == _JUMP_TO_ITSELF
    except MemoryFault:
        return False
