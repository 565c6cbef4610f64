"""Firmware that wants its replies different: one table, in which the first row that fits a client speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag, auto

from wireboot.protocols.pxe.identity import PXE_CLASS, PxeClient


class Effect(Flag):
    """What is done differently."""

    NONE = 0
    NO_VENDOR_OPTIONS = auto()
    """Offers carry no option 43: the client then asks port 4011, which tells it the same."""
    DISCOVERY_CONTROL_8 = auto()
    """Option 43 is 06 01 08 FF: load at once, and not a bit more."""
    NAME_WITHOUT_NUL = auto()
    """Option 67 ends with the name's last letter, as RFC 2132 §9.5 has it."""
    NUL_TERMINATED = auto()
    """Option 67 ends with a NUL. So does everybody's: the row is there to be known, and to stand before a wider one."""
    SPLIT_OFFER_IGNORED = auto()
    """Takes no address from one server and its boot file from another (proxy_fallback.py)."""
    ARCHITECTURE_9_IS_X64 = auto()
    """Says 9 and runs x86-64 programs: `wire.iana` gives both numbers one name."""
    UUID_ABSENT_OK = auto()
    """Sends no option 97, and is served without."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """A row. What it leaves open fits every client."""

    name: str
    effect: Effect
    seen: str
    """The capture or public report that shows it."""
    class_prefix: str = PXE_CLASS
    """How option 60 begins."""
    architectures: tuple[int, ...] = ()
    undi_versions: tuple[tuple[int, int], ...] = ()
    """Major and minor of option 94."""
    mac_prefixes: tuple[bytes, ...] = ()
    uuid: bool | None = None
    """Whether option 97 brings one."""

    def fits(self, client: PxeClient) -> bool:
        interface = client.network_interface
        version = None if interface is None else (interface.major, interface.minor)
        return (
            client.class_identifier.startswith(self.class_prefix)
            and (not self.architectures or client.architecture in self.architectures)
            and (not self.undi_versions or version in self.undi_versions)
            and (not self.mac_prefixes or client.link_address.startswith(self.mac_prefixes))
            and self.uuid in (None, client.uuid is not None)
        )


# More specific rows first. Configured rows stand before all of these.
QUIRKS = (
    Quirk(
        "x86-64 firmware that says 9",
        Effect.ARCHITECTURE_9_IS_X64,
        seen="RFC 4578 erratum 4624: the RFC printed 7 and 9 the other way round",
        architectures=(9,),
    ),
    Quirk(
        "ROM without a UUID",
        Effect.UUID_ABSENT_OK,
        seen="github.com/danderson/pixiecore issue 21: server boards' Intel ROMs that send no option 97",
        uuid=False,
    ),
)


def effect_for(client: PxeClient, configured: Iterable[Quirk] = ()) -> Effect:
    """What is done differently for this client."""
    for quirk in (*configured, *QUIRKS):
        if quirk.fits(client):
            return quirk.effect
    return Effect.NONE
