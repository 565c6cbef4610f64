"""Preboot services: what a boot program can know of the boot so far, and how it starts and ends the PXE stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wireboot.pxe_api import opcodes
from wireboot.pxe_api.dispatcher import PxeApi
from wireboot.pxe_api.memory import Memory, SegOff16, real_mode_address
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.pxe_api.structures import GetCachedInfo, ParameterBlock, StartUndi, TftpReadFile, UnloadStack
from wireboot.pxe_api.undi import Undi

PACKET_SIZE = 0x4EC
"""A cached packet is a BOOTP header and 1024 bytes of options, always: Windows PE has room for so much, and asks for as
much as there is."""
BOOT_PROGRAM_ADDRESS = 0x7C00

_BASE_MEMORY_KIB_AT = 0x413
"""Where the BIOS keeps it, and programs that take a part of it for themselves lower it."""
_BASE_MEMORY_KIB_MAX = 640

ReadFile = Callable[[TftpReadFile, int], bytes]
"""The file that a block of READ_FILE asks for, if it has at most so many bytes. Raises ServiceFailed."""


class PrebootServices:
    def __init__(
        self,
        undi: Undi,
        memory: Memory,
        packets: Mapping[int, SegOff16],
        *,
        read_file: ReadFile,
        load: Callable[[bytes], None],
        end_base_code: Callable[[], None],
    ) -> None:
        """`packets` says where the packet of each type lies. `end_base_code` ends all services but those of UNDI.

        `load` is told which boot program takes over; it waits until the call has returned, since a status is still to
        be written where the old one is.
        """
        self._undi, self._memory, self._packets = undi, memory, packets
        self._read_file, self._load, self._end_base_code = read_file, load, end_base_code

    def provide(self, api: PxeApi) -> None:
        api.provide(opcodes.UNLOAD_STACK, self._unload_stack)
        api.provide(opcodes.GET_CACHED_INFO, self._get_cached_info)
        api.provide(opcodes.RESTART_TFTP, self._restart_tftp)
        api.provide(opcodes.START_UNDI, self._start_undi)
        api.provide(opcodes.STOP_UNDI, self._stop_undi)
        api.provide(opcodes.START_BASE, self._start_base)
        api.provide(opcodes.STOP_BASE, self._stop_base)

    def _get_cached_info(self, block: GetCachedInfo) -> None:
        place = self._packets.get(block.packet_type)
        if place is None:
            raise ServiceFailed(Status.UNSUPPORTED, f"there is no packet type {block.packet_type}")
        # The buffer limit is left alone: callers made for PXE 1.x, such as Altiris', end before it.
        if block.buffer_size == 0:
            block.buffer = place
            block.buffer_size = PACKET_SIZE
            return
        # As it lies there, since a program may have changed it for the next one.
        size = min(block.buffer_size, PACKET_SIZE)
        packet = self._memory.read(real_mode_address(place), size)
        self._memory.write(self._memory.address_of(block.buffer), packet)
        block.buffer_size = size

    def _restart_tftp(self, block: TftpReadFile) -> None:
        room = self._free_base_memory_end() - BOOT_PROGRAM_ADDRESS
        try:
            content = self._read_file(block, max(0, room))
        except ServiceFailed as failure:
            if failure.status is Status.TFTP_TOO_MANY_PACKAGES:
                raise ServiceFailed(Status.BSTRAP_FILE_TOO_BIG, failure.detail) from None
            raise
        self._load(content)

    def _free_base_memory_end(self) -> int:
        kib = int.from_bytes(self._memory.read(_BASE_MEMORY_KIB_AT, 2), "little")
        return min(kib, _BASE_MEMORY_KIB_MAX) * 1024

    # Start and end

    def _start_undi(self, _: StartUndi) -> None:
        self._undi.start()

    def _stop_undi(self, _: ParameterBlock) -> None:
        self._undi.stop()

    def _start_base(self, _: ParameterBlock) -> None:
        raise ServiceFailed(Status.UNSUPPORTED, "the base code was started by the machine, once")

    def _stop_base(self, _: ParameterBlock) -> None:
        self._end_base_code()

    def _unload_stack(self, _: UnloadStack) -> None:
        self._end_base_code()
