"""PXE 2.1 §3, UNDI programming interface (opcodes 0001h to 0014h), called as a boot program calls it.

Each test cites its service. Where a state or a value does not fit, the statuses are UNDI_INVALID_STATE and
UNDI_INVALID_PARAMETER.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frames import GROUP, MTU, OTHER_GROUP, OTHER_STATION, STATION, STRANGER_STATION
from tests.support.pxe_api import FRAME_BUFFER, MEMORY_SIZE_BYTES, BenchCard, BootProgram
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.calls.undi import (
    InterruptIs,
    IsrAnswer,
    IsrCall,
    NicType,
    PacketType,
    Protocol,
    UndiServices,
    XmitFlag,
)
from wireboot.pxe_api.card import PacketFilter
from wireboot.pxe_api.memory import NULL, SegOff16, real_mode_address
from wireboot.pxe_api.opcodes import Service
from wireboot.pxe_api.status import ExitCode, Status
from wireboot.pxe_api.structures import DataBlock, TransmitBufferDescriptor, UndiIsr
from wireboot.pxe_api.undi import Undi, UndiState
from wireboot.wire.ethernet import BROADCAST, multicast_link_address

ALL = PacketFilter.DIRECTED | PacketFilter.BROADCAST
LISTED, UNLISTED = multicast_link_address(GROUP), multicast_link_address(OTHER_GROUP)
UNLOADED, STARTED, INITIALIZED, OPENED = UndiState
END_OF_MEMORY = SegOff16(0xFFFF, 0x000F)
"""Its last byte."""


@dataclass
class Machine:
    """A boot program, UNDI, and the card under it."""

    program: BootProgram = field(default_factory=BootProgram)
    card: BenchCard = field(default_factory=BenchCard)
    nic: NicType = field(default_factory=NicType)
    idle: Callable[[bool], None] = lambda _has_sent: None

    def __post_init__(self) -> None:
        self.undi = Undi(self.card)
        services = UndiServices(
            self.undi, self.program.memory, FRAME_BUFFER, self.nic, idle=lambda has_sent: self.idle(has_sent)
        )
        services.provide(self.program.api)

    def status(self, service: Service[Any], **fields: object) -> Status:
        return self.program.status(service, **fields)

    def transmit(self, payload: bytes, protocol: int = Protocol.HEADER_IS_THERE, **fields: object) -> Status:
        """Send it as one immediate piece."""
        descriptor = self.descriptor((payload,))
        return self.status(opcodes.UNDI_TRANSMIT, protocol=protocol, tbd=descriptor, **fields)

    def descriptor(self, pieces: tuple[bytes, ...], *, pointer_type: int = 1) -> SegOff16:
        """A transmit buffer descriptor: the first piece immediate, the rest in data blocks."""
        immediate, *rest = pieces
        program = self.program
        # With room for one block too many, as good as the rest.
        place = program.place(bytes(TransmitBufferDescriptor.SIZE + DataBlock.SIZE))
        descriptor = TransmitBufferDescriptor(program.memory, real_mode_address(place))
        descriptor.immed_length, descriptor.xmit = len(immediate), program.place(immediate)
        descriptor.data_blk_count = len(rest)
        for number, piece in enumerate(rest):
            block = DataBlock(program.memory, descriptor.address + 8 + number * DataBlock.SIZE)
            block.ptr_type, block.data_len, block.data_ptr = pointer_type, len(piece), program.place(piece)
        return place

    def isr(self, call: int) -> UndiIsr:
        return self.program.call(opcodes.UNDI_ISR, func_flag=call)

    def received(self) -> list[bytes]:
        """All that ISR has to tell, but for what was sent."""
        frames = []
        answer = self.isr(IsrCall.PROCESS)
        while answer.func_flag != IsrAnswer.DONE:
            if answer.func_flag == IsrAnswer.RECEIVE:
                frames.append(self.program.read(answer.frame, answer.frame_length))
            answer = self.isr(IsrCall.GET_NEXT)
        return frames


def machine(state: UndiState, **about: Any) -> Machine:
    made = Machine(**about)
    if state > UNLOADED:
        made.undi.start()
    if state > STARTED:
        made.undi.initialize()
    if state > INITIALIZED:
        made.undi.open(ALL, ())
    return made


def frame(destination: bytes = STATION, ethertype: int = 0x0800, payload: bytes = bytes(46)) -> bytes:
    return destination + OTHER_STATION + ethertype.to_bytes(2, "big") + payload


def listing(*addresses: bytes) -> dict[str, object]:
    """The fields of a multicast list, each address in its 16 bytes."""
    return {"count": len(addresses), "addresses": b"".join(each.ljust(16, b"\0") for each in addresses)}


# States

# What each service asks of the state, and the state after it.
# fmt: off
TRANSITIONS: list[tuple[Service[Any], dict[UndiState, UndiState]]] = [
    (opcodes.UNDI_STARTUP,             {STARTED: STARTED, INITIALIZED: INITIALIZED}),
    (opcodes.UNDI_CLEANUP,             {STARTED: STARTED}),
    (opcodes.UNDI_INITIALIZE,          {STARTED: INITIALIZED, INITIALIZED: INITIALIZED}),
    (opcodes.UNDI_RESET_ADAPTER,       {INITIALIZED: OPENED, OPENED: OPENED}),
    (opcodes.UNDI_SHUTDOWN,            {INITIALIZED: STARTED, OPENED: STARTED}),
    (opcodes.UNDI_OPEN,                {INITIALIZED: OPENED, OPENED: OPENED}),
    (opcodes.UNDI_CLOSE,               {OPENED: INITIALIZED}),
    (opcodes.UNDI_SET_MCAST_ADDRESS,   {INITIALIZED: INITIALIZED, OPENED: OPENED}),
    (opcodes.UNDI_SET_PACKET_FILTER,   {OPENED: OPENED}),
    (opcodes.UNDI_GET_INFORMATION,     {each: each for each in (STARTED, INITIALIZED, OPENED)}),
    (opcodes.UNDI_GET_STATISTICS,      {each: each for each in (STARTED, INITIALIZED, OPENED)}),
    (opcodes.UNDI_CLEAR_STATISTICS,    {each: each for each in (STARTED, INITIALIZED, OPENED)}),
    (opcodes.UNDI_GET_NIC_TYPE,        {each: each for each in (STARTED, INITIALIZED, OPENED)}),
    (opcodes.UNDI_GET_IFACE_INFO,      {each: each for each in (STARTED, INITIALIZED, OPENED)}),
]
# fmt: on


@pytest.mark.parametrize("before", UndiState)
@pytest.mark.parametrize(("service", "allowed"), TRANSITIONS, ids=lambda value: getattr(value, "name", ""))
def test_a_service_is_there_in_its_states_only(
    service: Service[Any], allowed: dict[UndiState, UndiState], before: UndiState
) -> None:
    """PXE 2.1 §3, UNDI GET STATE: an engine in one of its states refuses what does not fit, and stays as it was."""
    boot = machine(before)
    wanted = Status.SUCCESS if before in allowed else Status.UNDI_INVALID_STATE
    assert boot.status(service) == wanted
    assert boot.undi.state is allowed.get(before, before)


@pytest.mark.parametrize("before", UndiState)
def test_the_station_address_is_set_before_open_only(before: UndiState) -> None:
    """PXE 2.1 §3, UNDI SET STATION ADDRESS: it is called before the adapter is opened."""
    boot = machine(before)
    status = boot.status(opcodes.UNDI_SET_STATION_ADDRESS, station_address=STRANGER_STATION)
    assert status == (Status.SUCCESS if before is INITIALIZED else Status.UNDI_INVALID_STATE)
    assert boot.card.station_address == (STRANGER_STATION if before is INITIALIZED else STATION)


@pytest.mark.parametrize("before", [UNLOADED, STARTED, INITIALIZED])
def test_nothing_is_sent_before_open(before: UndiState) -> None:
    """PXE 2.1 §3, UNDI CLOSE: no packets are sent until the adapter is open again."""
    boot = machine(before)
    assert boot.transmit(frame()) == Status.UNDI_INVALID_STATE
    assert not boot.card.sent


def test_a_group_has_no_address_before_start() -> None:
    """PXE 2.1 §3, START UNDI: no UNDI service is there before it."""
    assert machine(UNLOADED).status(opcodes.UNDI_GET_MCAST_ADDRESS, inet_addr=GROUP) == Status.UNDI_INVALID_STATE


@pytest.mark.parametrize("service", [opcodes.UNDI_INITIATE_DIAGS, opcodes.UNDI_FORCE_INTERRUPT])
def test_what_the_card_cannot_do_is_unsupported(service: Service[Any]) -> None:
    """PXE 2.1 §3, UNDI INITIATE DIAGS, UNDI FORCE INTERRUPT: UNSUPPORTED."""
    assert machine(OPENED).status(service) == Status.UNSUPPORTED


def test_the_states_are_gone_through_up_and_down() -> None:
    """PXE 2.1 §3, START UNDI to STOP UNDI, as iPXE brings the card up, shuts it down and brings it up again."""
    boot = machine(STARTED)
    up: list[Service[Any]] = [opcodes.UNDI_STARTUP, opcodes.UNDI_INITIALIZE, opcodes.UNDI_OPEN]
    down: list[Service[Any]] = [opcodes.UNDI_CLOSE, opcodes.UNDI_SHUTDOWN, opcodes.UNDI_CLEANUP]
    assert {boot.status(service) for service in (*up, *down, *up, *down)} == {Status.SUCCESS}


@pytest.mark.parametrize("end", ["stop", "start"])
def test_stop_and_start_leave_no_group_joined(end: str) -> None:
    """PXE 2.1 §3, STOP UNDI, START UNDI: whatever the state was, the card lets nothing in after them."""
    boot = machine(OPENED)
    boot.status(opcodes.UNDI_SET_MCAST_ADDRESS, **listing(LISTED))
    getattr(boot.undi, end)()
    assert not boot.card.multicast_addresses
    assert boot.undi.state < INITIALIZED


# What comes in

WITH_A_LIST: list[Service[Any]] = [
    opcodes.UNDI_OPEN,
    opcodes.UNDI_SET_MCAST_ADDRESS,
    opcodes.UNDI_RESET_ADAPTER,
]


@pytest.mark.parametrize(
    ("packet_filter", "let_in"),
    [
        (0x0000, []),
        (0x0001, [STATION, LISTED]),
        (0x0002, [BROADCAST]),
        (0x0003, [STATION, LISTED, BROADCAST]),
        (0x0004, [STATION, LISTED, UNLISTED, BROADCAST, STRANGER_STATION]),
        (0x0008, []),
    ],
)
@pytest.mark.parametrize("service", [opcodes.UNDI_OPEN, opcodes.UNDI_SET_PACKET_FILTER])
def test_the_filter_says_what_comes_in(service: Service[Any], packet_filter: int, let_in: list[bytes]) -> None:
    """PXE 2.1 §3, UNDI OPEN, UNDI SET PACKET FILTER: directed (the listed groups among them), broadcast,
    promiscuous.
    """
    boot = machine(INITIALIZED)
    is_open = service is opcodes.UNDI_OPEN
    boot.status(opcodes.UNDI_OPEN, packet_filter=packet_filter if is_open else 0, **listing(LISTED))
    if not is_open:
        boot.status(service, packet_filter=packet_filter)
    frames = {each: frame(each) for each in (STATION, LISTED, UNLISTED, BROADCAST, STRANGER_STATION)}
    boot.card.arrive(frames.values())
    assert boot.received() == [frames[each] for each in let_in]


def test_the_filter_that_is_set_takes_one_byte() -> None:
    """PXE 2.1 §3, UNDI SET PACKET FILTER: a byte, where OPEN has a word. What lies behind it is the caller's."""
    boot = machine(OPENED)
    block = boot.program.block(opcodes.UNDI_SET_PACKET_FILTER.block, packet_filter=0)
    boot.program.memory.write(block.address + 3, b"\xff")
    boot.program.api.call(opcodes.UNDI_SET_PACKET_FILTER.opcode, block.address)
    boot.card.arrive([frame()])
    assert boot.received() == []


