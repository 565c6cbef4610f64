"""Whether a server should offer the credential that lies beside a boot file."""

from __future__ import annotations

from cryptography import x509

from wireboot.credentials.certificates import credential_type_of
from wireboot.credentials.trust import DEFAULT_POLICY, TrustAnchors, TrustPolicy
from wireboot.protocols.pxe.credentials import CredentialRefused


def offered_credential(
    credential: bytes,
    boot_file_name: str,
    boot_file: bytes,
    anchor: x509.Certificate,
    policy: TrustPolicy = DEFAULT_POLICY,
) -> int | str:
    """The credential type (tag 12) to offer to clients that believe `anchor`, or why they would refuse it.

    Type and layer are left out: which of them lead to the file is a matter of the server's configuration.
    """
    try:
        TrustAnchors([anchor], policy).examine_file(credential, boot_file_name, boot_file)
    except CredentialRefused as refusal:
        return refusal.reason
    except ValueError as problem:
        return str(problem)
    return credential_type_of(anchor)
