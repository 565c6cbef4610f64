"""Events as log lines: their names, their fields as JSON carries them, their levels."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from wireboot.boot.timeline import BootStep
from wireboot.endpoint import Datagram, DatagramDropped, Event, SocketAddress
from wireboot.leases.lease import Lease, LeaseState
from wireboot.net.driver import DatagramNotSent
from wireboot.protocols.dhcp4.events import LeaseGranted, NoAddressLeft, RequestIgnored
from wireboot.protocols.tftp.events import RequestRefused, TransferFailed, TransferStarted
from wireboot.protocols.tftp.options import TransferParameters
from wireboot.server import log_writer
from wireboot.server.event_log import LINES_MAX, PERIOD_S, EventLog
from wireboot.server.ledger import LeasesNotStored
from wireboot.server.log import LogFormat, event_fields, open_log
from wireboot.server.log_writer import LogWriter

MAC = bytes.fromhex("525400770010")
PEER = SocketAddress(IPv4Address("10.77.0.100"), 2070)
LEASE = Lease(IPv4Address("10.77.0.100"), b"\1" + MAC, MAC, LeaseState.BOUND, 1.0, 2.0, "node-1")
REFUSED = RequestRefused("linux", PEER, "eth0", 1, "no such file")


def log_event(log_format: LogFormat, event: Event) -> None:
    with open_log(log_format) as log:
        EventLog(log, now=lambda: 0.0).tell(event)


def lines_of(event: Event, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    log_event("json", event)
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_an_event_is_one_json_document_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines_of(LeaseGranted(LEASE), capsys)

    assert line.pop("timestamp")
    assert line == {
        "event": "lease_granted",
        "level": "info",
        "address": "10.77.0.100",
        "client": "01525400770010",
        "mac": "52:54:00:77:00:10",
        "state": "bound",
        "granted_at": "1970-01-01T00:00:01+00:00",
        "expires_at": "1970-01-01T00:00:02+00:00",
        "hostname": "node-1",
    }


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log_event("text", LeaseGranted(LEASE))

    (line,) = capsys.readouterr().err.splitlines()
    assert "lease_granted" in line
    assert "mac=52:54:00:77:00:10" in line


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (LeaseGranted(LEASE), "info"),
        (REFUSED, "info"),
        (NoAddressLeft(MAC, "10.77.0.0/24"), "warning"),
        (TransferFailed("linux", PEER, "eth0", 9, 1, 0.5, 3, why="the client does not answer"), "warning"),
        (LeasesNotStored("database is locked", 3), "error"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_matters_more_has_a_higher_level(event: Event, level: str, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines_of(event, capsys)
    assert line["level"] == level


@pytest.mark.parametrize(
    "event",
    [
        DatagramDropped("dhcp4", "malformed header", PEER, "eth0"),
        RequestIgnored(MAC, "it asks for no address"),
        TransferStarted("linux", PEER, "eth0", 9, TransferParameters()),
        replace(REFUSED, file="", reason="not a request"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_any_stranger_can_cause_is_not_told_at_the_usual_level(
    event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or a flood of it would fill the disk. The first of each kind of silence is told, or nobody could explain it."""
    with open_log("json") as log:
        events = EventLog(log, now=lambda: 0.0)
        for _ in range(3):
            events.tell(event)

    silence = isinstance(event, DatagramDropped | RequestIgnored)
    assert len(capsys.readouterr().err.splitlines()) == (1 if silence else 0)
    assert sum(events.drops.values()) == (3 if silence else 0)


def test_a_flood_of_one_kind_is_cut_and_its_number_told(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    with open_log("json") as log:
        events = EventLog(log, now=lambda: now)
        for _ in range(LINES_MAX + 7):
            events.tell(REFUSED)
        events.tell(LeaseGranted(LEASE))
        now += PERIOD_S
        events.tell(REFUSED)

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == [*["request_refused"] * LINES_MAX, "lease_granted", "request_refused"]
    assert lines[-1]["suppressed_before"] == 7


def test_a_log_that_nobody_reads_holds_nothing_up() -> None:
    unread, pipe = os.pipe()
    with open(pipe, "w") as file:
        writer = LogWriter(file)
        for _ in range(3 * log_writer.LINES_MAX):
            writer.write("a line that is to be lost\n")

        os.set_blocking(unread, False)
        read = bytearray()
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(unread, 1 << 16):
                read += chunk
                time.sleep(0.001)
        writer.close()
    assert 0 < read.count(b"\n") <= 2 * log_writer.LINES_MAX
    os.close(unread)


def test_a_datagram_is_told_by_where_it_was_to_go() -> None:
    datagram = Datagram(b"secret", PEER, PEER, "eth0")

    assert event_fields(DatagramNotSent(datagram, "no route")) == {"to": "10.77.0.100:2070", "reason": "no route"}


def test_the_fields_of_nested_values_stand_beside_the_events_own() -> None:
    fields = event_fields(TransferStarted("linux", PEER, "eth0", 9, TransferParameters(blksize=1468)))

    assert (fields["file"], fields["peer"], fields["blksize"]) == ("linux", "10.77.0.100:2070", 1468)


def test_a_boot_step_names_the_machine() -> None:
    fields = event_fields(BootStep(MAC, 1, "discover", {"arch": "x86-bios"}))

    assert (fields["step"], fields["name"], fields["mac"]) == (1, "discover", "52:54:00:77:00:10")
    assert fields["detail"] == {"arch": "x86-bios"}


def test_an_event_is_named_after_its_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert [lines_of(event, capsys)[0]["event"] for event in (LeasesNotStored("", 0), NoAddressLeft(MAC, ""))] == [
        "leases_not_stored",
        "no_address_left",
    ]


def test_what_a_stranger_wrote_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    log_event("text", replace(REFUSED, file="\x1b[2Jlinux\nlease_granted"))

    (line,) = capsys.readouterr().err.splitlines()
    assert "\x1b" not in line
