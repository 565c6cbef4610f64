"""Which credentials a server offers: those that the clients it offers them to would take."""

from __future__ import annotations

from tests.support.credentials import (
    ANCHOR,
    CONTENT,
    NAME,
    NOW,
    POLICY,
    SIGNER,
    YEAR,
    authority,
    certificate,
    credential_for,
)
from wireboot.credentials.certificates import credential_type_of
from wireboot.credentials.offer import Offered, offered_credential
from wireboot.credentials.sign import sign


def offer(credential: bytes, name: str = NAME, content: bytes = CONTENT) -> Offered | str:
    return offered_credential(credential, name, content, ANCHOR.certificate, POLICY)


def test_a_good_credential_is_offered_by_its_anchors_type() -> None:
    assert offer(credential_for()) == Offered(credential_type_of(ANCHOR.certificate), 0, 0)
    anything = Offered(credential_type_of(ANCHOR.certificate), None, None)
    assert offer(sign(CONTENT, SIGNER, detached=True)) == anything


def test_it_is_offered_for_the_type_and_layer_that_it_is_bound_to() -> None:
    bound = Offered(credential_type_of(ANCHOR.certificate), 0x8001, 2)
    assert offer(credential_for(server_type=0x8001, layer=2)) == bound


def test_a_credential_of_an_older_boot_file_is_not_offered() -> None:
    assert offer(credential_for(), content=CONTENT[::-1]) == f"the SHA-256 of '{NAME}' is not the one in the manifest"


def test_a_credential_of_another_name_is_not_offered() -> None:
    assert "does not name 'x'" in str(offer(credential_for(), name="x"))


def test_an_expired_credential_is_not_offered() -> None:
    assert "expired" in str(offer(credential_for(valid=(NOW - 2 * YEAR, NOW - YEAR))))


def test_a_broken_credential_is_not_offered() -> None:
    assert "malformed" in str(offer(credential_for() + b"\0"))


def test_nothing_is_offered_for_what_is_no_anchor_of_it() -> None:
    other = authority("other").certificate
    assert "no path" in str(offered_credential(credential_for(), NAME, CONTENT, other, POLICY))
    no_authority = certificate("x", ca=False).certificate
    assert "CA:TRUE" in str(offered_credential(credential_for(), NAME, CONTENT, no_authority, POLICY))
