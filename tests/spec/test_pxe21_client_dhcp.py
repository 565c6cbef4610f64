"""PXE 2.1 §2.2.1 to §2.2.3: a client's DHCP, and which offers it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from typing import Unpack

import pytest

from tests.support.dhcp import (
    EDK2_BOOT_SERVER_REQUEST,
    EDK2_DISCOVER,
    EDK2_DISCOVERY,
    IPXE_DISCOVER,
    IPXE_DISCOVERY,
    NOBODY,
    NOW,
    OTHER_MAC,
    OTHER_SERVER,
    SERVER,
    ip,
    payload_of,
)
from tests.support.pxe_client import (
    ADDRESS,
    AT_4011,
    AT_ONCE,
    BY_UNICAST,
    EVERYBODY,
    FILE,
    GROUP,
    TYPE,
    Machine,
    ReplyParts,
    pxe_tags,
    reply,
)
from wireboot.endpoint import AddressAcquired, AddressGivenUp, AddressProbed, SocketAddress, Unreachable
from wireboot.protocols.dhcp4.message import BOOTREQUEST, Message, decode, encode
from wireboot.protocols.dhcp4.options import (
    BOOT_FILE_NAME,
    CLASS_IDENTIFIER,
    IPXE_ENCAPSULATED,
    MESSAGE_TYPE,
    PARAMETER_REQUEST_LIST,
    RELAY_AGENT_INFORMATION,
    REQUESTED_ADDRESS,
    SERVER_IDENTIFIER,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.address_task import RESTARTS_MAX
from wireboot.protocols.pxe.client_events import BootEnded, BootRestarted
from wireboot.protocols.pxe.firmware import EVERY_FIRMWARE, FIRMWARE
from wireboot.protocols.pxe.offers import OFFERS_MAX
from wireboot.protocols.pxe.vendor_options import (
    BOOT_SERVERS,
    MTFTP_ADDRESS,
    MTFTP_CLIENT_PORT,
    MTFTP_LISTEN_TIMEOUT,
    MTFTP_SERVER_PORT,
    MTFTP_TRANSMIT_TIMEOUT,
    BootServers,
    MenuItem,
    MenuPrompt,
)
from wireboot.wire.option_table import Options

WFM = (
    Options()
    .with_option(MTFTP_ADDRESS, IPv4Address("239.1.2.3"))
    .with_option(MTFTP_CLIENT_PORT, 1758)
    .with_option(MTFTP_SERVER_PORT, 1759)
    .with_option(MTFTP_LISTEN_TIMEOUT, 2)
    .with_option(MTFTP_TRANSMIT_TIMEOUT, 2)
)
OTHER_FILE = "other.efi"


def offer(discover: Message, **parts: Unpack[ReplyParts]) -> Message:
    parts.setdefault("yiaddr", ADDRESS)
    return reply(discover, MessageType.OFFER, **parts)


def proxy_offer(discover: Message, **parts: Unpack[ReplyParts]) -> Message:
    parts.setdefault("server", OTHER_SERVER)
    return reply(discover, MessageType.OFFER, **parts)


def chosen_server(machine: Machine) -> IPv4Address | None:
    """Whose offer the client takes, once it has waited as long as it wants."""
    for _ in range(200):
        for datagram in machine.take_sent():
            message = decode(datagram.payload)
            if message.message_type is MessageType.REQUEST:
                return message.options.get(SERVER_IDENTIFIER)
        if machine.outcome is not None:
            return None
        machine.wait(0.5)
    return None


# DHCPDISCOVER


@pytest.mark.parametrize(
    ("firmware", "captured"),
    [("edk2", EDK2_DISCOVER), ("ipxe", IPXE_DISCOVER)],
)
def test_each_firmwares_discover_is_the_captured_one(firmware: str, captured: tuple[str, int]) -> None:
    """Firmware: options and their order, flags and addresses; a transaction and its age are of their time."""
    datagram, ours = Machine(firmware).asked()
    theirs = decode(payload_of(captured))
    assert ours == replace(theirs, xid=ours.xid, secs=ours.secs, chaddr=ours.chaddr)
    assert list(ours.options) == list(theirs.options)
    assert (datagram.local, datagram.peer) == (SocketAddress(NOBODY, 68), EVERYBODY)


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_every_request_says_who_asks(firmware: str) -> None:
    """RFC 4578 §2: options 93, 94 and 97 stand in all packets of a PXE client."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    machine.hear(offer(discover, pxe=True))
    machine.acknowledge(pxe=True)
    for message in (discover, decode(machine.sent[-1].payload)):
        assert {53, 55, 57, 60, 93, 94, 97} <= message.options.keys()


