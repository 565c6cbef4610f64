"""How long a PXE client waits for answers before it asks again, and when it gives up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long is waited each time the same request has been sent; after the last wait there is no other try."""

    waits_s: tuple[float, ...]
    jitter_s: float = 0.0
    """Up to so much is added at random, lest machines that were switched on together ask together (RFC 2131 §4.1)."""

    def __post_init__(self) -> None:
        assert self.waits_s, self
        assert min(self.waits_s) > 0, self


@dataclass(frozen=True, slots=True)
class Schedules:
    """What one kind of client waits for each exchange."""

    discover: Schedule
    """Each wait is a round in which offers are collected."""
    request: Schedule
    proxy_request: Schedule
    """To port 4011, for each ProxyDHCP service."""
    discovery: Schedule
    """For each method of Boot Server discovery and each server."""
    proxy_wait_s: float | None
    """For ProxyDHCP offers, counted from the first offer of an address. None: until the round ends."""
    plain_rounds: int = 1
    """Rounds after which an address without a boot service is good enough."""


_PXE21_REQUEST = Schedule((1, 2, 3, 4))
_IPXE_REQUEST = Schedule((0.25, 0.5, 1, 2, 4, 8))

# PXE 2.1 §2.2.2: 4, 8, 16 and 32 s, each more or less by up to one; a plain offer waits out the first two.
INTEL_ROM = Schedules(
    discover=Schedule((4, 8, 16, 32), jitter_s=1),
    request=_PXE21_REQUEST,
    proxy_request=Schedule((1, 2, 3)),
    discovery=_PXE21_REQUEST,
    proxy_wait_s=None,
    plain_rounds=2,
)
# As OVMF 2022.11 was seen to do: the first round is shorter than the source code says.
EDK2 = Schedules(
    discover=Schedule((3.5, 8, 16, 32)),
    request=_PXE21_REQUEST,
    proxy_request=_PXE21_REQUEST,
    discovery=_PXE21_REQUEST,
    proxy_wait_s=None,
)
UEFI_COMBINED = replace(EDK2, discover=Schedule((4, 8, 16, 32)))
IPXE = Schedules(
    discover=Schedule((1, 2, 4, 8)),
    request=_IPXE_REQUEST,
    proxy_request=_IPXE_REQUEST,
    discovery=Schedule((1, 2)),
    proxy_wait_s=2,
)
# A lost packet costs a second, not four, and the last try is still half a minute after spanning tree has begun.
WIREBOOT = Schedules(
    discover=Schedule((1, 2, 4, 8, 16, 16), jitter_s=0.5),
    request=_PXE21_REQUEST,
    proxy_request=_PXE21_REQUEST,
    discovery=_PXE21_REQUEST,
    proxy_wait_s=2,
)


class Resends:
    """Says when a request is due to be sent again."""

    def __init__(self, schedule: Schedule, random: Callable[[], float], now: float) -> None:
        """The request is being sent for the first time."""
        self._schedule, self._random = schedule, random
        self.started_at = now
        self.tries = 1
        self.due_at = now + self._wait_s()

    def again(self, now: float) -> bool:
        """The time is up. True: send it once more; False: that was the last try."""
        if self.tries == len(self._schedule.waits_s):
            return False
        self.tries += 1
        self.due_at = now + self._wait_s()
        return True

    def elapsed_s(self, now: float) -> int:
        """For the `secs` field."""
        return min(int(now - self.started_at), 0xFFFF)

    def _wait_s(self) -> float:
        return self._schedule.waits_s[self.tries - 1] + self._schedule.jitter_s * self._random()
