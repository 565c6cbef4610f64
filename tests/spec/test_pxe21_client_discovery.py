"""PXE 2.1 §2.2.5: how a client finds a Boot Server, and which answer counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import NOBODY, OTHER_SERVER, SERVER, ip
from tests.support.pxe_client import (
    ADDRESS,
    AT_4011,
    BY_UNICAST,
    EVERYBODY,
    FILE,
    GROUP,
    TYPE,
    Machine,
    boot_server_ack,
    item_of,
    pxe_tags,
    reply,
)
from wireboot.endpoint import SocketAddress, Unreachable
from wireboot.protocols.dhcp4.message import Message, decode
from wireboot.protocols.dhcp4.options import (
    BOOT_FILE_NAME,
    CLASS_IDENTIFIER,
    MESSAGE_TYPE,
    SERVER_IDENTIFIER,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.pxe.vendor_options import BootItem, BootServers
from wireboot.wire.option_table import Options

TO_GROUP = SocketAddress(GROUP, 4011)
LISTED = (BootServers(TYPE, (OTHER_SERVER, SERVER)), BootServers(TYPE + 1, (ip(9),)))
TO_LISTED = [SocketAddress(OTHER_SERVER, 4011), AT_4011]


def discovering(firmware: str = "wireboot", tags: Options = BY_UNICAST) -> tuple[Machine, Message]:
    """A machine that has sent its first request for a Boot Server of TYPE, and that request."""
    machine = Machine(firmware)
    machine.take_address(tags=tags)
    _, request = machine.asked()
    return machine, request


def ways(firmware: str, tags: Options) -> list[SocketAddress]:
    """Where discovery goes, each way once, until it is given up."""
    machine = Machine(firmware)
    machine.take_address(tags=tags)
    machine.wait(60)
    assert machine.error == "PXE-E78"
    return list(dict.fromkeys(each.peer for each in machine.take_sent()))


# Where it asks


@pytest.mark.parametrize(
    ("firmware", "control", "expected"),
    [
        ("intel-rom", 0, [TO_GROUP, EVERYBODY]),
        ("intel-rom", 1, [TO_GROUP]),
        ("intel-rom", 2, [EVERYBODY]),
        ("intel-rom", 3, TO_LISTED),
        ("intel-rom", 4, [TO_GROUP, EVERYBODY, *TO_LISTED]),
        ("intel-rom", 7, TO_LISTED),
        ("wireboot", 0, [TO_GROUP, EVERYBODY, *TO_LISTED]),
        ("wireboot", 2, [EVERYBODY, *TO_LISTED]),
        ("ipxe", 0, [TO_GROUP, EVERYBODY, *TO_LISTED]),
        ("ipxe", 3, TO_LISTED),
        ("edk2", 0, [TO_GROUP]),
        ("edk2", 1, [TO_GROUP]),
        ("edk2", 2, [EVERYBODY]),
        ("edk2", 3, TO_LISTED),
    ],
)
def test_discovery_control_says_by_which_ways(firmware: str, control: int, expected: list[SocketAddress]) -> None:
    """PXE 2.1 table 2-1, tag 6; Firmware: EDK2 goes one way only, iPXE asks the listed servers in any case."""
    assert ways(firmware, pxe_tags(control, address=GROUP, servers=LISTED)) == expected


def test_each_way_has_its_full_time() -> None:
    """PXE 2.1 §2.2.5: after 1, 2, 3 and 4 s, a new packet each time."""
    machine, first = discovering(tags=pxe_tags(1, address=GROUP, servers=LISTED))
    machine.wait(29.9)
    sent = machine.take_sent()
    assert [each.peer for each in sent] == [TO_GROUP] * 3 + [TO_LISTED[0]] * 4 + [TO_LISTED[1]] * 4
    assert len({first.xid, *(decode(each.payload).xid for each in sent)}) == 12
    assert [decode(each.payload).secs for each in sent[:3]] == [1, 3, 6]
    machine.wait(0.2)
    assert machine.error == "PXE-E78"


def test_unicast_and_multicast_leave_from_4011_and_broadcast_from_68() -> None:
    """Firmware: as EDK2 was captured, the flag for a broadcast answer with the latter only."""
    machine = Machine()
    machine.take_address(tags=pxe_tags(0, address=GROUP, servers=LISTED))
    machine.wait(31)
    for datagram in machine.take_sent():
        by_broadcast = datagram.peer == EVERYBODY
        assert datagram.local == SocketAddress(ADDRESS, 68 if by_broadcast else 4011)
        assert decode(datagram.payload).wants_broadcast == by_broadcast


def test_the_request_names_type_and_layer() -> None:
    """PXE 2.1 §2.2.5: tag 71, the client's own address in `ciaddr`, and nothing asked of a DHCP server."""
    _, request = discovering()
    assert (request.message_type, request.ciaddr) == (MessageType.REQUEST, ADDRESS)
    assert item_of(request) == BootItem(TYPE, 0)
    assert SERVER_IDENTIFIER.code not in request.options
    assert 50 not in request.options


