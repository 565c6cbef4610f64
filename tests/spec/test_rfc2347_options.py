"""RFC 2347, TFTP option extension, in its order."""

from __future__ import annotations

import pytest

from tests.support.tftp import Conversation, numbers, pattern
from wireboot.protocols.tftp.events import TransferAborted, TransferFailed
from wireboot.protocols.tftp.options import OptionLimits, TransferParameters, negotiate
from wireboot.protocols.tftp.packet import Ack, Data, Error, OptionAck, Options, Packet


def accepted(requested: Options, size_bytes: int | None = 1000) -> Options:
    return negotiate(requested, blksize_max=1468, size_bytes=size_bytes, limits=OptionLimits()).accepted


def test_option_names_are_read_in_any_case_and_answered_as_written() -> None:
    """RFC 2347, packet formats: option names and values are case-insensitive."""
    assert accepted((("BlkSize", "1024"), ("TSIZE", "0"))) == (("BlkSize", "1024"), ("TSIZE", "1000"))


def test_an_option_given_twice_counts_once() -> None:
    """RFC 2347: an option may only be specified once."""
    assert accepted((("blksize", "1024"), ("BLKSIZE", "512"))) == (("blksize", "1024"),)


def test_the_order_of_options_is_free() -> None:
    """RFC 2347: the order in which options are specified is not significant."""
    assert accepted((("windowsize", "4"), ("blksize", "1400"))) == (("windowsize", "4"), ("blksize", "1400"))


def test_unknown_options_are_left_out() -> None:
    """RFC 2347: an option not acknowledged by the server must be ignored as if it were never requested."""
    assert accepted((("msftwindow", "31416"), ("multicast", ""), ("bigblk#", "8"), ("blksize", "1024"))) == (
        ("blksize", "1024"),
    )


def test_nothing_is_accepted_that_was_not_asked_for() -> None:
    """RFC 2347: the server must not include options which were not requested."""
    agreement = negotiate((), blksize_max=1468, size_bytes=1000, limits=OptionLimits())

    assert agreement.accepted == ()
    assert agreement.parameters == TransferParameters(blksize=512, windowsize=1, timeout_s=None)


@pytest.mark.parametrize("value", ["", "abc", "-1", "+8", " 8", "8 ", "0x200", "1_024", "1e3", "٨٨٨", "9" * 5000])
@pytest.mark.parametrize("name", ["blksize", "timeout", "tsize", "windowsize", "rollover"])
def test_values_that_are_no_decimal_number_are_left_out(name: str, value: str) -> None:
    """RFC 2347: the value is specified in ASCII; an option the server does not agree to is omitted."""
    assert accepted(((name, value),)) == ()


def test_an_oack_comes_first_and_ack_0_answers_it() -> None:
    """RFC 2347, read requests: OACK, ACK with block 0, DATA 1."""
    conversation = Conversation({"boot": pattern(2000)})

    assert conversation.read("boot", (("blksize", "1000"),)) == [OptionAck((("blksize", "1000"),))]
    assert conversation.ack(1) == []
    assert numbers(conversation.ack(0)) == [1]
    assert conversation.ack(0) == []
    assert numbers(conversation.ack(1)) == [2]


def test_a_request_whose_options_are_all_refused_gets_data_at_once() -> None:
    """RFC 2347: without acceptable options the server responds as if none had been requested."""
    assert Conversation({"boot": b"x"}).read("boot", (("multicast", ""), ("blksize", "4"))) == [Data(1, b"x")]


def test_a_lost_oack_is_sent_again_until_ack_0() -> None:
    """RFC 2347: the OACK takes the place of the first packet, so it is resent like one."""
    conversation = Conversation({"boot": b"x"})
    (oack,) = conversation.read("boot", (("tsize", "0"),))

    assert conversation.wait(0.15) == [oack]
    assert conversation.ack(0) == [Data(1, b"x")]


def test_a_repeated_request_gets_the_same_oack() -> None:
    """RFC 2347, RFC 1350 §4: one request, however often it arrives, is one negotiation."""
    conversation = Conversation({"boot": b"x"})
    first = conversation.read("boot", (("tsize", "0"),))

    assert conversation.read("boot", (("tsize", "0"),)) == first
    assert len(conversation.files.opened) == 1


def test_a_request_without_options_after_one_with_them_is_a_transfer_of_its_own() -> None:
    """RFC 2347: clients may fall back when the negotiation does not suit them."""
    conversation = Conversation({"boot": pattern(600)})
    conversation.read("boot", (("blksize", "1024"),))

    assert numbers(conversation.read("boot")) == [1]
    assert numbers(conversation.ack(1)) == [2]


def test_a_client_may_reject_the_options() -> None:
    """RFC 2347: a client that cannot accept the OACK sends error 8, and the transfer is terminated."""
    conversation = Conversation({"boot": b"x"})
    conversation.read("boot", (("blksize", "1024"),))

    assert conversation.send(Error(8, "no"), port=conversation.transfer_port) == []
    assert conversation.wait(60) == []
    aborted = conversation.events()[-1]
    assert isinstance(aborted, TransferAborted)
    assert (aborted.code, aborted.size_probe) == (8, False)


def test_before_the_address_is_proven_one_packet_is_out_at_most() -> None:
    """RFC 7440 §7: a forged request must not turn the server against somebody else: few, single packets."""
    conversation = Conversation({"boot": pattern(100_000)})

    assert len(conversation.read("boot", (("blksize", "1400"), ("windowsize", "16"), ("timeout", "1")))) == 1
    assert len(conversation.wait(100)) <= 6
    assert isinstance(conversation.events()[-1], TransferFailed)


@pytest.mark.parametrize(
    ("size_bytes", "rollover", "after_65535"), [(8 * 65540, None, 0), (8 * 65540, "0", 0), (8 * 65540, "1", 1)]
)
def test_block_numbers_roll_over(size_bytes: int, rollover: str | None, after_65535: int) -> None:
    """Firmware: no RFC says what follows block 65535. It is 0, as most do, or 1 where the client asks for that."""
    content = pattern(size_bytes)
    conversation = Conversation({"boot": content})
    options = (("blksize", "8"), ("windowsize", "64"), *((("rollover", rollover),) if rollover else ()))
    (oack,) = conversation.read("boot", options)
    assert oack == OptionAck(options)

    received = b""
    wire_numbers: list[int] = []
    packets: list[Packet] = conversation.ack(0)
    while packets:
        wire_numbers += numbers(packets)
        received += b"".join(packet.payload for packet in packets if isinstance(packet, Data))
        packets = conversation.ack(wire_numbers[-1])

    assert wire_numbers[65534:65536] == [65535, after_65535]
    assert received == content


def test_an_ack_0_after_the_rollover_is_not_the_one_of_the_oack() -> None:
    """Ours: block 0 can be a block of the file; a repeated ACK 0 of the beginning must not count for it."""
    conversation = Conversation({"boot": pattern(8 * 100)})
    conversation.read("boot", (("blksize", "8"), ("windowsize", "4")))
    conversation.ack(0)
    conversation.ack(4)

    assert conversation.send(Ack(0), port=conversation.transfer_port) == []
