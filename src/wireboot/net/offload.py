"""What a sender left to its card, done here: checksums, and the cutting of what is to leave as several segments.

Between the ends of a veth pair, or out of a virtual machine, no card ever does it, and a frame arrives with a struct
virtio_net_hdr that says what is still open (Virtio 1.2 §5.1.6; packet(7), PACKET_VNET_HDR). A boot program has an IP
stack of its own and is to see frames as they are on a cable.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple, Self

from wireboot.errors import DecodeError
from wireboot.wire import ethernet, ipv4, udp
from wireboot.wire.checksum import internet_checksum

HEADER_SIZE = 10
NOTHING_LEFT_OPEN = bytes(HEADER_SIZE)
"""The header of a frame that is to be sent as it is."""

# fmt: off
NEEDS_CHECKSUM                         = 0x01
NO_SEGMENTS, TCP_IPV4, TCP_IPV6, UDP   = 0, 1, 4, 5
WITH_ECN                               = 0x80
# fmt: on
_HEADER = struct.Struct("=BBHHHH")

_ETHERTYPE_IPV6 = 0x86DD
_IPV6_HEADER_SIZE = 40
_TCP = 6
_TCP_HEADER_SIZE_MIN = 20
_FIN, _PSH, _CWR = 0x01, 0x08, 0x80
_CHECKSUM_AT = {_TCP: 16, ipv4.UDP: 6}
_PROTOCOLS = {TCP_IPV4: _TCP, TCP_IPV6: _TCP, UDP: ipv4.UDP}
"""By gso_type. Datagrams to be fragmented (3) are not among them: the kernel hands none to a packet socket."""


class VirtioNetHeader(NamedTuple):
    flags: int = 0
    gso_type: int = NO_SEGMENTS
    header_size_hint: int = 0
    segment_size_bytes: int = 0
    """Of what each segment but the last carries behind its TCP or UDP header."""
    checksum_start: int = 0
    """Where in the frame begins what the checksum covers; the pseudo header's part stands in its place already."""
    checksum_offset: int = 0
    """From there to the checksum itself."""

    @classmethod
    def decode(cls, data: bytes | memoryview) -> Self:
        """From the first HEADER_SIZE bytes; in the byte order of this machine."""
        return cls._make(_HEADER.unpack_from(data))

    def encode(self) -> bytes:
        return _HEADER.pack(*self)


def finish(frame: bytes, header: VirtioNetHeader) -> list[bytes]:
    """The frames that a card would have sent, in order; none where no frames can be made of it."""
    try:
        if header.gso_type != NO_SEGMENTS:
            return list(_segments(frame, header))
        return [_with_checksum(frame, header)] if header.flags & NEEDS_CHECKSUM else [frame]
    except DecodeError:
        return []


def _with_checksum(frame: bytes, header: VirtioNetHeader) -> bytes:
    at = header.checksum_start + header.checksum_offset
    if at + 2 > len(frame):
        raise DecodeError("checksum", at, f"beyond the frame's {len(frame)} bytes")
    return _put_checksum(frame, at, internet_checksum(frame[header.checksum_start :]))


def _put_checksum(data: bytes, at: int, checksum: int) -> bytes:
    # In UDP 0 says that there is none; all ones is the same sum, in TCP as well (RFC 768, RFC 1071).
    return data[:at] + (checksum or 0xFFFF).to_bytes(2, "big") + data[at + 2 :]


# Segments