def test_who_cannot_be_reached_is_not_waited_for() -> None:
    """RFC 792."""
    machine, _ = discovering(tags=pxe_tags(3, servers=LISTED))
    machine.client.unreachable(TO_LISTED[0], Unreachable.PORT_CLOSED, machine.now)
    machine.settle()
    datagram, _ = machine.asked()
    assert datagram.peer == TO_LISTED[1]


def test_a_type_that_is_not_listed_has_no_server() -> None:
    """PXE 2.1 table 2-1, bit 2: nobody may answer for it."""
    machine = Machine()
    machine.take_address(tags=pxe_tags(4 + 3, servers=(BootServers(TYPE + 1, (SERVER,)),)))
    assert machine.error == "PXE-E78"


# Which answer counts


def test_a_boot_servers_answer_is_taken() -> None:
    """PXE 2.1 §2.2.5: DHCPACK with class, boot item and boot file."""
    machine, request = discovering()
    machine.hear(boot_server_ack(request), AT_4011, 4011)
    (datagram,) = machine.sent
    assert datagram.peer == SocketAddress(SERVER, 69)
    assert machine.requests() == [FILE]


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("not an answer to the last request", lambda ack: replace(ack, xid=ack.xid + 1)),
        ("for another machine", lambda ack: replace(ack, chaddr=bytes(6))),
        (
            "unexpected while a Boot Server is looked for",
            lambda ack: ack.with_option(MESSAGE_TYPE, MessageType.OFFER),
        ),
        ("a Boot Server's answer without option 54", lambda ack: without(ack, SERVER_IDENTIFIER.code)),
        ("not of class PXEClient", lambda ack: without(ack, CLASS_IDENTIFIER.code)),
        ("not of class PXEClient", lambda ack: ack.with_option(CLASS_IDENTIFIER, "HTTPClient")),
        ("a Boot Server's answer without a boot file", lambda ack: replace(ack, file=b"")),
        ("of another Boot Server type than asked for", lambda ack: without(ack, VENDOR_SPECIFIC.code)),
        (
            "of another Boot Server type than asked for",
            lambda ack: ack.with_option(VENDOR_SPECIFIC, b"\x47\x04\x80\x02\0\0\xff"),
        ),
        (
            "a credential that was not asked for",
            lambda ack: ack.with_option(VENDOR_SPECIFIC, b"\x47\4\x80\1\x80\0\xff"),
        ),
        ("malformed option 43 tag 71", lambda ack: ack.with_option(VENDOR_SPECIFIC, b"\x47\x04\x80\x01")),
        ("malformed option 71", lambda ack: ack.with_option(VENDOR_SPECIFIC, b"\x47\x02\x80\x01\xff")),
        ("malformed boot file name", lambda ack: replace(ack, file=b"\x1b[2J")),
        ("malformed boot file name", lambda ack: ack.with_option(BOOT_FILE_NAME, "x" * 256)),
    ],
)
def test_what_is_no_answer_is_dropped(reason: str, spoil: Callable[[Message], Message]) -> None:
    """PXE 2.1 §2.2.5: and the client waits on, until the right one comes."""
    machine, request = discovering()
    machine.hear(spoil(boot_server_ack(request)), AT_4011, 4011)
    assert machine.dropped == [reason]
    machine.hear(boot_server_ack(request), AT_4011, 4011)
    assert machine.requests() == [FILE]


