"""Frames of other stations, and a host in user space among them on a clock that the test moves."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from wireboot.endpoint import AddressAcquired, Datagram, Event, Outbox, SocketAddress, Unreachable
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.packet import ArpPacket
from wireboot.pxe_api.ip.host import IpHost
from wireboot.wire import ethernet, icmp, igmp, ipv4, udp
from wireboot.wire.ethernet import Frame
from wireboot.wire.igmp import IgmpMessage
from wireboot.wire.ipv4 import Ipv4Packet


def ip(last: int) -> IPv4Address:
    """The address on the test network that ends so."""
    return IPv4Address(f"10.77.0.{last}")


NOW = 1_700_000_000.0
STATION = bytes.fromhex("020000000010")
OTHER_STATION = bytes.fromhex("020000000001")
STRANGER_STATION = bytes.fromhex("0200000000aa")
NOBODY = IPv4Address("0.0.0.0")
BROADCAST = IPv4Address("255.255.255.255")
OURS, PEER, ROUTER, STRANGER = map(ip, (100, 1, 254, 66))
FAR_AWAY = IPv4Address("10.99.0.9")
GROUP = IPv4Address("239.1.2.3")
OTHER_GROUP = IPv4Address("239.1.2.4")
MTU = 1500


def checksum(data: bytes) -> int:
    """RFC 1071 §1 word by word, as the paper tells it."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pattern(size: int) -> bytes:
    return bytes(number * 31 % 251 for number in range(size))


# Frames for the host


def packet_frame(packet: Ipv4Packet, *, source: bytes = OTHER_STATION, destination: bytes = STATION) -> bytes:
    return ethernet.encode(Frame(destination, source, ethernet.ETHERTYPE_IPV4, ipv4.encode(packet)))


def udp_packet(
    payload: bytes,
    *,
    source: SocketAddress = SocketAddress(PEER, 67),  # noqa: B008  # a constant
    destination: SocketAddress = SocketAddress(OURS, 68),  # noqa: B008  # a constant
) -> Ipv4Packet:
    begin, end = source.host, destination.host
    assert isinstance(begin, IPv4Address)
    assert isinstance(end, IPv4Address)
    datagram = udp.encode(udp.UdpPacket(source.port, destination.port, payload), begin, end)
    return Ipv4Packet(begin, end, ipv4.UDP, datagram)


def icmp_frame(message: icmp.IcmpMessage, source: IPv4Address = PEER) -> bytes:
    return packet_frame(Ipv4Packet(source, OURS, ipv4.ICMP, icmp.encode(message)))


def igmp_frame(message: IgmpMessage, destination: IPv4Address, source: IPv4Address = ROUTER) -> bytes:
    packet = Ipv4Packet(
        source, destination, ipv4.IGMP, igmp.encode(message), ttl=1, options=ipv4.ROUTER_ALERT, dont_fragment=True
    )
    return packet_frame(packet, destination=ethernet.multicast_link_address(destination))


def arp_frame(packet: ArpPacket, destination: bytes = ethernet.BROADCAST) -> bytes:
    # A card pads what is shorter than Ethernet's least frame.
    payload = arp.encode(packet) + bytes(18)
    return ethernet.encode(Frame(destination, packet.sender_link_address, ethernet.ETHERTYPE_ARP, payload))


def arp_request(target: IPv4Address, sender: IPv4Address = PEER, link_address: bytes = OTHER_STATION) -> bytes:
    return arp_frame(ArpPacket(arp.REQUEST, link_address, sender, bytes(6), target))


def arp_reply(sender: IPv4Address = PEER, link_address: bytes = OTHER_STATION, target: IPv4Address = OURS) -> bytes:
    return arp_frame(ArpPacket(arp.REPLY, link_address, sender, STATION, target), STATION)


# Frames of the host


def read_arp(frame: bytes) -> ArpPacket:
    read = ethernet.decode(frame)
    assert (read.source, read.ethertype) == (STATION, ethernet.ETHERTYPE_ARP)
    return arp.decode(read.payload)


