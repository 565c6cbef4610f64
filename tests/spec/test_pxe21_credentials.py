"""PXE 2.1 step 8, the authenticity test: which credential lets which boot file run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.credentials import (
    ANCHOR,
    CONTENT,
    IMAGE,
    NAME,
    NOW,
    POLICY,
    SIGNER,
    YEAR,
    altered,
    authority,
    certificate,
    credential_for,
    ec_key,
    in_asn1,
    key_usage,
    leaf,
    manifest_for,
    resigned,
    rsa_key,
    trust,
    with_chain,
)
from wireboot.credentials import cms
from wireboot.credentials.certificates import credential_type_of, key_digest
from wireboot.credentials.clock import Clock, ClockPolicy
from wireboot.credentials.manifest import encode
from wireboot.credentials.sign import PrivateKey, Signer, sign
from wireboot.credentials.trust import Profile, TrustAnchors, TrustPolicy
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused

GOOD = credential_for()
DETACHED = sign(CONTENT, SIGNER, detached=True)
PAST = (NOW - 2 * YEAR, NOW - YEAR)
FUTURE = (NOW + YEAR, NOW + 2 * YEAR)


def refusal(credential: bytes, image: BootImage = IMAGE, trusted: TrustAnchors | None = None) -> CredentialRefused:
    with pytest.raises(CredentialRefused) as refused:
        (trusted or trust()).verify(credential, image)
    return refused.value


def assert_refused(
    code: str, words: str, credential: bytes, image: BootImage = IMAGE, trusted: TrustAnchors | None = None
) -> None:
    refused = refusal(credential, image, trusted)
    assert refused.code == code
    assert words in refused.reason


# What vouches


def test_a_manifest_that_names_the_file_vouches_for_it() -> None:
    """PXE 2.1 §2.2.6: the credential says whether the image may run."""
    verified = trust().examine(GOOD, IMAGE)

    assert verified.profile is Profile.MANIFEST
    assert (verified.signer, verified.anchor) == (SIGNER.certificate, ANCHOR.certificate)
    assert verified.manifest == manifest_for()


def test_a_signature_over_the_image_vouches_for_its_bytes_alone() -> None:
    """PXE 2.1 §2.2.6: name, type and layer are not bound by it."""
    verified = trust().examine(DETACHED, replace(IMAGE, file_name="another", server_type=9, layer=3))
    assert (verified.profile, verified.manifest) == (Profile.IMAGE, None)


@pytest.mark.parametrize(
    "key",
    [
        ec_key(),
        ec.generate_private_key(ec.SECP384R1()),
        rsa_key(2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-256", "P-384", "RSA-2048", "Ed25519"],
)
@pytest.mark.parametrize("detached", [False, True])
def test_strong_keys_are_accepted(key: PrivateKey, detached: bool) -> None:
    """Ours: what takes the place of BIS's algorithms."""
    content = CONTENT if detached else encode(manifest_for())
    trust().verify(sign(content, leaf(ANCHOR, key=key), detached=detached), IMAGE)


