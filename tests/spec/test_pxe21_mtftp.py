"""PXE's multicast TFTP, both sides (PXE 2.1 §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.multicast import MTFTP_SERVER, NOW, OFFERS, Link, MulticastSegment, all_have, memory_files
from tests.support.tftp import SERVER_HOST, STRANGER, MemoryFiles, pattern
from wireboot.endpoint import Datagram, DatagramDropped, Event, GroupJoined, GroupLeft, SocketAddress
from wireboot.protocols.tftp.events import (
    RequestRefused,
    TransferAborted,
    TransferFailed,
    TransferFinished,
    TransferStarted,
)
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem, FetchProgressed
from wireboot.protocols.tftp.mtftp import BLOCKS_MAX, MtftpParameters
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.protocols.tftp.mtftp_server import MtftpServer
from wireboot.protocols.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    OptionAck,
    Packet,
    ReadRequest,
    WriteRequest,
    decode,
    encode,
)

OPENER = SocketAddress(IPv4Address("10.77.0.100"), 1760)
OTHER = SocketAddress(IPv4Address("10.77.0.101"), 1760)
GROUP = SocketAddress(OFFERS["boot"].group, 1760)
OTHER_GROUP = SocketAddress(OFFERS["other"].group, 1760)
READ = ReadRequest("boot", "octet")
CONTENT = pattern(1300)
"""Three blocks."""
BLOCKS = [CONTENT[:512], CONTENT[512:1024], CONTENT[1024:]]

Sent = tuple[SocketAddress, Packet]


class Server:
    """The server, the test being its clients. What it sends comes back with the address it goes to."""

    def __init__(self, files: Mapping[str, bytes] | MemoryFiles | None = None) -> None:
        given = {"boot": CONTENT, "other": pattern(100)} if files is None else files
        self.files = given if isinstance(given, MemoryFiles) else MemoryFiles(given)
        self.server = MtftpServer(self.files, OFFERS)
        self.now = NOW
        self.sent: list[Datagram] = []
        self._events: list[Event] = []

    def send(
        self,
        packet: Packet | bytes,
        peer: SocketAddress = OPENER,
        *,
        port: int = MTFTP_SERVER.port,
        interface: str = "eth0",
        to_group: bool = False,
    ) -> list[Sent]:
        payload = packet if isinstance(packet, bytes) else encode(packet)
        local = SocketAddress(SERVER_HOST, port)
        self.server.receive_datagram(Datagram(payload, peer, local, interface, to_group), self.now)
        return self._settle()

    def wait(self, seconds: float) -> list[Sent]:
        end = self.now + seconds
        sent: list[Sent] = []
        while (at := self.server.next_timeout()) is not None and at <= end:
            self.now = max(self.now, at)
            self.server.handle_timeout(self.now)
            sent += self._settle()
        self.now = end
        return sent

    def use_offers(self, offers: Mapping[str, MtftpParameters]) -> list[Sent]:
        self.server.use_offers(offers, self.now)
        return self._settle()

    def events(self) -> list[Event]:
        told, self._events = self._events, []
        return told

    def _settle(self) -> list[Sent]:
        while (event := self.server.next_event()) is not None:
            self._events.append(event)
        datagrams = self.server.datagrams_to_send()
        self.sent += datagrams
        return [(datagram.peer, decode(datagram.payload)) for datagram in datagrams]


class Client:
    """A client that fetches "boot", the test being its server and the other clients. Its jitter is half a second."""

    def __init__(self, *, size_bytes_max: int = 1 << 20, listen_s: int = 2, transmit_s: int = 2) -> None:
        self.now = NOW
        self.parameters = replace(OFFERS["boot"], listen_timeout_s=listen_s, transmit_timeout_s=transmit_s)
        self.client = MtftpClient(
            "boot",
            SERVER_HOST,
            self.parameters,
            IPv4Address(str(OPENER.host)),
            "eth0",
            size_bytes_max=size_bytes_max,
            random=lambda: 0.5,
            now=self.now,
        )
        self.sent: list[Datagram] = []
        self._events: list[Event] = []
        self._settle()

    def to_group(self, *packets: Packet | bytes, peer: SocketAddress = MTFTP_SERVER) -> list[Packet]:
        return [answer for packet in packets for answer in self._receive(packet, peer, to_group=True)]

    def alone(self, *packets: Packet | bytes, peer: SocketAddress = MTFTP_SERVER) -> list[Packet]:
        return [answer for packet in packets for answer in self._receive(packet, peer, to_group=False)]

    def wait(self, seconds: float) -> list[Packet]:
        end = self.now + seconds
        packets: list[Packet] = []
        while (at := self.client.next_timeout()) is not None and at <= end:
            self.now = max(self.now, at)
            self.client.handle_timeout(self.now)
            packets += self._settle()
        self.now = end
        return packets

    def become_master(self) -> None:
        """Listen, open, and get block 1 both ways."""
        assert self.wait(self.parameters.listen_timeout_s) == [READ]
        assert self.alone(block(1)) == []
        assert self.to_group(block(1)) == [Ack(1)]

    def abort(self) -> list[Packet]:
        self.client.abort(self.now)
        return self._settle()

    def events(self) -> list[Event]:
        told, self._events = self._events, []
        return [event for event in told if not isinstance(event, DatagramDropped | FetchProgressed)]

    def end(self) -> Fetched | FetchFailed:
        (end,) = [event for event in self.events() if isinstance(event, Fetched | FetchFailed)]
        return end

    def _receive(self, packet: Packet | bytes, peer: SocketAddress, *, to_group: bool) -> list[Packet]:
        self.now += 0.001
        payload = packet if isinstance(packet, bytes) else encode(packet)
        self.client.receive_datagram(Datagram(payload, peer, OPENER, "eth0", to_group), self.now)
        return self._settle()

    def _settle(self) -> list[Packet]:
        while (event := self.client.next_event()) is not None:
            self._events.append(event)
        datagrams = self.client.datagrams_to_send()
        self.sent += datagrams
        return [decode(datagram.payload) for datagram in datagrams]


def block(number: int) -> Data:
    return Data(number, BLOCKS[number - 1])


# The server


def test_block_1_goes_to_the_opener_and_to_the_group() -> None:
    """PXE 2.1 §2.3: both copies, from the server port and the address that was asked."""
    server = Server()

    assert server.send(READ) == [(OPENER, block(1)), (GROUP, block(1))]
    assert {(datagram.local, datagram.interface) for datagram in server.sent} == {(MTFTP_SERVER, "eth0")}


def test_every_later_block_goes_to_the_group_alone() -> None:
    """PXE 2.1 §2.3: from block 2 on by multicast."""
    server = Server()
    server.send(READ)

    assert server.send(Ack(1)) == [(GROUP, block(2))]
    assert server.send(Ack(2)) == [(GROUP, block(3))]
    assert server.send(Ack(3)) == []
    started, finished = server.events()
    assert isinstance(started, TransferStarted)
    assert (started.peer, started.group, started.size_bytes) == (OPENER, GROUP, 1300)
    assert isinstance(finished, TransferFinished)
    assert (finished.confirmed, finished.sent_bytes, finished.resends) == (True, 1300, 0)
    assert [file.closed for file in server.files.opened] == [True]


@pytest.mark.parametrize("size_bytes", [0, 512, 1024])
def test_an_exact_multiple_ends_with_an_empty_block(size_bytes: int) -> None:
    """RFC 1350 §6."""
    server = Server({"boot": bytes(size_bytes)})
    last = size_bytes // 512 + 1
    server.send(READ)
    for number in range(1, last):
        server.send(Ack(number))

    assert decode(server.sent[-1].payload) == Data(last, b"")
    server.send(Ack(last))
    assert server.server.next_timeout() is None


def test_only_the_openers_acknowledgements_count() -> None:
    """PXE 2.1 §2.3: the others are passive; no ERROR may end a fetch that is only late."""
    server = Server()
    server.send(READ)

    assert server.send(Ack(1), OTHER) == []
    assert server.send(Ack(1)) == [(GROUP, block(2))]


def test_a_repeated_acknowledgement_sends_nothing_again() -> None:
    """RFC 1123 §4.2.3.1: or each would double all later blocks, for everybody."""
    server = Server()
    server.send(READ)
    server.send(Ack(1))

    assert server.send(Ack(1)) == []


def test_block_1_is_resent_both_ways_and_later_ones_to_the_group() -> None:
    """PXE 2.1 §2.3: until block 1 is acknowledged the opener needs a copy of its own."""
    server = Server()
    server.send(READ)
    assert server.wait(0.25) == [(OPENER, block(1)), (GROUP, block(1))]
    server.send(Ack(1))
    assert server.wait(0.6) == [(GROUP, block(2))]


def test_who_stays_silent_is_given_up_and_the_file_is_idle_again() -> None:
    """PXE 2.1 §2.3: the passive clients open again."""
    server = Server()
    server.send(READ)
    server.send(Ack(1))
    server.wait(20)

    assert [type(event) for event in server.events()] == [TransferStarted, TransferFailed]
    assert server.send(READ, OTHER) == [(OTHER, block(1)), (GROUP, block(1))]


def test_the_last_block_unconfirmed_makes_the_file_idle_too() -> None:
    """PXE 2.1 §2.3: the final ACK may be lost."""
    server = Server({"boot": b"short"})
    server.send(READ)
    server.send(READ)
    server.wait(20)

    assert server.server.next_timeout() is None
    assert all(file.closed for file in server.files.opened)


def test_a_request_for_a_file_under_way_is_ignored() -> None:
    """PXE 2.1 §2.3: who asks hears the running transmission, and the missed head in the next."""
    server = Server()
    server.send(READ)
    server.events()

    assert server.send(READ, OTHER) == []
    (dropped,) = server.events()
    assert isinstance(dropped, DatagramDropped)


def test_the_openers_repeated_request_brings_block_1_again_until_it_is_acknowledged() -> None:
    """PXE 2.1 §2.3: afterwards it is an old copy."""
    server = Server()
    server.send(READ)
    assert server.send(READ) == [(OPENER, block(1)), (GROUP, block(1))]
    server.send(Ack(1))
    assert server.send(READ) == []


def test_each_interface_has_a_transmission_of_its_own() -> None:
    """RFC 1112 §6.1: multicast leaves by the interface by which the request came, and is not forwarded."""
    server = Server()
    server.send(READ)
    assert server.send(READ, OTHER, interface="eth1") == [(OTHER, block(1)), (GROUP, block(1))]
    assert server.send(Ack(1), OTHER, interface="eth0") == []
    assert server.send(Ack(1), OTHER, interface="eth1") == [(GROUP, block(2))]
    assert server.sent[-1].interface == "eth1"


def test_files_that_share_a_server_port_are_told_apart_by_the_opener() -> None:
    """PXE 2.1 §2.3: an ACK carries no file name."""
    server = Server()
    server.send(READ)
    server.send(ReadRequest("other", "octet"), OTHER)

    assert server.send(Ack(1)) == [(GROUP, block(2))]
    assert server.send(Ack(1), OTHER) == []
    assert any(isinstance(event, TransferFinished) and event.file == "other" for event in server.events())


def test_a_client_has_one_transmission_open_at_most() -> None:
    """PXE 2.1 §2.3: with two, its ACKs would say nothing. The later request counts."""
    server = Server()
    server.send(READ)
    sent = server.send(ReadRequest("other", "octet"))

    assert sent == [(OPENER, Data(1, pattern(100))), (OTHER_GROUP, Data(1, pattern(100)))]
    assert any(isinstance(event, TransferAborted) and event.file == "boot" for event in server.events())
    assert [file.closed for file in server.files.opened] == [True, False]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ReadRequest("elsewhere", "octet"), ErrorCode.FILE_NOT_FOUND),
        (ReadRequest("../boot", "octet"), ErrorCode.ACCESS_VIOLATION),
        (ReadRequest("boot", "netascii"), ErrorCode.ILLEGAL_OPERATION),
        (WriteRequest("boot", "octet"), ErrorCode.ACCESS_VIOLATION),
        (b"\0\1boot", ErrorCode.ILLEGAL_OPERATION),
        (b"\0\x07boot\0octet\0", ErrorCode.ILLEGAL_OPERATION),
    ],
)
def test_what_is_not_served_is_refused_to_who_asked_alone(request_: Packet | bytes, code: ErrorCode) -> None:
    """RFC 1350 §5: an ERROR, by unicast, and nothing is kept."""
    server = Server()
    ((to, error),) = server.send(request_)

    assert to == OPENER
    assert isinstance(error, Error)
    assert error.code == code
    assert [type(event) for event in server.events()] == [RequestRefused]
    assert server.server.next_timeout() is None


def test_options_are_not_negotiated() -> None:
    """PXE 2.1 §2.3: blocks have 512 bytes, and there is no OACK."""
    server = Server()
    sent = server.send(ReadRequest("boot", "octet", (("blksize", "1428"), ("tsize", "0"))))
    assert sent == [(OPENER, block(1)), (GROUP, block(1))]


@pytest.mark.parametrize(("last_block", "served"), [(BLOCKS_MAX, True), (BLOCKS_MAX + 1, False)])
def test_a_file_of_more_blocks_than_numbers_is_refused(last_block: int, served: bool) -> None:
    """PXE 2.1 §2.3: 16-bit numbers that do not start over; who joins late could not place the blocks."""
    server = Server({"boot": bytes((last_block - 1) * 512)})
    packets = [packet for _, packet in server.send(READ)]

    assert isinstance(packets[0], Data) is served
    if not served:
        (error,) = packets
        assert isinstance(error, Error)
        assert "use TFTP" in error.text
        assert [file.closed for file in server.files.opened] == [True]


def test_the_openers_error_ends_the_transmission() -> None:
    """RFC 1350 §7."""
    server = Server()
    server.send(READ)
    server.send(Error(0, "no more"), OTHER)
    assert server.server.next_timeout() is not None
    server.send(Error(0, "no more"))
    assert server.server.next_timeout() is None
    assert isinstance(server.events()[-1], TransferAborted)


def test_a_file_that_fails_midway_is_told_to_the_opener() -> None:
    """RFC 1350 §5, error 0: the others ask again, and may find it repaired."""
    server = Server()
    server.send(READ)
    server.files.opened[0].broken = True
    ((to, error),) = server.send(Ack(1))

    assert to == OPENER
    assert isinstance(error, Error)
    assert server.files.opened[0].closed
    assert isinstance(server.events()[-1], TransferFailed)


@pytest.mark.parametrize(
    "peer",
    [
        STRANGER._replace(port=0),
        SocketAddress(IPv4Address("0.0.0.0"), 1760),
        SocketAddress(IPv4Address("255.255.255.255"), 1760),
        GROUP,
    ],
)
def test_who_is_no_host_gets_no_answer(peer: SocketAddress) -> None:
    """RFC 1122 §3.2.1.3: the answer would go to everybody, or to nobody."""
    assert Server().send(READ, peer) == []


def test_what_was_sent_to_everybody_or_to_another_port_gets_no_answer() -> None:
    """RFC 1123 §4.2.3.5."""
    assert Server().send(READ, to_group=True) == []
    assert Server().send(READ, port=1758) == []


def test_other_offers_take_effect_at_once() -> None:
    """PXE 2.1 §2.3: what is offered as before goes on; the rest ends, so that no group carries two files."""
    server = Server()
    server.send(READ)
    server.send(ReadRequest("other", "octet"), OTHER)
    server.use_offers({"other": OFFERS["other"]})

    assert server.send(Ack(1)) == []
    server.send(Ack(1), OTHER)
    assert [type(event) for event in server.events()][2:] == [TransferAborted, DatagramDropped, TransferFinished]
    ((_, error),) = server.send(READ)
    assert isinstance(error, Error)


def test_closing_gives_back_every_file() -> None:
    """RFC 1350 §7: nobody is told; whoever asks again finds the server that follows."""
    server = Server()
    server.send(READ)
    server.server.close()
    assert server.files.opened[0].closed
    assert server.server.next_timeout() is None


# The client


def test_a_client_listens_before_it_asks() -> None:
    """PXE 2.1 §2.3, Listen: it joins the group and sends nothing for the listen timeout."""
    client = Client(listen_s=3)
    assert client.events() == [GroupJoined(OFFERS["boot"].group)]
    assert client.wait(2.9) == []
    assert client.wait(0.2) == [READ]
    assert (client.sent[0].peer, client.sent[0].local) == (MTFTP_SERVER, OPENER)


def test_who_hears_a_transmission_does_not_ask() -> None:
    """PXE 2.1 §2.3, Listen: data to the group makes it a passive receiver."""
    client = Client()
    assert client.to_group(block(1)) == []
    client.wait(1.5)
    assert client.to_group(block(2), block(3)) == []
    end = client.end()
    assert isinstance(end, Fetched)
    assert (end.content, end.transport) == (CONTENT, "mtftp")
    assert client.client.ended


def test_who_gets_block_1_both_ways_acknowledges() -> None:
    """PXE 2.1 §2.3, Open."""
    client = Client()
    client.become_master()
    assert client.to_group(block(2)) == [Ack(2)]
    assert client.to_group(block(3)) == [Ack(3)]
    end = client.end()
    assert isinstance(end, Fetched)
    assert end.content == CONTENT


def test_a_file_of_one_block_is_done_with_the_first_acknowledgement() -> None:
    """PXE 2.1 §2.3, Open: block 1 both ways may be all of it."""
    client = Client()
    client.wait(2)
    client.alone(Data(1, b"short"))
    assert client.to_group(Data(1, b"short")) == [Ack(1)]
    end = client.end()
    assert isinstance(end, Fetched)
    assert end.content == b"short"


def test_the_two_copies_may_come_in_either_order() -> None:
    """PXE 2.1 §2.3, Open."""
    client = Client()
    client.wait(2)
    assert client.to_group(block(1)) == []
    assert client.alone(block(1)) == [Ack(1)]


def test_block_2_without_an_own_copy_of_block_1_means_that_another_is_master() -> None:
    """PXE 2.1 §2.3, Open: it goes passive with two blocks in hand."""
    client = Client()
    client.wait(2)
    assert client.to_group(block(1), block(2), block(3)) == []
    assert isinstance(client.end(), Fetched)


def test_another_first_packet_means_a_transmission_that_began_earlier() -> None:
    """PXE 2.1 §2.3, Open: passive from the beginning; the head comes in the next transmission."""
    client = Client()
    client.wait(2)
    assert client.to_group(block(3)) == []
    assert client.wait(2) == []
    assert client.to_group(block(1), block(2)) == []
    assert isinstance(client.end(), Fetched)


def test_an_unanswered_request_is_sent_three_times() -> None:
    """PXE 2.1 §2.3, Open: then plain TFTP is to be tried."""
    client = Client()
    assert client.wait(2 + 3 * 2) == [READ] * 3
    end = client.end()
    assert isinstance(end, FetchFailed)
    assert end.problem is FetchProblem.NO_MULTICAST
    assert client.client.ended


def test_an_own_copy_alone_means_that_multicast_does_not_work_here() -> None:
    """PXE 2.1 §2.3, Open: plain TFTP is to be tried."""
    client = Client()
    client.wait(2)
    assert client.alone(block(1), block(1)) == []
    assert client.wait(6) == [READ] * 2
    end = client.end()
    assert isinstance(end, FetchFailed)
    assert end.problem is FetchProblem.NO_MULTICAST


def test_the_master_acknowledges_what_it_has_already() -> None:
    """PXE 2.1 §2.3, Receive: the others may need it."""
    client = Client()
    client.to_group(block(1), block(3))
    client.wait(0.1)
    assert client.wait(5) == [READ]
    client.alone(block(1))
    assert client.to_group(block(1), block(2), block(3)) == [Ack(1), Ack(2), Ack(3)]
    assert isinstance(client.end(), Fetched)


def test_the_master_resends_its_acknowledgement() -> None:
    """PXE 2.1 §2.3, Receive: three tries, the transmit timeout apart; what is held is kept."""
    client = Client(transmit_s=3)
    client.become_master()
    assert client.to_group(block(2)) == [Ack(2)]
    assert client.wait(3 * 3) == [Ack(2)] * 2
    assert client.to_group(block(3)) == []
    assert isinstance(client.end(), Fetched)


def test_a_repeat_right_after_the_acknowledgement_is_not_acknowledged_again() -> None:
    """PXE 2.1 §2.3, RFC 1123 §4.2.3.1: the network made it, or its own copy was late."""
    client = Client()
    client.become_master()
    assert client.to_group(block(1)) == client.alone(block(1)) == []
    client.wait(0.3)
    assert client.to_group(block(1)) == [Ack(1)]


def test_a_master_that_hears_later_blocks_is_master_no_more() -> None:
    """PXE 2.1 §2.3: the server has given it up, and another sets the pace."""
    client = Client()
    client.become_master()
    assert client.to_group(block(3), block(2)) == []
    assert isinstance(client.end(), Fetched)


def test_the_last_block_is_acknowledged_again_when_it_comes_again() -> None:
    """RFC 1350 §6: who has the file stays for a moment, since its final ACK may be lost."""
    client = Client()
    client.become_master()
    client.to_group(block(2), block(3))
    client.wait(0.3)
    assert client.to_group(block(3)) == [Ack(3)]
    client.wait(3)
    assert client.client.ended
    assert client.events()[-1] == GroupLeft(OFFERS["boot"].group)


def test_the_wait_before_the_next_request_is_the_shorter_the_more_is_missing() -> None:
    """PXE 2.1 §2.3, Close: listen timeout minus missing blocks, and the neediest becomes the master."""

    def asks_after_s(missing: int) -> float:
        client = Client(listen_s=10)
        held = [Data(number, bytes(512)) for number in range(1, 20 - missing)]
        client.to_group(*held, Data(20, b""))
        at = client.client.next_timeout()
        assert at is not None
        return at - client.now

    assert [round(asks_after_s(missing), 3) for missing in (1, 4, 9, 15)] == [19.5, 16.5, 11.5, 10.5]


def test_silence_ends_a_transmission_for_a_listener() -> None:
    """PXE 2.1 §2.3, Close: after the transmit timeout; then it listens, and asks."""
    client = Client()
    client.to_group(block(1))
    assert client.wait(2 + 2 + 1.4) == []
    assert client.wait(1.2) == [READ]


@pytest.mark.parametrize("as_master", [False, True])
def test_an_error_ends_the_fetch_of_who_asked(as_master: bool) -> None:
    """RFC 1350 §7."""
    client = Client()
    if as_master:
        client.become_master()
    else:
        client.wait(2)
    client.alone(Error(1, "no such file"))
    end = client.end()
    assert isinstance(end, FetchFailed)
    assert (end.problem, end.code, end.text) == (FetchProblem.REFUSED, 1, "no such file")


def test_an_error_does_not_concern_who_has_not_asked() -> None:
    """RFC 1350 §7."""
    client = Client()
    client.to_group(block(1))
    client.alone(Error(1, "no such file"))
    client.to_group(block(2), block(3))
    assert isinstance(client.end(), Fetched)


def test_only_the_server_at_its_port_is_listened_to() -> None:
    """PXE 2.1 §2.3: the reference client looks at address and port."""
    client = Client()
    client.to_group(block(1), peer=STRANGER)
    client.to_group(block(1), peer=MTFTP_SERVER._replace(port=69))
    client.to_group(b"\0", b"", b"\0\3\0")
    client.to_group(OptionAck(()), ReadRequest("boot", "octet"))
    assert client.wait(2) == [READ]


@pytest.mark.parametrize(
    "blocks",
    [
        [Data(1, bytes(512)), Data(3, b"end"), Data(2, b"another end")],
        [Data(2, b"end"), Data(3, bytes(512))],
        [Data(3, bytes(512)), Data(2, b"end")],
        [Data(1, bytes(512)), Data(1, bytes(511) + b"x")],
        [Data(1, bytes(513))],
        [Data(0, bytes(512))],
    ],
    ids=["other-end", "grown", "shrunk", "changed", "large-block", "block-0"],
)
def test_a_file_that_changes_between_transmissions_is_not_put_together(blocks: list[Data]) -> None:
    """PXE 2.1 §2.3: what is held must be of the same file as what comes."""
    client = Client()
    client.to_group(*blocks)
    end = client.end()
    assert isinstance(end, FetchFailed)
    assert end.problem is FetchProblem.PACKET_INVALID


def test_a_file_without_room_is_not_taken() -> None:
    """RFC 1350 appendix I, error 3."""
    client = Client(size_bytes_max=1299)
    client.to_group(block(3))
    end = client.end()
    assert isinstance(end, FetchFailed)
    assert end.problem is FetchProblem.FILE_TOO_LARGE


def test_who_aborts_as_master_tells_the_server() -> None:
    """RFC 1350 §7: the others need not wait for its silence to be noticed."""
    client = Client()
    client.become_master()
    assert client.abort() == [Error(0, "transfer aborted")]
    assert client.client.ended
    assert not any(isinstance(event, Fetched | FetchFailed) for event in client.events())


def test_a_server_that_repeats_itself_for_ever_is_given_up() -> None:
    """RFC 1350 §7: silence ends a transfer, and so does what brings nothing new."""
    client = Client()
    for _ in range(700):
        client.to_group(block(1))
        client.wait(1)
    end = client.end()
    assert isinstance(end, FetchFailed)
    assert end.problem is FetchProblem.NO_MULTICAST


# Both


def test_one_transmission_serves_all_who_listen() -> None:
    """PXE 2.1 §2.3."""
    content = pattern(50_000)
    segment = MulticastSegment(MtftpServer(memory_files(boot=content), OFFERS))
    members = [segment.add_mtftp() for _ in range(3)]
    segment.run(60)

    assert all_have(members, content)
    assert segment.sent_to[GROUP] == 50_000 // 512 + 1


def test_who_joins_in_the_middle_gets_the_head_in_the_next_transmission() -> None:
    """PXE 2.1 §2.3: the server always sends the whole file."""
    content = pattern(50_000)
    segment = MulticastSegment(MtftpServer(memory_files(boot=content), OFFERS))
    first = segment.add_mtftp()
    segment.run_until_blocks(40)
    late = segment.add_mtftp()
    segment.run(60)

    assert all_have([first, late], content)
    assert first.ended_at < late.ended_at
    assert segment.sent_to[GROUP] == 2 * (50_000 // 512 + 1)


def test_a_killed_master_is_succeeded() -> None:
    """PXE 2.1 §2.3: the passive ones notice the silence, and one of them opens."""
    content = pattern(50_000)
    segment = MulticastSegment(MtftpServer(memory_files(boot=content), OFFERS))
    members = [segment.add_mtftp() for _ in range(5)]
    segment.run_until_blocks(20)
    master = next(member for member in members if segment.sent_to[SocketAddress(member.address, 1760)])
    segment.kill(master)
    segment.run(120)

    assert all_have([member for member in members if member is not master], content)


@pytest.mark.parametrize("lost", [{1}, {1, 2}, set(range(1, 99, 3))], ids=["block-1", "two", "every-third"])
def test_a_client_that_misses_blocks_gets_them_in_a_later_transmission(lost: set[int]) -> None:
    """PXE 2.1 §2.3: it keeps a map of what it holds."""
    content = pattern(50_000)
    segment = MulticastSegment(MtftpServer(memory_files(boot=content), OFFERS))
    members = [segment.add_mtftp() for _ in range(3)]
    members[2].lost_blocks |= lost
    segment.run(120)

    assert all_have(members, content)


def test_a_master_that_misses_multicast_blocks_gets_them_again() -> None:
    """PXE 2.1 §2.3: the server's timer, or the client's, sends again."""
    content = pattern(5_000)
    segment = MulticastSegment(MtftpServer(memory_files(boot=content), OFFERS))
    member = segment.add_mtftp()
    member.lost_blocks |= {1, 4, 10}
    segment.run(60)

    assert all_have([member], content)


def test_two_files_go_to_two_groups_at_once() -> None:
    """PXE 2.1 §2.3: a group carries one file, and the server port may be shared."""
    boot, other = pattern(50_000), pattern(30_000)[::-1]
    segment = MulticastSegment(MtftpServer(memory_files(boot=boot, other=other), OFFERS))
    members = [segment.add_mtftp(file) for file in ("boot", "other") * 4]
    segment.run(120)

    assert all_have(members[::2], boot)
    assert all_have(members[1::2], other)


def test_without_multicast_reaching_it_a_client_is_told_to_try_plain_tftp() -> None:
    """PXE 2.1 §2.3: only its own copies arrive."""
    segment = MulticastSegment(MtftpServer(memory_files(boot=pattern(5_000)), OFFERS))
    elsewhere = MtftpParameters(OFFERS["other"].group, 1760, MTFTP_SERVER.port, 2, 2)
    member = segment.add_mtftp("boot", Link(), parameters=elsewhere)
    segment.run(60)

    assert member.problem is FetchProblem.NO_MULTICAST
