"""PXE 2.1 §3, TFTP API: OPEN, READ, CLOSE, READ_FILE and GET_FSIZE as a boot program calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frames import FAR_AWAY, OTHER_STATION, PEER, ROUTER, icmp_frame, pattern
from tests.support.pxe_network import (
    BLOCK_AT,
    BUFFER,
    BUFFER_AT,
    MEMORY_SIZE,
    MTFTP,
    OTHER_ROUTER,
    OTHER_ROUTER_STATION,
    SILENT,
    TFTP_PORTS,
    Site,
    udp_sent,
)
from tests.support.tftp import MemoryFiles
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.tftp.options import OptionLimits
from wireboot.protocols.tftp.packet import Ack, Data, Error, ReadRequest, decode, encode
from wireboot.protocols.tftp.server import TftpServer
from wireboot.pxe_api.calls.tftp import CALL_S_MAX
from wireboot.pxe_api.memory import SegOff16
from wireboot.pxe_api.opcodes import (
    TFTP_CLOSE,
    TFTP_GET_FSIZE,
    TFTP_OPEN,
    TFTP_READ,
    TFTP_READ_FILE,
    TFTP_READ_FILE_PMODE,
    UDP_OPEN,
    Service,
)
from wireboot.pxe_api.status import Status
from wireboot.pxe_api.structures import ParameterBlock, TftpGetFsize, TftpOpen, TftpRead, TftpReadFile
from wireboot.wire import ethernet, icmp
from wireboot.wire.icmp import IcmpMessage

ABOVE_1_MIB = 0x150000


def open_file(site: Site, file: bytes = b"boot", /, **fields: object) -> TftpOpen:
    return site.call(TFTP_OPEN, **{"server_ip": PEER, "file_name": file, "packet_size": 512} | fields)


def read(site: Site) -> TftpRead:
    return site.call(TFTP_READ, buffer=BUFFER)


def read_to_the_end(site: Site, blksize: int) -> bytes:
    content = b""
    while True:
        block = read(site)
        assert block.status == Status.SUCCESS
        content += site.memory.read(BUFFER_AT, block.buffer_size)
        if block.buffer_size < blksize:
            return content


def read_file(site: Site, file: bytes = b"boot", /, **fields: object) -> TftpReadFile:
    room = {"server_ip": PEER, "file_name": file, "buffer": ABOVE_1_MIB, "buffer_size": 1 << 20}
    return site.call(TFTP_READ_FILE, **room | fields)


def multicast(**fields: object) -> dict[str, object]:
    ports = {"client_port": MTFTP.client_port, "server_port": MTFTP.server_port}
    return {"mcast_ip": MTFTP.group, "open_timeout_s": 2, "reopen_delay_s": 1} | ports | fields


def file_size(site: Site, file: bytes = b"boot", /, **fields: object) -> TftpGetFsize:
    return site.call(TFTP_GET_FSIZE, **{"server_ip": PEER, "file_name": file} | fields)


Call = Callable[..., ParameterBlock]
CALLS: tuple[Call, ...] = (open_file, read_file, file_size)


def silence_after(site: Site, datagrams: int) -> None:
    """The server's frames are lost after so many datagrams of it."""
    seen = 0

    def is_lost(frame: bytes) -> bool:
        nonlocal seen
        seen += len(udp_sent([frame], OTHER_STATION))
        return seen > datagrams and ethernet.decode(frame).source == OTHER_STATION

    site.link.is_lost = is_lost


# OPEN, READ and CLOSE


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 100_000])
def test_a_file_is_read_block_by_block(size: int) -> None:
    """PXE 2.1 §3, TFTP READ: less than a block is the end, and that may be nothing (RFC 1350 §6)."""
    site = Site({"boot": pattern(size)})
    assert open_file(site).packet_size == 512
    assert read_to_the_end(site, 512) == pattern(size)
    assert site.call(TFTP_CLOSE).status == Status.SUCCESS