def test_rsa_pss_is_accepted() -> None:
    """RFC 4056 §3."""
    key = rsa_key(2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    trust().verify(_pss(leaf(ANCHOR, key=key), key, "sha256"), IMAGE)


def test_rsa_pss_with_another_hash_inside_is_refused() -> None:
    """RFC 4056 §3: one hash for content, message and mask."""
    key = rsa_key(2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert_refused("PXE-E22", "RSA-PSS parameters", _pss(leaf(ANCHOR, key=key), key, "sha1"))


def _pss(signer: Signer, key: rsa.RSAPrivateKey, hash_name: str) -> bytes:
    def alter(signed: asn1.SignedData) -> None:
        info = signed["signer_infos"][0]
        over = b"\x31" + info["signed_attrs"].dump()[1:]
        mask = {"algorithm": "mgf1", "parameters": {"algorithm": hash_name}}
        info["signature_algorithm"] = {
            "algorithm": "rsassa_pss",
            "parameters": {"hash_algorithm": {"algorithm": hash_name}, "mask_gen_algorithm": mask, "salt_length": 32},
        }
        info["signature"] = key.sign(over, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())

    return altered(sign(encode(manifest_for()), signer, detached=False), alter)


@pytest.mark.parametrize(
    "asked", [f"/{NAME}", f"\\{NAME}".replace("/", "\\"), f"tftp://10.77.0.1/{NAME}", f"./{NAME}\xff"]
)
def test_spellings_of_a_name_are_one_name(asked: str) -> None:
    """Ours: firmware writes one file's name in several ways."""
    trust().verify(GOOD, replace(IMAGE, file_name=asked))


def test_one_credential_covers_several_files() -> None:
    """Ours: loader, kernel and initrd are signed at once."""
    credential = credential_for((NAME, CONTENT), ("linux", b"kernel"), ("initrd.gz", b"initrd"))
    for name, content in ((NAME, CONTENT), ("linux", b"kernel"), ("initrd.gz", b"initrd")):
        trust().verify(credential, BootImage(0, 0, name, content))


def test_one_of_several_anchors_is_enough() -> None:
    """PXE 2.1 §2.2.6: a client may accept several types."""
    trust(authority("elsewhere"), ANCHOR).verify(GOOD, IMAGE)


# The content


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", CONTENT[1:] + CONTENT[:1]])
def test_a_wrong_digest_is_refused(content: bytes) -> None:
    """PXE 2.1 §2.2.6: the image is not the one that was signed."""
    assert_refused("PXE-E22", "SHA-256", GOOD, replace(IMAGE, content=content))
    assert_refused("PXE-E22", "digest", DETACHED, replace(IMAGE, content=content))


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"\0", b""])
def test_a_wrong_size_is_refused(content: bytes) -> None:
    """Ours: the manifest says both size and digest."""
    assert_refused("PXE-E22", "bytes; the manifest says 1026", GOOD, replace(IMAGE, content=content))


def test_a_good_credential_of_another_file_is_refused() -> None:
    """Ours: swapped files; each credential is good where it belongs."""
    other = credential_for(("linux", b"kernel"))
    trust().verify(other, BootImage(0, 0, "linux", b"kernel"))
    assert_refused("PXE-E22", f"does not name '{NAME}'", other)


def test_right_content_under_another_name_is_refused() -> None:
    """Ours: the manifest binds name and content."""
    assert_refused("PXE-E22", "does not name 'debian/other.efi'", GOOD, replace(IMAGE, file_name="debian/other.efi"))
    assert_refused("PXE-E22", "does not name", GOOD, replace(IMAGE, file_name=NAME.upper()))


@pytest.mark.parametrize("name", ["", "../x", "C:\\x"])
def test_a_name_that_means_no_file_is_refused(name: str) -> None:
    """Ours: it can be in no manifest."""
    assert_refused("PXE-E22", "does not name", GOOD, replace(IMAGE, file_name=name))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (replace(IMAGE, layer=1), "at layer 0; layer 1 was asked for"),
        (replace(IMAGE, server_type=0x8001), "for type 0; type 32769 was asked for"),
    ],
)
def test_another_type_or_layer_is_refused(image: BootImage, words: str) -> None:
    """Ours: the manifest is bound to what the client asked for."""
    assert_refused("PXE-E22", words, GOOD, image)


def test_a_later_layer_and_another_type_have_a_manifest_of_their_own() -> None:
    """Ours: the manifest is bound to what the client asked for."""
    credential = credential_for(server_type=0x8001, layer=1)
    trust().verify(credential, replace(IMAGE, server_type=0x8001, layer=1))
    assert_refused("PXE-E22", "layer 0 was asked for", credential, replace(IMAGE, server_type=0x8001))


