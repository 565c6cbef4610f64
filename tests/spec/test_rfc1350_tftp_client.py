"""RFC 1350 from the side that reads, in its order; with RFC 1123 §4.2 where that corrects it."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from tests.support.tftp import STRANGER, pattern
from tests.support.tftp_fetch import LOCAL, OTHER_TRANSFER, SERVER, TRANSFER, Fetch
from wireboot.endpoint import SocketAddress, Unreachable
from wireboot.protocols.tftp.client_retry import EDK2, INTEL_ROM, IPXE, WIREBOOT, ClientRetry
from wireboot.protocols.tftp.fetch import FetchProblem, FetchProgressed
from wireboot.protocols.tftp.options import TransferParameters
from wireboot.protocols.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    OptionAck,
    Packet,
    ReadRequest,
    WriteRequest,
    decode,
)
from wireboot.protocols.tftp.receiver import TftpReceiver

# §2, overview


@pytest.mark.parametrize("size_bytes", [0, 1, 511, 512, 513, 1024, 5000])
def test_a_file_comes_in_blocks_of_512_bytes_and_ends_with_a_shorter_one(size_bytes: int) -> None:
    """RFC 1350 §2, §6: a block of 0 to 511 bytes ends the file; each block is acknowledged, the last one too."""
    content = pattern(size_bytes)
    fetch = Fetch()

    for block in range(1, size_bytes // 512 + 2):
        assert fetch.events() == []
        assert fetch.receive(Data(block, content[(block - 1) * 512 : block * 512])) == [Ack(block)]

    fetched = fetch.fetched()
    assert (fetched.file, fetched.server, fetched.content) == ("boot", SERVER, content)
    assert (fetched.transport, fetched.repeats) == ("tftp", 0)
    assert fetched.seconds == pytest.approx(0.001 * (size_bytes // 512 + 1), abs=1e-6)


def test_a_lost_packet_is_met_by_sending_the_last_one_again() -> None:
    """RFC 1350 §2: the recipient of a lost packet times out and retransmits its last packet, here an ACK."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    assert fetch.wait(0.51) == [Ack(1)]
    assert fetch.receive(Data(2, b"")) == [Ack(2)]
    assert fetch.fetched().repeats == 1


def test_the_request_is_sent_again_from_the_same_port() -> None:
    """RFC 1350 §2, §4: it is the same transfer to a server that got both."""
    fetch = Fetch()

    assert fetch.wait(0.51) == [fetch.request]
    assert [(datagram.local, datagram.peer) for datagram in fetch.sent] == [(LOCAL, SERVER)] * 2


@pytest.mark.parametrize(
    ("retry", "at_s", "until_s"),
    [
        (EDK2, [4, 8, 12, 16, 20], 24),
        (INTEL_ROM, [5, 10, 15], 20),
        (IPXE, [0.25, 0.75, 1.75, 3.75, 7.75], 15.75),
        (WIREBOOT, [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5], 27.5),
    ],
)
def test_a_server_that_does_not_answer_is_given_up(retry: ClientRetry, at_s: list[float], until_s: float) -> None:
    """Firmware: each loader has its own patience."""
    fetch = Fetch(retry=retry)
    began_at = fetch.now

    for at in at_s:
        assert fetch.client.next_timeout() == began_at + at
        assert fetch.wait(began_at + at - fetch.now) == [fetch.request]
    assert fetch.events() == []
    assert fetch.wait(began_at + until_s - fetch.now) == []

    assert fetch.failure().problem is FetchProblem.NO_ANSWER
    assert fetch.client.ended
    assert fetch.client.next_timeout() is None


@pytest.mark.parametrize(("retry", "at_s", "until_s"), [(EDK2, [4, 8, 12, 16, 20], 24), (INTEL_ROM, [4, 8, 12], 16)])
def test_a_server_that_goes_silent_is_given_up(retry: ClientRetry, at_s: list[float], until_s: float) -> None:
    """Firmware: the last ACK is repeated some times. What came before counts for nothing."""
    fetch = Fetch(retry=retry)
    fetch.receive(Data(1, bytes(512)))
    began_at = fetch.now

    assert fetch.wait(until_s - 0.01) == [Ack(1)] * len(at_s)
    fetch.wait(0.02)

    failure = fetch.failure()
    assert (failure.problem, failure.text) == (FetchProblem.SILENCE, "512 bytes had come")
    assert fetch.now == pytest.approx(began_at + until_s + 0.01)


def test_nothing_is_sent_again_before_its_time() -> None:
    """RFC 1350 §2: whoever drives the client may look at it too early."""
    fetch = Fetch()
    fetch.client.handle_timeout(fetch.now + 0.49)

    assert fetch.client.datagrams_to_send() == []


