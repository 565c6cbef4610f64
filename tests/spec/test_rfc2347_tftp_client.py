"""RFC 2347, 2348 and 2349 from the side that reads: options asked for, and the answers it goes along with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.tftp import STRANGER, pattern
from tests.support.tftp_fetch import LOCAL, OTHER_TRANSFER, SERVER, TRANSFER, Fetch, requests
from wireboot.protocols.tftp.client_retry import EDK2
from wireboot.protocols.tftp.fetch import FetchProblem, FileSizeTold
from wireboot.protocols.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    OptionAck,
    Options,
    Packet,
    ReadRequest,
)
from wireboot.protocols.tftp.requested_options import RequestedOptions

ALL = RequestedOptions(blksize=1024, windowsize=4, tsize=True, timeout_s=3)

EDK2_OPTIONS = RequestedOptions(blksize=1468, windowsize=4, size_probe=True)
EDK2_PROBE = (("tsize", "0"), ("blksize", "1468"), ("windowsize", "4"))
SIZE_ONLY = RequestedOptions(size_only=True)

# RFC 2347, negotiation


@pytest.mark.parametrize(
    ("request_", "options"),
    [
        (RequestedOptions(), ()),
        (RequestedOptions(blksize=1432), (("blksize", "1432"),)),
        (RequestedOptions(tsize=True), (("tsize", "0"),)),
        (ALL, (("tsize", "0"), ("blksize", "1024"), ("timeout", "3"), ("windowsize", "4"))),
    ],
)
def test_a_request_names_the_options_wanted(request_: RequestedOptions, options: Options) -> None:
    """RFC 2347, RFC 2349: names and decimal numbers; the size is asked for with 0."""
    assert Fetch(request_).request == ReadRequest("boot", "octet", options)


def test_an_oack_is_acknowledged_as_block_0() -> None:
    """RFC 2347: then the transfer begins with block 1."""
    fetch = Fetch(ALL)

    assert fetch.receive(OptionAck((("tsize", "1000"), ("blksize", "1024")))) == [Ack(0)]
    assert (fetch.sent[-1].peer, fetch.sent[-1].local) == (TRANSFER, LOCAL)
    assert fetch.receive(Data(1, pattern(1000))) == [Ack(1)]
    assert fetch.fetched().content == pattern(1000)


def test_an_oack_may_leave_everything_out() -> None:
    """RFC 2347: an option that is not acknowledged is not in force."""
    fetch = Fetch(ALL)

    assert fetch.receive(OptionAck(())) == [Ack(0)]
    assert fetch.receive(Data(1, bytes(512))) == [Ack(1)]
    assert fetch.receive(Data(2, b"")) == [Ack(2)]
    assert len(fetch.fetched().content) == 512


def test_a_server_without_options_sends_block_1_at_once() -> None:
    """RFC 2347: no OACK; 512 bytes in a block, and an ACK for each."""
    fetch = Fetch(ALL)

    assert fetch.receive(Data(1, bytes(512))) == [Ack(1)]
    assert fetch.receive(Data(2, b"x")) == [Ack(2)]
    assert len(fetch.fetched().content) == 513


@pytest.mark.parametrize("name", ["BLKSIZE", "blkSize"])
def test_names_are_read_in_any_case(name: str) -> None:
    """RFC 2347: option names are case insensitive."""
    fetch = Fetch(ALL)

    assert fetch.receive(OptionAck(((name, "600"),))) == [Ack(0)]
    assert fetch.receive(Data(1, bytes(600))) == [Ack(1)]
    assert fetch.events() == []


@pytest.mark.parametrize(
    "answer",
    [
        OptionAck((("blksize", "1025"),)),
        OptionAck((("windowsize", "5"),)),
        OptionAck((("timeout", "4"),)),
        OptionAck((("timeout", "2"),)),
        OptionAck((("rollover", "0"),)),
        OptionAck((("multicast", ",,1"),)),
        OptionAck((("blksize", "512"), ("blksize", "512"))),
        OptionAck((("blksize", "512"), ("BLKSIZE", "256"))),
        OptionAck((("blksize", "7"),)),
        OptionAck((("blksize", "0"),)),
        OptionAck((("windowsize", "0"),)),
        OptionAck((("tsize", "-1"),)),
        OptionAck((("tsize", ""),)),
        OptionAck((("tsize", "1e3"),)),
        OptionAck((("tsize", "9" * 400),)),
        OptionAck((("tsize", "\u0663"),)),
        b"\0\6blksize",
        b"\0\6blksize\0512",
        b"\0\6\0512\0",
    ],
)
def test_an_oack_that_was_not_asked_for_is_refused(answer: Packet | bytes) -> None:
    """RFC 2347: error 8 ends the transfer. RFC 2348, 2349, 7440: values may be lowered, timeout only be kept."""
    fetch = Fetch(ALL)

    (error,) = fetch.receive(answer)

    assert isinstance(error, Error)
    assert error.code == ErrorCode.OPTION_NEGOTIATION_FAILED
    assert fetch.sent[-1].peer == TRANSFER
    failure = fetch.failure()
    assert (failure.problem, failure.code) == (FetchProblem.PACKET_INVALID, None)
    assert failure.text
    assert fetch.client.ended


def test_an_oack_for_a_request_without_options_is_refused() -> None:
    """RFC 2347: the server must not add any."""
    fetch = Fetch()

    (error,) = fetch.receive(OptionAck((("blksize", "512"),)))

    assert isinstance(error, Error)
    assert error.code == ErrorCode.OPTION_NEGOTIATION_FAILED


def test_a_garbled_oack_from_a_stranger_changes_nothing() -> None:
    """RFC 1350 §4."""
    fetch = Fetch(ALL)

    assert fetch.receive(b"\0\6blksize", peer=STRANGER) == []
    assert fetch.events() == []
    assert not fetch.client.ended


def test_a_repeated_oack_is_acknowledged_again_until_block_1_is_here() -> None:
    """RFC 2347: our ACK of block 0 was lost. Later copies are old."""
    fetch = Fetch(ALL)
    oack = OptionAck((("blksize", "1024"),))
    fetch.receive(oack)

    assert fetch.receive(oack, after_s=0.002) == []
    assert fetch.receive(oack, after_s=0.2) == [Ack(0)]
    fetch.receive(Data(1, bytes(1024)))
    assert fetch.receive(oack, after_s=0.2) == []
    fetch.receive(Data(2, b""))
    assert fetch.fetched().repeats == 3


def test_the_ack_of_the_oack_is_sent_again() -> None:
    """RFC 2347, RFC 1350 §2: a lost OACK ACK is met by the timer like any other."""
    fetch = Fetch(ALL)
    fetch.receive(OptionAck((("blksize", "1024"),)))

    assert fetch.wait(0.6) == [Ack(0)]


@pytest.mark.parametrize("code", [8, 0, 4])
def test_a_server_that_dislikes_options_is_asked_without(code: int) -> None:
    """RFC 2347: after error 8, and after the errors 0 and 4 that servers send which know no options."""
    fetch = Fetch(ALL)

    assert fetch.receive(Error(code, "what?")) == [ReadRequest("boot", "octet")]
    assert (fetch.sent[-1].peer, fetch.sent[-1].local) == (SERVER, LOCAL._replace(port=LOCAL.port + 1))
    assert fetch.events() == []

    assert fetch.receive(Data(1, b"x"), peer=OTHER_TRANSFER) == [Ack(1)]
    assert fetch.fetched().content == b"x"


@pytest.mark.parametrize("code", [8, 0, 4])
def test_options_are_given_up_once(code: int) -> None:
    """RFC 2347: the same error to a request without options means something else."""
    fetch = Fetch(ALL)
    fetch.receive(Error(code))

    assert fetch.receive(Error(code)) == []
    assert fetch.failure().code == code
    assert len(requests(fetch.sent)) == 2


def test_a_late_answer_to_the_former_request_is_not_taken() -> None:
    """RFC 1350 §4: the further request has a transfer ID of its own, so a repeated ERROR ends nothing."""
    fetch = Fetch(ALL)
    fetch.receive(Error(8))

    assert fetch.receive(Error(8), local=LOCAL) == []
    (refusal,) = fetch.receive(OptionAck((("blksize", "512"),)), local=LOCAL)
    assert isinstance(refusal, Error)
    assert fetch.sent[-1].local == LOCAL
    assert not fetch.client.ended
    assert fetch.receive(Data(1, b"")) == [Ack(1)]


@pytest.mark.parametrize("code", [1, 2, 5, 7])
def test_other_errors_are_final(code: int) -> None:
    """RFC 2347: they are not about options."""
    fetch = Fetch(ALL)

    assert fetch.receive(Error(code)) == []
    assert fetch.failure().code == code


def test_an_error_8_after_the_oack_is_final() -> None:
    """RFC 2347: the negotiation is over."""
    fetch = Fetch(ALL)
    fetch.receive(OptionAck(()))

    assert fetch.receive(Error(8)) == []
    assert fetch.failure().problem is FetchProblem.REFUSED


# RFC 2348, block size


@pytest.mark.parametrize("blksize", [8, 512, 1023, 1024])
def test_blocks_have_the_size_that_the_server_answers(blksize: int) -> None:
    """RFC 2348: as asked or smaller; a shorter block ends the file."""
    fetch = Fetch(ALL)
    fetch.receive(OptionAck((("blksize", str(blksize)),)))

    assert fetch.receive_blocks(blksize, 1, 2) == [Ack(1), Ack(2)]
    fetch.receive(Data(3, bytes(blksize - 1)))
    assert len(fetch.fetched().content) == 3 * blksize - 1


def test_a_block_larger_than_the_agreed_one_ends_the_transfer() -> None:
    """RFC 2348: the server has to keep to its answer."""
    fetch = Fetch(ALL)
    fetch.receive(OptionAck((("blksize", "600"),)))
    fetch.receive(Data(1, bytes(601)))

    assert fetch.failure().problem is FetchProblem.PACKET_INVALID


# RFC 2349, size


@pytest.mark.parametrize(("announced", "sent"), [(1000, 999), (1000, 1001), (0, 1), (1, 0), (2000, 1024)])
def test_a_file_of_another_size_than_announced_is_not_delivered(announced: int, sent: int) -> None:
    """RFC 2349: tsize is the size of the file."""
    fetch = Fetch(ALL)
    fetch.receive(OptionAck((("tsize", str(announced)), ("blksize", "1024"))))
    fetch.receive(Data(1, bytes(sent)))
    if sent == 1024:
        fetch.receive(Data(2, b""))

    failure = fetch.failure()
    assert failure.problem is FetchProblem.PACKET_INVALID
    assert str(announced) in failure.text


def test_a_file_that_outgrows_its_size_is_noticed_before_its_end() -> None:
    """RFC 2349: a file that is written to while it is sent."""
    fetch = Fetch(ALL)
    fetch.receive(OptionAck((("tsize", "600"),)))
    fetch.receive_blocks(512, 1, 2)

    assert fetch.failure().problem is FetchProblem.PACKET_INVALID


def test_a_file_announced_as_too_large_is_not_begun() -> None:
    """RFC 2349: the client may end the transfer with error 3 if the file is too large for it."""
    fetch = Fetch(ALL, size_bytes_max=5000)

    (error,) = fetch.receive(OptionAck((("tsize", "5001"),)))

    assert isinstance(error, Error)
    assert error.code == ErrorCode.DISK_FULL
    failure = fetch.failure()
    assert failure.problem is FetchProblem.FILE_TOO_LARGE
    assert "5001" in failure.text


# RFC 2349, size alone: how firmware finds out how much memory a file takes


def test_edk2_asks_for_the_size_and_then_for_the_file() -> None:
    """Firmware: ERROR 8 after the OACK, and a second request without tsize from the next port."""
    fetch = Fetch(EDK2_OPTIONS, retry=EDK2)
    assert fetch.request == ReadRequest("boot", "octet", EDK2_PROBE)

    error, request = fetch.receive(OptionAck((("tsize", "1000"), ("blksize", "1468"), ("windowsize", "4"))))

    assert isinstance(error, Error)
    assert error.code == ErrorCode.OPTION_NEGOTIATION_FAILED
    assert request == ReadRequest("boot", "octet", EDK2_PROBE[1:])
    assert [(datagram.local.port, datagram.peer) for datagram in fetch.sent[-2:]] == [(2070, TRANSFER), (2071, SERVER)]
    assert fetch.receive(OptionAck(EDK2_PROBE[1:]), peer=OTHER_TRANSFER) == [Ack(0)]
    assert fetch.receive(Data(1, pattern(1000)), peer=OTHER_TRANSFER) == [Ack(1)]
    assert fetch.fetched().content == pattern(1000)


def test_a_rom_of_the_bios_ends_its_probe_with_error_0() -> None:
    """Firmware: the code is the ROM's own."""
    fetch = Fetch(RequestedOptions(size_probe=True, size_probe_ended_with=ErrorCode.UNDEFINED))
    assert fetch.request.options == (("tsize", "0"),)

    error, request = fetch.receive(OptionAck((("tsize", "1000"),)))

    assert isinstance(error, Error)
    assert error.code == ErrorCode.UNDEFINED
    assert request == ReadRequest("boot", "octet")