def test_packets_are_numbered_from_1() -> None:
    """PXE 2.1 §3, TFTP READ: PacketNumber."""
    site = Site({"boot": pattern(1200)})
    open_file(site)
    assert [read(site).packet_number for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(("wanted", "agreed"), [(512, 512), (1024, 1024), (1456, 1456), (8192, 1468), (65535, 1468)])
def test_the_size_of_packets_is_negotiated(wanted: int, agreed: int) -> None:
    """PXE 2.1 §3, TFTP OPEN: PacketSize in and out (RFC 2348)."""
    site = Site({"boot": pattern(5000)})
    assert open_file(site, packet_size=wanted).packet_size == agreed
    assert read_to_the_end(site, agreed) == pattern(5000)


@pytest.mark.parametrize("size", [0, 1, 511])
def test_packets_have_at_least_512_bytes(size: int) -> None:
    """PXE 2.1 §3, TFTP OPEN: TFTP_INVALID_PACKET_SIZE."""
    site = Site({"boot": b"x"})
    assert open_file(site, packet_size=size).status == Status.TFTP_INVALID_PACKET_SIZE
    assert not site.server.programs.heard


def test_a_server_without_options_has_packets_of_512_bytes() -> None:
    """RFC 2347: no OACK, and DATA at once."""
    site = Site({"boot": pattern(1000)})
    _forget_options(site)
    assert open_file(site, packet_size=1456).packet_size == 512
    assert read_to_the_end(site, 512) == pattern(1000)


def test_blocks_larger_than_the_mtu_come_in_fragments() -> None:
    """RFC 2348; RFC 791 §3.2."""
    files = {"boot": pattern(50_000)}
    tftp = TftpServer(MemoryFiles(files), transfer_ports=TFTP_PORTS, option_limits=OptionLimits(blksize_max=65464))
    site = Site(files, tftp=tftp)
    assert open_file(site, packet_size=16384).packet_size == 16384
    assert read_to_the_end(site, 16384) == pattern(50_000)


def test_the_server_is_asked_at_the_port_that_is_named() -> None:
    """PXE 2.1 §3, TFTP OPEN: TFTPPort, in network order."""
    site = Site()
    assert open_file(site, tftp_port=1069).status == Status.TFTP_OPEN_TIMEOUT
    assert {datagram.local.port for datagram in site.server.programs.received} == {1069}


def test_no_more_is_taken_in_than_is_read() -> None:
    """Ours: a program that reads slowly has the server wait, and takes no memory for it."""
    site = Site({"boot": pattern(100_000)})
    open_file(site, packet_size=1024)
    read(site)
    site.link.run(3.0)
    acked = [packet.block for packet in site.server.programs.heard if isinstance(packet, Ack)]
    assert max(acked) <= 1
    assert read_to_the_end(site, 1024) == pattern(100_000)[1024:]


def test_the_caller_does_not_say_how_large_its_buffer_is() -> None:
    """PXE 2.1 §3, TFTP READ: BufferSize is for output."""
    site = Site({"boot": pattern(1200)})
    open_file(site)
    for garbage in (0, 1, 0xFFFF):
        assert site.call(TFTP_READ, buffer=BUFFER, buffer_size=garbage).status == Status.SUCCESS


def test_a_buffer_that_is_not_there_costs_no_block() -> None:
    """Ours: UNDI_INVALID_PARAMETER, and the block is there for the next try."""
    site = Site({"boot": b"hello"})
    site.memory.content = site.memory.content[:0x30000]
    open_file(site)
    assert site.call(TFTP_READ, buffer=SegOff16(0x2FFF, 0xF)).status == Status.UNDI_INVALID_PARAMETER
    assert read_to_the_end(site, 512) == b"hello"


def test_nothing_comes_after_the_end() -> None:
    """Ours: a READ too many finds an empty block."""
    site = Site({"boot": b"hello"})
    open_file(site)
    assert (read(site).buffer_size, read(site).buffer_size) == (5, 0)


@pytest.mark.parametrize("service", [TFTP_READ, TFTP_CLOSE])
def test_nothing_can_be_read_while_tftp_is_closed(service: Service[ParameterBlock]) -> None:
    """PXE 2.1 §3, TFTP READ and CLOSE: TFTP_CLOSED, before OPEN, after a failed one and after CLOSE."""
    site = Site({"boot": b"x"})
    assert site.call(service).status == Status.TFTP_CLOSED
    open_file(site, b"missing")
    assert site.call(service).status == Status.TFTP_CLOSED
    open_file(site)
    site.call(TFTP_CLOSE)
    assert site.call(service).status == Status.TFTP_CLOSED


def test_closing_in_the_middle_of_a_file_tells_the_server() -> None:
    """PXE 2.1 §3, TFTP CLOSE: by ERROR 0 (RFC 1350 §7)."""
    site = Site({"boot": pattern(5000)})
    open_file(site)
    read(site)
    site.call(TFTP_CLOSE)
    site.link.run(0.01)
    (told,) = _errors(site)
    assert told.code == 0
    assert site.server.programs.files.opened[0].closed


def test_closing_at_the_end_says_nothing() -> None:
    """PXE 2.1 §3, TFTP CLOSE; RFC 1350 §6."""
    site = Site({"boot": b"x"})
    open_file(site)
    read(site)
    site.call(TFTP_CLOSE)
    site.link.run(0.01)
    assert _errors(site) == []


def test_the_card_is_open_as_long_as_tftp_is() -> None:
    """PXE 2.1 §3, UNDI: the base code opens the card for its own services."""
    site = Site({"boot": b"x"})
    open_file(site)
    assert site.is_card_open()
    site.call(TFTP_CLOSE)
    assert not site.is_card_open()
    open_file(site, b"missing")
    assert not site.is_card_open()


def test_a_forgotten_connection_gives_way() -> None:
    """PXE 2.1 §3, TFTP OPEN, would have TFTP_OPEN said. Ours: some programs forget to close."""
    site = Site({"boot": pattern(5000), "other": b"y"})
    open_file(site)
    assert open_file(site, b"other").status == Status.SUCCESS
    assert read_to_the_end(site, 512) == b"y"
    open_file(site)
    assert file_size(site, b"other").file_size == 1
    open_file(site)
    assert read_file(site, b"other").buffer_size == 1
    assert read(site).status == Status.TFTP_CLOSED


def test_late_packets_of_one_transfer_do_not_meet_the_next() -> None:
    """RFC 1350 §4: each has a transfer ID of its own."""
    site = Site({"boot": b"x"})
    for _ in range(4):
        open_file(site)
        site.call(TFTP_CLOSE)
    ports = [packet.source_port for _, packet in udp_sent(site.link.frames) if packet.destination_port == 69]
    assert len(set(ports)) == 4


# READ_FILE


@pytest.mark.parametrize("size", [0, 1, 1468, 300_000])
def test_a_file_is_read_as_a_whole(size: int) -> None:
    """PXE 2.1 §3, TFTP READ FILE: to a physical address, here above 1 MiB as NTLDR has it; BufferSize is the file's."""
    site = Site({"boot": pattern(size)})
    block = read_file(site)
    assert (block.status, block.buffer_size) == (Status.SUCCESS, size)
    assert site.memory.read(ABOVE_1_MIB, size) == pattern(size)
    assert not site.is_card_open()


@pytest.mark.parametrize("has_options", [True, False])
def test_a_file_has_to_fit_its_buffer(has_options: bool) -> None:
    """PXE 2.1 §3, TFTP READ FILE: TFTP_TOO_MANY_PACKAGES, and nothing behind the buffer is touched."""
    site = Site({"boot": pattern(2000)})
    if not has_options:
        _forget_options(site)
    assert read_file(site, buffer_size=2000).status == Status.SUCCESS
    site.memory.write(ABOVE_1_MIB, bytes(4000))
    assert read_file(site, buffer_size=1999).status == Status.TFTP_TOO_MANY_PACKAGES
    assert site.memory.read(ABOVE_1_MIB + 1999, 2000) == bytes(2000)


def test_a_buffer_beyond_the_memory_fails_the_call() -> None:
    """Ours: UNDI_INVALID_PARAMETER; the server is told, and the next call finds all in order."""
    site = Site({"boot": pattern(100_000)})
    assert read_file(site, buffer=MEMORY_SIZE - 50_000).status == Status.UNDI_INVALID_PARAMETER
    site.link.run(0.01)
    assert [error.code for error in _errors(site)] == [0]
    assert not site.is_card_open()
    assert read_file(site).status == Status.SUCCESS


def test_the_port_for_multicast_is_not_that_of_tftp() -> None:
    """PXE 2.1 §3, TFTP READ FILE: TFTPSrvPort is MTFTP's."""
    site = Site({"boot": b"x"})
    assert read_file(site, server_port=1759, client_port=1758).status == Status.SUCCESS


def test_a_file_is_read_by_multicast() -> None:
    """PXE 2.1 §3, TFTP READ FILE with McastIPAddress, and §2.3. The group is left when it is over."""
    site = Site({"boot": pattern(20_000)}, offers={"boot": MTFTP})
    block = read_file(site, **multicast())
    assert (block.status, block.buffer_size) == (Status.SUCCESS, 20_000)
    assert site.memory.read(ABOVE_1_MIB, 20_000) == pattern(20_000)
    assert not site.server.programs.heard
    groups = {ethernet.decode(frame).destination for frame in site.link.frames if ethernet.is_group(frame)}
    assert ethernet.multicast_link_address(MTFTP.group) in groups
    assert ethernet.multicast_link_address(MTFTP.group) not in site.card.multicast_addresses


def test_a_file_that_nobody_sends_by_multicast_comes_by_tftp() -> None:
    """PXE 2.1 §2.3, as a client boots."""
    site = Site({"boot": pattern(2000)})
    fields = multicast(server_port=1760)
    assert read_file(site, **fields).buffer_size == 2000
    assert site.memory.read(ABOVE_1_MIB, 2000) == pattern(2000)


def test_a_file_that_the_multicast_server_refuses_is_not_asked_for_again() -> None:
    """PXE 2.1 §3, TFTP READ FILE: TFTP_FILE_NOT_FOUND."""
    site = Site({"boot": b"x"}, offers={})
    site.server.programs.mtftp.use_offers({"other": MTFTP}, now=site.link.now)
    assert read_file(site, **multicast()).status == Status.TFTP_FILE_NOT_FOUND


def test_a_multicast_file_has_to_fit_its_buffer() -> None:
    """PXE 2.1 §3, TFTP READ FILE: TFTP_TOO_MANY_PACKAGES."""
    site = Site({"boot": pattern(20_000)}, offers={"boot": MTFTP})
    assert read_file(site, buffer_size=19_999, **multicast()).status == Status.TFTP_TOO_MANY_PACKAGES


@pytest.mark.parametrize("address", ["10.77.0.1", "255.255.255.255"])
def test_a_group_has_to_be_one(address: str) -> None:
    """PXE 2.1 §3, PXENV_STATUS: TFTP_NO_MCAST_ADDRESS."""
    site = Site({"boot": b"x"})
    assert read_file(site, **multicast(mcast_ip=IPv4Address(address))).status == Status.TFTP_NO_MCAST_ADDRESS


def test_reading_to_protected_mode_is_not_supported() -> None:
    """PXE 2.1 §3 does not have it; 1.x did."""
    assert Site().call(TFTP_READ_FILE_PMODE).status == Status.UNSUPPORTED


def test_a_caller_of_our_own_gets_the_bytes() -> None:
    """Ours: what RESTART_TFTP stands on."""
    site = Site({"boot": pattern(5000)})
    block = read_file(site)
    assert site.tftp.read_whole(block, 5000) == pattern(5000)


# GET_FSIZE


def test_the_size_of_a_file_is_told() -> None:
    """PXE 2.1 §3, TFTP GET FILE SIZE (RFC 2349); the server is told that no more is wanted."""
    site = Site({"boot": pattern(123_456)})
    assert file_size(site).file_size == 123_456
    site.link.run(0.01)
    request, error = site.server.programs.heard
    assert isinstance(request, ReadRequest)
    assert (request.options, error) == ((("tsize", "0"),), Error(0, "only the size was wanted"))
    assert not site.is_card_open()


def test_a_server_without_options_does_not_tell_the_size() -> None:
    """PXE 2.1 §3, TFTP GET FILE SIZE: TFTP_NO_FILESIZE."""
    site = Site({"boot": pattern(1000)})
    _forget_options(site)
    assert file_size(site).status == Status.TFTP_NO_FILESIZE


@pytest.mark.parametrize("code", [0, 4, 8])
def test_a_server_that_refuses_options_does_not_tell_the_size(code: int) -> None:
    """PXE 2.1 §3, TFTP GET FILE SIZE: TFTP_NO_FILESIZE; RFC 2347 for ERROR 8."""
    site = Site()
    _answer_with(site, encode(Error(code, "no options here")))
    assert file_size(site).status == Status.TFTP_NO_FILESIZE


# What all have in common


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("file", "status"),
    [
        (b"missing", Status.TFTP_FILE_NOT_FOUND),
        (b"secret", Status.TFTP_ACCESS_VIOLATION),
        (b"", Status.TFTP_FILE_NOT_FOUND),
    ],
)
def test_a_refusal_is_told(call: Call, file: bytes, status: Status) -> None:
    """PXE 2.1 §3, PXENV_STATUS: TFTP_FILE_NOT_FOUND and TFTP_ACCESS_VIOLATION (RFC 1350, ERROR 1 and 2)."""
    assert call(Site({"boot": b"x"}), file).status == status