def test_only_what_is_new_renews_the_patience() -> None:
    """RFC 1350 §2: a server that repeats one block for ever is given up like a silent one."""
    fetch = Fetch(retry=EDK2)
    fetch.receive(Data(1, bytes(512)))
    for _ in range(40):
        fetch.receive(Data(1, bytes(512)), after_s=0)
        fetch.wait(1.0)

    assert fetch.failure().problem is FetchProblem.SILENCE


# §4, initial connection protocol


def test_a_request_goes_to_the_servers_port_in_octet_mode() -> None:
    """RFC 1350 §4: the request goes to port 69, with our transfer ID as its source."""
    fetch = Fetch()

    assert fetch.request == ReadRequest("boot", "octet")
    assert [(datagram.local, datagram.peer, datagram.interface) for datagram in fetch.sent] == [(LOCAL, SERVER, "eth0")]
    assert fetch.client.peer == SERVER


def test_acks_go_to_the_port_that_the_server_has_chosen() -> None:
    """RFC 1350 §4: both sides keep to the transfer IDs of the first two packets."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    assert (fetch.sent[-1].peer, fetch.sent[-1].local) == (TRANSFER, LOCAL)
    assert fetch.client.peer == TRANSFER


@pytest.mark.parametrize("stranger", [STRANGER, OTHER_TRANSFER, SERVER, STRANGER._replace(port=TRANSFER.port)])
def test_a_stranger_is_refused_and_the_transfer_goes_on(stranger: SocketAddress) -> None:
    """RFC 1350 §4: a wrong source is answered with error 5 and must not disturb the transfer."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    (refusal,) = fetch.receive(Data(2, b"not this"), peer=stranger)

    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.UNKNOWN_TRANSFER_ID
    assert fetch.sent[-1].peer == stranger
    assert fetch.receive(Data(2, b"but this")) == [Ack(2)]
    assert fetch.fetched().content == bytes(512) + b"but this"


def test_only_the_server_that_was_asked_can_answer_a_request() -> None:
    """RFC 1350 §4: the transfer ID is the server's to choose, not its address."""
    fetch = Fetch()

    (refusal,) = fetch.receive(Data(1, b"forged"), peer=STRANGER)

    assert isinstance(refusal, Error)
    assert fetch.sent[-1].peer == STRANGER
    assert fetch.receive(Data(1, b"")) == [Ack(1)]


def test_a_second_answer_to_a_repeated_request_is_refused() -> None:
    """RFC 1350 §4: the request was delayed and sent twice, and the server has begun two transfers for it."""
    fetch = Fetch()
    fetch.wait(0.6)
    fetch.receive(Data(1, bytes(512)), peer=TRANSFER)

    (refusal,) = fetch.receive(Data(1, bytes(512)), peer=OTHER_TRANSFER)

    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.UNKNOWN_TRANSFER_ID
    assert fetch.receive(Data(2, bytes(512))) == [Ack(2)]


def test_an_error_from_a_stranger_is_not_answered() -> None:
    """RFC 1350 §7: an ERROR is not acknowledged; two programs could refuse each other for ever."""
    fetch = Fetch()

    assert fetch.receive(Error(5, "unknown"), peer=STRANGER) == []
    assert fetch.drops() == ["unknown transfer ID"]
    assert not fetch.client.ended


@pytest.mark.parametrize(
    ("peer", "to_group"),
    [
        (STRANGER._replace(port=0), False),
        (SocketAddress(IPv4Address("224.0.0.1"), 69), False),
        (SocketAddress(IPv4Address("0.0.0.0"), 69), False),
        (TRANSFER, True),
    ],
)
def test_what_is_from_no_host_or_for_everybody_is_not_answered(peer: SocketAddress, to_group: bool) -> None:
    """RFC 1350 §4: a transfer has two ends."""
    fetch = Fetch()

    assert fetch.receive(Data(1, bytes(512)), peer=peer, to_group=to_group) == []
    assert len(fetch.drops()) == 1


# §5, packets


@pytest.mark.parametrize(
    "packet",
    [
        Ack(0),
        Ack(1),
        Data(0, b""),
        Data(2, b"x"),
        ReadRequest("boot", "octet"),
        WriteRequest("boot", "octet"),
        b"",
        b"\0\3\0",
        b"\0\7\0\1",
        b"\xff" * 100,
    ],
)
def test_what_is_no_answer_to_a_request_is_none(packet: Packet | bytes) -> None:
    """RFC 1350 §4, §5: it does not set the transfer ID either."""
    fetch = Fetch()

    assert fetch.receive(packet) == []
    assert len(fetch.drops()) == 1
    assert fetch.receive(Data(1, b"x"), peer=OTHER_TRANSFER) == [Ack(1)]
    assert fetch.fetched().content == b"x"


