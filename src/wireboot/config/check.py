"""Whether a configuration can work on this machine: everything that one value alone does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wireboot.config.check_boot import BOOT_CHECKS
from wireboot.config.check_classes import CLASS_CHECKS
from wireboot.config.check_credentials import CREDENTIAL_CHECKS
from wireboot.config.check_lease_times import LEASE_TIME_CHECKS
from wireboot.config.check_menus import MENU_CHECKS
from wireboot.config.check_multicast import MULTICAST_CHECKS
from wireboot.config.check_quirks import QUIRK_CHECKS
from wireboot.config.check_reservations import RESERVATION_CHECKS
from wireboot.config.check_services import SERVICE_CHECKS
from wireboot.config.check_subnets import SUBNET_CHECKS
from wireboot.config.findings import Finding, sorted_by_place
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.config.not_yet import keys_without_effect

Check = Callable[[LoadedConfig, HostFacts], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    *SERVICE_CHECKS,
    *SUBNET_CHECKS,
    *RESERVATION_CHECKS,
    *CLASS_CHECKS,
    *LEASE_TIME_CHECKS,
    *BOOT_CHECKS,
    *MENU_CHECKS,
    *MULTICAST_CHECKS,
    *CREDENTIAL_CHECKS,
    *QUIRK_CHECKS,
    keys_without_effect,
)


def check(loaded: LoadedConfig, host: HostFacts) -> list[Finding]:
    """Every finding, in the order of the file. Errors mean that wireboot should not start."""
    return sorted_by_place([finding for each in CHECKS for finding in each(loaded, host)])
