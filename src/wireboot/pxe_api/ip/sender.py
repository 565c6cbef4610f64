"""The outgoing half of a host: datagrams become packets and fragments, each with its next hop's MAC (RFC 1122 §3.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.packet import ArpPacket
from wireboot.pxe_api.ip.arp_cache import ArpCache, Waiting
from wireboot.pxe_api.ip.own_address import OwnAddress
from wireboot.wire import ethernet, icmp, igmp, ipv4, udp
from wireboot.wire.ethernet import Frame
from wireboot.wire.icmp import IcmpMessage, QuotedDatagram
from wireboot.wire.igmp import IgmpMessage
from wireboot.wire.ipv4 import Ipv4Packet

CONVERSATIONS_MAX = 64
"""As many are remembered as an ICMP error may quote; of more the oldest are forgotten."""
PAYLOAD_SIZE_MAX = ipv4.PACKET_SIZE_MAX - ipv4.HEADER_SIZE - udp.HEADER_SIZE


class IpSender:
    def __init__(
        self,
        station_address: bytes,
        own: OwnAddress,
        mtu: int,
        random: Callable[[], float],
    ) -> None:
        self.routers: tuple[IPv4Address, ...] = ()
        """For what lies beyond the host's own network; the first is used."""
        self._station_address = station_address
        self._own = own
        self._mtu = mtu
        self._arp = ArpCache()
        self._conversations: dict[QuotedDatagram, None] = {}
        # Not from 0: after a restart another host may still hold fragments of the last run.
        self._identification = int(random() * 0x10000)
        self._frames: list[bytes] = []

    def send(self, datagram: Datagram, now: float) -> None:
        """Send a datagram from the host's own address, or let it wait until its next hop's MAC is known."""
        peer = datagram.peer.host
        assert isinstance(peer, IPv4Address)
        assert datagram.segment_size is None, "runs of datagrams are not sent from here"
        assert len(datagram.payload) <= PAYLOAD_SIZE_MAX, len(datagram.payload)
        source = self._own.host
        payload = udp.encode(udp.UdpPacket(datagram.local.port, datagram.peer.port, datagram.payload), source, peer)
        # What goes to a group stays on the link unless more was asked for (RFC 1112 §6.1).
        packet = Ipv4Packet(source, peer, ipv4.UDP, payload, ttl=1 if peer.is_multicast else 64)
        link_address = datagram.link_address or self._group_link_address(peer)
        if link_address is None:
            self._remember(QuotedDatagram(source, datagram.local.port, peer, datagram.peer.port))
            next_hop = self._next_hop(peer)
            link_address = self._arp.link_address(next_hop, now)
            if link_address is None:
                self._arp.wait(next_hop, Waiting(packet, datagram.peer), now)
                return
        self._emit(packet, link_address)

    def send_igmp(self, message: IgmpMessage, destination: IPv4Address) -> None:
        """To the group itself, or to the routers on this link, each of which is to look inside (RFC 2236 §2)."""
        packet = Ipv4Packet(
            self._own.host, destination, ipv4.IGMP, igmp.encode(message), ttl=1, options=ipv4.ROUTER_ALERT
        )
        self._emit(packet, ethernet.multicast_link_address(destination))

    def send_echo_reply(self, echo: IcmpMessage, peer: IPv4Address, link_address: bytes) -> None:
        """Back to the station that the echo came from: no stranger's address is to be asked for (RFC 1122 §3.2.2.6)."""
        reply = icmp.encode(IcmpMessage(icmp.ECHO_REPLY, 0, echo.rest_of_header, echo.body))
        self._emit(Ipv4Packet(self._own.host, peer, ipv4.ICMP, reply), link_address)

    def has_sent(self, quoted: QuotedDatagram) -> bool:
        """Whether an error message is about a datagram of ours, and no stranger's invention."""
        return quoted in self._conversations

    def frames_to_send(self) -> list[bytes]:
        ready, self._frames = self._frames, []
        return ready

    def forget(self) -> None:
        """The host has no address any more: the next may be on another network."""
        self._arp.clear()

    # ARP

    @property
    def is_asking(self) -> bool:
        """Something waits to be sent, until a MAC is known or nobody has answered."""
        return self._arp.is_asking

    def learn(self, address: IPv4Address, link_address: bytes, now: float, *, is_news_to_us: bool) -> None:
        for waiting in self._arp.learn(address, link_address, now, is_news_to_us=is_news_to_us):
            self._emit(waiting.packet, link_address)

    def answer(self, request: ArpPacket) -> None:
        reply = ArpPacket(
            arp.REPLY, self._station_address, self._own.host, request.sender_link_address, request.sender_address
        )
        self._emit_arp(reply, request.sender_link_address)

    def broadcast(self, packet: ArpPacket) -> None:
        self._emit_arp(packet, ethernet.BROADCAST)

    def ask(self, now: float) -> None:
        """Ask for the MACs that are waited for."""
        for address in self._arp.addresses_to_ask(now):
            self.broadcast(ArpPacket(arp.REQUEST, self._station_address, self._own.host, bytes(6), address))

    def given_up(self, now: float) -> list[SocketAddress]:
        """Those, each once, whom something was to be sent to that nobody answers ARP for."""
        return list(dict.fromkeys(waiting.peer for waiting in self._arp.given_up(now)))

    def next_timeout(self) -> float | None:
        return self._arp.next_timeout()

    # Routes and frames

    def _next_hop(self, peer: IPv4Address) -> IPv4Address:
        # Without an address or a router all is taken to be on the link: a router that does proxy ARP answers.
        if self._own.interface is None or peer in self._own.interface.network or not self.routers:
            return peer
        return self.routers[0]

    def _group_link_address(self, peer: IPv4Address) -> bytes | None:
        """The MAC that needs no asking, None for a single host's address."""
        if peer.is_multicast:
            return ethernet.multicast_link_address(peer)
        return ethernet.BROADCAST if self._own.is_group(peer) else None

    def _remember(self, conversation: QuotedDatagram) -> None:
        self._conversations.pop(conversation, None)
        if len(self._conversations) == CONVERSATIONS_MAX:
            del self._conversations[next(iter(self._conversations))]
        self._conversations[conversation] = None

    def _emit(self, packet: Ipv4Packet, link_address: bytes) -> None:
        if packet.size_bytes > self._mtu:
            self._identification = (self._identification + 1) & 0xFFFF
            packet = replace(packet, identification=self._identification)
        for part in ipv4.split(packet, self._mtu):
            frame = Frame(link_address, self._station_address, ethernet.ETHERTYPE_IPV4, ipv4.encode(part))
            self._frames.append(ethernet.encode(frame))

    def _emit_arp(self, packet: ArpPacket, destination: bytes) -> None:
        frame = Frame(destination, self._station_address, ethernet.ETHERTYPE_ARP, arp.encode(packet))
        self._frames.append(ethernet.encode(frame))