def test_the_intel_rom_announces_1260_bytes() -> None:
    """PXE 2.1 §2.2.1, table 2-1: option 57 of a BIOS ROM."""
    _, discover = Machine("intel-rom").asked()
    assert discover.options[57] == (1260).to_bytes(2, "big")
    assert discover.options.get(CLASS_IDENTIFIER) == "PXEClient:Arch:00000:UNDI:002001"


def test_what_is_given_takes_the_place_of_what_the_firmware_says() -> None:
    """PXE 2.1 §2.2.1: another architecture shows in option 93 and in the class."""
    identity = FIRMWARE["edk2"].identity(OTHER_MAC, None, architectures=(11, 7), user_class=b"\x03lab")
    options = identity.options()
    assert options.get(CLASS_IDENTIFIER) == "PXEClient:Arch:00011:UNDI:003000"
    assert (options[93], options[77]) == (b"\0\x0b\0\x07", b"\x03lab")
    assert options[97] == bytes(17)


@pytest.mark.parametrize(
    ("firmware", "waits_s"),
    [("intel-rom", [4, 8, 16]), ("edk2", [3.5, 8, 16]), ("ipxe", [1, 2, 4])],
)
def test_discover_is_repeated_as_the_firmware_does(firmware: str, waits_s: list[float]) -> None:
    """PXE 2.1 §2.2.2: 4, 8, 16 and 32 s; EDK2 and iPXE as captured."""
    machine = Machine(firmware)
    machine.take_sent()
    for wait_s in waits_s:
        machine.wait(wait_s - 0.1)
        assert not machine.sent
        machine.wait(0.1 + 0.001)
        datagram, _ = machine.asked()
        assert datagram.peer == EVERYBODY


def test_the_jitter_is_at_most_a_second() -> None:
    """RFC 2131 §4.1: no two machines ask at the same time for long."""
    ends = []
    for seed in range(5):
        machine = Machine("intel-rom", seed=seed)
        machine.wait(3.99)
        machine.take_sent()
        machine.wait(1.02)
        machine.asked()
        ends.append(machine.client.next_timeout())
    assert len(set(ends)) == len(ends)


def test_secs_counts_on_and_the_transaction_stays() -> None:
    """RFC 2131 §4.4.1: `secs` since the client began, the same xid for each repeat."""
    machine = Machine("edk2")
    _, first = machine.asked()
    machine.wait(3.6)
    _, second = machine.asked()
    assert (first.secs, second.secs, second.xid) == (0, 3, first.xid)


def test_no_offer_is_e51() -> None:
    """PXE 2.1 §2.2.2: after the last round the client gives up."""
    machine = Machine("edk2")
    machine.wait(59.4)
    assert machine.outcome is None
    machine.wait(0.2)
    assert machine.error == "PXE-E51"


def test_proxy_offers_alone_are_e52() -> None:
    """PXE 2.1 §2.2.3: a ProxyDHCP service gives no address."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(proxy_offer(discover, tags=BY_UNICAST))
    machine.wait(60)
    assert machine.error == "PXE-E52"


def test_a_server_that_never_confirms_is_not_a_missing_boot_file() -> None:
    """RFC 2131 §3.1: the offer was good, the DHCPACK is missing."""
    machine = Machine("edk2", deadline_s=6.0)
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=BY_UNICAST))
    machine.wait(6)
    assert machine.error == "PXE-E51"


def test_the_deadline_ends_it_with_the_error_of_the_state() -> None:
    """PXE 2.1 §2.2.2: however patient the firmware, somebody waits before the machine."""
    machine = Machine("edk2", deadline_s=5.0)
    machine.wait(5.0)
    assert machine.error == "PXE-E51"
    assert machine.client.next_timeout() is None
    assert len(machine.told(BootEnded)) == 1


# Which packets are offers


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("for another machine", lambda message: replace(message, chaddr=OTHER_MAC)),
        ("not an answer to the last request", lambda message: replace(message, xid=message.xid + 1)),
        ("a request where replies are read", lambda message: replace(message, op=BOOTREQUEST)),
        ("malformed option 54", lambda message: without(message, SERVER_IDENTIFIER.code)),
        ("malformed yiaddr", lambda message: replace(message, yiaddr=GROUP)),
        ("malformed boot file name", lambda message: replace(message, file=b"a\x01b")),
        ("unexpected at this point of DHCP", lambda message: message.with_option(MESSAGE_TYPE, MessageType.ACK)),
    ],
)
def test_what_is_no_offer_is_dropped(reason: str, spoil: Callable[[Message], Message]) -> None:
    """RFC 2131 §4.4.1: the xid and the hardware address decide; PXE 2.1 table 2-1: option 54 is mandatory."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(spoil(offer(discover, tags=BY_UNICAST)))
    assert machine.dropped == [reason]
    assert chosen_server(machine) is None


