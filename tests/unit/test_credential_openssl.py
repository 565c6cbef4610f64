"""Credentials between wireboot and OpenSSL: each takes what the other made."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.requirements import require
from wireboot.credentials.files import PRIVATE, write_whole
from wireboot.credentials.keys import KeyKind, certificate_pem, key_pem, make_anchor, make_signer
from wireboot.credentials.manifest import Manifest, describe_file, encode
from wireboot.credentials.sign import Signer, sign
from wireboot.credentials.trust import TrustAnchors
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused

# Line ends as OpenSSL would rewrite them, were it not told that this is no mail.
CONTENT = b"MZ\n\r\nboot program\n" + bytes(range(256))
IMAGE = BootImage(0, 0, "x.efi", CONTENT)
NOW = datetime.now(UTC).replace(microsecond=0)
KINDS = [KeyKind.EC_P256, KeyKind.RSA_3072]
"""OpenSSL 3.0 knows no Ed25519 in CMS."""

pytestmark = pytest.mark.usefixtures("_openssl")


@pytest.fixture
def _openssl() -> None:
    require("openssl")


def openssl(folder: Path, arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments.split()], cwd=folder, capture_output=True, timeout=60, check=False)


def keys_in(folder: Path, kind: KeyKind) -> tuple[Signer, Signer]:
    anchor = make_anchor("anchor", kind, NOW, 30)
    signer = make_signer("signer", kind, anchor, NOW, 30)
    for name, each in (("anchor", anchor), ("signer", signer)):
        write_whole(folder / f"{name}.pem", certificate_pem(each.certificate), PRIVATE, replace=False)
        write_whole(folder / f"{name}.key", key_pem(each.key), PRIVATE, replace=False)
    (folder / "x.efi").write_bytes(CONTENT)
    return anchor, signer


def manifest() -> bytes:
    return encode(Manifest(0, (describe_file("x.efi", CONTENT),), NOW, NOW.replace(year=NOW.year + 1), 1))


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_verifies_a_manifest(tmp_path: Path, kind: KeyKind) -> None:
    _, signer = keys_in(tmp_path, kind)
    (tmp_path / "c").write_bytes(sign(manifest(), signer, detached=False))

    ran = openssl(tmp_path, "cms -verify -inform DER -in c -CAfile anchor.pem -purpose any -binary")

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == manifest()


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_verifies_a_signature_over_the_image(tmp_path: Path, kind: KeyKind) -> None:
    _, signer = keys_in(tmp_path, kind)
    (tmp_path / "c").write_bytes(sign(CONTENT, signer, detached=True))
    command = "cms -verify -inform DER -in c -CAfile anchor.pem -purpose any -binary -content x.efi"

    assert openssl(tmp_path, command).returncode == 0
    (tmp_path / "x.efi").write_bytes(CONTENT + b"\0")
    assert openssl(tmp_path, command).returncode != 0


def test_openssl_refuses_another_anchor(tmp_path: Path) -> None:
    """Else the tests above would say nothing."""
    _, signer = keys_in(tmp_path, KeyKind.EC_P256)
    other = make_anchor("anchor", KeyKind.EC_P256, NOW, 30)
    (tmp_path / "other.pem").write_bytes(certificate_pem(other.certificate))
    (tmp_path / "c").write_bytes(sign(manifest(), signer, detached=False))

    ran = openssl(tmp_path, "cms -verify -inform DER -in c -CAfile other.pem -purpose any -binary")

    assert ran.returncode != 0


SIGN = "cms -sign -in x.efi -binary -outform DER -signer signer.pem -inkey signer.key -out c"


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_that_openssl_made_over_the_image_is_taken(tmp_path: Path, kind: KeyKind) -> None:
    anchor, _ = keys_in(tmp_path, kind)
    ran = openssl(tmp_path, f"{SIGN} -md sha256")
    assert ran.returncode == 0, ran.stderr
    TrustAnchors([anchor.certificate]).verify((tmp_path / "c").read_bytes(), IMAGE)


def test_rsa_pss_by_openssl_is_taken(tmp_path: Path) -> None:
    anchor, _ = keys_in(tmp_path, KeyKind.RSA_3072)
    ran = openssl(tmp_path, f"{SIGN} -md sha256 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest")
    assert ran.returncode == 0, ran.stderr
    TrustAnchors([anchor.certificate]).verify((tmp_path / "c").read_bytes(), IMAGE)


def test_a_signer_named_by_its_key_is_taken(tmp_path: Path) -> None:
    """RFC 5652 §5.3: version 3, and a subject key identifier in place of issuer and serial number."""
    anchor, _ = keys_in(tmp_path, KeyKind.EC_P256)
    assert openssl(tmp_path, f"{SIGN} -md sha256 -keyid").returncode == 0
    TrustAnchors([anchor.certificate]).verify((tmp_path / "c").read_bytes(), IMAGE)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("-md sha1", "PXE-E22", "sha1"),
        ("-md sha256 -noattr", "PXE-E21", "no signed attributes"),
        ("-md sha256 -nocerts", "PXE-E21", "0 certificates"),
        ("-md sha256 -signer anchor.pem -inkey anchor.key", "PXE-E21", "2 signers"),
        ("-md sha256 -stream -nodetach", "PXE-E21", "not in DER"),
        ("-md sha256 -nodetach", "PXE-E21", "the signed manifest is malformed"),
    ],
)
def test_other_forms_by_openssl_are_refused(tmp_path: Path, options: str, code: str, words: str) -> None:
    anchor, _ = keys_in(tmp_path, KeyKind.EC_P256)
    ran = openssl(tmp_path, f"{SIGN} {options}")
    assert ran.returncode == 0, ran.stderr
    with pytest.raises(CredentialRefused) as refused:
        TrustAnchors([anchor.certificate]).verify((tmp_path / "c").read_bytes(), IMAGE)
    assert refused.value.code == code
    assert words in refused.value.reason
