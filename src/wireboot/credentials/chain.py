"""The way from a signer's certificate to a configured anchor (RFC 5280 §6, with fewer liberties)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from wireboot.credentials.algorithms import HASHES
from wireboot.credentials.certificates import name_of, public_key
from wireboot.credentials.clock import Clock
from wireboot.protocols.pxe.credentials import CredentialRefused

INTERMEDIATES_MAX = 4
"""On one path: bounds the search when all certificates of a file have issued each other."""
_UNDERSTOOD = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE}

T = TypeVar("T", bound=x509.ExtensionType)

Path = tuple[x509.Certificate, ...]
"""From the signer up to the anchor."""


def find_path(
    signer: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    *,
    clock: Clock,
    purpose: x509.ObjectIdentifier,
) -> Path:
    """A path that passes every check, over `others` as intermediates. Raises CredentialRefused.

    `purpose` must stand among the signer's extended key usages.
    """
    intermediates = [each for each in others if each not in anchors]
    refusal = None
    for path in _paths((signer,), intermediates, anchors):
        try:
            _check_path(path, others, clock, purpose)
        except CredentialRefused as problem:
            refusal = refusal or problem
        else:
            return path
    raise refusal or CredentialRefused(
        "PXE-E22", f"no path of certificates leads from {name_of(signer)} to a trusted anchor"
    )


def check_anchor(anchor: x509.Certificate) -> None:
    """Raises ValueError, with what is wrong, for a certificate that no path can end at, whatever the time."""
    try:
        _check_key_and_extensions(anchor)
        _check_authority(anchor, intermediates_below=0, is_anchor=True)
    except CredentialRefused as problem:
        raise ValueError(problem.reason) from None


def _paths(
    path: Path, intermediates: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> Iterator[Path]:
    """Every path whose names and signatures fit together."""
    for anchor in anchors:
        if _has_issued(anchor, path[-1]):
            yield (*path, anchor)
    if len(path) > INTERMEDIATES_MAX:
        return
    for each in intermediates:
        if each not in path and _has_issued(each, path[-1]):
            yield from _paths((*path, each), intermediates, anchors)


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def _check_path(path: Path, others: Sequence[x509.Certificate], clock: Clock, purpose: x509.ObjectIdentifier) -> None:
    signer, *authorities = path
    if surplus := [each for each in others if each not in path]:
        raise _refused(surplus[0], "is in the credential but no part of the path to the anchor")
    for certificate in path:
        _check_key_and_extensions(certificate)
        if complaint := clock.complaint(certificate.not_valid_before_utc, certificate.not_valid_after_utc):
            raise _refused(certificate, complaint)
    for certificate in path[:-1]:
        _check_signature_algorithm(certificate)
        _check_purpose(certificate, purpose, needed=certificate is signer)
    for below, authority in enumerate(authorities):
        _check_authority(authority, intermediates_below=below, is_anchor=authority is path[-1])
    usage = _extension(signer, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise _refused(signer, "is not for signing: its key usage lacks digitalSignature")


def _check_key_and_extensions(certificate: x509.Certificate) -> None:
    try:
        public_key(certificate)
    except ValueError as problem:
        raise _refused(certificate, f"has {problem}") from None
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise _refused(
                certificate, f"has a critical extension that is not understood: {extension.oid.dotted_string}"
            )


def _check_signature_algorithm(certificate: x509.Certificate) -> None:
    try:
        used = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        raise _refused(certificate, "is signed by an unknown algorithm") from None
    # None: Ed25519 brings its own.
    if used is not None and used.name not in HASHES:
        raise _refused(certificate, f"is signed with {used.name}")


def _check_purpose(certificate: x509.Certificate, purpose: x509.ObjectIdentifier, *, needed: bool) -> None:
    """An intermediate need not state purposes, but where it does they bind what it issues."""
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if (purposes is None and needed) or (purposes is not None and purpose not in purposes):
        raise _refused(certificate, f"is not for this purpose: its extended key usage lacks {purpose.dotted_string}")


def _check_authority(certificate: x509.Certificate, *, intermediates_below: int, is_anchor: bool) -> None:
    """RFC 5280 §6.1.4 (k) to (n). Self-issued intermediates count too."""
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise _refused(certificate, "may not issue certificates: its basic constraints lack CA:TRUE")
    if constraints.path_length is not None and intermediates_below > constraints.path_length:
        raise _refused(
            certificate, f"allows {constraints.path_length} intermediates below it, not {intermediates_below}"
        )
    usage = _extension(certificate, x509.KeyUsage)
    # An operator's own root may go without: it is trusted by choice.
    if (usage is None and not is_anchor) or (usage is not None and not usage.key_cert_sign):
        raise _refused(certificate, "may not issue certificates: its key usage lacks keyCertSign")


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _refused(certificate: x509.Certificate, why: str) -> CredentialRefused:
    return CredentialRefused("PXE-E22", f"certificate {name_of(certificate)} {why}")
