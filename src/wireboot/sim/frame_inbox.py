"""What comes over the imagined network, as frames that wait in a card."""

from __future__ import annotations

from collections import Counter, deque
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress, Unreachable
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.packet import ArpPacket
from wireboot.sim.link_addresses import Kind, made_up
from wireboot.sim.network import Network, Station
from wireboot.wire import ethernet, icmp, ipv4, udp
from wireboot.wire.ethernet import Frame
from wireboot.wire.icmp import IcmpMessage
from wireboot.wire.ipv4 import Ipv4Packet

FRAMES_MAX = 4096
"""That wait for a client which does not look; of more the newest are lost."""
_PEERS_MAX = 64
"""Whose refusal would be told, as of the datagrams sent last."""


class FrameInbox:
    """A `Card` for the network."""

    def __init__(self, network: Network, segment: str, station_address: bytes, mtu: int, dropped: Counter[str]) -> None:
        """What comes to nothing is counted in `dropped`."""
        self.station = Station("machine", segment, station_address, self, takes_frames=True)
        self.router_link_address = made_up(Kind.NEIGHBOUR, 0)
        """Whose MAC is on what comes from other segments."""
        self.groups: frozenset[bytes] = frozenset()
        """The MACs of the multicast groups that the card lets in."""
        self._network, self._mtu, self._dropped = network, mtu, dropped
        self._frames: deque[bytes] = deque()
        self._identification = 0
        self._sent_to: dict[SocketAddress, Ipv4Packet] = {}

    def take_all(self) -> list[bytes]:
        ready = list(self._frames)
        self._frames.clear()
        return ready

    def put_arp_reply(self, request: ArpPacket, link_address: bytes) -> None:
        """`link_address` has the address that was asked for."""
        to = request.sender_link_address
        reply = ArpPacket(arp.REPLY, link_address, request.target_address, to, request.sender_address)
        self._put(Frame(to, link_address, ethernet.ETHERTYPE_ARP, arp.encode(reply)))

    def may_be_refused(self, packet: Ipv4Packet, peer: SocketAddress) -> None:
        """Remember the beginning of what is sent to `peer`, as ICMP would quote it."""
        self._sent_to.pop(peer, None)
        if len(self._sent_to) == _PEERS_MAX:
            del self._sent_to[next(iter(self._sent_to))]
        self._sent_to[peer] = packet

    # As a network card

    def receive(self, datagram: Datagram) -> bool:
        source, destination = datagram.peer.host, datagram.local.host
        assert isinstance(source, IPv4Address)
        assert isinstance(destination, IPv4Address)
        content = udp.UdpPacket(datagram.peer.port, datagram.local.port, datagram.payload)
        packet = Ipv4Packet(source, destination, ipv4.UDP, udp.encode(content, source, destination))
        self._put_packet(packet, self._link_address_of(destination, to_group=datagram.to_group))
        # That nothing listens there is the client's to say.
        return True

    def hears(self, datagram: Datagram) -> bool:
        host = datagram.local.host
        assert isinstance(host, IPv4Address)
        return not host.is_multicast or ethernet.multicast_link_address(host) in self.groups

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None:
        sent = self._sent_to.get(peer)
        if sent is None or reason is not Unreachable.PORT_CLOSED:
            # What a router says of a host that is not there is a hint which hosts pass over (RFC 1122 §3.2.2.1).
            self._dropped["nobody has this IP address"] += 1
            return
        message = IcmpMessage(icmp.DESTINATION_UNREACHABLE, icmp.PORT_UNREACHABLE, bytes(4), ipv4.encode(sent))
        packet = Ipv4Packet(sent.destination, sent.source, ipv4.ICMP, icmp.encode(message))
        self._put_packet(packet, self.station.link_address)

    # Frames

    def _put_packet(self, packet: Ipv4Packet, destination: bytes) -> None:
        source = self._sender_of(packet.source)
        if packet.size_bytes > self._mtu:
            self._identification = (self._identification + 1) & 0xFFFF
        for part in ipv4.split(packet, self._mtu):
            self._put(Frame(destination, source, ethernet.ETHERTYPE_IPV4, ipv4.encode(part)))

    def _put(self, frame: Frame) -> None:
        if len(self._frames) == FRAMES_MAX:
            self._dropped["no room in the card"] += 1
        else:
            self._frames.append(ethernet.encode(frame))

    def _link_address_of(self, destination: IPv4Address, *, to_group: bool) -> bytes:
        if destination.is_multicast:
            return ethernet.multicast_link_address(destination)
        return ethernet.BROADCAST if to_group else self.station.link_address

    def _sender_of(self, source: IPv4Address) -> bytes:
        sender = self._network.owner(source)
        is_here = sender is not None and sender.segment == self.station.segment
        return sender.link_address if sender is not None and is_here else self.router_link_address
