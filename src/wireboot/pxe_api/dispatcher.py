"""The one entry to the PXE API: a service's number and its parameter block in, the exit code out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from wireboot.pxe_api.memory import Memory, MemoryFault
from wireboot.pxe_api.opcodes import Service, service_name
from wireboot.pxe_api.status import ExitCode, ServiceFailed, Status
from wireboot.pxe_api.structures import ParameterBlock

B = TypeVar("B", bound=ParameterBlock)


@dataclass(frozen=True, slots=True)
class CallMade:
    """A call of a service, for the account of a run."""

    opcode: int
    exit_code: ExitCode
    status: Status
    detail: str = ""

    @property
    def name(self) -> str:
        return service_name(self.opcode)


class PxeApi:
    """Where services are found by their numbers. Not re-entrant, as PXE says."""

    def __init__(self, memory: Memory, on_call: Callable[[CallMade], object]) -> None:
        self._memory = memory
        self._on_call = on_call
        self._handlers: dict[int, tuple[type[ParameterBlock], Callable[[Any], None]]] = {}

    def provide(self, service: Service[B], handler: Callable[[B], None]) -> None:
        """Calls of the service go to `handler`: it sets the block's fields, and raises ServiceFailed or MemoryFault."""
        self._handlers[service.opcode] = (service.block, handler)

    def withdraw(self, *services: Service[Any]) -> None:
        """They are unsupported from now on."""
        for service in services:
            self._handlers.pop(service.opcode, None)

    def call(self, opcode: int, parameter_block: int) -> ExitCode:
        """Call a service, its block at this physical address. Never raises for what a caller asks."""
        block = ParameterBlock(self._memory, parameter_block)
        status, detail = Status.SUCCESS, ""
        try:
            block.status = Status.FAILURE
            self._serve(opcode, parameter_block)
        except ServiceFailed as failure:
            status, detail = failure.status, failure.detail
        except MemoryFault as fault:
            status, detail = Status.UNDI_INVALID_PARAMETER, str(fault)
        exit_code = ExitCode.SUCCESS if status is Status.SUCCESS else ExitCode.FAILURE
        try:
            block.status = status
        except MemoryFault:
            # There is nowhere to say so but in AX.
            exit_code = ExitCode.FAILURE
        self._on_call(CallMade(opcode, exit_code, status, detail))
        return exit_code

    def _serve(self, opcode: int, address: int) -> None:
        if opcode not in self._handlers:
            raise ServiceFailed(Status.UNSUPPORTED)
        block_type, handler = self._handlers[opcode]
        handler(block_type(self._memory, address))
