"""The multicast option of TFTP, both sides (RFC 2090, whose sections have no numbers)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.multicast import MULTICAST_LIMITS, NOW, TFTP_SERVER, MulticastSegment, all_have, memory_files
from tests.support.tftp import SERVER_HOST, STRANGER, TRANSFER_PORTS, MemoryFiles, pattern
from wireboot.endpoint import Datagram, DatagramDropped, Event, GroupJoined, GroupLeft, SocketAddress
from wireboot.protocols.tftp.events import (
    TransferAborted,
    TransferEnded,
    TransferFailed,
    TransferFinished,
    TransferStarted,
)
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem, FetchProgressed
from wireboot.protocols.tftp.multicast import Assignment, MulticastLimits, parse_assignment
from wireboot.protocols.tftp.multicast_client import MulticastTftpClient
from wireboot.protocols.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    OptionAck,
    Options,
    Packet,
    ReadRequest,
    decode,
    encode,
)
from wireboot.protocols.tftp.server import TftpServer

A, B, C = (SocketAddress(IPv4Address(f"10.77.0.{100 + index}"), 2070) for index in range(3))
GROUP = SocketAddress(MULTICAST_LIMITS.groups.first, 1758)
NEXT_GROUP = GROUP._replace(host=MULTICAST_LIMITS.groups.first + 1)
CONTENT = pattern(1300)
BLOCKS = [CONTENT[:512], CONTENT[512:1024], CONTENT[1024:]]
PLEASE: Options = (("multicast", ""),)

Sent = tuple[SocketAddress, Packet]


class Server:
    """The server, the test being its clients. What it sends comes back with the address it goes to."""

    def __init__(
        self, files: Mapping[str, bytes] | None = None, *, multicast: MulticastLimits | None = MULTICAST_LIMITS
    ) -> None:
        self.files = MemoryFiles(files or {"boot": CONTENT, "other": pattern(100)})
        self.server = TftpServer(self.files, transfer_ports=TRANSFER_PORTS, multicast=multicast)
        self.now = NOW
        self.port = 0
        """From where the last packet came."""
        self._events: list[Event] = []

    def read(
        self, peer: SocketAddress = A, options: Options = PLEASE, *, file: str = "boot", mode: str = "octet"
    ) -> list[Sent]:
        return self._receive(ReadRequest(file, mode, options), peer, 69, "eth0")

    def read_by(self, interface: str, peer: SocketAddress) -> list[Sent]:
        return self._receive(ReadRequest("boot", "octet", PLEASE), peer, 69, interface)

    def send(self, packet: Packet, peer: SocketAddress = A) -> list[Sent]:
        return self._receive(packet, peer, self.port, "eth0")

    def wait(self, seconds: float) -> list[Sent]:
        end = self.now + seconds
        sent: list[Sent] = []
        while (at := self.server.next_timeout()) is not None and at <= end:
            self.now = max(self.now, at)
            self.server.handle_timeout(self.now)
            sent += self._settle()
        self.now = end
        return sent

    def events(self) -> list[Event]:
        told, self._events = self._events, []
        return told

    def ends(self) -> list[TransferEnded]:
        return [event for event in self.events() if isinstance(event, TransferEnded)]

    def _receive(self, packet: Packet, peer: SocketAddress, port: int, interface: str) -> list[Sent]:
        self.now += 0.001
        local = SocketAddress(SERVER_HOST, port)
        self.server.receive_datagram(Datagram(encode(packet), peer, local, interface), self.now)
        return self._settle()

    def _settle(self) -> list[Sent]:
        while (event := self.server.next_event()) is not None:
            self._events.append(event)
        datagrams = self.server.datagrams_to_send()
        for datagram in datagrams:
            self.port = datagram.local.port
        return [(datagram.peer, decode(datagram.payload)) for datagram in datagrams]


def block(number: int) -> Data:
    return Data(number, BLOCKS[number - 1])


def assigned(master: bool, *others: tuple[str, str], group: SocketAddress = GROUP) -> OptionAck:
    return OptionAck((("multicast", f"{group.host},{group.port},{master:d}"), *others))


# The server


def test_the_first_client_becomes_the_master() -> None:
    """RFC 2090: address, port and 1 in an OACK."""
    server = Server()
    assert server.read() == [(A, assigned(True))]
    assert server.port in TRANSFER_PORTS
    (started,) = server.events()
    assert isinstance(started, TransferStarted)
    assert (started.peer, started.group) == (A, GROUP)


def test_further_clients_are_told_to_listen() -> None:
    """RFC 2090: the same group, and 0."""
    server = Server()
    server.read(A)
    assert server.read(B) == [(B, assigned(False))]
    assert len([file for file in server.files.opened if not file.closed]) == 1


def test_an_acknowledgement_asks_for_the_block_after_it() -> None:
    """RFC 2090: and the block goes to the group."""
    server = Server()
    server.read(A)
    server.read(B)
    assert server.send(Ack(0)) == [(GROUP, block(1))]
    assert server.send(Ack(1)) == [(GROUP, block(2))]
    assert server.send(Ack(1), B) == []


def test_a_master_may_ask_for_the_blocks_it_lacks_and_no_others() -> None:
    """RFC 2090: selective requests."""
    server = Server({"boot": pattern(5 * 512)})
    server.read(A)
    assert [packet.block for _, packet in server.send(Ack(3)) if isinstance(packet, Data)] == [4]


def test_a_request_that_goes_back_is_answered_by_the_timer_alone() -> None:
    """RFC 1123 §4.2.3.1: as an old copy of an ACK it would repeat all later blocks for everybody."""
    server = Server()
    server.read(A)
    server.send(Ack(0))
    server.send(Ack(1))
    assert server.send(Ack(1)) == server.send(Ack(0)) == []
    assert server.wait(0.3) == [(GROUP, block(1))]
    assert server.wait(0.4) == [(GROUP, block(2))]


def test_when_the_master_is_done_the_next_one_is() -> None:
    """RFC 2090: a new OACK. Firmware: atftp reads none with group and port left empty."""
    server = Server()
    server.read(A)
    server.read(B)
    for number in range(3):
        server.send(Ack(number))
    assert server.send(Ack(3)) == []
    assert server.wait(0.1) == [(B, assigned(True))]
    assert server.send(Ack(1), B) == [(GROUP, block(2))]
    assert server.send(Ack(3), B) == []
    assert server.server.next_timeout() is None
    assert [file.closed for file in server.files.opened] == [True, True]
    assert [(end.peer, type(end)) for end in server.ends()] == [(A, TransferFinished), (B, TransferFinished)]


def test_clients_that_have_the_whole_file_are_not_asked_to_be_master() -> None:
    """RFC 2090: each ends with an ACK of the last block, master or not."""
    server = Server()
    for peer in (A, B, C):
        server.read(peer)
    for number in range(4):
        server.send(Ack(number))
    server.send(Ack(3), C)
    server.send(Ack(3), B)
    assert server.wait(5) == []
    assert len(server.ends()) == 3


def test_a_silent_master_is_followed_by_the_next_client() -> None:
    """RFC 2090: after the server's own timeouts."""
    server = Server()
    server.read(A)
    server.read(B)
    server.send(Ack(0))
    sent = server.wait(9)
    assert sent[0] == (GROUP, block(1))
    assert (B, assigned(True)) in sent
    assert isinstance(server.ends()[0], TransferFailed)


