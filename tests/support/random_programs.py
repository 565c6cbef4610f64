"""Boot programs that nobody would write, each by its seed: `python -m tests.support.random_programs FIRST LAST`.

Run as a program it runs them one after the other, each for a moment, and says before each which one it is: should the
process die, its last line is the report.
"""

from __future__ import annotations

import resource
import sys
from collections import Counter
from random import Random
from time import monotonic

from tests.support.machine import Bench
from wireboot.pxe_api import opcodes

RUN_FOR_S = 0.02
ENDS_WITHIN_S = 10.0
"""A slice that came to something slow may be long; more would be a hang."""
MEMORY_BYTES = 16 << 20
GROWTH_BYTES_MAX = 100 << 20
_SETTLED_AFTER = 50
"""Programs after which everything is imported and every pool filled."""

_SEGMENTS = bytes.fromhex("0000000000000000 ffff0000009acf00 ffff00000092cf00")

_TABLE = bytes.fromhex("1700 107c0000 0000")
"""The limit and address of the segments, which lie at 7c10h."""
# lgdt [7c28h]; mov eax, cr0; or al, 1; mov cr0, eax; jmp 8:7c50h
_INTO_PROTECTED_MODE = bytes.fromhex("0f0116287c 0f20c0 0c01 0f22c0 66ea507c00000800")
_DATA_SEGMENTS = bytes.fromhex("66b810008ed88ec08ed0")

_ODD_CODES = (
    "0f01 0f00 0f22 0f20 0f30 0f32 0fa2 0f05 0f07 0f34 0f35 0faa 0f23 0f21 0fae 0fc7 0f33 0f31 0f08 0f09 0f06 "
    "0f02 0f03 0fb2 0fff 0f38 0f3a 0f0d 0f78 0fb9 d8 d9 db dd df f3a4 f3ab f26c f36e 66 67 cf 9d ea ff cd f4 8e "
    "c4 c5 62 8f f1 cc ce e4 e6 ec ee ed ef cb 9a 17 8ed0 0f01d8 0fc9 c8 c9 e8 e9 eb f0 f2 f3 2e 26 "
)
_ODD = [bytes.fromhex(code) for code in _ODD_CODES.split()]
"""How rare instructions begin, and some that lead elsewhere."""


def random_program(seed: int) -> bytes:
    random = Random(seed)
    kind = seed % 5
    if kind == 0:
        return random.randbytes(random.choice((1, 64, 512, 20_000)))
    if kind == 1:
        return b"".join(_odd_instruction(random) for _ in range(300))
    if kind == 2:
        return _api_calls(random)
    if kind == 3:
        return b"".join(bytes([0xB8, *random.randbytes(2), 0xCD, _vector(random)]) for _ in range(60)) + b"\xeb\xfe"
    return _in_protected_mode(b"".join(_odd_instruction(random) for _ in range(300)))


def _odd_instruction(random: Random) -> bytes:
    return random.choice(_ODD) + random.randbytes(random.randrange(4))


def _vector(random: Random) -> int:
    return random.choice((0x08, 0x10, 0x13, 0x15, 0x16, 0x1A, random.randrange(256)))


def _api_calls(random: Random) -> bytes:
    """By !PXE, with blocks of anything anywhere: push segment, offset, number; call far [7000h]; add sp, 6."""
    # mov bp, sp; les bx, [bp + 4]; mov eax, es:[bx + 10h]; mov [7000h], eax
    program = bytearray.fromhex("89e5 c45e04 26668b4710 66a30070")
    for _ in range(40):
        number = random.choice([*opcodes.SERVICES, random.randrange(0x10000)])
        segment, offset = random.choice((0, 0x9000, 0xFFFF, random.randrange(0x10000))), random.randrange(0x10000)
        for value in (segment, offset, number):
            program += b"\x68" + value.to_bytes(2, "little")
        program += bytes.fromhex("ff1e0070 83c406")
    # What the blocks hold comes from the program itself, where they lie in it.
    return bytes(program) + bytes.fromhex("31c0 cb") + random.randbytes(random.choice((0, 30_000)))


def _in_protected_mode(code: bytes) -> bytes:
    """32 bits, flat; the code begins with all segments in order: mov ax, 10h; mov ds, ax; mov es, ax; mov ss, ax."""
    over_tables = bytes.fromhex("eb2e").ljust(0x10, b"\x90")
    return over_tables + _SEGMENTS + _TABLE + _INTO_PROTECTED_MODE.ljust(0x20, b"\x90") + _DATA_SEGMENTS + code


def main(first: int, last: int) -> None:
    endings: Counter[str] = Counter()
    bench = Bench(memory_bytes=MEMORY_BYTES)
    settled = 0
    for seed in range(first, last):
        print(f"seed {seed}", flush=True)
        if seed % 50 == 0:  # programs leave the card as they like; the next ones are to find it in a usual state, too
            bench = Bench(memory_bytes=MEMORY_BYTES)
        started_at = monotonic()
        account = bench.run(random_program(seed), seconds=RUN_FOR_S)
        assert monotonic() - started_at < ENDS_WITHIN_S, account
        endings[type(account.ending).__name__] += 1
        if seed == first + _SETTLED_AFTER:
            settled = _memory_used()
    assert not settled or _memory_used() - settled < GROWTH_BYTES_MAX, "each machine leaves something behind"
    print(dict(endings))


def _memory_used() -> int:
    """The most that this process has had in memory, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