def without(message: Message, code: int) -> Message:
    return replace(message, options=Options({each: value for each, value in message.options.items() if each != code}))


def test_an_offer_from_no_servers_port_is_dropped() -> None:
    """Firmware: iPXE takes answers from ports 67 and 4011 only."""
    machine = Machine()
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=AT_ONCE, file=FILE), SocketAddress(SERVER, 1067))
    assert machine.dropped == ["not from a server's port"]


@pytest.mark.parametrize("firmware", ["wireboot", "edk2", "intel-rom"])
@pytest.mark.parametrize("cut", [1, 2, 10])
def test_a_lying_option_43_is_dropped(firmware: str, cut: int) -> None:
    """PXE 2.1 §2.2.4: a tag that runs past the option's end."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    tags = vendor_options.encode(BY_UNICAST)[: -1 - cut]
    machine.hear(offer(discover, pxe=True, options=Options({VENDOR_SPECIFIC.code: tags})))
    assert machine.dropped == ["malformed option 43 tag 10" if cut < 5 else "malformed option 43 tag 9"]


def test_what_a_relay_adds_is_passed_over() -> None:
    """RFC 3046 §2.1: `giaddr` and option 82 may have stayed in the reply."""
    machine = Machine()
    _, discover = machine.asked()
    relayed = replace(offer(discover, tags=AT_ONCE, file=FILE), giaddr=ip(254, "10.77.1"), hops=1)
    machine.hear(relayed.with_option(RELAY_AGENT_INFORMATION, b"\x01\x04eth0"))
    assert chosen_server(machine) == SERVER


def test_tags_count_with_the_class_only() -> None:
    """PXE 2.1 §2.2.3: without `PXEClient` in option 60, option 43 is some other vendor's."""
    machine = Machine("intel-rom")
    _, discover = machine.asked()
    other = Options({VENDOR_SPECIFIC.code: vendor_options.encode(BY_UNICAST), CLASS_IDENTIFIER.code: b"MSFT 5.0"})
    machine.hear(offer(discover, options=other))
    machine.hear(offer(discover, server=OTHER_SERVER, tags=BY_UNICAST))
    assert chosen_server(machine) == OTHER_SERVER


# Whether the tags make sense


INVALID = [
    ("PXE-E76", pxe_tags(0)),
    ("PXE-E76", pxe_tags(0, address=SERVER)),
    ("PXE-E77", pxe_tags(3)),
    ("PXE-E77", pxe_tags(2 + 4)),
    ("PXE-E77", pxe_tags(2, servers=(BootServers(TYPE, (GROUP,)),))),
    ("PXE-E77", Options({**pxe_tags(2), BOOT_SERVERS.code: b"\x80\x01\x02\x0a"})),
    ("PXE-E74", pxe_tags(2, menu=None)),
    ("PXE-E74", pxe_tags(2, prompt=None)),
    ("PXE-E74", pxe_tags(2, menu=(MenuItem(TYPE, ""),))),
    ("PXE-E74", Options({**pxe_tags(2), 9: b"\x80\x01\x05lab"})),
    ("PXE-E74", pxe_tags(8 + 2, menu=None)),
]


@pytest.mark.parametrize(("code", "tags"), INVALID)
@pytest.mark.parametrize("firmware", ["wireboot", "intel-rom"])
def test_tags_that_make_no_sense_are_refused(firmware: str, code: str, tags: Options) -> None:
    """PXE 2.1 §2.2.4: the offer is dropped and, when nothing better comes, the boot ends with what was wrong."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=tags))
    assert machine.dropped == [f"offer with tags that make no sense ({code})"]
    machine.wait(70)
    assert machine.error == code


@pytest.mark.parametrize(("firmware", "taken"), [("wireboot", SERVER), ("edk2", SERVER), ("intel-rom", None)])
def test_bit_3_with_a_file_makes_the_other_tags_needless(firmware: str, taken: IPv4Address | None) -> None:
    """PXE 2.1 table 2-1: bit 3 alone; a strict ROM still misses the multicast address."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=pxe_tags(8, menu=None, prompt=None), file=FILE))
    assert chosen_server(machine) == taken


def test_a_strict_rom_wants_the_list_even_with_bit_3() -> None:
    """PXE 2.1 table 2-1: bit 3 with a file spares the menu; all else has to be whole."""
    machine = Machine("intel-rom")
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=pxe_tags(8 + 3, menu=None, prompt=None), file=FILE))
    assert machine.dropped == ["offer with tags that make no sense (PXE-E77)"]


