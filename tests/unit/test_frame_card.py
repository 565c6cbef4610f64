"""The card on an imagined network: frames become datagrams, datagrams become frames (sim/frame_card.py)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from random import Random
from uuid import UUID

import pytest

from tests.support.frames import (
    BROADCAST,
    FAR_AWAY,
    GROUP,
    NOBODY,
    OTHER_STATION,
    OURS,
    PEER,
    ROUTER,
    STATION,
    STRANGER_STATION,
    packet_frame,
    pattern,
)
from tests.support.sim import CONFIGURATIONS, configuration
from wireboot.endpoint import Datagram, Event, SocketAddress, Unreachable
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.arp.packet import ArpPacket
from wireboot.protocols.pxe.client import PxeBootClient
from wireboot.protocols.pxe.client_events import Booted
from wireboot.protocols.pxe.firmware import FIRMWARE, Firmware
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.ip.reassembly import Reassembler
from wireboot.pxe_api.undi import Undi
from wireboot.sim.clock import STARTS_AT, Clock
from wireboot.sim.frame_card import FrameCard
from wireboot.sim.frame_inbox import FRAMES_MAX
from wireboot.sim.network import Network, NetworkFaults, Station
from wireboot.sim.site import site_of
from wireboot.sim.surroundings import ImaginedSurroundings
from wireboot.sim.world import World
from wireboot.wire import ethernet, icmp, ipv4, udp
from wireboot.wire.ethernet import Frame
from wireboot.wire.ipv4 import Ipv4Packet

CLOSED_PORT = 9


class Server:
    """A `Card` of a host that takes datagrams at every port but one."""

    def __init__(self) -> None:
        self.heard: list[Datagram] = []

    def receive(self, datagram: Datagram) -> bool:
        self.heard.append(datagram)
        return datagram.local.port != CLOSED_PORT

    def hears(self, datagram: Datagram) -> bool:  # noqa: ARG002  # a card's form
        return True

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None: ...


class Lan:
    """A server and a frame card on one cable; another server behind the router."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = Network(self.clock, Random(1), NetworkFaults(delay_s=(0.0, 0.0)), ())
        self.server, self.far = Server(), Server()
        self.at_server = Station("server", "eth0", OTHER_STATION, self.server)
        self.at_far = Station("far", "eth1", STRANGER_STATION, self.far)
        self.network.attach(self.at_server, IPv4Interface(f"{PEER}/24"))
        self.network.attach(self.at_far, IPv4Interface(f"{FAR_AWAY}/24"))
        self.card = FrameCard(self.network, "eth0", STATION, now=self._now, routers=[ROUTER])

    def _now(self) -> float:
        while self.clock.next_at() is not None:
            self.clock.step()
        return self.clock.now

    def received(self) -> list[Frame]:
        return [ethernet.decode(frame) for frame in self.card.receive()]

    def ask_for(self, target: IPv4Address, *, sender: IPv4Address = OURS) -> list[ArpPacket]:
        """The answers to an ARP request."""
        question = ArpPacket(arp.REQUEST, STATION, sender, bytes(6), target)
        frame = Frame(ethernet.BROADCAST, STATION, ethernet.ETHERTYPE_ARP, arp.encode(question))
        self.card.transmit(ethernet.encode(frame))
        return [arp.decode(each.payload) for each in self.received()]

    def send(
        self,
        payload: bytes,
        to: IPv4Address = PEER,
        *,
        port: int = 69,
        source: IPv4Address = OURS,
        link_address: bytes = OTHER_STATION,
    ) -> None:
        """Whole, as the card's client sends it."""
        for frame in _frames(payload, source, to, port, link_address):
            self.card.transmit(frame)
        self._now()

    def serve(self, payload: bytes, to: IPv4Address = OURS, *, link_address: bytes | None = None) -> list[Frame]:
        """What the card has of a datagram that the server sends."""
        local, peer = SocketAddress(PEER, 69), SocketAddress(to, 2070)
        self.network.send(self.at_server, Datagram(payload, peer, local, "eth0", link_address=link_address))
        return self.received()


