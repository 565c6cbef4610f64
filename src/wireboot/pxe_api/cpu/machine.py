"""The machine that runs a boot program: processor, memory, BIOS, ports and PXE stack put together, and its time."""

from __future__ import annotations

from collections.abc import Callable

from wireboot.protocols.pxe.client_events import CachedPackets
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.cpu import linux
from wireboot.pxe_api.cpu.account import (
    Account,
    Crashed,
    Ending,
    Hung,
    NextDevice,
    NotRunnable,
    OutOfTime,
    PoweredOff,
    Rebooted,
    ReturnedToPxe,
    WaitsForKey,
)
from wireboot.pxe_api.cpu.bios.bios import Bios
from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.service import Callouts
from wireboot.pxe_api.cpu.boot_program import enter, why_not_runnable
from wireboot.pxe_api.cpu.call_record import CallRecord
from wireboot.pxe_api.cpu.guest_memory import GuestMemory
from wireboot.pxe_api.cpu.image import Trap, build_image
from wireboot.pxe_api.cpu.keyboard import Keyboard
from wireboot.pxe_api.cpu.pace import Pace
from wireboot.pxe_api.cpu.ports import PortBus
from wireboot.pxe_api.cpu.processor import Processor, Stop, StopReason
from wireboot.pxe_api.cpu.pxe_entry import call_by_registers, call_by_stack
from wireboot.pxe_api.cpu.registers import Flag
from wireboot.pxe_api.cpu.screen import TextScreen
from wireboot.pxe_api.cpu.ticks import TICK_S, Ticks
from wireboot.pxe_api.cpu.watch import Idleness, Watch, jumps_to_itself
from wireboot.pxe_api.dispatcher import CallMade
from wireboot.pxe_api.stack import PxeStack

MEMORY_BYTES = 256 << 20

_TIMER = 0
"""Its interrupt request, IRQ 0."""
_SLICE_WITH_BACKLOG_S = 0.002
"""Between two timer interrupts, where several have to be made up for."""
_LOOK_AT_SCREEN_S = 0.05
_NOBODY_TYPES_S = 3.0
"""How long a program may wait for a key after which it is clear that none comes."""
_UDP_READ_WAITS_S = 0.005
_ANSWER_COMES_S = 0.0005
"""Within this time from a server near by."""
_LINUX_ENTRIES = (0x100000, 0x1000000)
"""Where loaders enter a kernel in protected mode: at 1 MiB, and where a kernel prefers to be."""


