"""PXE 2.1 §3: what holds for every call of the API, whichever service it is for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.pxe_api import BootProgram
from tests.support.pxe_stack import StackAtASite
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.dispatcher import CallMade, PxeApi
from wireboot.pxe_api.memory import ByteMemory, MemoryFault, SegOff16
from wireboot.pxe_api.status import ExitCode, ServiceFailed, Status
from wireboot.pxe_api.structures import GetCachedInfo, ParameterBlock, UdpOpen

NOBODYS = 0x0099


def test_an_unknown_service_is_unsupported() -> None:
    """PXE 2.1 §3: exit code 1 in AX, and the status says why."""
    program = BootProgram()
    block = program.block(ParameterBlock)
    assert program.api.call(NOBODYS, block.address) is ExitCode.FAILURE
    assert block.status == Status.UNSUPPORTED


def test_success_is_exit_code_0_and_status_0() -> None:
    """PXE 2.1 §3: both say so, whatever stood there before."""
    program = BootProgram()
    program.api.provide(opcodes.STOP_UNDI, lambda _: None)
    block = program.block(ParameterBlock, status=0x7777)
    assert program.api.call(opcodes.STOP_UNDI.opcode, block.address) is ExitCode.SUCCESS
    assert block.status == Status.SUCCESS


def test_the_status_is_failure_until_a_service_is_done() -> None:
    """PXE 2.1 §3: a program interrupted in a call sees no success."""
    program, seen = BootProgram(), list[int]()
    program.api.provide(opcodes.UDP_OPEN, lambda block: seen.append(block.status))
    program.call(opcodes.UDP_OPEN)
    assert seen == [Status.FAILURE]


def test_a_service_that_fails_says_why() -> None:
    """PXE 2.1 §3: exit code 1, and its own status."""

    def fail(_: UdpOpen) -> None:
        raise ServiceFailed(Status.UDP_OPEN, "it is")

    program = BootProgram()
    program.api.provide(opcodes.UDP_OPEN, fail)
    assert program.status(opcodes.UDP_OPEN) is Status.UDP_OPEN


def test_a_pointer_into_nothing_is_an_invalid_parameter() -> None:
    """PXE 2.1 §3: what a caller points at has to be there."""

    def read_past_the_end(block: UdpOpen) -> None:
        block.memory.read(1 << 40, 1)

    program = BootProgram()
    program.api.provide(opcodes.UDP_OPEN, read_past_the_end)
    assert program.status(opcodes.UDP_OPEN) is Status.UNDI_INVALID_PARAMETER


@pytest.mark.parametrize("bytes_left", [0, 1, 2, 4])
def test_a_block_that_memory_ends_in_is_refused(bytes_left: int) -> None:
    """PXE 2.1 §3: with a status where there is room for one; by the exit code always."""
    program = BootProgram()
    program.api.provide(opcodes.GET_CACHED_INFO, _read_all)
    address = len(program.memory.content) - bytes_left
    assert program.api.call(opcodes.GET_CACHED_INFO.opcode, address) is ExitCode.FAILURE
    if bytes_left >= 2:
        assert ParameterBlock(program.memory, address).status == Status.UNDI_INVALID_PARAMETER


def _read_all(block: GetCachedInfo) -> None:
    for field in block.fields():
        getattr(block, field.name)


def test_what_is_withdrawn_is_unsupported() -> None:
    """PXE 2.1 §3: services come and go with the part of the stack that has them."""
    program = BootProgram()
    program.api.provide(opcodes.UDP_OPEN, lambda _: None)
    program.api.provide(opcodes.STOP_UNDI, lambda _: None)
    program.api.withdraw(opcodes.UDP_OPEN, opcodes.UDP_READ)
    assert program.status(opcodes.UDP_OPEN) is Status.UNSUPPORTED
    assert program.status(opcodes.STOP_UNDI) is Status.SUCCESS


def test_each_call_is_told() -> None:
    """Ours: a run's account has every call, with why it failed."""
    program = BootProgram()
    program.api.provide(opcodes.STOP_UNDI, lambda _: None)
    program.call(opcodes.STOP_UNDI)
    program.api.call(NOBODYS, 0x500)
    assert program.calls == [
        CallMade(opcodes.STOP_UNDI.opcode, ExitCode.SUCCESS, Status.SUCCESS),
        CallMade(NOBODYS, ExitCode.FAILURE, Status.UNSUPPORTED),
    ]
    assert [each.name for each in program.calls] == ["PXENV_STOP_UNDI", "service 0x0099"]


# Whatever a program does


def test_the_number_of_get_state_stops_undi() -> None:
    """PXE 2.1 §3: 15h is two services, of which boot programs need STOP_UNDI."""
    assert opcodes.SERVICES[0x15] is opcodes.STOP_UNDI


@pytest.mark.parametrize("file_api", [False, True])
def test_no_number_raises(file_api: bool) -> None:
    """Ours: each of the 65536 numbers is answered, with an exit code that fits the status."""
    stack = StackAtASite(file_api=file_api)
    for opcode in range(0x10000):
        stack.program.memory.write(0x500, bytes(0x100))
        exit_code = stack.api.call(opcode, 0x500)
        assert (exit_code is ExitCode.SUCCESS) == (ParameterBlock(stack.memory, 0x500).status == Status.SUCCESS)


NUMBERS = sorted({*opcodes.SERVICES, NOBODYS})
POINTERS = st.sampled_from([bytes(4), b"\xff" * 4, b"\x00\x20\x00\x00", b"\x0f\x00\xff\xff", b"\x00\x00\x00\x90"])
BLOCKS = st.lists(st.one_of(st.binary(min_size=2, max_size=2), POINTERS), max_size=80).map(b"".join)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(NUMBERS), BLOCKS), min_size=1, max_size=12), st.booleans())
def test_no_block_raises(calls: list[tuple[int, bytes]], file_api: bool) -> None:
    """Ours: any services in any order with any blocks, one of them at the end of memory, are answered."""
    stack = StackAtASite(file_api=file_api)
    end = len(stack.program.memory.content)
    for opcode, content in calls:
        for address in (0x2000, end - min(len(content), 6)):
            stack.program.memory.write(address, content[: end - address])
            assert stack.api.call(opcode, address) in ExitCode


def test_memory_knows_its_ends() -> None:
    """Ours: what is not all there is a fault, and a part of it is never written."""
    memory = ByteMemory(16)
    for address, size in ((-1, 1), (15, 2), (16, 1), (1 << 40, 1)):
        with pytest.raises(MemoryFault):
            memory.read(address, size)
        with pytest.raises(MemoryFault):
            memory.write(address, b"\xff" * size)
    assert memory.read(0, 16) == bytes(16)
    assert memory.address_of(SegOff16(0xFFFF, 0xFFFF)) == 0x10FFEF


def test_a_service_number_is_16_bits_of_any_kind() -> None:
    """Ours: an API without services answers too."""
    api = PxeApi(ByteMemory(0), lambda _: None)
    assert api.call(0xFFFF, 0) is ExitCode.FAILURE
