"""What is read off a certificate."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wireboot.credentials.algorithms import PublicKey, strong_key
from wireboot.errors import OperatorError

_NOT_A_BIS_ALGORITHM = 1 << 31


def credential_type_of(anchor: x509.Certificate) -> int:
    """The credential type (PXE tag 12) of all that leads to this anchor: 32 bits of its key's SHA-256.

    The top bit is set, which keeps it clear of the algorithm numbers that BIS puts there, 41 and 42. Two anchors of one
    number do no harm: it only says what to ask for.
    """
    return int.from_bytes(key_digest(anchor)[:4]) | _NOT_A_BIS_ALGORITHM


def key_digest(certificate: x509.Certificate) -> bytes:
    """SHA-256 over the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


def public_key(certificate: x509.Certificate) -> PublicKey:
    """Raises ValueError, with what is wrong, for a key that is not strong enough."""
    try:
        return strong_key(certificate.public_key())
    except UnsupportedAlgorithm:
        raise ValueError("a key of an unknown kind") from None


def name_of(certificate: x509.Certificate) -> str:
    """The subject, for people."""
    return repr(certificate.subject.rfc4514_string() or "(no name)")


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file, at least one, or the one of a DER file. Raises OperatorError."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise OperatorError(
            f"cannot read the certificate {path}: {problem.strerror}",
            hint="`wireboot credential keygen` makes one",
            exit_code=2,
        ) from None
    try:
        if b"-----BEGIN " in content:
            return x509.load_pem_x509_certificates(content)
        return [x509.load_der_x509_certificate(content)]
    except ValueError:
        raise OperatorError(
            f"{path} holds no certificate",
            hint="give the .pem file, not the .key file",
            exit_code=2,
        ) from None
