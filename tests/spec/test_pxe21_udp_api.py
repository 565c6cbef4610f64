"""PXE 2.1 §3, UDP API: UDP OPEN, CLOSE, READ and WRITE as a boot program calls them."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frames import BROADCAST, FAR_AWAY, OTHER_STATION, OURS, PEER, ROUTER, STATION, ip, pattern, read_arp
from tests.support.pxe_network import (
    BLOCK_AT,
    BUFFER,
    BUFFER_AT,
    LATENCY_S,
    MEMORY_SIZE,
    OTHER_ROUTER,
    OTHER_ROUTER_STATION,
    ROUTER_STATION,
    SILENT,
    Site,
    udp_sent,
)
from wireboot.endpoint import DatagramDropped, SocketAddress
from wireboot.pxe_api.calls.udp import QUEUE_DATAGRAMS_MAX
from wireboot.pxe_api.memory import SegOff16
from wireboot.pxe_api.opcodes import TFTP_OPEN, UDP_CLOSE, UDP_OPEN, UDP_READ, UDP_WRITE, Service
from wireboot.pxe_api.status import Status
from wireboot.pxe_api.structures import ParameterBlock, UdpRead, UdpWrite
from wireboot.wire import ethernet, ipv4


def opened_site(*, mtu: int = 1500, idle_wait_s: float = 0.0) -> Site:
    site = Site(mtu=mtu, idle_wait_s=idle_wait_s)
    assert site.call(UDP_OPEN).status == Status.SUCCESS
    return site


def write(site: Site, payload: bytes = b"hello", /, **fields: object) -> UdpWrite:
    site.memory.write(BUFFER_AT, payload)
    to = {"ip": PEER, "dest_port": 7, "src_port": 2070, "buffer": BUFFER, "buffer_size": len(payload)}
    return site.call(UDP_WRITE, **to | fields)


def read(site: Site, **fields: object) -> UdpRead:
    return site.call(UDP_READ, **{"buffer": BUFFER, "buffer_size": 1024} | fields)


def send(site: Site, payload: bytes, port: int = 2070, *, host: IPv4Address = OURS) -> None:
    """From the server, until it has arrived."""
    site.server.send(payload, SocketAddress(host, port))
    site.link.run(2 * LATENCY_S)
    # It may have to ask for our MAC first.
    site.base.poll()
    site.link.run(2 * LATENCY_S)


# OPEN and CLOSE


def test_udp_is_open_once() -> None:
    """PXE 2.1 §3, UDP OPEN: UDP_OPEN where it is open already."""
    site = opened_site()
    assert site.call(UDP_OPEN).status == Status.UDP_OPEN
    assert site.call(UDP_CLOSE).status == Status.SUCCESS
    assert site.call(UDP_OPEN).status == Status.SUCCESS


@pytest.mark.parametrize("service", [UDP_CLOSE, UDP_READ, UDP_WRITE])
def test_nothing_can_be_done_while_udp_is_closed(service: Service[ParameterBlock]) -> None:
    """PXE 2.1 §3, UDP CLOSE, READ, WRITE: UDP_CLOSED, before OPEN and after CLOSE."""
    site = Site()
    assert site.call(service).status == Status.UDP_CLOSED
    site.call(UDP_OPEN)
    site.call(UDP_CLOSE)
    assert site.call(service).status == Status.UDP_CLOSED


def test_udp_is_not_open_beside_tftp() -> None:
    """PXE 2.1 §3, UDP OPEN and TFTP OPEN: TFTP_OPEN and UDP_OPEN say who is in the way."""
    site = Site({"boot": b"x"})
    tftp = {"server_ip": PEER, "file_name": b"boot", "packet_size": 512}
    assert site.call(TFTP_OPEN, **tftp).status == Status.SUCCESS
    assert site.call(UDP_OPEN).status == Status.TFTP_OPEN
    site.tftp.close()
    assert site.call(UDP_OPEN).status == Status.SUCCESS
    assert site.call(TFTP_OPEN, **tftp).status == Status.UDP_OPEN


def test_the_card_is_open_as_long_as_udp_is() -> None:
    """PXE 2.1 §3, UNDI: the base code opens the card for its own services."""
    site = opened_site()
    assert site.is_card_open()
    site.call(UDP_CLOSE)
    assert not site.is_card_open()


def test_udp_cannot_be_opened_over_a_card_that_is_not_initialized() -> None:
    """PXE 2.1 §3, UNDI states; and the failed OPEN leaves UDP closed."""
    site = Site()
    site.undi.stop()
    assert site.call(UDP_OPEN).status == Status.UNDI_INVALID_STATE
    assert site.call(UDP_READ).status == Status.UDP_CLOSED


def test_a_source_address_is_the_hosts_from_then_on() -> None:
    """PXE 2.1 §3, UDP OPEN: src_ip, here within the network that is known; 0.0.0.0 leaves the address as it is."""
    site = Site()
    assert site.call(UDP_OPEN, src_ip=ip(55)).status == Status.SUCCESS
    write(site)
    site.link.run(0.01)

    (datagram,) = site.server.programs.received
    assert datagram.peer == SocketAddress(ip(55), 2070)
    site.call(UDP_CLOSE)
    site.call(UDP_OPEN)
    write(site, ip=FAR_AWAY)
    frame, _ = udp_sent(site.link.frames)[-1]
    assert (ipv4.decode(frame.payload).source, frame.destination) == (ip(55), ROUTER_STATION)


@pytest.mark.parametrize("address", ["224.0.0.1", "127.0.0.1", "255.255.255.255"])
def test_what_no_host_can_be_called_is_not_taken_for_an_address(address: str) -> None:
    """RFC 1122 §3.2.1.3."""
    site = Site()
    assert site.call(UDP_OPEN, src_ip=IPv4Address(address)).status == Status.UNDI_INVALID_PARAMETER
    assert not site.udp.is_open


def test_a_host_without_an_address_gets_one_by_opening_udp() -> None:
    """PXE 2.1 §3, UDP OPEN: src_ip. Ours: with no network known, everybody is taken to be on the link."""
    site = Site(has_address=False)
    site.call(UDP_OPEN, src_ip=OURS)
    assert write(site).status == Status.SUCCESS
    site.link.run(0.01)
    assert site.server.programs.received[0].peer.host == OURS


# READ


def test_a_datagram_is_read_with_its_two_ends() -> None:
    """PXE 2.1 §3, UDP READ. NTLDR depends on dest_ip and d_port."""
    site = opened_site()
    send(site, b"hello")

    block = read(site)
    assert block.status == Status.SUCCESS
    assert (block.src_ip, block.src_port, block.dest_ip, block.dest_port) == (PEER, 7, OURS, 2070)
    assert site.memory.read(BUFFER_AT, block.buffer_size) == b"hello"


def test_reading_does_not_wait() -> None:
    """PXE 2.1 §3, UDP READ: FAILURE where nothing has come."""
    site = opened_site()
    before = site.link.now
    assert read(site).status == Status.FAILURE
    assert site.link.now == before


def test_reading_can_let_a_little_time_pass() -> None:
    """Ours: programs read without a break, and something may come meanwhile."""
    site = opened_site(idle_wait_s=0.001)
    site.server.send(b"hello", SocketAddress(OURS, 2070))
    site.link.run(2 * LATENCY_S)
    assert read(site).status == Status.FAILURE  # ARP has to be answered first
    assert read(site).status == Status.SUCCESS


def test_datagrams_are_read_in_the_order_of_arrival_whatever_their_port() -> None:
    """PXE 2.1 §3, UDP READ: d_port 0 and dest_ip 0 stand for any."""
    site = opened_site()
    for port in (3000, 2070, 3000):
        send(site, str(port).encode(), port)
    assert [read(site).dest_port for _ in range(3)] == [3000, 2070, 3000]
    assert read(site).status == Status.FAILURE


def test_a_port_can_be_asked_for() -> None:
    """PXE 2.1 §3, UDP READ: d_port. Ours: what is for other ports waits for who reads them."""
    site = opened_site()
    send(site, b"other", 3000)
    send(site, b"wanted", 2070)

    assert site.memory.read(BUFFER_AT, read(site, dest_port=2070).buffer_size) == b"wanted"
    assert read(site, dest_port=2070).status == Status.FAILURE
    assert site.memory.read(BUFFER_AT, read(site, dest_port=3000).buffer_size) == b"other"


def test_an_address_can_be_asked_for() -> None:
    """PXE 2.1 §3, UDP READ: dest_ip. A broadcast was sent to all, not to our own address."""
    site = opened_site()
    send(site, b"to all", host=BROADCAST)

    assert read(site, dest_ip=OURS).status == Status.FAILURE
    block = read(site, dest_ip=BROADCAST)
    assert (block.status, block.dest_ip) == (Status.SUCCESS, BROADCAST)
    send(site, b"to us")
    assert read(site, dest_ip=OURS).dest_ip == OURS


def test_what_is_longer_than_the_buffer_is_cut() -> None:
    """PXE 2.1 §3, UDP READ: buffer_size. The rest is gone, and nothing behind the buffer is touched."""
    site = opened_site()
    site.memory.write(BUFFER_AT, b"........")
    send(site, b"hello")

    assert read(site, buffer_size=4).buffer_size == 4
    assert site.memory.read(BUFFER_AT, 8) == b"hell...."
    assert read(site).status == Status.FAILURE


def test_a_datagram_in_fragments_is_read_as_one() -> None:
    """RFC 791 §3.2: PXE's UDP takes what the IP layer has put together."""
    site = opened_site()
    send(site, pattern(8000))
    block = read(site, buffer_size=0xFFFF)
    assert site.memory.read(BUFFER_AT, block.buffer_size) == pattern(8000)


