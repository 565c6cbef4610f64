"""Capture files (net/pcap.py): read by tcpdump, and byte by byte where that does not look."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.frames import NOW, packet_frame, udp_packet
from tests.support.requirements import require
from wireboot.errors import OperatorError
from wireboot.net.pcap import Direction, PcapWriter

FRAME = packet_frame(udp_packet(b"boots"))


def blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every block's type and body, its two lengths compared."""
    data = path.read_bytes()
    while data:
        kind, size = struct.unpack_from("=II", data)
        assert size % 4 == 0
        assert struct.unpack_from("=I", data, size - 4) == (size,)
        yield kind, data[8 : size - 4]
        data = data[size:]


def test_tcpdump_reads_what_was_written(tmp_path: Path) -> None:
    require("tcpdump")
    with PcapWriter(tmp_path / "boot.pcapng", "eth0") as capture:
        capture.comment("step 1: asks for an address")
        capture.write(FRAME, NOW + 0.25, Direction.SENT)
        capture.write(FRAME, NOW + 0.5, Direction.RECEIVED)
    told = subprocess.run(
        ["tcpdump", "-tt", "-nn", "-vv", "-r", tmp_path / "boot.pcapng"], capture_output=True, text=True, check=True
    ).stdout
    assert "1700000000.250000 IP" in told
    assert "1700000000.500000 IP" in told
    assert told.count("10.77.0.1.67 > 10.77.0.100.68: [udp sum ok]") == 2


def test_each_frame_is_in_the_file_at_once_with_its_direction_and_its_comments(tmp_path: Path) -> None:
    """pcapng §4.3: the client may be killed at any time."""
    path = tmp_path / "boot.pcapng"
    capture = PcapWriter(path, "eth0")
    capture.write(FRAME, NOW, Direction.RECEIVED)
    capture.comment("step 1")
    capture.comment("and more")
    capture.write(FRAME, NOW, Direction.SENT)
    capture.write(FRAME, NOW, Direction.RECEIVED)

    (section, _), (interface, described), (_, received), (_, sent), (_, last) = blocks(path)
    assert (section, interface) == (0x0A0D0D0A, 1)
    assert b"\x02\x00\x04\x00eth0" in described
    received_options, sent_options = (body[20 + (len(FRAME) + 3) // 4 * 4 :] for body in (received, sent))
    assert received_options == struct.pack("=HHIHH", 2, 4, 1, 0, 0)
    assert sent_options == struct.pack("=HH8sHH8sHHIHH", 1, 6, b"step 1", 1, 8, b"and more", 2, 4, 2, 0, 0)
    assert last == received
    capture.close()


@pytest.mark.parametrize("name", ["no/such/folder/boot.pcapng", "."])
def test_a_file_that_cannot_be_made_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorError, match="cannot write the capture") as caught:
        PcapWriter(tmp_path / name, "eth0")
    assert caught.value.hint


def test_a_disk_that_is_full_is_told() -> None:
    with pytest.raises(OperatorError, match="no space left"):
        PcapWriter(Path("/dev/full"), "eth0")