def test_a_manifest_is_not_run_as_an_image() -> None:
    """Ours: taken out of its credential it is rightly signed, and under the control of no compiler."""

    def detach(signed: asn1.SignedData) -> None:
        signed["encap_content_info"] = {"content_type": "data"}

    assert_refused(
        "PXE-E22", "the image is a manifest", altered(GOOD, detach), replace(IMAGE, content=encode(manifest_for()))
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        encode(manifest_for()).replace(b"manifest-1", b"manifest-2"),
        encode(manifest_for())[:-1],
        encode(manifest_for()).replace(b'"serial": 7', b'"serial": 7.0'),
        encode(manifest_for()).replace(b'"layer": 0', b'"layer": false'),
        encode(manifest_for()).replace(b'"serial": 7', b'"serial": 9, "serial": 7'),
        encode(manifest_for()).replace(b'"serial": 7', b'"serial": -7'),
        encode(manifest_for()).replace(NAME.encode(), b"../x"),
        encode(manifest_for()).replace(b"2026-03-01", b"2026-02-30"),
    ],
)
def test_a_signed_manifest_of_unknown_form_is_refused(content: bytes) -> None:
    """Ours: what is not understood vouches for nothing."""
    assert_refused("PXE-E21", "the signed manifest is malformed", sign(content, SIGNER, detached=False))


# Time


@pytest.mark.parametrize(
    ("valid", "words"), [(PAST, "the manifest expired"), (FUTURE, "the manifest is not valid before")]
)
def test_a_manifest_out_of_its_time_is_refused(valid: tuple[datetime, datetime], words: str) -> None:
    """Ours: an old release must not come back."""
    assert_refused("PXE-E22", words, credential_for(valid=valid))


def test_an_expired_signer_is_refused() -> None:
    """RFC 5280 §6.1.3 (a) (2): validity of each certificate."""
    assert_refused("PXE-E22", "certificate 'CN=signer' expired", credential_for(signer=leaf(ANCHOR, valid=PAST)))


def test_a_signer_of_the_future_is_refused() -> None:
    """RFC 5280 §6.1.3 (a) (2): validity of each certificate."""
    assert_refused("PXE-E22", "is not valid before", credential_for(signer=leaf(ANCHOR, valid=FUTURE)))


def test_an_expired_anchor_is_refused() -> None:
    """Ours: an anchor has its time too."""
    old = certificate("old", ca=True, usage=key_usage("key_cert_sign"), valid=PAST)
    assert_refused("PXE-E22", "certificate 'CN=old' expired", credential_for(signer=leaf(old)), trusted=trust(old))


def test_a_clock_that_was_reset_can_be_held_to_a_floor() -> None:
    """Ours: nothing is too early for it, and what ended before the floor stays over."""
    policy = TrustPolicy(clock=Clock(ClockPolicy.FLOOR, read=lambda: 0.0, floor=NOW))
    trust(policy=policy).verify(GOOD, IMAGE)
    trust(policy=policy).verify(credential_for(valid=FUTURE), IMAGE)
    assert_refused("PXE-E22", "the manifest expired", credential_for(valid=PAST), trusted=trust(policy=policy))


def test_times_can_be_ignored_by_choice() -> None:
    """Ours: some machines have no clock."""
    policy = TrustPolicy(clock=Clock(ClockPolicy.IGNORE))
    verified = trust(policy=policy).examine(credential_for(signer=leaf(ANCHOR, valid=PAST), valid=PAST), IMAGE)
    assert verified.clock_policy is ClockPolicy.IGNORE


def test_both_ends_of_a_period_belong_to_it() -> None:
    """Ours: of a manifest as of a certificate (RFC 5280 §4.1.2.5)."""
    trust().verify(credential_for(valid=(NOW, NOW)), IMAGE)


def test_an_outdated_serial_is_refused() -> None:
    """Ours: an old release must not come back."""
    trust(policy=replace(POLICY, serial_min=7)).verify(GOOD, IMAGE)
    newer = trust(policy=replace(POLICY, serial_min=8))
    assert_refused("PXE-E22", "outdated: serial 7", GOOD, trusted=newer)
    assert_refused("PXE-E22", "it has no serial", DETACHED, trusted=newer)


# The file


