"""PXE's multicast TFTP (PXE 2.1 §2.3, table 2-1 tags 1 to 5): what both sides know beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

BLKSIZE = 512
"""Bytes in a block: MTFTP negotiates nothing."""
BLOCKS_MAX = 65535
"""Numbers do not start over, or a client that joins late could not place its blocks."""


@dataclass(frozen=True, slots=True)
class MtftpParameters:
    """Where one file is sent. A group with its client port carries one file only."""

    group: IPv4Address
    client_port: int
    """Where clients receive, and from where they send."""
    server_port: int
    """Where the server takes requests and ACKs, and from where it sends."""
    listen_timeout_s: int
    """How long a client listens for a transfer under way before it asks for one (tag 4)."""
    transmit_timeout_s: int
    """How long a client waits for the next packet before it sends its own again (tag 5)."""
