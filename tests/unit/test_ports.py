"""The port bus and its devices, as programs meet them: bytes out, bytes in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wireboot.pxe_api.cpu.ports import PortBus

MIB = 1 << 20
SUNDAY_MORNING = 1_000_000_000.0  # 2001-09-09 01:46:40 UTC


class Ports:
    """A bus whose clock stands still until a test moves it."""

    def __init__(self, *, serial: bool = True) -> None:
        self.now = SUNDAY_MORNING
        self.resets: list[str] = []
        self.sent = bytearray()
        self.bus = PortBus(
            lambda: self.now,
            memory_bytes=256 * MIB,
            reset=self.resets.append,
            serial=self.sent.append if serial else None,
        )

    def read(self, port: int) -> int:
        return self.bus.read(port, 1)

    def write(self, port: int, *values: int) -> None:
        for value in values:
            self.bus.write(port, 1, value)

    def cmos(self, index: int) -> int:
        self.write(0x70, index)
        return self.read(0x71)


@pytest.fixture
def ports() -> Ports:
    return Ports()


# Nothing there.


@pytest.mark.parametrize("port", [0x0080, 0x0087, 0x01F7, 0x02F8, 0x0510, 0x0608, 0x0CFC, 0x5658, 0xFFFF])
def test_where_nothing_answers_all_ones_are_read(ports: Ports, port: int) -> None:
    ports.write(port, 0x55)
    assert [ports.bus.read(port, size) for size in (1, 2, 4)] == [0xFF, 0xFFFF, 0xFFFFFFFF]


def test_there_is_no_pci_bus_and_looking_for_one_resets_nothing(ports: Ports) -> None:
    ports.bus.write(0xCF8, 4, 0x80000600)
    assert ports.bus.read(0xCF8, 4) == 0xFFFFFFFF
    assert ports.bus.read(0xCFC, 4) == 0xFFFFFFFF
    assert ports.resets == []


def test_every_access_is_counted(ports: Ports) -> None:
    ports.bus.read(0x61, 1)
    ports.bus.write(0xCF8, 4, 0)
    assert ports.bus.accesses == 2


# Ways to restart the machine.


@pytest.mark.parametrize(
    ("writes", "how"),
    [
        ([(0x64, 0xFE)], "the keyboard controller"),
        ([(0x64, 0xF0)], "the keyboard controller"),
        ([(0x64, 0xD1), (0x60, 0x02)], "the keyboard controller"),
        ([(0x92, 0x01)], "port 92h"),
        ([(0xCF9, 0x02), (0xCF9, 0x06)], "port CF9h"),
    ],
)
def test_a_reset_is_told(ports: Ports, writes: list[tuple[int, int]], how: str) -> None:
    for port, value in writes:
        ports.write(port, value)
    assert ports.resets == [how]


# The keyboard controller.


def test_the_keyboard_controller_passes_its_tests(ports: Ports) -> None:
    assert ports.read(0x64) & 0x03 == 0, "nothing to read, ready for a command"
    ports.write(0x64, 0xAA)
    assert ports.read(0x64) & 0x01
    assert ports.read(0x60) == 0x55
    ports.write(0x64, 0xAB)
    assert ports.read(0x60) == 0x00
    assert ports.read(0x64) & 0x01 == 0


def test_the_keyboard_acknowledges(ports: Ports) -> None:
    ports.write(0x60, 0xED, 0x02, 0xFF, 0xF2)
    assert [ports.read(0x60) for _ in range(7)] == [0xFA, 0xFA, 0xFA, 0xAA, 0xFA, 0xAB, 0x83]


def test_the_controllers_mode_is_remembered(ports: Ports) -> None:
    ports.write(0x64, 0x60)
    ports.write(0x60, 0x74)
    ports.write(0x64, 0x20)
    assert ports.read(0x60) == 0x74


def test_both_a20_gates_are_one(ports: Ports) -> None:
    def output_port() -> int:
        ports.write(0x64, 0xD0)
        return ports.read(0x60)

    assert (ports.read(0x92) & 2, output_port() & 2) == (2, 2)
    ports.write(0x64, 0xDD)
    assert ports.read(0x92) & 2 == 0
    ports.write(0x64, 0xD1)
    ports.write(0x60, 0xDF)
    assert ports.read(0x92) & 2
    ports.write(0x92, 0x00)
    assert output_port() & 2 == 0
    assert ports.resets == []


# The timer.


def counter(ports: Ports, channel: int) -> int:
    ports.write(0x43, channel << 6)
    return ports.read(0x40 + channel) | ports.read(0x40 + channel) << 8


def test_channel_2_measures_time_by_its_output(ports: Ports) -> None:
    """As GRUB and iPXE find out how fast the processor is."""
    ports.write(0x61, ports.read(0x61) & ~0x03)
    ports.write(0x43, 0xB0)
    ports.write(0x42, 0xFF, 0xFF)
    ports.now += 1
    assert ports.read(0x61) & 0x20 == 0, "without its gate it stands still"

    ports.write(0x61, ports.read(0x61) & ~0x02 | 0x01)
    ports.now += 0.0549
    assert ports.read(0x61) & 0x20 == 0
    ports.now += 0.0001
    assert ports.read(0x61) & 0x20


def test_it_ends_even_when_the_clock_stands_still(ports: Ports) -> None:
    ports.write(0x61, 0x01)
    ports.write(0x43, 0xB0)
    ports.write(0x42, 0xE8, 0x03)
    assert any(ports.read(0x61) & 0x20 for _ in range(2_000))


def test_the_refresh_bit_toggles(ports: Ports) -> None:
    assert ports.read(0x61) & 0x10 != ports.read(0x61) & 0x10


@pytest.mark.parametrize("channel", [0, 2])
def test_a_rate_counts_down_and_begins_anew(ports: Ports, channel: int) -> None:
    ports.write(0x43, channel << 6 | 0x34)
    ports.write(0x40 + channel, 0x00, 0x10)
    ports.now += 1_000 / 1_193_182
    first = counter(ports, channel)
    ports.now += 4_096 / 1_193_182
    second = counter(ports, channel)

    assert first == pytest.approx(0x1000 - 1_000, abs=20)
    assert second == pytest.approx(first, abs=20)


def test_a_square_wave_counts_by_two(ports: Ports) -> None:
    ports.now += 1_000 / 1_193_182
    before = counter(ports, 0)
    ports.now += 1_000 / 1_193_182
    assert before - counter(ports, 0) == pytest.approx(2_000, abs=20)


def test_a_latched_count_stays_while_time_passes(ports: Ports) -> None:
    ports.write(0x43, 0x00)
    ports.now += 0.01
    ports.write(0x43, 0x00)
    low, high = ports.read(0x40), ports.read(0x40)
    assert low | high << 8 > 0xFF00


def test_the_status_can_be_read_back(ports: Ports) -> None:
    ports.write(0x43, 0x34)
    ports.write(0x40, 0x00, 0x10)
    ports.write(0x43, 0xC2)
    assert ports.read(0x40) & 0x3F == 0x34, "the status first"
    assert ports.read(0x40) | ports.read(0x40) << 8 == pytest.approx(0x1000, abs=20)


def test_the_high_byte_alone(ports: Ports) -> None:
    ports.write(0x43, 0xA0)
    ports.write(0x42, 0x80)
    assert ports.read(0x42) == 0x7F
    assert ports.read(0x42) == 0x7F


# The clock and its memory.


def test_the_clock_is_in_bcd_and_utc(ports: Ports) -> None:
    assert [ports.cmos(index) for index in (0x00, 0x02, 0x04)] == [0x40, 0x46, 0x01]
    assert [ports.cmos(index) for index in (0x06, 0x07, 0x08, 0x09, 0x32)] == [0x01, 0x09, 0x09, 0x01, 0x20]
    assert (ports.cmos(0x0B), ports.cmos(0x0D)) == (0x02, 0x80)


def test_an_update_of_the_clock_is_in_progress_once_a_second(ports: Ports) -> None:
    assert ports.cmos(0x8A) & 0x80 == 0
    ports.now += 0.9995
    assert ports.cmos(0x0A) & 0x80


def test_it_knows_the_size_of_memory(ports: Ports) -> None:
    def word(index: int) -> int:
        return ports.cmos(index) | ports.cmos(index + 1) << 8

    assert (word(0x15), word(0x17), word(0x30), word(0x34)) == (640, 0xFFFF, 0xFFFF, 3840)


def test_what_is_written_there_stays(ports: Ports) -> None:
    ports.write(0x70, 0x0F)
    ports.write(0x71, 0x0A)
    assert ports.cmos(0x0F) == 0x0A


# The interrupt controllers.


def test_the_interrupt_controllers_keep_masks_and_vectors(ports: Ports) -> None:
    controllers = ports.bus.interrupt_controllers
    assert [controllers.vector(request) for request in (0, 7, 8, 15)] == [0x08, 0x0F, 0x70, 0x77]
    assert not controllers.masked(0)

    ports.write(0x20, 0x11)
    ports.write(0x21, 0x20, 0x04, 0x01)
    ports.write(0x21, 0xFB)
    ports.write(0xA1, 0xEF)

    assert [controllers.vector(request) for request in (0, 8)] == [0x20, 0x70]
    assert [request for request in range(16) if not controllers.masked(request)] == [2, 12]
    assert (ports.read(0x21), ports.read(0xA1)) == (0xFB, 0xEF)


def test_an_end_of_interrupt_changes_neither(ports: Ports) -> None:
    ports.write(0x21, 0xFE)
    ports.write(0x20, 0x20)
    assert ports.read(0x21) == 0xFE
    assert ports.bus.interrupt_controllers.vector(0) == 0x08


# The serial line.


def test_the_serial_line_takes_what_is_sent(ports: Ports) -> None:
    for byte in b"hello":
        assert ports.read(0x3FD) & 0x20
        ports.write(0x3F8, byte)
    assert ports.sent == b"hello"
    assert ports.read(0x3FD) & 0x01 == 0, "nothing to read"


def test_its_speed_is_set_beside_the_data(ports: Ports) -> None:
    ports.write(0x3FB, 0x83)
    ports.write(0x3F8, 0x01)
    ports.write(0x3F9, 0x00)
    assert ports.read(0x3F8) == 0x01
    ports.write(0x3FB, 0x03)
    ports.write(0x3FF, 0x5A)
    assert (bytes(ports.sent), ports.read(0x3FB), ports.read(0x3FF)) == (b"", 0x03, 0x5A)


def test_without_a_line_there_is_no_serial_port() -> None:
    assert Ports(serial=False).read(0x3FD) == 0xFF


# The VGA.


def test_registers_of_the_vga_are_remembered(ports: Ports) -> None:
    ports.bus.write(0x3D4, 2, 0x120E)
    ports.bus.write(0x3D4, 2, 0x340F)
    ports.write(0x3D4, 0x0E)
    assert ports.read(0x3D5) == 0x12
    assert ports.read(0x3D4) == 0x0E


def test_the_attribute_port_takes_index_and_value_in_turn(ports: Ports) -> None:
    ports.read(0x3DA)
    ports.write(0x3C0, 0x10, 0x0C, 0x31)
    ports.read(0x3DA)
    ports.write(0x3C0, 0x30)
    assert ports.read(0x3C1) == 0x0C


def test_the_palette_is_written_and_read_by_three(ports: Ports) -> None:
    ports.write(0x3C8, 7)
    ports.write(0x3C9, 1, 2, 3, 4)
    ports.write(0x3C7, 7)
    assert [ports.read(0x3C9) for _ in range(4)] == [1, 2, 3, 4]


def test_the_retrace_comes_and_goes(ports: Ports) -> None:
    assert {ports.read(0x3DA) & 0x08 for _ in range(2)} == {0x00, 0x08}


ACCESS = st.tuples(
    st.booleans(),
    st.sampled_from([*range(0x20, 0xB0), *range(0x3C0, 0x400), *range(0xCF0, 0xD00), 0xFFFF]) | st.integers(0, 0xFFFF),
    st.sampled_from([1, 2, 4]),
    st.integers(0, 0xFFFFFFFF),
    st.floats(0, 1),
)


@settings(max_examples=200)
@given(st.lists(ACCESS, max_size=60))
def test_whatever_a_program_writes_reads_give_as_many_bits_as_asked_for(
    accesses: list[tuple[bool, int, int, int, float]],
) -> None:
    ports = Ports()
    for is_read, port, size, value, later_s in accesses:
        ports.now += later_s
        if is_read:
            assert 0 <= ports.bus.read(port, size) < 1 << 8 * size
        else:
            ports.bus.write(port, size, value)
