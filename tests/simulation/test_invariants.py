"""Each invariant, broken on purpose: one that cannot fail would be worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.sim import CONFIGURATIONS, SIZE_BYTES_MAX, configuration
from wireboot.endpoint import Datagram, Endpoint, Event, SocketAddress
from wireboot.leases.lease import Lease
from wireboot.protocols.pxe.errors import NO_OFFERS
from wireboot.protocols.tftp.server import ServerLimits, TftpServer
from wireboot.sim.disk import Disk
from wireboot.sim.server import ARP_PORT, Started
from wireboot.sim.services import start_wireboot
from wireboot.sim.site import Site, site_of
from wireboot.sim.world import Crash, World, WorldBroken

DHCP, TFTP = 67, 69
Start = Callable[[Site, Sequence[Lease]], Started]


def world_with(start: Start, crashes: Sequence[Crash] = (), new_disk: type[Disk] = Disk) -> World:
    """Four machines, switched on one after the other."""
    site = site_of(configuration(CONFIGURATIONS["server"]), 4, size_bytes_max=SIZE_BYTES_MAX)
    world = World(1, site, start=start, crashes=crashes, new_disk=new_disk)
    for number in range(4):
        world.add_machine(on_at_s=number * 10.0)
    return world


def with_endpoint(port: int, wrap: Callable[[Endpoint, Site], Endpoint]) -> Start:
    """The real server with another endpoint at this port."""

    def start(site: Site, leases: Sequence[Lease]) -> Started:
        started = start_wireboot(site, leases)
        services = tuple(
            replace(each, endpoint=wrap(each.endpoint, site)) if port in each.ports else each
            for each in started.services
        )
        return replace(started, services=services)

    return start


class Wrapped:
    """An `Endpoint` that passes everything on."""

    def __init__(self, inner: Endpoint, site: Site) -> None:
        self.inner, self.site = inner, site

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        self.inner.receive_datagram(datagram, now)

    def handle_timeout(self, now: float) -> None:
        self.inner.handle_timeout(now)

    def next_timeout(self) -> float | None:
        return self.inner.next_timeout()

    def next_event(self) -> Event | None:
        return self.inner.next_event()

    def datagrams_to_send(self) -> list[Datagram]:
        return self.inner.datagrams_to_send()


def test_the_world_that_is_broken_below_is_whole_by_itself() -> None:
    world_with(start_wireboot, crashes=[Crash(15.0, 3.0)]).run()


def test_an_address_leased_twice_is_seen() -> None:
    """RFC 2131 §3.1 step 4, §2.2: here by a server that looks neither at its disk nor whether somebody answers."""

    def forgetful(site: Site, leases: Sequence[Lease]) -> Started:
        del leases
        started = start_wireboot(site, ())
        return replace(started, services=tuple(each for each in started.services if ARP_PORT not in each.ports))

    world = world_with(forgetful, crashes=[Crash(15.0, 3.0)])

    with pytest.raises(WorldBroken, match=r"10\.77\.0\.100 is leased to"):
        world.run()


class AcknowledgesEarly(Disk):
    """Says that it has written what it has only begun to write."""

    def write(self, leases: Sequence[Lease], then: Callable[[], None]) -> None:
        then()
        super().write(leases, lambda: None)


def test_an_acknowledgement_before_the_lease_is_on_disk_is_seen() -> None:
    """RFC 2131 §3.1 step 4."""
    with pytest.raises(WorldBroken, match="has no lease on disk"):
        world_with(start_wireboot, new_disk=AcknowledgesEarly).run()


class Garbles(Wrapped):
    """Sends each block with its last byte changed."""

    def datagrams_to_send(self) -> list[Datagram]:
        return [
            replace(each, payload=each.payload[:-1] + bytes([each.payload[-1] ^ 1]))
            if each.payload.startswith(b"\0\x03")
            else each
            for each in super().datagrams_to_send()
        ]


def test_a_boot_file_with_a_wrong_byte_is_seen() -> None:
    """RFC 1350 §2."""
    with pytest.raises(WorldBroken, match=r"bytes that are not the \d+ served"):
        world_with(with_endpoint(TFTP, Garbles)).run()


class Speaks(Wrapped):
    """Answers every request, and somebody who has said nothing besides."""

    def datagrams_to_send(self) -> list[Datagram]:
        answers = super().datagrams_to_send()
        unasked = SocketAddress(IPv4Address("10.77.0.199"), 68)
        return [*answers, *(replace(each, peer=unasked) for each in answers)]


@pytest.mark.parametrize("port", [DHCP, TFTP])
def test_a_packet_for_somebody_who_did_not_ask_is_seen(port: int) -> None:
    """PXE 2.1 §2.2.3: a server speaks when it is spoken to."""
    spoken_to = "sent to 10.77.0.199:68, which had not asked"
    with pytest.raises(WorldBroken, match=spoken_to):
        world_with(with_endpoint(port, Speaks)).run()


class Hoards(Wrapped):
    """Keeps all that it hears."""

    def __init__(self, inner: Endpoint, site: Site) -> None:
        super().__init__(inner, site)
        self.kept: list[Datagram] = []

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        self.kept += [datagram] * 100
        super().receive_datagram(datagram, now)


def test_a_table_that_grows_with_every_packet_is_seen() -> None:
    with pytest.raises(WorldBroken, match=r"keeps \d+ entries for 4 machines"):
        world_with(with_endpoint(DHCP, Hoards)).run()


def test_transfers_that_are_never_forgotten_are_seen() -> None:
    def remembers(_inner: Endpoint, site: Site) -> TftpServer:
        return TftpServer(site.snapshot, transfer_ports=(50001, 50002), limits=ServerLimits(linger_s=1e6))

    with pytest.raises(WorldBroken, match=r"still keeps \d+ entries at port 69"):
        world_with(with_endpoint(TFTP, remembers)).run()


class Opens(Wrapped):
    """Opens a file for every datagram, and leaves it open."""

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        self.site.files.open("rescue/bios.0", datagram.peer)
        super().receive_datagram(datagram, now)


def test_files_left_open_are_seen() -> None:
    with pytest.raises(WorldBroken, match=r"\d+ files are still open"):
        world_with(with_endpoint(DHCP, Opens)).run()


class Raises(Wrapped):
    """Trips over a packet."""

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        raise IndexError(f"one too far after {len(datagram.payload)} bytes at {now}")


def test_an_endpoint_that_raises_is_seen() -> None:
    with pytest.raises(WorldBroken, match="IndexError: one too far"):
        world_with(with_endpoint(DHCP, Raises)).run()


def test_a_machine_that_never_ends_its_boot_is_seen() -> None:
    """PXE 2.1 §2.1: it boots, or says by number why not."""
    world = world_with(start_wireboot)
    machine = world.machines[0]
    world.clock.after(0.2, machine.switch_off)

    with pytest.raises(WorldBroken, match="machine-1 neither booted nor failed"):
        world.run()


def test_a_failure_without_a_number_of_pxe_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """PXE 2.1 §2.1: as above."""
    monkeypatch.setattr("wireboot.protocols.pxe.address_task.NO_OFFERS", replace(NO_OFFERS, code="no luck"))
    silent = with_endpoint(DHCP, Silent)

    with pytest.raises(WorldBroken, match="'no luck', which is no code of PXE"):
        world_with(silent).run()


class Silent(Wrapped):
    """Never answers."""

    def datagrams_to_send(self) -> list[Datagram]:
        super().datagrams_to_send()
        return []


def test_what_is_broken_tells_its_seed_and_what_passed() -> None:
    with pytest.raises(WorldBroken) as broken:
        world_with(with_endpoint(TFTP, Garbles)).run()

    assert broken.value.seed == 1
    assert "RRQ rescue/bios.0" in broken.value.transcript
    assert str(broken.value).startswith("seed 1: machine-1 booted")
