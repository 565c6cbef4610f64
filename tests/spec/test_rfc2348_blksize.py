"""RFC 2348, the blksize option."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from tests.support.tftp import Conversation, pattern
from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.options import OptionLimits
from wireboot.protocols.tftp.packet import Data, OptionAck, Packet


def answer(value: str, *, limit: int | None = 65464) -> Packet:
    conversation = Conversation({"boot": pattern(20)}, option_limits=OptionLimits(blksize_max=limit))
    (packet,) = conversation.read("boot", (("blksize", value),))
    return packet


@pytest.mark.parametrize("value", ["8", "512", "1428", "65464"])
def test_sizes_from_8_to_65464_are_accepted(value: str) -> None:
    """RFC 2348, blocksize option specification: valid values range between 8 and 65464 octets."""
    assert answer(value) == OptionAck((("blksize", value),))


@pytest.mark.parametrize("value", ["0", "7", "65465", "65536", "4294967808", "-512"])
def test_other_sizes_are_left_out(value: str) -> None:
    """RFC 2348: outside of the range the option is not accepted, and blocks have 512 bytes."""
    assert isinstance(answer(value), Data)


def test_a_size_beyond_the_limit_is_lowered_to_it() -> None:
    """RFC 2348: the server's value must be less than or equal to the value of the client."""
    assert answer("1432", limit=1400) == OptionAck((("blksize", "1400"),))
    assert answer("1024", limit=1400) == OptionAck((("blksize", "1024"),))


@pytest.mark.parametrize(
    ("mtus", "ipv4", "ipv6"), [({}, 1468, 1448), ({"eth0": 9000}, 8968, 8948), ({"eth0": 576, "eth1": 9000}, 544, 524)]
)
def test_blocks_fit_the_interface_unless_set_otherwise(mtus: dict[str, int], ipv4: int, ipv6: int) -> None:
    """RFC 2348: 4 bytes of TFTP, 8 of UDP and 20 or 40 of IP must fit as well, or blocks travel in fragments."""
    conversation = Conversation({"boot": b"x"}, interface_mtus=mtus)
    on_ipv6 = SocketAddress(IPv6Address("fd77::100"), 2070)

    assert conversation.read("boot", (("blksize", "65464"),)) == [OptionAck((("blksize", str(ipv4)),))]
    assert conversation.read("boot", (("blksize", "65464"),), peer=on_ipv6) == [OptionAck((("blksize", str(ipv6)),))]


@pytest.mark.parametrize("blksize", [8, 1000, 1468])
@pytest.mark.parametrize("mode", ["octet", "netascii"])
def test_the_file_is_cut_into_blocks_of_the_agreed_size(blksize: int, mode: str) -> None:
    """RFC 2348: a block shorter than the agreed size ends the transfer, an empty one where the size divides."""
    content = b"abcd" * 1000
    conversation = Conversation({"boot": content})

    assert conversation.fetch("boot", (("blksize", str(blksize)),), mode=mode) == content
    assert len(conversation.sent) == 1 + 4000 // blksize + 1
