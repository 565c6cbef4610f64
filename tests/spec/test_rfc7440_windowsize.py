"""RFC 7440, the windowsize option, in its order."""

from __future__ import annotations

import pytest

from tests.support.tftp import Conversation, numbers, pattern
from wireboot.protocols.tftp.events import TransferFailed, TransferFinished
from wireboot.protocols.tftp.options import OptionLimits
from wireboot.protocols.tftp.packet import Data, OptionAck

BLKSIZE = 100


def under_way(*, windowsize: int = 4, block_count: int = 20) -> Conversation:
    """A transfer of so many blocks, the first window of which is out."""
    conversation = Conversation({"boot": pattern(BLKSIZE * block_count - 1)})
    conversation.read("boot", (("blksize", str(BLKSIZE)), ("windowsize", str(windowsize))))
    assert numbers(conversation.ack(0)) == list(range(1, windowsize + 1))
    return conversation


@pytest.mark.parametrize(("asked", "agreed"), [("1", "1"), ("4", "4"), ("64", "64"), ("65", "64"), ("65535", "64")])
def test_the_window_is_what_was_asked_or_smaller(asked: str, agreed: str) -> None:
    """RFC 7440 §3: valid values range from 1 to 65535; the server's value must not be larger than the client's."""
    conversation = Conversation({"boot": b"x"}, option_limits=OptionLimits(windowsize_max=64))

    assert conversation.read("boot", (("windowsize", asked),)) == [OptionAck((("windowsize", agreed),))]


@pytest.mark.parametrize("asked", ["0", "65536", "99999999999999999999999"])
def test_other_windows_are_left_out(asked: str) -> None:
    """RFC 7440 §3: a value outside of the range is not acknowledged."""
    assert Conversation({"boot": b"x"}).read("boot", (("windowsize", asked),)) == [Data(1, b"x")]


@pytest.mark.parametrize("blksize_first", [True, False])
def test_a_window_is_bounded_in_bytes_as_well(blksize_first: bool) -> None:
    """RFC 7440 §3, §6: the server may offer less than was asked for, to spare buffers."""
    limits = OptionLimits(blksize_max=8192, windowsize_max=1000, window_bytes_max=65536)
    conversation = Conversation({"boot": b"x"}, option_limits=limits)
    options = (("blksize", "8192"), ("windowsize", "100"))
    (oack,) = conversation.read("boot", options if blksize_first else options[::-1])

    assert isinstance(oack, OptionAck)
    assert dict(oack.options) == {"blksize": "8192", "windowsize": "8"}


def test_a_window_goes_out_after_ack_0_and_the_next_after_its_last_block() -> None:
    """RFC 7440 §4, traffic flow: windowsize blocks are sent for each ACK."""
    conversation = under_way()

    assert numbers(conversation.ack(4)) == [5, 6, 7, 8]
    assert numbers(conversation.ack(8)) == [9, 10, 11, 12]


@pytest.mark.parametrize("block_count", [1, 3, 4, 5, 8])
def test_a_short_block_ends_the_last_window(block_count: int) -> None:
    """RFC 7440 §4: the last window may hold fewer blocks."""
    content = pattern(BLKSIZE * block_count - 1)
    conversation = Conversation({"boot": content})

    assert conversation.fetch("boot", (("blksize", str(BLKSIZE)), ("windowsize", "4")), windowsize=4) == content
    assert isinstance(conversation.events()[-1], TransferFinished)


@pytest.mark.parametrize(("in_order", "window"), [(1, [2, 3, 4, 5]), (2, [3, 4, 5, 6]), (3, [4, 5, 6, 7])])
def test_an_ack_amid_the_window_restarts_it_behind_that_block(in_order: int, window: list[int]) -> None:
    """RFC 7440 §4: after a gap the receiver acknowledges the last block in order, and the sender goes on from there."""
    assert numbers(under_way().ack(in_order)) == window


def test_equal_acks_restart_the_window_once() -> None:
    """RFC 7440 §4, RFC 1123 §4.2.3.1: a receiver may send one for each block after the gap."""
    conversation = under_way()

    assert numbers(conversation.ack(2)) == [3, 4, 5, 6]
    assert conversation.ack(2) == []
    assert conversation.ack(2) == []
    assert conversation.ack(1) == []
    assert numbers(conversation.ack(6)) == [7, 8, 9, 10]


def test_acks_of_blocks_that_came_twice_do_not_restart_the_window_again() -> None:
    """RFC 7440 §4: EDK2 acknowledges each repeated block; a restart for each would repeat more, for ever."""
    conversation = under_way(windowsize=8)

    assert numbers(conversation.ack(2)) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert numbers(conversation.ack(5)) == [11, 12, 13]
    assert numbers(conversation.ack(8)) == [14, 15, 16]
    assert numbers(conversation.ack(10)) == [11, 12, 13, 14, 15, 16, 17, 18]


def test_without_an_ack_the_whole_window_is_sent_again() -> None:
    """RFC 7440 §4: a lost ACK, or a lost first block, is met by the timer."""
    conversation = under_way()

    assert numbers(conversation.wait(0.15)) == [1, 2, 3, 4]
    assert numbers(conversation.ack(4)) == [5, 6, 7, 8]


def test_blocks_sent_again_are_counted() -> None:
    """RFC 7440 §4: a window restarted in its middle holds old blocks and new ones."""
    conversation = under_way(block_count=8)
    conversation.ack(2)
    conversation.ack(6)
    conversation.ack(8)

    finished = conversation.events()[-1]
    assert isinstance(finished, TransferFinished)
    assert (finished.resends, finished.sent_bytes) == (2, BLKSIZE * 8 - 1)


@pytest.mark.parametrize("mode", ["octet", "netascii"])
def test_a_restarted_window_holds_the_same_blocks(mode: str) -> None:
    """RFC 7440 §4: netascii is converted as the file goes; what may be asked for again is kept."""
    conversation = Conversation({"boot": b"".join(b"line %d\n" % number for number in range(9000))})
    conversation.read("boot", (("blksize", "1000"), ("windowsize", "8")), mode=mode)

    first = conversation.ack(0)
    assert conversation.ack(3)[:5] == first[3:8]
    second = conversation.wait(0.15)
    assert second[:5] == first[3:8]
    third = conversation.wait(0.3)
    assert third == second


def test_the_last_window_unanswered_counts_as_complete_but_unconfirmed() -> None:
    """RFC 7440 §4, RFC 1350 §6: firmware often starts what it loaded before it has acknowledged the end."""
    conversation = under_way(block_count=6)
    conversation.ack(4)
    conversation.wait(60)

    finished = conversation.events()[-1]
    assert isinstance(finished, TransferFinished)
    assert not finished.confirmed


def test_a_client_lost_amid_the_file_is_a_failure() -> None:
    """RFC 7440 §4: the timer gives up after some resends of the window."""
    conversation = under_way()
    conversation.wait(60)

    failed = conversation.events()[-1]
    assert isinstance(failed, TransferFailed)
    assert failed.sent_bytes == 4 * BLKSIZE
