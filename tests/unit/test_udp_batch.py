"""Many datagrams on real UDP sockets (net/udp.py), by many a call (net/batch.py) and one by one: the same for both."""

from __future__ import annotations

import errno
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from tests.support.requirements import cannot_run
from wireboot.endpoint import Datagram, Interface, SocketAddress
from wireboot.net import batch
from wireboot.net.batch import AVAILABLE, MESSAGES_MAX, PAYLOAD_SIZE_MAX, SentMessages, send_in_order
from wireboot.net.interfaces import InterfaceTable
from wireboot.net.udp import UdpSocket
from wireboot.net.udp_calls import ManyPerCall, OnePerCall

LOOPBACK = Interface("lo", socket.if_nametoindex("lo"), bytes(6), 65536, (IPv4Interface("127.0.0.1/8"),))
HERE, ALSO_HERE = IPv4Address("127.0.0.1"), IPv4Address("127.0.0.2")
NOWHERE = SocketAddress(HERE, 0)
"""Port 0 is nobody's (RFC 768 reserves it), and the kernel says EINVAL."""
UDP_PAYLOAD_MAX = 65507
"""65535 less the headers of IPv4 and UDP."""
# From <asm-generic/socket.h> and <linux/udp.h>.
SO_NO_CHECK, UDP_GRO = 11, 104

Open = Callable[[], UdpSocket]


@pytest.fixture(params=[True, False], ids=["many by one call", "one by one"])
def open_socket(request: pytest.FixtureRequest) -> Iterator[Open]:
    opened: list[UdpSocket] = []

    def open_one() -> UdpSocket:
        opened.append(UdpSocket(0, InterfaceTable([LOOPBACK]), service="test", batched=request.param))
        return opened[-1]

    yield open_one
    for each in opened:
        if each.fileno() >= 0:
            each.close()


def to(
    receiver: UdpSocket | socket.socket, payload: bytes, *, source: IPv4Address = HERE, run: int | None = None
) -> Datagram:
    port = receiver.port if isinstance(receiver, UdpSocket) else receiver.getsockname()[1]
    return Datagram(payload, SocketAddress(HERE, port), SocketAddress(source, 0), "lo", segment_size=run)


def payloads(receiver: UdpSocket) -> list[bytes]:
    """All that waits. On loopback, what has been sent has arrived."""
    received: list[bytes] = []
    while batch := receiver.receive():
        received += [datagram.payload for datagram in batch]
    return received


def test_this_machine_passes_many_by_one_call() -> None:
    """Or what follows would test one way only."""
    assert AVAILABLE


def test_all_arrive_in_order_with_both_ends(open_socket: Open) -> None:
    sender, receiver = open_socket(), open_socket()
    count = 3 * MESSAGES_MAX + 1
    numbered = [
        to(receiver, number.to_bytes(2, "big"), source=(HERE, ALSO_HERE)[number % 2]) for number in range(count)
    ]

    assert sender.send_many(numbered) == []

    received = [datagram for _ in range(4) for datagram in receiver.receive()]
    assert received == [
        Datagram(
            number.to_bytes(2, "big"),
            peer=SocketAddress((HERE, ALSO_HERE)[number % 2], sender.port),
            local=SocketAddress(HERE, receiver.port),
            interface="lo",
        )
        for number in range(count)
    ]


def test_each_length_arrives_whole(open_socket: Open) -> None:
    """Large ones before small ones: nothing of what stood in the memory before shows."""
    sender, receiver = open_socket(), open_socket()
    sizes = [UDP_PAYLOAD_MAX, 0, 1, 1472, 1473, 4, 0]
    sent = [bytes([size % 251 + 1]) * size for size in sizes]
    for _ in range(2):
        assert sender.send_many(to(receiver, payload) for payload in sent) == []
        assert payloads(receiver) == sent


def test_no_more_than_a_batch_is_received_at_once(open_socket: Open) -> None:
    """The endpoint's timers, and the other sockets, have their turn in between."""
    sender, receiver = open_socket(), open_socket()
    sender.send_many(to(receiver, b"") for _ in range(MESSAGES_MAX + 1))
    assert [len(receiver.receive()) for _ in range(3)] == [MESSAGES_MAX, 1, 0]


def test_what_comes_by_an_interface_that_is_not_served_is_not_seen() -> None:
    for batched in (True, False):
        table = InterfaceTable()
        with (
            closing(UdpSocket(0, table, service="test", batched=batched)) as receiver,
            closing(UdpSocket(0, table, service="test")) as sender,
        ):
            sender.send_many([to(receiver, b"not served")])
            assert payloads(receiver) == []
            table.replace([LOOPBACK])
            sender.send_many([to(receiver, b"served")])
            assert payloads(receiver) == [b"served"]