@pytest.mark.parametrize("size", [0, 1, 2, 40, len(GOOD) // 2, len(GOOD) - 1])
def test_a_truncated_credential_is_refused(size: int) -> None:
    """Ours: each of its bytes counts."""
    assert_refused("PXE-E21", "cut short", GOOD[:size])


def test_trailing_bytes_are_refused() -> None:
    """Ours: each of its bytes counts."""
    assert_refused("PXE-E21", "bytes follow its end", GOOD + b"\0")


def test_a_credential_that_is_too_large_is_refused_unread() -> None:
    """Ours: its reader's time is bounded."""
    assert_refused("PXE-E21", "262145 bytes", bytes(cms.SIZE_BYTES_MAX + 1))


@pytest.mark.parametrize(
    "content", [b"-----BEGIN CMS-----\n", CONTENT, b"\x30\x80\x00\x00", b"\x30\x03\x06\x01\x00", b"\x1f\x81\x01\x00"]
)
def test_what_is_no_cms_is_refused(content: bytes) -> None:
    """RFC 5652 §3: a ContentInfo, and nothing else."""
    assert refusal(content).code == "PXE-E21"


def test_ber_is_refused() -> None:
    """X.690 §10.1: the same values, with one length in a longer form than needed."""
    assert GOOD[1] == 0x82
    assert_refused("PXE-E21", "not in DER", b"\x30\x83\x00" + GOOD[2:])
    assert_refused("PXE-E21", "not in DER", b"\x30\x80" + GOOD[4:] + b"\0\0")


def test_nesting_and_identifiers_are_bounded() -> None:
    """Ours: else a file of the allowed size could keep its reader busy for seconds."""
    nested = b""
    for _ in range(40):
        nested = b"\x30" + bytes([len(nested)]) + nested
    assert_refused("PXE-E21", "levels deep", nested)
    for tag in (b"\x06", b"\x88"):
        identifier = tag + b"\x83" + (250_000).to_bytes(3, "big") + b"\x2a" + b"\xff" * 249_998 + b"\x7f"
        credential = b"\x30\x83" + len(identifier).to_bytes(3, "big") + identifier
        assert_refused("PXE-E21", "identifier of 250000 bytes", credential)


def test_a_content_that_is_not_signed_data_is_refused() -> None:
    """RFC 5652 §5.1: SignedData, and no other content."""
    info = asn1.ContentInfo({"content_type": "data", "content": b"x"})
    assert_refused("PXE-E21", "not SignedData", info.dump())


def _two_signers(signed: asn1.SignedData) -> None:
    again = signed["signer_infos"][0].copy()
    again["signature"] = b"another"
    signed["signer_infos"].append(again)


def _no_signer(signed: asn1.SignedData) -> None:
    signed["signer_infos"] = []


def _no_certificate(signed: asn1.SignedData) -> None:
    signed["certificates"] = None


def _many_certificates(signed: asn1.SignedData) -> None:
    signed["certificates"] = [in_asn1(leaf(ANCHOR).certificate) for _ in range(cms.CERTIFICATES_MAX + 1)]


def _certificate_of_another(signed: asn1.SignedData) -> None:
    signed["certificates"] = [in_asn1(leaf(ANCHOR).certificate)]


def _unsigned_attributes(signed: asn1.SignedData) -> None:
    signed["signer_infos"][0]["unsigned_attrs"] = [{"type": "message_digest", "values": [b"x"]}]


def _another_version(signed: asn1.SignedData) -> None:
    signed["version"] = "v3"


def _more_digest_algorithms(signed: asn1.SignedData) -> None:
    signed["digest_algorithms"] = [{"algorithm": "sha256"}, {"algorithm": "sha512"}]


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (_two_signers, "2 signers"),
        (_no_signer, "0 signers"),
        (_no_certificate, "0 certificates"),
        (_many_certificates, "9 certificates"),
        (_certificate_of_another, "certificate of its signer is missing"),
        (_unsigned_attributes, "unsigned attributes"),
        (_another_version, "version"),
        (_more_digest_algorithms, "digest algorithms"),
    ],
)
def test_another_form_of_signed_data_is_refused(alter: Callable[[asn1.SignedData], None], words: str) -> None:
    """RFC 5652 §5.1 allows most of it; we do not."""
    assert_refused("PXE-E21", words, altered(GOOD, alter))


def _negative_serial(signed: asn1.SignedData) -> None:
    signed["certificates"][0].chosen["tbs_certificate"]["serial_number"] = -1


def test_a_certificate_whose_serial_is_not_positive_is_refused() -> None:
    """RFC 5280 §4.1.2.2."""
    assert_refused("PXE-E21", "not positive", altered(GOOD, _negative_serial))


