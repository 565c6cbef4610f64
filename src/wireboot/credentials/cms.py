"""A credential as a file: CMS SignedData (RFC 5652) in strict DER, in the one form that is accepted.

Everything else that CMS allows (several signers, revocation lists, unsigned attributes, BER) is refused, so that no
byte of the file goes unjudged.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from hmac import compare_digest
from typing import NoReturn

from asn1crypto import algos, core
from asn1crypto import cms as asn1
from cryptography import x509

from wireboot.credentials.algorithms import HASHES, Scheme, SignatureAlgorithm, is_signature_of
from wireboot.credentials.certificates import name_of, public_key
from wireboot.credentials.der import require_der
from wireboot.protocols.pxe.credentials import CredentialRefused

SIZE_BYTES_MAX = 256 * 1024
CERTIFICATES_MAX = 8

# RFC 5754 §3, RFC 4056 §3, RFC 8419 §3: each with the hash it fixes, None where `digestAlgorithm` alone says it.
# fmt: off
_SCHEMES: dict[str, tuple[Scheme, str | None]] = {
    "1.2.840.113549.1.1.1":  (Scheme.RSA_PKCS1, None),
    "1.2.840.113549.1.1.11": (Scheme.RSA_PKCS1, "sha256"),
    "1.2.840.113549.1.1.12": (Scheme.RSA_PKCS1, "sha384"),
    "1.2.840.113549.1.1.13": (Scheme.RSA_PKCS1, "sha512"),
    "1.2.840.113549.1.1.10": (Scheme.RSA_PSS,   None),
    "1.2.840.10045.4.3.2":   (Scheme.ECDSA,     "sha256"),
    "1.2.840.10045.4.3.3":   (Scheme.ECDSA,     "sha384"),
    "1.2.840.10045.4.3.4":   (Scheme.ECDSA,     "sha512"),
    "1.3.101.112":           (Scheme.ED25519,   "sha512"),
}
# fmt: on
_NO_PARAMETERS = (b"", b"\x05\x00")
_SET_OF = b"\x31"


@dataclass(frozen=True, slots=True)
class SignedData:
    """A credential whose form is right; nothing in it is believed yet."""

    content: bytes | None
    """The embedded manifest, or None where the signature is over the boot file itself."""
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]
    algorithm: SignatureAlgorithm
    message_digest: bytes
    signed_attributes: bytes
    """As the signature covers them: DER with the tag of a SET OF (RFC 5652 §5.4)."""
    signature: bytes

    def check_signature(self, content: bytes) -> None:
        """Raises CredentialRefused unless the signer signed exactly `content`."""
        digest = hashlib.new(self.algorithm.hash.name, content).digest()
        if not compare_digest(digest, self.message_digest):
            raise CredentialRefused("PXE-E22", "the signed digest is not that of the content")
        try:
            key = public_key(self.signer)
        except ValueError as problem:
            raise CredentialRefused("PXE-E22", f"certificate {name_of(self.signer)} has {problem}") from None
        if not is_signature_of(self.signature, self.signed_attributes, key, self.algorithm):
            raise CredentialRefused("PXE-E22", f"the signature is not by the key of {name_of(self.signer)}")


def read(credential: bytes) -> SignedData:
    """Raises CredentialRefused: PXE-E21 for a form that is wrong, PXE-E22 for a signature algorithm that is."""
    if len(credential) > SIZE_BYTES_MAX:
        _broken(f"{len(credential)} bytes, where at most {SIZE_BYTES_MAX} are read")
    try:
        require_der(credential)
    except ValueError as problem:
        _broken(str(problem))
    try:
        return _signed_data(_strict_der(credential))
    except CredentialRefused:
        raise
    except Exception:
        # asn1crypto decodes where a field is looked at, and promises no kinds of error.
        _broken("it is no CMS SignedData, or a part of it cannot be decoded")


def _strict_der(credential: bytes) -> asn1.SignedData:
    info = asn1.ContentInfo.load(credential, strict=True)
    if info["content_type"].native != "signed_data":
        _broken("its content type is not SignedData")
    signed = info["content"]
    if info.dump(force=True) != credential:
        _broken("it is not in DER: written anew, it differs")
    return signed


def _signed_data(signed: asn1.SignedData) -> SignedData:
    if len(signed["signer_infos"]) != 1:
        _broken(f"{len(signed['signer_infos'])} signers, where it must be one")
    signer_info = signed["signer_infos"][0]
    content = signed["encap_content_info"]
    if content["content_type"].native != "data":
        _broken("its content is not of type id-data")
    if _is_there(signed["crls"]) or _is_there(signer_info["unsigned_attrs"]):
        _broken("it holds parts that no signature covers: revocation lists or unsigned attributes")
    _check_versions(signed, signer_info)
    algorithm = _algorithm(signed, signer_info)
    certificates = _certificates(signed)
    signer = _signer(certificates, signer_info["sid"])
    return SignedData(
        content=content["content"].native if _is_there(content["content"]) else None,
        signer=signer,
        others=tuple(each for each in certificates if each is not signer),
        algorithm=algorithm,
        message_digest=_message_digest(signer_info),
        signed_attributes=_SET_OF + signer_info["signed_attrs"].dump()[1:],
        signature=signer_info["signature"].native,
    )


def _check_versions(signed: asn1.SignedData, signer_info: asn1.SignerInfo) -> None:
    """RFC 5652 §5.1, §5.3: both follow from the way in which the signer is named."""
    version = "v1" if signer_info["sid"].name == "issuer_and_serial_number" else "v3"
    if (signed["version"].native, signer_info["version"].native) != (version, version):
        _broken("its version does not fit its content")


def _algorithm(signed: asn1.SignedData, signer_info: asn1.SignerInfo) -> SignatureAlgorithm:
    digest = signer_info["digest_algorithm"]
    if [each.dump() for each in signed["digest_algorithms"]] != [digest.dump()]:
        _broken("its list of digest algorithms is not just that of its signer")
    signature = signer_info["signature_algorithm"]
    hash_name = str(digest["algorithm"].native)
    oid = signature["algorithm"].dotted
    if hash_name not in HASHES or digest["parameters"].dump() not in _NO_PARAMETERS:
        raise CredentialRefused("PXE-E22", f"digest algorithm {hash_name} is not accepted")
    if oid not in _SCHEMES:
        raise CredentialRefused("PXE-E22", f"signature algorithm {signature['algorithm'].native} is not accepted")
    scheme, fixed_hash = _SCHEMES[oid]
    if fixed_hash not in (None, hash_name):
        raise CredentialRefused("PXE-E22", f"a {scheme.name} signature with {fixed_hash} over a digest by {hash_name}")
    if scheme is Scheme.RSA_PSS:
        return _pss(signature["parameters"], hash_name)
    if signature["parameters"].dump() not in _NO_PARAMETERS:
        _broken("its signature algorithm has parameters that it must not have")
    return SignatureAlgorithm(scheme, HASHES[hash_name])


def _pss(parameters: algos.RSASSAPSSParams, hash_name: str) -> SignatureAlgorithm:
    mask = parameters["mask_gen_algorithm"]
    hashes = {parameters["hash_algorithm"]["algorithm"].native, mask["parameters"]["algorithm"].native}
    parts = (parameters["hash_algorithm"]["parameters"].dump(), mask["parameters"]["parameters"].dump())
    if (
        hashes != {hash_name}
        or mask["algorithm"].native != "mgf1"
        or parameters["trailer_field"].native != "trailer_field_bc"
        or any(part not in _NO_PARAMETERS for part in parts)
    ):
        raise CredentialRefused("PXE-E22", f"RSA-PSS parameters other than {hash_name} throughout are not accepted")
    salt_bytes = parameters["salt_length"].native
    if not 0 <= salt_bytes <= HASHES[hash_name].digest_size:
        raise CredentialRefused("PXE-E22", f"an RSA-PSS salt of {salt_bytes} bytes is not accepted")
    return SignatureAlgorithm(Scheme.RSA_PSS, HASHES[hash_name], salt_bytes)


def _certificates(signed: asn1.SignedData) -> list[x509.Certificate]:
    choices = signed["certificates"] if _is_there(signed["certificates"]) else []
    if not 0 < len(choices) <= CERTIFICATES_MAX:
        _broken(f"{len(choices)} certificates, where 1 to {CERTIFICATES_MAX} are allowed")
    if any(choice.name != "certificate" for choice in choices):
        _broken("it holds a certificate of a kind other than X.509")
    if any(choice.chosen.serial_number <= 0 for choice in choices):
        # RFC 5280 §4.1.2.2. `cryptography` would print a warning to the terminal of whoever loads it.
        _broken("the serial number of a certificate is not positive")
    certificates = [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in choices]
    for certificate in certificates:
        _decode_wholly(certificate)
    return certificates


def _decode_wholly(certificate: x509.Certificate) -> None:
    """Raises here, where it can be told, what `cryptography` else raises when a part is looked at first."""
    for name in (certificate.subject, certificate.issuer):
        name.rfc4514_string()
    for part in (certificate.extensions, certificate.not_valid_before_utc, certificate.not_valid_after_utc):
        assert part is not None


def _signer(certificates: list[x509.Certificate], sid: asn1.SignerIdentifier) -> x509.Certificate:
    for certificate in certificates:
        if _names(sid, certificate):
            return certificate
    return _broken("the certificate of its signer is missing")


def _names(sid: asn1.SignerIdentifier, certificate: x509.Certificate) -> bool:
    if sid.name == "issuer_and_serial_number":
        # Names are compared by their bytes: asn1crypto would let upper and lower case pass for each other.
        issuer, serial = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
        return bool(issuer == certificate.issuer.public_bytes() and serial == certificate.serial_number)
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return False
    return bool(sid.chosen.native == extension.value.digest)


def _message_digest(signer_info: asn1.SignerInfo) -> bytes:
    """RFC 5652 §5.3 lets signatures do without signed attributes where the content is id-data; we do not.

    Else the signed attributes of one credential could be passed off as the signed content of another.
    """
    if not _is_there(signer_info["signed_attrs"]):
        _broken("it has no signed attributes")
    attributes = signer_info["signed_attrs"]
    values = {attribute["type"].native: attribute["values"] for attribute in attributes}
    if len(values) != len(attributes):
        _broken("a signed attribute stands twice")
    for name in ("content_type", "message_digest"):
        if name not in values or len(values[name]) != 1:
            _broken(f"its signed attributes have no single {name}")
    if values["content_type"][0].native != "data":
        _broken("its signed content type is not that of its content")
    digest: bytes = values["message_digest"][0].native
    return digest


def _is_there(field: core.Asn1Value) -> bool:
    return not isinstance(field, core.Void)


def _broken(reason: str) -> NoReturn:
    raise CredentialRefused("PXE-E21", f"the credential is malformed: {reason}")