def test_a_refused_one_is_told_and_the_others_leave_once(open_socket: Open) -> None:
    sender, receiver = open_socket(), open_socket()
    too_long = to(receiver, bytes(UDP_PAYLOAD_MAX + 1))
    far_too_long = to(receiver, bytes(PAYLOAD_SIZE_MAX + 1))
    to_port_0 = Datagram(b"nowhere", NOWHERE, SocketAddress(HERE, 0), "lo")
    group = SocketAddress(IPv4Address("239.77.0.1"), receiver.port)
    by_none = Datagram(b"group", group, SocketAddress(HERE, 0), "gone")

    unsent = sender.send_many([
        to(receiver, b"1"), too_long, to(receiver, b"2"), far_too_long, to_port_0, by_none, to(receiver, b"3"),
    ])  # fmt: skip

    assert {(datagram, problem.errno) for datagram, problem in unsent} == {
        (too_long, errno.EMSGSIZE),
        (far_too_long, errno.EMSGSIZE),
        (to_port_0, errno.EINVAL),
        (by_none, errno.ENODEV),
    }
    assert len(unsent) == 4
    assert payloads(receiver) == [b"1", b"2", b"3"]


def test_a_batch_that_is_refused_whole_is_told_whole(open_socket: Open) -> None:
    refused = [Datagram(b"%d" % number, NOWHERE, SocketAddress(HERE, 0), "lo") for number in range(3)]
    assert [(datagram, problem.errno) for datagram, problem in open_socket().send_many(refused)] == [
        (datagram, errno.EINVAL) for datagram in refused
    ]


def test_a_closed_socket_sends_nothing(open_socket: Open) -> None:
    """Its number may be another file's by now."""
    sender, receiver = open_socket(), open_socket()
    sender.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        (_, problem), (_, also) = sender.send_many([to(receiver, b"1"), to(receiver, b"2")])
    assert (problem.errno, also.errno) == (errno.EBADF, errno.EBADF)
    assert payloads(receiver) == []


@pytest.mark.parametrize("ways", [ManyPerCall, OnePerCall])
def test_an_error_of_one_sent_before_costs_no_datagram_unnoticed(ways: type[ManyPerCall] | type[OnePerCall]) -> None:
    """udp(7): a closed port's ICMP error comes with the next call, whatever that call is for."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        own.setblocking(False)
        own.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        own.bind(("127.0.0.1", 0))
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(0.1)
        calls = ways(own)
        leaving = [(to(peer, b"%d" % number), 0) for number in range(4)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            closed_port = gone.getsockname()
        own.connect(closed_port)  # only a connected socket is told
        own.send(b"is anybody there?")

        refused = {at: problem.errno for at, problem in send_in_order(calls.send, leaving)}

        arrived = [peer.recv(100) for _ in range(len(leaving) - len(refused))]
        assert refused == {0: errno.ECONNREFUSED}
        assert arrived == [b"1", b"2", b"3"]


@pytest.mark.parametrize("ways", [ManyPerCall, OnePerCall])
def test_an_error_of_one_sent_before_hides_nothing_that_arrived(ways: type[ManyPerCall] | type[OnePerCall]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.setblocking(False)
        own.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        own.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            own.connect(gone.getsockname())
            gone.sendto(b"hello", own.getsockname())
        own.send(b"is anybody there?")
        calls = ways(own)
        # Called again as long as something waits, as a loop does.
        assert [payload for _ in range(2) for payload, _, _ in calls.receive()] == [b"hello"]


def test_where_the_system_takes_no_more_the_rest_is_told() -> None:
    """sendmmsg(2): fewer than asked for may leave. A Unix socket's small buffer makes it happen."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 0)  # the least there is
        messages = [(b"%d" % number, b"", b"") for number in range(MESSAGES_MAX)]
        refused = list(send_in_order(SentMessages(ours, name_size=0).send, messages))
        arrived: list[bytes] = []
        try:
            while True:
                arrived.append(theirs.recv(100))
        except BlockingIOError:
            pass
    assert refused
    assert all(isinstance(problem, BlockingIOError) for _, problem in refused)
    # Each either arrived, once, or was refused.
    assert arrived == [payload for payload, _, _ in messages[: len(arrived)]]
    assert [at for at, _ in refused] == list(range(len(arrived), MESSAGES_MAX))


# Runs of datagrams (Datagram.segment_size)


def test_a_run_arrives_as_the_datagrams_it_is_made_of(open_socket: Open) -> None:
    sender, receiver = open_socket(), open_socket()
    run = to(receiver, b"a" * 500 + b"b" * 500 + b"c" * 7, run=500)
    assert sender.send_many([to(receiver, b"before"), run, to(receiver, b"after")]) == []
    assert payloads(receiver) == [b"before", b"a" * 500, b"b" * 500, b"c" * 7, b"after"]


@pytest.mark.parametrize(("size", "count"), [(100, 65), (100, 200), (1400, 60), (9000, 8)])
def test_a_run_may_be_longer_than_the_system_takes(open_socket: Open, size: int, count: int) -> None:
    """64 datagrams, and what fits one packet, is the most."""
    sender, receiver = open_socket(), open_socket()
    parts = [bytes([number]) * size for number in range(count)]
    assert sender.send_many([to(receiver, b"".join(parts), run=size)]) == []
    assert payloads(receiver) == parts


