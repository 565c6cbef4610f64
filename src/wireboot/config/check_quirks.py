"""Checks of quirks: that each can fit a client, and does something to it."""

from __future__ import annotations

from collections.abc import Iterator

from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.protocols.pxe.identity import PXE_CLASS
from wireboot.protocols.pxe.quirks import Effect


def quirks(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    dhcp4 = loaded.config.dhcp4
    for index, quirk in enumerate(loaded.config.quirks):
        where = ("quirks", index)
        if not quirk.vendor_class.startswith(PXE_CLASS) and not PXE_CLASS.startswith(quirk.vendor_class):
            what = f'quirk "{quirk.name}" fits nobody: the vendor class of a PXE client begins with {PXE_CLASS}'
            yield loaded.finding(Severity.WARNING, (*where, "vendor_class"), what, "leave it out, or begin it so")
        if Effect.SPLIT_OFFER_IGNORED in quirk.effects and dhcp4.mode == "proxy" and dhcp4.proxy_fallback is None:
            what = f'quirk "{quirk.name}": split-offer-ignored does nothing without addresses to lend'
            yield loaded.finding(Severity.NOTE, (*where, "effects"), what, "add [dhcp4.proxy_fallback]")


QUIRK_CHECKS = (quirks,)