def test_the_size_alone_can_be_asked_for() -> None:
    """RFC 2349: the answer is met with an ERROR, and nothing more is asked."""
    fetch = Fetch(SIZE_ONLY)
    assert fetch.request == ReadRequest("boot", "octet", (("tsize", "0"),))

    (error,) = fetch.receive(OptionAck((("tsize", "1000"),)))

    assert isinstance(error, Error)
    assert fetch.events() == [FileSizeTold("boot", SERVER, 1000)]
    assert fetch.client.ended


@pytest.mark.parametrize("answer", [Data(1, b"x"), OptionAck(()), Error(8, "no"), Error(4, "no"), Error(0, "no")])
def test_a_server_may_not_tell_the_size(answer: Packet) -> None:
    """RFC 2347: options that a server does not know are ignored, or refused with ERROR 8, or as older servers do."""
    fetch = Fetch(SIZE_ONLY)
    answers = fetch.receive(answer)
    assert [type(packet) for packet in answers] == ([] if isinstance(answer, Error) else [Error])
    assert fetch.events() == [FileSizeTold("boot", SERVER, None)]
    assert fetch.client.ended


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_file_that_is_refused_has_no_size(code: int) -> None:
    """RFC 1350 §5."""
    fetch = Fetch(SIZE_ONLY)
    fetch.receive(Error(code, "no"))
    assert fetch.failure().problem is FetchProblem.REFUSED


