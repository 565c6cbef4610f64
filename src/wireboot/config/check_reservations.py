"""Checks of reservations: whom each is for, and that no two are for the same."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.config.model_dhcp4 import Dhcp4Reservation, Dhcp4Subnet
from wireboot.config.networks import not_for_hosts
from wireboot.config.positions import KeyPath
from wireboot.wire.addresses import format_link_address

ERROR, WARNING, NOTE = Severity


def reservations(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    """A machine may have a reservation in each subnet: it may move between them."""
    lines_by_address: dict[IPv4Address, int | None] = {}
    for index, subnet in enumerate(loaded.config.dhcp4.subnets):
        lines_by_mark: dict[object, int | None] = {}
        for number, reservation in enumerate(subnet.reservations):
            where = ("dhcp4", "subnets", index, "reservations", number)
            yield from _whom(loaded, where, reservation, lines_by_mark)
            yield from _address(loaded, where, subnet, reservation, lines_by_address)
            if reservation.address is None and reservation.hostname is None and not reservation.options:
                what = "the reservation keeps nothing for its client"
                yield loaded.finding(WARNING, where, what, "add `address`, `hostname` or `options`, or take it out")


def _whom(
    loaded: LoadedConfig, where: KeyPath, reservation: Dhcp4Reservation, lines_by_mark: dict[object, int | None]
) -> Iterator[Finding]:
    marks = _marks(reservation)
    if not marks:
        what = "the reservation does not say whom it is for"
        yield loaded.finding(ERROR, where, what, 'add `mac = "52:54:00:77:00:10"`, client_id, uuid or circuit_id')
    for key, _, _ in marks[1:]:
        what = f"the reservation has both {marks[0][0]} and {key}"
        yield loaded.finding(ERROR, (*where, key), what, "keep one: a second reservation may give the other its own")
    if reservation.relay is not None and reservation.circuit_id is None and reservation.remote_id is None:
        what = "relay names the relay of a port, and there is no circuit_id or remote_id"
        yield loaded.finding(ERROR, (*where, "relay"), what, "add `circuit_id`, or take relay out")
    for key, mark, shown in marks[:1]:
        line = loaded.line(*where, key)
        if mark in lines_by_mark:
            what = f"{shown} has a reservation in this subnet already, on line {lines_by_mark[mark]}"
            yield loaded.finding(ERROR, (*where, key), what, "keep one of the two")
        lines_by_mark.setdefault(mark, line)


def _marks(each: Dhcp4Reservation) -> list[tuple[str, object, str]]:
    """By what a client is told: the key, a value to compare, and how it reads."""
    marks: list[tuple[str, object, str]] = []
    if each.mac is not None:
        marks.append(("mac", ("mac", each.mac), format_link_address(each.mac)))
    if each.client_id is not None:
        marks.append(("client_id", ("client_id", each.client_id), f"client identifier 0x{each.client_id.hex()}"))
    if each.uuid is not None:
        marks.append(("uuid", ("uuid", each.uuid), f"UUID {each.uuid}"))
    if each.circuit_id is not None or each.remote_id is not None:
        key = "remote_id" if each.circuit_id is None else "circuit_id"
        marks.append((key, ("port", each.relay, each.circuit_id, each.remote_id), "this port"))
    return marks


def _address(
    loaded: LoadedConfig,
    where: KeyPath,
    subnet: Dhcp4Subnet,
    reservation: Dhcp4Reservation,
    lines_by_address: dict[IPv4Address, int | None],
) -> Iterator[Finding]:
    address, at = reservation.address, (*where, "address")
    if address is None:
        return
    if address not in subnet.network:
        others = (other.network for other in loaded.config.dhcp4.subnets if address in other.network)
        home = next((f"move it to subnet {other}" for other in others), f"choose one in {subnet.network}")
        what = f"reserved address {address} is not inside subnet {subnet.network}"
        yield loaded.finding(ERROR, at, what, home)
    elif address in not_for_hosts(subnet.network):
        what = f"reserved address {address} is one that no machine can have in {subnet.network}"
        yield loaded.finding(ERROR, at, what, f"choose another in {subnet.network}")
    if address in lines_by_address:
        what = f"{address} is reserved already, on line {lines_by_address[address]}"
        yield loaded.finding(ERROR, at, what, "choose another address")
    lines_by_address.setdefault(address, loaded.line(*at))


RESERVATION_CHECKS = (reservations,)