def test_an_unanswered_assignment_is_repeated_and_then_given_up() -> None:
    """RFC 2090: the OACK may be lost; or the request was forged, and then somebody else gets the answers."""
    server = Server()
    server.read(A)
    sent = server.wait(10)
    assert set(sent) == {(A, assigned(True))}
    assert 3 <= len(sent) <= 8
    assert server.server.next_timeout() is None


@pytest.mark.parametrize("master", [True, False])
def test_an_error_ends_one_client_and_not_the_others(master: bool) -> None:
    """RFC 2090."""
    server = Server()
    server.read(A)
    server.read(B)
    server.send(Ack(0))
    server.send(Error(0, "no more"), A if master else B)
    assert isinstance(server.ends()[0], TransferAborted)
    if master:
        assert server.wait(0.1) == [(B, assigned(True))]
        assert server.send(Ack(0), B) == [(GROUP, block(1))]
    else:
        assert server.send(Ack(1), A) == [(GROUP, block(2))]


def test_a_repeated_request_gets_the_same_answer() -> None:
    """RFC 1350 §4: it is one client still; its OACK was lost."""
    server = Server()
    server.read(A)
    server.read(B)
    assert server.read(A) == [(A, assigned(True))]
    assert server.read(B) == [(B, assigned(False))]
    assert len([event for event in server.events() if isinstance(event, TransferStarted)]) == 2