def test_the_size_that_was_probed_is_checked() -> None:
    """RFC 2349, Firmware: the second answer names no size; the first did."""
    fetch = Fetch(EDK2_OPTIONS)
    fetch.receive(OptionAck((("tsize", "1000"),)))
    fetch.receive(Data(1, bytes(511)), peer=OTHER_TRANSFER)

    assert fetch.failure().problem is FetchProblem.PACKET_INVALID


def test_a_file_probed_as_too_large_is_not_asked_for() -> None:
    """Firmware: EDK2 says that its buffer is too small."""
    fetch = Fetch(EDK2_OPTIONS, size_bytes_max=999)
    (error,) = fetch.receive(OptionAck((("tsize", "1000"),)))

    assert isinstance(error, Error)
    assert fetch.failure().problem is FetchProblem.FILE_TOO_LARGE


def test_a_server_without_options_answers_a_probe_with_the_file() -> None:
    """RFC 2347: there is no size to be had, and the file is on its way."""
    fetch = Fetch(EDK2_OPTIONS)

    assert fetch.receive(Data(1, b"x")) == [Ack(1)]
    assert fetch.fetched().content == b"x"


def test_a_server_that_does_not_tell_the_size_is_asked_for_the_file_all_the_same() -> None:
    """RFC 2349: it may leave tsize out of its OACK."""
    fetch = Fetch(EDK2_OPTIONS)

    _, request = fetch.receive(OptionAck((("blksize", "1468"),)))

    assert request == ReadRequest("boot", "octet", EDK2_PROBE[1:])


