"""PXE 2.1 appendix: how a boot can fail, the number for it, and a page about each."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import SERVER
from tests.support.error_pages import FOLDER, pages
from tests.support.pxe_client import AT_ONCE, CONTENT, FILE, Machine
from wireboot.endpoint import Datagram, SocketAddress, Unreachable
from wireboot.protocols.dhcp4.message import BOOTREPLY, Message
from wireboot.protocols.pxe.boot_target import find_target
from wireboot.protocols.pxe.client_events import BootEnded, BootImageReady
from wireboot.protocols.pxe.errors import ERRORS, SERVER_ADDRESS_MISSING, fetch_error
from wireboot.protocols.tftp.fetch import FetchFailed, FetchProblem
from wireboot.protocols.tftp.packet import Data, Error, ErrorCode, encode

TFTP = SocketAddress(SERVER, 69)
TRANSFER = SocketAddress(SERVER, 50001)


def test_each_error_has_a_page_and_each_page_an_error() -> None:
    """PXE 2.1 appendix: `python -m tests.support.error_pages` writes them."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == pages()


def test_codes_are_unique_and_texts_are_sentences() -> None:
    """PXE 2.1 appendix: one number, one meaning, one hint."""
    assert len({error.code for error in ERRORS}) == len(ERRORS)
    for error in ERRORS:
        assert re.fullmatch(r"PXE-E[0-9A-F]{2}", error.code)
        assert error.text.endswith(".")
        assert error.hint.endswith(".")
        assert not error.detail


@pytest.mark.parametrize("problem", FetchProblem)
def test_every_failed_download_has_its_code(problem: FetchProblem) -> None:
    """PXE 2.1 appendix: E32 to E3F and E79."""
    error = fetch_error(FetchFailed(FILE, TFTP, problem))
    assert error.because("") in ERRORS
    assert FILE in error.detail


def loading(*, size_bytes_max: int = 1 << 20, deadline_s: float = 300.0) -> Machine:
    """A machine that has just sent its read request."""
    machine = Machine("ipxe", size_bytes_max=size_bytes_max, deadline_s=deadline_s)
    machine.take_address(tags=AT_ONCE, file=FILE)
    assert machine.requests() == [FILE]
    return machine


def hear(machine: Machine, packet: bytes, peer: SocketAddress = TRANSFER) -> None:
    port = 49152
    local = SocketAddress(machine.address, port)
    machine.client.receive_datagram(Datagram(packet, peer, local, "eth0"), machine.now)
    machine.settle()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (ErrorCode.FILE_NOT_FOUND, "PXE-E3B"),
        (ErrorCode.ACCESS_VIOLATION, "PXE-E3C"),
        (ErrorCode.NO_SUCH_USER, "PXE-E36"),
    ],
)
def test_the_servers_error_says_which(code: ErrorCode, expected: str) -> None:
    """RFC 1350 §5: the code of an ERROR; the server's words stand in the detail."""
    machine = loading()
    hear(machine, encode(Error(code, "no luck")))
    assert machine.error == expected
    (ended,) = machine.told(BootEnded)
    assert "no luck" in str(ended)


def test_no_answer_to_the_request_is_e32() -> None:
    """PXE 2.1 appendix: TFTP open timeout."""
    machine = loading()
    machine.wait(60)
    assert machine.error == "PXE-E32"


def test_silence_in_the_middle_is_e35() -> None:
    """PXE 2.1 appendix: TFTP read timeout."""
    machine = loading()
    hear(machine, encode(Data(1, bytes(512))))
    machine.wait(60)
    assert machine.error == "PXE-E35"


def test_too_large_is_e79() -> None:
    """PXE 2.1 appendix: the boot file does not fit."""
    machine = loading(size_bytes_max=600)
    hear(machine, encode(Data(1, bytes(512))))
    hear(machine, encode(Data(2, bytes(512))))
    assert machine.error == "PXE-E79"


def test_a_server_that_is_not_there_is_e11() -> None:
    """RFC 826: nobody answers ARP."""
    machine = loading()
    machine.client.unreachable(TFTP, Unreachable.NO_ARP_ANSWER, machine.now)
    machine.settle()
    assert machine.error == "PXE-E11"


def test_a_closed_port_is_e32() -> None:
    """RFC 792: port unreachable."""
    machine = loading()
    machine.client.unreachable(TFTP, Unreachable.PORT_CLOSED, machine.now)
    machine.settle()
    assert machine.error == "PXE-E32"


def test_a_port_that_closes_in_the_middle_of_the_file_is_e35() -> None:
    """RFC 792: the server had answered, and is there no more."""
    machine = loading()
    hear(machine, encode(Data(1, CONTENT[:512])))
    machine.client.unreachable(TRANSFER, Unreachable.PORT_CLOSED, machine.now)
    machine.settle()
    assert machine.error == "PXE-E35"


def test_somebody_elses_icmp_is_nothing() -> None:
    """RFC 792: the error has to be about what was sent."""
    machine = loading()
    machine.client.unreachable(SocketAddress(IPv4Address("10.77.0.9"), 69), Unreachable.PORT_CLOSED, machine.now)
    machine.settle()
    assert machine.outcome is None


def test_the_deadline_in_the_middle_of_a_file_tells_the_server() -> None:
    """RFC 1350 §7: the transfer is broken off with an ERROR, and nothing comes out."""
    machine = loading(deadline_s=3.0)
    hear(machine, encode(Data(1, CONTENT[:512])))
    machine.take_sent()
    machine.wait(3)
    assert machine.error.startswith("PXE-E3")
    assert machine.sent[-1].payload[:2] == b"\0\5"
    assert not machine.told(BootImageReady)


def test_a_file_without_a_server_is_e7b() -> None:
    """PXE 2.1 appendix: neither `siaddr` nor option 54."""
    message = Message(BOOTREPLY, 1, bytes(6), file=b"x")
    assert find_target(message) == SERVER_ADDRESS_MISSING
