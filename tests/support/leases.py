"""Whoever asks an allocator for an address, without the message that would say so."""

from __future__ import annotations

from uuid import UUID

from wireboot.leases.link import Link
from wireboot.leases.requester import Requester
from wireboot.leases.subnet import Subnet


def requester(
    client: bytes,
    *,
    uuid: UUID | None = None,
    circuit_id: bytes | None = None,
    classes: tuple[str, ...] = (),
    known: bool = False,
) -> Requester:
    """A client whose hardware address is its key, too."""
    return Requester(
        client,
        client,
        uuid=b"" if uuid is None else uuid.bytes_le,
        circuit_id=circuit_id,
        classes=classes,
        known=known,
    )


def link(*subnets: Subnet) -> Link:
    return Link(subnets)
