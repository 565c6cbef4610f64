"""What is kept for one machine, or for whatever stands at one port of a switch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import product
from uuid import UUID

from wireboot.leases.requester import Requester
from wireboot.wire.addresses import UNSPECIFIED
from wireboot.wire.option_table import Options


@dataclass(frozen=True, slots=True)
class Reservation:
    """An address or settings of its own for one client, told by one mark: MAC, client identifier, UUID or port."""

    link_address: bytes | None = None
    address: IPv4Address | None = None
    """None: an address of the pools, with the settings below."""
    hostname: str | None = None
    client: bytes | None = None
    uuid: UUID | None = None
    circuit_id: bytes | None = None
    """With `remote_id` or alone: a port."""
    remote_id: bytes | None = None
    relay: IPv4Address | None = None
    """Of a port: only where this relay says so, since switches number their ports alike."""
    options: Options = field(default_factory=Options)


_Port = tuple[IPv4Address | None, bytes | None, bytes | None]


class Reservations:
    """The reservations of one subnet, found without looking through them."""

    def __init__(self, reservations: Iterable[Reservation]) -> None:
        self._by_client: dict[bytes, Reservation] = {}
        self._by_link_address: dict[bytes, Reservation] = {}
        self._by_uuid: dict[bytes, Reservation] = {}
        self._by_port: dict[_Port, Reservation] = {}
        for each in reservations:
            if each.client is not None:
                self._by_client[each.client] = each
            if each.link_address is not None:
                self._by_link_address[each.link_address] = each
            if each.uuid is not None:
                self._by_uuid[each.uuid.bytes_le] = each
            if each.circuit_id is not None or each.remote_id is not None:
                self._by_port[each.relay, each.circuit_id, each.remote_id] = each

    def of(self, requester: Requester) -> Reservation | None:
        """The program before the machine, the machine before the place: the narrower mark counts."""
        return (
            self._by_client.get(requester.client)
            or self._by_link_address.get(requester.link_address)
            or self._by_uuid.get(requester.uuid)
            or self._of_port(requester)
        )

    def _of_port(self, requester: Requester) -> Reservation | None:
        if not self._by_port or (requester.circuit_id is None and requester.remote_id is None):
            return None
        # What is said more exactly comes first: with the relay, then both marks, then the circuit alone.
        relays = (None,) if requester.relay == UNSPECIFIED else (requester.relay, None)
        marks = (
            (requester.circuit_id, requester.remote_id),
            (requester.circuit_id, None),
            (None, requester.remote_id),
        )
        ports = ((relay, circuit_id, remote_id) for relay, (circuit_id, remote_id) in product(relays, marks))
        return next((self._by_port[port] for port in ports if port in self._by_port), None)
