"""INT 14h: the first serial line, which takes all that is sent and never has anything to read."""

from __future__ import annotations

from collections.abc import Callable

from wireboot.pxe_api.cpu.bios.call import BiosCall
from wireboot.pxe_api.cpu.bios.service import Interrupt, Service

_TIMED_OUT = 0x80
_READY_TO_SEND = 0x60
"""Line status: both transmit registers are empty."""
_OTHER_SIDE_READY = 0xB0
"""Modem status: carrier, data set ready, clear to send."""


def services(line: Callable[[int], None] | None) -> Interrupt:
    def initialise(call: BiosCall) -> None:
        call.registers.ah, call.registers.al = _READY_TO_SEND, _OTHER_SIDE_READY

    def send(call: BiosCall) -> None:
        assert line is not None
        line(call.registers.al)
        call.registers.ah = _READY_TO_SEND

    def receive(call: BiosCall) -> None:
        call.registers.ah = _TIMED_OUT

    def where_there_is_one(service: Service) -> Service:
        def serve(call: BiosCall) -> None:
            (service if call.registers.dx == 0 and line is not None else receive)(call)

        return serve

    by_number = {0x00: initialise, 0x01: send, 0x02: receive, 0x03: initialise}
    return Interrupt({number: where_there_is_one(service) for number, service in by_number.items()})
