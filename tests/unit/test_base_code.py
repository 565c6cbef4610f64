"""The PXE stack's network: one host over UNDI, and who lives there (pxe_api/base_code.py)."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Interface

import pytest

from tests.support.frames import GROUP, NOW, OTHER_STATION, OURS, PEER, STATION, Guest, arp_request
from wireboot.endpoint import AddressAcquired, Event, GroupJoined
from wireboot.pxe_api.base_code import BaseCode, FrameNotSent
from wireboot.pxe_api.card import PacketFilter
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.pxe_api.undi import Undi, UndiState
from wireboot.wire import ethernet
from wireboot.wire.ethernet import multicast_link_address


class Card:
    """A card on a cable that the test plays."""

    def __init__(self) -> None:
        self.station_address, self.mtu = STATION, 1500
        self.sent: list[bytes] = []
        self.arriving: list[bytes] = []
        self.multicast_addresses: frozenset[bytes] = frozenset()
        self.is_broken = False

    def transmit(self, frame: bytes) -> None:
        if self.is_broken:
            raise OSError("the cable is out")
        self.sent.append(frame)

    def receive(self) -> list[bytes]:
        arrived, self.arriving = self.arriving, []
        return arrived

    def set_station_address(self, link_address: bytes) -> None:
        self.station_address = link_address

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self.multicast_addresses = frozenset(link_addresses)


class Clock:
    """Surroundings in which nothing happens but that time passes."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def wait(self, until: float) -> None:
        self.time = until


class Stack:
    def __init__(self, *, initialized: bool = True) -> None:
        self.card, self.clock = Card(), Clock()
        self.events: list[Event] = []
        self.undi = Undi(self.card)
        self.undi.start()
        if initialized:
            self.undi.initialize()
        self.base = BaseCode(self.undi, self.clock, interface="eth0", random=lambda: 0.5, on_event=self.events.append)

    def run(self, guest: Guest, seconds: float = 1.0) -> None:
        self.base.run(guest, finished=lambda: False, ends_at=self.clock.now() + seconds)


def test_an_endpoint_runs_until_its_time_is_up() -> None:
    stack = Stack()
    stack.run(Guest(), seconds=7.5)
    assert stack.clock.now() == NOW + 7.5


def test_an_endpoint_runs_until_it_is_finished() -> None:
    stack = Stack()
    stack.base.run(Guest(), finished=lambda: stack.clock.now() >= NOW + 2.0, ends_at=NOW + 60.0)
    assert stack.clock.now() == NOW + 2.0


def test_the_next_endpoint_finds_the_address_as_it_was_left() -> None:
    """PXE 2.1, the UDP and TFTP services: they speak from the address of the boot."""
    stack, first = Stack(), Guest()
    first.tell(AddressAcquired(IPv4Interface((OURS, 24))))
    stack.run(first, seconds=5.0)
    stack.card.sent.clear()
    stack.card.arriving = [arp_request(OURS, PEER, OTHER_STATION)]
    stack.run(Guest())
    assert [ethernet.decode(frame).destination for frame in stack.card.sent] == [OTHER_STATION]


def test_the_card_is_open_while_an_endpoint_runs_and_closed_after() -> None:
    """PXE 2.1, UNDI: a boot program finds the card initialized, and may set its address and open it."""
    stack = Stack()
    states: list[UndiState] = []

    def finished() -> bool:
        states.append(stack.undi.state)
        return True

    stack.base.run(Guest(), finished=finished, ends_at=NOW + 1.0)
    assert (states, stack.undi.state) == ([UndiState.OPENED], UndiState.INITIALIZED)


def test_a_card_that_the_boot_program_opened_stays_open() -> None:
    stack = Stack()
    stack.undi.open(PacketFilter.PROMISCUOUS, ())
    stack.run(Guest())
    assert stack.undi.state is UndiState.OPENED


def test_no_card_no_network() -> None:
    """PXE 2.1, UNDI OPEN: only in the initialized state."""
    with pytest.raises(ServiceFailed) as refused:
        Stack(initialized=False).run(Guest())
    assert refused.value.status is Status.UNDI_INVALID_STATE


def test_a_frame_that_the_card_refuses_is_told_and_no_more() -> None:
    stack, guest = Stack(), Guest()
    stack.card.is_broken = True
    guest.tell(AddressAcquired(IPv4Interface((OURS, 24))))
    stack.run(guest)
    assert FrameNotSent(42, "the cable is out") in stack.events


def test_the_card_lets_in_a_group_from_its_join_on_also_when_it_is_opened_again() -> None:
    stack, guest = Stack(), Guest()
    guest.tell(GroupJoined(GROUP))
    stack.run(guest)
    assert stack.card.multicast_addresses == frozenset()
    with stack.base.opened():
        assert multicast_link_address(GROUP) in stack.card.multicast_addresses
