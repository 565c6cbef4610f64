"""A boot program written in Python: it calls the PXE API as one in machine code does. And the card under the API."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from tests.support.frames import MTU, STATION
from wireboot.pxe_api.dispatcher import CallMade, PxeApi
from wireboot.pxe_api.memory import ByteMemory, SegOff16
from wireboot.pxe_api.opcodes import Service
from wireboot.pxe_api.status import ExitCode, Status
from wireboot.pxe_api.structures import ParameterBlock

B = TypeVar("B", bound=ParameterBlock)

MEMORY_SIZE_BYTES = 1 << 20
FRAME_BUFFER = SegOff16(0x9000, 0x0000)
"""Where a stack under test may keep its frame; what a `BootProgram` places is elsewhere."""

_FIRST_PLACE = 0x10000
_UNTOUCHED = b"\xa5"


class BootProgram:
    """Its memory is full of A5h, so that a byte more than a service may write is seen."""

    def __init__(self) -> None:
        self.memory = ByteMemory(MEMORY_SIZE_BYTES)
        self.memory.content[:] = _UNTOUCHED * MEMORY_SIZE_BYTES
        self.calls: list[CallMade] = []
        self.api = PxeApi(self.memory, self.calls.append)
        self._next_place = _FIRST_PLACE

    def place(self, data: bytes) -> SegOff16:
        """Somewhere of their own in memory."""
        pointer = SegOff16(self._next_place >> 4, 0)
        self.memory.write(self._next_place, data)
        # A gap behind it, so that no two lie close enough to hide a byte too much.
        self._next_place += (len(data) + 0x1F) & ~0x0F
        return pointer

    def read(self, pointer: SegOff16, size: int) -> bytes:
        return self.memory.read(self.memory.address_of(pointer), size)

    def block(self, block_type: type[B], **fields: object) -> B:
        """A block full of zeros but for these fields."""
        block = block_type(self.memory, self.memory.address_of(self.place(bytes(block_type.SIZE))))
        for name, value in fields.items():
            setattr(block, name, value)
        return block

    def call(self, service: Service[B], **fields: object) -> B:
        """Call a service with these fields; its block tells how it went."""
        block = self.block(service.block, **fields)
        exit_code = self.api.call(service.opcode, block.address)
        assert (exit_code is ExitCode.SUCCESS) == (block.status == Status.SUCCESS)
        assert self.memory.read(block.address + block.SIZE, 1) == _UNTOUCHED, "written past the end of its block"
        return block

    def status(self, service: Service[Any], **fields: object) -> Status:
        """Call a service with these fields, and take no interest but in its status."""
        return Status(self.call(service, **fields).status)


class BenchCard:
    """A `FrameInterface` with its cable in the test's hand."""

    def __init__(self, station_address: bytes = STATION, mtu: int = MTU) -> None:
        self.station_address = station_address
        self.mtu = mtu
        self.sent: list[bytes] = []
        self.arriving: list[bytes] = []
        self.multicast_addresses: frozenset[bytes] = frozenset()
        self.is_unplugged = False

    def arrive(self, frames: Iterable[bytes]) -> None:
        self.arriving.extend(frames)

    def transmit(self, frame: bytes) -> None:
        if self.is_unplugged:
            raise OSError("the cable is out")
        self.sent.append(frame)

    def receive(self) -> list[bytes]:
        received, self.arriving = self.arriving, []
        return received

    def set_station_address(self, link_address: bytes) -> None:
        self.station_address = link_address

    def set_multicast_addresses(self, link_addresses: Collection[bytes]) -> None:
        self.multicast_addresses = frozenset(link_addresses)
