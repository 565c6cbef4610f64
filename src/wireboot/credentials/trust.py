"""Whom a client believes, and whether a credential satisfies it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from wireboot.credentials import cms, manifest
from wireboot.credentials.certificates import credential_type_of, key_digest, name_of, read_certificates
from wireboot.credentials.chain import check_anchor, find_path
from wireboot.credentials.clock import Clock, ClockPolicy
from wireboot.credentials.manifest import Manifest, ManifestFile
from wireboot.errors import DecodeError, OperatorError
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused, boot_file_path


class Profile(StrEnum):
    """What the signature is over."""

    MANIFEST = "manifest"
    """An embedded manifest, which binds name, type, layer, size, digest and time."""
    IMAGE = "image"
    """The boot file's bytes alone: neither its name nor its type, layer, time or serial."""


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """What is asked of a credential beyond a signature that leads to an anchor."""

    clock: Clock = Clock()  # noqa: RUF009  # frozen
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.CODE_SIGNING
    """Must stand among the signer's extended key usages."""
    key_pins: frozenset[bytes] = frozenset()
    """SHA-256 of the signers' keys (SubjectPublicKeyInfo) that are accepted; empty: any that an anchor vouches for."""
    serial_min: int = 0
    """Manifests of a lower serial are outdated. Above 0, a credential without a serial is refused."""


DEFAULT_POLICY = TrustPolicy()


@dataclass(frozen=True, slots=True)
class Verified:
    """On whose word a file may run."""

    signer: x509.Certificate
    anchor: x509.Certificate
    manifest: Manifest | None
    clock_policy: ClockPolicy
    """How far times were looked at."""

    @property
    def profile(self) -> Profile:
        return Profile.IMAGE if self.manifest is None else Profile.MANIFEST


class TrustAnchors:
    """The certificates that a client believes, none of the system's among them. A `Trust` for the PXE client."""

    def __init__(self, anchors: Sequence[x509.Certificate], policy: TrustPolicy = DEFAULT_POLICY) -> None:
        """Raises ValueError for an anchor that could vouch for nothing."""
        assert anchors
        for anchor in anchors:
            check_anchor(anchor)
        self._anchors = tuple(anchors)
        self._policy = policy

    @classmethod
    def load(cls, paths: Sequence[Path], policy: TrustPolicy = DEFAULT_POLICY) -> TrustAnchors:
        """From PEM or DER files. Raises OperatorError."""
        return cls([anchor for path in paths for anchor in load_anchors(path)], policy)

    @property
    def credential_types(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(credential_type_of(anchor) for anchor in self._anchors))

    def verify(self, credential: bytes, image: BootImage) -> None:
        """Raises CredentialRefused."""
        self.examine(credential, image)

    def examine(self, credential: bytes, image: BootImage) -> Verified:
        """As `verify`, and tells on whose word. Raises CredentialRefused."""
        verified = self.examine_file(credential, image.file_name, image.content)
        if verified.manifest is not None:
            _check_boot_item(verified.manifest, image)
        return verified

    def examine_file(self, credential: bytes, file_name: str, content: bytes) -> Verified:
        """Whether it vouches for this file, under whatever type and layer. Raises CredentialRefused."""
        signed = cms.read(credential)
        signed.check_signature(content if signed.content is None else signed.content)
        path = find_path(
            signed.signer, signed.others, self._anchors, clock=self._policy.clock, purpose=self._policy.purpose
        )
        self._check_pin(signed.signer)
        verified = Verified(path[0], path[-1], _manifest(signed.content, content), self._policy.clock.policy)
        self._check_age(verified.manifest)
        if verified.manifest is not None:
            _check_file(_entry(verified.manifest, file_name), content)
        return verified

    def _check_pin(self, signer: x509.Certificate) -> None:
        pins = self._policy.key_pins
        if pins and not any(compare_digest(key_digest(signer), pin) for pin in pins):
            raise _refused(f"the key of {name_of(signer)} is none of those that are pinned")

    def _check_age(self, signed: Manifest | None) -> None:
        if signed is None:
            if self._policy.serial_min > 0:
                raise _refused(f"it has no serial, where at least {self._policy.serial_min} is asked for")
            return
        if complaint := self._policy.clock.complaint(signed.not_before, signed.not_after):
            raise _refused(f"the manifest {complaint}")
        if signed.serial < self._policy.serial_min:
            raise _refused(f"the manifest is outdated: serial {signed.serial}, not {self._policy.serial_min} or later")


def load_anchors(path: Path) -> list[x509.Certificate]:
    """The anchors in a PEM or DER file. Raises OperatorError for any that could vouch for nothing."""
    anchors = read_certificates(path)
    for anchor in anchors:
        try:
            check_anchor(anchor)
        except ValueError as problem:
            raise OperatorError(
                f"{path} is no anchor to trust: {problem}",
                hint="`wireboot credential keygen` makes an anchor.pem; a signer's own certificate does not serve",
                exit_code=2,
            ) from None
    return anchors


def _manifest(embedded: bytes | None, image: bytes) -> Manifest | None:
    if embedded is None:
        if manifest.is_manifest(image):
            # Else the embedded manifest of one credential could be detached and run as a program.
            raise _refused("the image is a manifest, no boot program")
        return None
    try:
        return manifest.decode(embedded)
    except DecodeError as problem:
        raise CredentialRefused("PXE-E21", f"the signed manifest is malformed: {problem.reason}") from None


def _entry(signed: Manifest, file_name: str) -> ManifestFile:
    path = boot_file_path(file_name)
    entry = None if path is None else signed.file(path)
    if entry is None:
        raise _refused(f"the manifest does not name {file_name!r}; it names {', '.join(_some_names(signed))}")
    return entry


def _some_names(signed: Manifest) -> list[str]:
    names = [repr(file.name) for file in signed.files[:3]]
    return [*names, "others"] if len(signed.files) > len(names) else names


def _check_file(entry: ManifestFile, content: bytes) -> None:
    if len(content) != entry.size_bytes:
        raise _refused(f"{entry.name!r} has {len(content)} bytes; the manifest says {entry.size_bytes}")
    if not compare_digest(hashlib.sha256(content).hexdigest(), entry.sha256):
        raise _refused(f"the SHA-256 of {entry.name!r} is not the one in the manifest")


def _check_boot_item(signed: Manifest, image: BootImage) -> None:
    if signed.server_type != image.server_type:
        raise _refused(f"the manifest is for type {signed.server_type}; type {image.server_type} was asked for")
    layer = _entry(signed, image.file_name).layer
    if layer != image.layer:
        raise _refused(f"the manifest has the file at layer {layer}; layer {image.layer} was asked for")


def _refused(reason: str) -> CredentialRefused:
    return CredentialRefused("PXE-E22", reason)