@pytest.mark.parametrize("name", [b"\x13\x06s@gner", b"\x14\x06s\xffgner"])
def test_a_certificate_with_a_malformed_name_is_refused(name: bytes) -> None:
    """X.690 §8.23: letters that the kind of string does not have."""
    assert refusal(GOOD.replace(b"\x0c\x06signer", name)).code == "PXE-E21"


def test_bits_behind_the_signature_of_a_certificate_are_refused() -> None:
    """RFC 5280 §4.1.1.3: a signature is whole bytes. DER alone would let it end within one, and nothing signs that."""
    signers = (leaf(ANCHOR) for _ in range(100))
    signer = next(each for each in signers if each.certificate.signature[-1] & 1 == 0)
    signature = signer.certificate.signature
    credential = credential_for(signer=signer)
    shorter = credential.replace(b"\0" + signature, b"\1" + signature)
    assert shorter != credential
    assert_refused("PXE-E21", "not in DER", shorter)


# The signature


@pytest.mark.parametrize("hash_name", ["md5", "sha1"])
def test_broken_hashes_are_refused(hash_name: str) -> None:
    """Ours: what PXE 2.1's own credentials rest on."""
    credential = resigned(encode(manifest_for()), leaf(ANCHOR, key=rsa_key(2048)), hash_name=hash_name)
    assert_refused("PXE-E22", f"digest algorithm {hash_name}", credential)


def test_a_stronger_hash_is_accepted() -> None:
    """Ours: SHA-256 is the least."""
    trust().verify(resigned(encode(manifest_for()), SIGNER, hash_name="sha512"), IMAGE)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (rsa_key(1024), "an RSA key of 1024 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "curve secp256k1"),
        (ec.generate_private_key(ec.SECP521R1()), "curve secp521r1"),
    ],
)
def test_keys_that_are_weak_or_unknown_are_refused(key: PrivateKey, words: str) -> None:
    """Ours: what takes the place of BIS's algorithms."""
    assert_refused("PXE-E22", words, credential_for(signer=leaf(ANCHOR, key=key)))


def test_a_signature_by_another_key_is_refused() -> None:
    """RFC 5652 §5.6: the signature is checked with the signer's key."""
    impostor = Signer(ec_key(), SIGNER.certificate)
    assert_refused("PXE-E22", "the signature is not by the key of 'CN=signer'", credential_for(signer=impostor))


def test_content_that_was_exchanged_is_refused() -> None:
    """RFC 5652 §5.6: the digest is of the content that is there."""

    def exchange(signed: asn1.SignedData) -> None:
        signed["encap_content_info"] = {"content_type": "data", "content": encode(manifest_for(serial=8))}

    assert_refused("PXE-E22", "signed digest", altered(GOOD, exchange))


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ([], "no signed attributes"),
        ([("content_type", "data")], "no single message_digest"),
        ([("message_digest", b"x" * 32)], "no single content_type"),
        ([("content_type", "signed_data"), ("message_digest", b"x" * 32)], "signed content type"),
        ([("content_type", "data"), ("message_digest", b"x"), ("message_digest", b"y")], "stands twice"),
    ],
)
def test_signed_attributes_are_all_there_once(attributes: list[tuple[str, object]], words: str) -> None:
    """RFC 5652 §5.3, §11.1, §11.2."""
    assert_refused("PXE-E21", words, resigned(encode(manifest_for()), SIGNER, attributes=attributes))


def test_signed_attributes_with_a_wrong_digest_are_refused() -> None:
    """RFC 5652 §5.6."""
    attributes = [("content_type", "data"), ("message_digest", bytes(32))]
    assert_refused("PXE-E22", "signed digest", resigned(encode(manifest_for()), SIGNER, attributes=attributes))


# The path to an anchor


def test_a_chain_with_an_intermediate_is_accepted() -> None:
    """RFC 5280 §6.1: a path from anchor to signer."""
    between = authority("between", ANCHOR)
    trust().verify(credential_for(signer=with_chain(leaf(between), between)), IMAGE)


def test_the_anchor_itself_may_be_in_the_credential() -> None:
    """RFC 5652 §5.1: certificates may hold more than is needed."""
    trust().verify(credential_for(signer=with_chain(SIGNER, ANCHOR)), IMAGE)


