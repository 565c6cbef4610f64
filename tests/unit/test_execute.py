"""The run of a boot program as `wireboot boot --execute` tells of it (client/execute.py, client/account_report.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from ipaddress import IPv4Interface
from time import sleep

import pytest
from rich.console import Console

from tests.support.dhcp import MAC
from tests.support.frames import PEER
from tests.support.pxe_api import BenchCard
from tests.support.pxe_client import MACHINE_UUID
from wireboot.cli.main import main
from wireboot.client.account_report import account_document, account_lines, ended_well
from wireboot.client.execute import ExecuteWishes, ProgramEnded, execute, require_execution
from wireboot.client.expect import parse_typing
from wireboot.client.program_keys import ProgramKeys
from wireboot.client.report import BootReport
from wireboot.client.screen import Screen
from wireboot.errors import OperatorError
from wireboot.net.clock import now
from wireboot.protocols.pxe.client_events import Booted, BootEnded, BootImageReady, CachedPackets
from wireboot.protocols.pxe.firmware import WIREBOOT
from wireboot.pxe_api.base_code import BaseCode
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
from wireboot.pxe_api.cpu.screen import TextScreen
from wireboot.pxe_api.memory import SegOff16
from wireboot.pxe_api.undi import Undi
from wireboot.wire.iana import X86_BIOS

BOOTED = Booted(IPv4Interface("10.77.0.100/24"), PEER, PEER, "asks.0", 64, "00" * 32, "tftp", None)
LINUX = LinuxEntered(
    version="6.1.0-44-amd64 (debian) #1 SMP",
    command_line="console=ttyS0 BOOT_IMAGE=linux",
    initrd=Initrd(38_001_234, "ab" * 32),
    protocol="2.15",
    loader="PXELINUX",
)
X86_64_UEFI = 7
AT = SegOff16(0x0000, 0x7C05)
# An ending, its keys in the document, and whether wireboot's exit code is 0.
# fmt: off
ENDINGS: list[tuple[Ending, dict[str, object], bool]] = [
    (LINUX, {
        "ending": "linux", "version": LINUX.version, "command_line": LINUX.command_line, "protocol": "2.15",
        "initrd": {"size_bytes": 38_001_234, "sha256": "ab" * 32}, "loader": "PXELINUX",
    }, True),
    (replace(LINUX, initrd=None), {
        "ending": "linux", "version": LINUX.version, "command_line": LINUX.command_line, "protocol": "2.15",
        "initrd": None, "loader": "PXELINUX",
    }, True),
    (ReturnedToPxe(0),          {"ending": "returned", "code": 0},                          True),
    (ReturnedToPxe(5),          {"ending": "returned", "code": 5},                          True),
    (NextDevice(0x18),          {"ending": "next-device", "interrupt": 0x18},               True),
    (PoweredOff(),              {"ending": "powered-off"},                                  True),
    (Rebooted("triple fault"),  {"ending": "rebooted", "how": "triple fault"},              False),
    (WaitsForKey(),             {"ending": "waits-for-key"},                                False),
    (Hung(AT, "halted"),        {"ending": "hung", "at": "0000:7C05", "why": "halted"},     False),
    (Crashed(AT, "#UD"),        {"ending": "crashed", "at": "0000:7C05", "why": "#UD"},     False),
    (OutOfTime("computes"),     {"ending": "out-of-time", "doing": "computes"},             False),
    (NotRunnable("for UEFI"),   {"ending": "not-runnable", "why": "for UEFI"},              False),
]
# fmt: on


@pytest.mark.parametrize(("ending", "keys", "well"), ENDINGS)
def test_each_ending_has_its_keys_and_its_exit_code(ending: Ending, keys: dict[str, object], well: bool) -> None:
    account = Account(ending, seconds=1.23456, transcript="PXELINUX\nboot:")
    document = account_document(account)
    common = {"seconds": 1.235, "screen": "PXELINUX\nboot:", "calls": {}, "failed_calls": []}
    assert document == keys | common | {"files": [], "refused_files": []}
    assert json.loads(json.dumps(document)) == document
    assert ended_well(account) is well


FAILED = FailedCall("PXENV_TFTP_OPEN", "TFTP_FILE_NOT_FOUND", "pxelinux.cfg/01-x", 2)


def test_the_account_is_told_in_the_document() -> None:
    account = Account(
        ReturnedToPxe(0), 0.5, "", {"PXENV_UDP_READ": 7, "PXENV_TFTP_OPEN": 2}, (FAILED,), ("ldlinux.c32", "linux")
    )
    document = account_document(account)
    assert document["calls"] == {"PXENV_UDP_READ": 7, "PXENV_TFTP_OPEN": 2}
    assert document["failed_calls"] == [
        {"name": "PXENV_TFTP_OPEN", "status": "TFTP_FILE_NOT_FOUND", "detail": "pxelinux.cfg/01-x", "times": 2}
    ]
    assert document["files"] == ["ldlinux.c32", "linux"]


def lines(account: Account) -> list[str]:
    return [f"{text} ({detail})" if detail else text for text, detail in account_lines(account)]


def test_people_are_told_what_was_entered_and_with_what() -> None:
    assert lines(Account(LINUX, 4.21, "", {"PXENV_UDP_READ": 7, "PXENV_TFTP_OPEN": 2}, (FAILED,), ("linux",))) == [
        'PXELINUX entered Linux 6.1.0-44-amd64 with "console=ttyS0 BOOT_IMAGE=linux" (4.2 s)',
        f"initrd: 38.0 MB (sha256 {'ab' * 32})",
        "asked for: linux",
        "9 calls of the PXE API (PXENV_UDP_READ 7, PXENV_TFTP_OPEN 2)",
    ]


def test_where_it_ended_badly_the_last_failed_call_may_be_why() -> None:
    assert lines(Account(Hung(AT, "halted"), 4.21, "", {"PXENV_TFTP_OPEN": 2}, (FAILED,))) == [
        "hung at 0000:7C05: halted (4.2 s)",
        "2 calls of the PXE API (PXENV_TFTP_OPEN 2)",
        "the last call that failed: PXENV_TFTP_OPEN: TFTP_FILE_NOT_FOUND (pxelinux.cfg/01-x), 2 times",
    ]


def test_what_was_not_there_stands_apart_with_the_reason() -> None:
    """PXELINUX looks for its configuration under ten names; which file is missing has to be seen."""
    files = (*(f"cfg/{number}" for number in range(22)), "cfg/default", "linux")
    refused = (*(RefusedFile(name, "file not found") for name in files[:22]), RefusedFile("linux", "access violation"))
    account = Account(Rebooted("by CF9h"), 1.0, "", files=files, refused_files=refused)
    assert lines(account)[1:] == [
        "asked for: cfg/default",
        f"asked in vain for: 2 others, then {', '.join(files[2:22])} (file not found)",
        "asked in vain for: linux (access violation)",
    ]
    document = account_document(account)
    assert document["refused_files"][-1] == {"file": "linux", "reason": "access violation"}  # type: ignore[index]


def test_the_machine_is_given_back_to_somebody() -> None:
    """PnP BIOS: INT 18h goes on to the next boot device, INT 19h begins with the first."""
    assert "next boot device" in lines(Account(NextDevice(0x18), 1.0, ""))[0]
    assert "all over again" in lines(Account(NextDevice(0x19), 1.0, ""))[0]


@pytest.mark.parametrize("row", ENDINGS)
def test_every_ending_has_its_words(row: tuple[Ending, object, bool]) -> None:
    assert lines(Account(row[0], 1.0, ""))[0].endswith("(1.0 s)")


def test_what_a_program_says_moves_no_cursor() -> None:
    """Security: names and command lines are a stranger's. Likewise what `--type` has waited for is told."""
    account = Account(replace(LINUX, command_line="\x1b[2J"), 1.0, "", {}, (), ("\x9b2J",))
    written = StringIO()
    Screen(Console(file=written, force_terminal=False)).show(ProgramEnded(account, (parse_typing("boot:=>a"),)))
    assert not {"\x1b", "\x9b"} & set(written.getvalue())
    assert "never typed: the keys until 'boot:' was on the screen" in written.getvalue()