@pytest.mark.parametrize("service", WITH_A_LIST, ids=lambda each: each.name)
def test_a_list_of_groups_takes_the_place_of_the_one_before(service: Service[Any]) -> None:
    """PXE 2.1 §3, UNDI SET MULTICAST ADDRESS: the adapter is made to accept this list; an empty one is the end of
    multicast.
    """
    boot = machine(OPENED)
    groups = [multicast_link_address(IPv4Address(f"239.0.0.{number}")) for number in range(8)]
    for listed in (groups, groups[:1], []):
        assert boot.status(service, **listing(*listed)) == Status.SUCCESS
        assert boot.card.multicast_addresses == set(listed)


@pytest.mark.parametrize(
    "wrong",
    [{"count": 9}, {"count": 0xFFFF}, listing(LISTED, STRANGER_STATION)],
    ids=["nine", "65535", "a station among them"],
)
@pytest.mark.parametrize("service", WITH_A_LIST, ids=lambda each: each.name)
def test_a_list_that_is_none_is_refused(service: Service[Any], wrong: dict[str, object]) -> None:
    """PXE 2.1 §3, UNDI RESET ADAPTER: up to MAXNUM_MCADDR (8) multicast MAC addresses."""
    boot = machine(OPENED)
    assert boot.status(service, **wrong) == Status.UNDI_INVALID_PARAMETER
    assert boot.card.multicast_addresses == set()


