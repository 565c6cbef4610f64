"""Ethernet frames of a station of our own on an interface of this machine (packet(7)).

The station has a MAC that is not the machine's. The machine's own addresses and its IP stack are not touched; what it
does with the interface goes on beside this.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Collection, Iterable
from typing import NamedTuple, Self

from wireboot.endpoint import Interface
from wireboot.errors import OperatorError
from wireboot.net.interfaces import list_interfaces

# From <linux/if_packet.h>, <linux/if_ether.h>, <linux/if_arp.h>, <asm-generic/socket.h> and <linux/filter.h>.
# fmt: off
_ETH_P_ALL                            = 0x0003
_ARPHRD_ETHER, _ARPHRD_LOOPBACK       = 1, 772
_SOL_PACKET                           = 263
_PACKET_ADD_MEMBERSHIP, _PACKET_DROP_MEMBERSHIP, _PACKET_AUXDATA = 1, 2, 8
_PACKET_MR_MULTICAST, _PACKET_MR_PROMISC                         = 0, 1
_TP_STATUS_CSUMNOTREADY, _TP_STATUS_VLAN_VALID                   = 0x08, 0x10
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE    = 26, 33
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE    = 0x20, 0x28, 0x30
_JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x15, 0x45, 0x06
# fmt: on
_MEMBERSHIP = struct.Struct("=iHH8s")
_AUXILIARY = struct.Struct("=IIIHHHH")
_INSTRUCTION = struct.Struct("=HBBI")
_VLAN_NUMBER = 0x0FFF

_FRAME_SIZE_MAX = 1 << 16
"""Senders on this machine and cards put frames together. What is cut here is still seen to be too large."""
_BATCH = 64
_BUFFER_SIZE_BYTES = 8 << 20


class FrameSocket:
    """A `FrameInterface` (pxe_api/card.py) over a raw packet socket."""

    def __init__(self, interface_name: str, station_address: bytes) -> None:
        """Raises OperatorError where the interface is no use or the system refuses."""
        interface = _find(interface_name)
        self.station_address = station_address
        self.mtu = interface.mtu
        self._index = interface.index
        self._multicast_addresses: frozenset[bytes] = frozenset()
        try:
            # Protocol 0: nothing is received before the filter stands.
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        except PermissionError:
            raise OperatorError(
                f"cannot open {interface_name} for frames: not permitted",
                hint="start it as root, or give it the capability CAP_NET_RAW",
            ) from None
        try:
            self._configure(interface_name)
        except OSError as problem:
            self._socket.close()
            reason = os.strerror(problem.errno or 0).lower()
            raise OperatorError(f"cannot open {interface_name} for frames: {reason}") from None
        except OperatorError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> list[bytes]:
        """What has arrived, up to one batch; not what this machine itself sends there."""
        received: list[bytes] = []
        for _ in range(_BATCH):
            try:
                data, ancillary, _, sender = self._socket.recvmsg(_FRAME_SIZE_MAX, 64)
            except BlockingIOError:
                break
            except OSError:
                # The interface went down; it may come back, and the client's own timers say when that is too late.
                continue
            auxiliary = _read_auxiliary(ancillary)
            if sender[2] != socket.PACKET_OUTGOING and not auxiliary.is_of_another_network:
                received.append(data if auxiliary.checksum_ready else _without_checksum(data))
        return received

    def transmit(self, frame: bytes) -> None:
        """Raises OSError where the system refuses."""
        self._socket.send(frame)

    def set_station_address(self, link_address: bytes) -> None:
        self.station_address = link_address
        self._attach_filter()

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        """Let in what is sent to these groups of stations. What the card does not take comes in all the same."""
        wanted = frozenset(link_addresses)
        self._change_memberships(_PACKET_DROP_MEMBERSHIP, self._multicast_addresses - wanted)
        self._change_memberships(_PACKET_ADD_MEMBERSHIP, wanted - self._multicast_addresses)
        self._multicast_addresses = wanted

    def close(self) -> None:
        # The kernel takes the memberships back, the promiscuous mode with them.
        self._socket.close()

    def _configure(self, interface_name: str) -> None:
        self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_SIZE_BYTES)
        except PermissionError:
            # Without CAP_NET_ADMIN as much as net.core.rmem_max allows.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_SIZE_BYTES)
        self._attach_filter()
        # All protocols: a socket for IPv4 alone stands behind a bridge or a bond that the interface may belong to, and
        # sees nothing of what those take.
        self._socket.bind((interface_name, _ETH_P_ALL))
        hardware_type = self._socket.getsockname()[3]
        if hardware_type == _ARPHRD_LOOPBACK:
            raise OperatorError(
                f"{interface_name} is the loopback interface, where no other machine can be",
                hint="name an Ethernet interface, as `ip link` lists them",
            )
        if hardware_type != _ARPHRD_ETHER:
            raise OperatorError(f"{interface_name} is no Ethernet interface (hardware type {hardware_type})")
        # The card would drop what is for a MAC other than its own.
        membership = _MEMBERSHIP.pack(self._index, _PACKET_MR_PROMISC, 0, b"")
        self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)

    def _attach_filter(self) -> None:
        """Let the kernel drop what is for other stations: a promiscuous card brings all there is on the cable."""
        first, last = struct.unpack("!IH", self.station_address)
        program = (
            (_LOAD_WORD, 0, 0, 0),
            (_JUMP_IF_EQUAL, 0, 2, first),
            (_LOAD_HALF, 0, 0, 4),
            (_JUMP_IF_EQUAL, 2, 0, last),
            (_LOAD_BYTE, 0, 0, 0),
            (_JUMP_IF_SET, 0, 1, 0x01),  # several stations: a multicast or the broadcast
            (_RETURN, 0, 0, _FRAME_SIZE_MAX),
            (_RETURN, 0, 0, 0),
        )
        code = ctypes.create_string_buffer(b"".join(_INSTRUCTION.pack(*each) for each in program))
        # As the C compiler lays it out: a count, then a pointer at its own alignment.
        header = struct.pack("@HP", len(program), ctypes.addressof(code))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)

    def _change_memberships(self, change: int, link_addresses: Iterable[bytes]) -> None:
        for link_address in link_addresses:
            membership = _MEMBERSHIP.pack(self._index, _PACKET_MR_MULTICAST, len(link_address), link_address)
            try:
                self._socket.setsockopt(_SOL_PACKET, change, membership)
            except OSError:
                # The card has no more room, or the interface is gone. In promiscuous mode it lets all in anyway.
                continue


def _without_checksum(frame: bytes) -> bytes:
    """A UDP datagram that its sender, on this machine, left to a card to finish (RFC 768: none is a zero)."""
    at = 14 + (frame[14] & 0x0F) * 4 + 6
    return frame[:at] + bytes(2) + frame[at + 2 :]


class _Auxiliary(NamedTuple):
    """What the kernel says of a frame beside its bytes."""

    checksum_ready: bool = True
    is_of_another_network: bool = False
    """It came with a VLAN tag, which the kernel has taken off. A tag of number 0 gives a priority only."""


def _read_auxiliary(ancillary: Iterable[tuple[int, int, bytes]]) -> _Auxiliary:
    for level, kind, data in ancillary:
        if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA) and len(data) >= _AUXILIARY.size:
            status, _, _, _, _, vlan, _ = _AUXILIARY.unpack_from(data)
            is_tagged = bool(status & _TP_STATUS_VLAN_VALID and vlan & _VLAN_NUMBER)
            return _Auxiliary(not status & _TP_STATUS_CSUMNOTREADY, is_tagged)
    return _Auxiliary()


def _find(name: str) -> Interface:
    """Raises OperatorError where it is not there or down."""
    interfaces = list_interfaces()
    for interface in interfaces.up:
        if interface.name == name:
            return interface
    if name in interfaces.down:
        raise OperatorError(f"the interface {name} is down", hint=f"`ip link set {name} up` brings it up")
    known = ", ".join(sorted(interface.name for interface in interfaces.up))
    raise OperatorError(f"there is no interface {name}", hint=f"up are: {known}", exit_code=2)