@pytest.mark.parametrize("call", CALLS)
def test_any_other_error_is_told(call: Call) -> None:
    """PXE 2.1 §3, PXENV_STATUS: TFTP_ERROR_OPCODE."""
    site = Site()
    _answer_with(site, encode(Error(3, "disk full")))
    assert call(site).status == Status.TFTP_ERROR_OPCODE


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_does_not_answer_is_told(call: Call) -> None:
    """PXE 2.1 §3, PXENV_STATUS: TFTP_OPEN_TIMEOUT."""
    site = Site({"boot": b"x"})
    silence_after(site, 0)
    _let_arp_through(site)
    before = site.link.now
    assert call(site).status == Status.TFTP_OPEN_TIMEOUT
    assert site.link.now - before < 60


def test_a_server_that_goes_silent_is_told() -> None:
    """PXE 2.1 §3, PXENV_STATUS: TFTP_READ_TIMEOUT."""
    site = Site({"boot": pattern(5000)})
    silence_after(site, 3)
    assert read_file(site).status == Status.TFTP_READ_TIMEOUT

    site = Site({"boot": pattern(5000)})
    silence_after(site, 2)
    open_file(site)
    assert [read(site).status for _ in range(3)] == [0, 0, Status.TFTP_READ_TIMEOUT]
    assert read(site).status == Status.TFTP_READ_TIMEOUT
    assert site.call(TFTP_CLOSE).status == Status.SUCCESS


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_does_not_answer_arp_is_told(call: Call) -> None:
    """PXE 2.1 §3, PXENV_STATUS: TFTP_CANNOT_ARP_ADDRESS."""
    assert call(Site(), server_ip=SILENT).status == Status.TFTP_CANNOT_ARP_ADDRESS


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_refuses_by_icmp_is_told(call: Call) -> None:
    """Ours: as one that cannot be reached, and at once (RFC 1122 §4.1.3.3)."""
    site = Site()

    def refuse(datagram: Datagram, now: float) -> None:  # noqa: ARG001  # the shape asks for it
        request = ethernet.decode(site.link.frames[-1]).payload
        about = IcmpMessage(icmp.DESTINATION_UNREACHABLE, icmp.PORT_UNREACHABLE, bytes(4), request[:28])
        site.link.attach(lambda _: None)(icmp_frame(about))

    site.server.programs.receive_datagram = refuse  # type: ignore[method-assign]
    before = site.link.now
    assert call(site).status == Status.TFTP_CANNOT_ARP_ADDRESS
    assert site.link.now - before < 0.1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("address", ["0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1"])