def test_a_shorter_block_will_do_where_no_group_is_listed() -> None:
    """PXE 2.1 §3, UNDI OPEN, as GRUB calls it: its list has 48 bytes and not 128, and here memory ends behind its
    count.
    """
    boot = machine(INITIALIZED)
    address = MEMORY_SIZE_BYTES - 8
    boot.program.memory.write(address, bytes.fromhex("0000 0000 0400 0000"))
    assert boot.program.api.call(opcodes.UNDI_OPEN.opcode, address) is ExitCode.SUCCESS


def test_a_reset_card_is_on_the_network_with_the_filter_it_had() -> None:
    """PXE 2.1 §3, UNDI RESET ADAPTER: unlike INITIALIZE it connects the adapter to the network; what was there before
    is gone.
    """
    boot = machine(OPENED)
    boot.status(opcodes.UNDI_SET_PACKET_FILTER, packet_filter=PacketFilter.BROADCAST)
    boot.transmit(frame())
    boot.card.arrive([frame(BROADCAST)])
    boot.isr(IsrCall.START)
    boot.status(opcodes.UNDI_RESET_ADAPTER)
    assert boot.isr(IsrCall.PROCESS).func_flag == IsrAnswer.DONE
    boot.card.arrive([frame(), frame(BROADCAST)])
    assert boot.received() == [frame(BROADCAST)]


def test_a_card_reset_before_it_was_open_lets_its_own_frames_in() -> None:
    """PXE 2.1 §3, UNDI RESET ADAPTER connects the adapter to the network; no OPEN has said with which filter."""
    boot = machine(INITIALIZED)
    boot.status(opcodes.UNDI_RESET_ADAPTER)
    boot.card.arrive([frame(), frame(BROADCAST), frame(STRANGER_STATION)])
    assert boot.received() == [frame(), frame(BROADCAST)]