def test_a_missing_intermediate_is_refused() -> None:
    """RFC 5280 §6.1: a path has no gap."""
    between = authority("between", ANCHOR)
    assert_refused("PXE-E22", "no path of certificates", credential_for(signer=leaf(between)))


def test_an_intermediate_that_is_no_authority_is_refused() -> None:
    """RFC 5280 §6.1.4 (k): CA:FALSE issues nothing."""
    between = certificate("between", ANCHOR, ca=False, usage=key_usage("key_cert_sign", "digital_signature"))
    assert_refused("PXE-E22", "CA:TRUE", credential_for(signer=with_chain(leaf(between), between)))


def test_an_intermediate_without_basic_constraints_is_refused() -> None:
    """RFC 5280 §6.1.4 (k): who does not say so issues nothing."""
    between = certificate("between", ANCHOR, usage=key_usage("key_cert_sign"))
    assert_refused("PXE-E22", "CA:TRUE", credential_for(signer=with_chain(leaf(between), between)))


@pytest.mark.parametrize("usage", [None, key_usage("digital_signature", "crl_sign")])
def test_an_intermediate_whose_key_usage_is_not_to_issue_is_refused(usage: x509.KeyUsage | None) -> None:
    """RFC 5280 §6.1.4 (n)."""
    between = certificate("between", ANCHOR, ca=True, usage=usage)
    assert_refused("PXE-E22", "keyCertSign", credential_for(signer=with_chain(leaf(between), between)))


def test_an_intermediate_for_another_purpose_is_refused() -> None:
    """Ours: an authority's purposes bound those it issues for."""
    between = certificate(
        "between", ANCHOR, ca=True, usage=key_usage("key_cert_sign"), purposes=[ExtendedKeyUsageOID.SERVER_AUTH]
    )
    assert_refused("PXE-E22", "extended key usage", credential_for(signer=with_chain(leaf(between), between)))


def test_a_path_longer_than_an_authority_allows_is_refused() -> None:
    """RFC 5280 §6.1.4 (l), (m)."""
    short = authority("short", path_length=0)
    between = authority("between", short)
    trust(short).verify(credential_for(signer=leaf(short)), IMAGE)
    assert_refused(
        "PXE-E22",
        "allows 0 intermediates",
        credential_for(signer=with_chain(leaf(between), between)),
        trusted=trust(short),
    )


@pytest.mark.parametrize(("count", "accepted"), [(4, True), (5, False)])
def test_a_path_has_at_most_four_intermediates(count: int, accepted: bool) -> None:
    """Ours: its reader's time is bounded."""
    chain = [ANCHOR]
    for at in range(count):
        chain.append(authority(f"between {at}", chain[-1]))
    credential = credential_for(signer=with_chain(leaf(chain[-1]), *chain[1:]))
    if accepted:
        trust().verify(credential, IMAGE)
    else:
        assert_refused("PXE-E22", "no path", credential)


def test_certificates_that_issue_each_other_end_the_search() -> None:
    """Ours: one key and name under seven certificates; every order of them is a path."""
    key = ec_key()
    ring = certificate("ring", key=key, ca=True, usage=key_usage("key_cert_sign"))
    many = [certificate("ring", ring, key=key, ca=True, usage=key_usage("key_cert_sign")) for _ in range(7)]
    assert_refused("PXE-E22", "no path", credential_for(signer=with_chain(leaf(ring), *many)))


def test_an_authority_of_the_anchors_name_is_not_the_anchor() -> None:
    """RFC 5280 §6.1.3 (a) (1): the key counts, not the name."""
    impostor = authority("anchor")
    assert impostor.certificate.subject == ANCHOR.certificate.subject
    for signer in (leaf(impostor), with_chain(leaf(impostor), impostor)):
        assert_refused("PXE-E22", "no path", credential_for(signer=signer))


def test_a_self_signed_signer_is_refused() -> None:
    """RFC 5280 §6.1: a path begins at an anchor."""
    alone = certificate(
        "alone", ca=True, usage=key_usage("digital_signature"), purposes=[ExtendedKeyUsageOID.CODE_SIGNING]
    )
    assert_refused("PXE-E22", "no path", credential_for(signer=alone))