def test_what_cannot_be_a_server_is_not_asked(call: Call, address: str) -> None:
    """PXE 2.1 §3, PXENV_STATUS: TFTP_CANNOT_OPEN_CONNECTION."""
    status = call(Site(), server_ip=IPv4Address(address)).status
    assert status == Status.TFTP_CANNOT_OPEN_CONNECTION


@pytest.mark.parametrize("call", CALLS)
def test_a_file_is_not_read_beside_udp(call: Call) -> None:
    """PXE 2.1 §3: UDP_OPEN says who is in the way."""
    site = Site({"boot": b"x"})
    site.call(UDP_OPEN)
    assert call(site).status == Status.UDP_OPEN


@pytest.mark.parametrize("call", CALLS)
def test_a_card_that_is_not_initialized_is_told(call: Call) -> None:
    """PXE 2.1 §3, UNDI states."""
    site = Site({"boot": b"x"})
    site.undi.stop()
    assert call(site).status == Status.UNDI_INVALID_STATE
    site.undi.start()
    site.undi.initialize()
    assert call(site).status == Status.SUCCESS


@pytest.mark.parametrize("call", CALLS)
def test_a_gateway_is_used_for_one_file(call: Call) -> None:
    """PXE 2.1 §3: GatewayIPAddress; 0.0.0.0 is the routing that DHCP has set."""
    site = Site()
    assert call(site, server_ip=FAR_AWAY, gateway_ip=OTHER_ROUTER).status != Status.SUCCESS
    assert {frame.destination for frame, _ in udp_sent(site.link.frames)} == {OTHER_ROUTER_STATION}
    assert site.base.routers == (ROUTER,)