def test_block_size_and_file_size_are_agreed_besides() -> None:
    """RFC 2090: other options may be combined with it. A window or a timeout is for one client alone."""
    server = Server()
    options = (("BLKSIZE", "1024"), ("tsize", "0"), ("windowsize", "4"), ("timeout", "3"), ("Multicast", ""))
    assert server.read(A, options) == [(A, assigned(True, ("BLKSIZE", "1024"), ("tsize", "1300")))]
    assert server.send(Ack(0)) == [(GROUP, Data(1, CONTENT[:1024]))]


def test_clients_with_another_block_size_or_interface_have_another_group() -> None:
    """RFC 2090: what one group hears must be of use to all in it."""
    server = Server()
    server.read(A)
    larger = server.read(B, (("blksize", "1024"), *PLEASE))
    assert larger == [(B, assigned(True, ("blksize", "1024"), group=NEXT_GROUP))]
    third = NEXT_GROUP._replace(host=MULTICAST_LIMITS.groups.first + 2)
    assert server.read_by("eth1", C) == [(C, assigned(True, group=third))]


@pytest.mark.parametrize(
    ("multicast", "options", "mode"),
    [
        (None, PLEASE, "octet"),
        (MULTICAST_LIMITS, (("multicast", "1"),), "octet"),
        (MULTICAST_LIMITS, PLEASE, "netascii"),
        (replace(MULTICAST_LIMITS, clients_max=0), PLEASE, "octet"),
    ],
    ids=["not-configured", "not-empty", "netascii", "no-room"],
)
def test_the_option_is_left_out_where_it_cannot_be_met(
    multicast: MulticastLimits | None, options: Options, mode: str
) -> None:
    """RFC 2347: the client then has a transfer of its own."""
    server = Server(multicast=multicast)
    ((to, packet),) = server.read(A, options, mode=mode)
    assert to == A
    assert isinstance(packet, Data)


def test_a_file_of_more_blocks_than_numbers_goes_to_each_client_alone() -> None:
    """RFC 2090: a request for a missing block must mean one block."""
    server = Server({"boot": bytes(65535 * 8), "less": bytes(65534 * 8)})
    options = (("blksize", "8"), *PLEASE)
    assert server.read(A, options) == [(A, OptionAck((("blksize", "8"),)))]
    assert server.read(B, options, file="less") == [(B, assigned(True, ("blksize", "8")))]


def test_without_a_free_group_a_client_has_a_transfer_of_its_own() -> None:
    """RFC 2347: and the group is free again when its transfer has ended."""
    one = replace(MULTICAST_LIMITS, groups=replace(MULTICAST_LIMITS.groups, last=MULTICAST_LIMITS.groups.first))
    server = Server(multicast=one)
    server.read(A)
    ((_, packet),) = server.read(B, file="other")
    assert isinstance(packet, Data)
    server.read(A)
    server.send(Ack(3), A)
    assert server.read(C, file="other") == [(C, assigned(True))]


def test_late_packets_of_a_client_that_is_done_meet_silence() -> None:
    """RFC 1350 §4: error 5 is for strangers."""
    server = Server()
    server.read(A)
    server.read(B)
    server.send(Ack(3), B)
    assert server.send(Ack(3), B) == []
    ((to, error),) = server.send(Ack(3), STRANGER)
    assert to == STRANGER
    assert isinstance(error, Error)
    assert error.code == ErrorCode.UNKNOWN_TRANSFER_ID


def test_a_file_that_fails_is_told_to_everybody() -> None:
    """RFC 1350 §5, error 0."""
    server = Server()
    server.read(A)
    server.read(B)
    server.files.opened[0].broken = True
    sent = server.send(Ack(0))
    assert [to for to, _ in sent] == [A, B]
    assert all(isinstance(packet, Error) for _, packet in sent)
    assert server.server.next_timeout() is None
    assert all(file.closed for file in server.files.opened)


