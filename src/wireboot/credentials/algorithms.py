"""The keys and signatures that are strong enough. What is not named here is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

RSA_BITS_MIN = 2048
RSA_BITS_MAX = 8192
"""A longer key would let a stranger's file keep the processor busy."""

# MD5 and SHA-1 are what PXE 2.1's own credentials rest on; both can be forged.
HASHES: dict[str, hashes.HashAlgorithm] = {
    each.name: each for each in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
}
_CURVES = (ec.SECP256R1, ec.SECP384R1)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class Scheme(Enum):
    RSA_PKCS1 = auto()
    RSA_PSS = auto()
    ECDSA = auto()
    ED25519 = auto()


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    scheme: Scheme
    hash: hashes.HashAlgorithm
    """Of the signed content; Ed25519 brings its own for the signature itself."""
    salt_bytes: int = 0
    """RSA_PSS only."""


def strong_key(key: CertificatePublicKeyTypes) -> PublicKey:
    """The key itself. Raises ValueError, with what is wrong, for one that is too weak or of another kind."""
    if isinstance(key, rsa.RSAPublicKey):
        if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
            raise ValueError(f"an RSA key of {key.key_size} bits, where {RSA_BITS_MIN} to {RSA_BITS_MAX} are allowed")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, _CURVES):
            raise ValueError(f"a key on curve {key.curve.name}, where P-256 and P-384 are allowed")
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    raise ValueError("a key that is neither RSA, ECDSA nor Ed25519")


def is_signature_of(signature: bytes, data: bytes, key: PublicKey, algorithm: SignatureAlgorithm) -> bool:
    """Whether the holder of `key` signed `data`, in just this way."""
    try:
        match key, algorithm.scheme:
            case rsa.RSAPublicKey(), Scheme.RSA_PKCS1:
                key.verify(signature, data, padding.PKCS1v15(), algorithm.hash)
            case rsa.RSAPublicKey(), Scheme.RSA_PSS:
                pss = padding.PSS(padding.MGF1(algorithm.hash), algorithm.salt_bytes)
                key.verify(signature, data, pss, algorithm.hash)
            case ec.EllipticCurvePublicKey(), Scheme.ECDSA:
                key.verify(signature, data, ec.ECDSA(algorithm.hash))
            case ed25519.Ed25519PublicKey(), Scheme.ED25519:
                key.verify(signature, data)
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