def test_a_connection_keeps_its_gateway() -> None:
    """PXE 2.1 §3, TFTP OPEN: GatewayIPAddress, until CLOSE."""
    site = Site({"boot": b"x"})
    open_file(site, gateway_ip=OTHER_ROUTER)
    assert site.base.routers == (OTHER_ROUTER,)
    site.call(TFTP_CLOSE)
    assert site.base.routers == (ROUTER,)


def test_a_name_takes_up_to_128_bytes_and_needs_no_nul() -> None:
    """PXE 2.1 §3: FileName."""
    name = b"n" * 128
    site = Site({name.decode(): b"long", "né": b"utf-8", "caf\xe9": b"latin-1"})
    site.memory.write(BLOCK_AT, bytes(0x100))
    site.memory.write(BLOCK_AT + 2, name)
    block = site.call_again(TFTP_READ_FILE, server_ip=PEER, buffer=ABOVE_1_MIB, buffer_size=100)
    assert (block.status, block.buffer_size) == (Status.SUCCESS, 4)
    assert read_file(site, "né".encode()).buffer_size == 5
    assert read_file(site, b"caf\xe9").buffer_size == 7


@pytest.mark.parametrize("seed", range(5))
def test_lost_frames_are_made_up_for(seed: int) -> None:
    """RFC 1350 §2."""
    site = Site({"boot": pattern(30_000)})
    random = Random(seed)
    site.link.is_lost = lambda _: random.random() < 0.1
    assert open_file(site, packet_size=1024).status == Status.SUCCESS
    assert read_to_the_end(site, 1024) == pattern(30_000)
    assert read_file(site).buffer_size == 30_000
    assert site.memory.read(ABOVE_1_MIB, 30_000) == pattern(30_000)
    assert file_size(site).file_size == 30_000