def _segments(frame: bytes, header: VirtioNetHeader) -> Iterator[bytes]:
    network, protocol, payload = _read_packet(frame)
    step = header.segment_size_bytes
    if not step or protocol != _PROTOCOLS.get(header.gso_type & ~WITH_ECN):
        raise DecodeError("segments", 0, f"of {step} bytes, type {header.gso_type}, in IP protocol {protocol}")
    link, addresses = frame[: ethernet.HEADER_SIZE], _addresses(network)
    is_tcp = protocol == _TCP
    header_size = _tcp_header_size(payload) if is_tcp else _udp_header_size(payload)
    common, data = payload[:header_size], payload[header_size:]
    for number, at in enumerate(range(0, len(data), step)):
        part = data[at : at + step]
        own = _tcp_header(common, at, is_last=at + step >= len(data)) if is_tcp else _udp_header(common, len(part))
        segment = own + part
        # IPv4 and IPv6 lay their pseudo headers out differently; the sum is the same (RFC 8200 §8.1).
        covered = addresses + struct.pack("!II", len(segment), protocol) + segment
        segment = _put_checksum(segment, _CHECKSUM_AT[protocol], internet_checksum(covered))
        yield link + _network_header(network, number, len(segment)) + segment


def _read_packet(frame: bytes) -> tuple[bytes, int, bytes]:
    """The IP header, the number of the protocol in it, and what it carries."""
    read = ethernet.decode(frame)
    if read.ethertype == ethernet.ETHERTYPE_IPV4:
        packet = ipv4.decode(read.payload)
        return read.payload[: packet.size_bytes - len(packet.payload)], packet.protocol, packet.payload
    if read.ethertype == _ETHERTYPE_IPV6 and len(read.payload) >= _IPV6_HEADER_SIZE:
        header, payload = read.payload[:_IPV6_HEADER_SIZE], read.payload[_IPV6_HEADER_SIZE:]
        size = int.from_bytes(header[4:6], "big")
        if size <= len(payload):
            # An extension header, which nobody puts before TCP or UDP, passes for another protocol.
            return header, header[6], payload[:size]
    raise DecodeError("packet", ethernet.HEADER_SIZE, f"none that is whole, ethertype 0x{read.ethertype:04x}")


def _is_ipv4(network: bytes) -> bool:
    return network[0] >> 4 == 4


def _addresses(network: bytes) -> bytes:
    """Source and destination."""
    return network[12:20] if _is_ipv4(network) else network[8:40]


def _network_header(common: bytes, number: int, size: int) -> bytes:
    """For the segment of this number, `size` bytes long with its own header."""
    if not _is_ipv4(common):
        return common[:4] + size.to_bytes(2, "big") + common[6:]
    # Each is a packet of its own, so that its identification is too (RFC 791 §3.1).
    identification = (int.from_bytes(common[4:6], "big") + number) & 0xFFFF
    head = common[:2] + struct.pack("!HH", len(common) + size, identification) + common[6:10]
    return head + internet_checksum(head + common[12:]).to_bytes(2, "big") + common[12:]


def _tcp_header_size(payload: bytes) -> int:
    size = (payload[12] >> 4) * 4 if len(payload) >= _TCP_HEADER_SIZE_MIN else 0
    if not _TCP_HEADER_SIZE_MIN <= size <= len(payload):
        raise DecodeError("TCP header", 12, f"{size} bytes of {len(payload)}")
    return size


def _tcp_header(common: bytes, at: int, *, is_last: bool) -> bytes:
    """For the data at this offset; without its checksum."""
    sequence_number = (int.from_bytes(common[4:8], "big") + at) & 0xFFFFFFFF
    flags = common[13]
    if not is_last:
        flags &= ~(_FIN | _PSH)
    if at > 0:
        # It is said once that the window has been reduced (RFC 3168 §6.1.2).
        flags &= ~_CWR
    head = common[:4] + sequence_number.to_bytes(4, "big") + common[8:13] + bytes((flags,)) + common[14:16]
    return head + bytes(2) + common[18:]


def _udp_header_size(payload: bytes) -> int:
    if len(payload) < udp.HEADER_SIZE:
        raise DecodeError("UDP header", 0, f"{len(payload)} bytes")
    return udp.HEADER_SIZE


def _udp_header(common: bytes, size: int) -> bytes:
    """For data of this size; without its checksum."""
    return common[:4] + struct.pack("!HH", udp.HEADER_SIZE + size, 0)
