"""What the run of a boot program came to, as a JSON object and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields

from wireboot.pxe_api.cpu.account import (
    Account,
    Crashed,
    Ending,
    FailedCall,
    Hung,
    Initrd,
    LinuxEntered,
    NextDevice,
    NotRunnable,
    OutOfTime,
    PoweredOff,
    Rebooted,
    RefusedFile,
    ReturnedToPxe,
    WaitsForKey,
)
from wireboot.pxe_api.memory import SegOff16

# fmt: off
_NAMES: dict[type[Ending], str] = {
    LinuxEntered:  "linux",
    ReturnedToPxe: "returned",
    NextDevice:    "next-device",
    Rebooted:      "rebooted",
    PoweredOff:    "powered-off",
    WaitsForKey:   "waits-for-key",
    Hung:          "hung",
    Crashed:       "crashed",
    OutOfTime:     "out-of-time",
    NotRunnable:   "not-runnable",
}
# fmt: on
_GOOD = LinuxEntered | ReturnedToPxe | NextDevice | PoweredOff
"""The program handed over, or gave the machine back, whatever it says of its reasons."""
_BOOTSTRAP = 0x19
"""The interrupt that boots from the first device; 18h goes on to the next."""
_CALLS_NAMED = 6
_FILES_NAMED = 20


def ended_well(account: Account) -> bool:
    return isinstance(account.ending, _GOOD)


def account_document(account: Account) -> dict[str, object]:
    """The value of "execution" in the JSON document of a boot. The ending's own keys are those of its class."""
    ending = account.ending
    return {
        "ending": _NAMES[type(ending)],
        **{field.name: _json(getattr(ending, field.name)) for field in fields(ending)},
        "seconds": round(account.seconds, 3),
        "screen": account.transcript,
        "calls": dict(account.calls),
        "failed_calls": [asdict(call) for call in account.failed_calls],
        "files": list(account.files),
        "refused_files": [asdict(file) for file in account.refused_files],
    }


def account_lines(account: Account) -> Iterator[tuple[str, str]]:
    """Each with a detail, which may be empty. What the program says of itself may hold any character."""
    ending = account.ending
    yield _ending_line(ending), f"{account.seconds:.1f} s"
    if isinstance(ending, LinuxEntered) and ending.initrd is not None:
        yield f"initrd: {_size(ending.initrd.size_bytes)}", f"sha256 {ending.initrd.sha256}"
    yield from _file_lines(account.files, account.refused_files)
    if account.calls:
        often = sorted(account.calls.items(), key=lambda call: -call[1])[:_CALLS_NAMED]
        yield f"{sum(account.calls.values())} calls of the PXE API", ", ".join(f"{name} {n}" for name, n in often)
    if account.failed_calls and not ended_well(account):
        yield f"the last call that failed: {_failed_call(account.failed_calls[-1])}", ""


def _ending_line(ending: Ending) -> str:  # noqa: C901  # a row for each ending
    match ending:
        case LinuxEntered():
            version = ending.version.partition(" ")[0] or "of an unknown version"
            return f'{ending.loader} entered Linux {version} with "{ending.command_line}"'
        case ReturnedToPxe():
            return f"gave the machine back to PXE, with {ending.code:04X}h: to its next boot device"
        case NextDevice():
            where = "to boot all over again" if ending.interrupt == _BOOTSTRAP else "to its next boot device"
            return f"gave the machine back to the BIOS, by INT {ending.interrupt:02X}h: {where}"
        case Rebooted():
            return f"rebooted the machine: {ending.how}"
        case PoweredOff():
            return "switched the machine off"
        case WaitsForKey():
            return "waits for a key, and nobody is there to press one"
        case Hung():
            return f"hung at {ending.at}: {ending.why}"
        case Crashed():
            return f"crashed at {ending.at}: {ending.why}"
        case OutOfTime():
            return f"had not ended when its time was up (--run-for): it {ending.doing}"
        case NotRunnable():
            return f"was not run: {ending.why}"


def _file_lines(files: Sequence[str], refused_files: Sequence[RefusedFile]) -> Iterator[tuple[str, str]]:
    """Programs look for some files in many places: what was not there stands apart from what was."""
    refused: dict[str, list[str]] = {}
    for each in refused_files:
        refused.setdefault(each.reason, []).append(each.file)
    in_vain = {each.file for each in refused_files}
    if sent := [file for file in files if file not in in_vain]:
        yield f"asked for: {_last_of(sent)}", ""
    for reason, names in refused.items():
        yield f"asked in vain for: {_last_of(names)}", reason


def _last_of(names: Sequence[str]) -> str:
    """Those nearest to how it ended."""
    left_out = len(names) - _FILES_NAMED
    before = f"{left_out} others, then " if left_out > 0 else ""
    return before + ", ".join(names[-_FILES_NAMED:])


def _failed_call(call: FailedCall) -> str:
    detail = f" ({call.detail})" if call.detail else ""
    times = f", {call.times} times" if call.times > 1 else ""
    return f"{call.name}: {call.status}{detail}{times}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.1f} MB" if size_bytes >= 1_000_000 else f"{size_bytes} bytes"


def _json(value: object) -> object:
    match value:
        case SegOff16():
            return str(value)
        case Initrd():
            return asdict(value)
        case _:
            return value
