"""The network interfaces of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_interface
from typing import NamedTuple

from pyroute2 import IPRoute

from wireboot.endpoint import Interface

_UP = 0x1


class InterfaceTable(Mapping[str, Interface]):
    """The interfaces served on, by name, as they are now. Sockets and services share one, and see every change."""

    def __init__(self, interfaces: Iterable[Interface] = ()) -> None:
        self._followers: list[Callable[[], None]] = []
        self.replace(interfaces)

    def replace(self, interfaces: Iterable[Interface]) -> None:
        self._by_name = {interface.name: interface for interface in interfaces}
        self._by_index = {interface.index: interface for interface in self._by_name.values()}
        for follower in self._followers:
            follower()

    def follow(self, follower: Callable[[], None]) -> None:
        """Have it called after each change, for what must be told to the kernel interface by interface."""
        self._followers.append(follower)

    def unfollow(self, follower: Callable[[], None]) -> None:
        self._followers.remove(follower)

    def by_index(self, index: int) -> Interface | None:
        return self._by_index.get(index)

    def __getitem__(self, name: str) -> Interface:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


class Interfaces(NamedTuple):
    """All interfaces, as they stood when looked at."""

    up: tuple[Interface, ...]
    """Loopback among them."""
    down: frozenset[str]


def list_interfaces() -> Interfaces:
    with IPRoute() as route:
        addresses: dict[int, list[str]] = {}
        for message in route.get_addr():
            text = message.get("IFA_LOCAL") or message.get("IFA_ADDRESS")
            addresses.setdefault(message["index"], []).append(f"{text}/{message['prefixlen']}")
        links = list(route.get_links())
    return Interfaces(
        up=tuple(
            Interface(
                name=link.get("IFLA_IFNAME"),
                index=link["index"],
                link_address=bytes.fromhex((link.get("IFLA_ADDRESS") or "").replace(":", "")),
                mtu=link.get("IFLA_MTU"),
                addresses=tuple(map(ip_interface, addresses.get(link["index"], ()))),
            )
            for link in links
            if link["flags"] & _UP
        ),
        down=frozenset(link.get("IFLA_IFNAME") for link in links if not link["flags"] & _UP),
    )
