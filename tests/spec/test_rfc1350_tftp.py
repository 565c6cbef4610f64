"""RFC 1350, the TFTP protocol, in its order; with RFC 1123 §4.2 where that corrects it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from tests.support.tftp import CLIENT, SERVER_HOST, STRANGER, TRANSFER_PORTS, Conversation, blocks, numbers, pattern
from wireboot.endpoint import DatagramDropped, SocketAddress
from wireboot.errors import DecodeError
from wireboot.protocols.tftp.events import (
    RequestRefused,
    TransferAborted,
    TransferFailed,
    TransferFinished,
    TransferStarted,
)
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
from wireboot.protocols.tftp.sender import RetryPolicy
from wireboot.protocols.tftp.server import ServerLimits

PACKETS: list[tuple[str, Packet]] = [
    ("0001 626f6f7400 6f6374657400", ReadRequest("boot", "octet")),
    ("0001 626f6f7400 4f4354455400 7473697a6500 3000", ReadRequest("boot", "OCTET", (("tsize", "0"),))),
    ("0001 00 6f6374657400", ReadRequest("", "octet")),
    ("0002 7700 6f6374657400", WriteRequest("w", "octet")),
    ("0003 0002", Data(2, b"")),
    ("0003 ffff 00ff", Data(65535, b"\x00\xff")),
    ("0004 0000", Ack(0)),
    ("0005 0001 6e6f00", Error(1, "no")),
    ("0005 00ff 00", Error(255)),
    ("0006 626c6b73697a6500 3134363800", OptionAck((("blksize", "1468"),))),
    ("0006", OptionAck(())),
]
# fmt: off
NO_PACKETS = [
    "", "00", "0000", "0007 0001", "0008", "0009", "ffff",
    "0001", "0001 61", "0001 6100", "0001 6100 6f63746574",
    "0001 6100 6100 62", "0001 6100 6100 6200", "0001 6100 6100 00 6200",
    "0003", "000300", "0004 00", "0005 00", "0006 61", "0006 6200",
]
# fmt: on


# §1, purpose


@pytest.mark.parametrize("mode", ["octet", "OCTET", "OcTeT"])
def test_the_mode_is_read_in_any_case(mode: str) -> None:
    """RFC 1350 §5: the mode is given in any combination of upper and lower case."""
    assert Conversation({"boot": b"x"}).read("boot", mode=mode) == [Data(1, b"x")]


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"a\nb", b"a\r\nb"),
        (b"a\rb", b"a\r\0b"),
        (b"a\r\nb", b"a\r\0\r\nb"),
        (b"", b""),
        (b"\n" * 512, b"\r\n" * 512),
        (b"\r" * 40_000, b"\r\0" * 40_000),
    ],
)
def test_netascii_ends_lines_with_cr_lf_and_marks_other_crs(content: bytes, sent: bytes) -> None:
    """RFC 1350 §1, RFC 764: the end of line is CR LF, a CR by itself is CR NUL; blocks are cut after that."""
    assert Conversation({"text": content}).fetch("text", mode="netascii") == sent


@pytest.mark.parametrize("mode", ["mail", "", "binary", "octets"])
def test_other_modes_are_illegal(mode: str) -> None:
    """RFC 1350 §1: mail mode is obsolete and should not be implemented."""
    conversation = Conversation({"boot": b"x"})

    (refusal,) = conversation.read("boot", mode=mode)

    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.ILLEGAL_OPERATION


# §2, overview


@pytest.mark.parametrize("size_bytes", [0, 1, 511, 512, 513, 1024, 5000])
def test_a_file_comes_in_blocks_of_512_bytes_and_ends_with_a_shorter_one(size_bytes: int) -> None:
    """RFC 1350 §2, §6: the last block has 0 to 511 bytes; an exact multiple is followed by an empty block."""
    content = pattern(size_bytes)
    conversation = Conversation({"boot": content})

    assert conversation.fetch("boot") == content
    assert len(conversation.sent) == size_bytes // 512 + 1
    started, finished = conversation.events()
    assert isinstance(started, TransferStarted)
    assert isinstance(finished, TransferFinished)
    assert (finished.size_bytes, finished.sent_bytes, finished.resends, finished.confirmed) == (
        size_bytes,
        size_bytes,
        0,
        True,
    )
    assert conversation.files.opened[0].closed


def test_the_next_block_waits_for_the_ack_of_the_last() -> None:
    """RFC 1350 §2: each data packet must be acknowledged before the next is sent."""
    conversation = Conversation({"boot": pattern(2000)})

    assert numbers(conversation.read("boot")) == [1]
    assert conversation.ack(2) == []
    assert numbers(conversation.ack(1)) == [2]


def test_a_lost_block_is_sent_again_at_growing_intervals() -> None:
    """RFC 1350 §2, RFC 1123 §4.2.3.2: the intended recipient times out; retransmissions back off."""
    conversation = Conversation({"boot": b"x"}, retry=RetryPolicy(first_s=1, longest_s=4, patience_s=30))
    conversation.read("boot")

    assert conversation.wait(0.9) == []
    assert conversation.wait(0.2) == [Data(1, b"x")]
    assert conversation.wait(1.8) == []
    assert conversation.wait(0.2) == [Data(1, b"x")]
    assert conversation.wait(3.8) == []
    assert conversation.wait(0.2) == [Data(1, b"x")]


def test_a_client_that_never_answers_is_given_up() -> None:
    """RFC 1350 §7, and RFC 1123 §4.2.3.2: retransmission is bounded, all the more before the address is proven."""
    conversation = Conversation({"boot": pattern(5000)})
    conversation.read("boot")

    assert 3 <= len(conversation.wait(60)) <= 6
    assert conversation.server.next_timeout() is None
    assert isinstance(conversation.events()[-1], TransferFailed)
    assert conversation.files.opened[0].closed


def test_a_slow_line_is_not_sent_each_block_twice() -> None:
    """RFC 1123 §4.2.3.2: the timeout adapts to the time that answers take."""
    conversation = Conversation({"boot": pattern(5000)})
    conversation.read("boot")
    conversation.wait(0.3)
    conversation.ack(1)

    for block in range(2, 6):
        assert conversation.wait(0.3) == []
        assert numbers(conversation.ack(block)) == [block + 1]


def test_repeated_acks_are_ignored() -> None:
    """RFC 1123 §4.2.3.1: a sender must not resend on a duplicate ACK (the Sorcerer's Apprentice)."""
    conversation = Conversation({"boot": pattern(5000)})
    conversation.read("boot")
    conversation.ack(1)
    conversation.ack(2)

    assert conversation.ack(2) == []
    assert conversation.ack(1) == []
    assert conversation.ack(0) == []
    assert numbers(conversation.ack(3)) == [4]


def test_a_transfer_takes_the_ack_of_the_highest_block_only() -> None:
    """RFC 1350 §2: the numbers are 16 bits; an ACK from the past or the future is none."""
    conversation = Conversation({"boot": pattern(40_000)})
    conversation.read("boot")

    for block in (0, 2, 65535, 32768):
        assert conversation.ack(block) == []
    assert blocks(conversation.ack(1))[0].payload == pattern(40_000)[512:1024]


# §4, initial connection


def test_the_server_answers_from_a_port_of_its_own() -> None:
    """RFC 1350 §4: the transfer identifiers are chosen by both sides; 69 is for requests only."""
    conversation = Conversation({"boot": b"x"})
    conversation.read("boot")

    (datagram,) = conversation.sent
    assert datagram.local.host == SERVER_HOST
    assert datagram.local.port in TRANSFER_PORTS
    assert (datagram.peer, datagram.interface) == (CLIENT, "eth0")


def test_two_requests_from_one_port_meet_two_transfer_ids() -> None:
    """RFC 1350 §4: identifiers should be chosen so that the same one is not used twice in succession."""
    conversation = Conversation({"a": b"1", "b": b"2"})

    assert conversation.read("a") == [Data(1, b"1")]
    first = conversation.transfer_port
    conversation.ack(1)
    assert conversation.read("b") == [Data(1, b"2")]
    assert conversation.transfer_port != first


def test_a_repeated_request_is_the_same_transfer() -> None:
    """RFC 1350 §4: a request may be duplicated on the way; its answer is sent again from the same port."""
    conversation = Conversation({"boot": b"x"})
    conversation.read("boot")
    conversation.read("boot")

    first, second = conversation.sent
    assert first == second
    assert len(conversation.files.opened) == 1


def test_a_new_request_ends_the_old_transfer_once_its_answer_is_acknowledged() -> None:
    """RFC 1350 §4: a client that starts anew is served; a late copy of its old request changes nothing."""
    conversation = Conversation({"boot": pattern(2000), "other": pattern(2000)})
    conversation.read("boot")
    conversation.ack(1)
    old_port = conversation.transfer_port
    conversation.events()

    conversation.read("boot")
    new_port = conversation.transfer_port
    assert new_port != old_port
    assert numbers(conversation.ack(2, port=old_port)) == [3]

    conversation.ack(1, port=new_port)
    assert conversation.ack(3, port=old_port) == []
    assert numbers(conversation.ack(2, port=new_port)) == [3]
    _, aborted = conversation.events()
    assert isinstance(aborted, TransferAborted)
    assert (aborted.code, aborted.size_probe) == (None, False)


def test_one_transfer_port_is_enough() -> None:
    """RFC 1350 §4: where identifiers must repeat, the newer transfer takes the place of the older."""
    conversation = Conversation({"a": pattern(600), "b": b"2"}, transfer_ports=[69])
    conversation.read("a")
    conversation.ack(1)

    assert conversation.read("b") == [Data(1, b"2")]
    assert conversation.ack(1) == []
    assert isinstance(conversation.events()[-1], TransferFinished)
    assert conversation.read("b") == [Data(1, b"2")]


def test_a_stranger_is_refused_and_the_transfer_goes_on() -> None:
    """RFC 1350 §4: a wrong transfer ID is answered with error 5 and must not disturb the transfer."""
    conversation = Conversation({"boot": pattern(2000)})
    conversation.read("boot")
    port = conversation.transfer_port

    (refusal,) = conversation.ack(1, peer=STRANGER)

    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.UNKNOWN_TRANSFER_ID
    assert conversation.sent[-1].peer == STRANGER
    assert conversation.sent[-1].local.port == port
    assert numbers(conversation.ack(1)) == [2]


# §5, packets


@pytest.mark.parametrize(("wire", "packet"), PACKETS)
def test_packets_have_the_form_of_the_rfc(wire: str, packet: Packet) -> None:
    """RFC 1350 §5, figures 5-1 to 5-4; RFC 2347 for options and OACK."""
    assert decode(bytes.fromhex(wire)) == packet
    assert encode(packet) == bytes.fromhex(wire)


@pytest.mark.parametrize("wire", NO_PACKETS)
def test_anything_else_is_no_packet(wire: str) -> None:
    """RFC 1350 §5: opcodes 1 to 6, strings ended by a NUL, whole numbers."""
    with pytest.raises(DecodeError):
        decode(bytes.fromhex(wire))


@pytest.mark.parametrize(
    ("wire", "packet"),
    [
        ("0001 6100 6f6374657400 0000000000", ReadRequest("a", "octet")),
        ("0004 0001 0000", Ack(1)),
        ("0005 0000", Error(0, "")),
        ("0005 0000 6f6f7073", Error(0, "oops")),
        ("0001 c3bc00 6f6374657400", ReadRequest("ü", "octet")),
        ("0001 fc00 6f6374657400", ReadRequest("ü", "octet")),
    ],
)
def test_harmless_slips_of_firmware_are_let_pass(wire: str, packet: Packet) -> None:
    """Firmware: requests padded with NULs, an ERROR without its NUL, ACKs with a tail, names beyond ASCII."""
    assert decode(bytes.fromhex(wire)) == packet


@pytest.mark.parametrize(
    "wire", ["0007 0001", "0008 00000001", "0009 00000001", "0001 6100", "0001 6100 6f6374", "ffff"]
)
def test_a_malformed_request_is_an_illegal_operation(wire: str) -> None:
    """RFC 1350 §5, appendix: error 4; sent once, with no state kept."""
    conversation = Conversation({"a": b"x"})

    (refusal,) = conversation.send(bytes.fromhex(wire))

    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.ILLEGAL_OPERATION
    assert conversation.wait(60) == []


def test_writing_is_refused() -> None:
    """RFC 1350 §5, appendix: error 2, access violation."""
    conversation = Conversation({"boot": b"x"})

    (refusal,) = conversation.send(WriteRequest("boot", "octet"))

    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.ACCESS_VIOLATION
    (event,) = conversation.events()
    assert isinstance(event, RequestRefused)
    assert (event.file, event.code) == ("boot", ErrorCode.ACCESS_VIOLATION)


@pytest.mark.parametrize(
    ("file", "code"), [("missing", 1), ("", 1), ("secret", 2), ("../boot", 2), ("C:\\boot", 2), ("a\x01b", 2)]
)
def test_what_is_not_served_is_refused_with_its_code(file: str, code: int) -> None:
    """RFC 1350, appendix: error 1, file not found; error 2, access violation. The text names no path of the server."""
    conversation = Conversation({"boot": b"x"})

    (refusal,) = conversation.read(file)

    assert isinstance(refusal, Error)
    assert refusal.code == code
    assert "/" not in refusal.text


def test_the_file_name_ends_at_its_first_nul() -> None:
    """RFC 1350 §5: strings end with a NUL; FFh and spaces before it are leftovers of a DHCP option."""
    conversation = Conversation({"boot": b"x"})

    assert conversation.send(b"\0\1boot\xff\0octet\0") == [Data(1, b"x")]
    assert conversation.send(b"\0\1\\boot  \0octet\0") == [Data(1, b"x")]


# §6, normal termination


def test_a_late_ack_after_the_end_is_met_with_silence() -> None:
    """RFC 1350 §6: the acknowledging side may dally, so the last ACK can come several times."""
    conversation = Conversation({"boot": b"x"}, limits=ServerLimits(linger_s=5))
    conversation.read("boot")
    conversation.ack(1)

    assert conversation.ack(1) == []
    conversation.wait(4.9)
    assert conversation.ack(1) == []
    conversation.wait(0.2)
    assert conversation.server.next_timeout() is None
    (refusal,) = conversation.ack(1)
    assert isinstance(refusal, Error)


def test_a_lost_last_ack_ends_the_transfer_complete_but_unconfirmed() -> None:
    """RFC 1350 §6: the sender of the last data packet resends it until acknowledged or timed out."""
    conversation = Conversation({"boot": pattern(600)})
    conversation.read("boot")
    conversation.ack(1)
    assert set(numbers(conversation.wait(60))) == {2}

    finished = conversation.events()[-1]
    assert isinstance(finished, TransferFinished)
    assert not finished.confirmed
    assert finished.resends >= 3


# §7, premature termination


def test_an_error_from_the_client_ends_the_transfer_at_once() -> None:
    """RFC 1350 §7: an ERROR is neither acknowledged nor retransmitted."""
    conversation = Conversation({"boot": pattern(2000)})
    conversation.read("boot")
    conversation.ack(1)

    assert conversation.send(Error(3, "disk full"), port=conversation.transfer_port) == []
    assert conversation.wait(60) == []
    aborted = conversation.events()[-1]
    assert isinstance(aborted, TransferAborted)
    assert (aborted.code, aborted.text, aborted.size_probe, aborted.sent_bytes) == (3, "disk full", False, 1024)
    assert conversation.files.opened[0].closed


@pytest.mark.parametrize("port", [69, TRANSFER_PORTS[0]])
@pytest.mark.parametrize("wire", [b"\0\5\0\4no\0", b"\0\5\0", b"\0\5"])
def test_an_error_is_never_answered(wire: bytes, port: int) -> None:
    """RFC 1350 §7: otherwise two servers could send each other errors for ever."""
    conversation = Conversation()

    assert conversation.send(wire, port=port) == []
    (event,) = conversation.events()
    assert isinstance(event, DatagramDropped)


@pytest.mark.parametrize("packet", [b"", b"\0", b"\0\7", Data(1, b"x"), OptionAck(()), ReadRequest("boot", "octet")])
def test_a_packet_out_of_place_does_not_end_the_transfer(packet: Packet | bytes) -> None:
    """RFC 1350 §7 lets such a packet end the transfer; here only an ERROR does, as such packets are easy to forge."""
    conversation = Conversation({"boot": pattern(600)})
    conversation.read("boot")

    assert conversation.send(packet, port=conversation.transfer_port) == []
    assert numbers(conversation.ack(1)) == [2]


@pytest.mark.parametrize("change", ["shorter", "longer", "broken"])
def test_a_file_that_fails_meanwhile_is_reported_to_both_sides(change: str) -> None:
    """RFC 1350 §7: a condition during the transfer that cannot be explained by loss ends it with an ERROR."""
    conversation = Conversation({"boot": pattern(1000)})
    conversation.read("boot")
    (file,) = conversation.files.opened
    file.content = {"shorter": file.content[:900], "longer": file.content + b"x"}.get(change, file.content)
    file.broken = change == "broken"

    (error,) = conversation.ack(1)

    assert isinstance(error, Error)
    assert error.code == ErrorCode.UNDEFINED
    assert isinstance(conversation.events()[-1], TransferFailed)
    assert file.closed


# Whom not to answer


@pytest.mark.parametrize(
    ("peer", "to_group"),
    [
        (CLIENT, True),
        (SocketAddress(CLIENT.host, 0), False),
        (SocketAddress(IPv4Address("0.0.0.0"), 2070), False),
        (SocketAddress(IPv4Address("224.0.0.1"), 2070), False),
        (SocketAddress(IPv4Address("255.255.255.255"), 2070), False),
        (SocketAddress(IPv6Address("::"), 2070), False),
        (SocketAddress(IPv6Address("ff02::1"), 2070), False),
    ],
)
def test_a_request_that_no_single_host_has_sent_is_dropped(peer: SocketAddress, to_group: bool) -> None:
    """RFC 1123 §4.2.3.5: a TFTP request sent to a broadcast address should be silently ignored."""
    conversation = Conversation({"boot": b"x"})

    assert conversation.send(ReadRequest("boot", "octet"), peer=peer, to_group=to_group) == []
    (event,) = conversation.events()
    assert isinstance(event, DatagramDropped)


# How much is kept for whom


def test_a_full_server_is_silent_until_there_is_room() -> None:
    """Firmware: it asks again after some seconds, but an ERROR ends its whole boot."""
    conversation = Conversation({"boot": pattern(600)}, limits=ServerLimits(transfers_max=1))
    conversation.read("boot")
    conversation.ack(1)

    assert conversation.read("boot", peer=STRANGER) == []
    conversation.ack(2)
    assert numbers(conversation.read("boot", peer=STRANGER)) == [1]


def test_transfers_never_answered_give_way_when_the_server_is_full() -> None:
    """Ours: a flood of forged requests must not keep real clients out."""
    conversation = Conversation({"boot": pattern(600)}, limits=ServerLimits(transfers_max=2))
    conversation.read("boot")
    conversation.ack(1)
    for host in range(1, 50):
        conversation.read("boot", peer=SocketAddress(IPv4Address(f"10.78.0.{host}"), 2070))

    assert sum(not file.closed for file in conversation.files.opened) == 2
    assert numbers(conversation.read("boot", peer=STRANGER)) == [1]
    assert numbers(conversation.ack(1, peer=STRANGER)) == [2]


def test_one_client_cannot_hold_more_than_its_share() -> None:
    """Ours: what it never answered makes room; beyond that it is told so."""
    conversation = Conversation({"boot": pattern(600)}, limits=ServerLimits(transfers_per_client_max=2))
    first, second, third = (SocketAddress(CLIENT.host, port) for port in (3001, 3002, 3003))
    conversation.read("boot", peer=first)
    conversation.read("boot", peer=second)
    conversation.ack(1, peer=second)

    conversation.read("boot", peer=third)
    conversation.ack(1, peer=third)
    assert conversation.files.opened[0].closed

    (refusal,) = conversation.read("boot", peer=first)
    assert isinstance(refusal, Error)
    assert refusal.code == ErrorCode.UNDEFINED
    assert numbers(conversation.read("boot", peer=STRANGER)) == [1]


def test_closing_the_server_gives_back_its_files() -> None:
    """Ours: nothing stays open, and nothing wakes."""
    conversation = Conversation({"boot": pattern(600)})
    conversation.read("boot")
    conversation.read("boot", peer=STRANGER)

    conversation.server.close()

    assert all(file.closed for file in conversation.files.opened)
    assert conversation.server.next_timeout() is None
