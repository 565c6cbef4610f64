"""A host of its own for one endpoint: Ethernet, ARP, IPv4, UDP and multicast in user space, frames in and frames out.

What the endpoint asks of its host (`HostedEndpoint`) is done here, and nowhere else: the machine this runs on keeps its
addresses, its ports and its MAC. Routing, and the few parts of IP that a boot needs, follow RFC 1122.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface

from wireboot.endpoint import (
    AddressAcquired,
    AddressGivenUp,
    AddressProbed,
    Datagram,
    DatagramDropped,
    Event,
    GroupJoined,
    GroupLeft,
    HostedEndpoint,
    SocketAddress,
    Unreachable,
)
from wireboot.errors import DecodeError
from wireboot.protocols.arp import packet as arp
from wireboot.pxe_api.card import ReceiveFilter
from wireboot.pxe_api.ip.groups import GroupMemberships
from wireboot.pxe_api.ip.own_address import OwnAddress
from wireboot.pxe_api.ip.reassembly import Reassembler
from wireboot.pxe_api.ip.sender import IpSender
from wireboot.wire import ethernet, icmp, igmp, ipv4, udp
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED
from wireboot.wire.ethernet import Frame
from wireboot.wire.ipv4 import Ipv4Packet

SERVICE = "ip"


class IpHost:
    """Hosts an endpoint. Driven like one, with frames for datagrams: take its events first, then send its frames."""

    def __init__(
        self,
        endpoint: HostedEndpoint,
        station_address: bytes,
        interface: str,
        *,
        mtu: int,
        random: Callable[[], float],
        now: float,
    ) -> None:
        """`interface` is the name that datagrams and events carry; `random` draws from 0 up to, not including, 1."""
        self.endpoint = endpoint
        """Who lives here. Another may move in, and finds the address as it was left."""
        self._station_address = station_address
        self._interface = interface
        self._mtu = mtu
        self._own = OwnAddress(station_address, random)
        self._groups = GroupMemberships(random)
        self._reassembler = Reassembler()
        self._sender = IpSender(station_address, self._own, mtu, random)
        self._filter = self._receive_filter()
        self._events: deque[Event] = deque()
        self.settle(now)

    @property
    def multicast_addresses(self) -> frozenset[bytes]:
        """The MACs of the groups the host is in, for the card's filter."""
        return self._filter.multicast_addresses

    @property
    def address(self) -> IPv4Interface | None:
        """The address in use, with its network."""
        return self._own.interface

    @property
    def routers(self) -> tuple[IPv4Address, ...]:
        """For what lies beyond the host's own network; the first is used."""
        return self._sender.routers

    @routers.setter
    def routers(self, routers: tuple[IPv4Address, ...]) -> None:
        self._sender.routers = routers

    @property
    def is_asking(self) -> bool:
        """Something waits to be sent, until ARP is answered or given up."""
        return self._sender.is_asking

    def receive_frame(self, data: bytes, now: float) -> None:
        """Take in one frame, whatever is in it."""
        try:
            self._take_frame(data, now)
        except DecodeError as problem:
            self._drop("malformed", UNSPECIFIED, str(problem))
        self.settle(now)

    def handle_timeout(self, now: float) -> None:
        self._groups.handle_timeout(now)
        for source in self._reassembler.handle_timeout(now):
            self._drop("fragments missing", source)
        for peer in self._sender.given_up(now):
            self.endpoint.unreachable(peer, Unreachable.NO_ARP_ANSWER, now)
        due_at = self.endpoint.next_timeout()
        if due_at is not None and due_at <= now:
            self.endpoint.handle_timeout(now)
        self.settle(now)

    def next_timeout(self) -> float | None:
        parts = (self.endpoint, self._own, self._groups, self._reassembler, self._sender)
        return min((at for part in parts if (at := part.next_timeout()) is not None), default=None)

    def next_event(self) -> Event | None:
        """What the endpoint tells, but for what it asks of its host, and what the host dropped."""
        return self._events.popleft() if self._events else None

    def frames_to_send(self) -> list[bytes]:
        """The frames not yet handed over, in sending order."""
        return self._sender.frames_to_send()

    def settle(self, now: float) -> None:
        """Do what the endpoint asks for. To be called after it was spoken to past its host, such as by a user."""
        while (event := self.endpoint.next_event()) is not None:
            if not self._obey(event, now):
                self._events.append(event)
        for packet in self._own.packets_due(now):
            self._sender.broadcast(packet)
        self._send_what_waits(now)
        self._sender.ask(now)

    def _send_what_waits(self, now: float) -> None:
        # A group is joined before the request that brings it to life leaves.
        for message, destination in self._groups.messages_to_send():
            self._sender.send_igmp(message, destination)
        for datagram in self.endpoint.datagrams_to_send():
            self._sender.send(datagram, now)

    def _obey(self, event: Event, now: float) -> bool:
        """Whether the event was for the host."""
        match event:
            case AddressProbed(address):
                self._own.probe(address, now)
            case AddressAcquired(address, routers):
                self._own.acquire(address, now)
                self._sender.routers = routers
            case AddressGivenUp():
                # Its last words, such as a TFTP ERROR, are said from the address that they are about.
                self._send_what_waits(now)
                self._own.give_up()
                self._sender.forget()
            case GroupJoined(group):
                self._groups.join(group, now)
            case GroupLeft(group):
                self._groups.leave(group, now)
            case _:
                return False
        self._filter = self._receive_filter()
        return True

    def _receive_filter(self) -> ReceiveFilter:
        groups = frozenset(map(ethernet.multicast_link_address, self._groups.groups()))
        return ReceiveFilter(self._station_address, multicast_addresses=groups)

    # Frames

    def _take_frame(self, data: bytes, now: float) -> None:
        if len(data) > ethernet.HEADER_SIZE + self._mtu:
            self._drop("larger than the MTU", UNSPECIFIED, f"a frame of {len(data)} bytes where the MTU is {self._mtu}")
            return
        frame = ethernet.decode(data)
        is_ours = frame.source == self._station_address
        # What claims to come from several stations is not to be answered to all of them.
        if is_ours or ethernet.is_group(frame.source) or not self._filter.accepts(frame.destination):
            return
        if frame.ethertype == ethernet.ETHERTYPE_ARP:
            self._take_arp(arp.decode(frame.payload), now)
        elif frame.ethertype == ethernet.ETHERTYPE_IPV4:
            packet = ipv4.decode(frame.payload)
            try:
                self._take_packet(packet, frame, now)
            except DecodeError as problem:
                self._drop("malformed", packet.source, str(problem))

    def _take_arp(self, packet: arp.ArpPacket, now: float) -> None:
        if ethernet.is_group(packet.sender_link_address):
            return
        claimed = self._own.claimed_by(packet)
        if claimed is not None:
            self._own.stop_probing()
            self.endpoint.address_taken(claimed, packet.sender_link_address, now)
            return
        is_for_us = self._own.interface is not None and packet.target_address == self._own.host
        # A probe names no sender (RFC 5227 §2.1.1).
        if packet.sender_address != UNSPECIFIED:
            self._sender.learn(packet.sender_address, packet.sender_link_address, now, is_news_to_us=is_for_us)
        if is_for_us and packet.operation == arp.REQUEST:
            self._sender.answer(packet)

    # Packets

    def _take_packet(self, packet: Ipv4Packet, frame: Frame, now: float) -> None:
        if not self._is_for_us(packet.destination, frame.destination):
            return
        if not _may_be_a_source(packet.source) or packet.source == self._own.host != UNSPECIFIED:
            # RFC 1122 §3.2.1.3.
            self._drop("impossible source address", packet.source)
            return
        whole = self._reassembler.add(packet, now) if packet.is_fragment else packet
        if whole is None:
            return
        if whole.protocol == ipv4.UDP:
            self._take_udp(whole, now)
        elif whole.protocol == ipv4.ICMP and whole.destination == self._own.host:
            self._take_icmp(icmp.decode(whole.payload), whole, frame, now)
        elif whole.protocol == ipv4.IGMP:
            self._groups.receive(igmp.decode(whole.payload), now)

    def _is_for_us(self, destination: IPv4Address, link_address: bytes) -> bool:
        if self._own.is_group(destination):
            return not destination.is_multicast or destination in self._groups
        if self._own.interface is not None:
            return destination == self._own.host
        # A DHCP server writes to the address that it is about to give (RFC 2131 §4.1).
        return link_address == self._station_address and destination != UNSPECIFIED

    def _take_udp(self, packet: Ipv4Packet, now: float) -> None:
        received = udp.decode(packet.payload, packet.source, packet.destination)
        datagram = Datagram(
            payload=received.payload,
            peer=SocketAddress(packet.source, received.source_port),
            local=SocketAddress(self._own.host, received.destination_port),
            interface=self._interface,
            to_group=self._own.is_group(packet.destination),
        )
        self.endpoint.receive_datagram(datagram, now)

    def _take_icmp(self, message: icmp.IcmpMessage, packet: Ipv4Packet, frame: Frame, now: float) -> None:
        if message.kind == icmp.ECHO:
            self._sender.send_echo_reply(message, packet.source, frame.source)
        elif message.kind == icmp.DESTINATION_UNREACHABLE and message.code not in icmp.TRANSIENT_CODES:
            quoted = icmp.quoted_datagram(message)
            if quoted is not None and self._sender.has_sent(quoted):
                is_port = message.code == icmp.PORT_UNREACHABLE
                reason = Unreachable.PORT_CLOSED if is_port else Unreachable.REFUSED
                peer = SocketAddress(quoted.destination, quoted.destination_port)
                self.endpoint.unreachable(peer, reason, now)

    def _drop(self, reason: str, source: IPv4Address, detail: str = "") -> None:
        self._events.append(DatagramDropped(SERVICE, reason, SocketAddress(source, 0), self._interface, detail))


def _may_be_a_source(address: IPv4Address) -> bool:
    """Whether a single host may call itself so; 0.0.0.0 says that it has no address yet."""
    return not (address.is_multicast or address.is_loopback or address == LIMITED_BROADCAST)
