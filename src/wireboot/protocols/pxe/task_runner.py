"""What carries a client from one task of its boot to the next, and keeps the time for all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import TypeVar

from wireboot.endpoint import (
    AddressAcquired,
    AddressGivenUp,
    Datagram,
    DatagramDropped,
    Outbox,
    SocketAddress,
    Unreachable,
)
from wireboot.protocols.pxe.client_events import Booted, BootEnded, Failed, Outcome, StepReached
from wireboot.protocols.pxe.download import DownloadTask
from wireboot.protocols.pxe.errors import PxeError
from wireboot.protocols.pxe.task import SERVICE, Task
from wireboot.protocols.tftp.fetch import Fetched
from wireboot.wire.iana import Port

T = TypeVar("T")

LINGER_S_MAX = 0.5
"""After the outcome: our own server repeats a last block sooner, and whoever waits for the boot should not for more."""

_DHCP_PORTS = (Port.DHCP_CLIENT, Port.BOOT_SERVER)


class TaskRunner(Outbox):
    """A `HostedEndpoint` that works through one `Task` after the other until there is an outcome."""

    def __init__(self, *, deadline_at: float, now: float) -> None:
        """Whoever derives from this calls `_run` with the first task."""
        super().__init__()
        self._started_at, self._deadline_at = now, deadline_at
        self._outcome: Outcome | None = None
        self._steps_reached = 0
        self._has_address = False
        self._lingering: DownloadTask | None = None
        """Has its file; the server may not know yet."""
        self._linger_until = deadline_at

    @property
    def outcome(self) -> Outcome | None:
        """None while the boot goes on."""
        return self._outcome

    @property
    def finished(self) -> bool:
        """There is an outcome, and no last block is to be acknowledged again."""
        return self._outcome is not None and self._lingers_until() is None

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        lingering = self._lingering
        if self._outcome is None and self._is_for_task(datagram.local.port):
            self._task.receive_datagram(datagram, now)
            self._settle(now)
        elif lingering is not None and lingering.owns(datagram.local.port):
            lingering.receive_datagram(datagram, now)
            self._relay(lingering, now)
        else:
            self._tell(DatagramDropped(SERVICE, "nothing is waited for", datagram.peer, datagram.interface))

    def handle_timeout(self, now: float) -> None:
        self._linger(now)
        if self._outcome is not None:
            return
        if now >= self._deadline_at:
            error = self._task.late()
            self._fail(error.because(error.detail or "time is up for the whole boot"), now)
            return
        self._task.handle_timeout(now)
        self._settle(now)

    def next_timeout(self) -> float | None:
        waiting = [self._lingers_until()]
        if self._outcome is None:
            waiting += [self._task.next_timeout(), self._deadline_at]
        return min((at for at in waiting if at is not None), default=None)

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None:
        if self._outcome is None:
            self._task.address_taken(address, link_address, now)
            self._settle(now)

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:
        if self._outcome is None:
            self._task.unreachable(peer, reason, now)
            self._settle(now)

    # The last block of a file that is here

    def _linger(self, now: float) -> None:
        if self._lingering is None:
            return
        self._lingering.handle_timeout(now)
        if self._outcome is not None and now >= self._linger_until:
            self._lingering.abort(now)
        self._relay(self._lingering, now)

    def _lingers_until(self) -> float | None:
        until = None if self._lingering is None else self._lingering.next_timeout()
        return until if until is None or self._outcome is None else min(until, self._linger_until)

    # Working through tasks

    def _run(
        self,
        task: Task[T],
        then: Callable[[T, float], None],
        now: float,
        *,
        otherwise: Callable[[PxeError, float], None] | None = None,
    ) -> None:
        def proceed(now: float) -> None:
            result = task.result
            assert result is not None
            if isinstance(result, PxeError):
                (otherwise or self._fail)(result, now)
            else:
                then(result, now)

        self._task, self._proceed = task, proceed
        self._settle(now)

    def _settle(self, now: float) -> None:
        task = self._task
        self._relay(task, now)
        if task.result is not None:
            self._proceed(now)

    def _is_for_task(self, port: int) -> bool:
        if isinstance(self._task, DownloadTask):
            return self._task.owns(port)
        return port in _DHCP_PORTS

    def _relay(self, task: Task[T], now: float) -> None:
        for datagram in task.datagrams_to_send():
            self._send(datagram)
        while (event := task.next_event()) is not None:
            match event:
                case StepReached():
                    self._reach(event.step, event.detail, now)
                case Fetched():
                    pass  # not to be had before it is verified
                case AddressAcquired():
                    self._has_address = True
                    self._tell(event)
                case _:
                    self._tell(event)

    def _reach(self, step: int, detail: Mapping[str, object], now: float) -> None:
        """Told once: what is repeated after a restart is not news."""
        if step > self._steps_reached:
            self._steps_reached = step
            self._tell(StepReached(step, detail, now - self._started_at))

    def _fail(self, error: PxeError, now: float) -> None:
        self._end(Failed(error), now)

    def _end(self, outcome: Outcome, now: float) -> None:
        self._outcome = outcome
        self._linger_until = now + LINGER_S_MAX if isinstance(outcome, Booted) else now
        self._linger(now)
        if isinstance(self._task, DownloadTask) and self._task.result is None:
            self._task.abort(now)
            self._relay(self._task, now)
        if self._has_address and not isinstance(outcome, Booted):
            self._tell(AddressGivenUp())
        self._tell(BootEnded(outcome))