def test_a_boot_without_a_run_says_null() -> None:
    report = BootReport(WIREBOOT.identity(MAC, MACHINE_UUID))
    report.observe(BootEnded(BOOTED))
    assert report.document()["execution"] is None
    assert report.succeeded


@pytest.mark.parametrize("row", ENDINGS)
def test_the_run_decides_whether_the_boot_succeeded(row: tuple[Ending, object, bool]) -> None:
    report = BootReport(WIREBOOT.identity(MAC, MACHINE_UUID))
    report.observe(BootEnded(BOOTED))
    report.observe(ProgramEnded(Account(row[0], 1.0, ""), ()))
    assert report.succeeded is row[2]
    assert report.document()["execution"] is not None


def test_scripts_are_told_what_was_never_typed() -> None:
    report = BootReport(WIREBOOT.identity(MAC, MACHINE_UUID))
    report.observe(BootEnded(BOOTED))
    report.observe(ProgramEnded(Account(WaitsForKey(), 1.0, ""), (parse_typing("boot:=>a"), parse_typing("b"))))
    execution = report.document()["execution"]
    assert isinstance(execution, dict)
    assert execution["never_typed"] == ["boot:", ""]


# Before the boot


def test_only_programs_of_a_bios_can_be_run() -> None:
    """Said before the boot begins, as wrong usage."""
    with pytest.raises(OperatorError, match="x86_64-uefi") as refused:
        require_execution(X86_64_UEFI)
    assert refused.value.exit_code == 2