def test_closing_gives_back_every_file() -> None:
    """RFC 1350 §7: nobody is told; whoever asks again finds the server that follows."""
    server = Server()
    server.read(A)
    server.server.close()
    assert all(file.closed for file in server.files.opened)
    assert server.server.next_timeout() is None


# The client


class Client:
    """A client that fetches "boot", the test being its server and the other clients."""

    TRANSFER = SocketAddress(SERVER_HOST, 50001)

    def __init__(self, *, size_bytes_max: int = 1 << 20) -> None:
        self.now = NOW
        self.client = MulticastTftpClient(
            "boot", TFTP_SERVER, A, "eth0", blksize=512, size_bytes_max=size_bytes_max, now=self.now
        )
        self.sent: list[Datagram] = []
        self._events: list[Event] = []
        (self.request,) = self._settle()

    def alone(self, packet: Packet | bytes, peer: SocketAddress = TRANSFER) -> list[Packet]:
        return self._receive(packet, peer, A.port, to_group=False)

    def to_group(self, *packets: Packet, peer: SocketAddress = TRANSFER, port: int = 1758) -> list[Packet]:
        return [answer for packet in packets for answer in self._receive(packet, peer, port, to_group=True)]

    def wait(self, seconds: float) -> list[Packet]:
        end = self.now + seconds
        packets: list[Packet] = []
        while (at := self.client.next_timeout()) is not None and at <= end:
            self.now = max(self.now, at)
            self.client.handle_timeout(self.now)
            packets += self._settle()
        self.now = end
        return packets

    def abort(self) -> list[Packet]:
        self.client.abort(self.now)
        return self._settle()

    def events(self) -> list[Event]:
        told, self._events = self._events, []
        return [event for event in told if not isinstance(event, DatagramDropped | FetchProgressed)]

    def end(self) -> Fetched | FetchFailed:
        (end,) = [event for event in self.events() if isinstance(event, Fetched | FetchFailed)]
        return end

    def problem(self) -> FetchProblem:
        end = self.end()
        assert isinstance(end, FetchFailed)
        assert self.client.ended
        return end.problem

    def _receive(self, packet: Packet | bytes, peer: SocketAddress, port: int, *, to_group: bool) -> list[Packet]:
        self.now += 0.001
        payload = packet if isinstance(packet, bytes) else encode(packet)
        datagram = Datagram(payload, peer, A._replace(port=port), "eth0", to_group)
        self.client.receive_datagram(datagram, self.now)
        return self._settle()

    def _settle(self) -> list[Packet]:
        while (event := self.client.next_event()) is not None:
            self._events.append(event)
        datagrams = self.client.datagrams_to_send()
        self.sent += datagrams
        return [decode(datagram.payload) for datagram in datagrams]


def test_the_option_is_asked_for_with_an_empty_value() -> None:
    """RFC 2090."""
    client = Client()
    assert client.request == ReadRequest("boot", "octet", (("tsize", "0"), ("blksize", "512"), ("multicast", "")))
    assert client.sent[0].peer == TFTP_SERVER


def test_the_master_acknowledges_0_and_every_block() -> None:
    """RFC 2090."""
    client = Client()
    assert client.alone(assigned(True, ("tsize", "1300"))) == [Ack(0)]
    assert client.events() == [GroupJoined(MULTICAST_LIMITS.groups.first)]
    assert client.to_group(block(1), block(2), block(3)) == [Ack(1), Ack(2), Ack(3)]
    assert client.sent[-1].peer == Client.TRANSFER
    end = client.end()
    assert isinstance(end, Fetched)
    assert end.content == CONTENT
    client.wait(10)
    assert client.events() == [GroupLeft(MULTICAST_LIMITS.groups.first)]


def test_a_listener_acknowledges_the_last_block_only_and_only_when_it_has_all() -> None:
    """RFC 2090."""
    client = Client()
    assert client.alone(assigned(False)) == []
    assert client.to_group(block(3), block(1)) == []
    assert client.to_group(block(2)) == [Ack(3)]
    assert isinstance(client.end(), Fetched)


