"""How much waits in a socket before something is lost."""

from __future__ import annotations

import socket

_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
"""From <asm-generic/socket.h>; the socket module does not name them."""
_SIZE_BYTES = 16 << 20


def enlarge_buffers(own: socket.socket) -> None:
    """A boot storm's requests come all at once, and so do the answers; the default of 208 KiB loses them."""
    for beyond_limit, usual in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            own.setsockopt(socket.SOL_SOCKET, beyond_limit, _SIZE_BYTES)
        except PermissionError:
            # Without CAP_NET_ADMIN as much as net.core.rmem_max and wmem_max allow.
            own.setsockopt(socket.SOL_SOCKET, usual, _SIZE_BYTES)
