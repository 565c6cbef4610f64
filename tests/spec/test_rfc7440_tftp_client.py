"""RFC 7440, the windowsize option, from the side that reads."""

from __future__ import annotations

import pytest

from tests.support.tftp_fetch import Fetch
from wireboot.protocols.tftp.packet import Ack, Data, OptionAck
from wireboot.protocols.tftp.requested_options import RequestedOptions

BLKSIZE = 100


def under_way(*, windowsize: int = 4, agreed: int | None = None) -> Fetch:
    """A transfer whose OACK has been acknowledged."""
    fetch = Fetch(RequestedOptions(blksize=BLKSIZE, windowsize=windowsize))
    oack = OptionAck((("blksize", str(BLKSIZE)), ("windowsize", str(agreed or windowsize))))
    assert fetch.receive(oack) == [Ack(0)]
    return fetch


def test_a_window_is_acknowledged_with_its_last_block() -> None:
    """RFC 7440 §4: one ACK for each window."""
    fetch = under_way()

    assert fetch.receive_blocks(BLKSIZE, 1, 2, 3) == []
    assert fetch.receive_blocks(BLKSIZE, 4) == [Ack(4)]
    assert fetch.receive_blocks(BLKSIZE, 5, 6, 7, 8) == [Ack(8)]


def test_the_window_is_what_the_server_answers() -> None:
    """RFC 7440 §3: it may be smaller than asked for."""
    fetch = under_way(windowsize=64, agreed=2)

    assert fetch.receive_blocks(BLKSIZE, 1, 2, 3, 4) == [Ack(2), Ack(4)]


def test_a_window_not_agreed_is_1() -> None:
    """RFC 7440 §3: without the option, lock step."""
    fetch = Fetch(RequestedOptions(blksize=BLKSIZE, windowsize=4))
    fetch.receive(OptionAck((("blksize", str(BLKSIZE)),)))

    assert fetch.receive_blocks(BLKSIZE, 1, 2) == [Ack(1), Ack(2)]


@pytest.mark.parametrize("in_window", [1, 2, 3, 4])
def test_a_short_block_ends_its_window_and_the_file(in_window: int) -> None:
    """RFC 7440 §4: the last window may hold fewer blocks."""
    fetch = under_way()
    fetch.receive_blocks(BLKSIZE, *range(1, in_window))

    assert fetch.receive(Data(in_window, b"x")) == [Ack(in_window)]
    assert fetch.fetched().content == bytes(BLKSIZE) * (in_window - 1) + b"x"


@pytest.mark.parametrize("lost", [5, 6, 7])
def test_a_gap_is_acknowledged_once_with_the_last_block_before_it(lost: int) -> None:
    """RFC 7440 §4: so that the server goes on from there; what else is left of the window says nothing new."""
    fetch = under_way()
    fetch.receive_blocks(BLKSIZE, 1, 2, 3, 4)

    answers = fetch.receive_blocks(BLKSIZE, *(block for block in range(5, 9) if block != lost))

    assert answers == [Ack(lost - 1)]
    assert fetch.receive_blocks(BLKSIZE, *range(lost, lost + 4)) == [Ack(lost + 3)]


def test_each_gap_is_acknowledged() -> None:
    """RFC 7440 §4: another block is lost of the window that was sent again."""
    fetch = under_way()

    assert fetch.receive_blocks(BLKSIZE, 1, 3, 4) == [Ack(1)]
    assert fetch.receive_blocks(BLKSIZE, 2, 4, 5) == [Ack(2)]
    assert fetch.receive_blocks(BLKSIZE, 3, 4, 5, 6) == [Ack(6)]


def test_the_window_begins_anew_after_a_gap() -> None:
    """RFC 7440 §4: the server counts its next window from the block that was acknowledged."""
    fetch = under_way()

    assert fetch.receive_blocks(BLKSIZE, 1, 2, 4) == [Ack(2)]
    assert fetch.receive_blocks(BLKSIZE, 3, 4) == []
    assert fetch.receive_blocks(BLKSIZE, 5, 6) == [Ack(6)]


def test_a_lost_end_of_the_window_is_met_by_the_timer() -> None:
    """RFC 7440 §4: the client acknowledges what it has; the server goes on from there."""
    fetch = under_way()
    fetch.receive_blocks(BLKSIZE, 1, 2)

    assert fetch.wait(0.51) == [Ack(2)]
    assert fetch.receive_blocks(BLKSIZE, 3, 4, 5, 6) == [Ack(6)]


def test_a_window_that_comes_again_is_acknowledged_once() -> None:
    """RFC 7440 §4: the ACK of the whole window was lost, and the server's timer has run out."""
    fetch = under_way()
    fetch.receive_blocks(BLKSIZE, 1, 2, 3, 4)
    fetch.wait(0.1)

    assert fetch.receive_blocks(BLKSIZE, 1, 2, 3, 4) == [Ack(4)]


def test_a_window_that_comes_twice_is_acknowledged_once() -> None:
    """RFC 1123 §4.2.3.1: each further ACK could bring a further window."""
    fetch = under_way()

    assert fetch.receive_blocks(BLKSIZE, 1, 1, 2, 2, 3, 3, 4, 4) == [Ack(4)]
    assert fetch.receive_blocks(BLKSIZE, 5, 6, 7, 8, 5, 6, 7, 8) == [Ack(8)]


def test_a_window_that_comes_again_after_a_loss_at_its_end_goes_on() -> None:
    """RFC 7440 §4: the last block before the gap comes again after a while, and asks for an answer."""
    fetch = under_way()
    fetch.receive_blocks(BLKSIZE, 1, 2, 3)
    fetch.wait(0.1)

    assert fetch.receive_blocks(BLKSIZE, 1, 2, 3, 4) == [Ack(3)]
    assert fetch.receive_blocks(BLKSIZE, 4, 5, 6, 7) == [Ack(7)]


def test_a_block_that_comes_twice_amid_a_window_is_not_acknowledged() -> None:
    """RFC 1123 §4.2.3.1: however long the ACK of the window before is ago."""
    fetch = under_way()
    fetch.wait(0.2)

    assert fetch.receive_blocks(BLKSIZE, 1, 1, 2, 2) == []


def test_there_is_no_gap_after_the_end() -> None:
    """RFC 7440 §4: nothing is missing any more."""
    fetch = under_way()
    fetch.receive(Data(1, b"x"))

    assert fetch.receive_blocks(BLKSIZE, 2, 3, 4) == []


def test_a_block_from_far_ahead_is_no_gap() -> None:
    """RFC 7440 §4: it can be in no window that we have allowed."""
    fetch = under_way()

    assert fetch.receive_blocks(BLKSIZE, 6, 40_000, 65_535, 0) == []
    assert fetch.receive_blocks(BLKSIZE, 1, 2, 3, 4) == [Ack(4)]


def test_blocks_out_of_order_are_sent_again_and_not_kept() -> None:
    """RFC 7440 §4: the order is what counts, so the file has each byte once."""
    fetch = under_way()

    assert fetch.receive(Data(2, b"B" * BLKSIZE)) == [Ack(0)]
    assert fetch.receive(Data(1, b"A" * BLKSIZE)) == []
    assert fetch.receive(Data(2, b"b")) == [Ack(2)]
    assert fetch.fetched().content == b"A" * BLKSIZE + b"b"
