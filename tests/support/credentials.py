"""Certificates and credentials, good ones and every kind of bad one."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from asn1crypto import cms as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wireboot.credentials.clock import Clock, ClockPolicy
from wireboot.credentials.manifest import Manifest, describe_file, encode
from wireboot.credentials.sign import PrivateKey, Signer, sign
from wireboot.credentials.trust import TrustAnchors, TrustPolicy
from wireboot.protocols.pxe.credentials import BootImage

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
CLOCK = Clock(ClockPolicy.STRICT, read=NOW.timestamp)
POLICY = TrustPolicy(clock=CLOCK)

NAME = "debian/grubx64.efi"
CONTENT = b"MZ" + bytes(range(256)) * 4
IMAGE = BootImage(server_type=0, layer=0, file_name=NAME, content=CONTENT)


def ec_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def rsa_key(bits: int) -> PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def key_usage(*names: str) -> x509.KeyUsage:
    # fmt: off
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    # fmt: on
    return x509.KeyUsage(**{name: name in names for name in every})


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def certificate(
    name: str,
    issuer: Signer | None = None,
    *,
    key: PrivateKey | None = None,
    ca: bool | None = None,
    path_length: int | None = None,
    usage: x509.KeyUsage | None = None,
    purposes: Sequence[x509.ObjectIdentifier] = (),
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    valid: tuple[datetime, datetime] = (NOW - YEAR, NOW + YEAR),
    signed_with: hashes.SHA256 | hashes.SHA3_256 | None = None,
) -> Signer:
    """`ca` None leaves the basic constraints out. Without `issuer` it is self-signed."""
    key = key or ec_key()
    issuer_key = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer.certificate.subject if issuer else _name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    digest = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else signed_with or hashes.SHA256()
    return Signer(key, builder.sign(issuer_key, digest))


def authority(
    name: str = "anchor",
    issuer: Signer | None = None,
    *,
    path_length: int | None = None,
    valid: tuple[datetime, datetime] = (NOW - YEAR, NOW + YEAR),
) -> Signer:
    return certificate(name, issuer, ca=True, path_length=path_length, usage=key_usage("key_cert_sign"), valid=valid)


def leaf(
    issuer: Signer,
    *,
    key: PrivateKey | None = None,
    usage: x509.KeyUsage | None = None,
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CODE_SIGNING,),
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    valid: tuple[datetime, datetime] = (NOW - YEAR, NOW + YEAR),
) -> Signer:
    return certificate(
        "signer",
        issuer,
        key=key,
        ca=False,
        usage=usage or key_usage("digital_signature"),
        purposes=purposes,
        extra=extra,
        valid=valid,
    )


ANCHOR = authority()
SIGNER = leaf(ANCHOR)


def with_chain(signer: Signer, *intermediates: Signer) -> Signer:
    return Signer(signer.key, signer.certificate, tuple(each.certificate for each in intermediates))


def manifest_for(
    *files: tuple[str, bytes],
    server_type: int = 0,
    layer: int = 0,
    serial: int = 7,
    valid: tuple[datetime, datetime] = (NOW - YEAR, NOW + YEAR),
) -> Manifest:
    return Manifest(
        server_type=server_type,
        files=tuple(describe_file(name, content, layer) for name, content in files or ((NAME, CONTENT),)),
        not_before=valid[0],
        not_after=valid[1],
        serial=serial,
    )


def credential_for(
    *files: tuple[str, bytes],
    signer: Signer = SIGNER,
    server_type: int = 0,
    layer: int = 0,
    serial: int = 7,
    valid: tuple[datetime, datetime] = (NOW - YEAR, NOW + YEAR),
) -> bytes:
    """With a manifest; of NAME where no files are given."""
    manifest = manifest_for(*files, server_type=server_type, layer=layer, serial=serial, valid=valid)
    return sign(encode(manifest), signer, detached=False)


def trust(*anchors: Signer, policy: TrustPolicy = POLICY) -> TrustAnchors:
    return TrustAnchors([each.certificate for each in anchors or (ANCHOR,)], policy)


def altered(credential: bytes, alter: Callable[[asn1.SignedData], None]) -> bytes:
    """The credential after a change of its fields, in DER again and not signed anew."""
    info = asn1.ContentInfo.load(credential)
    alter(info["content"])
    changed: bytes = info.dump(force=True)
    return changed


def resigned(
    content: bytes, signer: Signer, *, hash_name: str = "sha256", attributes: Sequence[tuple[str, object]] | None = None
) -> bytes:
    """A credential with whatever hash and signed attributes, rightly signed by an EC or RSA key."""
    digest = hashlib.new(hash_name, content).digest()
    given = [("content_type", "data"), ("message_digest", digest)] if attributes is None else attributes
    signed_attributes = asn1.CMSAttributes([{"type": name, "values": [value]} for name, value in given])
    over = signed_attributes.dump() if given else content

    def alter(signed: asn1.SignedData) -> None:
        signed["digest_algorithms"] = [{"algorithm": hash_name}]
        info = signed["signer_infos"][0]
        info["digest_algorithm"] = {"algorithm": hash_name}
        info["signed_attrs"] = signed_attributes if given else None
        kind = "ecdsa" if isinstance(signer.key, ec.EllipticCurvePrivateKey) else "rsa"
        info["signature_algorithm"] = {"algorithm": f"{hash_name}_{kind}"}
        info["signature"] = raw_signature(signer.key, over, hash_name)

    return altered(sign(content, signer, detached=False), alter)


def raw_signature(key: PrivateKey, data: bytes, hash_name: str) -> bytes:
    digest = {"md5": hashes.MD5(), "sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}[
        hash_name
    ]
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(data, ec.ECDSA(digest))
        case rsa.RSAPrivateKey():
            return key.sign(data, padding.PKCS1v15(), digest)
        case _:
            return key.sign(data)


def in_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
