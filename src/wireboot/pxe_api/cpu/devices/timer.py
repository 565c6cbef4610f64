"""The programmable interval timer (8254) and port 61h, by which programs measure how fast the processor is."""

from __future__ import annotations

from collections.abc import Callable

CHANNEL_0, CONTROL, PORT_B = 0x40, 0x43, 0x61
FREQUENCY_HZ = 1_193_182

_ONE_SHOT, _RATE, _SQUARE_WAVE = (0, 1, 4, 5), 2, 3
_LATCH, _LOW, _HIGH, _LOW_THEN_HIGH = 0, 1, 2, 3
_GATE, _SPEAKER, _REFRESH, _OUTPUT = 0x01, 0x02, 0x10, 0x20
_ACCESS_S = 1e-6
"""How long an access to a device of the ISA bus takes."""


class Timer:
    """Channel 0 makes IRQ 0, whatever its rate 18.2 times a second; channel 2 is the speaker's, with a gate."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._latest = now()
        self._channels = [_Channel(self._latest) for _ in range(3)]
        self._port_b = _GATE

    def read(self, port: int) -> int:
        now = self._time()
        if port == PORT_B:
            # Refresh cycles take 15 us; who counts them gets them as fast as it can.
            self._port_b ^= _REFRESH
            return self._port_b | (_OUTPUT if self._channels[2].output(now) else 0)
        return self._channels[port - CHANNEL_0].read(now) if port < CONTROL else 0xFF

    def write(self, port: int, value: int) -> None:
        now = self._time()
        if port == PORT_B:
            self._port_b = self._port_b & _REFRESH | value & (_GATE | _SPEAKER)
            self._channels[2].set_gate(bool(value & _GATE), now)
        elif port == CONTROL:
            self._control(value, now)
        else:
            self._channels[port - CHANNEL_0].write(value, now)

    def _control(self, value: int, now: float) -> None:
        number, how = value >> 6, value >> 4 & 3
        if number == 3:
            self._read_back(value, now)
        elif how == _LATCH:
            self._channels[number].latch_count(now)
        else:
            self._channels[number].program(value & 0x3F, now)

    def _read_back(self, value: int, now: float) -> None:
        for number, channel in enumerate(self._channels):
            if not value >> number + 1 & 1:
                continue
            if not value & 0x20:
                channel.latch_count(now)
            if not value & 0x10:
                channel.latch_status(now)

    def _time(self) -> float:
        # A clock that stands still while the program runs would let it wait for ever.
        self._latest = max(self._now(), self._latest + _ACCESS_S)
        return self._latest


class _Channel:
    def __init__(self, now: float) -> None:
        self._control = _LOW_THEN_HIGH << 4 | _SQUARE_WAVE << 1
        self._reload = 0x10000
        self._gate = True
        self._since = now
        self._passed = 0
        """Cycles that it had counted before `_since`."""
        self._low_written: int | None = None
        self._high_is_next = False
        self._latched: list[int] = []
        self._latched_status: int | None = None

    def program(self, control: int, now: float) -> None:
        self._control = control
        self._low_written, self._high_is_next = None, False
        self._latched, self._latched_status = [], None
        self._restart(now)

    def set_gate(self, gate: bool, now: float) -> None:
        if gate == self._gate:
            return
        self._passed = self._elapsed(now)
        self._gate, self._since = gate, now
        # Modes 0 and 4 stand still meanwhile; the others begin anew.
        if gate and self._mode not in (0, 4):
            self._restart(now)

    def write(self, value: int, now: float) -> None:
        if self._access == _LOW_THEN_HIGH and self._low_written is None:
            self._low_written = value
            return
        count = value if self._access == _LOW else value << 8 | (self._low_written or 0)
        self._low_written = None
        self._reload = count or 0x10000
        self._restart(now)

    def read(self, now: float) -> int:
        if self._latched_status is not None:
            status, self._latched_status = self._latched_status, None
            return status
        if self._latched:
            return self._latched.pop(0)
        low_high = self._count(now).to_bytes(2, "little")
        if self._access == _LOW_THEN_HIGH:
            self._high_is_next = not self._high_is_next
            return low_high[0] if self._high_is_next else low_high[1]
        return low_high[1] if self._access == _HIGH else low_high[0]

    def latch_count(self, now: float) -> None:
        if self._latched:
            return  # the first stays until it is read
        low_high = list(self._count(now).to_bytes(2, "little"))
        self._latched = {_LOW: low_high[:1], _HIGH: low_high[1:]}.get(self._access, low_high)

    def latch_status(self, now: float) -> None:
        self._latched_status = (0x80 if self.output(now) else 0) | self._control

    def output(self, now: float) -> bool:
        elapsed = self._elapsed(now)
        if self._mode in _ONE_SHOT:
            return elapsed >= self._reload
        in_period = elapsed % self._reload
        if self._mode == _RATE:
            return in_period != self._reload - 1
        return in_period < (self._reload + 1) // 2

    def _count(self, now: float) -> int:
        elapsed = self._elapsed(now)
        if self._mode in _ONE_SHOT:
            return (self._reload - elapsed) & 0xFFFF
        if self._mode == _SQUARE_WAVE:
            # It counts by two, and twice for each period.
            elapsed *= 2
        return (self._reload - elapsed % self._reload) & 0xFFFF

    def _elapsed(self, now: float) -> int:
        running = int((now - self._since) * FREQUENCY_HZ) if self._gate else 0
        return self._passed + running

    def _restart(self, now: float) -> None:
        self._since, self._passed = now, 0

    @property
    def _access(self) -> int:
        return self._control >> 4 & 3

    @property
    def _mode(self) -> int:
        mode = self._control >> 1 & 7
        return mode & 3 if mode > 5 else mode  # 6 and 7 are 2 and 3
