"""What the decision is made from: profiles, machines and the loaders at hand, as one immutable snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from wireboot.boot.loaders import FoundLoaders
from wireboot.protocols.pxe.identity import PxeClient


@dataclass(frozen=True, slots=True)
class Profile:
    """Something to boot."""

    name: str
    boot_programs: Mapping[str, str] = field(default_factory=dict)
    """Architecture name to file name; an architecture that is missing here gets a loader found on this machine."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that is known, by its MAC or by its UUID."""

    name: str
    link_address: bytes | None = None
    uuid: UUID | None = None
    profile: str | None = None
    """None: the default profile."""


@dataclass(frozen=True)
class Inventory:
    """One state of all that is known."""

    profiles: Mapping[str, Profile]
    machines: tuple[Machine, ...]
    default_profile: str | None
    """None: no profile at all, only the loaders."""
    ignore_unknown: bool
    """Machines without a profile of their own are left alone."""
    loaders: FoundLoaders

    def machine(self, client: PxeClient) -> Machine | None:
        """The machine that `client` is. A MAC counts before a UUID: boards with the same UUID do exist."""
        by_link_address = (each for each in self.machines if each.link_address == client.link_address)
        by_uuid = (each for each in self.machines if each.uuid is not None and each.uuid == client.uuid)
        return next(by_link_address, None) or next(by_uuid, None)