def test_edk2_does_not_look_so_closely() -> None:
    """Firmware: EDK2 takes what the reference client refuses."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=pxe_tags(2, prompt=None)))
    assert chosen_server(machine) == SERVER


# Which offer is taken


def test_the_order_of_offers_is_the_reference_clients() -> None:
    """PXE 2.1 §2.2.3: from the least to the best; each new one takes the place of all before it."""
    better: list[Callable[[Message], Message]] = [
        lambda discover: bootp(discover),
        lambda discover: offer(discover, server=ip(11), file=FILE),
        lambda discover: proxy_offer(discover, server=ip(12), pxe=True),
        lambda discover: offer(discover, server=ip(13), pxe=True),
        lambda discover: proxy_offer(discover, server=ip(14), tags=WFM),
        lambda discover: proxy_offer(discover, server=ip(15), tags=BY_UNICAST),
        lambda discover: offer(discover, server=ip(16), tags=WFM),
        lambda discover: offer(discover, server=ip(17), tags=BY_UNICAST),
    ]
    sources = []
    for count in range(1, len(better) + 1):
        machine = Machine("intel-rom")
        _, discover = machine.asked()
        for make in better[:count]:
            machine.hear(make(discover))
        machine.wait(13)
        offered = machine.events_of_step(2)
        sources.append(str(offered["boot_service"]).rpartition(".")[2])
    assert sources == ["10", "11", "12", "13", "14", "15", "16", "17"]


def bootp(discover: Message) -> Message:
    message = offer(discover, siaddr=ip(10), file=FILE)
    return replace(message, options=Options())


def test_within_a_class_the_first_to_come_is_taken() -> None:
    """PXE 2.1 §2.2.3; checklist: two competing DHCP servers."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(offer(discover, server=OTHER_SERVER, tags=BY_UNICAST))
    machine.hear(offer(discover, server=SERVER, tags=BY_UNICAST))
    assert chosen_server(machine) == OTHER_SERVER


def test_edk2_wants_no_mtftp_only_offer() -> None:
    """Firmware: EDK2 discards what has tags 1 to 5 and none of 6 to 10."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=WFM, file=FILE))
    assert machine.dropped == ["offer of a kind that this firmware does not take"]


def test_edk2_does_not_take_a_plain_address() -> None:
    """Firmware: as captured, an address and nothing else is not taken."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(offer(discover))
    assert chosen_server(machine) is None
    assert machine.error == "PXE-E53"


def test_some_uefi_takes_no_split_offer() -> None:
    """Firmware: beside a plain offer a ProxyDHCP service's counts for nothing, not even the one on port 4011."""
    machine = Machine(behaviour=EVERY_FIRMWARE["uefi-combined"].behaviour)
    times: list[float] = []
    for _ in range(60):
        for datagram in machine.take_sent():
            assert datagram.peer == EVERYBODY
            discover = decode(datagram.payload)
            times.append(machine.now - NOW)
            machine.hear(offer(discover))
            machine.hear(proxy_offer(discover, tags=AT_ONCE, file=FILE))
            machine.hear(proxy_offer(discover, pxe=True))
        machine.wait(1)
    assert times == [0, 4, 12, 28]
    assert machine.error == "PXE-E53"


def test_some_uefi_takes_what_comes_from_one_server() -> None:
    """Firmware: the same, once address and boot file come together."""
    machine = Machine(behaviour=EVERY_FIRMWARE["uefi-combined"].behaviour)
    machine.take_address(tags=AT_ONCE, file=FILE)
    assert machine.requests() == [FILE]


def test_edk2_collects_until_its_round_is_over() -> None:
    """Firmware: 3.5 s, even when all is in."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=BY_UNICAST))
    machine.wait(3.4)
    assert not machine.sent
    machine.wait(0.2)
    _, request = machine.asked()
    assert request.message_type is MessageType.REQUEST


def test_the_rom_waits_two_rounds_for_something_better_than_a_plain_offer() -> None:
    """PXE 2.1 §2.2.2: a ProxyDHCP service may answer the second DISCOVER only."""
    machine = Machine("intel-rom")
    _, discover = machine.asked()
    machine.hear(offer(discover, file=FILE))
    machine.wait(4.1)
    _, again = machine.asked()
    assert again.message_type is MessageType.DISCOVER
    machine.wait(8)
    _, request = machine.asked()
    assert request.message_type is MessageType.REQUEST


@pytest.mark.parametrize("firmware", ["wireboot", "ipxe"])
def test_a_complete_offer_is_not_waited_upon(firmware: str) -> None:
    """Firmware: iPXE takes an offer with option 60 and tags at once."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    machine.hear(offer(discover, tags=BY_UNICAST))
    _, request = machine.asked()
    assert request.message_type is MessageType.REQUEST