def read_packet(frame: bytes) -> Ipv4Packet:
    read = ethernet.decode(frame)
    assert (read.source, read.ethertype) == (STATION, ethernet.ETHERTYPE_IPV4)
    return ipv4.decode(read.payload)


def read_udp(frame: bytes) -> udp.UdpPacket:
    packet = read_packet(frame)
    return udp.decode(packet.payload, packet.source, packet.destination)


def is_arp(frame: bytes) -> bool:
    return ethernet.decode(frame).ethertype == ethernet.ETHERTYPE_ARP


class Guest(Outbox):
    """A `HostedEndpoint` that keeps what it hears and says what a test has it say."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Datagram] = []
        self.taken: list[tuple[IPv4Address, bytes]] = []
        self.not_reached: list[tuple[SocketAddress, Unreachable]] = []
        self.wake_at: float | None = None
        self.woken_at: list[float] = []

    def receive_datagram(self, datagram: Datagram, now: float) -> None:  # noqa: ARG002  # the shape asks for it
        self.received.append(datagram)

    def handle_timeout(self, now: float) -> None:
        self.woken_at.append(now)
        self.wake_at = None

    def next_timeout(self) -> float | None:
        return self.wake_at

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None:  # noqa: ARG002  # the shape asks for it
        self.taken.append((address, link_address))

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:  # noqa: ARG002  # the shape asks for it
        self.not_reached.append((peer, reason))

    def tell(self, event: Event) -> None:
        self._tell(event)

    def send(self, datagram: Datagram) -> None:
        self._send(datagram)


class Link:
    """A guest in its host on a link whose other stations the test plays."""

    def __init__(self, *, random: float = 0.5, mtu: int = MTU) -> None:
        self.now = NOW
        self.guest = Guest()
        self.host = IpHost(self.guest, STATION, "eth0", mtu=mtu, random=lambda: random, now=self.now)

    def with_address(self, *routers: IPv4Address, prefix: int = 24) -> Link:
        """Let the guest have its address, and the announcements of it be over."""
        self.tell(AddressAcquired(IPv4Interface((OURS, prefix)), routers))
        self.wait(5.0)
        return self

    def knows(self, address: IPv4Address = PEER, link_address: bytes = OTHER_STATION) -> Link:
        """Let the host know a MAC, as of one that has just asked for the host's own."""
        self.hear(arp_request(OURS, address, link_address))
        return self

    def tell(self, event: Event) -> list[bytes]:
        """The guest tells its host something; the frames that follow."""
        self.guest.tell(event)
        self.host.settle(self.now)
        return self.host.frames_to_send()

    def send(
        self, payload: bytes, host: IPv4Address = PEER, port: int = 69, *, link_address: bytes | None = None
    ) -> list[bytes]:
        """The guest sends a datagram from port 1069; the frames that follow."""
        local = SocketAddress(NOBODY, 1069)
        self.guest.send(Datagram(payload, SocketAddress(host, port), local, "eth0", link_address=link_address))
        self.host.settle(self.now)
        return self.host.frames_to_send()

    def hear(self, *frames: bytes) -> list[bytes]:
        """Frames arrive; the frames that follow."""
        for frame in frames:
            self.host.receive_frame(frame, self.now)
        return self.host.frames_to_send()

    def hear_packet(self, packet: Ipv4Packet, **changes: object) -> list[bytes]:
        return self.hear(packet_frame(replace(packet, **changes)))  # type: ignore[arg-type]  # fields of a packet

    def wait(self, seconds: float) -> list[tuple[float, bytes]]:
        """Let time pass; the frames sent meanwhile, each with how long that took."""
        begin, end = self.now, self.now + seconds
        sent: list[tuple[float, bytes]] = []
        for _ in range(1000):
            at = self.host.next_timeout()
            if at is None or at > end:
                break
            self.now = max(self.now, at)
            self.host.handle_timeout(self.now)
            sent += [(round(self.now - begin, 3), frame) for frame in self.host.frames_to_send()]
        else:
            raise AssertionError("the host never sleeps")
        self.now = end
        return sent

    def events(self) -> list[Event]:
        told: list[Event] = []
        while (event := self.host.next_event()) is not None:
            told.append(event)
        return told
