"""Who must not get an answer, whatever was asked."""

from __future__ import annotations

from wireboot.endpoint import Datagram
from wireboot.wire.addresses import LIMITED_BROADCAST


def why_unanswerable(datagram: Datagram) -> str | None:
    """Why the sender of this must not get any answer, if so: it could be somebody else, or everybody."""
    host = datagram.peer.host
    if datagram.to_group:
        return "sent to a group"
    if datagram.peer.port == 0:
        return "source port 0"
    if host.is_unspecified or host.is_multicast or host == LIMITED_BROADCAST:
        return "source is no host"
    return None
