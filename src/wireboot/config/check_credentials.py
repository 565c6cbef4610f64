"""Checks of credentials: that each vouches for its boot file as it is now."""

from __future__ import annotations

from collections.abc import Iterator

from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig


def credentials(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    for index, credential in enumerate(loaded.config.credentials):
        if (fault := host.credential_fault(credential)) is not None:
            what = f"the credential of {credential.boot_file} is not offered: {fault}"
            remedy = "make it anew with `wireboot credential sign`; `wireboot credential verify` tells more"
            yield loaded.finding(Severity.WARNING, ("credentials", index, "boot_file"), what, remedy)


CREDENTIAL_CHECKS = (credentials,)
