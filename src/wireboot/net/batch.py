"""Many messages by one system call: recvmmsg(2) and sendmmsg(2), which the socket module does not have.

The way into the kernel and back costs as much as what becomes of a small datagram there, and in a boot storm hundreds
wait at once. The messages stand in memory that is laid out once, in the kernel's own form: a call moves only bytes in
and out.

Nothing here knows what an address or a control message says: both are passed on as the kernel has them.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from wireboot.endpoint import Datagram

T = TypeVar("T")

Message = tuple[bytes, bytes, bytes]
"""Payload, address (struct sockaddr) and control messages (struct cmsghdr)."""
Unsent = tuple[Datagram, OSError]
"""A datagram that did not leave, and why."""
MESSAGES_MAX = 64
"""By one call. More would save little, and the first of them would wait for what becomes of the last."""
PAYLOAD_SIZE_MAX = 1 << 16
"""Room for each. No datagram is larger, so none arrives cut; and memory that is never touched costs nothing."""

_NAME_ROOM, _CONTROL_ROOM = 32, 64
"""The same for address and control messages, of IPv6 too."""


def send_in_order(send: Callable[[Sequence[T]], int], messages: Sequence[T]) -> Iterator[tuple[int, OSError]]:
    """Send all of them, none twice. Gives the place of each that did not leave, and why, before the next one is sent.

    `send` is like sendmmsg(2): it returns how many have left, from the first on; where the first did not, it raises
    OSError. Why another did not is asked by trying again from there.
    """
    at = 0
    while at < len(messages):
        try:
            at += send(messages[at:])
        except OSError as problem:
            yield at, problem
            at += 1


# What the kernel reads and writes. `_layout_holds` compares it with what 64-bit Linux has.


class _Piece(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Entry(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", _Header), ("size", ctypes.c_uint))


_ENTRY_SIZE = 64
_CONTROL_HEADER = struct.Struct("@Nii")
"""struct cmsghdr: its size with the data behind it, level, type."""


def control_message(level: int, kind: int, data: bytes) -> bytes:
    """One control message, filled up so that another may follow."""
    message = _CONTROL_HEADER.pack(_CONTROL_HEADER.size + len(data), level, kind) + data
    return message + bytes(-len(message) % _CONTROL_HEADER.size)


def _layout_holds() -> bool:
    return sys.platform == "linux" and (
        ctypes.sizeof(_Piece),
        ctypes.sizeof(_Header),
        ctypes.sizeof(_Entry),
        _Header.name_size.offset,
        _Header.pieces.offset,
        _Header.control.offset,
        _Header.control_size.offset,
        _Entry.size.offset,
        _CONTROL_HEADER.size,
        # The socket module was compiled with the system's own headers.
        socket.CMSG_LEN(1),
    ) == (16, 56, _ENTRY_SIZE, 8, 16, 32, 40, 56, 16, _CONTROL_HEADER.size + 1)


class _Calls:
    """The two calls, of the C library that Python itself runs on."""

    def __init__(self) -> None:
        """Raises OSError or AttributeError where they cannot be had."""
        library = ctypes.CDLL(None, use_errno=True)
        self.receive, self.send = library.recvmmsg, library.sendmmsg
        entries = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
        self.send.argtypes = entries
        self.receive.argtypes = (*entries, ctypes.c_void_p)

    def are_answered(self) -> bool:
        """An old kernel has not got them, and a sandbox may forbid them; neither looks at the descriptor first."""
        no_socket = -1
        return all(
            call(no_socket, None, 0, 0, *rest) == -1 and ctypes.get_errno() == errno.EBADF
            for call, rest in ((self.receive, (None,)), (self.send, ()))
        )


def _find_calls() -> _Calls | None:
    if not _layout_holds():
        return None
    try:
        calls = _Calls()
    except (OSError, AttributeError):
        return None
    return calls if calls.are_answered() else None


_CALLS = _find_calls()
AVAILABLE = _CALLS is not None
"""False: who sends and receives does so one by one, through the socket module."""


class _Slot(NamedTuple):
    """Where one message stands."""

    entry: _Entry
    header: _Header
    piece: _Piece
    payload_at: int
    name_at: int
    control_at: int


class _Messages:
    """Memory for `MESSAGES_MAX` messages on one socket."""

    def __init__(self, own: socket.socket, name_size: int, control_size: int) -> None:
        assert _CALLS is not None
        self._calls, self._socket, self._name_size, self._control_size = _CALLS, own, name_size, control_size
        self._entries, entries = _memory(_ENTRY_SIZE)
        pieces_memory, pieces = _memory(ctypes.sizeof(_Piece))
        self._payloads, payloads = _memory(PAYLOAD_SIZE_MAX)
        self._names, names = _memory(_NAME_ROOM)
        self._controls, controls = _memory(_CONTROL_ROOM)
        self._address = entries
        self._slots: list[_Slot] = []
        for place in range(MESSAGES_MAX):
            entry = _Entry.from_buffer(self._entries, place * _ENTRY_SIZE)
            piece = _Piece.from_buffer(pieces_memory, place * ctypes.sizeof(_Piece))
            at = _Slot(entry, entry.header, piece, place * PAYLOAD_SIZE_MAX, place * _NAME_ROOM, place * _CONTROL_ROOM)
            piece.base, piece.size = payloads + at.payload_at, PAYLOAD_SIZE_MAX
            header = at.header
            header.name, header.name_size = names + at.name_at, name_size
            header.pieces, header.piece_count = pieces + place * ctypes.sizeof(_Piece), 1
            header.control, header.control_size = controls + at.control_at, control_size
            self._slots.append(at)


class ReceivedMessages(_Messages):
    def __init__(self, own: socket.socket, name_size: int, control_size: int) -> None:
        """`own` must not block. Addresses and control messages come with as many bytes as said here."""
        super().__init__(own, name_size, control_size)
        self._untouched = self._entries[:]

    def receive(self) -> list[Message]:
        """What waits, up to one call's worth. Raises OSError, BlockingIOError where nothing waits.

        A message without control messages comes with zeros in their place.
        """
        count = self._calls.receive(self._socket.fileno(), self._address, MESSAGES_MAX, 0, None)
        if count < 0:
            raise _last_error()
        payloads, names, controls = self._payloads, self._names, self._controls
        name_size, control_size = self._name_size, self._control_size
        received = [
            (
                payloads[payload_at : payload_at + entry.size],
                names[name_at : name_at + name_size],
                controls[control_at : control_at + control_size],
            )
            for entry, _, _, payload_at, name_at, control_at in self._slots[:count]
        ]
        # The kernel wrote what it used of each room where it had read how large that is.
        self._entries[: count * _ENTRY_SIZE] = self._untouched[: count * _ENTRY_SIZE]
        controls[: count * _CONTROL_ROOM] = bytes(count * _CONTROL_ROOM)
        return received


class SentMessages(_Messages):
    def __init__(self, own: socket.socket, name_size: int) -> None:
        """`own` must not block. All addresses have as many bytes as said here."""
        super().__init__(own, name_size, 0)

    def send(self, messages: Iterable[Message]) -> int:
        """For `send_in_order`. Of the messages, no more are taken than one call may send."""
        count = 0
        payloads, names, controls = self._payloads, self._names, self._controls
        name_size = self._name_size
        for (_, header, piece, payload_at, name_at, control_at), (payload, name, control) in zip(
            self._slots, messages, strict=False
        ):
            size = len(payload)
            if size > PAYLOAD_SIZE_MAX:
                break
            payloads[payload_at : payload_at + size] = payload
            names[name_at : name_at + name_size] = name
            controls[control_at : control_at + len(control)] = control
            piece.size, header.control_size = size, len(control)
            count += 1
        if not count:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        sent: int = self._calls.send(self._socket.fileno(), self._address, count, 0)
        if sent < 0:
            raise _last_error()
        return sent


def _memory(room: int) -> tuple[mmap.mmap, int]:
    """`room` bytes for each message, and their address. What is sliced from such memory is `bytes` at once."""
    memory = mmap.mmap(-1, room * MESSAGES_MAX, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without huge pages does not know the word
        # Or the first byte touched would bring two megabytes.
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _last_error() -> OSError:
    number = ctypes.get_errno()
    # OSError picks its subclass by the number: BlockingIOError among them.
    return OSError(number, os.strerror(number))