def test_ipxe_waits_a_while_for_a_proxy() -> None:
    """Firmware: about 3 s with a second DISCOVER between."""
    machine = Machine("ipxe")
    _, discover = machine.asked()
    machine.hear(offer(discover, file=FILE))
    machine.wait(2.1)
    assert [decode(each.payload).message_type for each in machine.take_sent()] == [
        MessageType.DISCOVER,
        MessageType.REQUEST,
    ]


def test_ipxe_goes_by_priority() -> None:
    """Firmware: option 175, tag 1, a signed byte."""
    machine = Machine("ipxe")
    _, discover = machine.asked()
    for server, priority in ((ip(1), 0xFF), (ip(2), 0x02), (ip(3), 0x01)):
        machine.hear(offer(discover, server=server, options=Options({IPXE_ENCAPSULATED.code: bytes([1, 1, priority])})))
    assert chosen_server(machine) == ip(2)


def test_ipxe_goes_by_the_priority_of_proxies_too() -> None:
    """Firmware: of several ProxyDHCP services the first to come has no advantage."""
    machine = Machine("ipxe")
    _, discover = machine.asked()
    machine.hear(proxy_offer(discover, server=ip(2), tags=AT_ONCE, file=OTHER_FILE))
    preferred = Options({IPXE_ENCAPSULATED.code: bytes([1, 1, 5])})
    machine.hear(proxy_offer(discover, server=ip(3), tags=AT_ONCE, file=FILE, options=preferred))
    machine.hear(offer(discover))
    machine.acknowledge()
    assert machine.requests() == [FILE]


def test_sixteen_offers_are_kept() -> None:
    """PXE 2.1 §2.2.2: memory is bounded, whatever comes."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    for last in range(1, OFFERS_MAX + 11):
        machine.hear(offer(discover, server=ip(last), file=FILE))
    assert machine.dropped == ["more offers than are kept"] * 10


def test_of_proxies_with_tags_the_first_is_kept() -> None:
    """PXE 2.1 §2.2.3: later ones would not be taken."""
    machine = Machine("edk2")
    _, discover = machine.asked()
    machine.hear(proxy_offer(discover, tags=BY_UNICAST))
    machine.hear(proxy_offer(discover, tags=BY_UNICAST))
    assert machine.dropped == ["more offers than are kept"]


# DHCPREQUEST and DHCPACK


def requesting(firmware: str = "edk2", **more: Unpack[ReplyParts]) -> tuple[Machine, Message]:
    machine = Machine(firmware)
    _, discover = machine.asked()
    more.setdefault("tags", BY_UNICAST)
    machine.hear(offer(discover, **more))
    while not machine.sent:
        machine.wait(0.5)
    datagram, request = machine.asked()
    assert datagram.peer == EVERYBODY
    assert request.xid == discover.xid
    return machine, request


def test_the_request_names_server_and_address() -> None:
    """RFC 2131 §4.3.2: SELECTING has options 50 and 54, and no `ciaddr`."""
    _, request = requesting()
    assert request.options.get(SERVER_IDENTIFIER) == SERVER
    assert request.options.get(REQUESTED_ADDRESS) == ADDRESS
    assert request.ciaddr == NOBODY


def test_the_request_has_the_secs_of_the_discover() -> None:
    """RFC 2131 §3.1, point 3: relays that go by `secs` forward it to the servers that got the DHCPDISCOVER."""
    machine = Machine("edk2")
    machine.wait(3.5)
    _, discover = (decode(each.payload) for each in machine.take_sent())
    machine.wait(2)
    machine.hear(offer(discover, tags=BY_UNICAST))
    machine.wait(8)
    requests = [decode(each.payload) for each in machine.take_sent()]
    assert len(requests) > 1
    assert {each.secs for each in requests} == {discover.secs} == {3}


def test_the_request_is_repeated_and_then_all_begins_anew() -> None:
    """RFC 2131 §3.1: after 1, 2, 3 and 4 s; PXE starts over."""
    machine, request = requesting()
    machine.wait(9.9)
    assert [decode(each.payload).xid for each in machine.take_sent()] == [request.xid] * 3
    machine.wait(0.2)
    _, discover = machine.asked()
    assert discover.message_type is MessageType.DISCOVER
    assert len(machine.told(BootRestarted)) == 1


def test_the_ack_has_to_be_for_the_offer_taken() -> None:
    """RFC 2131 §4.4.1: another server's DHCPACK, or for another address, is none."""
    machine, request = requesting()
    machine.hear(reply(request, MessageType.ACK, server=OTHER_SERVER, yiaddr=ADDRESS))
    machine.hear(reply(request, MessageType.ACK, yiaddr=ip(151)))
    assert machine.dropped == ["not for the offer that was taken"] * 2
    assert not machine.told(AddressAcquired)