@pytest.mark.parametrize("packet", [Ack(1), ReadRequest("boot", "octet"), b"", b"\0\3\0", b"\0\7\0\1"])
def test_what_has_no_place_in_a_transfer_is_ignored(packet: Packet | bytes) -> None:
    """RFC 1350 §5."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    assert fetch.receive(packet) == []
    assert fetch.receive(Data(2, b"x")) == [Ack(2)]


def test_a_block_larger_than_agreed_ends_the_transfer() -> None:
    """RFC 1350 §2: blocks have 512 bytes; firmware ends with PXE-E3F, packet size invalid."""
    fetch = Fetch()

    (error,) = fetch.receive(Data(1, bytes(513)))

    assert isinstance(error, Error)
    assert error.code == ErrorCode.ILLEGAL_OPERATION
    failure = fetch.failure()
    assert (failure.problem, failure.code) == (FetchProblem.PACKET_INVALID, None)
    assert "513" in failure.text


def test_a_repeated_last_block_is_acknowledged_again() -> None:
    """RFC 1350 §2: the server repeats it because our ACK was lost."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    assert fetch.receive(Data(1, bytes(512)), after_s=0.1) == [Ack(1)]


def test_a_repeat_at_the_heels_of_its_first_copy_is_not_acknowledged_again() -> None:
    """RFC 1123 §4.2.3.1: a server that answers each ACK would send every later block twice."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    assert fetch.receive(Data(1, bytes(512)), after_s=0.002) == []
    fetch.receive(Data(2, b""))
    assert fetch.fetched().repeats == 1


def test_an_older_block_is_not_acknowledged_again() -> None:
    """RFC 1123 §4.2.3.1: it was delayed, and its ACK is known to have come."""
    fetch = Fetch()
    fetch.receive_blocks(512, 1, 2)

    assert fetch.receive(Data(1, bytes(512)), after_s=0.3) == []


def test_a_block_out_of_turn_is_not_taken() -> None:
    """RFC 1350 §2: the next block follows the ACK of the one before."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    assert fetch.receive(Data(3, b"x")) == []
    assert fetch.receive(Data(2, b"y")) == [Ack(2)]
    assert fetch.fetched().content == bytes(512) + b"y"


@pytest.mark.parametrize(("rollover_to", "follows"), [(0, [65535, 0, 1]), (1, [65535, 1, 2])])
def test_blocks_beyond_65535_go_on_with_0_or_1(rollover_to: int, follows: list[int]) -> None:
    """RFC 1350 §5 has 16 bits and does not say what follows 65535: 0 as a rule, 1 where `rollover` was agreed."""
    receiver = TftpReceiver(TransferParameters(blksize=8, rollover_to=rollover_to))
    for block in range(1, 65535):
        assert receiver.receive_data(Data(block, bytes(8)), now=0.0)
        receiver.acknowledge(now=0.0)

    for block in follows:
        assert not receiver.receive_data(Data((block + 5) % 65536, bytes(8)), now=0.0)
        assert receiver.receive_data(Data(block, bytes(8)), now=0.0)
        assert receiver.ack_due
        assert decode(receiver.acknowledge(now=0.0)) == Ack(block)
    assert receiver.received_bytes == 8 * 65537


def test_block_0_is_no_block_where_1_follows_65535() -> None:
    """RFC 1350 §5: nor does it stand for the one before 1."""
    receiver = TftpReceiver(TransferParameters(blksize=8, rollover_to=1))
    for block in range(1, 65536):
        receiver.receive_data(Data(block, bytes(8)), now=0.0)
        receiver.acknowledge(now=0.0)

    assert not receiver.receive_data(Data(0, b"x"), now=1.0)
    assert not receiver.ack_due


def test_blocks_can_be_taken_as_they_come() -> None:
    """Ours: each once and in order, and nothing is kept."""
    blocks: list[bytes] = []
    fetch = Fetch(keep=blocks.append)
    assert fetch.client.agreed is None
    fetch.receive(Data(1, bytes(512)))
    assert fetch.client.agreed == TransferParameters()
    fetch.receive(Data(1, bytes(512)))
    fetch.receive(Data(2, b"x"))
    assert blocks == [bytes(512), b"x"]
    assert fetch.fetched().content == b""


def test_people_can_watch_a_file_come() -> None:
    """Ours: progress is told now and then, not with every block."""
    fetch = Fetch()
    fetch.receive_blocks(512, *range(1, 1001))

    told = fetch.events()
    assert told == [FetchProgressed("boot", 65536 * step, None) for step in range(1, 8)]


# §6, normal termination