def _frames(payload: bytes, source: IPv4Address, to: IPv4Address, port: int, link_address: bytes) -> list[bytes]:
    datagram = udp.encode(udp.UdpPacket(2070, port, payload), source, to)
    packet = Ipv4Packet(source, to, ipv4.UDP, datagram, identification=7)
    return [packet_frame(part, source=STATION, destination=link_address) for part in ipv4.split(packet, 1500)]


def _udp(frames: list[Frame]) -> udp.UdpPacket:
    """The one datagram in the frames, whose checksums are right."""
    whole: Ipv4Packet | None = None
    reassembler = Reassembler()
    for frame in frames:
        packet = ipv4.decode(frame.payload)
        whole = reassembler.add(packet, 0.0) if packet.is_fragment else packet
    assert whole is not None
    return udp.decode(whole.payload, whole.source, whole.destination)


@pytest.fixture
def lan() -> Lan:
    return Lan()


class TestArp:
    def test_whoever_has_an_address_answers(self, lan: Lan) -> None:
        assert lan.ask_for(PEER) == [ArpPacket(arp.REPLY, OTHER_STATION, PEER, STATION, OURS)]

    def test_nobody_answers_for_a_free_address_nor_for_one_elsewhere(self, lan: Lan) -> None:
        assert lan.ask_for(IPv4Address("10.77.0.99")) == []
        assert lan.ask_for(FAR_AWAY) == []

    def test_the_router_answers_for_itself(self, lan: Lan) -> None:
        (answer,) = lan.ask_for(ROUTER)
        assert answer.sender_address == ROUTER

    def test_a_probe_finds_who_has_the_address_and_claims_nothing(self, lan: Lan) -> None:
        """RFC 5227 §2.1.1."""
        assert [each.sender_link_address for each in lan.ask_for(PEER, sender=NOBODY)] == [OTHER_STATION]
        assert lan.network.owner(NOBODY) is None

    def test_nobody_loses_an_address_to_one_who_claims_it(self, lan: Lan) -> None:
        lan.ask_for(ROUTER, sender=PEER)
        assert lan.network.owner(PEER) is lan.at_server

    def test_an_announced_address_is_where_the_server_reaches_the_client(self, lan: Lan) -> None:
        assert lan.serve(b"before") == []
        lan.ask_for(OURS, sender=OURS)
        assert _udp(lan.serve(b"after")).payload == b"after"

    def test_who_asks_for_an_address_has_none(self, lan: Lan) -> None:
        """RFC 2131 §4.1: DHCPDISCOVER leaves from 0.0.0.0."""
        lan.ask_for(PEER)
        lan.send(b"discover", BROADCAST, port=67, source=NOBODY, link_address=ethernet.BROADCAST)
        assert lan.network.owner(OURS) is None