def test_a_certificate_that_leads_nowhere_is_refused() -> None:
    """Ours: no part of a credential goes unjudged."""
    stray = authority("stray")
    assert_refused("PXE-E22", "'CN=stray' is in the credential but", credential_for(signer=with_chain(SIGNER, stray)))


@pytest.mark.parametrize(
    "purposes", [(), (ExtendedKeyUsageOID.EMAIL_PROTECTION,), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)]
)
def test_a_signer_for_another_purpose_is_refused(purposes: tuple[x509.ObjectIdentifier, ...]) -> None:
    """RFC 5280 §4.2.1.12: it must be for signing code."""
    assert_refused("PXE-E22", "extended key usage", credential_for(signer=leaf(ANCHOR, purposes=purposes)))


def test_the_purpose_can_be_a_private_one() -> None:
    """RFC 5280 §4.2.1.12: purposes may be defined by any organisation."""
    private = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")
    trusted = trust(policy=replace(POLICY, purpose=private))
    trusted.verify(credential_for(signer=leaf(ANCHOR, purposes=[private])), IMAGE)
    assert_refused("PXE-E22", "extended key usage", GOOD, trusted=trusted)


def test_a_signer_whose_key_usage_is_not_to_sign_is_refused() -> None:
    """RFC 5280 §4.2.1.3: digitalSignature."""
    signer = leaf(ANCHOR, usage=key_usage("key_agreement"))
    assert_refused("PXE-E22", "digitalSignature", credential_for(signer=signer))
    without = certificate("without", ANCHOR, ca=False, purposes=[ExtendedKeyUsageOID.CODE_SIGNING])
    assert_refused("PXE-E22", "digitalSignature", credential_for(signer=without))


@pytest.mark.parametrize(
    "extension",
    [
        x509.NameConstraints(None, [x509.DNSName("example.org")]),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00"),
    ],
)
def test_a_critical_extension_that_is_not_understood_is_refused(extension: x509.ExtensionType) -> None:
    """RFC 5280 §4.2."""
    signer = leaf(ANCHOR, extra=[(extension, True)])
    assert_refused("PXE-E22", "critical extension", credential_for(signer=signer))


def test_an_extension_that_is_not_critical_does_no_harm() -> None:
    """RFC 5280 §4.2: it may be ignored."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")
    trust().verify(credential_for(signer=leaf(ANCHOR, extra=[(unknown, False)])), IMAGE)


def test_a_certificate_signed_with_another_hash_is_refused() -> None:
    """Ours: SHA-2 alone, in certificates too."""
    signer = certificate(
        "signer",
        ANCHOR,
        ca=False,
        usage=key_usage("digital_signature"),
        purposes=[ExtendedKeyUsageOID.CODE_SIGNING],
        signed_with=hashes.SHA3_256(),
    )
    assert_refused("PXE-E22", "is signed with sha3-256", credential_for(signer=signer))


def test_a_pinned_key_is_the_only_one() -> None:
    """Ours: a pin goes before the path."""
    pinned = trust(policy=replace(POLICY, key_pins=frozenset({key_digest(SIGNER.certificate)})))
    pinned.verify(GOOD, IMAGE)
    assert_refused("PXE-E22", "pinned", credential_for(signer=leaf(ANCHOR)), trusted=pinned)


# Tag 12


def test_a_credential_type_is_the_start_of_the_anchors_key_digest_with_the_top_bit_set() -> None:
    """PXE 2.1 §2.2.4 tag 12: 32 bits, of which BIS took 41 and 42 for algorithms."""
    digest = key_digest(ANCHOR.certificate)
    assert credential_type_of(ANCHOR.certificate) == int.from_bytes(digest[:4], "big") | 0x80000000


def test_a_client_asks_for_one_type_an_anchor() -> None:
    """PXE 2.1 §2.2.6: the types that it accepts."""
    other = authority("other")
    asked = trust(ANCHOR, other, ANCHOR).credential_types
    assert asked == (credential_type_of(ANCHOR.certificate), credential_type_of(other.certificate))