def test_a_closed_card_forgets_frames_and_groups() -> None:
    """PXE 2.1 §3, UNDI CLOSE disconnects the adapter from the network."""
    boot = machine(OPENED)
    boot.status(opcodes.UNDI_SET_MCAST_ADDRESS, **listing(LISTED))
    boot.card.arrive([frame()])
    assert boot.isr(IsrCall.START).func_flag == InterruptIs.OURS
    boot.status(opcodes.UNDI_CLOSE)
    assert not boot.card.multicast_addresses
    boot.status(opcodes.UNDI_OPEN, packet_filter=ALL)
    assert boot.received() == []


# The station's address


def test_the_station_has_the_address_that_was_set() -> None:
    """PXE 2.1 §3, UNDI SET STATION ADDRESS: used for sending and receiving; the permanent one stays what it was."""
    boot = machine(INITIALIZED)
    boot.status(opcodes.UNDI_SET_STATION_ADDRESS, station_address=STRANGER_STATION)
    boot.status(opcodes.UNDI_OPEN, packet_filter=ALL)
    boot.card.arrive([frame(), frame(STRANGER_STATION)])
    assert boot.received() == [frame(STRANGER_STATION)]
    boot.transmit(b"packet", Protocol.IP, xmit_flag=XmitFlag.BROADCAST)
    assert boot.card.sent == [BROADCAST + STRANGER_STATION + b"\x08\x00packet"]
    information = boot.program.call(opcodes.UNDI_GET_INFORMATION)
    assert information.curr_node_address == STRANGER_STATION.ljust(16, b"\0")
    assert information.perm_node_address == STATION.ljust(16, b"\0")


def test_initialize_brings_the_defaults_back() -> None:
    """PXE 2.1 §3, UNDI INITIALIZE resets the adapter and programs it with default parameters."""
    boot = machine(INITIALIZED)
    boot.status(opcodes.UNDI_SET_STATION_ADDRESS, station_address=STRANGER_STATION)
    boot.status(opcodes.UNDI_SET_MCAST_ADDRESS, **listing(LISTED))
    boot.status(opcodes.UNDI_INITIALIZE)
    assert boot.card.station_address == boot.undi.station_address == STATION
    assert not boot.card.multicast_addresses


def test_groups_outlive_a_change_of_address() -> None:
    """PXE 2.1 §3, UNDI SET STATION ADDRESS changes the address alone, so that OPEN knows which groups to leave."""
    boot = machine(INITIALIZED)
    boot.status(opcodes.UNDI_SET_MCAST_ADDRESS, **listing(LISTED))
    boot.status(opcodes.UNDI_SET_STATION_ADDRESS, station_address=STRANGER_STATION)
    assert boot.card.multicast_addresses == {LISTED}
    boot.status(opcodes.UNDI_OPEN, packet_filter=ALL)
    assert boot.card.multicast_addresses == set()


@pytest.mark.parametrize("wrong", [bytes(6), BROADCAST, LISTED], ids=["zeros", "broadcast", "multicast"])
def test_no_station_has_the_address_of_none_or_many(wrong: bytes) -> None:
    """PXE 2.1 §3, UNDI SET STATION ADDRESS."""
    boot = machine(INITIALIZED)
    assert boot.status(opcodes.UNDI_SET_STATION_ADDRESS, station_address=wrong) == Status.UNDI_INVALID_PARAMETER
    assert boot.card.station_address == STATION


# What can be asked


@pytest.mark.parametrize("mtu", [1500, 1400, 9000])
def test_the_card_tells_what_it_is(mtu: int) -> None:
    """PXE 2.1 §3, UNDI GET INFORMATION. IntNumber 0: PXELINUX hooks any other interrupt and waits for it."""
    boot = machine(INITIALIZED, card=BenchCard(mtu=mtu))
    told = boot.program.call(opcodes.UNDI_GET_INFORMATION)
    assert (told.hw_type, told.hw_addr_len, told.max_tran_unit) == (1, 6, mtu)
    assert told.curr_node_address == told.perm_node_address == STATION.ljust(16, b"\0")
    assert (told.int_number, told.base_io, told.rom_address) == (0, 0, 0)
    assert min(told.rx_buf_ct, told.tx_buf_ct) >= 1


def test_statistics_count_frames_until_they_are_cleared() -> None:
    """PXE 2.1 §3, UNDI GET STATISTICS, UNDI CLEAR STATISTICS: what the filter keeps out was never received."""
    boot = machine(OPENED)
    boot.transmit(frame())
    boot.transmit(frame())
    boot.card.arrive([frame(), frame(STRANGER_STATION), frame(BROADCAST), frame()])
    boot.received()
    told = boot.program.call(opcodes.UNDI_GET_STATISTICS)
    assert (told.xmt_good_frames, told.rcv_good_frames) == (2, 3)
    assert (told.rcv_crc_errors, told.rcv_resource_errors) == (0, 0)
    boot.status(opcodes.UNDI_CLEAR_STATISTICS)
    told = boot.program.call(opcodes.UNDI_GET_STATISTICS)
    assert (told.xmt_good_frames, told.rcv_good_frames) == (0, 0)


