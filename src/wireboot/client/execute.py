"""Step 9: the boot program that was downloaded is run, on the stack that downloaded it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec

from wireboot.client.asked_files import AskedFiles
from wireboot.client.expect import Typing
from wireboot.client.program_keys import ProgramKeys
from wireboot.endpoint import Event
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.client_events import BootImageReady
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.cpu.account import Account, RefusedFile
from wireboot.pxe_api.cpu.screen import TextScreen
from wireboot.wire.iana import X86_BIOS, architecture_name

RUN_FOR_S = 300.0


@dataclass(frozen=True, slots=True)
class ExecuteWishes:
    """What is asked of a run, besides the program."""

    run_for_s: float = RUN_FOR_S
    typings: tuple[Typing, ...] = ()
    file_api: bool = False
    """iPXE's extension (services E0h to E8h). Programs that find it take other ways than in a plain ROM."""


@dataclass(frozen=True, slots=True)
class ProgramEnded(Event):
    """The boot program came to an end, or was brought to one."""

    account: Account
    never_typed: tuple[Typing, ...]
    """What `--type` has waited for in vain."""


def can_execute() -> str | None:
    """Why no program can be run here; None where it can."""
    return None if find_spec("unicorn") else "the emulated processor, Unicorn, is not installed"


def require_execution(architecture: int) -> None:
    """Before a boot begins that is to end in a run. Raises OperatorError."""
    if architecture != X86_BIOS:
        raise OperatorError(
            f"no program of {architecture_name(architecture)} can be run here, only those of x86-bios",
            hint="add --arch x86-bios, or leave --execute and --type out",
            exit_code=2,
        )
    if (reason := can_execute()) is not None:
        raise OperatorError(
            f"no program can be run here: {reason}", hint="`pip install 'wireboot[cpu]'` installs it", exit_code=2
        )


def execute(
    base: BaseCode,
    ready: BootImageReady,
    wishes: ExecuteWishes,
    *,
    keys: ProgramKeys,
    show: Callable[[TextScreen], None],
) -> ProgramEnded:
    """Run what the boot has brought, over the network that it has brought it by."""
    # What it needs is not installed everywhere.
    from wireboot.pxe_api.cpu.machine import Machine

    def look(screen: TextScreen) -> None:
        show(screen)
        keys.look(screen.rows())

    asked = base.undi.put_before_card(AskedFiles)
    machine = Machine(
        base,
        ready.cached_packets,
        file_api=wishes.file_api,
        keyboard=keys.keyboard,
        screen_changed=look,
        on_call=lambda _: None,
    )
    account = machine.run(ready.content, ends_at=base.surroundings.now() + wishes.run_for_s)
    refused = tuple(RefusedFile(file, reason) for file, reason in asked.refused.items())
    return ProgramEnded(replace(account, files=asked.names, refused_files=refused), keys.never_typed)
