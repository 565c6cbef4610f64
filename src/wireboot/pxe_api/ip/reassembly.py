"""Packets put together from their fragments (RFC 791 §3.2, RFC 1122 §3.3.2), in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import NamedTuple

from wireboot.errors import DecodeError
from wireboot.wire.ipv4 import FRAGMENT_UNIT_BYTES, HEADER_SIZE, PACKET_SIZE_MAX, Ipv4Packet

WAITS_FOR_S = 30.0
PACKETS_MAX = 16
SIZE_BYTES_MAX = 256 << 10
"""Of all fragments kept. Four of the largest packets, or a window of blocks that each take a few fragments."""
FRAGMENTS_MAX = 256
"""Of one packet. The largest takes 45 on Ethernet, and 119 on links of 576 bytes."""
PAYLOAD_SIZE_MAX = PACKET_SIZE_MAX - HEADER_SIZE


class _Key(NamedTuple):
    """What the fragments of one packet have in common."""

    source: IPv4Address
    destination: IPv4Address
    protocol: int
    identification: int


@dataclass(slots=True)
class _Parts:
    until: float
    by_offset: dict[int, bytes] = field(default_factory=dict)
    received_bytes: int = 0
    whole_bytes: int | None = None
    """Known once the last fragment is here."""


class Reassembler:
    def __init__(self) -> None:
        self._packets: dict[_Key, _Parts] = {}

    def add(self, fragment: Ipv4Packet, now: float) -> Ipv4Packet | None:
        """Returns the packet that this fragment completes.

        Raises DecodeError for a fragment that cannot be, and for one that overlaps another: what a stranger could so
        smuggle into a packet is dropped with the whole of it. A fragment that merely comes twice changes nothing.
        """
        key = _Key(fragment.source, fragment.destination, fragment.protocol, fragment.identification)
        parts = self._packets.get(key)
        if parts is None:
            if len(self._packets) == PACKETS_MAX:
                self._drop_oldest()
            parts = self._packets[key] = _Parts(until=now + WAITS_FOR_S)
        try:
            _put(parts, fragment)
        except DecodeError:
            del self._packets[key]
            raise
        if parts.received_bytes == parts.whole_bytes:
            del self._packets[key]
            payload = b"".join(parts.by_offset[offset] for offset in sorted(parts.by_offset))
            return replace(fragment, payload=payload, more_fragments=False, fragment_offset_bytes=0)
        while sum(each.received_bytes for each in self._packets.values()) > SIZE_BYTES_MAX:
            self._drop_oldest()
        return None

    def handle_timeout(self, now: float) -> list[IPv4Address]:
        """Give up what has waited long enough; returns the senders of what is lost."""
        late = [key for key, parts in self._packets.items() if parts.until <= now]
        for key in late:
            del self._packets[key]
        return [key.source for key in late]

    def next_timeout(self) -> float | None:
        return min((parts.until for parts in self._packets.values()), default=None)

    def _drop_oldest(self) -> None:
        del self._packets[next(iter(self._packets))]


def _put(parts: _Parts, fragment: Ipv4Packet) -> None:
    """Raises DecodeError for what does not fit in with the other parts."""
    begin, size = fragment.fragment_offset_bytes, len(fragment.payload)
    end = begin + size
    if size == 0 or end > PAYLOAD_SIZE_MAX or (fragment.more_fragments and size % FRAGMENT_UNIT_BYTES):
        raise DecodeError("fragment", begin, f"{size} bytes at {begin}")
    if parts.by_offset.get(begin) == fragment.payload and fragment.more_fragments == (end != parts.whole_bytes):
        return
    if len(parts.by_offset) == FRAGMENTS_MAX:
        raise DecodeError("fragment", begin, "too many of them")
    if any(at < end and begin < at + len(other) for at, other in parts.by_offset.items()):
        raise DecodeError("fragment", begin, "overlaps another")
    if not fragment.more_fragments:
        if parts.whole_bytes is not None or any(at > begin for at in parts.by_offset):
            raise DecodeError("fragment", begin, "is not the last, as it says")
        parts.whole_bytes = end
    elif parts.whole_bytes is not None and end > parts.whole_bytes:
        raise DecodeError("fragment", begin, "goes on behind the last")
    parts.by_offset[begin] = fragment.payload
    parts.received_bytes += size