@pytest.mark.parametrize(
    ("group", "link_address"),
    [
        ("224.0.0.1", "01005e000001"),
        ("239.255.255.255", "01005e7fffff"),
        ("232.129.2.3", "01005e010203"),  # the highest of the 24 bits is lost
    ],
)
def test_a_group_has_a_link_address(group: str, link_address: str) -> None:
    """PXE 2.1 §3, UNDI GET MULTICAST ADDRESS (RFC 1112 §6.4)."""
    told = machine(INITIALIZED).program.call(opcodes.UNDI_GET_MCAST_ADDRESS, inet_addr=IPv4Address(group))
    assert told.media_addr == bytes.fromhex(link_address).ljust(16, b"\0")


@pytest.mark.parametrize("address", ["0.0.0.0", "10.77.0.1", "223.255.255.255", "240.0.0.0", "255.255.255.255"])
def test_an_address_of_no_group_has_none(address: str) -> None:
    """PXE 2.1 §3, UNDI GET MULTICAST ADDRESS converts an IP multicast address."""
    boot = machine(INITIALIZED)
    status = boot.status(opcodes.UNDI_GET_MCAST_ADDRESS, inet_addr=IPv4Address(address))
    assert status == Status.UNDI_INVALID_PARAMETER


def test_the_kind_of_card_is_told_as_pci_knows_it() -> None:
    """PXE 2.1 §3, UNDI GET NIC TYPE: 2 for PCI; BusDevFunc as bus (8 bits), device (5), function (3)."""
    told = machine(INITIALIZED).program.call(opcodes.UNDI_GET_NIC_TYPE)
    assert told.memory.read(told.address + 2, 15) == bytes.fromhex("02 f41a 0010 02 00 00 00 1800 f41a 0100")
    assert NicType(bus=1, device=2, function=3).bus_device_function == 0x0113


def test_another_card_says_so() -> None:
    """PXE 2.1 §3, UNDI GET NIC TYPE tells of the card in use."""
    card = NicType(vendor_id=0x8086, device_id=0x100E, revision=3, subsystem_vendor_id=0xFFFF)
    told = machine(INITIALIZED, nic=card).program.call(opcodes.UNDI_GET_NIC_TYPE)
    assert (told.vendor_id, told.device_id, told.revision, told.sub_vendor_id) == (0x8086, 0x100E, 3, 0xFFFF)


def test_the_interface_is_ethernet_and_is_polled() -> None:
    """PXE 2.1 §3, UNDI GET IFACE INFO: flag 1000h stays clear, for no interrupt comes; iPXE waits for one where it is
    set.
    """
    told = machine(INITIALIZED).program.call(opcodes.UNDI_GET_IFACE_INFO, reserved=b"\xff" * 16)
    assert told.iface_type == b"DIX+802.3"
    assert told.service_flags == 0x0C1B
    assert told.link_speed > 0
    assert told.reserved == bytes(16)


# Frames out


def test_a_frame_with_its_header_leaves_as_it_is() -> None:
    """PXE 2.1 §3, UNDI TRANSMIT, protocol 0: the upper layer has made the media header; neither flag nor destination
    counts.
    """
    boot = machine(OPENED)
    assert boot.transmit(frame(STRANGER_STATION), xmit_flag=0xFF, dest_addr=NULL) == Status.SUCCESS
    assert boot.card.sent == [frame(STRANGER_STATION)]


@pytest.mark.parametrize(
    ("protocol", "ethertype"), [(Protocol.IP, "0800"), (Protocol.ARP, "0806"), (Protocol.RARP, "8035")]
)
def test_undi_makes_the_header_for_the_protocols_it_knows(protocol: Protocol, ethertype: str) -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: destination from DestAddr, or the broadcast address where XmitFlag says so."""
    boot = machine(OPENED)
    destination = boot.program.place(STRANGER_STATION)
    assert boot.transmit(b"packet", protocol, xmit_flag=XmitFlag.DESTINATION, dest_addr=destination) == Status.SUCCESS
    assert boot.transmit(b"packet", protocol, xmit_flag=XmitFlag.BROADCAST) == Status.SUCCESS
    rest = STATION + bytes.fromhex(ethertype) + b"packet"
    assert boot.card.sent == [STRANGER_STATION + rest, BROADCAST + rest]


@pytest.mark.parametrize("blocks", range(9))
def test_a_frame_is_put_together_from_its_pieces(blocks: int) -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: the immediate data, then up to MAX_DATA_BLKS (8) data blocks."""
    boot = machine(OPENED)
    whole = frame(payload=bytes(range(200)))
    cuts = [14 + 20 * number for number in range(blocks)]
    pieces = tuple(whole[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True))
    assert boot.status(opcodes.UNDI_TRANSMIT, tbd=boot.descriptor(pieces)) == Status.SUCCESS
    assert boot.card.sent == [whole]


