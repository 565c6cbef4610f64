"""`wireboot boot` on a host of the lab."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.lab.network import Host

BOOT_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class ClientBoot:
    """How it ended."""

    exit_code: int
    document: dict[str, Any]
    said: str
    """On stderr."""

    @property
    def error_code(self) -> str | None:
        return None if self.document["error"] is None else str(self.document["error"]["code"])

    @property
    def steps(self) -> list[int]:
        return [step["step"] for step in self.document["steps"]]

    def detail(self, step: int) -> dict[str, Any]:
        return next(each["detail"] for each in self.document["steps"] if each["step"] == step)


def boot_client(host: Host, *options: str | Path, timeout_s: float = BOOT_WITHIN_S) -> ClientBoot:
    """Boot over the host's first interface, and wait for the end."""
    command = (sys.executable, "-m", "wireboot", "boot", "--interface", host.interfaces[0], "--json")
    done = host.run(*command, *options, timeout_s=timeout_s, check=False)
    assert done.stdout, f"exit code {done.returncode}, and no document: {done.stderr}"
    return ClientBoot(done.returncode, json.loads(done.stdout), done.stderr)


def digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