def without(message: Message, code: int) -> Message:
    return replace(message, options=Options({each: value for each, value in message.options.items() if each != code}))


def test_an_answer_to_an_earlier_try_is_too_late() -> None:
    """PXE 2.1 §2.2.5: a fresh transaction for each."""
    machine, request = discovering()
    machine.wait(1.1)
    machine.hear(boot_server_ack(request), AT_4011, 4011)
    assert machine.dropped == ["not an answer to the last request"]


def test_a_boot_item_of_three_bytes_is_read() -> None:
    """Firmware: servers older than PXE 2.1 send the layer as one byte."""
    machine, request = discovering()
    machine.hear(boot_server_ack(request).with_option(VENDOR_SPECIFIC, b"\x47\x03\x80\x01\x00\xff"), AT_4011, 4011)
    assert machine.requests() == [FILE]


def test_option_43_without_its_end_is_read() -> None:
    """PXE 2.1 §2.2.4: some servers leave out PXE_END."""
    machine, request = discovering()
    machine.hear(boot_server_ack(request).with_option(VENDOR_SPECIFIC, b"\x47\x04\x80\x01\x00\x00"), AT_4011, 4011)
    assert machine.requests() == [FILE]


@pytest.mark.parametrize(
    ("control", "addresses", "counts"),
    [
        (3, (SERVER,), True),
        (3 + 4, (SERVER,), False),
        (3 + 4, (SERVER, OTHER_SERVER), True),
        (2 + 4, (), True),
    ],
)
def test_with_bit_2_only_listed_servers_count(control: int, addresses: tuple[IPv4Address, ...], counts: bool) -> None:
    """PXE 2.1 table 2-1, tags 6 and 8: unless the count is 0, which means any server of the type."""
    machine, request = discovering(tags=pxe_tags(control, servers=(BootServers(TYPE, addresses),)))
    machine.hear(boot_server_ack(request, server=OTHER_SERVER), SocketAddress(OTHER_SERVER, 4011), 4011)
    assert machine.requests() == ([FILE] if counts else [])
    assert machine.dropped == ([] if counts else ["from a Boot Server that is not listed"])


@pytest.mark.parametrize(("firmware", "counts"), [("wireboot", True), ("edk2", False)])
def test_edk2_compares_the_list_with_siaddr(firmware: str, counts: bool) -> None:
    """Firmware: where a listed Boot Server names another TFTP server."""
    machine, request = discovering(firmware, pxe_tags(3 + 4, servers=(BootServers(TYPE, (SERVER,)),)))
    machine.hear(replace(boot_server_ack(request), siaddr=OTHER_SERVER), AT_4011, 4011)
    assert machine.requests() == ([FILE] if counts else [])


def test_a_server_without_address_is_found_by_option_54() -> None:
    """PXE 2.1 §2.2.5: `siaddr` may be empty."""
    machine, request = discovering()
    machine.hear(replace(boot_server_ack(request), siaddr=NOBODY), AT_4011, 4011)
    assert [each.peer for each in machine.sent] == [SocketAddress(SERVER, 69)]


def test_a_group_is_no_tftp_server() -> None:
    """RFC 1123 §4.2.3.5: TFTP has one host at each end."""
    machine, request = discovering()
    machine.hear(replace(boot_server_ack(request), siaddr=GROUP), AT_4011, 4011)
    assert machine.error == "PXE-E38"


def test_no_answer_to_discovery_is_e78_at_the_deadline_too() -> None:
    """PXE 2.1 §2.2.5: the error of what the client was at."""
    machine = Machine(deadline_s=8)
    machine.take_address(tags=BY_UNICAST)
    machine.wait(8)
    assert machine.error == "PXE-E78"


def test_the_reply_may_stand_in_any_order_of_tags() -> None:
    """PXE 2.1 §2.2.4: PAD and unknown tags are passed over."""
    machine, request = discovering()
    tags = b"\0\0\x40\x02hi" + b"\x47\x04\x80\x01\x00\x00" + b"\xff"
    ack = reply(request, MessageType.ACK, file=FILE, pxe=True).with_option(VENDOR_SPECIFIC, tags)
    machine.hear(ack, AT_4011, 4011)
    assert machine.requests() == [FILE]