def test_the_address_is_acquired_with_mask_and_routers() -> None:
    """RFC 2132 §3.3, §3.5."""
    machine, request = requesting()
    machine.hear(reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=BY_UNICAST))
    assert machine.told(AddressAcquired) == [AddressAcquired(IPv4Interface("10.77.0.150/24"), (SERVER,))]


@pytest.mark.parametrize("mask", [b"", b"\xff\x00\xff\x00", b"\1\2\3"])
def test_a_mask_that_is_none_is_left_to_the_class(mask: bytes) -> None:
    """RFC 791 §3.2: 10.0.0.0 is a class A network."""
    machine, request = requesting()
    ack = reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=BY_UNICAST)
    options = {**ack.options, 1: mask} if mask else {code: each for code, each in ack.options.items() if code != 1}
    machine.hear(replace(ack, options=Options(options)))
    (acquired,) = machine.told(AddressAcquired)
    assert acquired.address == IPv4Interface("10.77.0.150/8")


def test_a_nak_begins_anew_a_few_times() -> None:
    """RFC 2131 §3.1, point 4."""
    machine, request = requesting()
    for _ in range(RESTARTS_MAX):
        machine.hear(reply(request, MessageType.NAK))
        _, discover = machine.asked()
        assert (discover.message_type, discover.xid != request.xid) == (MessageType.DISCOVER, True)
        machine.hear(offer(discover, tags=BY_UNICAST))
        assert chosen_server(machine) == SERVER
        request = discover
    machine.hear(reply(request, MessageType.NAK))
    assert machine.error == "PXE-E51"
    assert machine.steps == [1, 2, 3]  # told once


def test_another_servers_nak_is_nothing() -> None:
    """RFC 2131 §4.3.2: a server on the same cable may think differently of the address."""
    machine, request = requesting()
    machine.hear(reply(request, MessageType.NAK, server=OTHER_SERVER))
    assert machine.dropped == ["not for the offer that was taken"]


# Whether the address is free


def test_the_address_is_probed_before_use() -> None:
    """RFC 2131 §2.2, RFC 5227 §2.1: nobody answers, and it is taken."""
    machine, request = requesting("intel-rom")
    machine.hear(reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=AT_ONCE, file=FILE))
    assert machine.told(AddressProbed) == [AddressProbed(ADDRESS)]
    assert not machine.told(AddressAcquired)
    machine.wait(1.0)
    assert machine.told(AddressAcquired)


def test_an_address_in_use_is_declined() -> None:
    """RFC 2131 §3.1, point 5: DHCPDECLINE, and all over again after ten seconds."""
    machine, request = requesting("intel-rom")
    machine.hear(reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=AT_ONCE, file=FILE))
    machine.client.address_taken(ADDRESS, OTHER_MAC, machine.now)
    machine.settle()
    datagram, decline = machine.asked()
    assert (datagram.peer, decline.message_type) == (EVERYBODY, MessageType.DECLINE)
    assert decline.options.get(REQUESTED_ADDRESS) == ADDRESS
    assert decline.options.get(SERVER_IDENTIFIER) == SERVER
    assert not {PARAMETER_REQUEST_LIST.code, 57, 60} & decline.options.keys()
    machine.wait(9.9)
    assert not machine.sent
    machine.wait(0.2)
    _, discover = machine.asked()
    assert discover.message_type is MessageType.DISCOVER


def test_its_own_answer_is_no_conflict() -> None:
    """RFC 5227 §2.1.1: a conflict is another hardware address."""
    machine, request = requesting("intel-rom")
    machine.hear(reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=AT_ONCE, file=FILE))
    machine.client.address_taken(ADDRESS, request.chaddr, machine.now)
    machine.settle()
    assert not machine.sent


# The boot information of the DHCPACK


def test_a_combined_servers_ack_has_the_last_word() -> None:
    """PXE 2.1 §2.2.3: the copy in the DHCPACK counts."""
    machine, request = requesting(tags=AT_ONCE, file=OTHER_FILE)
    machine.hear(reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=AT_ONCE, file=FILE))
    assert machine.requests() == [FILE]


