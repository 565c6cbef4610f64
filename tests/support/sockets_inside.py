"""Real sockets inside a namespace, for tests that speak a protocol themselves."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tests.support.lab.namespace import Namespace

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000


def open_inside(namespace: Namespace, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """A socket that lives in the namespace, whoever uses it: it stays in the one in which it was made."""
    return start_inside(namespace, lambda: socket.socket(family, kind, protocol)).result()


def start_inside(namespace: Namespace, act: Callable[[], T]) -> Future[T]:
    """Do something in the namespace, in a thread of its own."""

    def enter_and_act() -> T:
        # os.setns stands in Python from 3.12 on. A namespace is a thread's own, and this thread ends here.
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(f"/proc/{namespace.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(descriptor, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(descriptor)
        return act()

    one_thread = ThreadPoolExecutor(max_workers=1)
    try:
        return one_thread.submit(enter_and_act)
    finally:
        one_thread.shutdown(wait=False)


def udp_socket(namespace: Namespace, port: int = 0, host: str = "0.0.0.0", timeout_s: float = 2.0) -> socket.socket:
    """A bound UDP socket that may broadcast. Nothing waits on it for longer than `timeout_s`."""
    opened = open_inside(namespace, socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    opened.settimeout(timeout_s)
    opened.bind((host, port))
    return opened
