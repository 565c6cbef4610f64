"""The TFTP clients that people have, each brought to one shape: fetch this file, here is where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.lab.addresses import SERVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.lab.network import Host
    from tests.support.lab.process import Process

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TftpProgram:
    name: str
    needs: str
    get: Callable[[str, str], Command]
    """The command that reads a file, by the server's name for it and ours."""
    get_with_blksize: Callable[[str, str, int], Command] | None = None
    blksize_min: int = 8
    get_netascii: Callable[[str, str], Command] | None = None
    undoes_netascii: bool = False
    """It writes a file with the line ends of this system, as RFC 764 has it; else what came over the cable."""
    put: Callable[[str, str], Command] | None = None
    get_in_windows: Callable[[str, str, int, int], Command] | None = None
    """With these block and window sizes (RFC 7440)."""

    def fetch(self, host: Host, command: Command, target: Path, timeout_s: float = 20.0) -> bytes:
        """What the command has brought."""
        target.unlink(missing_ok=True)
        host.run(*command, timeout_s=timeout_s)
        # curl makes no file where it has nothing to write.
        return target.read_bytes() if target.exists() else b""

    def start(self, host: Host, command: Command) -> Process:
        return host.start(*command, log_name=self.name)

    def said(self, host: Host, command: Command) -> str:
        """What the program tells its user. Not all of them end with an exit code when the server refuses."""
        done = host.run(*command, check=False)
        return done.stdout + done.stderr


TFTP_HPA = TftpProgram(
    "tftp-hpa",
    needs="tftp",
    get=lambda file, target: ("tftp", "-m", "octet", SERVER, "-c", "get", file, target),
    get_netascii=lambda file, target: ("tftp", "-m", "netascii", SERVER, "-c", "get", file, target),
    undoes_netascii=True,
    put=lambda file, source: ("tftp", "-m", "octet", SERVER, "-c", "put", source, file),
)
ATFTP = TftpProgram(
    "atftp",
    needs="atftp",
    get=lambda file, target: ("atftp", "-g", "-r", file, "-l", target, SERVER),
    get_with_blksize=lambda file, target, blksize: (
        ("atftp", "--option", f"blksize {blksize}", "-g", "-r", file, "-l", target, SERVER)
    ),
    get_netascii=lambda file, target: ("atftp", "--option", "mode netascii", "-g", "-r", file, "-l", target, SERVER),
    undoes_netascii=True,
    put=lambda file, source: ("atftp", "-p", "-l", source, "-r", file, SERVER),
    get_in_windows=lambda file, target, blksize, windowsize: (
        *("atftp", "--option", f"blksize {blksize}", "--option", f"windowsize {windowsize}"),
        *("-g", "-r", file, "-l", target, SERVER),
    ),
)
CURL = TftpProgram(
    "curl",
    needs="curl",
    # When it asks for the size, curl 7.88 takes the answer 0 for a fault of the server.
    get=lambda file, target: ("curl", "-sS", "--tftp-no-options", "-o", target, f"tftp://{SERVER}/{file}"),
    get_with_blksize=lambda file, target, blksize: (
        ("curl", "-sS", "--tftp-blksize", str(blksize), "-o", target, f"tftp://{SERVER}/{file}")
    ),
    get_netascii=lambda file, target: ("curl", "-sS", "-o", target, f"tftp://{SERVER}/{file};mode=netascii"),
)
BUSYBOX = TftpProgram(
    "busybox",
    needs="/bin/busybox",
    get=lambda file, target: ("/bin/busybox", "tftp", "-g", "-b", "512", "-r", file, "-l", target, SERVER),
    get_with_blksize=lambda file, target, blksize: (
        ("/bin/busybox", "tftp", "-g", "-b", str(blksize), "-r", file, "-l", target, SERVER)
    ),
    blksize_min=64,  # the buffer of a block has to hold its request as well
    put=lambda file, source: ("/bin/busybox", "tftp", "-p", "-r", file, "-l", source, SERVER),
)

TFTP_PROGRAMS = (TFTP_HPA, ATFTP, CURL, BUSYBOX)
