"""The interrupts that a processor brings about by itself (Intel SDM, volume 3, chapter 6)."""

INVALID_OPCODE = 6
SHORT_INTERRUPTS = frozenset({3, 4})
"""INT3 and INTO: instructions of their own."""
HAVE_ERROR_CODE = frozenset({8, 10, 11, 12, 13, 14, 17})
EXCEPTIONS = {
    0: "division by zero",
    1: "single step",
    5: "BOUND range exceeded",
    6: "invalid instruction",
    7: "no coprocessor",
    8: "double fault",
    10: "invalid task state segment",
    11: "segment not present",
    12: "stack fault",
    13: "general protection fault",
    14: "page fault",
    16: "coprocessor error",
    17: "alignment check",
}
