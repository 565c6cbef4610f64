"""The few machine instructions that our own ROM and PXE entries consist of.

Each piece begins by telling the machine that somebody came: an OUT to a port that no PC has. What is then done is done
in Python, with the caller's registers and memory; the instructions behind the OUT only go back.
"""

from __future__ import annotations

TRAP_PORT = 0xB8
"""Nothing is there in a PC."""
TRAP = bytes([0xE6, TRAP_PORT])  # out TRAP_PORT, al

IRET = b"\xcf"
_RETF = b"\xcb"
_INT_08 = b"\xcd\x08"
_INT_1C = b"\xcd\x1c"


def far_service() -> bytes:
    """For a far call, in real mode or through a 16-bit code segment of protected mode: it needs no data of its own."""
    return TRAP + _RETF


def interrupt_service(tick_pending: int) -> bytes:
    """For a software interrupt: the service, then the timer's interrupt if the byte at cs:`tick_pending` asks for it.

    A program that polls the BIOS so sees its timer's handler called, though nothing interrupts it anywhere else.
    """
    at = tick_pending.to_bytes(2, "little")
    compare = b"\x2e\x80\x3e" + at + b"\0"  # cmp byte ptr cs:[at], 0
    deliver = b"\x2e\xc6\x06" + at + b"\0" + _INT_08  # mov byte ptr cs:[at], 0
    skip = bytes([0x74, len(deliver)])  # jz
    return TRAP + compare + skip + deliver + IRET


def timer_interrupt() -> bytes:
    """INT 08h: the service, then INT 1Ch, whose handlers take AX, DX and DS for their own."""
    save, restore = b"\x50\x52\x1e", b"\x1f\x5a\x58"
    return TRAP + save + _INT_1C + restore + IRET


def no_return() -> bytes:
    """For what is over once it has come here."""
    return TRAP + b"\xf4\xeb\xfd"  # hlt, again and again
