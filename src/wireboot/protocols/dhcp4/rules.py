"""What the operator decides for the whole DHCP server, as it stands at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.protocols.dhcp4.classes import ClientClass


@dataclass(frozen=True, slots=True)
class Rules:
    """Swapped as a whole when the configuration changes."""

    classes: tuple[ClientClass, ...] = ()
    """In the order of the file: the first that has a setting gives it."""
    authoritative: bool = True
    """No other DHCP server stands on these links: an address of another network is refused, and not passed over."""
    rapid_commit: bool = False
    """A DHCPDISCOVER that asks for it is answered with a lease at once (RFC 4039)."""
    bootp: bool = False
    """BOOTP clients without a reservation get an address for ever (RFC 1534 §2)."""
