"""Whether a server should offer the credential that lies beside a boot file."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from wireboot.credentials.certificates import credential_type_of
from wireboot.credentials.trust import DEFAULT_POLICY, TrustAnchors, TrustPolicy
from wireboot.protocols.pxe.credentials import CredentialRefused, boot_file_path


@dataclass(frozen=True, slots=True)
class Offered:
    """A credential that clients would accept, and for which of them."""

    credential_type: int
    """Of those that believe the anchor (tag 12)."""
    server_type: int | None
    """The Boot Server type that it is bound to; None: any."""
    layer: int | None
    """The layer that it is bound to; None: any."""


def offered_credential(
    credential: bytes,
    boot_file_name: str,
    boot_file: bytes,
    anchor: x509.Certificate,
    policy: TrustPolicy = DEFAULT_POLICY,
) -> Offered | str:
    """What to offer to clients that believe `anchor`, or why they would refuse it."""
    try:
        verified = TrustAnchors([anchor], policy).examine_file(credential, boot_file_name, boot_file)
    except CredentialRefused as refusal:
        return refusal.reason
    except ValueError as problem:
        return str(problem)
    manifest = verified.manifest
    if manifest is None:
        return Offered(credential_type_of(anchor), None, None)
    entry = manifest.file(boot_file_path(boot_file_name) or "")
    assert entry is not None, boot_file_name
    return Offered(credential_type_of(anchor), manifest.server_type, entry.layer)
