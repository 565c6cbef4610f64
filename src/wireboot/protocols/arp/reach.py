"""Whose hosts ARP reaches."""

from __future__ import annotations

from collections.abc import Iterable

from wireboot.endpoint import Interface
from wireboot.leases.link import Links
from wireboot.leases.subnet import Subnet


def subnets_at(interface: Interface, links: Links) -> Iterable[Subnet]:
    """The subnets on the interface's link: those that it has an address of, and what shares a link with them."""
    found = (links.link_of(address.ip) for address in interface.ipv4)
    return {subnet.network: subnet for link in found if link is not None for subnet in link.subnets}.values()