def test_the_client_stays_for_a_while_and_acknowledges_the_last_block_again() -> None:
    """RFC 1350 §6: dallying. The file is told at once."""
    fetch = Fetch()
    fetch.receive(Data(1, b"x"))
    assert fetch.fetched().content == b"x"
    assert not fetch.client.ended

    assert fetch.receive(Data(1, b"x"), after_s=0.2) == [Ack(1)]
    assert fetch.receive(Data(2, b"y"), after_s=0.05) == []
    assert fetch.wait(0.2) == []
    assert not fetch.client.ended
    assert fetch.wait(0.1) == []

    assert fetch.client.ended
    assert fetch.client.next_timeout() is None
    assert fetch.receive(Data(1, b"x"), after_s=1.0) == []
    assert fetch.events() == []


@pytest.mark.parametrize("late", [Error(0, "late"), Data(2, bytes(9999)), OptionAck(()), OptionAck((("tsize", "9"),))])
def test_nothing_can_fail_after_the_end(late: Packet) -> None:
    """RFC 1350 §6: the file is whole, whatever the server still says."""
    fetch = Fetch()
    fetch.receive(Data(1, b"x"))
    fetch.fetched()

    assert fetch.receive(late, after_s=0.2) == []
    assert fetch.unreachable() == []
    fetch.wait(1.0)

    assert fetch.events() == []
    assert fetch.client.ended


# §7, premature termination


@pytest.mark.parametrize("code", [1, 2, 5, 99])
def test_an_error_ends_the_request(code: int) -> None:
    """RFC 1350 §5, §7: code and text are told, and no answer is sent."""
    fetch = Fetch()

    assert fetch.receive(Error(code, "file not found")) == []

    failure = fetch.failure()
    assert (failure.file, failure.server, failure.problem) == ("boot", SERVER, FetchProblem.REFUSED)
    assert (failure.code, failure.text) == (code, "file not found")
    assert fetch.client.ended


@pytest.mark.parametrize("code", [0, 4, 8])
def test_an_error_ends_a_request_without_options(code: int) -> None:
    """RFC 1350 §7: there is nothing left to ask for less."""
    fetch = Fetch()

    assert fetch.receive(Error(code)) == []
    assert fetch.failure().code == code


def test_an_error_amid_the_file_ends_the_transfer() -> None:
    """RFC 1350 §7."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))
    assert fetch.receive(Error(0, "the file cannot be read any more")) == []

    failure = fetch.failure()
    assert (failure.problem, failure.code) == (FetchProblem.REFUSED, 0)
    assert fetch.client.next_timeout() is None


def test_a_long_error_text_is_cut() -> None:
    """RFC 1350 §5 does not bound it; it goes into logs."""
    fetch = Fetch()
    fetch.receive(Error(1, "x" * 60_000))

    assert len(fetch.failure().text) <= 200


@pytest.mark.parametrize("size_bytes_max", [0, 511, 1023])
def test_a_file_that_does_not_fit_is_given_back(size_bytes_max: int) -> None:
    """RFC 1350 appendix: error 3, disk full or allocation exceeded, as firmware sends it."""
    fetch = Fetch(size_bytes_max=size_bytes_max)
    answers = fetch.receive_blocks(512, *range(1, size_bytes_max // 512 + 2))

    error = answers[-1]
    assert isinstance(error, Error)
    assert error.code == ErrorCode.DISK_FULL
    assert fetch.failure().problem is FetchProblem.FILE_TOO_LARGE


def test_a_file_that_just_fits_is_taken() -> None:
    """RFC 1350 §6: the empty last block needs no room."""
    fetch = Fetch(size_bytes_max=1024)
    fetch.receive_blocks(512, 1, 2)

    assert fetch.receive(Data(3, b"")) == [Ack(3)]
    assert len(fetch.fetched().content) == 1024


def test_whoever_gives_up_tells_the_server() -> None:
    """RFC 1350 §7: an ERROR is a courtesy; it is sent once."""
    fetch = Fetch()
    fetch.receive(Data(1, bytes(512)))

    (error,) = fetch.abort()

    assert isinstance(error, Error)
    assert fetch.sent[-1].peer == TRANSFER
    assert fetch.wait(60) == []
    assert fetch.client.ended
    assert fetch.events() == []


def test_giving_up_before_an_answer_leaves_nobody_to_tell() -> None:
    """RFC 1350 §4: the server's transfer ID is not known yet."""
    fetch = Fetch()

    assert fetch.abort() == []
    assert fetch.wait(60) == []
    assert fetch.client.ended


@pytest.mark.parametrize(("block_count", "problem"), [(0, FetchProblem.NO_ANSWER), (1, FetchProblem.SILENCE)])
def test_a_closed_port_ends_the_transfer_at_once(block_count: int, problem: FetchProblem) -> None:
    """RFC 792, Firmware: EDK2 stops at an ICMP port unreachable instead of waiting."""
    fetch = Fetch()
    fetch.receive_blocks(512, *range(1, block_count + 1))

    assert fetch.unreachable() == []
    failure = fetch.failure()
    assert (failure.problem, failure.text) == (problem, Unreachable.PORT_CLOSED.value)
    assert fetch.wait(60) == []
