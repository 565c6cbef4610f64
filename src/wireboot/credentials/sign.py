"""Signing: a manifest or an image becomes a credential."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from wireboot.credentials.certificates import name_of, public_key, read_certificates
from wireboot.errors import OperatorError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    key: PrivateKey
    certificate: x509.Certificate
    intermediates: tuple[x509.Certificate, ...] = ()


def load_signer(key_file: Path, certificate_file: Path) -> Signer:
    """`certificate_file` holds the signer's certificate first, then the intermediates. Raises OperatorError."""
    certificate, *intermediates = read_certificates(certificate_file)
    try:
        public_key(certificate)
    except ValueError as problem:
        raise OperatorError(
            f"{certificate_file} cannot sign: {name_of(certificate)} has {problem}",
            hint="`wireboot credential keygen` makes keys that are strong enough",
            exit_code=2,
        ) from None
    key = load_private_key(key_file)
    if key.public_key() != certificate.public_key():
        raise OperatorError(
            f"the key {key_file} does not belong to the certificate {certificate_file}",
            hint="the certificate's file must begin with the signer's own, its intermediates after it",
            exit_code=2,
        )
    return Signer(key, certificate, tuple(intermediates))


def load_private_key(path: Path) -> PrivateKey:
    """From a PEM file without a passphrase. Raises OperatorError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as problem:
        raise OperatorError(
            f"cannot read the key {path}: {problem.strerror}",
            hint="`wireboot credential keygen` makes one",
            exit_code=2,
        ) from None
    except TypeError:
        raise OperatorError(
            f"the key {path} is encrypted",
            hint="`openssl pkey -in KEY -out PLAIN` decrypts it; keep that safe",
            exit_code=2,
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise OperatorError(f"{path} holds no private key", hint="give the .key file", exit_code=2) from None
    if not isinstance(key, PrivateKey):
        raise OperatorError(f"{path} is a key of a kind that cannot sign", hint="RSA, EC and Ed25519 can", exit_code=2)
    return key


def sign(content: bytes, signer: Signer, *, detached: bool) -> bytes:
    """CMS SignedData over `content` in DER, which holds the content or, `detached`, does not."""
    digest = _digest_for(signer.key)
    digest_algorithm = {"algorithm": digest.name}
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [hashlib.new(digest.name, content).digest()]},
        ]
    )
    certificate = _asn1(signer.certificate)
    signer_info = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": certificate.issuer, "serial_number": certificate.serial_number}},
        "digest_algorithm": digest_algorithm,
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": _signature_algorithm(signer.key, digest)},
        "signature": _signature(signer.key, attributes.dump(), digest),
    }
    signed = {
        "version": "v1",
        "digest_algorithms": [digest_algorithm],
        "encap_content_info": {"content_type": "data"} if detached else {"content_type": "data", "content": content},
        "certificates": [certificate, *map(_asn1, signer.intermediates)],
        "signer_infos": [signer_info],
    }
    credential: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()
    return credential


def _digest_for(key: PrivateKey) -> hashes.HashAlgorithm:
    match key:
        case ed25519.Ed25519PrivateKey():
            return hashes.SHA512()  # RFC 8419 §3.1
        case ec.EllipticCurvePrivateKey() if isinstance(key.curve, ec.SECP384R1):
            return hashes.SHA384()
        case _:
            return hashes.SHA256()


def _signature_algorithm(key: PrivateKey, digest: hashes.HashAlgorithm) -> str:
    match key:
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
        case ec.EllipticCurvePrivateKey():
            return f"{digest.name}_ecdsa"
        case rsa.RSAPrivateKey():
            return "rsassa_pkcs1v15"


def _signature(key: PrivateKey, data: bytes, digest: hashes.HashAlgorithm) -> bytes:
    match key:
        case ed25519.Ed25519PrivateKey():
            return key.sign(data)
        case ec.EllipticCurvePrivateKey():
            return key.sign(data, ec.ECDSA(digest))
        case rsa.RSAPrivateKey():
            return key.sign(data, padding.PKCS1v15(), digest)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
