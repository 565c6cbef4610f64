"""How the run of a boot program ended, and what it did until then."""

from __future__ import annotations

from dataclasses import dataclass, field

from wireboot.pxe_api.memory import SegOff16


@dataclass(frozen=True, slots=True)
class Initrd:
    size_bytes: int
    sha256: str
    """Of the bytes as they lie in memory."""


@dataclass(frozen=True, slots=True)
class LinuxEntered:
    """The program handed over to a Linux kernel (the x86 boot protocol's header)."""

    version: str
    """As the kernel's setup code states it; empty where it does not."""
    command_line: str
    initrd: Initrd | None
    protocol: str
    """Of the boot protocol: `2.15`."""
    loader: str
    """Who says to have loaded it: `PXELINUX`, `GRUB`, `iPXE`, or the number in type_of_loader."""


@dataclass(frozen=True, slots=True)
class ReturnedToPxe:
    """RETF from where it was called."""

    code: int
    """AX: 0 remove everything, 4 keep UNDI, 5 keep all (PXE 2.1, the NBP's return)."""


@dataclass(frozen=True, slots=True)
class NextDevice:
    """INT 18h or INT 19h: the BIOS is to boot from something else, or all over again."""

    interrupt: int


@dataclass(frozen=True, slots=True)
class Rebooted:
    """By the keyboard controller, port CF9h, a triple fault on purpose or a jump to the reset vector."""

    how: str


@dataclass(frozen=True, slots=True)
class PoweredOff:
    """By APM."""


@dataclass(frozen=True, slots=True)
class WaitsForKey:
    """It would go on with a key, and nobody is there to press one."""


@dataclass(frozen=True, slots=True)
class Hung:
    """Nothing will come of it any more."""

    at: SegOff16
    why: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """It did what no processor can go on from."""

    at: SegOff16
    why: str


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """It was still at work when the time was up."""

    doing: str
    """Waits for a key, calls the network, computes."""


@dataclass(frozen=True, slots=True)
class NotRunnable:
    """It was not started at all."""

    why: str


Ending = (
    LinuxEntered
    | ReturnedToPxe
    | NextDevice
    | Rebooted
    | PoweredOff
    | WaitsForKey
    | Hung
    | Crashed
    | OutOfTime
    | NotRunnable
)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A service of the PXE API that said no."""

    name: str
    status: str
    detail: str
    times: int
    """In a row, the same."""


@dataclass(frozen=True, slots=True)
class RefusedFile:
    file: str
    reason: str
    """In the server's words."""


@dataclass(frozen=True, slots=True)
class Account:
    ending: Ending
    seconds: float
    transcript: str
    """All that was on the screen, line by line, what scrolled away included."""
    calls: dict[str, int] = field(default_factory=dict)
    """How often each service of the PXE API was called."""
    failed_calls: tuple[FailedCall, ...] = ()
    """The last of them, oldest first. One is no fault by itself: programs probe, and poll."""
    files: tuple[str, ...] = ()
    """Asked for by TFTP, in their order, however the program did that."""
    refused_files: tuple[RefusedFile, ...] = ()
    """Those of them that no server sent, each once."""
