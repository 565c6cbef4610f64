"""What holds for credentials whatever is done to them: they vouch for what was signed, or are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.credentials import (
    ANCHOR,
    CONTENT,
    IMAGE,
    NOW,
    SIGNER,
    altered,
    authority,
    credential_for,
    leaf,
    rsa_key,
    trust,
    with_chain,
)
from wireboot.credentials.manifest import Manifest, ManifestFile, decode, encode
from wireboot.credentials.sign import sign
from wireboot.errors import DecodeError
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused

BETWEEN = authority("between", ANCHOR)
CREDENTIALS = {
    "manifest": credential_for(),
    "image": sign(CONTENT, SIGNER, detached=True),
    "chain": credential_for(signer=with_chain(leaf(BETWEEN), BETWEEN, ANCHOR)),
    "RSA": credential_for(signer=leaf(ANCHOR, key=rsa_key(2048))),
    "Ed25519": credential_for(signer=leaf(ANCHOR, key=ed25519.Ed25519PrivateKey.generate())),
}
TRUST = trust()
texts = st.text(st.characters(exclude_categories=["C"], exclude_characters="\\/:"), min_size=1, max_size=8).map(
    lambda text: f"x{text}x"
)
files = st.builds(
    ManifestFile,
    texts,
    st.integers(0, 0x7FFF),
    st.integers(0, 2**40),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
)
manifests = st.builds(
    Manifest,
    st.integers(0, 0xFFFF),
    st.lists(files, min_size=1, max_size=5, unique_by=lambda file: file.name).map(tuple),
    st.integers(0, 10**9).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    st.integers(0, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.integers(0, 2**63 - 1),
)


def vouches(credential: bytes, image: BootImage = IMAGE) -> bool:
    try:
        TRUST.verify(credential, image)
    except CredentialRefused as refusal:
        said = refusal
    else:
        return True
    assert said.code in {"PXE-E21", "PXE-E22"}
    assert said.reason
    return False


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_each_of_them_vouches(kind: str) -> None:
    assert vouches(CREDENTIALS[kind])


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_no_byte_of_a_credential_is_free_to_change(kind: str) -> None:
    """Each byte once, and another bit in each."""
    credential = CREDENTIALS[kind]
    unnoticed = [
        at
        for at in range(len(credential))
        if vouches(credential[:at] + bytes([credential[at] ^ 1 << at % 8]) + credential[at + 1 :])
    ]
    assert unnoticed == []


@settings(max_examples=500)
@given(st.sampled_from(list(CREDENTIALS)), st.data())
def test_no_changed_byte_of_a_credential_goes_unnoticed(kind: str, data: st.DataObject) -> None:
    credential = bytearray(CREDENTIALS[kind])
    at = data.draw(st.integers(0, len(credential) - 1))
    credential[at] ^= data.draw(st.integers(1, 255))
    assert not vouches(bytes(credential))


@settings(max_examples=300)
@given(st.sampled_from(list(CREDENTIALS)), st.data())
def test_no_lost_repeated_or_strange_bytes_go_unnoticed(kind: str, data: st.DataObject) -> None:
    credential = CREDENTIALS[kind]
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(credential))] * 2)))
    changed = credential[:start] + data.draw(st.binary(max_size=20)) + credential[end:]
    assert vouches(changed) == (changed == credential)


@given(st.sampled_from(list(CREDENTIALS)), st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_no_changed_byte_of_an_image_goes_unnoticed(kind: str, at: int, change: int) -> None:
    content = bytearray(CONTENT)
    content[at] ^= change
    assert not vouches(CREDENTIALS[kind], replace(IMAGE, content=bytes(content)))


@given(st.binary(max_size=600), st.binary(max_size=50), st.text(max_size=20))
def test_arbitrary_bytes_vouch_for_nothing(credential: bytes, content: bytes, name: str) -> None:
    assert not vouches(credential, BootImage(0, 0, name, content))
    assert not vouches(CREDENTIALS["manifest"], BootImage(0, 0, name, content))


@given(st.binary(max_size=300))
def test_arbitrary_content_of_a_credential_vouches_for_nothing(content: bytes) -> None:
    assert not vouches(sign(content, SIGNER, detached=False))


def test_no_length_that_is_promised_makes_a_reader_wait() -> None:
    """4 GiB announced in seven bytes; and brackets in brackets, as deep as the size allows."""
    assert not vouches(b"\x30\x84\xff\xff\xff\xff\x00")
    assert not vouches(b"\x30\x80" * 100_000)
    assert not vouches(altered(CREDENTIALS["manifest"], lambda _: None)[:20] + b"\xa0\x82\x00\x04" * 60_000)


@given(manifests)
def test_a_manifest_is_read_back_as_written(manifest: Manifest) -> None:
    assert encode(decode(encode(manifest))) == encode(manifest)
    assert decode(encode(manifest)).files == manifest.files


@given(st.one_of(st.binary(max_size=200), manifests.map(encode)), st.data())
def test_any_bytes_are_a_manifest_or_a_decode_error(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content)))
    content = content[:at] + data.draw(st.binary(max_size=2)) + content[at:]
    try:
        manifest = decode(content)
    except DecodeError:
        return
    assert encode(manifest) == content