def test_an_empty_piece_may_point_nowhere() -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: all of a frame in its data blocks, and no immediate data."""
    boot = machine(OPENED)
    descriptor = boot.descriptor((b"", frame(), b""))
    boot.program.memory.write(real_mode_address(descriptor) + 2, b"\xff\xff\xff\xff")
    assert boot.status(opcodes.UNDI_TRANSMIT, tbd=descriptor) == Status.SUCCESS
    assert boot.card.sent == [frame()]


@pytest.mark.parametrize("mtu", [1500, 576])
def test_the_longest_frame_holds_as_much_as_the_mtu(mtu: int) -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: MaxTranUnit bytes behind the header, whoever made it; not one more."""
    boot = machine(OPENED, card=BenchCard(mtu=mtu))
    whole, packet = frame(payload=bytes(mtu)), bytes(mtu)
    assert boot.transmit(whole) == Status.SUCCESS
    assert boot.transmit(packet, Protocol.IP, xmit_flag=XmitFlag.BROADCAST) == Status.SUCCESS
    assert [len(each) for each in boot.card.sent] == [mtu + 14] * 2
    assert boot.transmit(whole + b"\0") == Status.UNDI_INVALID_PARAMETER
    assert boot.transmit(packet + b"\0", Protocol.IP, xmit_flag=XmitFlag.BROADCAST) == Status.UNDI_INVALID_PARAMETER
    assert len(boot.card.sent) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"protocol": 4},
        {"protocol": 0xFF},
        {"protocol": Protocol.IP, "xmit_flag": 2},
        {"protocol": Protocol.IP, "dest_addr": END_OF_MEMORY},
        {"tbd": END_OF_MEMORY},
        {"tbd": SegOff16(0xFFFF, 0xFFFF)},
    ],
)
def test_what_makes_no_frame_is_refused(fields: dict[str, Any]) -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: an unknown protocol or flag, or a pointer past the end of memory."""
    boot = machine(OPENED)
    given_fields = {"tbd": boot.descriptor((frame(),)), **fields}
    assert boot.status(opcodes.UNDI_TRANSMIT, **given_fields) == Status.UNDI_INVALID_PARAMETER
    assert not boot.card.sent


@pytest.mark.parametrize(
    "pieces",
    [(b"",), (bytes(13),), (frame(), *[b"x"] * 9), (bytes(0xFFFF), *[bytes(0xFFFF)] * 8)],
    ids=["nothing", "less than a header", "nine blocks", "half a megabyte"],
)
def test_counts_that_make_no_frame_are_refused(pieces: tuple[bytes, ...]) -> None:
    """PXE 2.1 §3, UNDI TRANSMIT."""
    boot = machine(OPENED)
    assert boot.status(opcodes.UNDI_TRANSMIT, tbd=boot.descriptor(pieces)) == Status.UNDI_INVALID_PARAMETER
    assert not boot.card.sent


def test_a_packet_of_nothing_is_refused() -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: a header alone is no packet of any protocol."""
    boot = machine(OPENED)
    assert boot.transmit(b"", Protocol.IP, xmit_flag=XmitFlag.BROADCAST) == Status.UNDI_INVALID_PARAMETER


def test_a_piece_past_the_end_of_memory_is_refused() -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: the immediate data begins on memory's last byte."""
    boot = machine(OPENED)
    descriptor = boot.descriptor((frame(),))
    boot.program.memory.write(real_mode_address(descriptor) + 2, bytes.fromhex("0f00 ffff"))
    assert boot.status(opcodes.UNDI_TRANSMIT, tbd=descriptor) == Status.UNDI_INVALID_PARAMETER


@pytest.mark.parametrize("kind", [0, 2])
def test_a_data_block_has_a_segment_and_an_offset(kind: int) -> None:
    """PXE 2.1 §3, UNDI TRANSMIT, TDPtrType: 1; physical addresses (0) are not supported in PXE 2.1."""
    boot = machine(OPENED)
    descriptor = boot.descriptor((frame(), b"more"), pointer_type=kind)
    assert boot.status(opcodes.UNDI_TRANSMIT, tbd=descriptor) == Status.UNDI_INVALID_PARAMETER


def test_what_the_card_does_not_send_is_a_transmit_error() -> None:
    """PXE 2.1 §3, UNDI TRANSMIT: never OUT_OF_RESOURCES, on which PXELINUX tries again without end; and nothing was
    completed.
    """
    boot = machine(OPENED)
    boot.card.is_unplugged = True
    assert boot.transmit(frame()) == Status.UNDI_TRANSMIT_ERROR
    assert boot.isr(IsrCall.PROCESS).func_flag == IsrAnswer.DONE
    assert boot.program.call(opcodes.UNDI_GET_STATISTICS).xmt_good_frames == 0


def test_frames_may_follow_each_other_before_the_first_is_told_sent() -> None:
    """PXE 2.1 §3, UNDI TRANSMIT, as GRUB and iPXE call it: neither waits for a completion. Each is told, once."""
    boot = machine(OPENED)
    for _ in range(3):
        assert boot.transmit(frame()) == Status.SUCCESS
    answers = [boot.isr(IsrCall.PROCESS), *(boot.isr(IsrCall.GET_NEXT) for _ in range(3))]
    assert [each.func_flag for each in answers] == [IsrAnswer.TRANSMIT] * 3 + [IsrAnswer.DONE]