def test_what_nobody_reads_takes_bounded_memory() -> None:
    """Ours: the oldest are lost, lest one port that is read no more keep all others from being heard."""
    site = opened_site()
    for number in range(QUEUE_DATAGRAMS_MAX + 3):
        send(site, str(number).encode())
        site.base.poll()

    assert site.memory.read(BUFFER_AT, read(site).buffer_size) == b"3"
    assert [event.reason for event in site.events if isinstance(event, DatagramDropped)] == ["not read"] * 3


def test_what_came_before_close_is_not_read_after_the_next_open() -> None:
    """PXE 2.1 §3, UDP CLOSE."""
    site = opened_site()
    send(site, b"hello")
    site.base.poll()
    site.call(UDP_CLOSE)
    site.call(UDP_OPEN)
    assert read(site).status == Status.FAILURE


def test_a_far_pointer_leads_where_the_processor_would_go() -> None:
    """PXE 2.1 §3, SEGOFF16."""
    site = opened_site()
    send(site, b"hello")
    read(site, buffer=SegOff16(0x1FFF, 0x0010))
    assert site.memory.read(BUFFER_AT, 5) == b"hello"


def test_a_buffer_that_is_not_there_fails_the_call() -> None:
    """Ours: UNDI_INVALID_PARAMETER, and no harm done."""
    site = Site()
    site.memory.content = site.memory.content[:0x8000]
    site.call(UDP_OPEN)
    send(site, b"hello")
    assert read(site).status == Status.UNDI_INVALID_PARAMETER
    assert site.call(UDP_WRITE, ip=PEER, buffer=BUFFER, buffer_size=8).status == Status.UNDI_INVALID_PARAMETER


