"""Where another server sends clients for their boot files: to this machine, or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Interface

from wireboot.migrate.report import Place, Report


def tell_next_server(text: str, place: Place, setting: str, own: Sequence[IPv4Interface], report: Report) -> None:
    """Wireboot names itself; what else stands there is for the operator to look at."""
    try:
        address = IPv4Address(text)
    except ValueError:
        address = None
    if address is not None and (address.is_unspecified or any(address == each.ip for each in own)):
        report.not_needed(place, setting, "wireboot names itself as the server of the boot files")
        return
    report.untranslated(
        place,
        setting,
        f"wireboot names itself as the server of the boot files, not {text}",
        "where wireboot will run there, nothing is to be done; otherwise copy the boot files from there into boot_dir",
    )
