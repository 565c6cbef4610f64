"""Checks of what is sent to many at once."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from wireboot.config.check_boot import bring, is_offered
from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.protocols.pxe.credentials import boot_file_path
from wireboot.wire.iana import Port

ERROR = Severity.ERROR

MTFTP_FILE_BYTES_MAX = 65535 * 512
"""MTFTP has blocks of 512 bytes and numbers of 16 bits (PXE 2.1 §2.3)."""


def mtftp(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    config = loaded.config
    if not config.mtftp.files:
        return
    used: dict[int, str] = {config.tftp.port: "TFTP", **{port: port.name for port in Port}}
    if config.mtftp.server_port in used:
        what = f"MTFTP server port {config.mtftp.server_port} is taken by {used[config.mtftp.server_port]}"
        yield loaded.finding(ERROR, ("mtftp", "server_port"), what, "use 1759")
    if config.mtftp.client_port == config.mtftp.server_port:
        what = "MTFTP clients and server have the same port"
        yield loaded.finding(ERROR, ("mtftp", "client_port"), what, "use 1759 for the server, 1760 for clients")
    groups: dict[IPv4Address, int | None] = {config.pxe.discovery.group: loaded.line("pxe", "discovery", "group")}
    files: dict[str, int | None] = {}
    for index, entry in enumerate(config.mtftp.files):
        where = ("mtftp", "files", index)
        if entry.group in groups:
            what = f"group {entry.group} is in use already; a group carries one file"
            yield loaded.finding(ERROR, (*where, "group"), what, "choose another, such as 239.255.77.2")
        file = boot_file_path(entry.file) or entry.file
        if file in files:
            what = f"{entry.file} has a group already, on line {files[file]}"
            yield loaded.finding(ERROR, (*where, "file"), what, "keep one of the two")
        groups.setdefault(entry.group, loaded.line(*where, "group"))
        files.setdefault(file, loaded.line(*where, "file"))
        size_bytes = host.boot_file_size(entry.file)
        if not is_offered(entry.file, host):
            yield loaded.finding(
                ERROR, (*where, "file"), f"{entry.file} is not in {config.boot_dir}", bring(entry.file, loaded)
            )
        elif size_bytes is not None and size_bytes >= MTFTP_FILE_BYTES_MAX:
            what = f"{entry.file} has {size_bytes} bytes, and MTFTP cannot count beyond {MTFTP_FILE_BYTES_MAX}"
            yield loaded.finding(ERROR, (*where, "file"), what, "take it out: plain TFTP has no such limit")


def tftp_multicast(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    groups = loaded.config.tftp.multicast_groups
    if groups is None:
        return
    taken = {entry.group for entry in loaded.config.mtftp.files} | {loaded.config.pxe.discovery.group}
    for group in sorted(filter(groups.__contains__, taken)):
        what = f"multicast_groups has {group} in it, which carries something else"
        yield loaded.finding(ERROR, ("tftp", "multicast_groups"), what, "choose ranges that lie apart")


MULTICAST_CHECKS = (mtftp, tftp_multicast)