def test_reading_over_a_card_that_the_program_has_closed_fails() -> None:
    """PXE 2.1 §3, UNDI states."""
    site = opened_site()
    site.undi.close()
    assert read(site).status == Status.UNDI_INVALID_STATE


# WRITE


def test_a_datagram_is_written() -> None:
    """PXE 2.1 §3, UDP WRITE. The call waits for ARP and comes back with the datagram on its way."""
    site = opened_site()
    assert write(site).status == Status.SUCCESS
    site.link.run(LATENCY_S)

    (datagram,) = site.server.programs.received
    assert (datagram.payload, datagram.peer, datagram.local.port) == (b"hello", SocketAddress(OURS, 2070), 7)


def test_without_a_source_port_it_is_2069() -> None:
    """PXE 2.1 §3, UDP WRITE: src_port 0."""
    site = opened_site()
    write(site, src_port=0)
    site.link.run(LATENCY_S)
    assert site.server.programs.received[0].peer.port == 2069


def test_what_lies_elsewhere_goes_to_the_router() -> None:
    """PXE 2.1 §3, UDP WRITE: gw 0 is the routing that DHCP has set."""
    site = opened_site()
    assert write(site, ip=FAR_AWAY).status == Status.SUCCESS
    assert udp_sent(site.link.frames)[-1][0].destination == ROUTER_STATION


