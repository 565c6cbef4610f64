"""Which credentials are offered: those that vouch for their boot file as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from wireboot.config.model import Configuration, Credential
from wireboot.credentials.manifest import MANIFEST_SUFFIX
from wireboot.credentials.offer import Offered, offered_credential
from wireboot.credentials.trust import load_anchors
from wireboot.endpoint import SocketAddress
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.decision import BootCredential
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import BootFiles, FileRefused

_NOBODY = SocketAddress(IPv4Address(0), 0)


def offered_credentials(config: Configuration, files: BootFiles) -> Mapping[str, tuple[BootCredential, ...]]:
    """By boot file. What `credential_fault` would complain about is left out."""
    offered: dict[str, tuple[BootCredential, ...]] = {}
    for entry in config.credentials:
        credential = _examine(entry, files)
        if isinstance(credential, BootCredential):
            offered[entry.boot_file] = (*offered.get(entry.boot_file, ()), credential)
    return offered


def credential_fault(entry: Credential, files: BootFiles) -> str | None:
    """Why this credential is not offered, or None when it is."""
    credential = _examine(entry, files)
    return credential if isinstance(credential, str) else None


def _examine(entry: Credential, files: BootFiles) -> BootCredential | str:
    file = entry.file or entry.boot_file + MANIFEST_SUFFIX
    boot_file, credential = _read(entry.boot_file, files), _read(file, files)
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
            return BootCredential(outcome.credential_type, file, outcome.server_type)
        reason = outcome
    return reason


def _read(name: str, files: BootFiles) -> bytes | None:
    """The whole content of a file on offer; None where it is not there or cannot be read."""
    try:
        file = files.open(normalise(name), _NOBODY)
    except FileRefused:
        return None
    try:
        return file.read(0, file.size_bytes)
    except OSError:
        return None
    finally:
        file.close()