@pytest.mark.parametrize("code", [8, 0, 4])
def test_a_probe_that_is_disliked_is_followed_by_a_plain_request(code: int) -> None:
    """RFC 2347: as any request with options."""
    fetch = Fetch(EDK2_OPTIONS)

    assert fetch.receive(Error(code)) == [ReadRequest("boot", "octet")]


def test_one_client_uses_three_ports_at_most() -> None:
    """RFC 1350 §4: one transfer ID for each request. After the last of all ports come those from 1024 on."""
    fetch = Fetch(EDK2_OPTIONS, local=LOCAL._replace(port=65534))
    fetch.receive(OptionAck((("tsize", "1"),)))
    fetch.receive(Error(4))
    fetch.receive(Error(4))

    assert requests(fetch.sent) == [(65534, EDK2_PROBE), (65535, EDK2_PROBE[1:]), (1024, ())]
    assert fetch.failure().code == 4


def test_a_missing_file_is_told_by_the_probe() -> None:
    """Firmware: one request, one ERROR, and PXE-E3B."""
    fetch = Fetch(EDK2_OPTIONS)

    assert fetch.receive(Error(1, "file not found")) == []
    assert fetch.failure().code == 1


@pytest.mark.parametrize("late", [OptionAck((("tsize", "1000"),)), Data(1, b"old")])
def test_a_server_that_goes_on_with_the_probe_is_refused(late: Packet) -> None:
    """RFC 1350 §4: our ERROR was lost; error 5 makes up for it."""
    fetch = Fetch(EDK2_OPTIONS)
    fetch.receive(OptionAck((("tsize", "1000"),)))

    (refusal,) = fetch.receive(late, local=LOCAL)

    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.UNKNOWN_TRANSFER_ID
    assert (fetch.sent[-1].peer, fetch.sent[-1].local) == (TRANSFER, LOCAL)
    assert fetch.events() == []


@pytest.mark.parametrize(
    "asking",
    [
        partial(RequestedOptions, blksize=7),
        partial(RequestedOptions, blksize=65465),
        partial(RequestedOptions, windowsize=0),
        partial(RequestedOptions, windowsize=65536),
        partial(RequestedOptions, timeout_s=0),
        partial(RequestedOptions, timeout_s=256),
    ],
)
def test_what_no_server_would_accept_cannot_be_asked_for(asking: Callable[[], RequestedOptions]) -> None:
    """RFC 2348, RFC 2349, RFC 7440 §3: the ranges."""
    with pytest.raises(AssertionError):
        asking()


def test_a_server_may_answer_from_the_port_that_it_was_asked_at() -> None:
    """RFC 1350 §4: then that is its transfer ID."""
    assert Fetch().receive(Data(1, b"x"), peer=SERVER) == [Ack(1)]
