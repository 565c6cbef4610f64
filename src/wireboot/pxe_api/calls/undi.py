"""The UNDI services: frames to and from the card, as boot programs ask for them (PXE 2.1, opcodes 0001h to 0014h).

No interrupt ever comes from this card. A program finds that in GET_IFACE_INFO and asks ISR by itself instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from wireboot.pxe_api import opcodes
from wireboot.pxe_api.card import PacketFilter
from wireboot.pxe_api.dispatcher import PxeApi
from wireboot.pxe_api.memory import Memory, SegOff16, real_mode_address
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.pxe_api.structures import (
    DataBlock,
    ParameterBlock,
    TransmitBufferDescriptor,
    UndiGetIfaceInfo,
    UndiGetInformation,
    UndiGetMcastAddress,
    UndiGetNicType,
    UndiGetStatistics,
    UndiInitialize,
    UndiIsr,
    UndiMulticastList,
    UndiOpen,
    UndiSetPacketFilter,
    UndiSetStationAddress,
    UndiTransmit,
)
from wireboot.pxe_api.undi import FrameReceived, TransmitCompleted, Undi
from wireboot.wire import ethernet
from wireboot.wire.ethernet import Frame

MULTICAST_ADDRESSES_MAX = 8
DATA_BLOCKS_MAX = 8

_ADDRESS_SIZE = 6
_ADDRESS_FIELD_SIZE = 16
"""Of every link address in a block (PXE 2.1, MAC_ADDR)."""
_PCI_NIC = 2
_ETHERNET = 1
_SEGMENT_AND_OFFSET = 1
"""The one kind of pointer that a data block may hold."""
_LINK_SPEED = 1_000_000_000
"""In bits per second: nothing depends on it, and something has to be said."""
_ETHERTYPE_RARP = 0x8035


class Protocol(IntEnum):
    """What a frame carries. TRANSMIT knows the first four, ISR tells all but the first."""

    HEADER_IS_THERE = 0
    IP = 1
    ARP = 2
    RARP = 3
    OTHER = 4


_ETHERTYPES = {
    Protocol.IP: ethernet.ETHERTYPE_IPV4,
    Protocol.ARP: ethernet.ETHERTYPE_ARP,
    Protocol.RARP: _ETHERTYPE_RARP,
}
_PROTOCOLS = {ethertype: protocol for protocol, ethertype in _ETHERTYPES.items()}


class XmitFlag(IntEnum):
    DESTINATION = 0
    BROADCAST = 1


class PacketType(IntEnum):
    """How a received frame was addressed."""

    DIRECTED = 0
    BROADCAST = 1
    MULTICAST = 2


class IsrCall(IntEnum):
    """What a caller wants of ISR."""

    START = 1
    PROCESS = 2
    GET_NEXT = 3


class InterruptIs(IntEnum):
    """The answer to START, in the same field."""

    OURS = 0
    NOT_OURS = 1


class IsrAnswer(IntEnum):
    """The answer to PROCESS and GET_NEXT, in the same field."""

    DONE = 0
    TRANSMIT = 2
    RECEIVE = 3


class ServiceFlag(IntFlag):
    """What the card can do, as NDIS 2 numbers it. Not among them: interrupts (1000h)."""

    BROADCAST = 0x0001
    MULTICAST = 0x0002
    PROMISCUOUS = 0x0008
    SETTABLE_ADDRESS = 0x0010
    RESET = 0x0400
    OPEN_AND_CLOSE = 0x0800


@dataclass(frozen=True, slots=True)
class NicType:
    """What a PCI card says of itself. Without more: a virtio network card where QEMU puts its first one."""

    vendor_id: int = 0x1AF4
    device_id: int = 0x1000
    base_class: int = 0x02
    sub_class: int = 0x00
    programming_interface: int = 0x00
    revision: int = 0x00
    bus: int = 0
    device: int = 3
    function: int = 0
    subsystem_vendor_id: int = 0x1AF4
    subsystem_id: int = 0x0001

    @property
    def bus_device_function(self) -> int:
        return self.bus << 8 | self.device << 3 | self.function


def _go_on(_has_sent: bool) -> None: ...


class UndiServices:
    def __init__(
        self,
        undi: Undi,
        memory: Memory,
        frame_buffer: SegOff16,
        nic: NicType,
        *,
        idle: Callable[[bool], object] = _go_on,
    ) -> None:
        """`frame_buffer`: room for one whole frame, which a caller reads there until it asks for the next one.

        `idle` is called where a caller begins to ask ISR and no frame is there, and is told whether one was sent; the
        card is looked at once more then.
        """
        self._undi = undi
        self._idle = idle
        self._memory = memory
        self._frame_buffer = frame_buffer
        self._nic = nic

    def provide(self, api: PxeApi) -> None:
        # fmt: off
        api.provide(opcodes.UNDI_STARTUP,             self._startup)
        api.provide(opcodes.UNDI_CLEANUP,             self._cleanup)
        api.provide(opcodes.UNDI_INITIALIZE,          self._initialize)
        api.provide(opcodes.UNDI_RESET_ADAPTER,       self._reset_adapter)
        api.provide(opcodes.UNDI_SHUTDOWN,            self._shutdown)
        api.provide(opcodes.UNDI_OPEN,                self._open)
        api.provide(opcodes.UNDI_CLOSE,               self._close)
        api.provide(opcodes.UNDI_TRANSMIT,            self._transmit)
        api.provide(opcodes.UNDI_SET_MCAST_ADDRESS,   self._set_mcast_address)
        api.provide(opcodes.UNDI_SET_STATION_ADDRESS, self._set_station_address)
        api.provide(opcodes.UNDI_SET_PACKET_FILTER,   self._set_packet_filter)
        api.provide(opcodes.UNDI_GET_INFORMATION,     self._get_information)
        api.provide(opcodes.UNDI_GET_STATISTICS,      self._get_statistics)
        api.provide(opcodes.UNDI_CLEAR_STATISTICS,    self._clear_statistics)
        api.provide(opcodes.UNDI_INITIATE_DIAGS,      self._initiate_diags)
        api.provide(opcodes.UNDI_FORCE_INTERRUPT,     self._force_interrupt)
        api.provide(opcodes.UNDI_GET_MCAST_ADDRESS,   self._get_mcast_address)
        api.provide(opcodes.UNDI_GET_NIC_TYPE,        self._get_nic_type)
        api.provide(opcodes.UNDI_GET_IFACE_INFO,      self._get_iface_info)
        api.provide(opcodes.UNDI_ISR,                 self._isr)
        # fmt: on

    # States

    def _startup(self, _: ParameterBlock) -> None:
        self._undi.startup()

    def _cleanup(self, _: ParameterBlock) -> None:
        self._undi.cleanup()

    def _initialize(self, _: UndiInitialize) -> None:
        # An NDIS 2 driver's protocol.ini has nothing to say to this card.
        self._undi.initialize()

    def _reset_adapter(self, block: UndiMulticastList) -> None:
        self._undi.reset(_multicast_addresses(block))

    def _shutdown(self, _: ParameterBlock) -> None:
        self._undi.shutdown()

    def _open(self, block: UndiOpen) -> None:
        self._undi.open(PacketFilter(block.packet_filter), _multicast_addresses(block))

    def _close(self, _: ParameterBlock) -> None:
        self._undi.close()

    # Settings

    def _set_mcast_address(self, block: UndiMulticastList) -> None:
        self._undi.set_multicast_addresses(_multicast_addresses(block))

    def _set_station_address(self, block: UndiSetStationAddress) -> None:
        self._undi.set_station_address(block.station_address[:_ADDRESS_SIZE])

    def _set_packet_filter(self, block: UndiSetPacketFilter) -> None:
        self._undi.set_packet_filter(PacketFilter(block.packet_filter))

    # What can be asked

    def _get_information(self, block: UndiGetInformation) -> None:
        self._undi.need_started()
        block.base_io = 0
        block.int_number = 0
        block.max_tran_unit = self._undi.mtu
        block.hw_type = _ETHERNET
        block.hw_addr_len = _ADDRESS_SIZE
        block.curr_node_address = self._undi.station_address
        block.perm_node_address = self._undi.permanent_address
        block.rom_address = 0
        block.rx_buf_ct = 1
        block.tx_buf_ct = 1

    def _get_statistics(self, block: UndiGetStatistics) -> None:
        self._undi.need_started()
        block.xmt_good_frames = self._undi.statistics.sent
        block.rcv_good_frames = self._undi.statistics.received
        block.rcv_crc_errors = 0
        block.rcv_resource_errors = 0

    def _clear_statistics(self, _: ParameterBlock) -> None:
        self._undi.need_started()
        self._undi.clear_statistics()

    def _initiate_diags(self, _: ParameterBlock) -> None:
        raise ServiceFailed(Status.UNSUPPORTED, "the card has no diagnostics")

    def _force_interrupt(self, _: ParameterBlock) -> None:
        raise ServiceFailed(Status.UNSUPPORTED, "the card has no interrupts")

    def _get_mcast_address(self, block: UndiGetMcastAddress) -> None:
        self._undi.need_started()
        group = block.inet_addr
        if not group.is_multicast:
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"{group} is no multicast group")
        block.media_addr = ethernet.multicast_link_address(group)

    def _get_nic_type(self, block: UndiGetNicType) -> None:
        self._undi.need_started()
        nic = self._nic
        block.nic_type = _PCI_NIC
        block.vendor_id = nic.vendor_id
        block.device_id = nic.device_id
        block.base_class = nic.base_class
        block.sub_class = nic.sub_class
        block.prog_intf = nic.programming_interface
        block.revision = nic.revision
        block.bus_dev_func = nic.bus_device_function
        block.sub_vendor_id = nic.subsystem_vendor_id
        block.sub_device_id = nic.subsystem_id

    def _get_iface_info(self, block: UndiGetIfaceInfo) -> None:
        self._undi.need_started()
        block.iface_type = b"DIX+802.3"
        block.link_speed = _LINK_SPEED
        block.service_flags = sum(ServiceFlag)
        block.reserved = b""

    # Frames

    def _transmit(self, block: UndiTransmit) -> None:
        protocol = block.protocol
        if protocol == Protocol.HEADER_IS_THERE:
            self._undi.transmit(self._data_to_send(block))
            return
        if protocol not in _ETHERTYPES:
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"protocol {protocol}")
        destination = self._destination(block)
        ethertype = _ETHERTYPES[Protocol(protocol)]
        frame = Frame(destination, self._undi.station_address, ethertype, self._data_to_send(block))
        self._undi.transmit(ethernet.encode(frame))

    def _destination(self, block: UndiTransmit) -> bytes:
        flag = block.xmit_flag
        if flag == XmitFlag.BROADCAST:
            return ethernet.BROADCAST
        if flag == XmitFlag.DESTINATION:
            return self._memory.read(self._memory.address_of(block.dest_addr), _ADDRESS_SIZE)
        raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"transmit flag {flag}")

    def _data_to_send(self, block: UndiTransmit) -> bytes:
        pieces = list(_pieces(TransmitBufferDescriptor(self._memory, self._memory.address_of(block.tbd))))
        size = sum(size for _, size in pieces)
        # Looked at before any of it is read: nine pieces can claim more than half a megabyte.
        if not 0 < size <= ethernet.HEADER_SIZE + self._undi.mtu:
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"{size} bytes to send, MTU {self._undi.mtu}")
        # An empty piece may point nowhere.
        return b"".join(self._memory.read(self._memory.address_of(start), size) for start, size in pieces if size)

    def _isr(self, block: UndiIsr) -> None:
        call = block.func_flag
        if call == IsrCall.START:
            block.func_flag = InterruptIs.OURS if self._has_news() else InterruptIs.NOT_OURS
            return
        # Whatever goes wrong from here on: PXELINUX looks at this field alone, and as long as it does not say that
        # this was all, asks for ever. The numbers of PROCESS and GET_NEXT would even pass for answers.
        block.func_flag = IsrAnswer.DONE
        if call not in (IsrCall.PROCESS, IsrCall.GET_NEXT):
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"ISR {call}")
        if call == IsrCall.PROCESS:
            # A program that polls may begin here: iPXE has START called by its interrupt handler only.
            self._has_news()
        self._tell_next(block)

    def _has_news(self) -> bool:
        has_news = self._undi.interrupt_is_ours()
        if not self._undi.has_received:
            self._idle(has_news)
            has_news = self._undi.interrupt_is_ours()
        return has_news

    def _tell_next(self, block: UndiIsr) -> None:
        match self._next_that_fits():
            case FrameReceived(data):
                self._hand_over(data, block)
            case TransmitCompleted():
                block.func_flag = IsrAnswer.TRANSMIT
            case None:
                block.func_flag = IsrAnswer.DONE

    def _next_that_fits(self) -> FrameReceived | TransmitCompleted | None:
        """What is no whole frame within the MTU, a card on a cable would have dropped."""
        while (told := self._undi.next_from_card()) is not None:
            if not isinstance(told, FrameReceived):
                return told
            if ethernet.HEADER_SIZE <= len(told.data) <= ethernet.HEADER_SIZE + self._undi.mtu:
                return told
        return None

    def _hand_over(self, frame: bytes, block: UndiIsr) -> None:
        """In one piece."""
        self._memory.write(real_mode_address(self._frame_buffer), frame)
        header = ethernet.decode(frame)
        block.buffer_length = len(frame)
        block.frame_length = len(frame)
        block.frame_header_length = ethernet.HEADER_SIZE
        block.frame = self._frame_buffer
        block.prot_type = _PROTOCOLS.get(header.ethertype, Protocol.OTHER)
        block.pkt_type = _packet_type(header.destination)
        block.func_flag = IsrAnswer.RECEIVE


def _packet_type(destination: bytes) -> PacketType:
    if destination == ethernet.BROADCAST:
        return PacketType.BROADCAST
    return PacketType.MULTICAST if ethernet.is_group(destination) else PacketType.DIRECTED


def _multicast_addresses(block: UndiMulticastList | UndiOpen) -> frozenset[bytes]:
    count = block.count
    if count > MULTICAST_ADDRESSES_MAX:
        raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"{count} multicast addresses")
    # No more than are counted: GRUB, which lists none, has a shorter block than the paper.
    start = block.address + type(block).addresses.offset
    listed = block.memory.read(start, count * _ADDRESS_FIELD_SIZE)
    addresses = frozenset(listed[at : at + _ADDRESS_SIZE] for at in range(0, len(listed), _ADDRESS_FIELD_SIZE))
    if not all(ethernet.is_group(address) for address in addresses):
        raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, "a station's address among the multicast addresses")
    return addresses


def _pieces(descriptor: TransmitBufferDescriptor) -> Iterator[tuple[SegOff16, int]]:
    """Where what is to be sent lies, and how many bytes of it."""
    yield descriptor.xmit, descriptor.immed_length
    count = descriptor.data_blk_count
    if count > DATA_BLOCKS_MAX:
        raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"{count} data blocks")
    first = descriptor.address + TransmitBufferDescriptor.SIZE - DATA_BLOCKS_MAX * DataBlock.SIZE
    for number in range(count):
        data = DataBlock(descriptor.memory, first + number * DataBlock.SIZE)
        if data.ptr_type != _SEGMENT_AND_OFFSET:
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"data block {number} has a pointer of another kind")
        yield data.data_ptr, data.data_len