class TestFromTheClient:
    def test_a_datagram_arrives(self, lan: Lan) -> None:
        lan.send(b"hello")
        (heard,) = lan.server.heard
        assert (heard.payload, heard.peer, heard.local) == (
            b"hello",
            SocketAddress(OURS, 2070),
            SocketAddress(PEER, 69),
        )

    @pytest.mark.parametrize("to", [BROADCAST, IPv4Address("10.77.0.255")])
    def test_a_broadcast_is_one_by_its_frame(self, lan: Lan, to: IPv4Address) -> None:
        lan.send(b"all", to, link_address=ethernet.BROADCAST)
        assert [(each.payload, each.to_group) for each in lan.server.heard] == [(b"all", True)]

    def test_fragments_are_put_together(self, lan: Lan) -> None:
        """RFC 791 §3.2."""
        lan.send(pattern(4000))
        assert [each.payload for each in lan.server.heard] == [pattern(4000)]

    def test_the_router_leads_to_other_segments(self, lan: Lan) -> None:
        (answer,) = lan.ask_for(ROUTER)
        lan.send(b"far", FAR_AWAY, link_address=answer.sender_link_address)
        assert [each.payload for each in lan.far.heard] == [b"far"]

    def test_a_frame_to_a_mac_that_nobody_has_is_lost(self, lan: Lan) -> None:
        lan.send(b"x", link_address=b"\x02\0\0\0\0\x77")
        lan.send(b"x", FAR_AWAY, link_address=STRANGER_STATION)  # not on this segment
        assert lan.server.heard == lan.far.heard == []
        assert lan.card.dropped == {"nobody has this MAC": 2}

    def test_a_closed_port_is_told_by_icmp(self, lan: Lan) -> None:
        """RFC 792: port unreachable, with the header and the first 8 bytes of what it is about."""
        lan.send(b"anybody?", port=CLOSED_PORT)
        (frame,) = lan.received()
        message = icmp.decode(ipv4.decode(frame.payload).payload)
        quoted = icmp.quoted_datagram(message)
        assert (message.kind, message.code) == (icmp.DESTINATION_UNREACHABLE, icmp.PORT_UNREACHABLE)
        assert quoted is not None
        assert (quoted.source_port, quoted.destination, quoted.destination_port) == (2070, PEER, CLOSED_PORT)

    def test_what_nobody_here_understands_is_counted(self, lan: Lan) -> None:
        tcp = Ipv4Packet(OURS, PEER, 6, bytes(20))
        frame = packet_frame(tcp, source=STATION, destination=OTHER_STATION)
        lan.card.transmit(frame)
        lan.card.transmit(frame[:20])
        lan.card.transmit(frame[:12] + b"\x86\xdd" + frame[14:])
        lan.card.transmit(b"short")
        assert sum(lan.card.dropped.values()) == 4
        assert lan.card.dropped["IP protocol 6"] == 1

    def test_any_bytes_are_taken(self, lan: Lan) -> None:
        """Nothing a boot program sends raises."""
        random = Random(1)
        for kind in (b"\x08\x00", b"\x08\x06"):
            for _ in range(500):
                lan.card.transmit(OTHER_STATION + STATION + kind + random.randbytes(random.randrange(80)))
        whole = _frames(b"x" * 40, OURS, PEER, 69, OTHER_STATION)[0]
        for at in range(len(whole)):
            lan.card.transmit(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        lan.received()


class TestToTheClient:
    def test_frames_come_from_the_sender(self, lan: Lan) -> None:
        lan.ask_for(PEER)
        (frame,) = lan.serve(b"data")
        assert (frame.source, frame.destination) == (OTHER_STATION, STATION)
        assert _udp([frame]) == udp.UdpPacket(69, 2070, b"data")

    def test_a_client_without_an_address_is_reached_by_its_mac(self, lan: Lan) -> None:
        """RFC 2131 §4.1: the offer goes to the address offered, at the client's hardware address."""
        (frame,) = lan.serve(b"offer", OURS, link_address=STATION)
        assert (frame.destination, ipv4.decode(frame.payload).destination) == (STATION, OURS)

    def test_a_broadcast_stays_one(self, lan: Lan) -> None:
        (frame,) = lan.serve(b"offer", BROADCAST)
        assert (frame.destination, ipv4.decode(frame.payload).destination) == (ethernet.BROADCAST, BROADCAST)

    def test_of_multicasts_those_come_that_the_card_was_told_of(self, lan: Lan) -> None:
        """RFC 1112 §6.4."""
        assert lan.serve(b"block", GROUP) == []
        lan.card.set_multicast_addresses([ethernet.multicast_link_address(GROUP)])
        (frame,) = lan.serve(b"block", GROUP)
        assert frame.destination == ethernet.multicast_link_address(GROUP)
        assert ipv4.decode(frame.payload).destination == GROUP

    def test_what_is_longer_than_the_mtu_comes_in_fragments(self, lan: Lan) -> None:
        lan.ask_for(PEER)
        frames = lan.serve(pattern(4000))
        assert len(frames) == 3
        assert max(len(frame.payload) for frame in frames) <= lan.card.mtu
        assert _udp(frames).payload == pattern(4000)

    def test_from_other_segments_it_comes_by_the_router(self, lan: Lan) -> None:
        (router,) = lan.ask_for(ROUTER)
        local, peer = SocketAddress(FAR_AWAY, 69), SocketAddress(OURS, 2070)
        lan.network.send(lan.at_far, Datagram(b"far", peer, local, "eth0"))
        (frame,) = lan.received()
        assert frame.source == router.sender_link_address

    def test_another_station_address_is_used_at_once(self, lan: Lan) -> None:
        """PXE 2.1, UNDI SET_STATION_ADDRESS."""
        new = b"\x02\0\0\0\0\x55"
        lan.card.set_station_address(new)
        assert lan.card.station_address == new
        assert lan.serve(b"offer", OURS, link_address=STATION) == []
        assert len(lan.serve(b"offer", OURS, link_address=new)) == 1

    def test_a_client_that_never_looks_loses_the_newest(self, lan: Lan) -> None:
        lan.ask_for(PEER)
        for _ in range(FRAMES_MAX + 1):
            lan.network.send(lan.at_server, Datagram(b"x", SocketAddress(OURS, 1), SocketAddress(PEER, 69), "eth0"))
        assert len(lan.card.receive()) == FRAMES_MAX
        assert lan.card.dropped == {"no room in the card": 1}


class TestTime:
    """sim/surroundings.py."""

    def test_waiting_is_skipped_up_to_what_happens_next(self) -> None:
        clock, happened = Clock(), list[float]()
        surroundings = ImaginedSurroundings(clock, wall=lambda: 0.0, wait=lambda seconds: seconds)
        clock.after(3.0, lambda: happened.append(clock.elapsed_s))
        surroundings.wait(STARTS_AT + 10.0)
        assert (happened, clock.elapsed_s) == ([3.0], 3.0)
        surroundings.wait(STARTS_AT + 10.0)
        assert clock.elapsed_s == 10.0

    def test_what_has_happened_since_is_looked_at_before_anything_is_skipped(self) -> None:
        """Else a timeout would come before the answer that lies in the card."""
        clock = Clock()
        surroundings = ImaginedSurroundings(clock, wall=lambda: 0.0, wait=lambda seconds: seconds)
        clock.after(0.0, lambda: None)
        surroundings.now()
        surroundings.wait(STARTS_AT + 10.0)
        assert clock.elapsed_s == 0.0

    def test_what_really_passes_counts(self) -> None:
        clock, wall = Clock(), [100.0]
        surroundings = ImaginedSurroundings(clock, wall=lambda: wall[0], wait=lambda seconds: seconds)
        surroundings.wait(STARTS_AT + 4.0)
        wall[0] += 0.5
        assert surroundings.now() == STARTS_AT + 4.5

    def test_somebody_who_watches_waits_as_long_as_the_machine(self) -> None:
        clock, wall = Clock(), [100.0]

        def really_wait(seconds: float) -> float:
            wall[0] += seconds
            return 0.0

        surroundings = ImaginedSurroundings(clock, wall=lambda: wall[0], wait=really_wait)
        surroundings.wait(STARTS_AT + 4.0)
        assert (wall[0], surroundings.now()) == (104.0, STARTS_AT + 4.0)


@pytest.mark.parametrize("firmware", FIRMWARE.values(), ids=list(FIRMWARE))
@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_every_firmware_boots_over_frames(kind: str, firmware: Firmware) -> None:
    """All nine steps from every kind of site, on its own IP stack; nothing that never may happen does."""
    site = site_of(configuration(CONFIGURATIONS[kind]), 1)
    world = World(1, site, delay_s=(0.0, 0.0))
    skip = ImaginedSurroundings(world.clock, wall=lambda: 0.0, wait=lambda seconds: seconds)
    card = FrameCard(world.network, site.segments[0], STATION, now=skip.now)
    undi = Undi(card)
    undi.start()
    undi.initialize()
    random, told = Random(1).random, list[Event]()
    base = BaseCode(undi, skip, interface="eth0", random=random, on_event=told.append)
    client = PxeBootClient(
        firmware.identity(STATION, UUID(int=1)),
        firmware.behaviour,
        interface="eth0",
        random=random,
        multicast=True,
        menu_item=0,
        now=skip.now(),
    )
    base.run(client, finished=lambda: client.finished, ends_at=skip.now() + 400.0)

    assert isinstance(client.outcome, Booted), f"{client.outcome}\n{world.transcript()}"
    booted = client.outcome
    file = site.snapshot.open(booted.boot_file, SocketAddress(booted.address.ip, 1))
    assert booted.size_bytes == file.size_bytes
    file.close()
