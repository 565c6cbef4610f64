"""What holds for TFTP whatever is sent, and whatever the network does to it."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tftp import CLIENT, SERVER_HOST, TRANSFER_PORTS, Conversation, MemoryFiles, pattern
from tests.support.tftp_client import BadNetwork, ModelClient
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.errors import DecodeError
from wireboot.protocols.tftp.content import NetasciiContent
from wireboot.protocols.tftp.events import TransferAborted, TransferFailed, TransferFinished, TransferStarted
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import FileRefused
from wireboot.protocols.tftp.options import OptionLimits, negotiate
from wireboot.protocols.tftp.packet import (
    Ack,
    Data,
    Error,
    OptionAck,
    Packet,
    ReadRequest,
    WriteRequest,
    decode,
    encode,
)
from wireboot.protocols.tftp.server import TftpServer

# fmt: off
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
names = texts.filter(bool)
numbers_16 = st.integers(0, 65535)
options = st.lists(st.tuples(names, texts), max_size=3).map(tuple)
packets = st.one_of(
    st.builds(ReadRequest, texts, texts, options),
    st.builds(WriteRequest, texts, texts, options),
    st.builds(Data, numbers_16, st.binary(max_size=600)),
    st.builds(Ack, numbers_16),
    st.builds(Error, numbers_16, texts),
    st.builds(OptionAck, options),
)
# fmt: on
nearly_packets = st.builds(
    lambda opcode, rest: bytes([0, opcode]) + rest, st.integers(0, 10), st.binary(max_size=80)
)  # random bytes alone hardly ever get past the opcode

REQUEST = encode(ReadRequest("boot", "octet", (("blksize", "1024"), ("windowsize", "4"), ("tsize", "0"))))


@given(st.one_of(st.binary(max_size=2000), nearly_packets))
def test_any_bytes_are_a_packet_or_a_decode_error(wire: bytes) -> None:
    try:
        packet = decode(wire)
    except DecodeError:
        return
    assert decode(encode(packet)) == packet


@given(packets)
def test_a_packet_survives_the_wire(packet: Packet) -> None:
    assert decode(encode(packet)) == packet


@given(options, st.integers(8, 65464), st.none() | st.integers(0, 1 << 40))
def test_negotiation_answers_a_part_of_what_was_asked(
    requested: tuple[tuple[str, str], ...], blksize_max: int, size_bytes: int | None
) -> None:
    agreement = negotiate(requested, blksize_max=blksize_max, size_bytes=size_bytes, limits=OptionLimits())

    assert {name for name, _ in agreement.accepted} <= {name for name, _ in requested}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["blksize", "windowsize", "timeout", "tsize", "rollover", "BLKSIZE"]),
            st.integers(-5, 70000).map(str),
        )
    ).map(tuple),
    st.integers(8, 65464),
)
def test_no_agreed_value_is_larger_than_asked_or_allowed(
    requested: tuple[tuple[str, str], ...], blksize_max: int
) -> None:
    agreement = negotiate(requested, blksize_max=blksize_max, size_bytes=1000, limits=OptionLimits())
    parameters = agreement.parameters

    for name, value in agreement.accepted:
        asked = [int(number) for other, number in requested if other == name]
        assert name == "tsize" or int(value) <= max(asked)
    assert 8 <= parameters.blksize <= max(blksize_max, 512)
    assert 1 <= parameters.windowsize <= 64


@given(st.text(max_size=60) | st.text("a./\\ \xffC:tfp", max_size=20))
def test_a_normalised_name_stays_inside_and_stays_itself(name: str) -> None:
    try:
        path = normalise(name)
    except FileRefused:
        return
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))
    assert normalise(path) == path


@given(st.binary(max_size=3000), st.integers(8, 700), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_netascii_is_one_text_however_its_windows_are_cut(content: bytes, blksize: int, windows: list[int]) -> None:
    file = MemoryFiles({"text": content}).open("text", CLIENT)
    blocks = NetasciiContent(file, blksize)
    expected = content.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")

    sent, first = b"", 1
    while blocks.last_block is None or first <= blocks.last_block:
        # Each window is asked for twice and taken in half only, as after a loss.
        count = windows[first % len(windows)]
        window = blocks.window(first, count)
        assert blocks.window(first, count) == window
        kept = window[: (count + 1) // 2]
        sent += b"".join(kept)
        first += len(kept)

    assert sent == expected


datagrams = st.lists(
    st.tuples(
        st.one_of(
            st.binary(max_size=200), nearly_packets, packets.map(encode), st.just(REQUEST), st.just(bytes(65507))
        ),
        st.sampled_from([69, *TRANSFER_PORTS, 4011]),
        st.sampled_from([CLIENT, CLIENT._replace(port=0), SocketAddress(IPv4Address("10.77.0.7"), 69)]),
        st.floats(0, 8),
    ),
    max_size=15,
)


@given(datagrams)
def test_nothing_a_stranger_sends_raises_or_stays(sequence: list[tuple[bytes, int, SocketAddress, float]]) -> None:
    conversation = Conversation({"boot": pattern(5000)})
    for payload, port, peer, pause_s in sequence:
        conversation.send(payload, peer=peer, port=port)
        conversation.wait(pause_s)
    conversation.wait(2000)

    assert conversation.server.next_timeout() is None
    assert all(file.closed for file in conversation.files.opened)
    told = conversation.events()
    ended = [event for event in told if isinstance(event, TransferFinished | TransferAborted | TransferFailed)]
    assert len(ended) == sum(isinstance(event, TransferStarted) for event in told) == len(conversation.files.opened)


@pytest.mark.parametrize("port", [69, TRANSFER_PORTS[0]])
def test_every_cut_and_every_flipped_bit_of_a_request_is_borne(port: int) -> None:
    wires = [REQUEST[:length] for length in range(len(REQUEST))]
    for bit in range(8 * len(REQUEST)):
        flipped = bytearray(REQUEST)
        flipped[bit // 8] ^= 1 << bit % 8
        wires.append(bytes(flipped))
    for wire in [*wires, bytes(65507), b"\0\1" + b"a\0" * 32000, b"\0\1" + bytes(65505)]:
        answers = Conversation({"boot": b"x"}).send(wire, port=port)
        assert len(answers) <= 1


seeds = st.integers(0, 1 << 32)


@settings(max_examples=60, deadline=None)
@given(
    seeds,
    st.integers(0, 6000),
    st.sampled_from([None, 8, 64, 512, 1468]),
    st.sampled_from([None, 1, 2, 4, 16]),
    st.booleans(),
)
def test_a_transfer_delivers_exactly_the_file_or_a_definite_error(
    seed: int, size_bytes: int, blksize: int | None, windowsize: int | None, tsize: bool
) -> None:
    content = pattern(size_bytes)
    server = TftpServer(MemoryFiles({"boot": content}), transfer_ports=TRANSFER_PORTS)
    network = BadNetwork(server, seed, loss=0.1, duplication=0.1, delay_s=0.05)
    asked = (("blksize", blksize), ("windowsize", windowsize), ("tsize", 0 if tsize else None))
    client = ModelClient(CLIENT, "boot", tuple((name, str(value)) for name, value in asked if value is not None))
    network.add(client)
    network.run(seconds=3600)

    assert client.outcome is not None
    if client.outcome == "complete":
        assert bytes(client.content) == content
    assert server.next_timeout() is None


@pytest.mark.parametrize("seed", range(20))
def test_most_transfers_survive_a_network_that_loses_a_fifth(seed: int) -> None:
    """With patience on both sides, a failure at this rate would be a fault of ours."""
    content = pattern(20_000)
    server = TftpServer(MemoryFiles({"boot": content}), transfer_ports=TRANSFER_PORTS)
    network = BadNetwork(server, seed, loss=0.2, duplication=0.1, delay_s=0.02)
    clients = [
        ModelClient(SocketAddress(IPv4Address(f"10.77.0.{host}"), 2070), "boot", (("windowsize", str(host % 5 + 1)),))
        for host in range(100, 105)
    ]
    for client in clients:
        network.add(client)
    network.run(seconds=3600)

    assert [client.outcome for client in clients] == ["complete"] * 5, f"seed={seed}"
    assert all(bytes(client.content) == content for client in clients)


@pytest.mark.parametrize("windowsize", [1, 4, 16])
def test_a_network_that_repeats_everything_does_not_multiply_the_traffic(windowsize: int) -> None:
    """The Sorcerer's Apprentice (RFC 1123 §4.2.3.1): though every packet arrives twice, each block is sent once.

    A repeated block in a window looks like a gap to the client, whose ACK then restarts the window: once for each ACK.
    """
    content = pattern(100_000)
    server = TftpServer(MemoryFiles({"boot": content}), transfer_ports=TRANSFER_PORTS)
    network = BadNetwork(server, seed=1, duplication=1.0, delay_s=0.0)
    client = ModelClient(CLIENT, "boot", (("windowsize", str(windowsize)),))
    network.add(client)
    network.run(seconds=60)

    assert bytes(client.content) == content
    block_count = 100_000 // 512 + 1
    # The answers to the repeated request come on top.
    assert network.sent_by_server <= (block_count + 3) * (1 if windowsize == 1 else 2)


@pytest.mark.parametrize("rollover", ["", "0", "1"])
def test_a_transfer_goes_on_beyond_block_65535_in_spite_of_loss(rollover: str) -> None:
    content = pattern(8 * 66_000)
    server = TftpServer(MemoryFiles({"boot": content}), transfer_ports=TRANSFER_PORTS)
    network = BadNetwork(server, seed=7, loss=0.0005, duplication=0.001)
    asked = (("blksize", "8"), ("windowsize", "64"), *((("rollover", rollover),) if rollover else ()))
    client = ModelClient(CLIENT, "boot", asked)
    network.add(client)
    network.run(seconds=3600)

    assert client.outcome == "complete"
    assert bytes(client.content) == content


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_file_that_shrinks_meanwhile_is_never_delivered_as_whole(seed: int) -> None:
    files = MemoryFiles({"boot": pattern(50_000)})
    server = TftpServer(files, transfer_ports=TRANSFER_PORTS)
    network = BadNetwork(server, seed, delay_s=0.01)
    client = ModelClient(CLIENT, "boot")
    network.add(client)
    network.run(seconds=0.1)
    files.opened[0].content = files.opened[0].content[: Random(seed).randrange(40_000, 50_000)]
    network.run(seconds=3600)

    assert client.outcome == "error 0"


def test_a_thousand_transfers_wake_in_their_order() -> None:
    """The timers of many clients live in one heap, from which they are taken lazily."""
    server = TftpServer(MemoryFiles({"boot": pattern(5000)}), transfer_ports=TRANSFER_PORTS)
    peers = [SocketAddress(IPv4Address(f"10.78.{host // 250}.{host % 250 + 1}"), 2070) for host in range(1000)]
    now = 1_700_000_000.0
    for peer in peers:
        now += 0.00001
        server.receive_datagram(
            Datagram(encode(ReadRequest("boot", "octet")), peer, SocketAddress(SERVER_HOST, 69), "eth0"), now
        )
    first = {datagram.peer: datagram.local for datagram in server.datagrams_to_send()}
    for peer in peers[::2]:
        now += 0.00001
        server.receive_datagram(Datagram(encode(Ack(1)), peer, first[peer], "eth0"), now)
    server.datagrams_to_send()

    woken: list[SocketAddress] = []
    for _ in range(1000):
        at = server.next_timeout()
        assert at is not None
        assert at >= now
        now = at
        server.handle_timeout(now)
        woken += [datagram.peer for datagram in server.datagrams_to_send()]
        if len(woken) >= 1000:
            break

    assert woken[:1000] == [*peers[1::2], *peers[::2]]
