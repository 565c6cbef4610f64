"""Whatever the system does with a batch (net/batch.py), each message has one fate, and that is known."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from ipaddress import IPv4Address, IPv4Interface

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wireboot.endpoint import Datagram, Interface, SocketAddress
from wireboot.net.batch import send_in_order
from wireboot.net.interfaces import InterfaceTable
from wireboot.net.udp import UdpSocket

HERE, NOBODY = IPv4Address("127.0.0.1"), IPv4Address("127.0.0.2")
LOOPBACK = Interface("lo", socket.if_nametoindex("lo"), bytes(6), 65536, (IPv4Interface("127.0.0.1/8"),))


class Kernel:
    """sendmmsg(2) as a kernel may do it: stops wherever it likes, and at each message that it refuses."""

    def __init__(self, refused: set[int], most: Iterator[int]) -> None:
        self.sent: list[int] = []
        self._refused, self._most = refused, most

    def send(self, messages: Sequence[int]) -> int:
        taken: list[int] = []
        for message in messages[: next(self._most)]:
            if message in self._refused:
                break
            taken.append(message)
        if not taken:
            raise OSError(messages[0], "refused")
        self.sent += taken
        return len(taken)


@given(
    count=st.integers(0, 40),
    refused=st.sets(st.integers(0, 39)),
    most=st.lists(st.integers(1, 12), min_size=80, max_size=80),
)
def test_each_message_leaves_once_in_order_or_is_told(count: int, refused: set[int], most: list[int]) -> None:
    kernel = Kernel(refused, iter(most))
    failures = []
    for at, problem in send_in_order(kernel.send, range(count)):
        assert problem.errno == at, "the reason is another message's"
        assert all(message < at for message in kernel.sent), "what follows left before the failure was known"
        failures.append(at)
    assert failures == sorted(refused & set(range(count)))
    assert kernel.sent == sorted(set(range(count)) - refused)


class Pair:
    """A socket that sends and one that receives, on loopback."""

    def __init__(self, *, batched: bool) -> None:
        self.sender, self.receiver = (
            UdpSocket(0, InterfaceTable([LOOPBACK]), service="test", batched=batched) for _ in range(2)
        )

    def datagram(self, payload: bytes, segment_size: int | None, *, refused: bool) -> Datagram:
        peer = SocketAddress(NOBODY, 0) if refused else SocketAddress(HERE, self.receiver.port)
        return Datagram(payload, peer, SocketAddress(HERE, self.sender.port), "lo", segment_size=segment_size)

    def pass_on(self, datagrams: list[Datagram]) -> tuple[list[bytes], list[Datagram]]:
        """What arrived, and what did not leave."""
        unsent = [datagram for datagram, _ in self.sender.send_many(datagrams)]
        arrived: list[bytes] = []
        while batch := self.receiver.receive():
            arrived += [datagram.payload for datagram in batch]
        return arrived, unsent


@pytest.fixture(params=[True, False], ids=["many by one call", "one by one"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = Pair(batched=request.param)
    with closing(made.sender), closing(made.receiver):
        yield made


def parts(payload: bytes, segment_size: int | None) -> list[bytes]:
    if segment_size is None:
        return [payload]
    return [payload[at : at + segment_size] for at in range(0, max(len(payload), 1), segment_size)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.binary(max_size=300), st.one_of(st.none(), st.integers(1, 300)), st.booleans()), max_size=80)
)
def test_what_is_sent_arrives_once_and_in_order_and_the_rest_is_told(
    pair: Pair, batch: list[tuple[bytes, int | None, bool]]
) -> None:
    """Plain datagrams and runs, to a port that takes them and to one that the system refuses."""
    sent = [pair.datagram(payload, segment_size, refused=refused) for payload, segment_size, refused in batch]
    arrived, unsent = pair.pass_on(sent)

    assert arrived == [part for payload, size, refused in batch if not refused for part in parts(payload, size)]
    assert [each.payload for each in unsent] == [
        part for payload, size, refused in batch if refused for part in parts(payload, size)
    ]