def test_without_unicorn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unicorn", None)
    with pytest.raises(OperatorError) as refused:
        require_execution(X86_BIOS)
    assert "wireboot[cpu]" in str(refused.value.hint)


def test_nobody_loads_unicorn_who_runs_no_program() -> None:
    """It is not there everywhere, and it is slow to load."""
    probe = "import sys, wireboot.cli.main; sys.exit('unicorn' in sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True, timeout=60)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--type", "a"), "hint: add --execute"),
        (("--execute", "--arch", "x86_64-uefi"), "hint: add --arch x86-bios"),
        (("--execute", "--as", "edk2"), "hint: add --arch x86-bios"),
        (("--execute", "--type", "=>"), 'hint: write --type "SEEN=>KEYS"'),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["wireboot", "boot", "--interface", "none", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


# With a processor

# fmt: off
ASKS = bytes.fromhex(
    "0e 1f fc"                          # push cs, pop ds, cld
    "be 1c 7c"                          # mov si, the text behind this
    "ac 84 c0 74 06 b4 0e cd 10 eb f5"  # each of its bytes by INT 10h AH=0Eh, up to the 0
    "31 c0 cd 16"                       # INT 16h AH=0: wait for a key
    "b4 0e cd 10"                       # show it
    "31 c0 cb"                          # xor ax, ax, retf
) + b"your key: \0"
# fmt: on


class RealTime:
    """`Surroundings` in which time passes as slowly as it really does, and keys are typed when theirs has come."""

    def __init__(self, keys: ProgramKeys, typed: bytes = b"", after_s: float = 0.0) -> None:
        self._keys, self._typed, self._at = keys, typed, now() + after_s

    def now(self) -> float:
        return now()

    def wait(self, until: float) -> None:
        sleep(max(0.0, until - now()))
        if self._typed and now() >= self._at:
            self._keys.type(self._typed)
            self._typed = b""


def run(
    content: bytes,
    wishes: ExecuteWishes,
    show: Callable[[TextScreen], None] = lambda _: None,
    *,
    typed: bytes = b"",
    after_s: float = 0.0,
) -> ProgramEnded:
    """`typed` is what a person types, so many seconds after the beginning."""
    keys = ProgramKeys(wishes.typings, has_typist=bool(typed))
    undi = Undi(BenchCard())
    undi.start()
    undi.initialize()
    surroundings = RealTime(keys, typed, after_s)
    base = BaseCode(undi, surroundings, interface="bench", random=lambda: 0.5, on_event=lambda _: None)
    ready = BootImageReady(content, BOOTED, CachedPackets(*[bytes(300)] * 3))
    return execute(base, ready, wishes, keys=keys, show=show)


def test_a_program_is_run_with_the_keys_that_it_waits_for() -> None:
    shown: list[str] = []
    wishes = ExecuteWishes(run_for_s=20.0, typings=(parse_typing("your key:=>y"),))
    ended = run(ASKS, wishes, show=lambda screen: shown.append(screen.text()))
    assert ended.account.ending == ReturnedToPxe(0)
    assert ended.account.transcript == "your key: y"
    assert shown[-1] == "your key: y"
    assert ended.never_typed == ()


def test_keys_without_words_reach_it_too() -> None:
    ended = run(ASKS, ExecuteWishes(run_for_s=20.0, typings=(parse_typing("z"),)))
    assert ended.account.ending == ReturnedToPxe(0)
    assert ended.account.transcript == "your key: z"


def test_a_person_may_take_time_to_press_a_key() -> None:
    """Long enough for the processor's time slice to end meanwhile."""
    ended = run(ASKS, ExecuteWishes(run_for_s=2.0), typed=b"q", after_s=0.3)
    assert ended.account.ending == ReturnedToPxe(0)
    assert ended.account.transcript == "your key: q"


def test_with_nobody_to_press_a_key_it_waits_in_vain() -> None:
    assert run(ASKS, ExecuteWishes(run_for_s=20.0)).account.ending == WaitsForKey()


def test_keys_that_were_never_asked_for_are_told() -> None:
    typing = parse_typing("boot:=>a")
    ended = run(ASKS, ExecuteWishes(run_for_s=1.0, typings=(typing,)))
    assert isinstance(ended.account.ending, OutOfTime)
    assert ended.never_typed == (typing,)


def test_what_is_no_program_is_not_run() -> None:
    assert isinstance(run(b"", ExecuteWishes()).account.ending, NotRunnable)