# Frames in


def test_an_interrupt_is_ours_while_there_is_something_to_tell() -> None:
    """PXE 2.1 §3, UNDI ISR, START: OURS until all is told, NOT_OURS before and after."""
    boot = machine(OPENED)
    told = [boot.isr(IsrCall.START).func_flag]
    boot.card.arrive([frame()])
    told += [boot.isr(IsrCall.START).func_flag, boot.isr(IsrCall.START).func_flag]
    boot.isr(IsrCall.PROCESS)
    told.append(boot.isr(IsrCall.START).func_flag)
    boot.transmit(frame())
    told.append(boot.isr(IsrCall.START).func_flag)
    ours, not_ours = InterruptIs.OURS, InterruptIs.NOT_OURS
    assert told == [not_ours, ours, ours, not_ours, ours]


@pytest.mark.parametrize("call", [IsrCall.START, IsrCall.PROCESS])
def test_what_was_sent_is_told_with_the_answer_that_comes_meanwhile(call: IsrCall) -> None:
    """PXE 2.1 §3, UNDI ISR: an interrupt may stand for several events. Time may pass before it is told, once for each
    time that nothing was received.
    """
    boot = machine(OPENED)
    idled: list[bool] = []
    answer = frame(payload=b"answer".ljust(46))

    def idle(has_sent: bool) -> None:
        idled.append(has_sent)
        boot.card.arrive([answer] if has_sent else [])

    boot.idle = idle
    boot.isr(call)
    boot.transmit(frame())
    if call == IsrCall.START:
        assert boot.isr(IsrCall.START).func_flag == InterruptIs.OURS
    told = [boot.isr(each).func_flag for each in (IsrCall.PROCESS, IsrCall.GET_NEXT, IsrCall.GET_NEXT)]

    assert told == [IsrAnswer.RECEIVE, IsrAnswer.TRANSMIT, IsrAnswer.DONE]
    assert idled == [False, True]


@pytest.mark.parametrize("state", [UNLOADED, STARTED, INITIALIZED])
def test_no_interrupt_is_ours_while_the_card_is_not_open(state: UndiState) -> None:
    """PXE 2.1 §3, UNDI ISR, START: another device's interrupt comes in any state. lpxelinux polls before OPEN and
    after CLOSE.
    """
    boot = machine(state)
    boot.card.arrive([frame()])
    answer = boot.isr(IsrCall.START)
    assert (answer.status, answer.func_flag) == (Status.SUCCESS, InterruptIs.NOT_OURS)
    assert boot.card.arriving == [frame()]


@pytest.mark.parametrize("state", [UNLOADED, STARTED, INITIALIZED])
@pytest.mark.parametrize("call", [IsrCall.PROCESS, IsrCall.GET_NEXT])
def test_a_card_that_is_not_open_is_done(state: UndiState, call: IsrCall) -> None:
    """PXE 2.1 §3, UNDI ISR: DONE beside the status. PXELINUX reads FuncFlag alone, and 2 and 3 are answers as well."""
    answer = machine(state).isr(call)
    assert (answer.status, answer.func_flag) == (Status.UNDI_INVALID_STATE, IsrAnswer.DONE)


@pytest.mark.parametrize("call", [0, 4, 0xFFFF])
def test_another_call_of_isr_is_refused(call: int) -> None:
    """PXE 2.1 §3, UNDI ISR: START, PROCESS and GET_NEXT are all there are."""
    answer = machine(OPENED).isr(call)
    assert (answer.status, answer.func_flag) == (Status.UNDI_INVALID_PARAMETER, IsrAnswer.DONE)


def test_frames_are_told_one_by_one_and_what_was_sent_after_them() -> None:
    """PXE 2.1 §3, UNDI ISR: PROCESS and GET_NEXT give received frames first, then completed transmits, then DONE."""
    boot = machine(OPENED)
    boot.transmit(frame())
    first, second = frame(payload=b"1" * 46), frame(payload=b"2" * 60)
    boot.card.arrive([first, second])
    assert boot.isr(IsrCall.START).func_flag == InterruptIs.OURS
    answers = []
    for call in (IsrCall.PROCESS, IsrCall.GET_NEXT, IsrCall.GET_NEXT, IsrCall.GET_NEXT):
        answer = boot.isr(call)
        answers.append((answer.func_flag, boot.program.read(answer.frame, answer.frame_length)))
    assert answers == [
        (IsrAnswer.RECEIVE, first),
        (IsrAnswer.RECEIVE, second),
        (IsrAnswer.TRANSMIT, b""),
        (IsrAnswer.DONE, b""),
    ]


