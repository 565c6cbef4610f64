"""One site in one process: servers, machines and all that goes wrong between them, repeatable by its seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from random import Random
from uuid import UUID

from wireboot.endpoint import Datagram, Event, Interface, SocketAddress, Unreachable
from wireboot.leases.lease import Lease
from wireboot.protocols.pxe.firmware import WIREBOOT, Firmware
from wireboot.protocols.tftp.files import FileRefused
from wireboot.sim.checks import InvariantBrokenError, Invariants
from wireboot.sim.clock import STARTS_AT, Clock
from wireboot.sim.disk import Disk, DiskFaults
from wireboot.sim.link_addresses import Kind, made_up
from wireboot.sim.machine import Boot, Machine
from wireboot.sim.network import Network, NetworkFaults, Station
from wireboot.sim.remarks import remark
from wireboot.sim.server import Server, Start, Started
from wireboot.sim.services import start_boot_server_elsewhere, start_dhcp_beside, start_wireboot
from wireboot.sim.site import Site
from wireboot.sim.stranger import Stranger
from wireboot.sim.transcript import LINES_MAX, Transcript

DEADLINE_S = 300.0
"""Of one boot, in virtual seconds."""
QUIET_S = 400.0
"""After the last boot: long enough for every transfer to be given up and every timer to run out."""
_LOOKS_EVERY_S = 5.0
"""At how much memory is used."""
_PAUSE_S = (5.0, 30.0)
"""Between two boots of one machine."""


class WorldBroken(AssertionError):  # noqa: N818  # it is what it says
    """A seed under which something happened that never may."""

    def __init__(self, seed: int, what: str, transcript: str) -> None:
        super().__init__(f"seed {seed}: {what}\n{transcript}")
        self.seed, self.what, self.transcript = seed, what, transcript


@dataclass(frozen=True, slots=True)
class Crash:
    """A server loses its power."""

    at_s: float
    down_s: float


class World:
    """A site and its machines on a virtual clock."""

    def __init__(
        self,
        seed: int,
        site: Site,
        *,
        loss: float = 0.0,
        duplication: float = 0.0,
        reordering: float = 0.0,
        delay_s: tuple[float, float] = (0.0005, 0.05),
        crashes: Sequence[Crash] = (),
        disk: DiskFaults | None = None,
        start: Callable[[Site, Sequence[Lease]], Started] = start_wireboot,
        new_disk: Callable[[Clock, Random, DiskFaults], Disk] = Disk,
        lines_max: int = LINES_MAX,
        starts_at: float = STARTS_AT,
        checked: bool = True,
        tell: Callable[[Event], None] = lambda _: None,
    ) -> None:
        """`start` and `new_disk` let a test put something broken in the place of what is tested.

        Not `checked`: the invariants, which hold for machines that play by the rules, are not looked at. `tell` hears
        of all that wireboot's server has to tell.
        """
        self.seed, self.site = seed, site
        self.clock = Clock(starts_at)
        self.machines: list[Machine] = []
        self.told: Counter[str] = Counter()
        """What wireboot's server had to say that is out of the ordinary, and how often."""
        self._transcript = Transcript(self.clock, lines_max)
        self._invariants = Invariants(self.clock, self._served, lambda: site.files.open_count)
        self._random = self._stream("world")
        faults = NetworkFaults(loss, duplication, reordering, delay_s)
        observers = (self._transcript, self._invariants) if checked else (self._transcript,)
        self.network = Network(self.clock, self._stream("network"), faults, observers)
        self._tell = tell
        self._new_disk, self._disk_faults = new_disk, disk or DiskFaults()
        self.server = self._add_server("wireboot", site.interfaces, partial(start, site), self._hear)
        self._add_neighbours()
        for crash in crashes:
            self.clock.after(crash.at_s, partial(self._crash, crash))
        self._running = 0
        self._ended_by = self.clock.now
        """When the last boot must have ended, as its client has a deadline."""

    def add_machine(
        self,
        firmware: Firmware = WIREBOOT,
        *,
        name: str | None = None,
        link_address: bytes | None = None,
        uuid: UUID | None = None,
        segment: str | None = None,
        on_at_s: float = 0.0,
        boots: int = 1,
        multicast: bool = False,
        deadline_s: float = DEADLINE_S,
    ) -> Machine:
        """A machine that is switched on after so many seconds and boots so many times."""
        number = len(self.machines)
        segments = self.site.segments
        machine = Machine(
            name or f"machine-{number + 1}",
            firmware,
            link_address or made_up(Kind.MACHINE, number),
            uuid or UUID(int=number + 1),
            segment or segments[number % len(segments)],
            self.clock,
            self.network,
            self._stream(f"machine {number}"),
            multicast=multicast,
            deadline_s=deadline_s,
            on_end=partial(self._boot_ended, boots),
        )
        self.machines.append(machine)
        self._invariants.watch_machine(machine)
        self._running += 1
        self._ended_by = max(self._ended_by, self.clock.now + on_at_s + boots * (deadline_s + max(_PAUSE_S)) + 1.0)
        self.clock.after(on_at_s, machine.switch_on)
        return machine

    def add_squatter(self, address: IPv4Address) -> None:
        """Something that has an address of the pools by hand, answers ARP and says nothing else."""
        segment, interface = next(
            (name, each) for name, each in self.site.interfaces.items() if address in each.ipv4[0].network
        )
        link_address = made_up(Kind.SQUATTER, int(address) & 0xFFFF)
        station = Station("squatter", segment, link_address, _Silent())
        self.network.attach(station, IPv4Interface((address, interface.ipv4[0].network.prefixlen)))

    def add_stranger(self, address: IPv4Address, packets: int, within_s: float) -> None:
        """Somebody on the first segment who sends wireboot so many senseless packets."""
        stranger = Stranger(self.site.segments[0], address, self.clock, self.network, self._stream("stranger"))
        self.network.attach(stranger.station, IPv4Interface(address))
        stranger.bother(self.server, packets, within_s)

    def cut_off(self, machine: Machine, at_s: float, for_s: float) -> None:
        """Pull a machine's cable for a while."""

        def pull() -> None:
            self._transcript.note(machine.name, f"is cut off for {for_s:.1f} s")
            self.network.cut_off(machine.station, for_s)

        self.clock.after(at_s, pull)

    def run(self, *, progress: Callable[[float], None] | None = None) -> None:
        """Until every boot has ended, and on through a silence in which everything should be given back.

        `progress` is told the elapsed time now and then. Raises WorldBroken.
        """
        try:
            self._run_until(lambda: not self._running, self._ended_by, progress)
            self._invariants.nothing_is_unfinished()
            self._run_until(lambda: False, self.clock.now + QUIET_S, progress)
            self._invariants.everything_is_given_back()
        except InvariantBrokenError as problem:
            raise WorldBroken(self.seed, str(problem), self.transcript()) from None
        except Exception as problem:
            # Nothing that comes over a network may make an endpoint raise.
            raise WorldBroken(self.seed, f"{type(problem).__name__}: {problem}", self.transcript()) from problem

    def _run_until(self, done: Callable[[], bool], ends_at: float, progress: Callable[[float], None] | None) -> None:
        looks_at = self.clock.now
        while not done() and (at := self.clock.next_at()) is not None and at <= ends_at:
            self.clock.step()
            if self.clock.now >= looks_at:
                looks_at = self.clock.now + _LOOKS_EVERY_S
                self._invariants.memory_is_bounded()
                if progress is not None:
                    progress(self.clock.elapsed_s)

    @property
    def boots(self) -> list[Boot]:
        return [boot for machine in self.machines for boot in machine.boots]

    def transcript(self) -> str:
        return str(self._transcript)

    def _add_neighbours(self) -> None:
        """The servers that are not wireboot's."""
        site = self.site
        name, mine = next(iter(site.interfaces.items()))
        if site.dhcp_beside is not None:
            interfaces = {name: _at(mine, site.dhcp_beside.address, 1)}
            self._add_server("dhcp", interfaces, partial(start_dhcp_beside, site, interfaces), _unheard)
        for number, (address, files_by_type) in enumerate(site.boot_servers_elsewhere.items(), start=2):
            interfaces = {name: _at(mine, IPv4Interface(address), number)}
            start = partial(start_boot_server_elsewhere, site, files_by_type)
            self._add_server(f"boot-server-{address}", interfaces, start, _unheard)

    def _add_server(
        self, name: str, interfaces: Mapping[str, Interface], start: Start, tell: Callable[[Event], None]
    ) -> Server:
        disk = self._new_disk(self.clock, self._stream(f"disk of {name}"), self._disk_faults)
        server = Server(name, interfaces, start, self.clock, self.network, disk, tell)
        self._invariants.watch_server(server)
        return server

    def _crash(self, crash: Crash) -> None:
        self._transcript.note("wireboot", f"crashes, and is back after {crash.down_s:.1f} s")
        self.server.crash(crash.down_s)
        self._invariants.server_crashed(self.server)

    def _boot_ended(self, boots: int, machine: Machine, boot: Boot) -> None:
        self._transcript.note(machine.name, f"ended its boot: {boot.outcome}")
        self._invariants.boot_ended(machine, boot)
        if len(machine.boots) == boots:
            self._running -= 1
        else:
            shortest, longest = _PAUSE_S
            self.clock.after(shortest + self._random.random() * (longest - shortest), machine.switch_on)

    def _served(self, name: str, client: IPv4Address) -> bytes | None:
        try:
            file = self.site.snapshot.open(name, SocketAddress(client, 1))
        except FileRefused:
            return None
        content = file.read(0, file.size_bytes)
        file.close()
        return content

    def _hear(self, event: Event) -> None:
        self._tell(event)
        if (what := remark(event)) is not None:
            self.told[what] += 1

    def _stream(self, name: str) -> Random:
        """Randomness of its own for each part, so that one more machine changes nothing for the others."""
        return Random(f"{self.seed} {name}")  # noqa: S311  # to be repeated, not to be secret


def _at(interface: Interface, address: IPv4Interface, number: int) -> Interface:
    """Another host's interface on the same segment."""
    return replace(interface, link_address=made_up(Kind.NEIGHBOUR, number), addresses=(address,))


def _unheard(event: Event) -> None:
    """What others' servers have to say."""


class _Silent:
    """A `Card` of somebody who speaks by ARP only."""

    def receive(self, datagram: Datagram) -> bool:  # noqa: ARG002  # a card's form
        return True

    def hears(self, datagram: Datagram) -> bool:  # noqa: ARG002
        return False

    def unreachable(self, peer: SocketAddress, reason: Unreachable) -> None:
        """It never sends."""
