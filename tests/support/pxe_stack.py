"""A whole PXE stack under a boot program in Python, on a link with a server."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from tests.support.frames import PEER, STATION
from tests.support.pxe_api import FRAME_BUFFER, BootProgram
from tests.support.pxe_network import Site
from wireboot.protocols.dhcp4 import message as dhcp4
from wireboot.protocols.dhcp4.message import BOOTREPLY, BOOTREQUEST, Message
from wireboot.protocols.dhcp4.options import MESSAGE_TYPE, MessageType
from wireboot.protocols.pxe.client_events import CachedPackets
from wireboot.pxe_api.memory import SegOff16
from wireboot.pxe_api.stack import Places, PxeStack
from wireboot.wire.addresses import UNSPECIFIED

PLACES = Places(FRAME_BUFFER, *(SegOff16(0x9800, offset) for offset in (0x0000, 0x0500, 0x0A00)))
BASE_MEMORY_KIB_AT = 0x413


def cached_packets(boot_server: IPv4Address = PEER) -> CachedPackets:
    def packet(op: int, kind: MessageType, siaddr: IPv4Address) -> bytes:
        return dhcp4.encode(Message(op, 0x1234, STATION, siaddr=siaddr).with_option(MESSAGE_TYPE, kind))

    return CachedPackets(
        discover=packet(BOOTREQUEST, MessageType.DISCOVER, UNSPECIFIED),
        ack=packet(BOOTREPLY, MessageType.ACK, UNSPECIFIED),
        reply=packet(BOOTREPLY, MessageType.ACK, boot_server),
    )


class StackAtASite:
    """What a boot program finds after a boot: 640 KiB of base memory, all of them free, and the network."""

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        cached: CachedPackets | None = None,
        file_api: bool = False,
    ) -> None:
        self.site = Site(files)
        self.undi = self.site.undi
        self.program = BootProgram()
        self.memory = self.program.memory
        self.has_base_memory(640)
        self.loaded: list[bytes] = []
        stack = PxeStack(
            self.site.base,
            self.memory,
            PLACES,
            cached or cached_packets(),
            file_api=file_api,
            load=self.loaded.append,
            on_call=self.program.calls.append,
        )
        self.api = self.program.api = stack.api

    def has_base_memory(self, kib: int) -> None:
        self.memory.write(BASE_MEMORY_KIB_AT, kib.to_bytes(2, "little"))