def test_a_frame_is_handed_over_whole_in_the_buffer_of_the_stack() -> None:
    """PXE 2.1 §3, UNDI ISR, RECEIVE: BufferLength is FrameLength, both with the 14 bytes of header; nothing but it is
    written.
    """
    boot = machine(OPENED)
    longest = frame(payload=bytes(MTU))
    boot.card.arrive([longest])
    before = bytes(boot.program.memory.content)
    answer = boot.isr(IsrCall.PROCESS)
    assert (answer.buffer_length, answer.frame_length, answer.frame_header_length) == (MTU + 14, MTU + 14, 14)
    assert answer.frame == FRAME_BUFFER
    end = real_mode_address(FRAME_BUFFER) + MTU + 14
    assert boot.program.memory.content[end:] == before[end:]


@pytest.mark.parametrize(
    ("ethertype", "protocol"),
    [(0x0800, 1), (0x0806, 2), (0x8035, 3), (0x86DD, 4), (0x002E, 4)],
)
@pytest.mark.parametrize(
    ("destination", "packet_type"),
    [(STATION, PacketType.DIRECTED), (BROADCAST, PacketType.BROADCAST), (LISTED, PacketType.MULTICAST)],
)
def test_a_frame_is_told_by_protocol_and_address(
    ethertype: int, protocol: int, destination: bytes, packet_type: PacketType
) -> None:
    """PXE 2.1 §3, UNDI ISR, ProtType: IP 1, ARP 2, RARP 3, other 4. PktType: directed 0, broadcast 1, multicast 2."""
    boot = machine(OPENED)
    boot.status(opcodes.UNDI_SET_MCAST_ADDRESS, **listing(LISTED))
    boot.card.arrive([frame(destination, ethertype)])
    answer = boot.isr(IsrCall.PROCESS)
    assert (answer.prot_type, answer.pkt_type) == (protocol, packet_type)


def test_a_program_that_polls_may_begin_with_process() -> None:
    """PXE 2.1 §3, UNDI ISR: iPXE calls START in its interrupt handler only, which is never run here."""
    boot = machine(OPENED)
    for number in range(3):
        boot.card.arrive([frame(payload=bytes([number]) * 46)])
        assert boot.received() == [frame(payload=bytes([number]) * 46)]


def test_grub_processes_what_is_not_ours() -> None:
    """PXE 2.1 §3, UNDI ISR: GRUB does not look at the answer to START, calls PROCESS all the same, and stops at
    DONE.
    """
    boot = machine(OPENED)
    assert boot.isr(IsrCall.START).func_flag == InterruptIs.NOT_OURS
    answer = boot.isr(IsrCall.PROCESS)
    assert (answer.status, answer.func_flag) == (Status.SUCCESS, IsrAnswer.DONE)


def test_no_frame_is_lost_while_nobody_asks() -> None:
    """PXE 2.1 §3, UNDI ISR: what is not asked for stays in the card, and comes later in its order."""
    boot = machine(OPENED)
    frames = [frame(payload=number.to_bytes(2, "big") * 23) for number in range(1000)]
    for each in frames:
        boot.card.arrive([each])
        boot.isr(IsrCall.START)
    assert boot.card.arriving == frames[1:]
    assert [*boot.received(), *boot.received()] == frames


@pytest.mark.parametrize("size", [6, 13, MTU + 15, 60000])
def test_what_is_no_frame_of_this_network_is_passed_over(size: int) -> None:
    """PXE 2.1 §3, UNDI ISR: no program is ready for more than the MTU, and no buffer for a header that is not whole."""
    boot = machine(OPENED)
    boot.card.arrive([frame(payload=bytes(60000))[:size], frame()])
    before = bytes(boot.program.memory.content)
    assert boot.received() == [frame()]
    end = real_mode_address(FRAME_BUFFER) + len(frame())
    assert boot.program.memory.content[end:] == before[end:]


# Whatever a program asks

UNDI_OPCODES = range(0x0001, 0x0015)


@given(
    state=st.sampled_from(UndiState),
    calls=st.lists(
        st.tuples(
            st.sampled_from(UNDI_OPCODES),
            st.binary(min_size=0x88, max_size=0x88)
            | st.binary(max_size=0x14).map(lambda some: some.ljust(0x88, b"\0")),
            st.integers(0x10000, 0x20000) | st.integers(MEMORY_SIZE_BYTES - 0x88, MEMORY_SIZE_BYTES + 0x10),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_any_bytes_in_any_block_do_no_harm(state: UndiState, calls: list[tuple[int, bytes, int]]) -> None:
    """PXE 2.1 §3: no call raises, and none writes anywhere but in its block and in the stack's frame buffer."""
    boot = machine(state)
    memory = boot.program.memory.content
    sizes = {service.opcode: service.block.SIZE for service in opcodes.SERVICES.values()}
    buffer = slice(real_mode_address(FRAME_BUFFER), real_mode_address(FRAME_BUFFER) + MTU + 14)
    for opcode, content, address in calls:
        boot.card.arrive([frame(), frame(LISTED, payload=bytes(MTU)), b""])
        end = min(address + len(content), MEMORY_SIZE_BYTES)
        memory[address:end] = content[: max(0, end - address)]
        before = bytearray(memory)
        boot.program.api.call(opcode, address)
        for allowed in (slice(address, min(address + sizes[opcode], MEMORY_SIZE_BYTES)), buffer):
            before[allowed] = memory[allowed]
        assert memory == before
    assert len(boot.program.calls) == len(calls)
