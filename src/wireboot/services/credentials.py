"""Which credentials are offered: those that vouch for their boot file as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from wireboot.config.model import Configuration, Credential
from wireboot.credentials import cms
from wireboot.credentials.manifest import MANIFEST_SUFFIX
from wireboot.credentials.offer import Offered, offered_credential
from wireboot.credentials.trust import load_anchors
from wireboot.endpoint import SocketAddress
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.credentials import boot_file_path
from wireboot.protocols.pxe.decision import NAME_SIZE_MAX, BootCredential
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import BootFiles, FileRefused

_NOBODY = SocketAddress(IPv4Address(0), 0)


def offered_credentials(config: Configuration, files: BootFiles) -> Mapping[str, tuple[BootCredential, ...]]:
    """By normalised name of the boot file. What `credential_fault` would complain about is left out."""
    offered: dict[str, tuple[BootCredential, ...]] = {}
    for entry in config.credentials:
        path = boot_file_path(entry.boot_file)
        credential = _examine(entry, files)
        if path is not None and isinstance(credential, BootCredential):
            offered[path] = (*offered.get(path, ()), credential)
    return offered


def credential_fault(entry: Credential, files: BootFiles) -> str | None:
    """Why this credential is not offered, or None when it is."""
    credential = _examine(entry, files)
    return credential if isinstance(credential, str) else None


def _examine(entry: Credential, files: BootFiles) -> BootCredential | str:
    file = entry.file or entry.boot_file + MANIFEST_SUFFIX
    if len(file) > NAME_SIZE_MAX:
        return f"{file} is longer than the {NAME_SIZE_MAX} bytes that DHCP can carry"
    boot_file = _read(entry.boot_file, files)
    # One byte more than is allowed is enough to be refused.
    credential = _read(file, files, cms.SIZE_BYTES_MAX + 1)
    if boot_file is None or credential is None:
        return f"{entry.boot_file if boot_file is None else file} is not on offer"
    try:
        anchors = load_anchors(entry.trust)
    except OperatorError as problem:
        return str(problem)
    reason = f"{entry.trust} holds no certificate"
    for anchor in anchors:
        outcome = offered_credential(credential, entry.boot_file, boot_file, anchor)
        if isinstance(outcome, Offered):
            return BootCredential(outcome.credential_type, file, outcome.server_type, outcome.layer)
        reason = outcome
    return reason


def _read(name: str, files: BootFiles, size_bytes_max: int | None = None) -> bytes | None:
    """The content of a file on offer, as much of it as is asked for; None where it is not there or cannot be read."""
    try:
        file = files.open(normalise(name), _NOBODY)
    except FileRefused:
        return None
    try:
        return file.read(0, file.size_bytes if size_bytes_max is None else min(file.size_bytes, size_bytes_max))
    except OSError:
        return None
    finally:
        file.close()
