"""Which machines the inventory has, without looking through it for every packet."""

from __future__ import annotations

from wireboot.services.snapshot import Snapshot


class KnownMachines:
    """An `IsKnown` for the DHCP server."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._read_from: object = None
        self._marks: frozenset[bytes] = frozenset()

    def __call__(self, link_address: bytes, uuid: bytes) -> bool:
        machines = self._snapshot.inventory.machines
        if machines is not self._read_from:
            macs = (each.link_address for each in machines if each.link_address is not None)
            uuids = (each.uuid.bytes_le for each in machines if each.uuid is not None)
            self._read_from, self._marks = machines, frozenset((*macs, *uuids))
        return link_address in self._marks or uuid in self._marks
