"""A card on the imagined network for a client that speaks in frames: its cable, the switch and the router."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv4Interface

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.errors import DecodeError
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.packet import ArpPacket
from wireboot.pxe_api.ip.reassembly import Reassembler
from wireboot.sim.frame_inbox import FrameInbox
from wireboot.sim.network import Network
from wireboot.wire import ethernet, ipv4, udp
from wireboot.wire.addresses import LIMITED_BROADCAST
from wireboot.wire.ethernet import Frame
from wireboot.wire.iana import Port
from wireboot.wire.ipv4 import Ipv4Packet

MTU = 1500


class FrameCard:
    """A `FrameInterface`. ARP is answered for whoever has the address; of IP only UDP gets anywhere."""

    def __init__(
        self,
        network: Network,
        segment: str,
        station_address: bytes,
        *,
        now: Callable[[], float],
        routers: Collection[IPv4Address] = (),
        mtu: int = MTU,
    ) -> None:
        """`now` gives the virtual time, after all that is due by then has happened. `routers`: at which addresses of
        this segment the way to the others lies; the imagined router has no station of its own.
        """
        self.dropped: Counter[str] = Counter()
        """Frames that came to nothing, by the reason."""
        self._network, self._now, self._routers, self._mtu = network, now, frozenset(routers), mtu
        self._inbox = FrameInbox(network, segment, station_address, mtu, self.dropped)
        self._station = self._inbox.station
        self._reassembler = Reassembler()
        network.attach(self._station)

    @property
    def station_address(self) -> bytes:
        return self._station.link_address

    @property
    def mtu(self) -> int:
        return self._mtu

    def set_station_address(self, link_address: bytes) -> None:
        self._network.change_link_address(self._station, link_address)

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self._inbox.groups = frozenset(link_addresses)

    def receive(self) -> list[bytes]:
        self._now()
        return self._inbox.take_all()

    def transmit(self, frame: bytes) -> None:
        now = self._now()
        try:
            self._carry(ethernet.decode(frame), now)
        except DecodeError as problem:
            self.dropped[f"malformed: {problem.field}"] += 1

    def _carry(self, frame: Frame, now: float) -> None:
        if frame.ethertype == ethernet.ETHERTYPE_ARP:
            self._take_arp(arp.decode(frame.payload))
        elif frame.ethertype == ethernet.ETHERTYPE_IPV4:
            self._take_packet(ipv4.decode(frame.payload), frame.destination, now)
        else:
            self.dropped["neither ARP nor IPv4"] += 1

    # ARP

    def _take_arp(self, packet: ArpPacket) -> None:
        if packet.sender_link_address == self.station_address:
            self._is_known_as(packet.sender_address)
        if packet.operation != arp.REQUEST:
            return
        wanted = packet.target_address
        answer = partial(self._inbox.put_arp_reply, packet)
        if wanted in self._routers and self._network.owner(wanted) is None:
            answer(self._inbox.router_link_address)
        else:
            self._network.who_has(self._station, wanted, answer)

    def _is_known_as(self, address: IPv4Address) -> None:
        """Who sends from an address is reached there, as long as nobody else is."""
        if address == self._station.host or not _may_be_a_host(address):
            return
        if self._network.owner(address) is None:
            self._network.take_address(self._station, IPv4Interface(address))

    # IPv4

    def _take_packet(self, packet: Ipv4Packet, destination: bytes, now: float) -> None:
        if not self._leads_somewhere(destination):
            self.dropped["nobody has this MAC"] += 1
            return
        whole: Ipv4Packet | None = packet
        if packet.is_fragment:
            self._reassembler.handle_timeout(now)
            whole = self._reassembler.add(packet, now)
        if whole is None or whole.protocol == ipv4.IGMP:
            # What hosts say of their groups is for routers and switches. Here the card's own list decides.
            return
        if whole.protocol != ipv4.UDP:
            self.dropped[f"IP protocol {whole.protocol}"] += 1
            return
        self._take_udp(whole, destination)

    def _leads_somewhere(self, destination: bytes) -> bool:
        return (
            ethernet.is_group(destination)
            or destination == self._inbox.router_link_address
            or self._network.reaches(self._station.segment, destination)
        )

    def _take_udp(self, packet: Ipv4Packet, destination: bytes) -> None:
        content = udp.decode(packet.payload, packet.source, packet.destination)
        if not packet.source.is_unspecified:
            self._is_known_as(packet.source)
        elif content.destination_port == Port.DHCP_SERVER:
            # It asks for an address, so it has none (RFC 2131 §4.1).
            self._network.give_up_address(self._station)
        # Which broadcast address it was says nothing that the frame does not.
        host = LIMITED_BROADCAST if destination == ethernet.BROADCAST else packet.destination
        datagram = Datagram(
            payload=content.payload,
            peer=SocketAddress(host, content.destination_port),
            local=SocketAddress(packet.source, content.source_port),
            interface=self._station.interface,
        )
        self._inbox.may_be_refused(replace(packet, payload=packet.payload[: udp.HEADER_SIZE]), datagram.peer)
        self._network.send(self._station, datagram)


def _may_be_a_host(address: IPv4Address) -> bool:
    return not (address.is_unspecified or address.is_multicast or address.is_loopback or address == LIMITED_BROADCAST)