def test_a_new_master_asks_for_its_first_missing_block() -> None:
    """RFC 2090: the OACK may leave group and port empty."""
    client = Client()
    client.alone(assigned(False))
    client.to_group(block(1), block(3))
    assert client.alone(OptionAck((("multicast", ",,1"),))) == [Ack(1)]
    assert client.to_group(block(2)) == [Ack(3)]


def test_a_master_skips_what_it_has() -> None:
    """RFC 2090: selective requests."""
    client = Client()
    client.alone(assigned(False))
    client.to_group(block(2), block(3))
    assert client.alone(assigned(True)) == [Ack(0)]
    assert client.to_group(block(1)) == [Ack(3)]


def test_a_master_may_become_a_listener_again() -> None:
    """RFC 2090: by an OACK with 0."""
    client = Client()
    client.alone(assigned(True))
    client.alone(assigned(False))
    assert client.to_group(block(1), block(2)) == []


def test_a_master_repeats_its_request() -> None:
    """RFC 1350 §2: whoever waits in vain sends again."""
    client = Client()
    client.alone(assigned(True))
    client.to_group(block(1))
    assert client.wait(2.01) == [Ack(1)]
    assert client.to_group(block(1)) == []
    client.wait(0.3)
    assert client.to_group(block(1)) == [Ack(1)]


def test_an_empty_assignment_before_any_other_is_passed_over() -> None:
    """RFC 2090: the first OACK is lost, and comes again when the server is asked again."""
    client = Client()
    assert client.alone(OptionAck((("multicast", ",,1"),))) == []
    assert client.wait(0.6) == [client.request]
    assert client.alone(assigned(True)) == [Ack(0)]


def test_who_is_done_says_so_again_when_made_the_master() -> None:
    """RFC 2090: its last ACK was lost."""
    client = Client()
    client.alone(assigned(False))
    client.to_group(block(1), block(2), block(3))
    client.wait(3)
    assert client.alone(assigned(True)) == [Ack(3)]


@pytest.mark.parametrize("master", [True, False])
def test_after_three_timeouts_without_blocks_plain_tftp_is_to_be_tried(master: bool) -> None:
    """Firmware: iPXE does so. A listener asks again meanwhile, and the answer is no block."""
    client = Client()
    client.alone(assigned(master))
    sent: list[Packet] = []
    for _ in range(15):
        sent += client.wait(1)
        if not master and not client.client.ended:
            client.alone(assigned(False))
    assert client.problem() is FetchProblem.NO_MULTICAST
    assert sent[:2] == [Ack(0) if master else client.request] * 2
    assert isinstance(sent[-1], Error)


@pytest.mark.parametrize(
    "answer",
    [
        block(1),
        OptionAck((("tsize", "1300"),)),
        OptionAck((("multicast", "239.255.69.1,1759,1"),)),
        OptionAck((("multicast", "10.77.0.1,1758,1"),)),
        OptionAck((("multicast", "239.255.69.1,1758,2"),)),
        OptionAck((("multicast", "239.255.69.1,1758"),)),
        OptionAck((("multicast", "239.255.69.1,1758,1"), ("windowsize", "4"))),
        OptionAck((("multicast", "239.255.69.1,1758,1"), ("blksize", "513"))),
        Error(8, "no options"),
    ],
)
def test_without_a_usable_offer_plain_tftp_is_to_be_tried(answer: Packet) -> None:
    """RFC 2347: a server that does not know the option leaves it out; and an offer must be one that was asked for."""
    client = Client()
    sent = client.alone(answer)
    assert client.problem() is FetchProblem.NO_MULTICAST
    assert [type(packet) for packet in sent] == ([] if isinstance(answer, Error) else [Error])


def test_a_server_that_refuses_the_file_ends_the_fetch() -> None:
    """RFC 1350 §5."""
    client = Client()
    client.alone(Error(1, "file not found"))
    assert client.problem() is FetchProblem.REFUSED


def test_a_server_that_does_not_answer_leaves_plain_tftp_to_be_tried() -> None:
    """RFC 2090: old servers may not even answer such a request."""
    client = Client()
    client.wait(15)
    assert client.problem() is FetchProblem.NO_MULTICAST