def test_a_gateway_is_used_for_one_datagram() -> None:
    """PXE 2.1 §3, UDP WRITE: gw. Ours: only beyond the link, since programs name it for neighbours too."""
    site = opened_site()
    for fields in ({"ip": FAR_AWAY, "gateway_ip": OTHER_ROUTER}, {"ip": PEER, "gateway_ip": OTHER_ROUTER}):
        assert write(site, **fields).status == Status.SUCCESS
    assert write(site, ip=FAR_AWAY).status == Status.SUCCESS

    sent_to = [frame.destination for frame, _ in udp_sent(site.link.frames)]
    assert sent_to == [OTHER_ROUTER_STATION, OTHER_STATION, ROUTER_STATION]
    assert site.base.routers == (ROUTER,)


def test_what_goes_to_all_needs_no_arp() -> None:
    """RFC 1122 §3.3.6: a broadcast on IP is one on Ethernet."""
    site = opened_site()
    assert write(site, ip=BROADCAST).status == Status.SUCCESS
    assert udp_sent(site.link.frames)[-1][0].destination == ethernet.BROADCAST


def test_a_neighbour_who_does_not_answer_arp_is_told() -> None:
    """PXE 2.1 §3, UDP WRITE: ARP_TIMEOUT, after four requests; whoever does answer is still reached."""
    site = opened_site()
    before = site.link.now
    assert write(site, ip=SILENT).status == Status.ARP_TIMEOUT
    assert site.link.now - before < 5
    asked = [read_arp(frame).target_address for frame in site.link.frames if _is_our_arp(frame)]
    assert asked.count(SILENT) == 4
    assert write(site).status == Status.SUCCESS


def test_what_comes_while_arp_is_waited_for_is_kept() -> None:
    """Ours."""
    site = opened_site()
    site.server.send(b"hello", SocketAddress(OURS, 2070))
    assert write(site, ip=SILENT).status == Status.ARP_TIMEOUT
    assert read(site).status == Status.SUCCESS


def test_what_is_larger_than_the_mtu_goes_in_fragments() -> None:
    """RFC 791 §3.2."""
    site = opened_site(mtu=576)
    assert write(site, pattern(4000)).status == Status.SUCCESS
    site.link.run(0.01)
    assert site.server.programs.received[0].payload == pattern(4000)


def test_what_no_packet_can_hold_is_not_sent() -> None:
    """PXE 2.1 §3, UDP WRITE: OUT_OF_RESOURCES."""
    site = opened_site()
    assert write(site, bytes(65507)).status == Status.SUCCESS
    assert write(site, bytes(65508)).status == Status.OUT_OF_RESOURCES


def test_a_card_that_does_not_send_fails_the_call() -> None:
    """PXE 2.1 §3, UDP WRITE: UNDI_TRANSMIT_ERROR; at once, even where it is the ARP request that does not leave."""
    site = opened_site()
    write(site)
    site.card.broken = True
    before = site.link.now
    assert write(site).status == Status.UNDI_TRANSMIT_ERROR
    assert write(site, ip=SILENT).status == Status.UNDI_TRANSMIT_ERROR
    assert site.link.now == before
    site.card.broken = False
    site.link.run(10.0)
    site.base.poll()
    assert write(site).status == Status.SUCCESS


@given(
    calls=st.lists(
        st.tuples(st.sampled_from([0x30, 0x31, 0x32, 0x33]), st.binary(min_size=20, max_size=20)), max_size=6
    ),
    address=st.sampled_from([BLOCK_AT, MEMORY_SIZE - 0x11, MEMORY_SIZE - 1]),
)
def test_whatever_is_in_a_block_the_call_returns(calls: list[tuple[int, bytes]], address: int) -> None:
    """Ours: a program cannot hurt the machine that it runs on."""
    site = opened_site()
    for opcode, content in calls:
        site.memory.write(address, content[: MEMORY_SIZE - address])
        site.api.call(opcode, address)


def _is_our_arp(data: bytes) -> bool:
    frame = ethernet.decode(data)
    return frame.source == STATION and frame.ethertype == ethernet.ETHERTYPE_ARP
