"""A PXE stack as a boot program finds it: every service there is, over the network that the PXE client booted by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4 import message as dhcp4
from wireboot.protocols.dhcp4.options import SERVER_IDENTIFIER
from wireboot.protocols.pxe.client_events import CachedPackets
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.calls.file import FileServices
from wireboot.pxe_api.calls.preboot import PACKET_SIZE, PrebootServices
from wireboot.pxe_api.calls.tftp import TftpServices
from wireboot.pxe_api.calls.udp import UdpServices
from wireboot.pxe_api.calls.undi import NicType, UndiServices
from wireboot.pxe_api.dispatcher import CallMade, PxeApi
from wireboot.pxe_api.memory import Memory, SegOff16
from wireboot.wire.addresses import UNSPECIFIED

_STARTS_AND_ENDS = (
    opcodes.UNLOAD_STACK,
    opcodes.START_BASE,
    opcodes.STOP_BASE,
    opcodes.START_UNDI,
    opcodes.STOP_UNDI,
)
_BASE_CODE = tuple(
    each
    for each in opcodes.SERVICES.values()
    if not each.name.startswith("PXENV_UNDI_") and each not in _STARTS_AND_ENDS
)
"""The services that end with the base code."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where in the caller's memory the stack keeps what it hands out."""

    frame_buffer: SegOff16
    """Room for a whole frame."""
    discover: SegOff16
    """This and the next two: room for a packet of PACKET_SIZE."""
    ack: SegOff16
    reply: SegOff16


class PxeStack:
    """`api` is what a boot program calls. How it does so, by which registers, is not known here."""

    def __init__(
        self,
        base: BaseCode,
        memory: Memory,
        places: Places,
        cached: CachedPackets,
        *,
        file_api: bool,
        load: Callable[[bytes], None],
        on_call: Callable[[CallMade], object],
        nic: NicType | None = None,
        idle_wait_s: float = 0.0,
        idle: Callable[[bool], object] = lambda _has_sent: None,
    ) -> None:
        """The packets are put in their places.

        With `file_api` the stack passes for iPXE's. `load` is told which boot program RESTART_TFTP has fetched; it puts
        it in place once the call has returned. `idle_wait_s` is how long UDP READ waits for what has not come; `idle`
        is called where UNDI ISR finds no frame, and is told whether one was sent.
        """
        for place, packet in (
            (places.discover, cached.discover),
            (places.ack, cached.ack),
            (places.reply, cached.reply),
        ):
            memory.write(memory.address_of(place), packet[:PACKET_SIZE].ljust(PACKET_SIZE, b"\0"))

        self.api = PxeApi(memory, on_call)
        self._udp = UdpServices(base, memory, idle_wait_s=idle_wait_s)
        self._tftp = TftpServices(base, memory, self._udp)
        preboot = PrebootServices(
            base.undi,
            memory,
            {1: places.discover, 2: places.ack, 3: places.reply},
            read_file=self._tftp.read_whole,
            load=load,
            end_base_code=self._end_base_code,
        )
        undi = UndiServices(base.undi, memory, places.frame_buffer, nic or NicType(), idle=idle)
        for group in (preboot, undi, self._udp, self._tftp):
            group.provide(self.api)
        if file_api:
            FileServices(base, memory, _boot_server(cached)).provide(self.api)

    def _end_base_code(self) -> None:
        # Both leave the host empty and the card as they found it.
        self._tftp.close()
        if self._udp.is_open:
            self._udp.close()
        self.api.withdraw(*_BASE_CODE)


def _boot_server(cached: CachedPackets) -> IPv4Address:
    """Where the client, too, had its boot file from; 0.0.0.0 where the reply does not say."""
    try:
        reply = dhcp4.decode(cached.reply)
        return reply.siaddr if reply.siaddr != UNSPECIFIED else reply.options.get(SERVER_IDENTIFIER) or UNSPECIFIED
    except DecodeError:
        return UNSPECIFIED