class Machine:
    """Runs one boot program. Nothing that a program does raises out of it."""

    def __init__(
        self,
        base: BaseCode,
        cached: CachedPackets,
        *,
        file_api: bool,
        keyboard: Keyboard,
        screen_changed: Callable[[TextScreen], None],
        on_call: Callable[[CallMade], None],
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """`base` is where the program was booted from; the card is initialized and not open.

        `screen_changed` is called about 20 times a second: it may have. `on_call` hears of each call of the PXE API.
        """
        self._surroundings, self._undi = base.surroundings, base.undi
        self._keyboard, self._screen_changed, self._on_call = keyboard, screen_changed, on_call
        now = self._surroundings.now
        self._memory = memory = GuestMemory(memory_bytes)
        self._image = build_image(memory, memory_bytes=memory_bytes)
        self._screen = TextScreen(memory)
        self._ports = PortBus(now, memory_bytes=memory_bytes, reset=self._reset, serial=_drop)
        self._bios = Bios(
            memory,
            memory_bytes=memory_bytes,
            screen=self._screen,
            keys=keyboard,
            pxenv=self._image.pxenv,
            callouts=Callouts(
                now=now,
                wait=self._wait,
                wait_for_key=self._wait_for_key,
                no_key=self._no_key,
                boot_other=self._boot_other,
                power_off=self._power_off,
                serial=_drop,
            ),
        )
        self._stack = PxeStack(
            base,
            memory,
            self._image.places,
            cached,
            file_api=file_api,
            load=self._start_next,
            on_call=self._called,
            idle_wait_s=_UDP_READ_WAITS_S,
            idle=self._no_frame,
        )
        self._processor = Processor(memory, self._ports, self._trapped, self._slice_is_over)
        self._record, self._watch = CallRecord(), Watch()
        self._ending: Ending | None = None
        self._next_program: bytes | None = None
        self._ticks = Ticks(now())
        self._pace, self._idleness = Pace(), Idleness()
        self._ends_at = self._slice_ends_at = float("inf")
        self._looked_at_screen = float("-inf")
        self._traps = 0

    def run(self, program: bytes, *, ends_at: float) -> Account:
        """Enter the program as a PXE ROM does, and whatever it chains to by RESTART_TFTP. To be called once."""
        begun = self._surroundings.now()
        self._ends_at = ends_at
        self._next_program = program
        for address in _LINUX_ENTRIES:
            self._processor.watch(address, self._look_for_linux_in_protected_mode)
        try:
            while self._ending is None:
                self._step()
            self._screen_changed(self._screen)
            return Account(
                ending=self._ending,
                seconds=self._surroundings.now() - begun,
                transcript=self._screen.transcript(),
                calls=dict(self._record.calls),
                failed_calls=self._record.failed,
            )
        finally:
            self._processor.close()

    # Time

    def _step(self) -> None:
        """One slice of the processor's time, and what comes of it."""
        if self._next_program is not None:
            program, self._next_program = self._next_program, None
            if (reason := why_not_runnable(program, self._image.free_base_end)) is not None:
                self._end(NotRunnable(reason))
                return
            enter(program, self._processor, self._image)
        now = self._surroundings.now()
        if now >= self._ends_at:
            self._end(OutOfTime(self._watch.doing(now)))
            return
        self._slice_ends_at = min(self._ticks.next_at(now), self._ends_at)
        if self._deliver_tick(now):
            self._slice_ends_at = min(self._slice_ends_at, now + _SLICE_WITH_BACKLOG_S)
        stop = self._processor.run(self._pace.instructions)
        if self._ending is None and self._next_program is None:
            self._stopped(stop, self._surroundings.now() - now)
            self._look_around()

    def _slice_is_over(self) -> bool:
        return self._surroundings.now() >= self._slice_ends_at

    def _stopped(self, stop: Stop, after_s: float) -> None:
        match stop.reason:
            case StopReason.FAULT:
                self._end(Crashed(self._processor.at, stop.detail))
            case StopReason.SHUTDOWN:
                self._end(Rebooted(f"triple fault: {stop.detail}"))
            case StopReason.HALTED:
                self._halted()
            case StopReason.TIME | StopReason.REQUESTED:
                self._pace.ran(after_s)
                self._ran(after_s)

    def _halted(self) -> None:
        processor = self._processor
        if not processor.interrupts_enabled:
            self._end(Hung(processor.at, "halted with interrupts disabled"))
            return
        # The card ends the wait as well: programs take that for somebody else's interrupt, and look around.
        now = self._surroundings.now()
        self._watch.halted(now)
        if not self._ticks.backlog(now):
            self._surroundings.wait(min(self._ticks.next_at(now), self._ends_at))

    def _ran(self, seconds: float) -> None:
        processor = self._processor
        signs_of_life = (self._traps, self._ports.accesses, self._screen.content())
        self._watch.ran(seconds, signs_of_life)
        if (reason := self._watch.why_hung()) is not None:
            self._end(Hung(processor.at, reason))
        elif not processor.interrupts_enabled and jumps_to_itself(self._memory, processor.linear_address):
            self._end(Hung(processor.at, "jumps to itself with interrupts disabled"))

    def _look_around(self) -> None:
        """Let the surroundings do what does not wait for the program: keys come in, the screen is drawn."""
        now = self._surroundings.now()
        if now - self._looked_at_screen >= _LOOK_AT_SCREEN_S:
            self._looked_at_screen = now
            self._surroundings.wait(now)
            self._screen_changed(self._screen)

    def _deliver_tick(self, now: float) -> int:
        """How many are still to come after this one."""
        backlog = self._ticks.backlog(now)
        controllers = self._ports.interrupt_controllers
        if not backlog or controllers.masked(_TIMER):
            return 0
        self._bios.tick()
        if not self._processor.interrupt(controllers.vector(_TIMER)):
            return backlog
        self._ticks.delivered()
        return backlog - 1

    def _deliver_tick_by_stub(self, call: BiosCall) -> None:
        """A program that only ever enables interrupts while it calls the BIOS gets its ticks there."""
        if not call.flags & Flag.INTERRUPTS or self._ports.interrupt_controllers.masked(_TIMER):
            return
        if self._ticks.backlog(self._surroundings.now()):
            self._ticks.delivered()
            self._memory.write(self._image.tick_pending, b"\x01")

    # The program calls

    def _trapped(self, address: int) -> None:
        trap = self._image.traps.get(address)
        if trap is None or self._ending is not None:
            return
        match trap:
            case Trap.PXE_ENTRY:
                call_by_stack(self._processor.registers, self._memory, self._stack.api)
            case Trap.PXENV_ENTRY:
                call_by_registers(self._processor.registers, self._memory, self._stack.api)
            case Trap.RETURNED:
                self._end(ReturnedToPxe(self._processor.registers.ax))
            case Trap.RESET:
                self._end(Rebooted("a jump to the reset vector"))
            case Trap.INT_08:
                # No sign of life: it comes by itself.
                self._bios.handle(0x08, BiosCall(self._processor.registers, self._memory))
            case _:
                self._call_bios(trap)
        self._traps += trap is not Trap.INT_08

    def _call_bios(self, trap: Trap) -> None:
        assert trap.vector is not None
        call = BiosCall(self._processor.registers, self._memory)
        # A kernel's setup code is the first to call the BIOS after the loader's last.
        if (entered := linux.recognise_real_mode(self._memory, call.caller.segment)) is not None:
            self._end(entered)
            return
        self._bios.handle(trap.vector, call)
        self._deliver_tick_by_stub(call)

    def _called(self, call: CallMade) -> None:
        now = self._surroundings.now()
        self._record.note(call)
        self._watch.called(call.name, now)
        statistics = self._undi.statistics
        self._watch.frames_moved(statistics.sent + statistics.received, now)
        self._on_call(call)

    def _look_for_linux_in_protected_mode(self) -> None:
        if self._processor.is_in_real_mode:
            return
        if (entered := linux.recognise_protected_mode(self._memory, self._processor.registers.esi)) is not None:
            self._end(entered)

    # What the BIOS asks for

    def _wait(self, seconds: float) -> None:
        until = min(self._surroundings.now() + seconds, self._ends_at)
        while (now := self._surroundings.now()) < until:
            self._surroundings.wait(min(until, now + TICK_S))
            self._look_around()

    def _wait_for_key(self) -> bool:
        since = self._surroundings.now()
        while not self._keyboard and self._ending is None:
            now = self._surroundings.now()
            self._watch.looked_for_key(now)
            if self._keyboard.closed and now - since >= _NOBODY_TYPES_S:
                self._end(WaitsForKey())
            elif now >= self._ends_at:
                self._end(OutOfTime(self._watch.doing(now)))
            else:
                self._surroundings.wait(min(now + TICK_S, self._ends_at))
                self._look_around()
        return self._ending is None

    def _no_key(self) -> None:
        now = self._surroundings.now()
        self._watch.looked_for_key(now)
        if self._idleness.polled(now):
            self._surroundings.wait(min(self._ticks.next_at(now), self._ends_at))

    def _no_frame(self, has_sent: bool) -> None:
        # A card, too, holds its interrupt back a little. Programs that learn of what they sent together with the answer
        # call a third less often, and most of a call's time is their own way to real mode and back.
        now = self._surroundings.now()
        is_idle = self._idleness.polled(now) and not has_sent
        until = self._ticks.next_at(now) if is_idle else now + _ANSWER_COMES_S
        self._surroundings.wait(min(until, self._ends_at))

    def _boot_other(self, interrupt: int) -> None:
        self._end(NextDevice(interrupt))

    def _power_off(self) -> None:
        self._end(PoweredOff())

    def _reset(self, how: str) -> None:
        self._end(Rebooted(how))

    # Begin and end

    def _start_next(self, program: bytes) -> None:
        """By RESTART_TFTP."""
        self._next_program = program
        self._processor.stop()

    def _end(self, ending: Ending) -> None:
        """The first one counts."""
        if self._ending is None:
            self._ending = ending
        self._processor.stop()


def _drop(_byte: int) -> None:
    """What goes out on the serial line is read by nobody."""
