"""Who asks for an address: made once for each message, and all that a decision about leases may look at."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.leases.lease import ClientKey
from wireboot.wire.addresses import UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Requester:
    """A client as one message shows it."""

    client: ClientKey
    link_address: bytes
    uuid: bytes = b""
    """The machine's SMBIOS UUID in the byte order of SMBIOS and option 97; empty where it does not say."""
    relay: IPv4Address = UNSPECIFIED
    circuit_id: bytes | None = None
    """The port of a switch, as that one says (RFC 3046 §3.1)."""
    remote_id: bytes | None = None
    """The switch, as it says (RFC 3046 §3.2)."""
    classes: tuple[str, ...] = ()
    known: bool = False
    """The inventory has the machine."""
