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
from typing import Self

from wireboot.endpoint import Interface
from wireboot.errors import OperatorError
from wireboot.net import offload
from wireboot.net.interfaces import list_interfaces
from wireboot.wire import ethernet

# From <linux/if_packet.h>, <linux/if_ether.h>, <linux/if_arp.h>, <asm-generic/socket.h> and <linux/filter.h>.
# fmt: off
_ETH_P_ALL                            = 0x0003
_ARPHRD_ETHER, _ARPHRD_LOOPBACK       = 1, 772
_SOL_PACKET                           = 263
_PACKET_ADD_MEMBERSHIP, _PACKET_DROP_MEMBERSHIP, _PACKET_VNET_HDR = 1, 2, 15
_PACKET_MR_MULTICAST, _PACKET_MR_PROMISC                          = 0, 1
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE    = 26, 33
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE    = 0x20, 0x28, 0x30
_JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x15, 0x45, 0x06
_BESIDE_FRAME                         = 0xFFFFF000  # where a filter finds what the kernel knows of a frame
_DIRECTION, _VLAN_TAG                 = _BESIDE_FRAME + 4, _BESIDE_FRAME + 44
# fmt: on
_MEMBERSHIP = struct.Struct("=iHH8s")
_INSTRUCTION = struct.Struct("=HBBI")
_VLAN_NUMBER = 0x0FFF
"""Of a tag, which the kernel has taken off the frame. Number 0 gives a priority only, and is no other network."""

_FRAME_SIZE_MAX = 1 << 17
"""Larger than any that is not cut yet. Where one is larger still, what is left of it is seen to be incomplete."""
_BATCH = 64
_BUFFER_SIZE_BYTES = 8 << 20


class FrameSocket:
    """A `FrameInterface` (pxe_api/card.py) over a raw packet socket."""

    def __init__(self, interface_name: str, station_address: bytes) -> None:
        """Raises OperatorError where the interface is no use or the system refuses."""
        interface = _find(interface_name)
        self.station_address = station_address
        self.mtu = interface.mtu
        self._frame_size_max = ethernet.HEADER_SIZE + interface.mtu
        self._index = interface.index
        self._buffer = memoryview(bytearray(_FRAME_SIZE_MAX))
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
                size = self._socket.recv_into(self._buffer)
            except BlockingIOError:
                break
            except OSError:
                # The interface went down; it may come back, and the client's own timers say when that is too late.
                continue
            header = offload.VirtioNetHeader.decode(self._buffer)
            frames = offload.finish(bytes(self._buffer[offload.HEADER_SIZE : size]), header)
            # A peer whose MTU is larger can send what no card here would have taken.
            received += [frame for frame in frames if len(frame) <= self._frame_size_max]
        return received

    def transmit(self, frame: bytes) -> None:
        """Raises OSError where the system refuses."""
        self._socket.send(offload.NOTHING_LEFT_OPEN + frame)

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
        self._socket.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
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
        """Let the kernel drop what is not for us, so that nobody is woken for it.

        That is: what this machine sends, what has the tag of another network, and what is for other stations, for a
        promiscuous card brings all there is on the cable.
        """
        first, last = struct.unpack("!IH", self.station_address)
        program = (
            (_LOAD_WORD, 0, 0, _DIRECTION),
            (_JUMP_IF_EQUAL, 9, 0, socket.PACKET_OUTGOING),
            (_LOAD_WORD, 0, 0, _VLAN_TAG),
            (_JUMP_IF_SET, 7, 0, _VLAN_NUMBER),
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