@pytest.mark.parametrize("payload", [b"", b"less", b"full"])
def test_a_run_of_one_is_a_datagram(open_socket: Open, payload: bytes) -> None:
    sender, receiver = open_socket(), open_socket()
    assert sender.send_many([to(receiver, payload, run=4)]) == []
    refuse_runs(sender, refused=True)
    assert sender.send_many([to(receiver, payload, run=4), to(receiver, b"long enough", run=4)]) == []
    assert sender.send_many([to(receiver, payload, run=4)]) == []
    assert payloads(receiver) == [payload, payload, b"long", b" eno", b"ugh", payload]


def test_a_run_passes_the_system_as_one(open_socket: Open) -> None:
    """udp(7), UDP_SEGMENT: that is what it is for. A receiver that asks for it (UDP_GRO) sees it whole."""
    sender = open_socket()
    with one_that_joins_runs() as receiver:
        sender.send_many([to(receiver, bytes(1500), run=500)])
        assert len(receiver.recv(UDP_PAYLOAD_MAX)) == 1500


def test_a_run_that_the_system_refuses_leaves_datagram_by_datagram_and_so_do_those_that_follow(
    open_socket: Open,
) -> None:
    """Each reason, such as a card without checksums or a route with a smaller MTU, is one that lasts."""
    sender, other = open_socket(), open_socket()
    with one_that_joins_runs() as receiver:
        refuse_runs(sender, refused=True)
        assert sender.send_many([to(receiver, bytes(1500), run=500), to(other, b"after")]) == []
        refuse_runs(sender, refused=False)
        assert sender.send_many([to(receiver, bytes(1500), run=500)]) == []
        assert [len(receiver.recv(UDP_PAYLOAD_MAX)) for _ in range(6)] == [500] * 6
    assert payloads(other) == [b"after"]


def test_of_a_run_that_cannot_leave_each_datagram_is_told(open_socket: Open) -> None:
    sender, receiver = open_socket(), open_socket()
    run = Datagram(b"abc", NOWHERE, SocketAddress(HERE, 0), "lo", segment_size=2)
    unsent = sender.send_many([run, to(receiver, b"after")])
    assert [(datagram.payload, datagram.segment_size, problem.errno) for datagram, problem in unsent] == [
        (b"ab", None, errno.EINVAL),
        (b"c", None, errno.EINVAL),
    ]
    assert payloads(receiver) == [b"after"]


def one_that_joins_runs() -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    receiver.settimeout(1.0)
    receiver.bind(("127.0.0.1", 0))
    return receiver


def refuse_runs(sender: UdpSocket, *, refused: bool) -> None:
    """The kernel sends no run without checksums, and says EINVAL."""
    with socket.socket(fileno=os.dup(sender.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, refused)


# Where the calls cannot be had


UNDER_A_SANDBOX = """
import ctypes, struct
# seccomp(2): the calls named are answered by ENOSYS, as if the kernel had none.
code = [(0x20, 0, 0, 0), *((0x15, len(CALLS) - at, 0, call) for at, call in enumerate(CALLS)),
        (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | 38)]
program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in code))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, struct.pack("@HP", len(code), ctypes.addressof(program)), 0, 0) == 0

from ipaddress import IPv4Address
from tests.unit.test_udp_batch import LOOPBACK, payloads, to
from wireboot.net.batch import AVAILABLE
from wireboot.net.interfaces import InterfaceTable
from wireboot.net.udp import UdpSocket

own = UdpSocket(0, InterfaceTable([LOOPBACK]), service="test")
own.send_many([to(own, b"hello")])
print(AVAILABLE, payloads(own))
"""
ROOT = Path(__file__).parents[2]
CALL_NUMBERS = {"x86_64": (299, 307), "aarch64": (243, 269)}
"""Of recvmmsg and sendmmsg."""


@pytest.mark.parametrize("forbidden", [(0,), (1,), (0, 1)])
def test_where_a_sandbox_forbids_a_call_datagrams_pass_one_by_one(forbidden: tuple[int, ...]) -> None:
    if platform.machine() not in CALL_NUMBERS:
        cannot_run(f"the numbers of the calls on {platform.machine()} are not known here")
    calls = [CALL_NUMBERS[platform.machine()][each] for each in forbidden]
    program = f"CALLS = {calls}\n{UNDER_A_SANDBOX}"
    # From the checkout's root, where `tests` is found.
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert (said.stdout, said.stderr) == ("False [b'hello']\n", "")


def test_where_the_layouts_do_not_hold_the_calls_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    assert batch._find_calls() is None


def test_a_library_without_the_calls_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def library_without(*_: object, **__: object) -> object:
        return object()

    monkeypatch.setattr("ctypes.CDLL", library_without)
    assert batch._find_calls() is None
