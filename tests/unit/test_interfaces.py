"""The table of interfaces that sockets and services share."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface

from wireboot.endpoint import Interface
from wireboot.net.interfaces import InterfaceTable, list_interfaces

ETH0 = Interface("eth0", 2, bytes.fromhex("525400770001"), 1500, (IPv4Interface("10.77.0.1/24"),))


def test_an_interface_that_comes_back_is_known_by_its_new_index() -> None:
    table = InterfaceTable([ETH0])
    table.replace([replace(ETH0, index=9)])

    assert table.by_index(2) is None
    assert table.by_index(9) == table["eth0"]
    assert dict(table) == {"eth0": replace(ETH0, index=9)}


def test_loopback_is_listed_with_its_address() -> None:
    up, down = list_interfaces()
    loopback = next(interface for interface in up if interface.name == "lo")

    assert IPv4Interface("127.0.0.1/8") in loopback.ipv4
    assert "lo" not in down
