"""What holds for multicast transfers whatever is sent to either side, and whatever the network does."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.multicast import (
    MTFTP_SERVER,
    MULTICAST_LIMITS,
    NOW,
    OFFERS,
    TFTP_SERVER,
    Link,
    Member,
    MulticastSegment,
    all_have,
)
from tests.support.tftp import STRANGER, TRANSFER_PORTS, MemoryFiles, pattern
from wireboot.endpoint import Datagram, Endpoint, SocketAddress
from wireboot.protocols.tftp.block_map import BlockMap, BlockNotAcceptable
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.protocols.tftp.multicast import parse_assignment
from wireboot.protocols.tftp.multicast_client import MulticastTftpClient
from wireboot.protocols.tftp.packet import Ack, Data, Error, OptionAck, ReadRequest, encode
from wireboot.protocols.tftp.server import TftpServer

PROTOCOLS = ("mtftp", "rfc2090")
CLIENT = SocketAddress(IPv4Address("10.77.0.100"), 1760)
TRANSFER = SocketAddress(MTFTP_SERVER.host, TRANSFER_PORTS[0])

seeds = st.integers(0, 1 << 32)
links = st.builds(
    Link,
    loss=st.sampled_from([0.0, 0.0, 0.05, 0.2]),
    duplication=st.sampled_from([0.0, 0.1]),
    delay_s=st.sampled_from([0.0, 0.002, 0.03]),
)

# Packets near enough to the right ones to get deep into an endpoint.
nearly_options = st.lists(
    st.tuples(
        st.sampled_from(["multicast", "MULTICAST", "blksize", "tsize", "windowsize"]),
        st.sampled_from(["", "239.255.69.1,1758,1", "239.255.69.1,1758,0", ",,1", ",,", "512", "1300", "x"]),
    ),
    max_size=3,
).map(tuple)
nearly = st.one_of(
    st.builds(Data, st.integers(0, 6) | st.integers(65530, 65535), st.sampled_from([512, 511, 0, 513]).map(bytes)),
    st.builds(Ack, st.integers(0, 6) | st.integers(65530, 65535)),
    st.builds(Error, st.integers(0, 9)),
    st.builds(OptionAck, nearly_options),
    st.builds(ReadRequest, st.sampled_from(["boot", "other", "missing"]), st.just("octet"), nearly_options),
).map(encode)
datagrams = st.lists(
    st.tuples(
        st.one_of(
            nearly, nearly, st.binary(max_size=600), st.builds(lambda wire, n: wire[:n], nearly, st.integers(0, 9))
        ),
        st.sampled_from([CLIENT, CLIENT, STRANGER, MTFTP_SERVER, TRANSFER, TRANSFER, CLIENT._replace(port=0)]),
        st.sampled_from([69, 1758, 1759, 1760, 2070, *TRANSFER_PORTS]),
        st.booleans(),
        st.floats(0, 4),
    ),
    max_size=30,
)


def segment_of(protocol: str, files: MemoryFiles, seed: int = 0) -> MulticastSegment:
    if protocol == "mtftp":
        return MulticastSegment(MtftpServer(files, OFFERS), seed=seed)
    server = TftpServer(files, transfer_ports=TRANSFER_PORTS, multicast=MULTICAST_LIMITS)
    return MulticastSegment(server, seed=seed)


def add(segment: MulticastSegment, protocol: str, link: Link) -> Member:
    return segment.add_mtftp("boot", link) if protocol == "mtftp" else segment.add_multicast("boot", link)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(PROTOCOLS),
    seeds,
    st.integers(0, 9000),
    st.lists(st.tuples(links, st.sampled_from([0.0, 0.0, 0.01, 3.0]), st.booleans()), min_size=1, max_size=6),
)
def test_every_client_ends_with_exactly_the_file_or_a_definite_failure(
    protocol: str, seed: int, size_bytes: int, clients: list[tuple[Link, float, bool]]
) -> None:
    """They come at their own times, over links of their own, and some lose their power midway."""
    content = pattern(size_bytes)
    files = MemoryFiles({"boot": content})
    segment = segment_of(protocol, files, seed)
    alive: list[Member] = []
    for link, pause_s, dies in clients:
        segment.run(pause_s)
        member = add(segment, protocol, link)
        if dies:
            segment.run(0.01)
            segment.kill(member)
        else:
            alive.append(member)
    segment.run(7200)

    for member in alive:
        assert member.endpoint.ended
        (end,) = member.ends
        if isinstance(end, Fetched):
            assert end.content == content
        else:
            assert end.problem is FetchProblem.NO_MULTICAST
        assert not member.groups
    assert segment.server.next_timeout() is None
    assert all(file.closed for file in files.opened)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("seed", range(5))
def test_hardly_any_fetch_fails_where_a_tenth_is_lost(protocol: str, seed: int) -> None:
    content = pattern(20_000)
    segment = segment_of(protocol, MemoryFiles({"boot": content}), seed)
    members = [add(segment, protocol, Link(loss=0.1, duplication=0.05, delay_s=0.003)) for _ in range(20)]
    segment.run(3600)

    assert sum(member.content == content for member in members) >= 19


@pytest.mark.parametrize("clients", [1, 10, 100, 500])
def test_many_mtftp_clients_cost_one_transfer(clients: int) -> None:
    """Block 1 a second time is all that is sent beyond the file and its headers."""
    content = pattern(20_000)
    segment = segment_of("mtftp", MemoryFiles({"boot": content}))
    members = [add(segment, "mtftp", Link()) for _ in range(clients)]
    segment.run(60)

    assert all_have(members, content)
    headers_bytes = 4 * (20_000 // 512 + 1)
    assert segment.server_payload_bytes == len(content) + headers_bytes + 516


@pytest.mark.parametrize("clients", [1, 10, 100, 500])
def test_many_clients_of_one_multicast_session_cost_one_transfer_and_an_answer_each(clients: int) -> None:
    content = pattern(20_000)
    segment = segment_of("rfc2090", MemoryFiles({"boot": content}))
    members = [add(segment, "rfc2090", Link()) for _ in range(clients)]
    segment.run(60)

    assert all_have(members, content)
    assert segment.server_datagrams == 20_000 // 512 + 1 + clients


@settings(max_examples=200, deadline=None)
@given(datagrams)
def test_nothing_sent_to_a_server_raises_or_keeps_it_awake(
    received: list[tuple[bytes, SocketAddress, int, bool, float]],
) -> None:
    files = MemoryFiles({"boot": pattern(1300), "other": b""})
    for server in (
        MtftpServer(files, OFFERS),
        TftpServer(files, transfer_ports=TRANSFER_PORTS, multicast=MULTICAST_LIMITS),
    ):
        sent = feed(server, received)
        assert sent <= 40 * (len(received) + 1)
        assert server.next_timeout() is None
        assert all(file.closed for file in files.opened)


@settings(max_examples=200, deadline=None)
@given(datagrams)
def test_nothing_sent_to_a_client_raises_or_keeps_it_waiting(
    received: list[tuple[bytes, SocketAddress, int, bool, float]],
) -> None:
    local = SocketAddress(CLIENT.host, 2070)
    assert isinstance(CLIENT.host, IPv4Address)
    assert isinstance(MTFTP_SERVER.host, IPv4Address)
    mtftp = MtftpClient(
        "boot",
        MTFTP_SERVER.host,
        OFFERS["boot"],
        CLIENT.host,
        "eth0",
        size_bytes_max=2000,
        random=lambda: 0.5,
        now=NOW,
    )
    rfc2090 = MulticastTftpClient("boot", TFTP_SERVER, local, "eth0", size_bytes_max=2000, now=NOW)
    for client in (mtftp, rfc2090):
        feed(client, received)
        assert client.ended
        assert client.next_timeout() is None


def feed(endpoint: Endpoint, received: list[tuple[bytes, SocketAddress, int, bool, float]]) -> int:
    """Give an endpoint all that, then time. How many datagrams it sent."""
    now, sent, ends = NOW, 0, 0
    for payload, peer, port, to_group, pause_s in received:
        now += pause_s
        while (at := endpoint.next_timeout()) is not None and at <= now:
            endpoint.handle_timeout(at)
        local = SocketAddress(MTFTP_SERVER.host, port)
        endpoint.receive_datagram(Datagram(payload, peer, local, "eth0", to_group), now)
    while (at := endpoint.next_timeout()) is not None and at < now + 7200:
        endpoint.handle_timeout(at)
    sent = len(endpoint.datagrams_to_send())
    while (event := endpoint.next_event()) is not None:
        ends += isinstance(event, Fetched | FetchFailed)
    assert ends <= 1
    return sent


@given(st.integers(1, 5), st.data())
def test_blocks_in_any_order_make_the_file(blksize: int, data: st.DataObject) -> None:
    content = data.draw(st.binary(max_size=40))
    last = len(content) // blksize + 1
    wanted = [Data(block, content[(block - 1) * blksize : block * blksize]) for block in range(1, last + 1)]
    order = data.draw(st.permutations(wanted * 2))
    blocks = BlockMap(blksize, size_bytes_max=40)
    held: set[int] = set()
    for each in order:
        assert blocks.add(each) is (each.block not in held)
        held.add(each.block)
        assert blocks.complete is (len(held) == last)
        assert blocks.first_missing == next(block for block in range(1, last + 2) if block not in held)
        assert blocks.missing_count >= (0 if blocks.complete else 1)
    assert blocks.take_content() == content


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=5)), max_size=20))
def test_whatever_blocks_come_no_more_is_held_than_there_is_room_for(blocks: list[tuple[int, bytes]]) -> None:
    held = BlockMap(4, size_bytes_max=20)
    for number, payload in blocks:
        with suppress(BlockNotAcceptable):
            held.add(Data(number, payload))
    assert held.held_bytes <= 20
    if held.complete:
        assert len(held.take_content()) == held.held_bytes


@given(st.text(max_size=30) | st.from_regex(r"[0-9.]{0,15},[0-9]{0,6},[0-3]?", fullmatch=True))
def test_any_text_is_an_assignment_or_none(written: str) -> None:
    try:
        assignment = parse_assignment(written)
    except ValueError:
        return
    assert parse_assignment(str(assignment)) == assignment