@pytest.mark.parametrize(("pxe", "tags"), [(False, None), (True, None), (True, b"\x08\xff")])
def test_an_ack_that_says_less_leaves_the_offers_word(pxe: bool, tags: bytes | None) -> None:
    """PXE 2.1 §2.2.3: some servers put the tags into the offer only, or garble them later."""
    machine, request = requesting(tags=AT_ONCE, file=FILE)
    ack = reply(request, MessageType.ACK, yiaddr=ADDRESS, pxe=pxe)
    machine.hear(ack if tags is None else ack.with_option(VENDOR_SPECIFIC, tags))
    assert machine.requests() == [FILE]


def test_option_67_comes_before_the_file_field() -> None:
    """RFC 2132 §9.5, and a NUL ends it."""
    machine, request = requesting(tags=AT_ONCE, file=OTHER_FILE)
    ack = reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=AT_ONCE, file=OTHER_FILE)
    machine.hear(ack.with_option(BOOT_FILE_NAME, FILE + "\0\0"))
    assert machine.requests() == [FILE]


def test_options_in_the_file_field_are_read() -> None:
    """RFC 2132 §9.3: overload leaves no name in `file`, option 67 holds it."""
    machine, request = requesting(tags=AT_ONCE, file=FILE)
    ack = reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=AT_ONCE).with_option(BOOT_FILE_NAME, FILE)
    machine.hear(encode(ack, 300))
    assert machine.requests() == [FILE]


def test_no_boot_file_is_e53() -> None:
    """PXE 2.1 §2.2.3: a plain DHCP server and nobody beside it."""
    machine = Machine()
    _, discover = machine.asked()
    machine.hear(offer(discover))
    machine.acknowledge()
    assert machine.error == "PXE-E53"
    assert machine.told(AddressGivenUp)


def test_the_server_is_siaddr_else_option_54() -> None:
    """PXE 2.1 §2.2.5."""
    for siaddr, expected in ((OTHER_SERVER, OTHER_SERVER), (NOBODY, SERVER)):
        machine, request = requesting(tags=AT_ONCE, file=FILE, siaddr=siaddr)
        machine.hear(reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=AT_ONCE, file=FILE, siaddr=siaddr))
        assert [each.peer for each in machine.take_sent()] == [SocketAddress(expected, 69)]


def test_with_bit_3_the_first_listed_server_has_the_file() -> None:
    """PXE 2.1 table 2-1, tag 6 bit 3."""
    tags = Options({**AT_ONCE, **Options().with_option(BOOT_SERVERS, (BootServers(0, (OTHER_SERVER, SERVER)),))})
    machine, request = requesting(tags=tags, file=FILE)
    machine.hear(reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=tags, file=FILE))
    assert [each.peer for each in machine.take_sent()] == [SocketAddress(OTHER_SERVER, 69)]


def test_bootp_needs_no_request() -> None:
    """RFC 951 §7: the reply is the lease."""
    machine = Machine("intel-rom")
    _, discover = machine.asked()
    machine.hear(bootp(discover))
    machine.wait(13.2)
    machine.take_sent()
    machine.wait(1)
    assert machine.told(AddressAcquired)
    assert machine.client.outcome is None


# The ProxyDHCP service on port 4011