def test_blocks_count_from_the_server_to_the_group_only() -> None:
    """RFC 1350 §4: the transfer identifier is that of the OACK."""
    client = Client()
    client.alone(assigned(True))
    assert client.to_group(block(1), peer=STRANGER) == []
    assert client.to_group(block(1), peer=TFTP_SERVER) == []
    assert client.to_group(block(1), port=2070) == []
    assert client.alone(block(1)) == client.alone(b"\0\3") == client.alone(block(1), STRANGER) == []
    assert client.to_group(block(1)) == [Ack(1)]


@pytest.mark.parametrize(
    ("size_bytes_max", "tsize", "blocks", "problem"),
    [
        (1299, "1300", [], FetchProblem.FILE_TOO_LARGE),
        (1299, None, [1, 2, 3], FetchProblem.FILE_TOO_LARGE),
        (2000, "1299", [1, 2, 3], FetchProblem.PACKET_INVALID),
    ],
)
def test_the_size_must_fit_and_be_as_announced(
    size_bytes_max: int, tsize: str | None, blocks: list[int], problem: FetchProblem
) -> None:
    """RFC 2349."""
    client = Client(size_bytes_max=size_bytes_max)
    sent = client.alone(assigned(False, *(() if tsize is None else (("tsize", tsize),))))
    sent += client.to_group(*map(block, blocks))
    assert client.problem() is problem
    assert isinstance(sent[-1], Error)


def test_who_aborts_tells_the_server() -> None:
    """RFC 2090: a client ends with an ERROR, if not with an ACK of the last block."""
    client = Client()
    client.alone(assigned(False))
    assert client.abort() == [Error(0, "transfer aborted")]
    assert client.client.ended


@pytest.mark.parametrize(
    ("written", "assignment"),
    [
        ("239.255.69.1,1758,1", Assignment(IPv4Address("239.255.69.1"), 1758, True)),
        ("239.255.69.1,1758,0", Assignment(IPv4Address("239.255.69.1"), 1758, False)),
        (",,1", Assignment(None, None, True)),
    ],
)
def test_assignments_are_read_and_written(written: str, assignment: Assignment) -> None:
    """RFC 2090."""
    assert parse_assignment(written) == assignment
    assert str(assignment) == written


# Both


def test_all_who_ask_together_share_one_transfer() -> None:
    """RFC 2090."""
    content = pattern(50_000)
    segment = MulticastSegment(server_of(content))
    members = [segment.add_multicast() for _ in range(5)]
    segment.run(60)

    assert all_have(members, content)
    assert segment.sent_to[GROUP] == 50_000 // 512 + 1


def test_who_joins_in_the_middle_gets_the_head_when_it_is_master() -> None:
    """RFC 2090: only what it has missed is sent again."""
    content = pattern(50_000)
    segment = MulticastSegment(server_of(content))
    first = segment.add_multicast()
    segment.run_until_blocks(40)
    late = segment.add_multicast()
    segment.run(60)

    assert all_have([first, late], content)
    assert segment.sent_to[GROUP] <= 50_000 // 512 + 1 + 42


def test_a_killed_master_is_succeeded() -> None:
    """RFC 2090: the server appoints the next."""
    content = pattern(50_000)
    segment = MulticastSegment(server_of(content))
    members = [segment.add_multicast() for _ in range(5)]
    segment.run_until_blocks(20)
    segment.kill(members[0])
    segment.run(120)

    assert all_have(members[1:], content)


def test_a_client_missing_every_third_block_asks_for_those_alone() -> None:
    """RFC 2090: selective requests."""
    content = pattern(50_000)
    segment = MulticastSegment(server_of(content))
    members = [segment.add_multicast() for _ in range(3)]
    lost = set(range(3, 98, 3))
    members[1].lost_blocks |= lost
    segment.run(60)

    assert all_have(members, content)
    assert segment.sent_to[GROUP] == 50_000 // 512 + 1 + len(range(3, 98, 3))


def server_of(content: bytes) -> TftpServer:
    return TftpServer(memory_files(boot=content), transfer_ports=TRANSFER_PORTS, multicast=MULTICAST_LIMITS)
