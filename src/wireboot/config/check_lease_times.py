"""Checks of lease times and of the share that is kept for known machines."""

from __future__ import annotations

from collections.abc import Iterator

from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.config.model_dhcp4 import Dhcp4Subnet
from wireboot.config.positions import KeyPath

ERROR, WARNING, NOTE = Severity

LEASE_TIME_S_MIN = 60
LEASE_TIME_S_MAX = 365 * 24 * 3600
"""Outside of these a lease time is more likely a slip than a wish."""


def lease_times(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    for where, key, seconds in _times(loaded):
        if seconds < LEASE_TIME_S_MIN:
            what = f"{key} = {seconds}: clients renew every {seconds / 2:g} seconds"
            yield loaded.finding(WARNING, where, what, "3600 is an hour, and common")
        elif seconds > LEASE_TIME_S_MAX:
            what = f"{key} = {seconds}: addresses of machines that are gone stay taken for years"
            yield loaded.finding(WARNING, where, what, "86400 is a day")
    for index, subnet in enumerate(loaded.config.dhcp4.subnets):
        yield from _in_order(loaded, ("dhcp4", "subnets", index), subnet)


def _times(loaded: LoadedConfig) -> Iterator[tuple[KeyPath, str, int]]:
    dhcp4 = loaded.config.dhcp4
    for index, subnet in enumerate(dhcp4.subnets):
        for key in ("lease_time_s", "lease_time_max_s"):
            if (seconds := getattr(subnet, key)) is not None:
                yield ("dhcp4", "subnets", index, key), key, seconds
    for index, each in enumerate(dhcp4.classes):
        if each.lease_time_s is not None:
            yield ("dhcp4", "classes", index, "lease_time_s"), "lease_time_s", each.lease_time_s
    if dhcp4.proxy_fallback is not None:
        yield ("dhcp4", "proxy_fallback", "lease_time_s"), "lease_time_s", dhcp4.proxy_fallback.lease_time_s


# Which is the shorter of two, and whether both may be the same: limits may, but to renew and to rebind takes time
# (RFC 2131 §4.4.5). The finding stands at the one that is named first.
# fmt: off
_IN_ORDER = (
    ("lease_time_min_s", "lease_time_min_s", "lease_time_s",     True),
    ("lease_time_max_s", "lease_time_s",     "lease_time_max_s", True),
    ("renewal_time_s",   "renewal_time_s",   "rebinding_time_s", False),
    ("rebinding_time_s", "rebinding_time_s", "lease_time_s",     False),
    ("renewal_time_s",   "renewal_time_s",   "lease_time_s",     False),
)
# fmt: on


def _in_order(loaded: LoadedConfig, where: KeyPath, subnet: Dhcp4Subnet) -> Iterator[Finding]:
    for key, shorter, longer, may_be_same in _IN_ORDER:
        least, most = getattr(subnet, shorter), getattr(subnet, longer)
        if least is not None and most is not None and (least > most or (least == most and not may_be_same)):
            what = f"{shorter} = {least} is not before {longer} = {most}"
            yield loaded.finding(ERROR, (*where, key), what, f"make {shorter} shorter than {longer}")


LEASE_TIME_CHECKS = (lease_times,)
