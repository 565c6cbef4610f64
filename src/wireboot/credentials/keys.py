"""New keys: an anchor, which clients believe, and a signer that it vouches for."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wireboot.credentials.sign import PrivateKey, Signer

_RSA_BITS = 3072
BACKDATED = timedelta(days=1)
"""A machine whose clock is a little slow must not find a new certificate too new."""


class KeyKind(StrEnum):
    EC_P256 = "ec-p256"
    RSA_3072 = "rsa-3072"
    ED25519 = "ed25519"


def make_anchor(name: str, kind: KeyKind, now: datetime, days: int) -> Signer:
    """A certificate authority of its own, which may vouch for signers only."""
    key = _make_key(kind)
    builder = (
        _certificate(name, key, now, days)
        .issuer_name(_subject(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(for_certificates=True), critical=True)
    )
    return Signer(key, builder.sign(key, _hash_for(key)))


def make_signer(name: str, kind: KeyKind, anchor: Signer, now: datetime, days: int) -> Signer:
    """Signs boot files in the name of `anchor`, and no longer than it."""
    key = _make_key(kind)
    builder = (
        _certificate(name, key, now, days, until=anchor.certificate.not_valid_after_utc)
        .issuer_name(anchor.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(for_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(anchor.key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    )
    return Signer(key, builder.sign(anchor.key, _hash_for(anchor.key)))


def key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _make_key(kind: KeyKind) -> PrivateKey:
    match kind:
        case KeyKind.EC_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyKind.RSA_3072:
            return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
        case KeyKind.ED25519:
            return ed25519.Ed25519PrivateKey.generate()


def _certificate(
    name: str, key: PrivateKey, now: datetime, days: int, until: datetime | None = None
) -> x509.CertificateBuilder:
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(min(until or end, end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_usage(*, for_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not for_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=for_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _hash_for(key: PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
