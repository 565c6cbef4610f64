"""A station of our own on a real cable that says back what it hears."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Interface

from tests.support.frames import GROUP, OTHER_STATION, OURS, STATION, Guest
from tests.support.lab.network import Host
from tests.support.sockets_inside import open_inside, start_inside, udp_socket
from wireboot.client.session import RecordedCard, pxe_stack
from wireboot.endpoint import AddressAcquired, Datagram, Event, GroupJoined
from wireboot.net.clock import now
from wireboot.net.pcap import PcapWriter
from wireboot.wire import ethernet
from wireboot.wire.ethernet import Frame

ECHO_PORT = 7
TRIAL = 0x88B6
"""IEEE 802's second ethertype for local experiments; tests use the first."""
WITHIN_S = 5.0


class EchoGuest(Guest):
    """Has an address and a group from the start, and sends back what comes."""

    def __init__(self) -> None:
        super().__init__()
        self._tell(AddressAcquired(IPv4Interface((OURS, 24))))
        self._tell(GroupJoined(GROUP))

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        super().receive_datagram(datagram, now)
        if datagram.local.port == ECHO_PORT:
            self._send(datagram)


@dataclass
class Running:
    guest: EchoGuest = field(default_factory=EchoGuest)
    events: list[Event] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running(
    host: Host,
    interface: str = "eth0",
    *,
    capture: PcapWriter | None = None,
    also_read: Mapping[int, Callable[[], bool]] | None = None,
) -> Iterator[Running]:
    """The guest, in a stack on an interface of this host."""
    run = Running()

    def act() -> None:
        with pxe_stack(interface, STATION, on_event=run.events.append, also_read=also_read) as base:
            if capture is not None:
                base.undi.put_before_card(lambda card: RecordedCard(card, capture, now))
            base.run(run.guest, finished=run.ends.is_set, ends_at=now() + 60.0)

    done = start_inside(host, act)
    try:
        yield run
    finally:
        run.ends.set()
        done.result(WITHIN_S)


def wait_for_switch(speaker: Host, listener: Host) -> None:
    """Until frames pass: a bridge hears some milliseconds late that the other end of its port is up."""
    with (
        open_inside(speaker, socket.AF_PACKET, socket.SOCK_RAW) as begin,
        open_inside(listener, socket.AF_PACKET, socket.SOCK_RAW) as end,
    ):
        begin.bind(("eth0", 0))
        end.bind(("eth0", TRIAL))
        end.settimeout(0.02)
        frame = ethernet.encode(Frame(ethernet.BROADCAST, OTHER_STATION, TRIAL, bytes(46)))
        for _ in range(int(WITHIN_S / 0.02)):
            begin.send(frame)
            try:
                end.recv(100)
            except TimeoutError:
                continue
            return
    raise AssertionError("the switch forwards nothing")


def echo(linux: Host, payload: bytes, to: object = OURS) -> tuple[bytes, str]:
    """What comes back to the Linux host, and from whom. The stack may be just starting, so it is said until then."""
    with udp_socket(linux, host="10.77.0.1", timeout_s=0.5) as speaker:
        for _ in range(10):
            speaker.sendto(payload, (str(to), ECHO_PORT))
            try:
                answer, (peer, _) = speaker.recvfrom(65535)
            except TimeoutError:
                continue
            return answer, peer
    raise AssertionError("no echo came back")
