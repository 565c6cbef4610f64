"""What holds for the TFTP client whatever is sent to it, and whatever the network does."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tftp import STRANGER, TRANSFER_PORTS, MemoryFiles, pattern
from tests.support.tftp_fetch import LOCAL, OTHER_TRANSFER, SERVER, TRANSFER, Fetch, FetchNetwork
from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.client import PORTS_MAX, TftpClient
from wireboot.protocols.tftp.client_retry import EDK2, INTEL_ROM, IPXE, WIREBOOT, ClientRetry
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem, FetchProgressed
from wireboot.protocols.tftp.options import OptionLimits
from wireboot.protocols.tftp.packet import Ack, Data, Error, OptionAck, ReadRequest, encode
from wireboot.protocols.tftp.requested_options import OptionsNotAcceptable, RequestedOptions, agree
from wireboot.protocols.tftp.server import TftpServer

NOW = 1_700_000_000.0

seeds = st.integers(0, 1 << 32)
retries = st.sampled_from([EDK2, INTEL_ROM, IPXE, WIREBOOT])
requested = st.builds(
    RequestedOptions,
    blksize=st.sampled_from([None, 8, 64, 512, 1468, 9000]),
    windowsize=st.sampled_from([None, 1, 2, 4, 16]),
    tsize=st.booleans(),
    timeout_s=st.sampled_from([None, 1, 3]),
    size_probe=st.booleans(),
)

# Options and packets near enough to the right ones to get deep into the client.
option_values = st.one_of(st.integers(-1, 2000).map(str), st.sampled_from(["", "x", "0512", "99999999999"]))
nearly_options = st.lists(
    st.tuples(st.sampled_from(["blksize", "BLKSIZE", "windowsize", "timeout", "tsize", "rollover"]), option_values),
    max_size=4,
).map(tuple)
nearly_answers = st.one_of(
    st.builds(Data, st.integers(0, 6) | st.integers(65530, 65535), st.sampled_from([512, 511, 0, 1468, 8]).map(bytes)),
    st.builds(Ack, st.integers(0, 4)),
    st.builds(Error, st.integers(0, 9)),
    st.builds(OptionAck, nearly_options),
    st.just(ReadRequest("boot", "octet")),
).map(encode)
cut_answers = st.builds(lambda wire, length: wire[:length], nearly_answers, st.integers(0, 30))
datagrams = st.lists(
    st.tuples(
        st.one_of(st.binary(max_size=600), nearly_answers, cut_answers, st.just(bytes(65507))),
        st.sampled_from([TRANSFER, TRANSFER, TRANSFER, OTHER_TRANSFER, SERVER, STRANGER, STRANGER._replace(port=0)]),
        st.sampled_from([None, None, None, LOCAL, LOCAL._replace(port=4011)]),
        st.floats(0, 5),
    ),
    max_size=25,
)


def fetch_over(
    seed: int,
    content: bytes,
    request: RequestedOptions,
    *,
    retry: ClientRetry = WIREBOOT,
    loss: float = 0.0,
    duplication: float = 0.0,
    delay_s: float = 0.0,
    size_bytes_max: int = 1 << 24,
) -> FetchNetwork:
    """What became of fetching `content` from our server over such a network."""
    limits = OptionLimits(blksize_max=65464)
    server = TftpServer(MemoryFiles({"boot": content}), transfer_ports=TRANSFER_PORTS, option_limits=limits)
    client = TftpClient(
        "boot", SERVER, LOCAL, "eth0", request=request, retry=retry, size_bytes_max=size_bytes_max, now=NOW
    )
    network = FetchNetwork(client, server, seed, NOW, loss=loss, duplication=duplication, delay_s=delay_s)
    network.run(seconds=3600)
    assert client.ended
    assert client.next_timeout() is server.next_timeout() is None
    return network


@settings(max_examples=150, deadline=None)
@given(seeds, st.integers(0, 6000), requested, retries, st.sampled_from([0.0, 0.1, 0.3]), st.sampled_from([0.0, 0.05]))
def test_a_fetch_ends_with_exactly_the_file_or_a_definite_failure(
    seed: int, size_bytes: int, request: RequestedOptions, retry: ClientRetry, loss: float, delay_s: float
) -> None:
    content = pattern(size_bytes)
    network = fetch_over(seed, content, request, retry=retry, loss=loss, duplication=0.1, delay_s=delay_s)

    (end,) = network.ends()
    if isinstance(end, Fetched):
        assert end.content == content
    else:
        assert end.problem in (FetchProblem.NO_ANSWER, FetchProblem.SILENCE, FetchProblem.REFUSED)
    block_count = size_bytes // (request.blksize or 512) + 1
    assert network.sent_by_client <= 4 * block_count + 100


@pytest.mark.parametrize("seed", range(20))
def test_most_fetches_survive_a_network_that_loses_a_fifth(seed: int) -> None:
    """With patience on both sides, a failure at this rate would be a fault of ours."""
    content = pattern(20_000)
    request = RequestedOptions(windowsize=seed % 5 + 1, size_probe=seed % 2 == 0)
    network = fetch_over(seed, content, request, loss=0.2, duplication=0.1, delay_s=0.02)

    (end,) = network.ends()
    assert isinstance(end, Fetched), end
    assert end.content == content


@pytest.mark.parametrize("windowsize", [1, 4, 16])
def test_a_network_that_repeats_everything_makes_nobody_repeat_anything(windowsize: int) -> None:
    """The Sorcerer's Apprentice (RFC 1123 §4.2.3.1): every packet arrives twice, and each is sent once."""
    content = pattern(100_000)
    request = RequestedOptions(blksize=512, windowsize=windowsize)
    network = fetch_over(1, content, request, duplication=1.0, delay_s=0.001 if windowsize == 1 else 0.0)

    (end,) = network.ends()
    assert isinstance(end, Fetched)
    assert end.content == content
    block_count = 100_000 // 512 + 1
    # On top: the request, ACK 0, and what the second transfer of the repeated request gets.
    assert network.sent_by_client <= block_count // windowsize + 10
    assert network.sent_by_server <= block_count + 10


