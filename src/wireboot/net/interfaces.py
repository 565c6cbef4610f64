"""The network interfaces of this machine."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_interface

from pyroute2 import IPRoute

from wireboot.endpoint import Interface
from wireboot.errors import OperatorError

_UP = 0x1
_LIST_HINT = "`ip -brief address` lists the interfaces and their addresses"


def list_interfaces() -> tuple[Interface, ...]:
    """Every interface that is up, as it stands now, loopback among them."""
    with IPRoute() as route:
        addresses: dict[int, list[str]] = {}
        for message in route.get_addr():
            text = message.get("IFA_LOCAL") or message.get("IFA_ADDRESS")
            addresses.setdefault(message["index"], []).append(f"{text}/{message['prefixlen']}")
        return tuple(
            Interface(
                name=link.get("IFLA_IFNAME"),
                index=link["index"],
                link_address=bytes.fromhex((link.get("IFLA_ADDRESS") or "").replace(":", "")),
                mtu=link.get("IFLA_MTU"),
                addresses=tuple(map(ip_interface, addresses.get(link["index"], ()))),
            )
            for link in route.get_links()
            if link["flags"] & _UP
        )


def usable_interfaces(names: Collection[str] = ()) -> tuple[Interface, ...]:
    """The interfaces called `names`, or all that are no loopback and have an IPv4 address.

    Raises OperatorError when one of `names` cannot be used, or when there is none at all.
    """
    found = {interface.name: interface for interface in list_interfaces()}
    for name in names:
        if name not in found:
            raise OperatorError(f"interface {name} does not exist or is down", hint=_LIST_HINT)
        if not found[name].ipv4:
            raise OperatorError(f"interface {name} has no IPv4 address", hint=_LIST_HINT)
    usable = tuple(
        interface
        for interface in found.values()
        if (interface.name in names if names else interface.ipv4 and not _is_loopback(interface))
    )
    if not usable:
        raise OperatorError("no network interface is up and has an IPv4 address", hint=_LIST_HINT)
    return usable


def _is_loopback(interface: Interface) -> bool:
    return all(address.ip.is_loopback for address in interface.addresses)
