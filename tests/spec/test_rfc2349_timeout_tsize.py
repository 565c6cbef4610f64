"""RFC 2349, the timeout interval and transfer size options."""

from __future__ import annotations

import pytest

from tests.support.tftp import CLIENT, Conversation, numbers, pattern
from wireboot.protocols.tftp.events import TransferAborted, TransferFailed
from wireboot.protocols.tftp.packet import Data, Error, OptionAck
from wireboot.protocols.tftp.server import ServerLimits

PROBE = (("tsize", "0"), ("blksize", "1468"), ("windowsize", "4"))


# Timeout interval


@pytest.mark.parametrize("value", ["1", "6", "255"])
def test_a_timeout_is_accepted_as_it_is(value: str) -> None:
    """RFC 2349, timeout: values range between 1 and 255 seconds; the answer must match the value of the client."""
    assert Conversation({"boot": b"x"}).read("boot", (("timeout", value),)) == [OptionAck((("timeout", value),))]


@pytest.mark.parametrize("value", ["0", "256", "1000000"])
def test_any_other_timeout_is_left_out(value: str) -> None:
    """RFC 2349, timeout: a value out of range is not acknowledged."""
    assert Conversation({"boot": b"x"}).read("boot", (("timeout", value),)) == [Data(1, b"x")]


def test_the_agreed_timeout_is_the_interval_between_resends() -> None:
    """RFC 2349, timeout: the number of seconds to wait before retransmitting. Nothing resends sooner."""
    conversation = Conversation({"boot": pattern(600)})
    conversation.read("boot", (("timeout", "7"),))
    conversation.ack(0)

    for _ in range(3):
        assert conversation.wait(6.9) == []
        assert numbers(conversation.wait(0.1)) == [1]


def test_an_agreed_timeout_does_not_resend_for_ever() -> None:
    """RFC 2349, timeout; RFC 1123 §4.2.3.2: the number of retransmissions is bounded all the same."""
    conversation = Conversation({"boot": pattern(6000)})
    conversation.read("boot", (("timeout", "255"),))
    conversation.ack(0)

    assert numbers(conversation.wait(3600)) == [1, 1, 1]
    assert isinstance(conversation.events()[-1], TransferFailed)


# Transfer size


@pytest.mark.parametrize("size_bytes", [0, 1, 70_000])
def test_the_size_of_the_file_is_told(size_bytes: int) -> None:
    """RFC 2349, transfer size: in a read request it is 0, and the OACK returns the size of the file in bytes."""
    conversation = Conversation({"boot": pattern(size_bytes)})

    assert conversation.read("boot", (("tsize", "0"),)) == [OptionAck((("tsize", str(size_bytes)),))]


def test_the_size_of_a_text_is_not_told() -> None:
    """RFC 2349, transfer size: what netascii will send is not known before it is converted."""
    assert Conversation({"boot": b"\n"}).read("boot", (("tsize", "0"),), mode="netascii") == [Data(1, b"\r\n")]


@pytest.mark.parametrize("code", [0, 8])
def test_an_abort_after_the_size_is_a_probe_and_no_failure(code: int) -> None:
    """RFC 2349, transfer size: the client may abort if the file is too large. Firmware does so to learn the size."""
    conversation = Conversation({"boot": pattern(70_000)})
    conversation.read("boot", PROBE)

    assert conversation.send(Error(code, "User aborted the transfer"), port=conversation.transfer_port) == []
    aborted = conversation.events()[-1]
    assert isinstance(aborted, TransferAborted)
    assert (aborted.size_probe, aborted.code, aborted.sent_bytes) == (True, code, 0)
    assert conversation.files.opened[0].closed
    assert conversation.server.next_timeout() is None
    assert numbers([*conversation.read("boot", PROBE), *conversation.ack(0)][1:]) == [1, 2, 3, 4]


@pytest.mark.parametrize(("blocks_acknowledged", "code"), [(0, 3), (1, 0), (1, 8)])
def test_other_aborts_are_no_probe(blocks_acknowledged: int, code: int) -> None:
    """RFC 2349, transfer size: error 3 means that the file is too large; later on, the client wanted the file."""
    conversation = Conversation({"boot": pattern(70_000)})
    conversation.read("boot", PROBE)
    for block in range(blocks_acknowledged + 1):
        conversation.ack(block)
    conversation.send(Error(code, "no"), port=conversation.transfer_port)

    aborted = conversation.events()[-1]
    assert isinstance(aborted, TransferAborted)
    assert not aborted.size_probe


def test_a_probe_abandoned_without_an_error_expires_quietly() -> None:
    """RFC 2349, transfer size: a client that knows the size may simply go silent."""
    conversation = Conversation({"boot": pattern(70_000)})
    conversation.read("boot", PROBE)
    conversation.wait(60)

    aborted = conversation.events()[-1]
    assert isinstance(aborted, TransferAborted)
    assert (aborted.size_probe, aborted.code) == (True, None)


def test_abandoned_probes_do_not_count_against_a_client() -> None:
    """RFC 2349, transfer size: however many probes went before, the file itself is served."""
    conversation = Conversation({"boot": pattern(70_000)}, limits=ServerLimits(transfers_per_client_max=2))
    for port in range(3000, 3020):
        assert conversation.read("boot", PROBE, peer=CLIENT._replace(port=port)) == [
            OptionAck((("tsize", "70000"), ("blksize", "1468"), ("windowsize", "4")))
        ]
    assert numbers(conversation.ack(0, peer=CLIENT._replace(port=3019))) == [1, 2, 3, 4]
