"""A boot for people to follow: its steps as they are reached, the prompt, the menu, how it and its program ended."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from wireboot.client.account_report import account_lines
from wireboot.client.execute import ProgramEnded
from wireboot.endpoint import Event
from wireboot.protocols.pxe.client_events import (
    Booted,
    BootEnded,
    BootRestarted,
    Failed,
    LocalBoot,
    MenuShown,
    PromptShown,
    StepReached,
)
from wireboot.protocols.pxe.errors import PxeError
from wireboot.protocols.tftp.fetch import FetchProgressed


class Screen:
    """Writes to stderr: stdout is for data."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)

    def show(self, event: Event) -> None:
        match event:
            case StepReached():
                detail = ", ".join(f"{key.replace('_', ' ')}: {_short(value)}" for key, value in event.detail.items())
                self._line(f"{event.at_s:8.3f}  {event.step}  {event.name}", detail)
            case BootRestarted():
                self._line("          all over again", event.reason)
            case PromptShown():
                self._line(f"          {event.text}", "F8 opens the menu, Esc cancels")
            case MenuShown():
                self._menu(event)
            case FetchProgressed() if self._console.is_terminal:
                self._progress(event)
            case BootEnded(outcome=Booted() as booted):
                self._line(f"booted: {booted.boot_file}", f"{booted.size_bytes} bytes, sha256 {booted.sha256}")
            case BootEnded(outcome=LocalBoot()):
                self._line("the menu leads back to the local disk")
            case BootEnded(outcome=Failed(error=error)):
                self._failed(error)
            case ProgramEnded():
                self._program_ended(event)
            case _:
                pass

    def _menu(self, menu: MenuShown) -> None:
        self._line(f"          {menu.prompt}", "arrow keys, Enter, Esc; --menu-item N takes one without asking")
        for number, item in enumerate(menu.items):
            mark = ">" if number == menu.selected else " "
            self._line(f"        {mark} {number}  {_printable(item.text)}")

    def _progress(self, progress: FetchProgressed) -> None:
        """Written over by whatever comes next, which is longer."""
        of = "" if progress.size_bytes is None else f" of {progress.size_bytes // 1024}"
        self._console.print(Text(f"          {progress.received_bytes // 1024}{of} KiB"), end="\r")

    def _failed(self, error: PxeError) -> None:
        self._line(f"{error.code}: {error.text}", _printable(error.detail))
        self._line(f"hint: {error.hint}")

    def _program_ended(self, ended: ProgramEnded) -> None:
        for text, detail in account_lines(ended.account):
            self._line(text, _printable(detail))
        for turn, typing in enumerate(ended.never_typed):
            until = f"{typing.seen!r} was on the screen" if typing.seen else "the program looked for one"
            self._line(f"never typed: the keys until {until}", "its turn had not come" if turn else "")

    def _line(self, text: str, detail: str = "") -> None:
        line = Text(_printable(text))
        if detail:
            line.append(f"  ({detail})", style="dim")
        self._console.print(line, soft_wrap=True)


def _short(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else _printable(str(value))


def _printable(text: str) -> str:
    """What servers say may hold what moves a terminal's cursor."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