def test_no_call_lasts_for_ever() -> None:
    """Ours: a server that goes on for ever, each block just in time, ends with TFTP_READ_TIMEOUT."""
    site = Site()
    programs = site.server.programs

    def drip(datagram: Datagram, now: float) -> None:
        packet = decode(datagram.payload)
        block = packet.block + 1 if isinstance(packet, Ack) else 1
        data = replace(datagram, payload=encode(Data(block, bytes(512))))
        if not isinstance(packet, Error):
            site.link.at(now + 3.9, lambda: site.server.send(data.payload, data.peer, from_port=TFTP_PORTS[0]))

    programs.receive_datagram = drip  # type: ignore[method-assign]
    before = site.link.now
    assert read_file(site).status == Status.TFTP_READ_TIMEOUT
    assert site.link.now - before <= CALL_S_MAX + 5


@given(
    calls=st.lists(
        st.tuples(st.sampled_from([0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x30, 0x31]), st.binary(max_size=0x9E)),
        max_size=4,
    ),
    address=st.sampled_from([BLOCK_AT, MEMORY_SIZE - 0x8D, MEMORY_SIZE - 1]),
)
def test_whatever_is_in_a_block_the_call_returns(calls: list[tuple[int, bytes]], address: int) -> None:
    """Ours: a program cannot hurt the machine that it runs on."""
    site = Site({"boot": b"x"})
    for opcode, content in calls:
        site.memory.write(address, content[: MEMORY_SIZE - address])
        site.api.call(opcode, address)


@given(payloads=st.lists(st.binary(max_size=600), min_size=1, max_size=4), call=st.sampled_from(CALLS))
def test_whatever_a_server_answers_the_call_returns(payloads: list[bytes], call: Call) -> None:
    """Ours: nor can the network."""
    site = Site()
    for payload in payloads:
        _answer_with(site, payload)
        call(site)
        site.call(TFTP_READ, buffer=BUFFER)


def _errors(site: Site) -> list[Error]:
    return [packet for packet in site.server.programs.heard if isinstance(packet, Error)]


def _forget_options(site: Site) -> None:
    """The server is older than RFC 2347."""
    programs = site.server.programs
    whole = programs.receive_datagram

    def receive(datagram: Datagram, now: float) -> None:
        packet = decode(datagram.payload)
        if isinstance(packet, ReadRequest):
            datagram = replace(datagram, payload=encode(replace(packet, options=())))
        whole(datagram, now)

    programs.receive_datagram = receive  # type: ignore[method-assign]


def _answer_with(site: Site, payload: bytes) -> None:
    """To each request, from a transfer port."""

    def receive(datagram: Datagram, now: float) -> None:  # noqa: ARG001  # the shape asks for it
        if datagram.local.port == 69:
            answer = SocketAddress(datagram.peer.host, datagram.peer.port)
            site.server.programs.send(Datagram(payload, answer, SocketAddress(PEER, TFTP_PORTS[0]), "eth0"))

    site.server.programs.receive_datagram = receive  # type: ignore[method-assign]


def _let_arp_through(site: Site) -> None:
    lost = site.link.is_lost
    site.link.is_lost = lambda frame: ethernet.decode(frame).ethertype != ethernet.ETHERTYPE_ARP and lost(frame)