def asking_proxy(
    firmware: str = "edk2", *, siaddr: IPv4Address | None = None, proxies: tuple[IPv4Address, ...] = ()
) -> Machine:
    """A machine whose DHCP server, or the services beside it, said `PXEClient` and no more."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    machine.hear(offer(discover, pxe=not proxies, siaddr=siaddr))
    for server in proxies:
        machine.hear(proxy_offer(discover, server=server, siaddr=NOBODY, pxe=True))
    machine.acknowledge(pxe=not proxies, siaddr=siaddr)
    return machine


def test_edk2_asks_port_4011_as_captured() -> None:
    """Firmware: from port 4011, without the broadcast flag, options in the order of their numbers."""
    machine = asking_proxy()
    datagram, ours = machine.sent[0], decode(machine.sent[0].payload)
    theirs = decode(payload_of(EDK2_BOOT_SERVER_REQUEST))
    assert ours == replace(theirs, xid=ours.xid, secs=0, ciaddr=ADDRESS, chaddr=ours.chaddr)
    assert (datagram.local, datagram.peer) == (SocketAddress(ADDRESS, 4011), AT_4011)


@pytest.mark.parametrize(("siaddr", "expected"), [(OTHER_SERVER, OTHER_SERVER), (NOBODY, SERVER)])
def test_the_service_is_at_siaddr_else_at_option_54(siaddr: IPv4Address, expected: IPv4Address) -> None:
    """PXE 2.1 §2.2.3."""
    machine = asking_proxy(siaddr=siaddr)
    assert machine.sent[0].peer == SocketAddress(expected, 4011)


def test_all_services_are_asked_in_turn() -> None:
    """PXE 2.1 §2.2.3: each for its 1, 2, 3 and 4 s, then PXE-E55."""
    machine = asking_proxy(proxies=(OTHER_SERVER, ip(3)))
    machine.wait(25)
    assert [each.peer.host for each in machine.take_sent()] == [OTHER_SERVER] * 4 + [ip(3)] * 4
    assert machine.error == "PXE-E55"


def test_a_service_is_asked_once_however_often_it_offered() -> None:
    """Firmware: each DISCOVER that is repeated brings the same offers again."""
    machine = asking_proxy(proxies=(OTHER_SERVER, OTHER_SERVER))
    machine.wait(25)
    assert len(machine.take_sent()) == 4


def test_a_closed_port_is_not_waited_upon() -> None:
    """RFC 792: port unreachable."""
    machine = asking_proxy(proxies=(OTHER_SERVER, ip(3)))
    machine.take_sent()
    machine.client.unreachable(SocketAddress(OTHER_SERVER, 4011), Unreachable.PORT_CLOSED, machine.now)
    machine.settle()
    datagram, _ = machine.asked()
    assert datagram.peer == SocketAddress(ip(3), 4011)
    machine.client.unreachable(SocketAddress(ip(3), 4011), Unreachable.NO_ARP_ANSWER, machine.now)
    machine.settle()
    assert machine.error == "PXE-E11"


@pytest.mark.parametrize(
    ("reason", "more"),
    [
        ("not of class PXEClient", {"yiaddr": ADDRESS, "file": FILE}),
        ("malformed yiaddr", {"file": FILE}),
        ("names neither a boot file nor a way to one", {"pxe": True}),
    ],
)
def test_an_answer_from_4011_says_how_to_boot(reason: str, more: ReplyParts) -> None:
    """PXE 2.1 §2.2.3: option 60, and tags or a boot file."""
    machine = asking_proxy()
    _, request = machine.asked()
    machine.hear(reply(request, MessageType.ACK, **more), AT_4011, 4011)
    assert machine.dropped == [reason]


def test_an_answer_from_4011_names_the_file() -> None:
    """PXE 2.1 §2.2.3: pure BINL."""
    machine = asking_proxy()
    _, request = machine.asked()
    machine.hear(reply(request, MessageType.ACK, pxe=True, file=FILE), AT_4011, 4011)
    assert machine.requests() == [FILE]


def test_an_answer_from_4011_with_tags_leads_to_discovery() -> None:
    """PXE 2.1 §2.2.3."""
    machine = asking_proxy()
    _, request = machine.asked()
    machine.hear(reply(request, MessageType.ACK, tags=BY_UNICAST), AT_4011, 4011)
    _, discovery = machine.asked()
    assert VENDOR_SPECIFIC.code in discovery.options
    assert discovery.xid != request.xid


@pytest.mark.parametrize(("firmware", "goes_on"), [("ipxe", True), ("wireboot", True), ("intel-rom", False)])
def test_silence_on_4011_may_leave_the_offers_own_file(firmware: str, goes_on: bool) -> None:
    """Firmware: to iPXE it is not fatal."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    machine.hear(offer(discover, pxe=True, file=FILE))
    machine.acknowledge(pxe=True, file=FILE)
    machine.wait(20)
    if goes_on:
        assert FILE in machine.requests()
    else:
        assert machine.error == "PXE-E55"


@pytest.mark.parametrize(("firmware", "captured"), [("edk2", EDK2_DISCOVERY), ("ipxe", IPXE_DISCOVERY)])
def test_discovery_is_the_captured_one(firmware: str, captured: tuple[str, int]) -> None:
    """Firmware: EDK2 from port 4011; iPXE from 68, with xid 0, the broadcast flag and the bare class."""
    machine = Machine(firmware)
    _, discover = machine.asked()
    tags = pxe_tags(3, servers=(BootServers(1, (SERVER,)),), menu=(MenuItem(1, "lab-01"),), prompt=MenuPrompt(0, "Bo"))
    machine.hear(offer(discover, tags=tags))
    machine.acknowledge(tags=tags)
    datagram, ours = machine.sent[0], decode(machine.sent[0].payload)
    theirs = decode(payload_of(captured))
    assert ours == replace(theirs, xid=ours.xid, secs=0, chaddr=ours.chaddr)
    assert (ours.xid == 0) == (firmware == "ipxe")
    assert datagram.peer == AT_4011
    assert datagram.local == SocketAddress(ADDRESS, 4011 if firmware == "edk2" else 68)
