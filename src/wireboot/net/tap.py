"""Ethernet frames of a station of our own at the other end of a TAP device (Linux: networking/tuntap.rst).

The kernel's end is an interface like any other: what it sends comes in here, and what is sent here comes in there. So
the station may stand on a bridge beside virtual machines, or alone with this machine.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Collection
from typing import Self

from wireboot.errors import OperatorError
from wireboot.wire import ethernet

# From <linux/if_tun.h>, <linux/if.h> and <linux/sockios.h>.
# fmt: off
_TUNSETIFF, _TUNSETOFFLOAD                    = 0x400454CA, 0x400454D0
_IFF_TAP, _IFF_NO_PI                          = 0x0002, 0x1000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCGIFMTU     = 0x8913, 0x8914, 0x8921
_IFF_UP                                       = 0x0001
# fmt: on
_FLAGS_REQUEST = struct.Struct("=16sH22x")
_MTU_REQUEST = struct.Struct("=16si20x")
_NAME_SIZE_MAX = 15
_BATCH = 64

_NOT_PERMITTED = "start it as root, or give it the capability CAP_NET_ADMIN"
_HINTS = {
    errno.ENOENT: "`modprobe tun` brings /dev/net/tun",
    errno.EACCES: _NOT_PERMITTED,
    errno.EPERM: _NOT_PERMITTED,
    errno.EBUSY: "another program has it open",
    errno.EINVAL: "`ip tuntap` lists those there are; an interface of another kind may have the name",
}


class TapCard:
    """A `FrameInterface` (pxe_api/card.py). It takes no offloads, so that the kernel sends whole frames."""

    def __init__(self, name: str, station_address: bytes) -> None:
        """Makes the TAP, or takes one that is there, and brings it up; one that was made ends with this.

        Raises OperatorError where the system refuses.
        """
        encoded = os.fsencode(name)
        if not 0 < len(encoded) <= _NAME_SIZE_MAX:
            raise OperatorError(
                f"{name!r} is no name for a TAP", hint=f"it has 1 to {_NAME_SIZE_MAX} characters", exit_code=2
            )
        self.station_address = station_address
        self._name = name
        try:
            self._descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as problem:
            raise _refusal(name, problem) from None
        try:
            fcntl.ioctl(self._descriptor, _TUNSETIFF, _FLAGS_REQUEST.pack(encoded, _IFF_TAP | _IFF_NO_PI))
            # A virtual machine that had it before may have asked for frames with work left in them.
            fcntl.ioctl(self._descriptor, _TUNSETOFFLOAD, 0)
            self.mtu = _bring_up(encoded)
        except OSError as problem:
            os.close(self._descriptor)
            raise _refusal(name, problem) from None
        self._frame_size_max = ethernet.HEADER_SIZE + self.mtu

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._descriptor

    def receive(self) -> list[bytes]:
        """What the kernel's end has sent, up to one batch. Raises OperatorError once there is no such end any more."""
        received: list[bytes] = []
        for _ in range(_BATCH):
            try:
                frame = os.read(self._descriptor, self._frame_size_max + 1)
            except BlockingIOError:
                break
            except OSError:
                # Not so where it is merely down. Here, `select` would say for ever that there is something to read.
                raise OperatorError(f"the TAP {self._name} has been removed") from None
            if len(frame) <= self._frame_size_max:
                received.append(frame)
        return received

    def transmit(self, frame: bytes) -> None:
        """Raises OSError where the system refuses."""
        os.write(self._descriptor, frame)

    def set_station_address(self, link_address: bytes) -> None:
        self.station_address = link_address

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        """Nothing to be done: a cable from one end to the other carries all groups."""

    def close(self) -> None:
        os.close(self._descriptor)


def _bring_up(name: bytes) -> int:
    """Returns the MTU. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        _, flags = _FLAGS_REQUEST.unpack(fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _FLAGS_REQUEST.pack(name, 0)))
        if not flags & _IFF_UP:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _FLAGS_REQUEST.pack(name, flags | _IFF_UP))
        mtu: int = _MTU_REQUEST.unpack(fcntl.ioctl(any_socket, _SIOCGIFMTU, _MTU_REQUEST.pack(name, 0)))[1]
        return mtu


def _refusal(name: str, problem: OSError) -> OperatorError:
    reason = os.strerror(problem.errno or 0).lower()
    return OperatorError(f"cannot open the TAP {name}: {reason}", hint=_HINTS.get(problem.errno or 0))