@pytest.mark.parametrize(("delay_s", "loss"), [(0.0, 0.01), (0.005, 0.0), (0.04, 0.02)])
def test_loss_and_disorder_in_windows_cost_a_bounded_number_of_packets(delay_s: float, loss: float) -> None:
    """RFC 7440 §4: each gap costs a window at most, and no gap makes others."""
    content = pattern(200_000)
    network = fetch_over(3, content, RequestedOptions(blksize=512, windowsize=8), loss=loss, delay_s=delay_s)

    (end,) = network.ends()
    assert isinstance(end, Fetched)
    assert end.content == content
    assert network.sent_by_server <= 8 * (200_000 // 512 + 1)
    assert network.sent_by_client <= 2 * (200_000 // 512 + 1)


def test_a_file_of_more_than_65535_blocks_arrives_whole_in_spite_of_loss() -> None:
    content = pattern(8 * 66_000)
    request = RequestedOptions(blksize=8, windowsize=64, tsize=True)
    network = fetch_over(7, content, request, loss=0.0005, duplication=0.001)

    (end,) = network.ends()
    assert isinstance(end, Fetched)
    assert end.content == content
    progress = [event for event in network.events if isinstance(event, FetchProgressed)]
    assert [event.received_bytes for event in progress] == sorted({event.received_bytes for event in progress})
    assert 5 <= len(progress) <= 50


@given(st.integers(0, 3000), st.integers(0, 3000), requested)
def test_a_file_is_taken_if_and_only_if_it_fits(
    size_bytes: int, size_bytes_max: int, request: RequestedOptions
) -> None:
    network = fetch_over(0, pattern(size_bytes), request, size_bytes_max=size_bytes_max)

    (end,) = network.ends()
    if size_bytes <= size_bytes_max:
        assert isinstance(end, Fetched)
    else:
        assert isinstance(end, FetchFailed)
        assert end.problem is FetchProblem.FILE_TOO_LARGE


@settings(max_examples=300)
@given(requested, datagrams)
def test_nothing_that_is_sent_to_it_raises_or_keeps_it(
    request: RequestedOptions, sequence: list[tuple[bytes, SocketAddress, SocketAddress | None, float]]
) -> None:
    fetch = Fetch(request)
    for payload, peer, local, pause_s in sequence:
        answers = fetch.receive(payload, peer=peer, local=local, after_s=0)
        assert len(answers) <= 2
        fetch.wait(pause_s)
    fetch.wait(100)

    assert fetch.client.ended
    assert fetch.client.next_timeout() is None
    ends = [event for event in fetch.events() if isinstance(event, Fetched | FetchFailed)]
    assert len(ends) == 1
    assert len({datagram.local.port for datagram in fetch.sent} - {4011}) <= PORTS_MAX


@given(requested, nearly_options)
def test_whatever_is_agreed_was_asked_for(request: RequestedOptions, offered: tuple[tuple[str, str], ...]) -> None:
    try:
        agreed = agree(request.in_request(), offered)
    except OptionsNotAcceptable:
        return
    parameters = agreed.parameters

    assert {name.lower() for name, _ in offered} <= {name for name, _ in request.in_request()}
    assert parameters.blksize == 512 or 8 <= parameters.blksize <= (request.blksize or 512)
    assert 1 <= parameters.windowsize <= (request.windowsize or 1)
    assert parameters.timeout_s in (None, request.timeout_s)
    assert agreed.size_bytes is None or request.tsize


def test_a_large_file_takes_no_more_time_for_a_block_than_a_small_one() -> None:
    """Kernels and initial RAM disks have hundreds of megabytes."""
    fetch = Fetch(RequestedOptions(blksize=1468, windowsize=16), size_bytes_max=1 << 30)
    fetch.receive(OptionAck((("blksize", "1468"), ("windowsize", "16"))))

    def seconds_for(first: int, count: int) -> float:
        began_at = process_time()
        for block in range(first, first + count):
            fetch.receive(Data(block % 65536, bytes(1468)), after_s=0)
        return process_time() - began_at

    early = seconds_for(1, 5_000)
    seconds_for(5_001, 50_000)
    late = seconds_for(55_001, 5_000)

    assert late < 4 * early
