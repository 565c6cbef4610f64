"""Who serves on this machine: each running server leaves a note of the configuration that it runs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, cast

from wireboot.config.load import LoadedConfig, load
from wireboot.config.model import Configuration

RUN_FOLDER = Path("/run/wireboot")
"""Of servers that run as root, or that a service manager made it for."""
_MODES = ("server", "proxy", "off")
_START_TIME = 19
"""Its place among the fields of /proc/PID/stat that stand behind the program's name."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that runs now, and what it was started with or has taken up since."""

    pid: int
    config_file: Path | None
    """None: it runs on the defaults and its command line."""
    boot_dir: Path
    mode: Literal["server", "proxy", "off"]

    def load(self) -> LoadedConfig:
        """Its configuration as the file says it now. Raises OperatorError, ConfigurationError."""
        loaded = LoadedConfig(Configuration()) if self.config_file is None else load(self.config_file)
        return loaded.with_command_line(boot_dir=self.boot_dir, mode=self.mode)


class RunningNote:
    """This server's note, there for as long as it is entered. A note that cannot be written is no trouble."""

    def __init__(self, folders: tuple[Path, ...] | None = None) -> None:
        """It goes into the first of the folders that can be written to."""
        self._folders = note_folders() if folders is None else folders
        self._path: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def write(self, loaded: LoadedConfig) -> None:
        """Say that this is served from now on."""
        config = loaded.config
        note = {
            "pid": os.getpid(),
            "started": _started(os.getpid()),
            "config": None if loaded.source is None else str(loaded.source.absolute()),
            "boot_dir": str(config.boot_dir.absolute()),
            "mode": config.dhcp4.mode,
        }
        for folder in self._folders:
            path = folder / f"{os.getpid()}.json"
            try:
                folder.mkdir(mode=0o755, exist_ok=True)
                path.write_text(json.dumps(note), encoding="utf-8")
            except OSError:
                continue
            self._path = path
            return


def running_servers(folders: tuple[Path, ...] | None = None) -> list[RunningServer]:
    """Those whose notes can be read; a note whose writer is gone counts for nothing."""
    found = (_read(path) for folder in folders or note_folders() for path in sorted(folder.glob("*.json")))
    return [each for each in found if each is not None]


def note_folders() -> tuple[Path, ...]:
    own = os.environ.get("XDG_RUNTIME_DIR")
    return (RUN_FOLDER, *([Path(own) / "wireboot"] if own and os.path.isabs(own) else []))


def _read(path: Path) -> RunningServer | None:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    match note:
        case {"pid": int(pid), "started": int(started), "config": str() | None as config,
              "boot_dir": str(boot_dir), "mode": str(mode)} if mode in _MODES and _started(pid) == started:  # fmt: skip
            file = None if config is None else Path(config)
            return RunningServer(pid, file, Path(boot_dir), cast(Literal["server", "proxy", "off"], mode))
    return None


def _started(pid: int) -> int | None:
    """When the process of this number began, in the kernel's ticks: another one of the same number began later."""
    try:
        status = Path("/proc", str(pid), "stat").read_text(encoding="utf-8", errors="replace")
        return int(status.rpartition(")")[2].split()[_START_TIME])
    except (OSError, ValueError, IndexError):
        return None
