"""The network that `wireboot try` boots over: what a configuration serves, and one card on its cable."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import SystemRandom

from wireboot.boot.loaders import FoundLoaders
from wireboot.client.session import AlsoRead, initialized, sleep, watch
from wireboot.config.model import Configuration
from wireboot.endpoint import Event
from wireboot.protocols.dhcp4.options import ROUTERS
from wireboot.pxe_api.base_code import BaseCode
from wireboot.server.host import boot_files
from wireboot.services.subnets import subnets
from wireboot.sim.disk import DiskFaults
from wireboot.sim.frame_card import FrameCard
from wireboot.sim.population import reserved_segments
from wireboot.sim.site import Site, site_of
from wireboot.sim.stand_in import stand_in_program
from wireboot.sim.surroundings import ImaginedSurroundings
from wireboot.sim.world import World

_AT_ONCE = (0.0, 0.0)
"""A boot program may wait for an answer by asking again and again, which takes the time that it really takes."""


class ImaginedNetwork:
    """Real boot files, real endpoints, and a cable and a disk on which all goes well, at once."""

    def __init__(self, config: Configuration, loaders: FoundLoaders, *, tell: Callable[[Event], None]) -> None:
        """`tell` hears of all that the server has to tell. Raises OperatorError where the network has no room."""
        self.site: Site = site_of(
            config, 1, loaders=loaders, read=_of_another_server, served=boot_files(config, loaders)
        )
        self._world = World(
            0,
            self.site,
            delay_s=_AT_ONCE,
            disk=DiskFaults(_AT_ONCE),
            starts_at=time.time(),
            # What a boot program sends is nothing that the simulation could vouch for.
            checked=False,
            tell=tell,
        )
        self._really_waits = False

    def segment_of(self, station_address: bytes) -> str:
        """Where the machine stands that has a reservation; all others stand on the first segment."""
        return reserved_segments(self.site).get(station_address, self.site.segments[0])

    def describe(self) -> str:
        mode = self.site.config.dhcp4.mode
        beside = "" if self.site.dhcp_beside is None else ", beside an imagined DHCP server that knows nothing of PXE"
        return f"mode {mode}{beside}"

    def really_wait(self, really: bool) -> None:
        """Whether waiting takes its time from now on: somebody watches."""
        self._really_waits = really

    @contextmanager
    def stack(
        self,
        interface: str,
        station_address: bytes,
        *,
        on_event: Callable[[Event], None],
        also_read: AlsoRead | None = None,
    ) -> Iterator[BaseCode]:
        """An `OpenStack`; `interface` is the segment."""
        with selectors.SelectSelector() as selector:
            watch(selector, also_read or {})

            def wait(seconds: float) -> float:
                sleep(selector, seconds if self._really_waits else 0.0)
                return 0.0 if self._really_waits else seconds

            surroundings = ImaginedSurroundings(self._world.clock, wall=time.monotonic, wait=wait)
            routers = {router for subnet in subnets(self.site.config) for router in subnet.options.get(ROUTERS) or ()}
            card = FrameCard(self._world.network, interface, station_address, now=surroundings.now, routers=routers)
            random = SystemRandom().random
            yield BaseCode(initialized(card), surroundings, interface=interface, random=random, on_event=on_event)


def _of_another_server(name: str, size_bytes_max: int) -> bytes:
    """A `ReadFile` for the Boot Servers that a menu leads to."""
    return stand_in_program(f"{name} is another server's, and nothing is known of it here.")[:size_bytes_max]
